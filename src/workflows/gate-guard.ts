// What a gate has against a move: looked at inside the moving transaction, from what the host found and nothing else.
import type { Objection } from '#contracts/move.ts';
import { checksOf } from '#contracts/workflow.ts';
import { eq } from '#database/drizzle.ts';
import type { Projects } from '#projects/projects.ts';
import type { Git } from '#sandbox/git.ts';
import { newestResult } from './drive/results.ts';
import { phaseDrives } from './gate-tables.ts';
import { historyOf } from './phase-records.ts';
import type { MoveGuard } from './transitions.ts';

/** Objects to a move on while the gate is not open for the very commit that the ticket's work stands at. */
export function createGateGuard({
  git,
  projects,
}: {
  readonly git: Git;
  readonly projects: Projects;
}): MoveGuard {
  return async (q, { ticket, from, to, kind }) => {
    if (kind === 'regress' || kind === 'pivot') return [];
    const checks = checksOf(from, { risk: ticket.risk, next: to });
    if (checks.length === 0) return [];
    const against = (reason: string): Objection[] => [
      { rule: 'gate', reason, next: `cambium phase gate ${ticket.key}` },
    ];
    const visit = (await historyOf(q, ticket.id)).at(-1)?.seq ?? 0;
    const result = await newestResult(q, { ticketId: ticket.id, visit });
    if (result === null) return against(`the gate of ${from.id} was not evaluated yet`);
    if (result.verdict !== 'passed') {
      const why = result.reasons[0] ?? 'nothing was said';
      return against(`the gate of ${from.id} is ${result.status === 'waiting' ? 'waiting' : 'shut'}: ${why}`);
    }
    const passed = new Set(result.checks.map((check) => check.name));
    const missing = checks.map((check) => check.name ?? check.type).filter((name) => !passed.has(name));
    if (missing.length > 0) return against(`the gate of ${from.id} did not look at ${missing.join(', ')}`);
    const [drive] = await q.select().from(phaseDrives).where(eq(phaseDrives.ticketId, ticket.id));
    const project = await projects.find(ticket.projectId);
    const branch = `refs/heads/${drive?.branch ?? `cambium/${ticket.key}`}`;
    const head = project === null ? null : await git.readRef(project.path, branch);
    if (head !== null && head !== result.commit) {
      const [seen, now] = [result.commit.slice(0, 12), head.slice(0, 12)];
      return against(`the gate of ${from.id} was evaluated on ${seen}, and the branch is at ${now}`);
    }
    return [];
  };
}
