// Candidates for the suspects, cheapest first: every template at every place, by the cost of the change and the suspicion.

import type { SyntaxNode } from '#code/syntax.ts';
import type { Candidate } from '#contracts/edit.ts';
import { changeDigest, type Edit, editsAreDisjoint } from './edits.ts';
import type { Grammar } from './grammar/types.ts';
import type { Advice } from './learn/propose.ts';
import type { Scope } from './scope.ts';
import { conditionTemplates } from './templates/conditions.ts';
import { nameTemplates } from './templates/names.ts';
import { operatorTemplates } from './templates/operators.ts';
import { severalPlaces } from './templates/several.ts';
import { shapeTemplates } from './templates/shape.ts';
import { statementTemplates } from './templates/statements.ts';
import type { Proposal, Site, Template } from './templates/types.ts';

export interface Located {
  readonly scope: Scope;
  readonly grammar: Grammar;
  /** Suspicion in (0, 1] of a node of the scope; 0 leaves it out. */
  readonly suspicionOf: (node: SyntaxNode) => number;
}

export interface Hints {
  /** Short string literals of the failing tests. */
  readonly testStrings: readonly string[];
  /** What was learned: other candidates, and other costs. */
  readonly advice: Pick<Advice, 'proposals' | 'shift'>;
}

/** A change that has a cost, not yet tried. */
export interface Idea extends Proposal {
  readonly file: string;
  /** Kind of the node that it was made for. */
  readonly kind: string;
  readonly cost: number;
}

const TEMPLATES: readonly Template[] = [
  ...operatorTemplates,
  ...nameTemplates,
  ...shapeTemplates,
  ...conditionTemplates,
  ...statementTemplates,
];

/** −2·log2 of the suspicion is added to the bits of a change. */
const SUSPICION_WEIGHT = 2;

/**
 * Ideas for all scopes in order of cost; equal costs in order of place, then of template. The same inputs give the
 * same order. At most `maxIdeas` are made, from the most suspicious scopes first.
 */
export function enumerateIdeas(
  located: readonly Located[],
  { testStrings, advice }: Hints,
  maxIdeas: number,
): { ideas: Idea[]; cut: boolean } {
  const ideas: Idea[] = [];
  const ranked = located
    .map((one) => ({
      one,
      best: Math.max(0, ...one.scope.statements.map(one.suspicionOf), one.suspicionOf(one.scope.node)),
    }))
    .filter(({ best }) => best > 0)
    .sort((a, b) => b.best - a.best);
  for (const { one } of ranked) {
    for (const idea of ideasOf(one, { testStrings, advice })) ideas.push(idea);
    if (ideas.length > maxIdeas) break;
  }
  const cut = ideas.length > maxIdeas;
  ideas.sort((a, b) => a.cost - b.cost || place(a) - place(b) || compare(a.reason, b.reason));
  return { ideas, cut };
}

function* ideasOf(located: Located, { testStrings, advice }: Hints): Iterable<Idea> {
  const { scope, grammar } = located;
  const seen = new Set<SyntaxNode>();
  const visit = function* (node: SyntaxNode): Iterable<Idea> {
    if (seen.has(node)) return;
    seen.add(node);
    const suspicion = located.suspicionOf(node);
    if (suspicion <= 0) return;
    for (const learned of advice.proposals(scope.file, node))
      yield ideaOf(learned, { scope, node }, suspicion);
    const site: Site = { node, scope, grammar, testStrings };
    for (const template of TEMPLATES) {
      for (const proposal of template(site)) {
        const bits = proposal.bits + advice.shift(proposal.template, node.kind);
        yield ideaOf({ ...proposal, bits }, { scope, node }, suspicion);
      }
    }
  };
  for (const node of [...scope.expressions, ...scope.statements]) yield* visit(node);
  for (const node of otherParts(scope.node, grammar)) yield* visit(node);
  const suspicion = Math.max(0, ...scope.statements.map(located.suspicionOf));
  if (suspicion > 0) {
    for (const proposal of severalPlaces({ node: scope.node, scope, grammar, testStrings })) {
      const bits = proposal.bits + advice.shift(proposal.template, scope.node.kind);
      yield ideaOf({ ...proposal, bits }, { scope, node: scope.node }, suspicion);
    }
  }
}

function ideaOf(
  proposal: Proposal,
  { scope, node }: { readonly scope: Scope; readonly node: SyntaxNode },
  suspicion: number,
): Idea {
  const sizeBits = proposal.edits.reduce((sum, edit) => sum + edit.text.length, 0) / 200;
  const cost = proposal.bits + sizeBits - SUSPICION_WEIGHT * Math.log2(suspicion);
  return { ...proposal, file: scope.file, kind: node.kind, cost };
}

/** What is neither statement nor expression, yet can be changed: parts of an `if`, Python's assignments. */
function* otherParts(root: SyntaxNode, grammar: Grammar): Iterable<SyntaxNode> {
  for (const child of root.children) {
    const part = /^(?:else_clause|elif_clause|if_clause)$/.test(child.kind);
    if (part || grammar.assignments.has(child.kind)) yield child;
    yield* otherParts(child, grammar);
  }
}

function place(idea: Idea): number {
  return idea.edits[0]?.start ?? 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Two changes as one; null when they touch the same characters or different files. */
export function combine(a: Idea, b: Idea): Idea | null {
  if (a.file !== b.file) return null;
  const edits: Edit[] = [...a.edits, ...b.edits];
  if (!editsAreDisjoint(edits)) return null;
  const template = a.template === b.template ? a.template : `${a.template}+${b.template}`;
  return {
    template,
    edits,
    file: a.file,
    kind: a.kind,
    bits: a.bits + b.bits,
    cost: a.cost + b.cost,
    reason: `${a.reason}; ${b.reason}`,
  };
}

/** The candidate of an idea, with its digest over the edited text. */
export function candidateOf(idea: Idea, textOf: (file: string) => string, line: number): Candidate {
  const edits = idea.edits.map((edit) => ({ ...edit, file: idea.file }));
  const reason = `In ${idea.file}, line ${line}: ${idea.reason}.`;
  return { digest: changeDigest(edits, textOf), template: idea.template, reason, edits };
}
