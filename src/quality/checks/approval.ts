// A person's word on this very commit. It is asked once the other checks pass, and silence means no.

import { observed, passed, type RunCheck, refused, waiting } from './check.ts';
import { shellLine } from './reproduce.ts';

export const runApprovalCheck: RunCheck<'approval'> = async ({ subject, answers, earlier }, check) => {
  const reproduce = shellLine(['cambium', 'phase', 'gate', subject.ticket.key]);
  const before = earlier.filter((verdict) => verdict.outcome === 'refused').map((verdict) => verdict.name);
  if (before.length > 0) {
    return waiting(`Nobody is asked before the other checks pass (${before.join(', ')}).`, { reproduce });
  }
  const answer = await answers.approval(check, check.name ?? check.type);
  const who = check.by.length === 0 ? 'anybody' : check.by.join(' or ');
  if (answer.state === 'waiting') {
    return waiting(`Waits for the word of ${who} until ${answer.expiresAt}; silence means no.`, {
      reproduce,
    });
  }
  const { id, state, by, note } = answer;
  const seen = {
    reproduce,
    evidence: [observed('decision', `${id} ${state} ${by ?? ''} ${subject.commit}`)],
  };
  const words = note === '' ? '' : `: ${note}`;
  if (state === 'approved') return passed(`Approved by ${by ?? 'nobody'}${words}.`, seen);
  if (state === 'expired') return refused(['Nobody decided in time, which means no.'], seen);
  return refused([`Rejected by ${by ?? 'nobody'}${words}.`], seen);
};
