// Candidates for the suspects, cheapest first: every template at every place, by the cost of the change and the suspicion.

import type { SyntaxNode } from '#code/syntax.ts';
import type { Candidate } from '#contracts/edit.ts';
import { changeDigest, type Edit, editsAreDisjoint } from './edits.ts';
import type { Grammar } from './grammar/types.ts';
import { createHeap } from './heap.ts';
import type { Advice } from './learn/propose.ts';
import type { Scope } from './scope.ts';
import { STAGES } from './templates/all.ts';
import type { Proposal, Site, Template } from './templates/types.ts';

export interface Located {
  readonly scope: Scope;
  readonly grammar: Grammar;
  /** Suspicion in (0, 1] of a node of the scope; 0 leaves it out. */
  readonly suspicionOf: (node: SyntaxNode) => number;
}

/** A change that has a cost, not yet tried. */
export interface Idea extends Proposal {
  readonly file: string;
  /** Kind of the node that it was made for. */
  readonly kind: string;
  readonly cost: number;
}

export interface Hints {
  /** Short string literals of the failing tests. */
  readonly testStrings: readonly string[];
  /** What was learned: other candidates, and other costs. */
  readonly advice?: Pick<Advice, 'proposals' | 'shift'>;
}

export interface SpaceOptions extends Hints {
  /** Ideas made at most, over all places. */
  readonly maxIdeas: number;
  /** Names of templates left out: to see what each is worth. */
  readonly without?: ReadonlySet<string>;
}

/** Ideas made on demand, in order of cost. */
export interface IdeaQueue {
  /** The cheapest that was not given out yet; null when there is none. */
  next(): Idea | null;
  /** Cost of what `next` would give; infinite when there is nothing. */
  peek(): number;
  /** Given out so far, in order. */
  readonly given: readonly Idea[];
  /** How many there will be in all, judged by the places looked at so far. */
  expected(): number;
  /** True when the bound on their number left some out. */
  cut(): boolean;
}

/** −2·log2 of the suspicion is added to the bits of a change. */
const SUSPICION_WEIGHT = 2;
/** Least bits of any change, and most that learning takes off. */
const LEAST_BITS = 0.5;
const MOST_LEARNED_BITS = 2.5;

/** Taken for places of a stage of which none was looked at yet. */
const UNSEEN = { places: 1, ideas: 40 };

interface Task {
  /** Nothing that the task makes is cheaper. */
  readonly bound: number;
  readonly order: number;
  readonly located: Located;
  readonly site: Site;
  readonly suspicion: number;
  readonly templates: readonly Template[];
}

/**
 * Ideas for all scopes in order of cost; equal costs in order of place, then of template. The same inputs give the
 * same order. Places are looked at when their turn comes, so that the first idea does not wait for the last place.
 */
export function createIdeaQueue(located: readonly Located[], options: SpaceOptions): IdeaQueue {
  const tasks = located.flatMap((one) => tasksOf(one, options));
  tasks.sort((a, b) => a.bound - b.bound || a.order - b.order);
  const heap = createHeap<Idea>(compareIdeas);
  const known = new Set<string>();
  const given: Idea[] = [];
  let at = 0;
  let made = 0;
  const byTemplates = new Map<readonly Template[], { places: number; ideas: number }>();
  const fill = () => {
    for (let task = tasks[at]; task !== undefined; task = tasks[at]) {
      const top = heap.peek();
      if (made >= options.maxIdeas || (top !== null && top.cost < task.bound)) return;
      at += 1;
      const before = made;
      for (const idea of ideasOf(task, options)) {
        const key = keyOf(idea, task.located.scope.source);
        if (key === null || known.has(key)) continue;
        known.add(key);
        heap.push(idea);
        made += 1;
      }
      const count = byTemplates.get(task.templates) ?? { places: 0, ideas: 0 };
      byTemplates.set(task.templates, { places: count.places + 1, ideas: count.ideas + made - before });
    }
  };
  return {
    next: () => {
      fill();
      const idea = heap.pop();
      if (idea !== null) given.push(idea);
      return idea;
    },
    peek: () => {
      fill();
      return heap.peek()?.cost ?? Number.POSITIVE_INFINITY;
    },
    given,
    expected: () => {
      let more = 0;
      for (const task of tasks.slice(at)) {
        const { places, ideas } = byTemplates.get(task.templates) ?? UNSEEN;
        more += ideas / places;
      }
      return Math.min(options.maxIdeas, Math.round(made + more));
    },
    cut: () => made >= options.maxIdeas && at < tasks.length,
  };
}

/** All ideas at once, in order of cost. */
export function enumerateIdeas(
  located: readonly Located[],
  hints: Hints,
  maxIdeas: number,
): { readonly ideas: readonly Idea[]; readonly cut: boolean } {
  const queue = createIdeaQueue(located, { ...hints, maxIdeas });
  while (queue.next() !== null);
  return { ideas: queue.given, cut: queue.cut() };
}

function tasksOf(located: Located, options: SpaceOptions): Task[] {
  const { scope, grammar } = located;
  const tasks: Task[] = [];
  const add = (node: SyntaxNode, suspicion: number, perScope: boolean) => {
    const extra =
      -SUSPICION_WEIGHT * Math.log2(suspicion) - (options.advice === undefined ? 0 : MOST_LEARNED_BITS);
    const { testStrings } = options;
    const site: Site = { node, scope, grammar, testStrings, known: nothingKnown() };
    for (const stage of STAGES[grammar.family]) {
      if (stage.perScope !== perScope) continue;
      tasks.push({
        bound: stage.floor + extra,
        order: node.start,
        located,
        site,
        suspicion,
        templates: stage.templates,
      });
    }
  };
  const seen = new Set<SyntaxNode>();
  const visit = (node: SyntaxNode) => {
    if (seen.has(node)) return;
    seen.add(node);
    const suspicion = located.suspicionOf(node);
    if (suspicion <= 0) return;
    add(node, suspicion, false);
    const learned = options.advice?.proposals(scope.file, node) ?? [];
    if (learned.length > 0) {
      const site: Site = { node, scope, grammar, testStrings: [], known: nothingKnown() };
      // Before all others: a template may make the same change, and the first to make it gives it its name and cost.
      const bound = Number.NEGATIVE_INFINITY;
      tasks.push({ bound, order: node.start, located, site, suspicion, templates: [() => learned] });
    }
  };
  scope.expressions.forEach(visit);
  scope.statements.forEach(visit);
  for (const node of otherParts(scope.node, grammar)) visit(node);
  // One at a time: a scope may have more statements than a call takes arguments.
  const most = scope.statements.reduce((best, one) => Math.max(best, located.suspicionOf(one)), 0);
  if (most > 0) add(scope.node, most, true);
  return tasks;
}

function nothingKnown(): Site['known'] {
  return { names: null, conditions: null, inSight: null };
}

function* ideasOf(task: Task, options: SpaceOptions): Iterable<Idea> {
  const { scope } = task.located;
  const { without, advice } = options;
  const { site, suspicion } = task;
  const { node } = site;
  for (const template of task.templates) {
    for (const proposal of template(site)) {
      if (without?.has(proposal.template) === true) continue;
      const shift = Math.max(-MOST_LEARNED_BITS, advice?.shift(proposal.template, node.kind) ?? 0);
      const bits = Math.max(LEAST_BITS, proposal.bits + shift);
      const sizeBits = proposal.edits.reduce((sum, edit) => sum + edit.text.length, 0) / 200;
      const cost = bits + sizeBits - SUSPICION_WEIGHT * Math.log2(suspicion);
      yield { ...proposal, bits, file: scope.file, kind: node.kind, cost };
    }
  }
}

/** What two ideas share that make the same text, white space aside; null when nothing changes. */
function keyOf(idea: Idea, source: string): string | null {
  let key = idea.file;
  let changes = false;
  for (const { start, end, text } of idea.edits) {
    const old = source.slice(start, end);
    let head = 0;
    while (head < old.length && head < text.length && old[head] === text[head]) head += 1;
    let tail = 0;
    const room = Math.min(old.length, text.length) - head;
    while (tail < room && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail += 1;
    if (head + tail === old.length && head + tail === text.length) continue;
    changes = true;
    key += `\0${start + head}:${end - tail}:${text.slice(head, text.length - tail).replace(/\s+/g, ' ')}`;
  }
  return changes ? key : null;
}

/** What is neither statement nor expression, yet can be changed: parts of an `if`, Python's assignments, members of objects. */
function* otherParts(root: SyntaxNode, grammar: Grammar): Iterable<SyntaxNode> {
  for (const child of root.children) {
    const part =
      /^(?:else_clause|elif_clause|if_clause|switch_case|switch_default|variable_declarator)$/.test(
        child.kind,
      );
    if (part || grammar.assignments.has(child.kind)) yield child;
    yield* otherParts(child, grammar);
  }
}

function compareIdeas(a: Idea, b: Idea): number {
  return a.cost - b.cost || place(a) - place(b) || compare(a.reason, b.reason) || compare(a.file, b.file);
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
  return joined(a, b, edits);
}

/** Two changes told as one, with the edits that make both. */
export function joined(a: Idea, b: Idea, edits: readonly Edit[]): Idea {
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
