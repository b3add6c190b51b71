// Where a run and a ticket stand for their users: derived here, from the run's row, and nowhere else.
import type { RunStatus } from '#contracts/run.ts';
import type { TicketStatus } from '#contracts/ticket.ts';
import type { RunRecord } from './run-record.ts';

export type StatusFacts = Pick<RunRecord, 'state' | 'paused' | 'leaseUntil' | 'decision'>;

/** `now` decides whether the lease of the last owner still stands: a run whose worker died is queued again. */
export function runStatusOf(run: StatusFacts, now: Date): RunStatus {
  if (run.state === 'SUCCESS') return 'succeeded';
  if (run.state === 'FAILED') return 'failed';
  if (run.state === 'CANCELLED') return 'cancelled';
  if (run.paused !== null) return 'paused';
  if (run.leaseUntil !== null && Date.parse(run.leaseUntil) > now.getTime()) return 'running';
  return run.state === 'HUMAN_REVIEW' && run.decision === null ? 'waiting-human' : 'queued';
}

/** The status of a ticket from that of its newest run; null when it never had one. */
export function ticketStatusOf(newest: RunStatus | null): TicketStatus {
  switch (newest) {
    case null:
      return 'open';
    case 'succeeded':
      return 'done';
    case 'failed':
    case 'cancelled':
    case 'waiting-human':
      return newest;
    case 'queued':
    case 'running':
    case 'paused':
      return 'building';
  }
}
