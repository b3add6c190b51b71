// What holds whatever happens: cancellation, the wall limit, the same answer on a slow machine, and nothing left behind.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import { coverageIn } from './harnessed.ts';
import { type Layout, repair } from './laid-out.ts';

/** Many changes, none of which gives the wanted answer. */
const HOPELESS: Layout = {
  language: 'javascript',
  plan: { runner: 'command', argv: ['node', 'test.js'] },
  files: {
    'source.js':
      'module.exports.f = (a, b, c) => {\n  const d = a * b + c;\n  if (d > a) return d - b;\n  return [a, b, c, d].map((x) => x + d);\n};\n',
    'test.js': "require('node:assert').equal(require('./source.js').f(1, 2, 3), 'nothing like it');\n",
  },
  sourceFiles: ['source.js'],
};

const MANY_FIXES: Layout = {
  ...HOPELESS,
  files: {
    'source.js':
      'module.exports.f = (a, b, c) => {\n  const d = a * b - c;\n  if (d > a) return d - b;\n  return a + b + c + d;\n};\n',
    'test.js':
      "const { f } = require('./source.js');\nrequire('node:assert').equal(f(1, 2, 3), 11);\nrequire('node:assert').equal(f(3, 1, 2), 11);\n",
  },
};

function harnessProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => commandLine(name))
    .filter((line) => line.includes('repair/harness/') && line.includes('cambium-repair-test') === false)
    .filter((line) => parentIsOurs(line));
}

function commandLine(id: string): string {
  try {
    const parent = / (\d+) /.exec(readFileSync(`/proc/${id}/stat`, 'utf8').replace(/^.*\) \w/, ''))?.[1];
    return `${parent} ${readFileSync(`/proc/${id}/cmdline`, 'utf8')}`;
  } catch {
    return '';
  }
}

function parentIsOurs(line: string): boolean {
  return Number(line.split(' ')[0]) === process.pid;
}

test('a search that is cancelled ends within a second, and leaves no process', {
  timeout: 60_000,
}, async () => {
  const clock = createSystemClock();
  for (const family of ['javascript', 'python'] as const) {
    const stopper = new AbortController();
    let cancelledMs = 0;
    const layout =
      family === 'javascript'
        ? HOPELESS
        : {
            language: 'python' as const,
            plan: { runner: 'command' as const, argv: ['python3', 'test.py'] },
            files: {
              'source.py': 'def f(a, b, c):\n    d = a * b + c\n    return [x + d for x in [a, b, c, d]]\n',
              'test.py': "from source import f\nassert f(1, 2, 3) == 'nothing like it'\n",
            },
            sourceFiles: ['source.py'],
          };
    const seen: string[] = [];
    const { outcome } = await repair(layout, stopper.signal, {
      onProgress: ({ tried }) => {
        seen.push(...harnessProcesses());
        if (tried === 0 || stopper.signal.aborted) return;
        cancelledMs = clock.monotonicMs();
        stopper.abort();
      },
      onEnd: () => expect(clock.monotonicMs() - cancelledMs).toBeLessThan(1_000),
    });
    expect(outcome.ending).toBe('cancelled');
    expect(outcome.tried).toBeGreaterThan(0);
    expect(seen.length).toBeGreaterThan(0);
    expect(harnessProcesses()).toEqual([]);
  }
});

test('the wall limit holds within a tenth, even in the middle of a slow candidate', {
  timeout: 60_000,
}, async () => {
  const clock = createSystemClock();
  let beganMs = 0;
  let tookMs = 0;
  const { outcome } = await repair(
    {
      ...HOPELESS,
      files: {
        ...HOPELESS.files,
        'test.js':
          "const { f } = require('./source.js');\nconst end = performance.now() + 300;\nwhile (performance.now() < end);\nrequire('node:assert').equal(f(1, 2, 3), 'nothing like it');\n",
      },
      budget: { wallMs: 6_000 },
    },
    undefined,
    {
      onProgress: ({ phase }) => {
        if (phase === 'locating') beganMs = clock.monotonicMs();
      },
      onEnd: () => {
        tookMs = clock.monotonicMs() - beganMs;
      },
    },
  );
  expect(outcome.ending).toBe('wall-limit');
  expect(tookMs).toBeLessThan(7_000);
});

/** Every other process answers late, line by line. */
function withSlowProcess(real: Sandbox, which: number): Sandbox {
  const clock = createSystemClock();
  let started = 0;
  return {
    ...real,
    start: async (command, signal) => {
      const process = await real.start(command, signal);
      started += 1;
      if (started % 2 !== which) return process;
      return { ...process, lines: slowly(process.lines) };
    },
  };
  async function* slowly(lines: AsyncIterable<string>): AsyncIterable<string> {
    for await (const line of lines) {
      await clock.sleep(2);
      yield line;
    }
  }
}

test('two processes of unequal speed give the same candidates in the same order', {
  timeout: 120_000,
}, async () => {
  const results = [];
  for (const which of [2, 0, 1]) {
    const { outcome } = await repair(MANY_FIXES, undefined, {
      sandbox: (real) => withSlowProcess(real, which),
    });
    results.push(outcome);
  }
  expect(results[0]?.tried).toBeGreaterThan(300);
  for (const other of results.slice(1)) {
    expect(other.candidates).toEqual(results[0]?.candidates);
    expect(other.tried).toBe(results[0]?.tried);
    expect(other.triedByTemplate).toEqual(results[0]?.triedByTemplate);
    expect(other.nearMisses).toEqual(results[0]?.nearMisses);
  }
});

test('a fix that needs more turns than the first limit is tried again with many', {
  timeout: 60_000,
}, async () => {
  const { outcome, fixed } = await repair({
    ...HOPELESS,
    files: {
      'source.js':
        'module.exports.count = (n) => {\n  let found = 0;\n  for (let i = n; i < n; i += 1) found += i % 7;\n  return found;\n};\n',
      'test.js':
        "const { count } = require('./source.js');\nrequire('node:assert').equal(count(30000), 89995);\nrequire('node:assert').equal(count(40000), 119995);\n",
    },
  });
  expect(outcome.ending).toBe('found');
  expect(fixed('source.js')).not.toContain('let i = n;');
});

test('coverage of code that never ends is cut by counting, not by the clock, and tells what ran', async () => {
  const survey = await coverageIn(
    {
      source:
        'exports.rest = (n) => {\n  let left = n;\n  while (left !== 0) {\n    left -= 2;\n  }\n  return left;\n};\n',
      test: "const { test } = require('node:test');\nconst { rest } = require('./source.js');\ntest('works', () => rest(3));\n",
      candidates: [],
    },
    20_000,
  );
  expect(survey?.tests).toMatchObject([{ status: 'failed', error: expect.stringContaining('tick limit') }]);
  expect(survey?.tests[0]?.probes?.length).toBeGreaterThan(2);
});

test('a survey that has seen enough passes over further files, but never over those with failing tests', async () => {
  const named = (name: string) =>
    `const { test } = require('node:test');\nconst { one } = require('./source.js');\ntest('${name}', () => one());\n`;
  const trial = {
    source: 'exports.one = () => {\n  return 1;\n};\n',
    test: named('first'),
    others: { 'b.test.js': named('second'), 'c.test.js': named('third') },
    candidates: [],
  };
  const seen = async (entries: number) =>
    (await coverageIn(trial, 20_000, { ms: 0, entries }))?.tests.map((one) => one.path[0]);
  expect(await seen(2)).toEqual(['first', 'second']);
  expect(await seen(3)).toEqual(['first', 'second', 'third']);
});

test('what runs while files are loaded is told apart from what the first test runs', async () => {
  const survey = await coverageIn(
    {
      source:
        'const word = /a/;\nconst other = [1];\nexports.has = (text) => {\n  return word.test(text);\n};\n',
      test: "const { test } = require('node:test');\nconst { has } = require('./source.js');\ntest('first', () => has('a'));\ntest('second', () => has('b'));\n",
      candidates: [],
    },
    20_000,
  );
  const [first, second] = survey?.tests ?? [];
  expect(first?.probes).toEqual(second?.probes);
  expect(first?.probes).toHaveLength(1);
  expect(survey?.loadProbes).toHaveLength(3);
  expect(survey?.loadProbes).not.toContain(first?.probes?.[0]);
});
