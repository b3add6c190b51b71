// Where a run and a ticket stand for their users: derived here, from the run's row, and nowhere else.
import type { RunStatus } from '#contracts/run.ts';
import type { Ticket, TicketApproval, TicketStatus } from '#contracts/ticket.ts';
import { type Phase, phaseOf, type Workflow } from '#contracts/workflow.ts';
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

/** What a ticket's status follows from. */
export interface TicketFacts {
  readonly ticket: Pick<Ticket, 'phase' | 'phaseSince' | 'blocked' | 'cancelled' | 'approval'>;
  /** The version that the ticket keeps; null where it has none. */
  readonly workflow: Workflow | null;
  readonly newest: { readonly status: RunStatus; readonly createdAt: string } | null;
}

/** The status of a ticket: marks that lie over it first, then its phase, then the newest run of that phase. */
export function ticketStatusOf({ ticket, workflow, newest }: TicketFacts, now: Date): TicketStatus {
  if (ticket.cancelled !== null) return 'cancelled';
  const approval = approvalStateOf(ticket.approval, now);
  if (approval === 'rejected' || approval === 'timed-out') return 'rejected';
  const phase = workflow && ticket.phase !== null ? phaseOf(workflow, ticket.phase) : undefined;
  if (phase?.is_terminal) return 'done';
  if (ticket.blocked !== null) return 'blocked';
  if (approval === 'pending') return 'waiting-human';
  if (!workflow || !phase) return afterRun(newest?.status ?? null);
  if (phase.body === 'run' && newest !== null && newest.createdAt >= (ticket.phaseSince ?? '')) {
    if (endsAfter(workflow, phase)) return afterRun(newest.status);
    if (newest.status === 'failed' || newest.status === 'waiting-human') return newest.status;
    return 'active';
  }
  return phase.id === workflow.initial_phase ? 'open' : 'active';
}

/** True where nothing but the end of the workflow follows the phase. */
function endsAfter(workflow: Workflow, { allowed_transitions }: Phase): boolean {
  return allowed_transitions.every((next) => phaseOf(workflow, next)?.is_terminal);
}

/** The status of a ticket whose work is a run and nothing else; null when it never had one. */
function afterRun(newest: RunStatus | null): TicketStatus {
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
      return 'active';
  }
}

/** Whether a ticket may be worked on (O65); null where nobody has to approve. Silence until the deadline means no. */
export function approvalStateOf(
  approval: TicketApproval | null,
  now: Date,
): 'pending' | 'approved' | 'rejected' | 'timed-out' | null {
  if (approval?.state !== 'pending') return approval?.state ?? null;
  return Date.parse(approval.deadline) > now.getTime() ? 'pending' : 'timed-out';
}
