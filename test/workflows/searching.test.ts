// Searches over several attempts: what one hands to the next, what ends them, and what an interrupt leaves.
import { expect, test } from 'vitest';
import type { CoderInput } from '#agents/roles.ts';
import { type Certificate, certificate } from '#contracts/certificate.ts';
import { sealCertificate } from '#quality/certificate-file.ts';
import type { Coder } from '#workflows/ports.ts';
import { BAD_ADD, certifyByFiles, GOOD_ADD, GOOD_TWICE, scriptedCoder } from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();

interface Search {
  readonly ending: string;
  readonly ms: number;
  readonly tried: readonly string[];
}

const account = ({ ending, ms, tried }: Search) => ({
  ending,
  durationMs: ms,
  tried: tried.length,
  plausible: 0,
  suspects: [{ file: 'src/add.js', line: 1, suspicion: 0.5, source: 'return' }],
  triedByTemplate: { scripted: tried.length },
  nearMisses: [],
});

/** Searches in vain as scripted, then finds the fix; remembers what it was asked. */
function searching(searches: readonly Search[]): { coder: Coder; asked: CoderInput[] } {
  const asked: CoderInput[] = [];
  const fixing = scriptedCoder([[GOOD_ADD, GOOD_TWICE]]);
  const coder: Coder = {
    name: 'searching',
    code: async (input, tools, signal) => {
      asked.push(input);
      const now = searches[asked.length - 1];
      if (now === undefined) return fixing.code(input, tools, signal);
      return { kind: 'nothing', account: account(now), tried: [...now.tried] };
    },
  };
  return { coder, asked };
}

test('a search that its time ended goes on in the next attempt without what was tried', async () => {
  const { coder, asked } = searching([
    { ending: 'wall-limit', ms: 30_000, tried: ['a', 'b'] },
    { ending: 'wall-limit', ms: 30_000, tried: ['c'] },
  ]);
  const { engine } = world.build({ coder });
  const { run } = await engine.start({
    repository: world.repository.path,
    search: { wallMs: 30_000, budgetMs: 100_000, candidates: 50 },
    limits: { noProgressAttempts: 1 },
  });
  expect(await engine.execute(run.key)).toMatchObject({ status: 'succeeded', attempt: 3 });
  expect(asked.map((input) => input.tried)).toEqual([[], ['a', 'b'], ['a', 'b', 'c']]);
  expect(asked.map((input) => input.budget)).toEqual([
    { wallMs: 30_000, candidates: 50 },
    { wallMs: 30_000, candidates: 48 },
    { wallMs: 30_000, candidates: 47 },
  ]);
});

test('the budget of all searches together ends the run, with what was tried in all of them', async () => {
  const { coder, asked } = searching(
    ['a', 'b', 'c', 'd'].map((one) => ({ ending: 'wall-limit', ms: 30_000, tried: [one] })),
  );
  const { engine } = world.build({ coder });
  const { run } = await engine.start({
    repository: world.repository.path,
    search: { wallMs: 30_000, budgetMs: 60_000 },
  });
  const done = await engine.execute(run.key);
  expect(done).toMatchObject({ status: 'failed', attempt: 2, outcome: { kind: 'nothing-found' } });
  expect(done.outcome?.reason).toContain('60 s, was used up without a fix (2 candidates tried)');
  expect(asked).toHaveLength(2);
  const { search } = await engine.show(run.key);
  expect(search).toMatchObject({ tried: 2, triedByTemplate: { scripted: 2 }, durationMs: 60_000 });
});

test.each(['exhausted', 'candidate-limit'])('a search that ended %s is not repeated', async (ending) => {
  const { coder, asked } = searching([{ ending, ms: 10, tried: ['a'] }]);
  const { engine } = world.build({ coder });
  const { run } = await engine.start({ repository: world.repository.path });
  expect(await engine.execute(run.key)).toMatchObject({ status: 'failed', attempt: 1 });
  expect(asked).toHaveLength(1);
});

test('an interrupt keeps the best so far, and the run goes on with it without searching again', async () => {
  const asked: CoderInput[] = [];
  const scripted = scriptedCoder([[GOOD_ADD, GOOD_TWICE]]);
  const interrupt = new AbortController();
  const coder: Coder = {
    name: 'interrupted',
    code: async (input, tools, signal) => {
      asked.push(input);
      interrupt.abort();
      const found = await scripted.code(input, tools, signal);
      return { ...(found as object), tried: ['a', 'b'] };
    },
  };
  const { engine } = world.build({ coder });
  const { run } = await engine.start({ repository: world.repository.path });
  const paused = await engine.execute(run.key, interrupt.signal);
  expect(paused).toMatchObject({ status: 'paused' });
  expect(paused.paused?.reason).toMatch(
    /interrupted; 1 candidate tried; the best so far is kept.*src\/add\.js/,
  );
  expect(await engine.resume(run.key)).toMatchObject({ status: 'succeeded', attempt: 1 });
  expect(asked).toHaveLength(1);
});

test('an interrupted search that found nothing goes on from there', async () => {
  const { coder, asked } = searching([{ ending: 'cancelled', ms: 500, tried: ['a'] }]);
  const interrupt = new AbortController();
  const stopping: Coder = {
    ...coder,
    code: (input, tools, signal) => {
      interrupt.abort();
      return coder.code(input, tools, signal);
    },
  };
  const { engine } = world.build({ coder: stopping });
  const { run } = await engine.start({ repository: world.repository.path });
  expect(await engine.execute(run.key, interrupt.signal)).toMatchObject({ status: 'paused' });
  await engine.resume(run.key);
  expect(asked[1]).toMatchObject({ attempt: 1, tried: ['a'] });
});

/** The certificate of the laboratory, refused by one check. */
function refusing(sealed: Certificate, name: 'base-tests' | 'canary' | 'tests'): Certificate {
  const { body } = certificate.parse(sealed);
  const [check] = body.checks;
  if (check === undefined) throw new Error('the laboratory runs a check');
  const checks = [{ ...check, name, verdict: 'refused' as const, summary: 'no' }];
  return sealCertificate({ ...body, checks, verdict: 'refused', reasons: [`${name} says no`] });
}

const SECOND = [GOOD_ADD, { ...GOOD_TWICE, text: `${GOOD_TWICE.text}// another way\n` }];

test.each([
  ['base-tests', 1],
  ['canary', 2],
] as const)(
  'a refusal by %s pauses at attempt %i: other changes would fare no better',
  async (name, attempt) => {
    const built = world.build({
      coder: scriptedCoder([[GOOD_ADD, GOOD_TWICE], SECOND, [BAD_ADD]]),
      hands: {
        certifier: {
          certify: async (request) => refusing(await certifyByFiles(built.git, request), name),
        },
      },
    });
    const { run } = await built.engine.start({ repository: world.repository.path });
    const done = await built.engine.execute(run.key);
    expect(done).toMatchObject({ status: 'paused', attempt });
    expect(done.paused?.reason).toContain(`${name} says no`);
  },
);
