// Runs inside the sandbox. One candidate's verdict, from the tests that are visited for it, however they come to be run.
import type { Guarded } from './javascript-muzzle.ts';
import type { TestOutcome, TryMessage, TryReply, Wanted } from './protocol.ts';

export type Visit = (wanted: Wanted, pace: Pace, onEnd: (outcome: TestOutcome) => void) => Promise<boolean>;

/** Whether every failure is told with its error, or only the first; and whether the others are met at all. */
export type Pace = 'explained' | 'brief' | 'first';

export type Candidate = TryMessage['candidates'][number];
export type Answer = Omit<TryReply, 'op' | 'id'>;

/** Runs the failing tests, then the passing ones if those are mended. */
export async function judged(message: TryMessage, visit: Visit, state: Guarded): Promise<Answer> {
  const first = await round(message.failing, { pace: 'brief', visit, state });
  const last = first.clean ? await round(message.passing, { pace: 'first', visit, state }) : null;
  const failed = first.failed ?? last?.failed ?? null;
  const slow = state.used > state.limit;
  return {
    verdict: slow ? 'slow' : first.clean && last?.clean === true ? 'pass' : 'fail',
    fixed: first.fixed,
    failed: failed === null ? null : nameOf(failed),
    lines: failed === null ? [] : linesIn(failed.error ?? '', failed.file),
  };
}

interface Round {
  /** Every required test was seen to pass, and none failed. */
  readonly clean: boolean;
  readonly fixed: readonly string[];
  readonly failed: TestOutcome | null;
}

/** Runs the wanted tests and counts only what was seen: silence is no success. */
async function round(
  wanted: readonly Wanted[],
  { pace, visit, state }: { pace: Pace; visit: Visit; state: Guarded },
): Promise<Round> {
  let failed: TestOutcome | null = null;
  let clean = true;
  const fixed: string[] = [];
  for (let i = 0; i < wanted.length; i += 1) {
    const one = wanted[i] as Wanted;
    // Looked at after the visit: until then the built-ins may be the candidate's.
    const outcomes: TestOutcome[] = [];
    const passed = await visit(one, pace, (outcome) => {
      outcomes[outcomes.length] = outcome;
    });
    for (let k = 0; k < outcomes.length; k += 1) {
      const outcome = outcomes[k] as TestOutcome;
      if (outcome.status === 'failed') failed ??= outcome;
      else if (outcome.status === 'passed') fixed[fixed.length] = nameOf(outcome);
    }
    clean &&= passed && state.stray === null && haveAllPassed(one, outcomes);
    if (!clean && pace === 'first') break;
  }
  return { clean: clean && failed === null, fixed, failed };
}

function haveAllPassed({ file, required }: Wanted, outcomes: readonly TestOutcome[]): boolean {
  const seen = new Set<string>();
  for (const outcome of outcomes)
    if (outcome.file === file && outcome.status === 'passed') seen.add(joined(outcome));
  return required.every((name) => seen.has(name));
}

export function joined(outcome: TestOutcome): string {
  return outcome.path.length === 1 ? (outcome.path[0] as string) : outcome.path.join(' › ');
}

function nameOf(outcome: TestOutcome): string {
  return `${outcome.file} › ${joined(outcome)}`;
}

/** Lines of `file` in a stack, outermost first. */
export function linesIn(stack: string, file: string): number[] {
  const lines: number[] = [];
  let from = 0;
  for (let at = stack.indexOf(file); at >= 0; at = stack.indexOf(file, from)) {
    from = at + file.length;
    const match = /^(?:\?c=[\d.]+)?:(\d+)/.exec(stack.slice(from, from + 40));
    if (match !== null) lines[lines.length] = Number(match[1]);
    const end = stack.indexOf('\n', from);
    if (end < 0) break;
    from = end;
  }
  return lines.reverse();
}

const immediate = setImmediate;
/** Lets what was left for later happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
