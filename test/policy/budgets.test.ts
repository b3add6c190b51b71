// Budgets on a real database: no number of callers passes a limit, a killed one loses and doubles nothing.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chargeTo, type Urgency } from '#contracts/budget.ts';
import { checkSchema } from '#database/check.ts';
import { createManualClock, type ManualClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createJournal } from '#journal/journal.ts';
import { nextStanding, stateAt } from '#policy/budget-state.ts';
import { type CallToCharge, createBudgets, type NewBudget } from '#policy/budgets.ts';
import { createSpending } from '#policy/spending.ts';
import { budgets as budgetsTable, charges as chargesTable } from '#policy/tables.ts';
import { MIGRATIONS, openTestDatabase, servers, type TestDatabase } from '../support/database.ts';

const WORKER = fileURLToPath(new URL('./money-worker.ts', import.meta.url));
const PRICE = { input: 10, output: 10, cacheRead: null, cacheWrite: null, reasoning: null };
const BUDGET: NewBudget = {
  scope: 'global',
  ref: '',
  period: 'total',
  limitUsd: 1,
  limitTokens: null,
  by: 'ada',
};
/** At most two cents. */
const CALL: CallToCharge = {
  role: 'coder',
  model: 'one/m',
  chargeTo: chargeTo.parse({}),
  urgency: 'running',
  inputTokens: 1_000,
  maxOutputTokens: 1_000,
  price: PRICE,
  allowUnpriced: false,
};
const USED = { input: 1_000, cacheRead: 0, cacheWrite: 0, output: 500, reasoning: 0 };

describe.each(servers)('on the %s database', (server) => {
  let database: TestDatabase;
  let clock: ManualClock;
  beforeAll(async () => {
    database = await openTestDatabase(server);
  });
  afterAll(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await database.db.raw('delete from budgets');
    await database.db.raw('delete from charges');
    clock = createManualClock('2026-03-10T12:00:00.000Z');
  });

  const rooms = () => {
    const { db } = database;
    const journal = createJournal({ db, clock });
    return {
      journal,
      budgets: createBudgets({ db, journal, clock, ids: createIds(clock) }),
      spending: createSpending({ db, clock }),
    };
  };
  const spend = async (
    budgets: ReturnType<typeof rooms>['budgets'],
    call: Partial<CallToCharge>,
    costUsd: number | null,
  ) => {
    const permit = await budgets.reserve({ ...CALL, ...call });
    if (permit.ok) await permit.value({ usage: USED, costUsd });
    return permit;
  };

  test('the schema is the one that the code expects', async () => {
    expect(await checkSchema(database.db, [budgetsTable, chargesTable])).toEqual([]);
  });

  test('a call is held back whole, and settled at what it cost to the last digit', async () => {
    const { budgets } = rooms();
    await budgets.set(BUDGET);
    const permit = await budgets.reserve(CALL);
    if (!permit.ok) throw new Error(permit.error.reason);
    expect((await budgets.list())[0]).toMatchObject({ usedUsd: 0.02, heldUsd: 0.02, usedTokens: 2_000 });
    await permit.value({ usage: USED, costUsd: 0.000_000_123 });
    await permit.value({ usage: USED, costUsd: 5 });
    expect((await budgets.list())[0]).toMatchObject({
      usedUsd: 0.000_000_123,
      heldUsd: 0,
      usedTokens: 1_500,
    });
  });

  test('O58: what does not fit is refused with what is left, before anything is asked', async () => {
    const { budgets, journal } = rooms();
    await budgets.set({ ...BUDGET, limitUsd: 0.03 });
    await spend(budgets, {}, 0.015);
    const refused = await budgets.reserve(CALL);
    expect(refused).toEqual({
      ok: false,
      error: {
        reason: 'the global budget has $0.0150 left, and the call may cost $0.0200',
        next: 'raise it with cambium budget set global, or wait for its next change',
      },
    });
    expect((await journal.read()).map((event) => event.type)).toContain('budget.exceeded');
    expect((await spend(budgets, { maxOutputTokens: 500 }, 0.015)).ok).toBe(true);
  });

  test('T68: no limit is none, and 0 forbids', async () => {
    const { budgets } = rooms();
    await budgets.set({ ...BUDGET, limitUsd: 0 });
    expect(await budgets.reserve({ ...CALL, price: { ...PRICE, input: 0, output: 0 } })).toMatchObject({
      ok: false,
      error: { reason: expect.stringContaining('forbids') },
    });
    await budgets.set({ ...BUDGET, limitUsd: null, limitTokens: 10_000_000 });
    expect((await budgets.reserve(CALL)).ok).toBe(true);
    await budgets.set({ ...BUDGET, limitUsd: null });
    expect(await budgets.list()).toEqual([]);
  });

  test('every scope that a call falls under counts, and only those', async () => {
    const { budgets } = rooms();
    const whose = chargeTo.parse({ ticketId: 'tkt_1', runId: 'run_1', phase: 'build' });
    for (const [scope, ref] of [
      ['provider', 'one'],
      ['ticket', 'tkt_1'],
      ['run', 'run_2'],
      ['phase', 'build'],
    ] as const)
      await budgets.set({ ...BUDGET, scope, ref });
    await spend(budgets, { chargeTo: whose }, 0.25);
    const used = new Map((await budgets.list()).map(({ scope, usedUsd }) => [scope, usedUsd]));
    expect(used).toEqual(
      new Map([
        ['provider', 0.25],
        ['ticket', 0.25],
        ['run', 0],
        ['phase', 0.25],
      ]),
    );
  });

  test('days and months begin anew', async () => {
    const { budgets } = rooms();
    await budgets.set({ ...BUDGET, period: 'day' });
    await budgets.set({ ...BUDGET, period: 'month' });
    await spend(budgets, {}, 0.5);
    clock.advance(12 * 3_600_000);
    expect((await budgets.list()).map(({ period, usedUsd }) => [period, usedUsd])).toEqual([
      ['day', 0],
      ['month', 0.5],
    ]);
    clock.advance(30 * 86_400_000);
    expect((await budgets.list()).map(({ usedUsd }) => usedUsd)).toEqual([0, 0]);
  });

  test('an unknown price is refused under a limit of money unless allowed, and never counts as nothing', async () => {
    const { budgets, spending } = rooms();
    await budgets.set(BUDGET);
    expect(await spend(budgets, { price: null }, null)).toMatchObject({
      ok: false,
      error: { reason: expect.stringContaining('no known price') },
    });
    expect((await spend(budgets, { price: null, allowUnpriced: true }, null)).ok).toBe(true);
    expect((await budgets.list())[0]).toMatchObject({ usedUsd: 0, unpricedCalls: 1 });
    expect(await spending.by('model', 1)).toMatchObject([
      { of: 'one/m', calls: 1, usd: 0, unpricedCalls: 1 },
    ]);
  });

  test('an answer that broke off has cost what was held back for it', async () => {
    const { budgets } = rooms();
    await budgets.set(BUDGET);
    const permit = await budgets.reserve(CALL);
    if (permit.ok) await permit.value({ usage: null, costUsd: null });
    expect((await budgets.list())[0]).toMatchObject({ usedUsd: 0.02, heldUsd: 0, usedTokens: 2_000 });
  });

  test.each([
    ['running', 0.97, true],
    ['new', 0.97, false],
    ['optional', 0.97, false],
    ['new', 0.85, true],
    ['optional', 0.85, false],
    ['optional', 0.7, true],
  ] as const)(
    'T67: what is %s, when %d of the limit is used, passes: %s',
    async (urgency: Urgency, used, passes) => {
      const { budgets } = rooms();
      await budgets.set(BUDGET);
      await spend(budgets, {}, used);
      const permit = await budgets.reserve({ ...CALL, inputTokens: 10, maxOutputTokens: 10, urgency });
      expect(permit.ok).toBe(passes);
    },
  );

  test('T67: a state is told when it changes, at once when it gets worse', async () => {
    const { budgets, journal } = rooms();
    await budgets.set(BUDGET);
    for (const cost of [0.5, 0.2, 0.15]) await spend(budgets, {}, cost);
    await spend(budgets, { inputTokens: 10, maxOutputTokens: 10 }, 0);
    const moves = (await journal.read({ limit: 5_000 })).flatMap(({ type, payload }) =>
      type === 'budget.state_changed' ? [(payload as { to: string }).to] : [],
    );
    expect(moves.slice(-2)).toEqual(['warn', 'throttle']);
  });

  test('O59: a forecast needs runs; then it is a range', async () => {
    const { budgets, spending } = rooms();
    for (let run = 0; run < 7; run += 1)
      await spend(budgets, { chargeTo: chargeTo.parse({ runId: `run_${run}` }) }, run);
    expect(await spending.forecast()).toBeNull();
    for (let run = 7; run < 11; run += 1)
      await spend(budgets, { chargeTo: chargeTo.parse({ runId: `run_${run}` }) }, run);
    expect(await spending.forecast()).toEqual({ runs: 11, lowUsd: 1, medianUsd: 5, highUsd: 9 });
  });

  test('O58: 16 runs at once stop at the limit, and what was held back by a killed process is spent', async () => {
    const { budgets } = rooms();
    await budgets.set({ ...BUDGET, limitUsd: 1 });
    const worker = (diesAt: number, run: number): Promise<string> =>
      new Promise((resolve, reject) => {
        const argv = [WORKER, database.url, MIGRATIONS, '20', String(diesAt), `run_${run}`];
        const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
        let said = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
        child.once('error', reject).once('close', () => resolve(said.trim()));
      });
    const said = await Promise.all([worker(6, 0), worker(-1, 1), worker(-1, 2), worker(-1, 3)]);
    expect(said[0]).toBe('');
    const [view] = await budgets.list();
    const [count] = await database.db.raw<{ ended: number; open: number; runs: number }>(
      `select count(settled_at) as ended, count(*) filter (where settled_at is null) as open,
         count(distinct run_id) as runs from charges`,
    );
    const { ended = 0, open = 0, runs = 0 } = count ?? {};
    // The one that was killed had up to four calls open, one for each of its runs.
    expect(open).toBeGreaterThanOrEqual(1);
    expect(open).toBeLessThanOrEqual(4);
    expect(runs).toBe(16);
    expect(said.slice(1).reduce((sum, text) => sum + Number(text), 0)).toBeLessThanOrEqual(ended);
    expect(view?.usedUsd).toBeCloseTo(ended * 0.015 + open * 0.02, 9);
    expect(view?.usedUsd).toBeLessThanOrEqual(1);
    // Sixteen calls may have been held back when the last one was refused.
    expect(view?.usedUsd).toBeGreaterThan(1 - 16 * 0.02);
    expect((await budgets.reserve({ ...CALL, inputTokens: 20_000 })).ok).toBe(false);
  });
});

describe('how tight a budget is', () => {
  test('states begin at their shares', () => {
    expect([0, 0.59, 0.6, 0.79, 0.8, 0.94, 0.95, 3].map(stateAt)).toEqual([
      'normal',
      'normal',
      'warn',
      'warn',
      'throttle',
      'throttle',
      'shutdown',
      'shutdown',
    ]);
  });

  test('it never gets better within five minutes, and is as bad as it is', () => {
    const steps = fc.array(
      fc.record({
        share: fc.double({ min: 0, max: 1.2, noNaN: true }),
        waitMs: fc.integer({ min: 0, max: 400_000 }),
      }),
    );
    const order = ['normal', 'warn', 'throttle', 'shutdown'];
    fc.assert(
      fc.property(steps, (list) => {
        let standing: ReturnType<typeof nextStanding> = { state: 'normal', betterSince: null };
        let nowMs = 0;
        let lastBad = Number.NEGATIVE_INFINITY;
        for (const { share, waitMs } of list) {
          nowMs += waitMs;
          const before = standing.state;
          standing = nextStanding(standing, share, new Date(nowMs));
          expect(order.indexOf(standing.state)).toBeGreaterThanOrEqual(order.indexOf(stateAt(share)));
          if (order.indexOf(standing.state) < order.indexOf(before))
            expect(nowMs - lastBad).toBeGreaterThanOrEqual(300_000);
          if (order.indexOf(stateAt(share)) >= order.indexOf(before)) lastBad = nowMs;
        }
      }),
    );
  });
});
