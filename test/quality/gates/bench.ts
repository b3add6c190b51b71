// A gate keeper on real repositories and the real sandbox, and a small library that gates are tried on.
import type { GateCheck, GateVerdict } from '#contracts/gate.ts';
import { gateCheck } from '#contracts/gate.ts';
import { detectAt } from '#operations/tree-files.ts';
import { createGateKeeper, type GateAnswers } from '#quality/gate.ts';
import { type Files, type Laboratory, LIMITS } from '../laboratory.ts';

/** A library with one function to come: the ticket wants `twice`. */
export const BASE: Files = {
  'package.json': '{"name":"sums","type":"module","scripts":{"test":"node --test"}}',
  'src/sums.js': 'export function add(a, b) {\n  return a + b;\n}\n',
  'test/sums.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add } from '../src/sums.js';

test('adds', () => {
  assert.equal(add(1, 2), 3);
});
`,
  'build.mjs': "await import('./src/sums.js');\n",
  'judge.mjs': `let text = '';
for await (const chunk of process.stdin) text += chunk;
const { diff } = JSON.parse(text);
const good = diff.includes('twice');
console.log(JSON.stringify({ verdict: good ? 'passed' : 'refused', score: good ? 0.9 : 0.1, feedback: good ? '' : 'twice is missing' }));
`,
};

/** Honest work. */
export const TWICE =
  'export function twice(a) {\n  if (a === 0) {\n    return 0;\n  }\n  return add(a, a);\n}\n';
export const HONEST: Files = {
  'src/sums.js': `${BASE['src/sums.js']}${TWICE}`,
  'test/twice.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { twice } from '../src/sums.js';

test('doubles', () => {
  assert.equal(twice(2), 4);
  assert.equal(twice(0), 0);
});
`,
};

export const NO_ANSWERS: GateAnswers = {
  certificateOf: async () => null,
  approval: async () => ({ state: 'waiting', id: 'apr_1', expiresAt: '2026-01-01T01:00:00.000Z' }),
  artefacts: [],
};

export interface Trial {
  readonly base?: Files;
  /** Commits on top of the base, oldest first. */
  readonly changes: readonly Files[];
  readonly checks: readonly Record<string, unknown>[];
  readonly answers?: Partial<GateAnswers>;
  readonly openTasks?: readonly string[];
  /** Links this project's own dependencies into the repository. */
  readonly nodeModules?: boolean;
  /** Judges the base as a change to the last commit. */
  readonly swapped?: boolean;
}

/** The host's verdict on the last commit. */
export async function tried(laboratory: Laboratory, trial: Trial): Promise<GateVerdict> {
  const { parts } = laboratory;
  const keeper = createGateKeeper({
    ...parts,
    detect: ({ repository, commit, ...wish }) => detectAt(parts.git, { repository, commit }, wish),
    certify: (request, signal) => laboratory.certifier.certify(request, signal),
  });
  const repository = await laboratory.repository([trial.base ?? BASE, ...trial.changes], trial.nodeModules);
  const ends = [repository.commits[0], repository.commits.at(-1)];
  const [base = '', commit = base] = trial.swapped ? ends.reverse() : ends;
  const verdict = await keeper.evaluate({
    subject: {
      repository: repository.path,
      project: 'sums',
      ticket: { key: 'TKT-1', title: 'Double numbers', description: 'twice(2) is 4' },
      phase: 'build',
      branch: 'cambium/TKT-1',
      base,
      commit,
      limits: LIMITS,
    },
    checks: trial.checks.map((check): GateCheck => gateCheck.parse(check)),
    iteration: 1,
    openTasks: trial.openTasks ?? [],
    answers: { ...NO_ANSWERS, ...trial.answers },
  });
  if ((await parts.workspaces.list()).length > 0) throw new Error('a workspace was left behind');
  return verdict;
}
