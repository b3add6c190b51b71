// Adapters of node:test, mocha and jest: their own reporter interfaces, fed with ours.
import { testPathKind } from '#code/test-files.ts';
import { namesPattern, REPORT_LINES, type RunnerAdapter, withoutOptions, withoutPaths } from './adapter.ts';
import { parseReportLines } from './report-lines.ts';

const NODE_VALUED = [
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '--env-file',
  '-C',
  '--conditions',
];

export const nodeAdapter: RunnerAdapter = {
  assets: ['node-reporter.mjs'],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /Could not find '/,
  command: ({ words, results, files, names }) => {
    const kept = withoutOptions(words, {
      valued: ['--test-reporter', '--test-reporter-destination'],
      bare: ['--watch', '--experimental-test-coverage'],
    });
    const own = files.length > 0 ? [...withoutPaths(kept, NODE_VALUED), ...files] : kept;
    const pattern = namesPattern(withParents(names));
    const at = own.indexOf('--test') + 1;
    const options = [
      `--test-reporter=${results}/node-reporter.mjs`,
      `--test-reporter-destination=${results}/${REPORT_LINES}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      ...(pattern === null ? [] : [`--test-name-pattern=${pattern}`]),
    ];
    return { words: [...own.slice(0, at), ...options, ...own.slice(at)] };
  },
};

export const mochaAdapter: RunnerAdapter = {
  assets: ['mocha-reporter.cjs'],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /No test files found/,
  loadFailure: mochaLoadFailure,
  command: ({ words, results, files, names }) => {
    const kept = withoutOptions(words, {
      valued: ['--reporter', '-R', '--reporter-option', '--reporter-options', '-O'],
      bare: ['--watch', '-w'],
    });
    const valued = [
      '-r',
      '--require',
      '--import',
      '--loader',
      '--config',
      '--ui',
      '-u',
      '--timeout',
      '-t',
      '--file',
    ];
    // Words up to the script itself (`node node_modules/mocha/bin/mocha.js`) are no test paths.
    const start = words[0] === 'node' ? scriptEnd(kept) : 1;
    const tail = kept.slice(start - 1);
    const own = files.length > 0 ? withoutPaths(tail, valued) : tail;
    const pattern = namesPattern(names);
    const options = [
      '--reporter',
      `${results}/mocha-reporter.cjs`,
      ...(pattern === null ? [] : ['--grep', pattern]),
    ];
    return { words: [...kept.slice(0, start - 1), ...own, ...options, ...files], env: report(results) };
  },
};

export const jestAdapter: RunnerAdapter = {
  assets: ['jest-reporter.cjs'],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /No tests found/,
  command: ({ words, results, files, names }) => {
    const kept = withoutOptions(words, {
      valued: ['--reporters', '--outputFile', '--cacheDirectory'],
      bare: ['--watch', '--watchAll', '--coverage', '--collectCoverage', '--json', '--verbose'],
    });
    const pattern = namesPattern(names);
    return {
      words: [
        ...kept,
        '--reporters=default',
        `--reporters=${results}/jest-reporter.cjs`,
        `--cacheDirectory=${results}/cache`,
        '--coverage=false',
        '--watchman=false',
        ...(pattern === null ? [] : [`--testNamePattern=${pattern}`]),
        ...(files.length === 0 ? [] : ['--runTestsByPath', ...files]),
      ],
      env: report(results),
    };
  },
};

/** Mocha dies with the stack of the first file that does not load; the innermost test file in it is the one. */
function mochaLoadFailure(output: string): { file: string; message: string } | null {
  const places = output.matchAll(/(?:^|[ (])(?:file:\/\/)?(\/[^\n:()]+\.[cm]?[jt]sx?):\d+/gm);
  const files = [...places].map((place) => place[1] ?? '').filter((file) => !file.includes('/node_modules/'));
  const file = files.find((one) => testPathKind(one) === 'test' || /\/(test|spec)s?\//.test(one)) ?? files[0];
  return file === undefined ? null : { file, message: output };
}

function report(results: string): Record<string, string> {
  return { CAMBIUM_REPORT: `${results}/${REPORT_LINES}` };
}

/** A subtest is only known once its parent runs, so that the parents' names have to match too. */
function withParents(names: readonly string[]): string[] {
  const all = names.flatMap((name) => {
    const parts = name.split(' › ');
    return parts.map((_, at) => parts.slice(0, at + 1).join(' › '));
  });
  return [...new Set(all)];
}

/** How many words `node [options] script` takes. */
function scriptEnd(words: readonly string[]): number {
  const at = words.findIndex(
    (word, index) => index > 0 && !word.startsWith('-') && !NODE_VALUED.includes(words[index - 1] ?? ''),
  );
  return at < 0 ? words.length : at + 1;
}
