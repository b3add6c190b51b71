// Which template explains a developer's change: every candidate of the engine near the change, compared with the text after it.
import { familyOfFile } from '#code/languages.ts';
import { createSyntaxReader, languageOfFile, type SyntaxNode } from '#code/syntax.ts';
import { applyEdits } from '#repair/edits.ts';
import { enumerateIdeas, type Idea } from '#repair/enumerate.ts';
import { REPAIR_LANGUAGES } from '#repair/languages.ts';
import type { Advice } from '#repair/learn/propose.ts';
import { scopesOf } from '#repair/scope.ts';

export interface Explained {
  readonly family: 'javascript' | 'python';
  /** Candidates near the change, cheapest first. */
  readonly ideas: readonly Idea[];
  /** Place of the developer's change among them; null when no template makes it. */
  readonly rank: number | null;
}

/** Hand costs alone. */
const NO_ADVICE: Advice = { shift: () => 0, proposals: () => [], matches: new Map() };
const MAX_IDEAS = 20_000;
/** From the first changed character to the last: no template rewrites more. */
const MAX_RANGE_CHARS = 300;
/** As a fault ranking would: what stands within so many lines of the change is suspected alike. */
const NEAR_LINES = 3;

/** Null when a version cannot be read, or the change is not inside one function. */
export function explain(
  file: { readonly path: string; readonly before: string; readonly after: string },
  advice: Pick<Advice, 'shift' | 'proposals'> = NO_ADVICE,
): Explained | null {
  const language = languageOfFile(file.path);
  if (language === null) return null;
  const family = familyOfFile(file.path);
  // History was read for these two only.
  if (family !== 'javascript' && family !== 'python') return null;
  const { grammar } = REPAIR_LANGUAGES[family];
  const changed = changedRange(file.before, file.after);
  if (changed.end - changed.start > MAX_RANGE_CHARS || changed.added > MAX_RANGE_CHARS) return null;
  const reader = createSyntaxReader();
  const { root, hasError } = reader.parse(language, file.before);
  if (hasError || reader.parse(language, file.after).hasError) return null;
  const scope = scopesOf(file.path, root, grammar).find(
    ({ node }) => node.start <= changed.start && node.end >= changed.end,
  );
  if (scope === undefined) return null;
  const near = linesAround(file.before, changed);
  const behind = file.before.length - near.end;
  const wanted = squeezed(file.after.slice(near.start, file.after.length - behind));
  if (wanted === squeezed(file.before.slice(near.start, near.end))) return null;
  const suspicionOf = (node: SyntaxNode) => (node.start <= near.end && node.end >= near.start ? 1 : 0);
  const located = [{ scope, grammar, suspicionOf }];
  const { ideas } = enumerateIdeas(located, { testStrings: [], advice }, MAX_IDEAS);
  const rank = ideas.findIndex(({ edits }) => {
    // Outside of these lines both versions are the same, so a change there is not the developer's.
    if (edits.some((edit) => edit.start < near.start || edit.end > near.end)) return false;
    const text = applyEdits(file.before, edits);
    return squeezed(text.slice(near.start, text.length - behind)) === wanted;
  });
  return { family, ideas, rank: rank < 0 ? null : rank };
}

/** What counts as the same program: white space, semicolons, quotes and last commas do not. */
function squeezed(text: string): string {
  return text
    .replace(/[\s;]+/g, '')
    .replace(/"/g, "'")
    .replace(/,([)\]}])/g, '$1');
}

function changedRange(before: string, after: string) {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < least - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return { start, end: before.length - tail, added: after.length - tail - start };
}

function linesAround(text: string, { start, end }: { start: number; end: number }) {
  let from = start;
  for (let line = 0; line <= NEAR_LINES && from > 0; line += 1) from = text.lastIndexOf('\n', from - 1);
  let to = end;
  for (let line = 0; line <= NEAR_LINES && to >= 0; line += 1) to = text.indexOf('\n', to + 1);
  return { start: Math.max(0, from), end: to < 0 ? text.length : to };
}
