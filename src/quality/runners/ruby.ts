// Adapter of minitest: a reporter of ours, as the program that loads the test files or preloaded into rake's.
import { namesPattern, REPORT_LINES, type RunnerAdapter } from './adapter.ts';
import { parseReportLines } from './report-lines.ts';

const REPORTER = 'cambium_minitest.rb';

export const minitestAdapter: RunnerAdapter = {
  assets: [REPORTER],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /\b0 (?:runs|tests), 0 assertions/,
  loadFailure: rubyLoadFailure,
  command: ({ words, results, files, names }) => {
    const env = {
      CAMBIUM_REPORT: `${results}/${REPORT_LINES}`,
      ...(namesPattern(names) === null ? {} : { CAMBIUM_NAMES: JSON.stringify(names) }),
    };
    const at = words.findIndex((word) => /(^|\/)(?:ruby[\d.]*|rake)$/.test(word));
    const head = words.slice(0, Math.max(0, at));
    const rake = /rake$/.test(words[at] ?? '');
    // What rake does beside running tests is its own; of single files it need not be asked.
    if (rake && files.length === 0)
      return { words: [...words], env: { ...env, RUBYOPT: `-r${results}/${REPORTER}` } };
    const options = rake ? ['-Ilib', '-Itest'] : optionsOf(words.slice(at + 1));
    const own = files.length > 0 ? files : words.slice(at + 1).filter((word) => word.endsWith('.rb'));
    return {
      words: [...head, rake ? 'ruby' : (words[at] ?? 'ruby'), ...options, `${results}/${REPORTER}`, ...own],
      env,
    };
  },
};

/** Ruby's own options; `-I dir` and `-r lib` may be two words. */
function optionsOf(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word.startsWith('-e')) break;
    kept.push(word);
    if (/^-[Ir]$/.test(word)) {
      at += 1;
      kept.push(words[at] ?? '');
    }
  }
  return kept;
}

/** Ruby names the innermost place first; the outermost file of the tests in the trace is the one that did not load. */
function rubyLoadFailure(output: string): { file: string; message: string } | null {
  const files = [...output.matchAll(/(?:^|[\s(])(\/?[^\s:()]+\.rb):\d+/gm)].map((match) => match[1] ?? '');
  const file = files.findLast((one) => /(?:^|\/)(?:test_[^/]*|[^/]*_(?:test|spec))\.rb$/.test(one)) ?? null;
  return file === null ? null : { file, message: output };
}
