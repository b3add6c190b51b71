// Since when a test fails: found by few runs in a real history, and bounds are said when they are hit.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FailingSinceRequest, failingSince } from '#quality/failing-since.ts';
import {
  type Files,
  type Laboratory,
  LIMITS,
  openLaboratory,
  planOf,
  type Repository,
} from './laboratory.ts';

let laboratory: Laboratory;
let repository: Repository;
const BREAKS_AT = 6;
const LAST = 12;

beforeAll(async () => {
  laboratory = await openLaboratory();
  const history: Files[] = [];
  for (let at = 0; at <= LAST; at += 1) {
    const tests = "require('node:assert').ok(require('./value.js').ok);\n";
    history.push({
      [`note-${at}.txt`]: `${at}`,
      ...(at === 0 ? { 'value.js': 'exports.ok = true;\n', 'check.test.js': tests } : {}),
      ...(at === BREAKS_AT ? { 'value.js': 'exports.ok = false;\n' } : {}),
    });
  }
  repository = await laboratory.repository(history);
});
afterAll(async () => {
  await laboratory[Symbol.asyncDispose]();
});

function request(over: Partial<FailingSinceRequest> = {}): FailingSinceRequest {
  return {
    repository: repository.path,
    commit: repository.commits[LAST] ?? '',
    plan: planOf('node', 'node', '--test'),
    failing: ['check.test.js › (file)'],
    files: ['check.test.js'],
    limits: LIMITS,
    ...over,
  };
}

test('the commit that broke the test is found and named', async () => {
  expect(await failingSince(laboratory.parts, request())).toMatchObject({
    kind: 'commit',
    commit: repository.commits[BREAKS_AT],
    subject: `commit ${BREAKS_AT}`,
  });
  expect(await laboratory.parts.workspaces.list()).toEqual([]);
});

test('a test that failed from the start is said to fail since the first commit', async () => {
  const always = await laboratory.repository([
    { 'check.test.js': 'throw new Error();\n' },
    { 'a.txt': '' },
    { 'b.txt': '' },
  ]);
  const [first, , last] = always.commits;
  const asked = request({ repository: always.path, commit: last ?? '' });
  expect(await failingSince(laboratory.parts, asked)).toMatchObject({ kind: 'commit', commit: first });
});

test('the limit of commits, of runs and of time are said', async () => {
  const few = await failingSince(laboratory.parts, request({ bounds: { maxCommits: 3 } }));
  expect(few).toEqual({ kind: 'before', commits: 3 });
  const runs = await failingSince(laboratory.parts, request({ bounds: { maxProbes: 2 } }));
  expect(runs).toEqual({ kind: 'before', commits: 2 });
  const halving = await failingSince(laboratory.parts, request({ bounds: { maxProbes: 4 } }));
  expect(halving).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('limit of 4 test runs') });
  const time = await failingSince(laboratory.parts, request({ bounds: { wallMs: 1 } }));
  expect(time.kind).toBe('unknown');
});

test('a cancelled search leaves nothing behind', async () => {
  const controller = new AbortController();
  controller.abort();
  const search = failingSince(laboratory.parts, request(), controller.signal);
  await expect(search).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await laboratory.parts.workspaces.list()).toEqual([]);
});
