// Adapter of vitest: a reporter of ours that both its newer and its older reporter interface can drive.
import { namesPattern, REPORT_LINES, type RunnerAdapter, withoutOptions } from './adapter.ts';
import { parseReportLines } from './report-lines.ts';

export const vitestAdapter: RunnerAdapter = {
  assets: ['vitest-reporter.mjs'],
  reportName: REPORT_LINES,
  parse: parseReportLines,
  noTests: /No test files found/,
  command: ({ words, results, files, names }) => {
    const kept = withoutOptions(words, {
      valued: ['--reporter', '--outputFile'],
      bare: ['--watch', '-w', '--coverage', '--ui', '--open'],
    }).filter((word) => word !== 'watch' && word !== 'dev');
    // Up to version 3 a blank joined the names, later ` > `.
    const pattern = namesPattern(names, ' (?:> )?');
    return {
      words: [
        ...kept,
        '--watch=false',
        '--coverage.enabled=false',
        '--reporter=default',
        `--reporter=${results}/vitest-reporter.mjs`,
        ...(pattern === null ? [] : ['--testNamePattern', pattern]),
        ...files,
      ],
      env: { CAMBIUM_REPORT: `${results}/${REPORT_LINES}` },
    };
  },
};
