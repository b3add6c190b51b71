// What an adapter of a test runner does: write the command that leaves a report, and say what its words mean.
import type { TestStatus } from '#contracts/tests.ts';

/** Where a run takes place and what of it is wanted. */
interface AdapterInput {
  /** The plan's command without shell and environment prefixes. */
  readonly words: readonly string[];
  /** Directory of results as the command sees it. */
  readonly results: string;
  /** Wanted files, relative to the package's directory; empty for all. */
  readonly files: readonly string[];
  /** Wanted full names (`suite › name`); empty for all. */
  readonly names: readonly string[];
}

interface AdapterCommand {
  readonly words: string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One test as the runner told it, before ids are given. */
export interface RawTest {
  /** Absolute inside the sandbox, or relative to the package. */
  readonly file: string | null;
  readonly path: readonly string[];
  readonly status: TestStatus;
  readonly durationMs: number | null;
  readonly message: string | null;
  /** True when the file could not be loaded, so that this stands for tests that never ran. */
  readonly load: boolean;
}

export interface RawReport {
  readonly tests: readonly RawTest[];
  /** Tests, or files without a test, that began and never ended. */
  readonly unfinished: readonly { readonly file: string | null; readonly path: readonly string[] }[];
  /** True when the runner came to its regular end. */
  readonly complete: boolean;
  /** Why the report cannot be used as it is; null when it can. */
  readonly problem: string | null;
}

export interface RunnerAdapter {
  /** Files of `inside/` that the command needs among the results. */
  readonly assets: readonly string[];
  readonly reportName: string;
  command(input: AdapterInput): AdapterCommand;
  parse(text: string): RawReport;
  /** Matches output that says there was nothing to run. */
  readonly noTests: RegExp;
  /** The file whose loading ended a runner that stops at the first such file; null when the output names none. */
  loadFailure?(output: string): { readonly file: string; readonly message: string } | null;
}

export const REPORT_LINES = 'report.jsonl';
const MAX_PATTERN_CHARS = 60_000;
/** What `clip` leaves in a name that was too long; no pattern can match such a name. */
const CUT_NAME = 'characters left out';

/**
 * One pattern that matches the given full names and nothing else; null when there are none or too many.
 * `separator` is the pattern of what stands between suites and the name.
 */
export function namesPattern(names: readonly string[], separator = ' '): string | null {
  if (names.length === 0 || names.some((name) => name.includes(CUT_NAME))) return null;
  // Names were given out with every run of white space as one blank.
  const literal = (part: string) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll(' ', '\\s+');
  const escaped = names.map((name) => name.split(' › ').map(literal).join(separator));
  const pattern = `^(${escaped.join('|')})$`;
  return pattern.length > MAX_PATTERN_CHARS ? null : pattern;
}

/** The words without the named options; `valued` ones take the next word along unless written `--a=b`. */
export function withoutOptions(
  words: readonly string[],
  options: { readonly valued: readonly string[]; readonly bare: readonly string[] },
): string[] {
  const kept: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const name = word.split('=')[0] ?? word;
    if (options.bare.includes(name)) continue;
    if (options.valued.includes(name)) {
      if (!word.includes('=')) at += 1;
      continue;
    }
    kept.push(word);
  }
  return kept;
}

/** The words without those that name files, folders or globs; options in `valued` keep their value. */
export function withoutPaths(words: readonly string[], valued: readonly string[]): string[] {
  return words.filter((word, at) => {
    if (at === 0 || word.startsWith('-')) return true;
    if (valued.includes(words[at - 1] ?? '')) return true;
    return !(
      /[*/]/.test(word) ||
      /\.([cm]?[jt]sx?|py)(::.*)?$/.test(word) ||
      /^(tests?|spec|src)$/.test(word)
    );
  });
}
