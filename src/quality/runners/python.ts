// Adapters of pytest (a plugin) and unittest (a runner of ours around its main program).
import { namesPattern, REPORT_LINES, type RunnerAdapter, withoutPaths } from './adapter.ts';
import { parseReportLines } from './report-lines.ts';

const PYTEST_VALUED = [
  '-m',
  '-k',
  '-c',
  '-p',
  '-o',
  '-n',
  '-W',
  '-r',
  '--rootdir',
  '--ignore',
  '--cov',
  '--durations',
];

export const pytestAdapter: RunnerAdapter = {
  assets: ['cambium_pytest.py'],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /no tests ran|collected 0 items/,
  command: ({ words, results, files, names }) => {
    const at = words.findIndex((word) => /(^|\/)(pytest|py\.test)$/.test(word));
    const head = words.slice(0, at + 1);
    const tail = words.slice(at + 1);
    const own = files.length > 0 ? withoutPaths(['', ...tail], PYTEST_VALUED).slice(1) : tail;
    // One file that does not load must not keep the others from being judged.
    const options = [
      '-p',
      'cambium_pytest',
      '-o',
      `cache_dir=${results}/cache`,
      '--color=no',
      '--continue-on-collection-errors',
    ];
    return { words: [...head, ...own, ...options, ...files], env: environment(results, names) };
  },
};

export const unittestAdapter: RunnerAdapter = {
  assets: ['cambium_unittest.py'],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /Ran 0 tests|NO TESTS RAN/,
  command: ({ words, results, files, names }) => {
    const at = words.indexOf('unittest');
    const head = words.slice(0, at - 1);
    const tail = files.length > 0 ? files : words.slice(at + 1);
    return { words: [...head, `${results}/cambium_unittest.py`, ...tail], env: environment(results, names) };
  },
};

function environment(results: string, names: readonly string[]): Record<string, string> {
  return {
    CAMBIUM_REPORT: `${results}/${REPORT_LINES}`,
    PYTHONPATH: results,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    // The same bound as for patterns: the environment of a process is small.
    ...(namesPattern(names) === null ? {} : { CAMBIUM_NAMES: JSON.stringify(names) }),
  };
}
