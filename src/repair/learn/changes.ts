// Where two versions of a file differ, as pairs of nodes: descending in step as long as only one place differs.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Grammar } from '../grammar/types.ts';

/** The same place before and after. */
export interface Pair {
  readonly before: SyntaxNode;
  readonly after: SyntaxNode;
}

/** A changed place, with the pairs round it from the nearest to the outermost. */
export interface ChangedPlace extends Pair {
  readonly around: readonly Pair[];
  /** Statements that came in directly before (or behind) `before`, which itself stayed. */
  readonly inserted: { readonly nodes: readonly SyntaxNode[]; readonly where: 'before' | 'behind' } | null;
  /** `before` is left out. */
  readonly deleted: boolean;
}

const MAX_PLACES = 4;

/** The places where the trees differ, in source order; null when there are more than a few. */
export function changedPlaces(
  before: SyntaxNode,
  after: SyntaxNode,
  grammar: Grammar,
): ChangedPlace[] | null {
  const found: ChangedPlace[] = [];
  const visit = (pair: Pair, around: readonly Pair[]): void => {
    if (pair.before.text === pair.after.text || found.length > MAX_PLACES) return;
    const olds = meaningful(pair.before);
    const news = meaningful(pair.after);
    const same = pair.before.kind === pair.after.kind && olds.length > 0 && news.length > 0;
    const inside = [pair, ...around];
    if (same && olds.length === news.length) {
      const pairs = olds.flatMap((old, index) => {
        const now = news[index];
        return now === undefined || now.text === old.text ? [] : [{ before: old, after: now }];
      });
      if (pairs.length === 1 || (grammar.blocks.has(pair.before.kind) && pairs.length > 0)) {
        for (const one of pairs) visit(one, inside);
        return;
      }
    } else if (same && grammar.blocks.has(pair.before.kind)) {
      const place = inserted(olds, news, inside);
      if (place !== null) {
        found.push(place);
        return;
      }
    }
    found.push({ ...pair, around, inserted: null, deleted: false });
  };
  visit({ before, after }, []);
  return found.length > MAX_PLACES ? null : found;
}

function meaningful(node: SyntaxNode): SyntaxNode[] {
  return node.children.filter((child) => child.kind !== 'comment' && child.end > child.start);
}

/** A list of statements that grew or lost one in one place; null when more happened. */
function inserted(
  olds: readonly SyntaxNode[],
  news: readonly SyntaxNode[],
  around: readonly Pair[],
): ChangedPlace | null {
  const least = Math.min(olds.length, news.length);
  let head = 0;
  while (head < least && olds[head]?.text === news[head]?.text) head += 1;
  let tail = 0;
  while (tail < least - head && olds.at(-1 - tail)?.text === news.at(-1 - tail)?.text) tail += 1;
  const gone = olds.slice(head, olds.length - tail);
  const come = news.slice(head, news.length - tail);
  const [only] = gone;
  if (come.length === 0 && gone.length === 1 && only?.named) {
    return { before: only, after: only, around, inserted: null, deleted: true };
  }
  if (gone.length > 0 || come.length === 0 || come.some((node) => !node.named)) return null;
  const next = olds[head]?.named === true ? { old: olds[head], now: news[head + come.length] } : null;
  const anchor = next ?? { old: olds[head - 1], now: news[head - 1] };
  if (anchor.old?.named !== true || anchor.now === undefined) return null;
  const where = next === null ? 'behind' : 'before';
  return { before: anchor.old, after: anchor.now, around, inserted: { nodes: come, where }, deleted: false };
}
