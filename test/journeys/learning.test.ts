// Learning through the real command line: a mistake mended in one repository is mended sooner in the next.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHome, openCliHome } from '../support/cli.ts';
import { type Files, layOut } from '../support/repository.ts';

let learner: CliHome;
let stranger: CliHome;

beforeAll(async () => {
  [learner, stranger] = await Promise.all([openCliHome(), openCliHome()]);
});
afterAll(async () => {
  await Promise.all([learner[Symbol.asyncDispose](), stranger[Symbol.asyncDispose]()]);
});

const PACKAGE = JSON.stringify({ name: 'sample', type: 'module', scripts: { test: 'node --test' } });
const HEAD = "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n";

/** The last day is left out of the days up to it. */
const CALENDAR: Files = {
  'package.json': PACKAGE,
  'src/days.js': `export function daysUpTo(days, last) {
  if (last < 0) return [];
  return days.slice(0, last);
}
`,
  'test/days.test.js': `${HEAD}import { daysUpTo } from '../src/days.js';

const week = ['mon', 'tue', 'wed', 'thu'];
test('the last day belongs to them', () => assert.deepEqual(daysUpTo(week, 2), ['mon', 'tue', 'wed']));
test('the first alone', () => assert.deepEqual(daysUpTo(week, 0), ['mon']));
test('none', () => assert.deepEqual(daysUpTo(week, -1), []));
`,
};

/** The same mistake by other names, in the middle of much that might be wrong as well. */
const STEPS: Files = {
  'package.json': PACKAGE,
  'src/route.js': `export function walked(route, position, pace) {
  const scale = pace > 0 ? pace : 1;
  let total = 0;
  const passed = route.stations.slice(0, position);
  for (const station of passed) {
    if (station.length > 0 && station.steep !== true) total += station.length * scale;
    else if (station.length > 0) total += station.length * scale * 2;
  }
  return Math.round(total);
}
`,
  'test/route.test.js': `${HEAD}import { walked } from '../src/route.js';

const stations = [{ length: 5 }, { length: 7 }, { length: 11, steep: true }, { length: 13 }];
test('the station one stands at is walked', () => assert.equal(walked({ stations }, 1, 1), 12));
test('steep ones count twice', () => assert.equal(walked({ stations }, 2, 1), 34));
test('the pace counts', () => assert.equal(walked({ stations }, 0, 3), 15));
test('no pace is pace one', () => assert.equal(walked({ stations }, 3, 0), 47));
`,
};

async function solved(cli: CliHome, name: string, files: Files) {
  const path = await layOut(join(cli.scratch, name), files);
  const { exit, stdout, stderr } = await cli.run(['solve', path, '--json']);
  expect(exit, stderr).toBe(0);
  const report = JSON.parse(stdout);
  const shown = JSON.parse((await cli.run(['run', 'show', report.run, '--json'])).stdout);
  return { report, shown };
}

test('R30: a similar second task needs fewer candidates, and the report says why', async () => {
  const first = await solved(learner, 'calendar', CALENDAR);
  expect(first.report.diff).toContain('+  return days.slice(0, last + 1);');
  expect(first.shown.search.learned).toEqual([]);

  const second = await solved(learner, 'route', STEPS);
  const alone = await solved(stranger, 'route', STEPS);
  expect(second.report.diff).toContain('route.stations.slice(0, position + 1)');
  expect(alone.report.diff).toContain('route.stations.slice(0, position + 1)');
  expect(second.shown.search.tried).toBeLessThan(alone.shown.search.tried);
  expect(second.shown.search.learned).toMatchObject([
    { key: 'PTN-1', told: expect.stringContaining(`learned from ${first.report.run} (1 of 1 accepted)`) },
  ]);
  expect(alone.shown.search.learned).toEqual([]);

  const { stdout } = await learner.run(['run', 'show', second.report.run, '--faults']);
  expect(stdout).toContain('Tried first: rewrites learned from accepted changes');
  expect(stdout).toContain('$A.slice(0, $B) becomes $A.slice(0, $B + 1)');
}, 300_000);

test('what was learned is listed with its evidence, retired in a word, and left alone where learning is off', async () => {
  const { stdout } = await learner.run(['memory', 'patterns', '--json']);
  const { enabled, patterns } = JSON.parse(stdout);
  expect(enabled).toBe(true);
  expect(patterns[0]).toMatchObject({ key: 'PTN-1', accepted: 2, refused: 0, retiredAt: null });
  const shown = JSON.parse((await learner.run(['memory', 'pattern', 'PTN-1', '--json'])).stdout);
  expect(shown.evidence.map((one: { outcome: string }) => one.outcome)).toContain('accepted');
  const off = { env: { CAMBIUM_LEARNING__ENABLED: 'false' } };
  const path = await layOut(join(learner.scratch, 'unlearned'), STEPS);
  const solve = await learner.run(['solve', path, '--json'], off);
  const run = JSON.parse((await learner.run(['run', 'show', JSON.parse(solve.stdout).run, '--json'])).stdout);
  expect(run.search.learned).toEqual([]);
  expect(JSON.parse((await learner.run(['memory', 'patterns', '--json'], off)).stdout)).toMatchObject({
    enabled: false,
    patterns: [{ key: 'PTN-1', accepted: 2 }],
  });
  expect((await learner.run(['doctor'], off)).stdout).toMatch(
    /learning +off by learning\.enabled|off by learning\.enabled/,
  );
  expect((await learner.run(['memory', 'retire', 'PTN-1', '--why', 'enough'])).stdout).toContain(
    'PTN-1 is retired',
  );
  expect((await learner.run(['memory', 'patterns'])).stdout).toContain('retired');
});
