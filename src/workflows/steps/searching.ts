// What the searches of a run may still use, what one hands to the next, and what is kept of one that was interrupted.
import type { CoderOutput, SearchAccount } from '#agents/roles.ts';
import { plainText, plural } from '#foundation/text.ts';
import type { Searched } from '../checkpoint.ts';
import type { RunRecord } from '../run-record.ts';
import type { StepContext, StepPause } from './step.ts';

/** Digests handed on; a search that tried more is not continued. */
const MAX_TRIED = 20_000;
/** Less time than this is not worth the start of a search, milliseconds. */
const WORTH_MS = 1_000;

/** Time and candidates for the next search: of one attempt, of all searches, and of the run, whichever is least. */
export function searchLeft({ run, leftMs }: StepContext): { wallMs: number; candidates: number } {
  const { search } = run.options;
  const { ms, candidates } = run.checkpoint.searched;
  return {
    wallMs: Math.max(1, Math.round(Math.min(leftMs, search.wallMs, search.budgetMs - ms))),
    candidates: Math.max(1, search.candidates - candidates),
  };
}

/** The account of all searches of the run once this one is counted in. */
export function searchedAfter(run: RunRecord, output: CoderOutput): Searched {
  const { searched } = run.checkpoint;
  if (output.kind !== 'proposed' && output.kind !== 'nothing') return searched;
  const fresh = searched.kept === null;
  return {
    // What an interrupted search had used up was counted then.
    ms: searched.ms + (fresh ? output.account.durationMs : 0),
    candidates: searched.candidates + (fresh ? output.account.tried : 0),
    tried: [...new Set([...searched.tried, ...output.tried])].slice(0, MAX_TRIED),
    kept: null,
  };
}

interface Searching {
  readonly account: SearchAccount;
  readonly searched: Searched;
}

/** True when time alone ended the search, and there is more of it. */
export function maySearchOn({ options }: RunRecord, { account, searched }: Searching): boolean {
  return (
    account.ending === 'wall-limit' &&
    account.tried > 0 &&
    searched.tried.length < MAX_TRIED &&
    options.search.budgetMs - searched.ms >= WORTH_MS &&
    options.search.candidates > searched.candidates
  );
}

/** Why the run ends without a fix, in a sentence with the bound that was hit. */
export function whyNothing({ options }: RunRecord, { account, searched }: Searching): string {
  const { search } = options;
  const tried = `${plural(searched.candidates, 'candidate')} tried`;
  switch (account.ending) {
    case 'exhausted':
      return `No small change makes the failing tests pass: all that the engine knows were tried (${tried})`;
    case 'wall-limit':
      return searched.ms >= search.budgetMs - WORTH_MS
        ? `The time for searching, ${Math.round(search.budgetMs / 1_000)} s, was used up without a fix (${tried})`
        : `The search was stopped by its time without a fix (${tried})`;
    case 'candidate-limit':
      return `The limit of ${plural(search.candidates, 'candidate')} was reached without a fix`;
    default:
      return `The search for a fix ended without one (${plainText(account.ending)}, ${tried})`;
  }
}

/** An interrupted search: what it found is proposed when the run goes on, what it tried is not tried again. */
export function interrupted({ run }: StepContext, output: CoderOutput): StepPause {
  const next = `cambium run resume ${run.key}`;
  if (output.kind !== 'proposed' && output.kind !== 'nothing') {
    return { kind: 'pause', paused: { reason: plainText(output.reason), next } };
  }
  const { account } = output;
  const searched = searchedAfter(run, output);
  const tried = `${plural(account.tried, 'candidate')} tried`;
  if (output.kind === 'nothing' || output.edits.length === 0) {
    const reason = `${tried}, none plausible so far; the search goes on from there`;
    return { kind: 'pause', paused: { reason, next }, checkpoint: { ...run.checkpoint, searched } };
  }
  const { digest, template, reason, edits } = output;
  const kept = { candidate: { digest, template, reason: plainText(reason), edits }, account };
  return {
    kind: 'pause',
    paused: { reason: `${tried}; the best so far is kept, not proven yet: ${plainText(reason)}`, next },
    checkpoint: { ...run.checkpoint, searched: { ...searched, kept } },
  };
}

/** What an interrupted search had found, as the coder's answer; null when there is nothing. */
export function keptOutput({ kept }: Searched): CoderOutput | null {
  if (kept === null) return null;
  return { kind: 'proposed', ...kept.candidate, account: kept.account, tried: [] };
}
