// A small library's history through the whole measure: mined by the rule, run with the real fix, and changes told right from wrong.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createSandbox } from '#sandbox/runner.ts';
import type { HistoryCase } from '../../bench/cases/history.ts';
import { factsOf } from '../../bench/history/facts.ts';
import { generatedInputs } from '../../bench/history/generated.ts';
import { git } from '../../bench/history/git.ts';
import { laterTests } from '../../bench/history/later.ts';
import { fixCommits } from '../../bench/history/rule.ts';
import { openStage, type Stage } from '../../bench/history/stage.ts';

const SOURCE = 'src/clamp.js';
const TEST = 'test/clamp.test.js';
const clamp = (body: string) => `export function clamp(value, low, high) {\n  ${body}\n}\n`;
const BUGGY = clamp('return value < low ? low : value;');
const FIXED = clamp('return value < low ? low : value > high ? high : value;');
const SAME = clamp('return Math.min(value < low ? low : value, high);');
/** Suits the one input of the fix's test. */
const OVERFIT = clamp('return value < low ? low : value === 12 ? high : value;');
const cases = (...lines: string[]) =>
  `import { test } from 'node:test';\nimport assert from 'node:assert';\nimport { clamp } from '../src/clamp.js';\n${lines.join('\n')}\n`;
const holds = "test('keeps what is inside', () => assert.equal(clamp(3, 0, 10), 3));";
const high = "test('is bounded above', () => assert.equal(clamp(12, 0, 10), 10));";
const later = "test('is bounded far above', () => assert.equal(clamp(500, 0, 10), 10));";

const root = mkdtempSync(join(tmpdir(), 'cambium-history-test-'));
const library = join(root, 'library');
const clock = createSystemClock();
const log = createLog({ level: 'error' });
const bench = { clock, log, root, sandbox: createSandbox({ rung: 'bwrap', clock, log }) };
let stage: Stage;

async function commit(message: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(library, path)), { recursive: true });
    writeFileSync(join(library, path), text);
  }
  await git(library, ['add', '--all']);
  await git(library, ['commit', '--quiet', '-m', message]);
}

beforeAll(async () => {
  mkdirSync(library);
  mkdirSync(join(root, 'node_modules'));
  await git(library, ['init', '--quiet', '--initial-branch=main']);
  const manifest = JSON.stringify({ type: 'module', scripts: { test: 'node --test' } });
  await commit('A library', { 'package.json': manifest, [SOURCE]: BUGGY, [TEST]: cases(holds) });
  await commit('Fix upper bound', { [SOURCE]: FIXED, [TEST]: cases(holds, high) });
  await commit('fix: a test only', { [TEST]: cases(holds, high, later) });
  await commit('Add a helper', { 'src/other.js': 'export {};\n', [TEST]: cases(holds, high, later, later) });
  const [fix] = await fixCommits(library);
  const item: HistoryCase = {
    ...{
      repository: 'x/y',
      commit: fix?.commit ?? '',
      message: fix?.message ?? '',
      source: fix?.source ?? '',
    },
    ...{ tests: [...(fix?.tests ?? [])], failToPass: ['is bounded above'], passToPass: [] },
  };
  stage = await openStage(bench, item, { from: library, dependencies: join(root, 'node_modules') });
});

afterAll(async () => {
  await stage.close();
  rmSync(root, { recursive: true });
});

test('the rule takes the fix that changes one source file and a test, and no other commit', async () => {
  const found = await fixCommits(library);
  expect(found.map(({ message, source, tests }) => ({ message, source, tests }))).toEqual([
    { message: 'Fix upper bound', source: SOURCE, tests: [TEST] },
  ]);
});

test('the start has the fault and the tests of the fix; with the real fix they go green', async () => {
  const facts = await factsOf(stage, root);
  expect(facts.reason).toBeNull();
  expect(facts.failing.map(({ name }) => name)).toEqual(['is bounded above']);
  expect(facts.passing.map(({ name }) => name)).toEqual(['keeps what is inside']);
  const other = { ...stage, item: { ...stage.item, commit: 'other', failToPass: ['something else'] } };
  expect((await factsOf(other, root)).reason).toMatch(/none of the 1 recorded tests/);
});

test('later tests and generated inputs refuse a change that suits the test only, and accept one that behaves the same', async () => {
  const runLater = await laterTests(stage, library);
  const compare = await generatedInputs(stage);
  const same = new Map([[SOURCE, SAME]]);
  const overfit = new Map([[SOURCE, OVERFIT]]);
  expect(await runLater?.(same)).toMatchObject({ broken: [] });
  expect((await runLater?.(overfit))?.broken.join()).toMatch(/is bounded far above/);
  const equal = await compare?.(same);
  expect(equal?.compared).toBeGreaterThan(5);
  expect(equal?.different).toEqual([]);
  const differing = await compare?.(overfit);
  expect(differing?.different.length).toBeGreaterThan(0);
  expect(differing?.different[0]).toMatchObject({ real: '10' });
  // What was written for a run is gone after it.
  expect(await stage.workspace.read(SOURCE)).toBe(BUGGY);
}, 60_000);

test('edits are made to the text of the start, also while a run has other texts in its place', async () => {
  const running = stage.run([TEST], new Map([[SOURCE, FIXED]]));
  await expect.poll(() => stage.workspace.read(SOURCE), { timeout: 10_000, interval: 5 }).toBe(FIXED);
  const texts = await stage.withEdits([{ file: SOURCE, start: 0, end: 0, text: '// first\n' }]);
  expect(texts.get(SOURCE)).toBe(`// first\n${BUGGY}`);
  expect((await running).outcome).toBe('ran');
}, 60_000);
