// Budgets: held back before a call and settled after it, in transactions, so that no number of runs can pass a limit.
import {
  type BudgetPeriod,
  type BudgetScope,
  type BudgetState,
  type ChargeTo,
  NANOS_A_DOLLAR,
  type Urgency,
} from '#contracts/budget.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { ModelRef, Price, Usage } from '#contracts/model.ts';
import { and, eq, or, type SQL, sql } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import type { Journal } from '#journal/port.ts';
import { nextStanding, shareOf } from './budget-state.ts';
import { beginOf, type Used, usedOf } from './budget-use.ts';
import { charges, budgets as table } from './tables.ts';

const TOKENS_A_MILLION = 1_000_000;
const LISTED_BUDGETS = 500;

export interface NewBudget {
  readonly scope: BudgetScope;
  /** Id or name in that scope; empty for the global one. */
  readonly ref: string;
  readonly period: BudgetPeriod;
  /** US dollars; null for no limit, 0 for forbidden. */
  readonly limitUsd: number | null;
  readonly limitTokens: number | null;
  readonly by: string;
}

export interface BudgetView {
  readonly id: string;
  readonly scope: BudgetScope;
  readonly ref: string;
  readonly period: BudgetPeriod;
  readonly limitUsd: number | null;
  readonly limitTokens: number | null;
  /** With what is held back for calls under way. */
  readonly usedUsd: number;
  readonly usedTokens: number;
  /** Held back for calls that have not ended, US dollars. */
  readonly heldUsd: number;
  /** Ended calls whose cost nobody knows; they are in no sum of money. */
  readonly unpricedCalls: number;
  readonly share: number;
  readonly state: BudgetState;
  /** ISO; null for a budget of all time. */
  readonly since: string | null;
}

export interface CallToCharge {
  readonly role: string;
  readonly model: ModelRef;
  readonly chargeTo: ChargeTo;
  readonly urgency: Urgency;
  /** Upper estimate, tokens. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  readonly price: Price | null;
  /** A call without a price may pass under a limit of money. */
  readonly allowUnpriced: boolean;
}

export type SettleCharge = (spent: {
  readonly usage: Usage | null;
  readonly costUsd: number | null;
}) => Promise<void>;

export interface BudgetRefusal {
  readonly reason: string;
  readonly next: string;
}

export interface Budgets {
  /** Sets or replaces the limit of a scope; both limits null take it away. */
  set(budget: NewBudget): Promise<void>;
  /** Every budget with what is used of it now. */
  list(): Promise<BudgetView[]>;
  /**
   * Holds back the most that a call can cost, in every budget that it falls under, or refuses. A process that dies
   * before it settles has spent what was held back: nothing is lost, and nothing is counted twice.
   */
  reserve(call: CallToCharge): Promise<Result<SettleCharge, BudgetRefusal>>;
}

export interface BudgetsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
}

type Row = typeof table.$inferSelect;

export function createBudgets(parts: BudgetsParts): Budgets {
  return {
    set: (budget) => setBudget(parts, budget),
    list: async () => {
      const rows = await parts.db.q
        .select()
        .from(table)
        .orderBy(table.scope, table.ref, table.period)
        .limit(LISTED_BUDGETS);
      return Promise.all(rows.map((row) => viewOf(parts, row)));
    },
    reserve: (call) => reserve(parts, call),
  };
}

async function setBudget({ db, journal, clock, ids }: BudgetsParts, budget: NewBudget): Promise<void> {
  const { scope, ref, period, limitUsd, limitTokens, by } = budget;
  if ((scope === 'global') !== (ref === '')) {
    throw new AppError('USAGE', {
      message:
        scope === 'global' ? 'the global budget takes no name' : `a budget of a ${scope} needs its name`,
      next: scope === 'global' ? 'cambium budget set global' : `cambium budget set ${scope}:NAME`,
    });
  }
  await db.transaction(async (q) => {
    const where = and(eq(table.scope, scope), eq(table.ref, ref), eq(table.period, period));
    if (limitUsd === null && limitTokens === null) await q.delete(table).where(where);
    else {
      const limits = {
        limitNanos: limitUsd === null ? null : nanos(limitUsd),
        limitTokens,
        setBy: by,
        updatedAt: clock.now().toISOString(),
      };
      await q
        .insert(table)
        .values({ id: ids.next('bdg'), scope, ref, period, ...limits, state: 'normal', betterSince: null })
        // A new limit is a new beginning: the state of the old one says nothing about it.
        .onConflictDoUpdate({
          target: [table.scope, table.ref, table.period],
          set: { ...limits, state: 'normal', betterSince: null },
        });
    }
    await journal.append(q, [
      { type: 'budget.set', subject: {}, payload: { scope, ref, period, limitUsd, limitTokens, by } },
    ]);
  });
}

async function reserve(
  parts: BudgetsParts,
  call: CallToCharge,
): Promise<Result<SettleCharge, BudgetRefusal>> {
  const { db, journal, clock, ids } = parts;
  const wanted = mostOf(call);
  const id = ids.next('chg');
  const refusal = await db.transaction(async (q) => {
    // Locked in one order: of calls at the same time the second sees what the first holds back.
    const rows = await q.select().from(table).where(fallsUnder(call)).orderBy(table.id).for('update');
    const now = clock.now();
    const standings: { readonly row: Row; readonly used: Used }[] = [];
    for (const row of rows) standings.push({ row, used: await usedOf(q, row, now) });
    const asked = { call, wanted, now };
    const refused =
      standings.map(({ row, used }) => refuse(row, used, asked)).find((one) => one !== null) ?? null;
    const events: NewEvent[] = [];
    const more = refused === null ? wanted : { nanos: 0, tokens: 0 };
    for (const { row, used } of standings) {
      const share = shareOf(
        { nanos: used.nanos + (more.nanos ?? 0), tokens: used.tokens + more.tokens },
        row,
      );
      const next = nextStanding(row, share, now);
      if (next.state === row.state && next.betterSince === row.betterSince) continue;
      await q.update(table).set(next).where(eq(table.id, row.id));
      if (next.state === row.state) continue;
      const payload = { budget: nameOf(row), from: row.state, to: next.state, share };
      events.push({ type: 'budget.state_changed', subject: subjectOf(call.chargeTo), payload });
    }
    if (refused === null)
      await q.insert(charges).values(heldBack(id, call, { wanted, at: now.toISOString() }));
    else {
      const payload = {
        budget: rows.map(nameOf).join(', '),
        model: call.model,
        role: call.role,
        reason: refused.reason,
      };
      events.push({ type: 'budget.exceeded', subject: subjectOf(call.chargeTo), payload });
    }
    if (events.length > 0) await journal.append(q, events);
    return refused;
  });
  return refusal === null ? ok((spent) => settle(parts, id, spent)) : err(refusal);
}

interface Most {
  /** Null when the price is unknown. */
  readonly nanos: number | null;
  readonly tokens: number;
}

/** The most that a call can cost: all input at its dearest price, and every token of output that it may give. */
function mostOf({ price, inputTokens, maxOutputTokens }: CallToCharge): Most {
  const tokens = inputTokens + maxOutputTokens;
  if (price === null) return { nanos: null, tokens };
  const input = Math.max(price.input, price.cacheWrite ?? 0);
  const output = Math.max(price.output, price.reasoning ?? 0);
  const dollars = (inputTokens * input + maxOutputTokens * output) / TOKENS_A_MILLION;
  return { nanos: Math.ceil(dollars * NANOS_A_DOLLAR), tokens };
}

function nanos(dollars: number): number {
  return Math.round(dollars * NANOS_A_DOLLAR);
}

function providerOf(model: ModelRef): string {
  return model.slice(0, model.indexOf('/'));
}

function fallsUnder({ model, chargeTo }: CallToCharge): SQL | undefined {
  const of = (scope: BudgetScope, ref: string | null): SQL | undefined =>
    ref === null ? undefined : and(eq(table.scope, scope), eq(table.ref, ref));
  return or(
    of('global', ''),
    of('provider', providerOf(model)),
    of('project', chargeTo.projectId),
    of('ticket', chargeTo.ticketId),
    of('run', chargeTo.runId),
    of('agent', chargeTo.agentId),
    of('phase', chargeTo.phase),
  );
}

interface Asked {
  readonly call: CallToCharge;
  readonly wanted: Most;
  readonly now: Date;
}

function refuse(row: Row, used: Used, { call, wanted, now }: Asked): BudgetRefusal | null {
  const name = nameOf(row);
  const next = `raise it with cambium budget set ${row.scope}${row.ref === '' ? '' : `:${row.ref}`}, or wait for its next ${row.period === 'total' ? 'change' : row.period}`;
  if (row.limitNanos === 0 || row.limitTokens === 0)
    return { reason: `the ${name} forbids every call`, next };
  if (row.limitNanos !== null && wanted.nanos === null && !call.allowUnpriced) {
    return {
      reason: `${call.model} has no known price, and the ${name} limits money`,
      next: `give it one under prices in models.yaml, or set allowUnpriced there`,
    };
  }
  const { limitNanos, limitTokens } = row;
  if (limitNanos !== null && used.nanos + (wanted.nanos ?? 0) > limitNanos) {
    return {
      reason: `the ${name} has ${dollars(limitNanos - used.nanos)} left, and the call may cost ${dollars(wanted.nanos ?? 0)}`,
      next,
    };
  }
  if (limitTokens !== null && used.tokens + wanted.tokens > limitTokens) {
    return {
      reason: `the ${name} has ${Math.max(0, limitTokens - used.tokens)} tokens left, and the call may take ${wanted.tokens}`,
      next,
    };
  }
  const state = nextStanding(row, shareOf(used, row), now).state;
  if (state === 'shutdown' && call.urgency !== 'running')
    return { reason: `the ${name} is nearly spent: nothing new is begun`, next };
  if (state === 'throttle' && call.urgency === 'optional')
    return { reason: `the ${name} is short: what can wait is left out`, next };
  return null;
}

function dollars(amount: number): string {
  return `$${(Math.max(0, amount) / NANOS_A_DOLLAR).toFixed(4)}`;
}

function nameOf({ scope, ref, period }: Row): string {
  const whose = scope === 'global' ? 'global budget' : `budget of ${scope} ${ref}`;
  return period === 'total' ? whose : `${whose} for the ${period}`;
}

function subjectOf({ projectId, ticketId, runId }: ChargeTo) {
  return {
    ...(projectId === null ? {} : { projectId }),
    ...(ticketId === null ? {} : { ticketId }),
    ...(runId === null ? {} : { runId }),
  };
}

function heldBack(
  id: string,
  { model, role, chargeTo }: CallToCharge,
  { wanted, at }: { wanted: Most; at: string },
) {
  return {
    id,
    at,
    model,
    provider: providerOf(model),
    role,
    ...chargeTo,
    reservedNanos: wanted.nanos,
    reservedTokens: wanted.tokens,
  };
}

/** A call that broke off without a word on its usage has cost what was held back for it: never less than the truth. */
async function settle(
  { db, clock }: BudgetsParts,
  id: string,
  { usage, costUsd }: Parameters<SettleCharge>[0],
): Promise<void> {
  const spent =
    usage === null
      ? { costNanos: sql`${charges.reservedNanos}`, inputTokens: sql`${charges.reservedTokens}` }
      : {
          costNanos: costUsd === null ? null : nanos(costUsd),
          inputTokens: usage.input,
          cacheReadTokens: usage.cacheRead,
          cacheWriteTokens: usage.cacheWrite,
          outputTokens: usage.output,
          reasoningTokens: usage.reasoning,
        };
  await db.q
    .update(charges)
    .set({ ...spent, settledAt: clock.now().toISOString() })
    .where(and(eq(charges.id, id), sql`${charges.settledAt} is null`));
}

async function viewOf({ db, clock }: BudgetsParts, row: Row): Promise<BudgetView> {
  const used = await usedOf(db.q, row, clock.now());
  const share = shareOf(used, row);
  const { id, scope, ref, period, limitTokens } = row;
  return {
    id,
    scope,
    ref,
    period,
    limitUsd: row.limitNanos === null ? null : row.limitNanos / NANOS_A_DOLLAR,
    limitTokens,
    usedUsd: used.nanos / NANOS_A_DOLLAR,
    usedTokens: used.tokens,
    heldUsd: used.heldNanos / NANOS_A_DOLLAR,
    unpricedCalls: used.unpriced,
    share,
    state: nextStanding(row, share, clock.now()).state,
    since: beginOf(period, clock.now()),
  };
}
