// A circuit breaker for each model: one that fails again and again is left alone for a while, then probed (T65).
import type { ModelFailureCause, ModelRef } from '#contracts/model.ts';
import type { Clock } from '#foundation/clock.ts';

const RULES = { failures: 3, windowMs: 120_000, restMs: 30_000, successes: 2, probes: 3 };
export type BreakerRules = typeof RULES;

export interface BreakerState {
  readonly model: ModelRef;
  readonly state: 'closed' | 'open' | 'half-open';
  /** Failures inside the window. */
  readonly failures: number;
  readonly lastCause: ModelFailureCause | null;
  /** When the next call is let through, ISO; null unless open. */
  readonly nextProbeAt: string | null;
}

export interface Breakers {
  /** Whether a call may be made now; a half-open breaker lets only some through. */
  allows(model: ModelRef): boolean;
  succeeded(model: ModelRef): void;
  /** The call was given up by its caller: it says nothing about the model. */
  abandoned(model: ModelRef): void;
  /** Only causes that are the model's own count: a request that is wrong says nothing about its health. */
  failed(model: ModelRef, cause: ModelFailureCause): void;
  states(): BreakerState[];
}

interface Cell {
  failuresMs: number[];
  openedMs: number | null;
  probing: number;
  successes: number;
  lastCause: ModelFailureCause | null;
}

const UNWELL: ReadonlySet<ModelFailureCause> = new Set([
  'rate-limit',
  'overload',
  'unreachable',
  'timed-out',
  'cut-stream',
  'bad-answer',
]);

export function createBreakers(clock: Clock, given: Partial<BreakerRules> = {}): Breakers {
  const rules = { ...RULES, ...given };
  const cells = new Map<ModelRef, Cell>();
  const cellOf = (model: ModelRef): Cell => {
    const cell = cells.get(model) ?? fresh();
    cells.set(model, cell);
    return cell;
  };
  return {
    allows: (model) => {
      const cell = cellOf(model);
      if (cell.openedMs === null) return true;
      if (clock.monotonicMs() - cell.openedMs < rules.restMs || cell.probing >= rules.probes) return false;
      cell.probing += 1;
      return true;
    },
    succeeded: (model) => {
      const cell = cellOf(model);
      if (cell.openedMs === null) return;
      cell.probing = Math.max(0, cell.probing - 1);
      cell.successes += 1;
      if (cell.successes >= rules.successes) cells.set(model, fresh());
    },
    abandoned: (model) => {
      const cell = cellOf(model);
      cell.probing = Math.max(0, cell.probing - 1);
    },
    failed: (model, cause) => {
      const cell = cellOf(model);
      cell.probing = Math.max(0, cell.probing - 1);
      if (!UNWELL.has(cause)) return;
      const nowMs = clock.monotonicMs();
      cell.lastCause = cause;
      cell.failuresMs = [...recent(cell, nowMs, rules), nowMs];
      if (cell.openedMs === null && cell.failuresMs.length < rules.failures) return;
      cell.openedMs = nowMs;
      cell.successes = 0;
    },
    states: () => [...cells].map(([model, cell]) => stateOf(model, cell, { clock, rules })),
  };
}

function fresh(): Cell {
  return { failuresMs: [], openedMs: null, probing: 0, successes: 0, lastCause: null };
}

function recent(cell: Cell, nowMs: number, rules: BreakerRules): number[] {
  return cell.failuresMs.filter((at) => nowMs - at < rules.windowMs);
}

function stateOf(
  model: ModelRef,
  cell: Cell,
  { clock, rules }: { clock: Clock; rules: BreakerRules },
): BreakerState {
  const nowMs = clock.monotonicMs();
  const restsMs = cell.openedMs === null ? 0 : cell.openedMs + rules.restMs - nowMs;
  const state = cell.openedMs === null ? 'closed' : restsMs > 0 ? 'open' : 'half-open';
  const nextProbeAt = state === 'open' ? new Date(clock.now().getTime() + restsMs).toISOString() : null;
  return {
    model,
    state,
    failures: recent(cell, nowMs, rules).length,
    lastCause: cell.lastCause,
    nextProbeAt,
  };
}
