// Intake: tickets that read like a new one. From .90 a person is asked, from .97 a merge is proposed (spec §7.2, O65).
import type { Duplicate } from '#contracts/intake.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { findSimilar } from './similarity.ts';
import type { Tickets } from './tickets.ts';

const ASK_FROM = 0.9;
const MERGE_FROM = 0.97;
/** The newest tickets of the project that a new one is compared with. */
const COMPARED_TICKETS = 1_000;
const TOLD_DUPLICATES = 3;

/** Tickets of the project that are not cancelled and read like `ticket`, the most alike first; at most three. */
export async function duplicatesOf(tickets: Pick<Tickets, 'list'>, ticket: Ticket): Promise<Duplicate[]> {
  const listed = await tickets.list({ projectId: ticket.projectId, limit: COMPARED_TICKETS });
  const others = listed.filter(({ id, cancelled }) => id !== ticket.id && cancelled === null);
  return findSimilar(ticket, others, { atLeast: ASK_FROM, limit: TOLD_DUPLICATES }).map(
    ({ item: { key, title }, score }) => {
      const advice = score >= MERGE_FROM ? 'merge' : 'ask';
      const next =
        advice === 'merge'
          ? `cambium ticket cancel ${ticket.key} --reason "the same as ${key}"`
          : `cambium ticket show ${key}`;
      // Rounded down, so that what is shown is never above the bound that it did not reach.
      return { key, title, score: Math.floor(score * 1000) / 1000, advice, next };
    },
  );
}
