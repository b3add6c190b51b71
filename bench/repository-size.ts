// Memory and time to the first candidate on a generated repository of many lines, of which few matter to the failing test.
// node --expose-gc bench/repository-size.ts [--lines 100000] [--reach 200] [--wall-ms 60000]
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TextEdit } from '#contracts/edit.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import { applyEdits, byFile } from '#repair/edits.ts';
import { createRepairEngine } from '#repair/engine.ts';
import { createSandbox } from '#sandbox/runner.ts';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '100000' },
    reach: { type: 'string', default: '200' },
    'wall-ms': { type: 'string', default: '60000' },
  },
});
const LINES_PER_FILE = 100;
const SAMPLE_MS = 20;
const clock = createSystemClock();
const log = createLog({ level: 'error' });
const sandbox = createSandbox({ rung: 'bwrap', clock, log });
const count = Math.ceil(Number(values.lines) / LINES_PER_FILE);
const reach = Math.min(count, Number(values.reach));

/** Ten functions of ten lines; each file up to `reach` imports the next, so that the test reaches so many. */
function moduleText(index: number): string {
  const next = index + 1 < reach ? `const next = require('./m${index + 1}.js');\n` : 'const next = null;\n';
  const functions = Array.from({ length: 10 }, (_, at) => {
    const step = index === 0 && at === 3 ? '+ limit' : '- limit';
    return `exports.f${at} = (items, limit) => {
  const found = [];
  for (const item of items) {
    if (item.value > limit && item.name !== 'x${at}') found.push(item.value * ${at} ${step});
    else if (item.list) found.push(...item.list.map((one) => one + limit));
  }
  if (found.length === 0) return null;
  found.sort((a, b) => a - b);
  return found.slice(0, limit);
};
`;
  });
  return next + functions.join('');
}

const root = await mkdtemp(join(tmpdir(), 'cambium-size-'));
await chmod(root, 0o777);
let peakBytes = 0;
const sampling = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, SAMPLE_MS);
try {
  const sourceFiles = Array.from({ length: count }, (_, index) => `src/m${index}.js`);
  await mkdir(join(root, 'src'));
  await mkdir(join(root, 'test'));
  for (const [index, path] of sourceFiles.entries()) await writeFile(join(root, path), moduleText(index));
  await writeFile(
    join(root, 'test', 'm0.test.js'),
    "const assert = require('node:assert');\nconst { test } = require('node:test');\nconst m = require('../src/m0.js');\ntest('f3', () => assert.deepEqual(m.f3([{ value: 5 }, { value: 9 }], 2), [13, 25]));\ntest('f4', () => assert.deepEqual(m.f4([{ value: 5 }], 2), [18]));\n",
  );
  const plan: TestPlan = { runner: 'node', argv: ['node', '--test'], directory: '.', origin: 'bench' };
  const workspace = { root, mounts: [], read: (path: string) => readFile(join(root, path), 'utf8') };
  const tests = createTestRunner({ sandbox, clock });
  const runTests = async (edits: readonly TextEdit[]) => {
    const before = new Map<string, string>();
    for (const [file, own] of byFile(edits)) {
      before.set(file, await workspace.read(file));
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), applyEdits(before.get(file) ?? '', own));
    }
    const report = await tests.run({ workspace, plan, limits: { wallMs: 60_000 } });
    for (const [file, text] of before) await writeFile(join(root, file), text);
    return report;
  };
  const base = await runTests([]);
  const beganMs = clock.monotonicMs();
  let firstMs: number | null = null;
  const outcome = await createRepairEngine({ sandbox, clock, log }).repair({
    ...{ workspace, language: 'javascript', plan, sourceFiles, runTests, seed: 1, exclude: new Set() },
    failing: base.tests.filter((test) => test.status === 'failed'),
    passing: base.tests.filter((test) => test.status === 'passed'),
    budget: { wallMs: Number(values['wall-ms']), candidates: 100_000 },
    onProgress: ({ tried }) => {
      if (tried > 0) firstMs ??= clock.monotonicMs() - beganMs;
    },
  });
  const megabytes = Math.round(peakBytes / 1_048_576);
  process.stdout.write(
    `${count * LINES_PER_FILE} lines in ${count} files, ${reach} within reach of the failing test: ${outcome.ending}, first candidates after ${Math.round(firstMs ?? Number.NaN)} ms, ${Math.round(outcome.durationMs)} ms in all, at most ${megabytes} MiB in this process (of which about 90 are the program)\n${outcome.notes.join('\n')}\n`,
  );
} finally {
  clearInterval(sampling);
  await rm(root, { recursive: true, force: true });
}
