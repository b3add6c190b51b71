// What learning adds to a search: candidates of learned rewrites at the nodes where they match, and shifts of costs.
import { findRewrites } from '#code/rewrite.ts';
import { languageOfFile, type SyntaxNode } from '#code/syntax.ts';
import type { Grammar } from '../grammar/types.ts';
import { type Learned, type LearnedRewrite, learnedTemplate, toldOf } from '../learned.ts';
import type { Proposal } from '../templates/types.ts';
import { type BitsShift, createBitsShift, type FamilyPrior, NO_PRIOR, rewriteBits } from './priors.ts';
import { readShippedPrior } from './shipped.ts';

/** How a search uses what was learned; made once for each search. */
export interface Advice {
  /** Bits to add to the cost of a template's change at a node of this kind. */
  readonly shift: BitsShift;
  /** Candidates of learned rewrites for exactly this node. */
  proposals(file: string, node: SyntaxNode): readonly Proposal[];
  /** Places in the searched files where each rewrite matches, by key. */
  readonly matches: ReadonlyMap<string, number>;
}

export interface AdviceRequest {
  readonly family: Grammar['family'];
  readonly learned: Learned;
  /** Files that the search may change. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** In place of the shipped prior. */
  readonly prior?: FamilyPrior;
}

const MAX_REWRITES = 64;
const MAX_FILES = 40;
const MAX_CHARS = 1_000_000;
const MAX_MATCHES_EACH = 60;

export function createAdvice(request: AdviceRequest): Advice {
  const { family, learned } = request;
  const rewrites = learned.rewrites.filter((one) => one.family === family).slice(0, MAX_REWRITES);
  const places = new Map<string, Proposal[]>();
  const matches = new Map<string, number>();
  for (const { path, text } of rewrites.length === 0 ? [] : bounded(request.files)) {
    const language = languageOfFile(path);
    if (language === null) continue;
    const found = findRewrites(language, text, { rules: rewrites, maxEach: MAX_MATCHES_EACH });
    rewrites.forEach((rewrite, index) => {
      for (const match of found[index] ?? []) {
        const key = placeKey(path, { kind: rewrite.kind, start: match.start, end: match.end });
        const fits =
          rewrite.parentKinds.includes(match.parentKind) ||
          rewrite.errorClasses.some((name) => learned.errorClasses.includes(name));
        places.set(key, [...(places.get(key) ?? []), proposal(rewrite, { ...match, fits })]);
        matches.set(rewrite.key, (matches.get(rewrite.key) ?? 0) + 1);
      }
    });
  }
  return {
    shift: createBitsShift(request.prior ?? readShippedPrior()[family] ?? NO_PRIOR, learned.outcomes),
    proposals: (file, node) => places.get(placeKey(file, node)) ?? [],
    matches,
  };
}

function placeKey(file: string, node: Pick<SyntaxNode, 'kind' | 'start' | 'end'>): string {
  return `${node.start}:${node.end}:${node.kind}:${file}`;
}

function bounded(files: AdviceRequest['files']): AdviceRequest['files'] {
  let chars = 0;
  return files.slice(0, MAX_FILES).filter(({ text }) => {
    chars += text.length;
    return chars <= MAX_CHARS;
  });
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly fits: boolean;
}

function proposal(rewrite: LearnedRewrite, { start, end, text, fits }: Place): Proposal {
  return {
    template: learnedTemplate(rewrite),
    bits: rewriteBits({ ...rewrite, fits }),
    edits: [{ start, end, text }],
    reason: toldOf(rewrite),
  };
}
