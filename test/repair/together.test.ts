// What is done for many candidates at once is the same as done for each: compiling, picking tests, explaining failures.
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/repair/harness/javascript-built.ts';
import { createTestApi } from '../../src/repair/harness/javascript-node-tests.ts';
import { createSwitches, type Place, type Slot } from '../../src/repair/harness/javascript-switch.ts';
import type { RunOptions } from '../../src/repair/harness/javascript-tests.ts';
import { createPatience } from '../../src/repair/patience.ts';

const scope = {
  wire: { at: 0, end: -1, owner: -1, isClass: false, names: [], constants: [], privates: [] },
  // Stands for a place in foreign code.
  // biome-ignore lint/security/noGlobalEval: what is tested hands code to it
  enter: [(code: string): unknown => globalThis.eval(code)],
};
const place = (start: number) => ({ start, end: start, at: 0, inner: 0, innerEnd: 0, scope: 0, owner: -1 });
const wire = { block: false, parameters: null, arity: 0, all: false, isStatic: false, fits: true };
const slot: Slot = {
  number: 0,
  wire: { ...place(0), ...wire, kind: 'arrow', name: null },
  scope,
  text: '() => 0',
};

function builderOf(texts: readonly string[]) {
  const none = { board: { bodies: [], listener: null, waiting: null, scopes: 0 }, textOf: () => null };
  const switches = createSwitches({}, { ...none, mains: new Set(), sources: new Set() });
  const places: Place[] = texts.map((text) => ({ slot, text }));
  let entered = 0;
  const builder = createBuilder({
    ...switches,
    slotsOf: ([edit]) => [places[edit?.[1] ?? 0] as Place],
    compile: (...to) => {
      entered += 1;
      return switches.compile(...to);
    },
  });
  builder.prepare(texts.map((_, id) => ({ id, edits: [['a.js', id, id, '']] })));
  const saysOf = (one: Place, anew: boolean) => {
    try {
      return builder.bodyOf(one, anew)();
    } catch (error) {
      return (error as Error).name;
    }
  };
  return {
    says: (anew: boolean) => places.map((one) => saysOf(one, anew)),
    alone: () => entered,
  };
}

test('functions of several candidates are compiled together, and are what each is alone', () => {
  const built = builderOf(['() => 1', '() => { return 2; }', '() => [3].at(0)', '() => "}) => 4"']);
  expect(built.says(false)).toEqual([1, 2, 3, '}) => 4']);
  expect(built.alone()).toBe(0);
});

test('text that does not compile, or runs on into the next, spoils no other and stands for none', () => {
  const texts = ['() => 1', '() => 2), (() => 3 /*', '*/', '() => {', '() => 5 /*', '*/, () => 6', '() => 7'];
  const built = builderOf(texts);
  const alone = built.says(true);
  expect(alone).toEqual([1, ...Array<string>(5).fill('SyntaxError'), 7]);
  expect(built.says(false)).toEqual(alone);
});

function suiteOf(define: (it: (name: string, body: () => void) => void) => void) {
  const api = createTestApi(null, 'node');
  const collected = api.open();
  define((api.modules.get('node:test') as { test: (name: string, body: () => void) => void }).test);
  return async (names: ReadonlySet<string> | null) => {
    const seen: string[] = [];
    const options: RunOptions = {
      file: 'a.test.js',
      wanted: names,
      stopAtFailure: false,
      onStart: () => undefined,
      onEnd: ({ path, status }) => void seen.push(`${status} ${path.join(' › ')}`),
      explain: String,
      stray: () => null,
      isBusy: () => false,
    };
    await api.run(collected, options);
    return seen;
  };
}

test('tests are picked for the names that are wanted, also where others are asked for next', async () => {
  const run = suiteOf((it) => {
    for (const name of ['a', 'b', 'c']) it(name, () => undefined);
  });
  const wanted = new Set(['b']);
  expect(await run(wanted)).toEqual(['passed b']);
  expect(await run(wanted)).toEqual(['passed b']);
  expect(await run(new Set(['c', 'a']))).toEqual(['passed a', 'passed c']);
  expect(await run(null)).toEqual(['passed a', 'passed b', 'passed c']);
});

test('a test that another one defines while it runs is run after those that were picked', async () => {
  const run = suiteOf((it) => {
    it('a', () => it('late', () => undefined));
    it('b', () => undefined);
  });
  expect(await run(new Set(['a', 'b', 'late']))).toEqual(['passed a', 'passed b', 'passed late']);
});

test('candidates get few turns once some turned out not to end, or when the program itself does not', () => {
  const patience = createPatience('javascript', null);
  const atFirst = patience.ticks();
  for (let i = 0; i < 20; i += 1) patience.note({ verdict: 'fail' });
  expect(patience.ticks()).toBe(atFirst);
  for (let i = 0; i < 20; i += 1) patience.note({ verdict: 'slow' });
  expect(patience.ticks()).toBeLessThan(atFirst);
  const slow = { verdict: 'slow', fixed: [], failed: null, lines: [] } as const;
  expect(createPatience('javascript', slow).ticks()).toBe(patience.ticks());
});
