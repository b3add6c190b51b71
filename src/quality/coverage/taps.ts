// How each runner is made to tell which lines it ran: words and variables to add, and how its reports are read.
import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { TestRunnerKind } from '#contracts/tests.ts';
import type { CoverageTap } from '../test-run.ts';
import { type PathOf, type RanAt, readIstanbul, readLines, readV8 } from './reports.ts';

const FOLDER = 'coverage';
/** Reports beyond these are not read; a run that writes more has no coverage. */
const MAX_REPORTS = 2_000;
const MAX_TOTAL_CHARS = 256 * 1024 * 1024;

type Read = (texts: readonly string[], pathOf: PathOf) => RanAt;

interface Tool {
  readonly assets?: readonly string[];
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
  readonly drop?: readonly string[];
  readonly words?: (folder: string) => readonly string[];
  /** Which files of the folder are reports. */
  readonly report: RegExp;
  readonly read: Read;
}

const RAW_V8: Tool = {
  env: (folder) => ({ NODE_V8_COVERAGE: folder }),
  report: /^coverage-\d+-\d+-\d+\.json$/,
  read: readV8,
};
const PYTHON: Tool = {
  assets: ['cambium_coverage.py', 'sitecustomize.py'],
  env: (folder) => ({ CAMBIUM_COVERAGE: folder }),
  report: /^lines-\d+-\d+\.json$/,
  read: readLines,
};
/** The reporter of minitest counts when it is asked to. */
const RUBY: Tool = {
  env: (folder) => ({ CAMBIUM_COVERAGE: folder }),
  report: /^lines-\d+-\d+\.json$/,
  read: readLines,
};
const istanbul: Read = ([text], pathOf) => readIstanbul(text ?? '', pathOf);
const TOOLS: Readonly<Record<Exclude<TestRunnerKind, 'command'>, Tool>> = {
  node: RAW_V8,
  mocha: RAW_V8,
  jest: {
    drop: ['--coverage=false'],
    words: (folder) => ['--coverage', '--coverageReporters=json', `--coverageDirectory=${folder}`],
    report: /^coverage-final\.json$/,
    read: istanbul,
  },
  vitest: {
    drop: ['--coverage.enabled=false'],
    words: (folder) => [
      '--coverage.enabled=true',
      '--coverage.reporter=json',
      `--coverage.reportsDirectory=${folder}`,
      '--coverage.reportOnFailure=true',
    ],
    report: /^coverage-final\.json$/,
    read: istanbul,
  },
  pytest: PYTHON,
  unittest: PYTHON,
  minitest: RUBY,
};

export interface OpenTap {
  readonly tap: CoverageTap;
  /** After the run: how to ask for a place; null when no report is there. */
  readonly ranAt: (pathOf: PathOf) => RanAt | null;
}

/** A tap for one run; null for plain commands, of which nobody knows what they run. */
export function openTap(runner: TestRunnerKind): OpenTap | null {
  if (runner === 'command') return null;
  const tool = TOOLS[runner];
  let texts: readonly string[] = [];
  const tap: CoverageTap = {
    assets: tool.assets ?? [],
    env: (inside) => tool.env?.(posix.join(inside, FOLDER)) ?? {},
    words: (words, inside) => [
      ...words.filter((word) => !(tool.drop ?? []).includes(word)),
      ...(tool.words?.(posix.join(inside, FOLDER)) ?? []),
    ],
    collect: async (results) => {
      const names = await readdir(join(results.path, FOLDER)).catch(() => []);
      const reports = names.filter((name) => tool.report.test(name)).sort();
      if (reports.length > MAX_REPORTS) return;
      const read: string[] = [];
      let chars = 0;
      for (const name of reports) {
        const { text, cut, problem } = await results.read(`${FOLDER}/${name}`);
        chars += text.length;
        if (cut || problem !== null || chars > MAX_TOTAL_CHARS) return;
        read.push(text);
      }
      texts = read;
    },
  };
  return { tap, ranAt: (pathOf) => (texts.length === 0 ? null : tool.read(texts, pathOf)) };
}
