// What a run of tests came to, in one word and one sentence, from the command's ending and the runner's report.
import type { CommandResult } from '#contracts/command.ts';
import type { TestReport } from '#contracts/tests.ts';
import { clip, plainText, plural } from '#foundation/text.ts';
import type { RawReport, RawTest } from './adapter.ts';
import { MAX_TESTS } from './results.ts';
import { MAX_REPORT_BYTES, type ReportText } from './results-directory.ts';

export interface Seen {
  readonly result: CommandResult;
  readonly raw: RawReport;
  readonly report: Pick<ReportText, 'cut' | 'problem'>;
  readonly noTests: RegExp;
}

export interface Outcome {
  readonly outcome: TestReport['outcome'];
  readonly reason: string | null;
  /** The reported tests, and a failure for each that began and never ended. */
  readonly tests: readonly RawTest[];
}

const COMMAND_NOT_FOUND = [126, 127];
const PYTEST_NO_TESTS = 5;
const REASON_CHARS = 600;
const CUT_SHORT = ['timed-out', 'out-of-memory', 'output-limit', 'cancelled'] as const;

/** Decides; never throws. Results that were written before a bound was hit are kept. */
export function decideOutcome(seen: Seen): Outcome {
  const { result, raw, report } = seen;
  const tests = [...raw.tests, ...raw.unfinished.map((test) => interrupted(test, result))];
  const bound = outOfMemory(result) ? 'out-of-memory' : CUT_SHORT.find((ending) => ending === result.ending);
  if (bound) return { outcome: bound, reason: boundReason(bound, raw), tests };
  if (report.cut) {
    const reason = `The test report is larger than ${MAX_REPORT_BYTES / 1024 / 1024} MiB; only its start was read.`;
    return { outcome: 'output-limit', reason, tests };
  }
  if (tests.length > MAX_TESTS)
    return { outcome: 'output-limit', reason: `More than ${MAX_TESTS} tests; the rest is left out.`, tests };
  const problem = report.problem ?? raw.problem;
  if (tests.length === 0) return { ...withoutTests(seen, problem), tests };
  if (tests.every((test) => test.load && test.status === 'failed')) {
    const first = excerpt(tests[0]?.message ?? '');
    return { outcome: 'could-not-start', reason: `No test file could be loaded: ${first}`, tests };
  }
  return { outcome: 'ran', reason: oddity(seen, tests, problem), tests };
}

/** An interpreter that is refused memory ends itself, before the sandbox has to. */
function outOfMemory(result: CommandResult): boolean {
  const aborted = result.ending === 'signalled' || result.exitCode === 134;
  return aborted && /heap out of memory|cannot allocate memory|allocation failed/i.test(result.stderr);
}

function interrupted(test: RawReport['unfinished'][number], result: CommandResult): RawTest {
  const how =
    result.ending === 'timed-out' ? 'the time limit was reached' : `the runner ended (${ending(result)})`;
  const message = `Did not end: ${how} while it ran.`;
  return { file: test.file, path: test.path, status: 'failed', durationMs: null, message, load: false };
}

function ending(result: CommandResult): string {
  if (result.ending === 'exited') return `exit code ${result.exitCode}`;
  return result.ending === 'signalled' ? `signal ${result.signal}` : result.ending;
}

function boundReason(bound: (typeof CUT_SHORT)[number], raw: RawReport): string {
  const words = {
    'timed-out': 'The tests did not end within the time limit',
    'out-of-memory': 'The tests used more memory than allowed',
    'output-limit': 'The tests printed more than allowed',
    cancelled: 'The run of the tests was cancelled',
  } as const;
  const open = raw.unfinished.map((test) => test.path.join(' › ')).slice(0, 3);
  const during = open.length === 0 ? '' : ` while these ran: ${plainText(open.join(', '))}`;
  return `${words[bound]}${during}. ${plural(raw.tests.length, 'result')} came in before.`;
}

function withoutTests(seen: Seen, problem: string | null): Omit<Outcome, 'tests'> {
  const { result } = seen;
  const output = `${result.stderr}\n${result.stdout}`;
  if (problem !== null) return { outcome: 'could-not-start', reason: `No results: ${problem}.` };
  if (result.ending === 'signalled')
    return {
      outcome: 'could-not-start',
      reason: `The test command was ended by ${result.signal}: ${excerpt(output)}`,
    };
  const code = result.exitCode ?? 1;
  if (COMMAND_NOT_FOUND.includes(code))
    return { outcome: 'could-not-start', reason: `The test command could not be found: ${excerpt(output)}` };
  const saysSo = seen.noTests.test(output) && !/No module named/.test(output);
  if (code === 0 || saysSo || code === PYTEST_NO_TESTS)
    return { outcome: 'no-tests', reason: 'The test command found no tests to run.' };
  return {
    outcome: 'could-not-start',
    reason: `The test command ended with ${code} before any test: ${excerpt(output)}`,
  };
}

function oddity(seen: Seen, tests: readonly RawTest[], problem: string | null): string | null {
  const { result, raw } = seen;
  if (problem !== null) return `Part of the results is missing: ${problem}.`;
  const failed = tests.some((test) => test.status === 'failed');
  if (!raw.complete) return `The runner ended (${ending(result)}) before it had finished its report.`;
  if (!failed && result.exitCode !== 0)
    return `No test failed, but the command ended with ${ending(result)}.`;
  if (failed && result.exitCode === 0) return 'Tests failed, but the command ended with exit code 0.';
  return null;
}

/** The most telling part of an output: from the first line that names an error. */
function excerpt(output: string): string {
  const text = plainText(output).trim();
  const at = text.search(/^.*(error|exception|cannot|not found|no module)/im);
  return clip(at > 0 ? text.slice(at) : text, REASON_CHARS).text.trim();
}
