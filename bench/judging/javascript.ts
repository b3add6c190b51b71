// Judges candidates by a case's own test script, all its assertions, apart from the engine's harness; and compares them with
// the reference on mutated arguments. Reads one JSON object on standard input, writes one on standard output.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import vm from 'node:vm';
import { mutations } from './mutations.ts';

export interface Judged {
  /** Every assertion of the case holds. */
  readonly right: boolean;
  /** Gives what the reference gives on every compared input. */
  readonly same: boolean;
  /** Inputs on which the reference gives a usable value. */
  readonly compared: number;
}

export interface ToJudge {
  readonly entry: string;
  readonly test: string;
  readonly reference: string;
  readonly programs: readonly string[];
}

const SCRIPT_MS = 5_000;
const CALL_MS = 250;
const MAX_INPUTS = 400;
/** Another one than in the tests that the engine sees. */
const SEED = 7_777;
const PRELUDE = `{ let seed = ${SEED}; Math.random = () => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return seed / 4294967296; }; }\n`;

const native = createRequire(import.meta.url);

function contextOf(asserted: { held: number; failed: number }): vm.Context {
  const module = { exports: {} };
  const require = (name: string) =>
    /md5/.test(name)
      ? (value: string) => createHash('md5').update(value).digest('hex')
      : native(name.startsWith('node:') ? name : `node:${name}`);
  const assert = (holds: unknown) => {
    if (holds) asserted.held += 1;
    else asserted.failed += 1;
  };
  return vm.createContext({
    console: { assert, log: () => undefined },
    module,
    exports: module.exports,
    require,
  });
}

function passesAll(program: string, { test }: ToJudge): boolean {
  const asserted = { held: 0, failed: 0 };
  try {
    vm.runInContext(`${PRELUDE}${program}\n${test}`, contextOf(asserted), { timeout: SCRIPT_MS });
  } catch {
    return false;
  }
  return asserted.failed === 0 && asserted.held > 0;
}

/** Arguments of the calls that the test script makes of the entry, as JSON. */
function recorded({ reference, test, entry }: ToJudge): string[] {
  const seen = new Set<string>();
  const context = contextOf({ held: 0, failed: 0 });
  context['__note'] = (args: unknown[]) => {
    const json = JSON.stringify(args);
    if (json !== undefined && seen.size < 200) seen.add(json);
  };
  const wrap = `(...args) => { __note(args); return ${entry}(...args); }`;
  try {
    vm.runInContext(
      `${PRELUDE}${reference}\n;((__wrapped) => { const ${entry} = __wrapped; ${test} })(${wrap})`,
      context,
      {
        timeout: SCRIPT_MS,
      },
    );
  } catch {
    return [...seen];
  }
  return [...seen];
}

function answers(program: string, inputs: readonly string[], entry: string): (string | null)[] {
  const context = contextOf({ held: 0, failed: 0 });
  try {
    vm.runInContext(`${PRELUDE}${program}\n;__entry = ${entry};`, context, { timeout: SCRIPT_MS });
  } catch {
    return inputs.map(() => null);
  }
  const call = new vm.Script('JSON.stringify([__entry(...JSON.parse(__input))])');
  let hung = 0;
  return inputs.map((input) => {
    context['__input'] = input;
    if (hung > 5) return null;
    try {
      return String(call.runInContext(context, { timeout: CALL_MS }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') hung += 1;
      return null;
    }
  });
}

function judge(task: ToJudge): Judged[] {
  const inputs = mutations(recorded(task), MAX_INPUTS, SEED);
  const expected = answers(task.reference, inputs, task.entry);
  const usable = inputs.filter((_, index) => {
    const value = expected[index];
    return value !== null && value !== undefined && !value.includes('null') && value !== '[]';
  });
  const wanted = answers(task.reference, usable, task.entry);
  return task.programs.map((program) => {
    const got = answers(program, usable, task.entry);
    return {
      right: passesAll(program, task),
      same: usable.length > 0 && got.every((value, index) => value === wanted[index]),
      compared: usable.length,
    };
  });
}

if (import.meta.main) {
  const task = JSON.parse(await text(process.stdin)) as ToJudge;
  process.stdout.write(JSON.stringify(judge(task)));
}
