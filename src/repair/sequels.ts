// Second changes: what can be done to the text that a first change left, told as edits of the text before both.
import { languageOfFile, type SyntaxNode, type SyntaxReader } from '#code/syntax.ts';
import { applyEdits, beforeEdits, composeEdits, type Edit } from './edits.ts';
import { createIdeaQueue, type Idea, type IdeaQueue, joined, type SpaceOptions } from './enumerate.ts';
import { scopesOf } from './scope.ts';
import type { SourceFile } from './sources.ts';

export interface SequelParts {
  readonly files: readonly SourceFile[];
  readonly reader: SyntaxReader;
  readonly suspicionOf: (node: SyntaxNode) => number;
  readonly options: SpaceOptions;
}

/** Changes to the function that `first` changed, inside its new text as well as beside it; `peek` tells the second's cost alone. */
export interface Sequels {
  readonly after: (first: Idea) => IdeaQueue | null;
}

const MAX_SEQUELS = 4_000;

export function createSequels(parts: SequelParts): Sequels {
  return {
    after: (first) => {
      const file = parts.files.find((one) => one.path === first.file);
      const language = languageOfFile(first.file);
      if (file === undefined || language === null) return null;
      const text = applyEdits(file.text, first.edits);
      const { root, hasError } = parts.reader.parse(language, text);
      if (hasError) return null;
      const suspicionOf = suspicionAfter(first.edits, file, parts.suspicionOf);
      const located = scopesOf(first.file, root, file.grammar)
        .filter((scope) => holdsEdit(scope.node, first.edits))
        .sort((a, b) => width(a.node) - width(b.node))
        .slice(0, 1)
        .map((scope) => ({ scope, grammar: file.grammar, suspicionOf }));
      const queue = createIdeaQueue(located, { ...parts.options, maxIdeas: MAX_SEQUELS });
      return {
        ...queue,
        next: () => {
          const second = queue.next();
          if (second === null) return null;
          const edits = composeEdits(file.text, first.edits, second.edits);
          return joined(first, second, edits);
        },
      };
    },
  };
}

function width(node: SyntaxNode): number {
  return node.end - node.start;
}

function holdsEdit(node: SyntaxNode, edits: readonly Edit[]): boolean {
  let shift = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    const from = edit.start + shift;
    if (node.start <= from && node.end >= from + edit.text.length) return true;
    shift += edit.text.length - (edit.end - edit.start);
  }
  return false;
}

/** Suspicion in the changed text: of the place in the text before that a node comes from. */
function suspicionAfter(
  edits: readonly Edit[],
  file: SourceFile,
  suspicionOf: (node: SyntaxNode) => number,
): (node: SyntaxNode) => number {
  return (node) => {
    const stretch = beforeEdits(edits, node);
    return suspicionOf(innermost(file.root, stretch));
  };
}

function innermost(root: SyntaxNode, stretch: { start: number; end: number }): SyntaxNode {
  let at = root;
  for (;;) {
    const inner = at.children.find((child) => child.start <= stretch.start && child.end >= stretch.end);
    if (inner === undefined) return at;
    at = inner;
  }
}
