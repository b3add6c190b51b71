// Runs inside the sandbox. Judges candidates: where files stay as loaded, by switching functions; else by loading all anew.
import type { Guarded } from './javascript-muzzle.ts';
import { type Answer, type Candidate, judged, turn, type Visit } from './javascript-rounds.ts';
import { type Attempted, SMALL_CHUNK, type Worlds } from './javascript-worlds.ts';
import type { TryMessage, WireEdit } from './protocol.ts';

export interface AttemptParts {
  readonly state: Guarded;
  readonly base: ReadonlyMap<string, string>;
  readonly texts: Map<string, string>;
  /** Loads the file of the tests and runs them. */
  readonly visit: Visit;
  /** Everything is loaded anew after this. */
  readonly fresh: () => void;
  /** Puts the built-ins back: what the candidate made of them must not decide about it. */
  readonly originals: () => void;
  readonly worlds: Worlds;
}

export interface Told {
  readonly report: (id: number, answer: Answer) => void;
  /** Which candidate of the message is being tried, by its place. */
  readonly at: (index: number) => void;
}

/** Candidates judged before their answers are checked and sent. */
const SEGMENT = 192;
const SEGMENT_MS = 150;
/** A chunk in which something was left behind is judged again in this many parts. */
const PARTS = 4;

/** Judges all candidates of a message, in order. Answers are those that loading everything anew would give. */
export async function attemptAll(message: TryMessage, parts: AttemptParts, told: Told): Promise<void> {
  const { candidates } = message;
  const job = { message, parts, told };
  for (let from = 0; from < candidates.length; ) {
    parts.state.limit = message.ticks;
    const answers = await segment(from, job);
    for (let i = 0; i < answers.length; i += 1)
      told.report((candidates[from + i] as Candidate).id, answers[i] as Answer);
    from += answers.length;
  }
  parts.fresh();
}

interface Job {
  readonly message: TryMessage;
  readonly parts: AttemptParts;
  readonly told: Told;
}

/** Some candidates from a place on, by switching where that can be; then it is tested whether it can be trusted. */
async function segment(from: number, job: Job): Promise<Answer[]> {
  const { message, parts, told } = job;
  const { worlds } = parts;
  const began = performance.now();
  const answers: Answer[] = [];
  const switched: number[] = [];
  let sample = -1;
  let trusted = true;
  const upTo = Math.min(message.candidates.length, from + SEGMENT);
  for (let at = from; at < upTo && trusted && performance.now() - began < SEGMENT_MS; ) {
    const quick = await chunk(at, Math.min(upTo, at + worlds.chunkSize()), job);
    for (let k = 0; k < quick.length; k += 1) {
      const attempted = quick[k] ?? null;
      let answer = attempted?.answer ?? null;
      const isSwitched = answer !== null && answer.verdict !== 'pass';
      if (answer === null || !isSwitched) {
        told.at(at + k);
        const anew = await byLoading(message.candidates[at + k] as Candidate, message, parts);
        // What passes only without being loaded anew lives on what others left behind.
        trusted &&= answer === null || anew.verdict === 'pass';
        answer = anew;
      } else switched[switched.length] = at + k;
      if (sample < 0 && isSwitched && attempted?.isBuilt === true) sample = at + k;
      answers[at + k - from] = { ...answer, switched: isSwitched };
    }
    at += quick.length;
  }
  if (trusted && switched.length > 0) trusted = await worlds.isSteady(message);
  if (trusted && sample >= 0 && worlds.isSampleDue()) {
    told.at(sample);
    const anew = await byLoading(message.candidates[sample] as Candidate, message, parts);
    trusted = isSame(anew, answers[sample - from] as Answer);
  }
  if (trusted) return answers;
  worlds.giveUp();
  for (const index of switched) {
    told.at(index);
    answers[index - from] = await byLoading(message.candidates[index] as Candidate, message, parts);
  }
  return answers;
}

/**
 * Answers by switching, null where that cannot be. Where something was left behind, all are judged again in smaller
 * chunks; in the smallest, each alone and looked after.
 */
async function chunk(from: number, upTo: number, job: Job): Promise<(Attempted | null)[]> {
  const { worlds } = job.parts;
  const careful = worlds.isCareful();
  const answers = await attempts(from, upTo, { ...job, careful });
  if (careful || (await worlds.isClean(upTo - from))) return answers;
  if (upTo - from <= SMALL_CHUNK) return attempts(from, upTo, { ...job, careful: true });
  const again: (Attempted | null)[] = [];
  const step = Math.ceil((upTo - from) / PARTS);
  for (let at = from; at < upTo; at += step) {
    for (const answer of await chunk(at, Math.min(upTo, at + step), job)) again[again.length] = answer;
  }
  return again;
}

async function attempts(
  from: number,
  upTo: number,
  { message, parts, told, careful }: Job & { readonly careful: boolean },
): Promise<(Attempted | null)[]> {
  const answers: (Attempted | null)[] = [];
  if (!careful) parts.worlds.prepare(message.candidates.slice(from, upTo), message);
  for (let i = from; i < upTo; i += 1) {
    told.at(i);
    answers[i - from] = await parts.worlds.attempt(message.candidates[i] as Candidate, message, careful);
  }
  return answers;
}

/** Turns are not counted alike while files are loaded; all else must agree. */
function isSame(a: Answer, b: Answer): boolean {
  if (a.verdict === 'slow' || b.verdict === 'slow') return true;
  return (
    a.verdict === b.verdict &&
    a.failed === b.failed &&
    a.fixed.join('\n') === b.fixed.join('\n') &&
    a.lines.join() === b.lines.join()
  );
}

/** Everything loaded anew for every file of tests, with the candidate in place. */
async function byLoading(candidate: Candidate, message: TryMessage, parts: AttemptParts): Promise<Answer> {
  const { state, texts } = parts;
  texts.clear();
  for (const [file, text] of editedTexts(candidate.edits, parts.base)) texts.set(file, text);
  const visit: Visit = async (wanted, pace, onEnd) => {
    parts.fresh();
    const passed = await parts.visit(wanted, pace, onEnd);
    await turn();
    if (passed) parts.originals();
    return passed;
  };
  const answer = await judged(message, visit, state);
  texts.clear();
  return answer;
}

function editedTexts(edits: readonly WireEdit[], base: ReadonlyMap<string, string>): Map<string, string> {
  const result = new Map<string, string>();
  const ordered = [...edits].sort((a, b) => b[1] - a[1] || b[2] - a[2]);
  for (const [file, begin, end, text] of ordered) {
    for (const [full, original] of base) {
      if (!full.endsWith(`/${file}`)) continue;
      const now = result.get(full) ?? original;
      result.set(full, now.slice(0, begin) + text + now.slice(end));
    }
  }
  return result;
}
