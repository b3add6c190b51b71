// Order among plausible candidates: cheap and small first; what removes behaviour or fits the tests only comes last.
import type { Idea } from './enumerate.ts';

/** Bits added for kinds of change that pass weak tests without being right. */
const OVERFIT_BITS: Readonly<Record<string, number>> = {
  'return-value': 2,
  'variable-to-literal': 2,
  guard: 1,
};

const BITS_PER_REMOVED_CHARACTER = 0.02;

/** Best first; deterministic: equal scores keep the order of the text. Blunt changes come after all others. */
export function rankPlausible(ideas: readonly Idea[]): Idea[] {
  return [...ideas].sort(
    (a, b) =>
      Number(isBlunt(a)) - Number(isBlunt(b)) ||
      score(a) - score(b) ||
      (a.edits[0]?.start ?? 0) - (b.edits[0]?.start ?? 0),
  );
}

/** Takes behaviour away rather than mending it: deletes, decides a condition for good, or returns a constant. */
export function isBlunt(idea: Idea): boolean {
  const parts = idea.template.split('+');
  if (parts.some((part) => TAKES_AWAY.has(part))) return true;
  if (idea.nothingLost === true) return false;
  return parts.includes('return-value') && idea.edits.some((edit) => CONSTANT.test(edit.text));
}

const TAKES_AWAY = new Set(['delete', 'condition-constant', 'unwrap-block']);

const CONSTANT =
  /^(?:return\s+)?(?:-?\d[\d.]*|true|false|null|undefined|NaN|True|False|None|\[\]|\{\}|\(\)|'[^']*'|"[^"]*");?$/;

function score(idea: Idea): number {
  const penalty = idea.template.split('+').reduce((sum, name) => sum + (OVERFIT_BITS[name] ?? 0), 0);
  const removed = idea.edits.reduce(
    (sum, edit) => sum + Math.max(0, edit.end - edit.start - edit.text.length),
    0,
  );
  return idea.cost + penalty + removed * BITS_PER_REMOVED_CHARACTER;
}
