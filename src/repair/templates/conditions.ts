// Conditions negated, strengthened, weakened or exchanged, and conditions made for guards.
import { bare, operatorText, unique } from '../scope.ts';
import { namesAt } from './names.ts';
import {
  binariesOf,
  conditionOf,
  fill,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const conditionTemplates: readonly Template[] = [conditions];

function* conditions(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const condition = conditionOf(node, grammar);
  if (condition === null) return;
  const text = condition.text;
  const propose = (template: string, to: string, bits: number): Proposal => ({
    template,
    bits,
    edits: [replace(condition, to)],
    reason: `replace the condition ${short(text)} by ${short(to)}`,
  });
  const isLoop = grammar.loops.has(node.kind);
  const [yes, no] = grammar.family === 'python' ? ['True', 'False'] : ['true', 'false'];
  yield propose('condition-negate', grammar.not(bare(text)), 4);
  if (!isLoop) yield propose('condition-constant', yes ?? 'true', 6);
  yield propose('condition-constant', no ?? 'false', 7);
  for (const [other, bits] of conditionPool(site)) {
    if (other === text) continue;
    const wrapped = atomic(other);
    yield propose('condition-strengthen', `${bracket(site, condition)} ${grammar.and} ${wrapped}`, 6 + bits);
    yield propose('condition-weaken', `${bracket(site, condition)} ${grammar.or} ${wrapped}`, 6 + bits);
    yield propose('condition-replace', other, 7 + bits);
    if (bits < 2)
      yield propose(
        'condition-strengthen',
        `${wrapped} ${grammar.and} ${bracket(site, condition)}`,
        8 + bits,
      );
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

const MAX_POOL = 70;

/** Conditions with their cost: the function's own, their near variants, and plain tests of the variables in sight. */
export function conditionPool(site: Site): [string, number][] {
  const { scope, grammar } = site;
  const pool: [string, number][] = scope.conditions.filter((one) => one.length < 80).map((one) => [one, 0.5]);
  for (const one of scope.expressions) {
    const operator = operatorText(one);
    const swaps = grammar.swaps.comparison[operator];
    const pair = binariesOf(one, grammar)[0];
    if (swaps === undefined || pair === undefined) continue;
    for (const [to, bits] of swaps.slice(0, 3))
      pool.push([`${pair.left.text} ${to} ${pair.right.text}`, 1 + bits]);
  }
  const names = namesAt(site);
  const parameters = new Set(scope.parameters);
  for (const name of names.slice(0, 8)) {
    for (const [pattern, bits] of grammar.tests)
      pool.push([fill(pattern, name), bits + (parameters.has(name) ? 1 : 2)]);
  }
  for (const [a, b] of pairsOf(names.slice(0, 5))) {
    const equal = grammar.family === 'python' ? '==' : '===';
    const unequal = grammar.family === 'python' ? '!=' : '!==';
    pool.push(
      [`${a} > ${b}`, 3],
      [`${a} < ${b}`, 3],
      [`${a} ${equal} ${b}`, 3],
      [`${a} ${unequal} ${b}`, 3.5],
    );
    if (grammar.family === 'python') pool.push([`${a} in ${b}`, 3.5], [`${a} not in ${b}`, 3]);
    else pool.push([`${b}.includes(${a})`, 4], [`!${b}.includes(${a})`, 4]);
  }
  const cheapest = new Map<string, number>();
  for (const [text, bits] of pool.sort((a, b) => a[1] - b[1]))
    if (!cheapest.has(text)) cheapest.set(text, bits);
  return [...cheapest].slice(0, MAX_POOL);
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
