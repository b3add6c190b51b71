// May this ticket go there? One pure judgement from the workflow's table and the facts; every mover obeys it (O1, O4).
import { type Actor, AUTHORITY, type MoveKind, type MoveRule, type Objection } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { type Condition, type ContextKind, type Phase, phaseOf, type Workflow } from '#contracts/workflow.ts';
import { approvalStateOf } from './run-status.ts';

export interface MoveWish {
  readonly to: string;
  readonly kind: MoveKind;
  readonly actor: Actor;
  /** Why; needed for everything that goes around a rule. */
  readonly reason: string;
}

/** What is known of the ticket inside the transaction that would move it. */
export interface MoveFacts {
  readonly now: Date;
  /** Keys of the tickets it depends on that are not done. */
  readonly openDependencies: readonly string[];
  readonly contextKinds: ReadonlySet<ContextKind>;
  /** Slots of which an output still counts. */
  readonly outputs: ReadonlySet<string>;
  /** Phases that it has been in. */
  readonly visited: ReadonlySet<string>;
  /** What others have against it: gates, the board. */
  readonly objections: readonly Objection[];
}

export interface MoveCase {
  readonly workflow: Workflow;
  readonly ticket: Pick<Ticket, 'key' | 'phase' | 'blocked' | 'cancelled' | 'approval'>;
  readonly wish: MoveWish;
  readonly facts: MoveFacts;
}

export interface Judgement {
  readonly allowed: boolean;
  /** What stands against it; empty when it is allowed. */
  readonly objections: readonly Objection[];
  /** What would stand against it and is gone around. */
  readonly overridden: readonly Objection[];
}

/** The authority that each kind of move needs. */
export const NEEDED_AUTHORITY: Readonly<Record<MoveKind, number>> = {
  advance: AUTHORITY.worker,
  regress: AUTHORITY.worker,
  'fast-track': AUTHORITY.monitor,
  pivot: AUTHORITY.monitor,
  force: AUTHORITY.guardian,
};

/** Rules that a kind of move may go around; it is recorded which of them stood against it. */
const GOES_AROUND: Readonly<Record<MoveKind, readonly MoveRule[]>> = {
  advance: [],
  regress: [],
  'fast-track': ['exit', 'entry', 'gate'],
  pivot: ['table', 'entry'],
  force: ['approval', 'table', 'direction', 'exit', 'entry', 'gate', 'wip'],
};

/** Rules that say nothing about a kind of move: whoever goes back has not finished, and nobody expects it. */
const SILENT: Readonly<Record<MoveKind, readonly MoveRule[]>> = {
  advance: [],
  regress: ['exit', 'entry', 'gate'],
  'fast-track': [],
  pivot: ['exit', 'gate'],
  force: [],
};

/** Judges a move. Every rule is asked, so that whoever was refused learns all that stands against it at once. */
export function judgeMove(move: MoveCase): Judgement {
  const { kind } = move.wish;
  const raised = [...standing(move), ...permission(move), ...marks(move), ...path(move), ...conditions(move)];
  const against = [...raised, ...move.facts.objections].filter(({ rule }) => !SILENT[kind].includes(rule));
  const overridden = against.filter(({ rule }) => GOES_AROUND[kind].includes(rule));
  const objections = against.filter(({ rule }) => !GOES_AROUND[kind].includes(rule));
  const allowed = objections.length === 0;
  return { allowed, objections, overridden: allowed ? overridden : [] };
}

/** What one can ask for at all: a ticket in a workflow, and another phase of it. */
function standing({ workflow, ticket, wish }: MoveCase): Objection[] {
  const at = ticket.phase === null ? undefined : phaseOf(workflow, ticket.phase);
  const next = `cambium phase list ${ticket.key}`;
  if (!at) return [{ rule: 'standing', reason: `${ticket.key} is in no phase of ${workflow.name}`, next }];
  if (!phaseOf(workflow, wish.to)) {
    const known = workflow.phases.map(({ id }) => id).join(', ');
    const reason = `${workflow.name} has no phase ${JSON.stringify(wish.to)}; it has ${known}`;
    return [{ rule: 'standing', reason, next }];
  }
  if (at.id === wish.to) return [{ rule: 'standing', reason: `${ticket.key} is in ${at.id} already`, next }];
  return [];
}

function permission({ ticket, wish }: MoveCase): Objection[] {
  const { kind, actor, reason } = wish;
  const needed = NEEDED_AUTHORITY[kind];
  const found: Objection[] = [];
  if (actor.authority < needed) {
    found.push({
      rule: 'authority',
      reason: `to ${kind} needs authority ${needed}; ${actor.name} has ${actor.authority}`,
      next: `ask somebody with authority ${needed}`,
    });
  }
  if (GOES_AROUND[kind].length > 0 && reason.trim() === '') {
    found.push({
      rule: 'reason',
      reason: `to ${kind} goes around rules, and needs a reason for the record`,
      next: `cambium ticket move ${ticket.key} ${wish.to} --${kind} --reason "why"`,
    });
  }
  return found;
}

/** What lies over the phase: cancelled, blocked, not approved. */
function marks({ ticket, facts }: MoveCase): Objection[] {
  if (ticket.cancelled) {
    const reason = `${ticket.key} was cancelled by ${ticket.cancelled.by}: ${ticket.cancelled.reason}`;
    return [{ rule: 'cancelled', reason, next: 'cambium ticket create opens another' }];
  }
  const found: Objection[] = [];
  if (ticket.blocked) {
    found.push({
      rule: 'blocked',
      reason: `${ticket.key} is blocked by ${ticket.blocked.by}: ${ticket.blocked.reason}`,
      next: `cambium ticket unblock ${ticket.key}`,
    });
  }
  const approval = approvalStateOf(ticket.approval, facts.now);
  if (approval !== null && approval !== 'approved') {
    const words = {
      pending: 'waits for approval',
      rejected: 'was rejected',
      'timed-out': 'was not approved in time, which means no',
    };
    found.push({
      rule: 'approval',
      reason: `${ticket.key} ${words[approval]}`,
      next: `cambium ticket approve ${ticket.key}`,
    });
  }
  return found;
}

/** The table of transitions, and the direction that the kind of move promises. */
function path({ workflow, ticket, wish, facts }: MoveCase): Objection[] {
  const [from, to] = ends(workflow, ticket.phase, wish.to);
  if (!from || !to) return [];
  const found: Objection[] = [];
  if (!from.allowed_transitions.includes(to.id)) {
    const allowed = from.allowed_transitions.join(', ');
    found.push({
      rule: 'table',
      reason: from.is_terminal
        ? `${from.id} is the end; nothing follows it in ${workflow.name}`
        : `${workflow.name} does not lead from ${from.id} to ${to.id}; it leads to ${allowed}`,
      next: allowed === '' ? 'cambium ticket create opens another' : `choose one of ${allowed}`,
    });
  }
  const back = to.order < from.order;
  const wrong = wish.kind === 'regress' || wish.kind === 'pivot' ? !back : back && wish.kind !== 'force';
  if (wrong) {
    found.push({
      rule: 'direction',
      reason: `${to.id} comes ${back ? 'before' : 'after'} ${from.id}: that is ${back ? 'a step back' : 'no step back'}`,
      next: `cambium phase ${back ? 'regress' : 'advance'} ${ticket.key} --to ${to.id}`,
    });
  }
  if (wish.kind === 'regress' && back && !facts.visited.has(to.id)) {
    found.push({
      rule: 'direction',
      reason: `${ticket.key} has never been in ${to.id}: that is no step back`,
      next: `cambium phase list ${ticket.key}`,
    });
  }
  return found;
}

function conditions({ workflow, ticket, wish, facts }: MoveCase): Objection[] {
  const [from, to] = ends(workflow, ticket.phase, wish.to);
  if (!from || !to) return [];
  const unmet = (rule: 'exit' | 'entry', phase: Phase): Objection[] =>
    phase[rule].flatMap((condition) => {
      const lacking = lack(condition, ticket, facts);
      if (lacking === null) return [];
      const words = rule === 'exit' ? `to leave ${phase.id}` : `to enter ${phase.id}`;
      return [{ rule, reason: `${words}, ${lacking.reason}`, next: lacking.next }];
    });
  return [...unmet('exit', from), ...unmet('entry', to)];
}

/** What a condition lacks; null when it holds. */
function lack(
  condition: Condition,
  { key, approval }: MoveCase['ticket'],
  facts: MoveFacts,
): Omit<Objection, 'rule'> | null {
  if (condition === 'approved') {
    if (approvalStateOf(approval, facts.now) === 'approved') return null;
    return { reason: `${key} has to be approved`, next: `cambium ticket approve ${key}` };
  }
  if (condition === 'dependencies_done') {
    if (facts.openDependencies.length === 0) return null;
    const open = facts.openDependencies.join(', ');
    return { reason: `${open} must be done first`, next: `cambium ticket show ${facts.openDependencies[0]}` };
  }
  if ('has_context' in condition) {
    if (facts.contextKinds.has(condition.has_context)) return null;
    return {
      reason: `the context must hold a ${condition.has_context}`,
      next: `cambium ticket context ${key} --add ${condition.has_context} --text "…"`,
    };
  }
  if (facts.outputs.has(condition.has_output)) return null;
  return {
    reason: `an output ${condition.has_output} must be stored`,
    next: `cambium phase gate ${key} collects what the phase yields`,
  };
}

function ends(workflow: Workflow, from: string | null, to: string): [Phase | undefined, Phase | undefined] {
  return [from === null ? undefined : phaseOf(workflow, from), phaseOf(workflow, to)];
}
