// Second changes: what can be done to the text that a first change left, told as edits of the text before both.
import { languageOfFile, type SyntaxNode, type SyntaxReader } from '#code/syntax.ts';
import { applyEdits, beforeEdits, composeEdits, type Edit } from './edits.ts';
import {
  createIdeaQueue,
  type Idea,
  type IdeaQueue,
  joined,
  type Located,
  type SpaceOptions,
} from './enumerate.ts';
import { scopesOf } from './scope.ts';

export interface SequelParts {
  /** The scopes of the single changes. */
  readonly located: readonly Located[];
  readonly reader: SyntaxReader;
  readonly options: SpaceOptions;
}

export interface Sequels {
  /**
   * Changes to the function that `first` changed, inside its new text as well as beside it; `peek` tells the second's
   * cost alone. Null when the changed text cannot be read.
   */
  readonly after: (first: Idea) => IdeaQueue | null;
}

/** Second changes looked at for one first change. */
const MAX_SEQUELS = 4_000;

export function createSequels({ located, reader, options }: SequelParts): Sequels {
  // Learned rewrites were matched with the text before; in another one their places are others.
  const advice = options.advice && { shift: options.advice.shift, proposals: () => [] };
  return {
    after: (first) => {
      const [edit] = first.edits;
      const place = located
        .filter(({ scope }) => scope.file === first.file && edit !== undefined && holds(scope.node, edit))
        .sort((a, b) => width(a.scope.node) - width(b.scope.node))[0];
      const language = languageOfFile(first.file);
      if (place === undefined || language === null) return null;
      const before = place.scope.source;
      const { root, hasError } = reader.parse(language, applyEdits(before, first.edits));
      if (hasError) return null;
      // In the changed text a node is as suspicious as the place that it comes from.
      const suspicionOf = (node: SyntaxNode) =>
        place.suspicionOf(innermost(place.scope.node, beforeEdits(first.edits, node)));
      const scope = scopesOf(first.file, root, place.grammar).find(
        (one) =>
          one.node.kind === place.scope.node.kind &&
          holds(place.scope.node, beforeEdits(first.edits, one.node)) &&
          (one.node.parent === null) === (place.scope.node.parent === null),
      );
      if (scope === undefined) return null;
      const queue = createIdeaQueue([{ scope, grammar: place.grammar, suspicionOf }], {
        ...options,
        ...(advice && { advice }),
        maxIdeas: MAX_SEQUELS,
      });
      return {
        ...queue,
        next: () => {
          const second = queue.next();
          return second === null
            ? null
            : joined(first, second, composeEdits(before, first.edits, second.edits));
        },
      };
    },
  };
}

function width(node: SyntaxNode): number {
  return node.end - node.start;
}

function holds(node: SyntaxNode, stretch: Pick<Edit, 'start' | 'end'>): boolean {
  return node.start <= stretch.start && node.end >= stretch.end;
}

function innermost(root: SyntaxNode, stretch: Pick<Edit, 'start' | 'end'>): SyntaxNode {
  let at = root;
  for (;;) {
    const inner = at.children.find((child) => holds(child, stretch));
    if (inner === undefined) return at;
    at = inner;
  }
}
