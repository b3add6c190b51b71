// Conditions negated, strengthened, weakened or exchanged, and conditions made for guards.

import type { SyntaxNode } from '#code/syntax.ts';

import { bare, operatorText, unique } from '../scope.ts';
import { inSight } from './calls.ts';
import { receivers } from './guards.ts';
import { namesAt } from './names.ts';
import {
  binariesOf,
  conditionOf,
  entryOf,
  fill,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const conditionTemplates: readonly Template[] = [plainConditions, missingCases];
/** With conditions from elsewhere: many, and dearer than the others. */
export const pooledConditionTemplates: readonly Template[] = [pooledConditions, truthParts];

function* plainConditions(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const condition = conditionOf(node, grammar);
  if (condition === null) return;
  const { yes, no } = grammar.words;
  yield changed('condition-negate', 4, condition, grammar.not(bare(condition.text)));
  if (!grammar.loops.has(node.kind)) yield changed('condition-constant', 6, condition, yes);
  yield changed('condition-constant', 7, condition, no);
}

const MAX_CASES = 24;

/** One more case of a test, like one that stands there but with two names exchanged: `a + b === c` has a sister `a + c === b`. */
function* missingCases(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const pair = binariesOf(node, grammar)[0];
  if (pair === undefined || !Object.hasOwn(grammar.swaps.comparison, pair.operator)) return;
  if (node.end - node.start > 60 || node.kind === 'parenthesized_expression') return;
  const names = unique(node.text.match(/(?<![\w.$'"])[A-Za-z_$][\w$]*(?![\w$]*\()/g) ?? []);
  const local = names.filter((name) => scope.declarations.some((one) => one.name === name));
  const around = node.parent?.parent?.text ?? '';
  let given = 0;
  for (const [a, b] of pairsOf(local)) {
    if (a > b) continue;
    const sister = exchanged(node.text, a, b);
    if (sameTest(sister, node.text, pair.operator) || around.includes(sister)) continue;
    for (const [template, operator, bits] of [
      ['condition-weaken', grammar.or, 5],
      ['condition-strengthen', grammar.and, 5.5],
    ] as const) {
      given += 1;
      if (given > MAX_CASES) return;
      const text = `(${node.text} ${operator} ${sister})`;
      yield {
        template,
        bits,
        edits: [replace(node, text)],
        reason: `replace ${short(node.text)} by ${short(text)}`,
      };
    }
  }
}

function exchanged(text: string, a: string, b: string): string {
  return text.replace(/[A-Za-z_$][\w$]*/g, (word) => (word === a ? b : word === b ? a : word));
}

/** `b == a` and `b + a == c` say what `a == b` and `a + b == c` say. */
function sameTest(one: string, other: string, operator: string): boolean {
  const parts = (text: string) =>
    text
      .split(operator)
      .map((side) =>
        side
          .split('+')
          .map((part) => part.trim())
          .sort()
          .join('+'),
      )
      .sort()
      .join('=');
  return /^[!=]==?$/.test(operator) && parts(one) === parts(other);
}

function changed(template: string, bits: number, condition: SyntaxNode, to: string): Proposal {
  const reason = `replace the condition ${short(condition.text)} by ${short(to)}`;
  return { template, bits, edits: [replace(condition, to)], reason };
}

function* pooledConditions(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const condition = conditionOf(node, grammar);
  if (condition === null) return;
  const { text } = condition;
  const own = bracket(site, condition);
  for (const [other, bits] of conditionPool(site)) {
    if (other === text) continue;
    const wrapped = atomic(other);
    yield changed('condition-strengthen', 6 + bits, condition, `${own} ${grammar.and} ${wrapped}`);
    yield changed('condition-weaken', 6 + bits, condition, `${own} ${grammar.or} ${wrapped}`);
    yield changed('condition-replace', 7 + bits, condition, other);
    // What is asked before the rest may keep the rest from failing.
    const first = guards(other, text);
    if (bits < 4 || first)
      yield changed(
        'condition-strengthen',
        (first ? 5.5 : 8) + bits,
        condition,
        `${wrapped} ${grammar.and} ${own}`,
      );
  }
}

/** Whether a test is on something that the text reads from. */
function guards(test: string, text: string): boolean {
  const subject = /^!?(?:typeof )?([\w.$]+)/.exec(test)?.[1];
  return subject !== undefined && (text.includes(`${subject}.`) || text.includes(`${subject}[`));
}

const PART_POOL = 44;

/** A part of a condition, or a truth value that is returned or kept, gets one more condition. */
function* truthParts(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const parent = node.parent;
  if (parent === null || node.field === 'condition' || node.kind === 'parenthesized_expression') return;
  const isPart = binariesOf(parent, grammar).some((one) =>
    Object.hasOwn(grammar.swaps.logical, one.operator),
  );
  const isKept = /^(?:return_statement|variable_declarator|assignment|arrow_function|pair)$/.test(
    parent.kind,
  );
  const own = binariesOf(node, grammar)[0]?.operator ?? '';
  const isTruth =
    Object.hasOwn(grammar.swaps.comparison, own) ||
    Object.hasOwn(grammar.swaps.logical, own) ||
    /^(?:not_operator|true|false)$/.test(node.kind) ||
    (grammar.calls.has(node.kind) &&
      /^(?:\w+\.)*(?:is|has|can|should|test|includes|some|every|startsWith|endsWith|match)\w*\(/.test(
        node.text,
      )) ||
    (node.kind === 'unary_expression' && node.text.startsWith('!'));
  if (!isPart && !(isKept && isTruth)) return;
  for (const [other, bits] of conditionPool(site).slice(0, PART_POOL)) {
    if (other === node.text) continue;
    const first = guards(other, node.text);
    for (const [template, operator, extra] of [
      ['condition-strengthen', grammar.and, 0],
      ['condition-weaken', grammar.or, 0.5],
    ] as const) {
      const text =
        first && operator === grammar.and
          ? `${atomic(other)} ${operator} ${bracket(site, node)}`
          : `${bracket(site, node)} ${operator} ${atomic(other)}`;
      yield {
        template,
        bits: 7 + bits + extra,
        edits: [replace(node, isPart ? `(${text})` : text)],
        reason: `replace ${short(node.text)} by ${short(text)}`,
      };
    }
  }
}

function bracket(site: Site, condition: Site['node']): string {
  const logical = binariesOf(condition, site.grammar).some(
    (one) => site.grammar.swaps.logical[one.operator] !== undefined,
  );
  return logical ? `(${condition.text})` : condition.text;
}

function atomic(text: string): string {
  return /\|\||&&|\?|\bor\b|\band\b|\bif\b/.test(text) ? `(${text})` : text;
}

const MAX_POOL = 130;
const MAX_SUBJECTS = 5;

/** Conditions with their cost: the function's own, their near variants, and plain tests of the variables in sight. */
export function conditionPool(site: Site): readonly (readonly [text: string, bits: number])[] {
  site.known.conditions ??= makePool(site);
  return site.known.conditions;
}

function makePool(site: Site): [string, number][] {
  const { scope, grammar } = site;
  const pool: [string, number][] = scope.conditions.filter((one) => one.length < 80).map((one) => [one, 0.5]);
  scope.pools.variants ??= variantsOf(site);
  pool.push(...scope.pools.variants.map(([text, bits]): [string, number] => [text, bits]));
  const names = namesAt(site);
  const parameters = new Set(scope.parameters);
  for (const name of names.slice(0, 8)) {
    for (const [pattern, bits] of grammar.tests)
      pool.push([fill(pattern, name), bits + (parameters.has(name) ? 1 : 2)]);
  }
  for (const [a, b] of pairsOf(names.slice(0, 5))) {
    const { equal, unequal, among } = grammar.words;
    pool.push(
      [`${a} > ${b}`, 3],
      [`${a} < ${b}`, 3],
      [`${a} ${equal} ${b}`, 2.5],
      [`${a} ${unequal} ${b}`, 3],
    );
    for (const [pattern, bits] of among) pool.push([fill(pattern, a, b), bits]);
  }
  addSubjects(site, pool);
  addFromFile(site, pool);
  const cheapest = new Map<string, number>();
  for (const [text, bits] of pool.sort((a, b) => a[1] - b[1]))
    if (!cheapest.has(text)) cheapest.set(text, bits);
  return [...cheapest].slice(0, MAX_POOL);
}

const MAX_VARIANTS = 120;

/** The comparisons of the scope with other operators. */
function variantsOf({ scope, grammar }: Site): [string, number][] {
  const found: [string, number][] = [];
  for (const one of scope.expressions) {
    const pair = binariesOf(one, grammar)[0];
    if (pair === undefined || !Object.hasOwn(grammar.swaps.comparison, operatorText(one))) continue;
    for (const [to, bits] of entryOf(grammar.swaps.comparison, pair.operator).slice(0, 3))
      found.push([`${pair.left.text} ${to} ${pair.right.text}`, 1 + bits]);
    if (found.length > MAX_VARIANTS) break;
  }
  return found;
}

/** The same plain tests for members and elements that the place reads from. */
function addSubjects(site: Site, pool: [string, number][]): void {
  const { node, grammar } = site;
  const subjects = receivers(node).concat(ownMembers(site)).slice(0, MAX_SUBJECTS);
  for (const [index, subject] of unique(subjects).entries()) {
    if (/^\w+$/.test(subject)) continue;
    for (const [pattern, bits] of grammar.tests.slice(0, 14))
      pool.push([fill(pattern, subject), bits + 1.5 + index / 4]);
  }
}

/** Members of variables that stand in conditions or are read at the place. */
function ownMembers(site: Site): string[] {
  const found: string[] = [];
  const visit = (at: Site['node']) => {
    if (site.grammar.members.has(at.kind) && at.field !== 'function' && at.end - at.start < 40)
      found.push(at.text);
    for (const child of at.children) visit(child);
  };
  visit(site.node.parent ?? site.node);
  return found;
}

const PREDICATE = /^_?(?:is|has|can|should|contains|matches|starts|ends|needs)(?:[A-Z_]|$)/;
/** Conditions from elsewhere in the file, the nearest first. */
const MAX_FROM_FILE = 16;
const MAX_LOOKED_AT = 80;

/** Predicates of the file on what is in sight, patterns that it holds, conditions that it asks elsewhere, other strings. */
function addFromFile(site: Site, pool: [string, number][]): void {
  const { scope, grammar, testStrings } = site;
  const { helpers, conditions, patterns } = scope.around();
  const subjects = unique([...ownMembers(site), ...namesAt(site)]).slice(0, 5);
  for (const [index, subject] of subjects.entries()) {
    for (const helper of helpers
      .filter((one) => PREDICATE.test(one.name) && one.name !== scope.name)
      .slice(0, 6)) {
      const call = `${helper.name}(${subject})`;
      pool.push(
        [call, 3 + index / 3],
        [grammar.family === 'python' ? `not ${call}` : `!${call}`, 3 + index / 3],
      );
    }
    if (grammar.family === 'javascript') {
      for (const pattern of patterns.slice(0, 4))
        pool.push(
          [`${pattern}.test(${subject})`, 3.5 + index / 3],
          [`!${pattern}.test(${subject})`, 3.5 + index / 3],
        );
    }
  }
  const usable = inSight(site);
  const { node } = site;
  const near = conditions
    .filter((one) => one.text.length <= 60 && (one.end <= node.start || one.start >= node.end))
    .sort((a, b) => Math.abs(a.start - node.start) - Math.abs(b.start - node.start) || a.start - b.start);
  let taken = 0;
  for (const donor of near.slice(0, MAX_LOOKED_AT)) {
    if (taken >= MAX_FROM_FILE) break;
    if (!usable(donor.names)) continue;
    taken += 1;
    pool.push([donor.text, 2.5 + taken / 8], [grammar.not(donor.text), 4 + taken / 8]);
  }
  const inside = scope.expressions.filter((one) => one.start >= site.node.start && one.end <= site.node.end);
  const pair = inside
    .map((one) => binariesOf(one, grammar)[0])
    .find(
      (one) =>
        one !== undefined &&
        grammar.strings.has(one.right.kind) &&
        one.left.start >= site.node.start &&
        one.right.end <= site.node.end,
    );
  if (pair === undefined) return;
  for (const [index, text] of unique([...scope.strings, ...testStrings])
    .slice(0, 14)
    .entries()) {
    if (text !== pair.right.text) pool.push([`${pair.left.text} ${pair.operator} ${text}`, 2.5 + index / 5]);
  }
}

function pairsOf(names: readonly string[]): [string, string][] {
  return names.flatMap((a) => names.filter((b) => b !== a).map((b): [string, string] => [a, b]));
}

/** What the function returns elsewhere, then plain values, then what is in sight. */
export function returnPool(site: Site): [string, number][] {
  const { scope, grammar } = site;
  const own = scope.statements
    .filter((one) => grammar.returns.has(one.kind))
    .map((one) => one.children.find((child) => child.named)?.text ?? '')
    .filter((text) => text !== '' && text.length < 60);
  const pool: [string, number][] = unique(own).map((text) => [text, 0.5]);
  for (const [text, bits] of grammar.values) pool.push([text, bits]);
  for (const name of namesAt(site).slice(0, 6)) pool.push([name, 1.5]);
  const seen = new Set<string>();
  return pool.filter(([text]) => !seen.has(text) && seen.add(text));
}
