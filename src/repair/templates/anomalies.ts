// What a reader would wonder at: a loop whose condition nothing in it changes, a variable that keeps its first value, a
// flag that nobody reads, results that are exactly the wrong way round. Each is mended at the place that it points to.
import type { SyntaxNode } from '#code/syntax.ts';
import { unique } from '../scope.ts';
import {
  binariesOf,
  childOf,
  indentOf,
  insert,
  isReadFrom,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

/** Proposed once for a scope, whose node is the site's. */
export const anomalyTemplates: readonly Template[] = [idleLoops, keptValues, swappedResults];

const MAX_LOOPS = 12;

/** A loop that cannot end by its condition: the condition follows what the body changes, or the body changes what it asks. */
function* idleLoops(site: Site): Iterable<Proposal> {
  const loops = loopsOf(site).filter((loop) => /^(?:while|do)_statement$/.test(loop.kind));
  for (const loop of loops.slice(0, MAX_LOOPS)) {
    const condition = childOf(loop, 'condition');
    const body = childOf(loop, 'body');
    if (condition === null || body === null) continue;
    const asked = identifiersIn(condition).filter(isLocal(site));
    const changed = changedIn(body);
    if (asked.length === 0 || asked.some((one) => changed.has(one.text))) continue;
    yield* followedCounters(site, asked, countersIn(body));
    yield* missingSteps(site, unique(asked.map((one) => one.text)), body);
  }
}

/** `while (f(text)) at += 1` asks again and again about the same: about the part from `at` on, or the item there. */
function* followedCounters(
  site: Site,
  asked: readonly SyntaxNode[],
  counters: readonly string[],
): Iterable<Proposal> {
  const python = site.grammar.family === 'python';
  for (const name of asked) {
    if (isReadFrom(name)) continue;
    for (const counter of counters) {
      const forms = python
        ? [`${name.text}[${counter}:]`, `${name.text}[${counter}]`, `${name.text}[:${counter}]`]
        : [`${name.text}.slice(${counter})`, `${name.text}[${counter}]`, `${name.text}.slice(0, ${counter})`];
      for (const [index, text] of [...forms, counter].entries())
        yield {
          template: 'idle-loop',
          bits: 4 + index / 2,
          edits: [replace(name, text)],
          reason: `ask about ${text} in place of ${name.text}, which the loop does not change`,
        };
    }
  }
}

const MAX_STEPS = 8;

/** The body takes a step: an expression on the variable that the function computes anyway, or one that counts. */
function* missingSteps(site: Site, names: readonly string[], body: SyntaxNode): Iterable<Proposal> {
  const { scope, grammar } = site;
  const places = placesIn(body, site);
  for (const name of names.slice(0, 2)) {
    const computed = scope.expressions
      .filter((one) => one.start >= body.start && one.end <= body.end && one.end - one.start < 60)
      .filter((one) => {
        const pair = binariesOf(one, grammar)[0];
        return pair?.left.text === name && /^(?:[-+*/%]|\/\/|>>>?|<<)$/.test(pair.operator);
      })
      .map((one) => `${name} = ${one.text}${grammar.end}`);
    const steps: [string, number][] = unique(computed).map((text) => [text, 4]);
    steps.push([`${name} -= 1${grammar.end}`, 5], [`${name} += 1${grammar.end}`, 5]);
    for (const [text, bits] of steps.slice(0, MAX_STEPS))
      for (const place of places)
        yield {
          template: 'idle-loop',
          bits,
          edits: [place(text)],
          reason: `add ${text} to the loop that asks about ${name}`,
        };
  }
}

const MAX_KEPT = 3;

/** A variable that is read but keeps its first value for ever is counted up where the function loops, perhaps by a flag. */
function* keptValues(site: Site): Iterable<Proposal> {
  const { grammar } = site;
  const first = firstValues(site);
  const kept = [...first].filter(([, one]) => one.number && one.writes === 1 && one.reads > 0);
  if (kept.length === 0) return;
  const flags = [...first]
    .filter(([, one]) => one.writes > 1 && one.reads === 0)
    .map(([name, one]) => test(name, one));
  const loops = loopsOf(site).slice(0, MAX_LOOPS);
  for (const [name, one] of kept.slice(0, MAX_KEPT)) {
    for (const loop of loops) {
      const body = childOf(loop, 'body');
      if (loop.start < one.end || body === null || body.start < one.within.start || body.end > one.within.end)
        continue;
      const last = body.children.findLast((child) => child.named && child.kind !== 'comment');
      const indent = last === undefined ? null : indentOf(last, site.scope.source);
      if (last === undefined || indent === null || !grammar.blocks.has(body.kind)) continue;
      const step = `${name} += 1${grammar.end}`;
      const texts: [string, number][] = [[step, 5]];
      for (const flag of flags.slice(0, 3)) texts.push([grammar.when(flag, step, indent), 4]);
      for (const [text, bits] of texts)
        yield {
          template: 'kept-value',
          bits,
          edits: [insert(last.end, `\n${indent}${text}`)],
          reason: `add ${short(text)}: nothing changes ${name}`,
        };
    }
  }
}

interface FirstValue {
  readonly text: string;
  readonly number: boolean;
  /** End of the declaration, and the block that holds it. */
  readonly end: number;
  readonly within: SyntaxNode;
  readonly reads: number;
  /** The first one included. */
  readonly writes: number;
}

/** By name: variables that begin with a plain value, and how often they are read and written. Names declared twice are left out. */
function firstValues(site: Site): Map<string, FirstValue> {
  const { scope, grammar } = site;
  const found = new Map<string, FirstValue>();
  const twice = new Set<string>();
  const visit = (node: SyntaxNode) => {
    const declares = node.kind === 'variable_declarator' || node.kind === 'assignment';
    const name = declares ? (childOf(node, 'name') ?? childOf(node, 'left')) : null;
    const value = declares ? (childOf(node, 'value') ?? childOf(node, 'right')) : null;
    const constant = node.parent?.text.startsWith('const ') === true;
    if (name?.kind === 'identifier' && value !== null && !constant) {
      const again = found.has(name.text);
      if (again && node.kind === 'variable_declarator') twice.add(name.text);
      const number = grammar.numbers.has(value.kind) || /^-\d+$/.test(value.text);
      const plain = number || /^(?:true|false)$/.test(value.kind);
      const holder = node.parent?.parent;
      if (!again && plain && holder && node.parent?.parent?.kind !== 'for_statement') {
        const { reads, writes } = usesOf(name.text, scope.node);
        found.set(name.text, { text: value.text, number, end: node.end, within: holder, reads, writes });
      }
    }
    for (const child of node.children) visit(child);
  };
  visit(scope.node);
  for (const name of twice) found.delete(name);
  return found;
}

function usesOf(name: string, within: SyntaxNode): { reads: number; writes: number } {
  let reads = 0;
  let writes = 0;
  for (const one of identifiersIn(within)) {
    if (one.text !== name) continue;
    const parent = one.parent;
    const updates = parent?.kind === 'update_expression' || /^augmented_assignment/.test(parent?.kind ?? '');
    const target = one.field === 'left' || one.field === 'name' || parent?.kind === 'update_expression';
    if (target && (updates || /assignment|declarator/.test(parent?.kind ?? ''))) writes += 1;
    else reads += 1;
  }
  return { reads, writes };
}

/** Asks whether a flag still has its first value. */
function test(name: string, { text, number }: FirstValue): string {
  if (!number) return /^true$/i.test(text) ? name : `${/^false$/.test(text) ? '!' : 'not '}${name}`;
  return `${name} == ${text}`;
}

const LITERAL =
  /^(?:true|false|null|none|undefined|number|integer|float|string|unary_expression|unary_operator)$/;
const MAX_RETURNS = 8;

/** A function that answers with two plain values only gives the other one each time. */
function* swappedResults(site: Site): Iterable<Proposal> {
  const { scope, grammar } = site;
  const values = scope.statements
    .filter((one) => grammar.returns.has(one.kind))
    .map((one) => one.children.find((child) => child.named));
  const nodes = values.flatMap((one) => (one === undefined ? [] : [one]));
  const texts = unique(nodes.map((one) => one.text));
  const [a = '', b = ''] = texts;
  if (texts.length !== 2 || values.length !== nodes.length || nodes.length > MAX_RETURNS) return;
  if (nodes.some((one) => !LITERAL.test(one.kind))) return;
  yield {
    template: 'swapped-results',
    bits: 3.5,
    edits: nodes.map((one) => replace(one, one.text === a ? b : a)),
    reason: `return ${short(b)} where it returned ${short(a)}, and the other way round`,
  };
}

function loopsOf({ scope, grammar }: Site): SyntaxNode[] {
  return scope.statements.filter(
    (one) => grammar.loops.has(one.kind) || /^(?:for|while)_statement$/.test(one.kind),
  );
}

/** Before each statement of a block, and after the last. */
function placesIn(
  body: SyntaxNode,
  { grammar, scope }: Site,
): ((text: string) => ReturnType<typeof insert>)[] {
  if (!grammar.blocks.has(body.kind)) return [];
  const statements = body.children.filter((child) => child.named && child.kind !== 'comment');
  const last = statements.at(-1);
  const indent = last === undefined ? null : indentOf(last, scope.source);
  if (last === undefined || indent === null) return [];
  const before = statements.map((one) => (text: string) => insert(one.start, `${text}\n${indent}`));
  return [(text) => insert(last.end, `\n${indent}${text}`), ...before.reverse()];
}

function identifiersIn(node: SyntaxNode): SyntaxNode[] {
  if (/^(?:identifier|shorthand_property_identifier)$/.test(node.kind)) return [node];
  return node.children.flatMap(identifiersIn);
}

function isLocal({ scope }: Site): (one: SyntaxNode) => boolean {
  const names = new Set([...scope.declarations.map((one) => one.name), ...scope.parameters]);
  return (one) => one.field !== 'function' && names.has(one.text);
}

/** Names that a stretch assigns, counts, calls methods of, or hands to others, which may change them. */
function changedIn(node: SyntaxNode): Set<string> {
  const changed = new Set<string>();
  const visit = (at: SyntaxNode) => {
    if (/assignment|declarator|update_expression|for_/.test(at.kind)) {
      const target = childOf(at, 'left') ?? childOf(at, 'name') ?? childOf(at, 'argument');
      for (const one of target === null ? [] : identifiersIn(target)) changed.add(one.text);
    }
    const callee = /^call/.test(at.kind) ? childOf(at, 'function') : null;
    if (callee !== null && /member_expression|attribute/.test(callee.kind))
      for (const one of identifiersIn(callee)) changed.add(one.text);
    for (const child of at.children) visit(child);
  };
  visit(node);
  return changed;
}

/** Names that a stretch counts up or down. */
function countersIn(node: SyntaxNode): string[] {
  const found: string[] = [];
  const visit = (at: SyntaxNode) => {
    const target = /^(?:augmented_assignment\w*|update_expression)$/.test(at.kind)
      ? (childOf(at, 'left') ?? childOf(at, 'argument'))
      : null;
    if (target?.kind === 'identifier') found.push(target.text);
    for (const child of at.children) visit(child);
  };
  visit(node);
  return unique(found).slice(0, 3);
}
