// A variable, a property or a callee taken for another of the same use; a literal for a variable and back.

import { kindOf } from '../kinds.ts';
import { unique, visibleAt } from '../scope.ts';
import {
  argumentsOf,
  calleeOf,
  childOf,
  isReadFrom,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const nameTemplates: readonly Template[] = [variables, targets, properties, callees, callArguments];

const MAX_NAMES = 12;
/** For a name that holds another kind of value. */
const MISFIT_BITS = 3;

export function namesAt(site: Site): readonly string[] {
  site.known.names ??= visibleAt(site.scope, site.node);
  return site.known.names.slice(0, MAX_NAMES);
}

function* variables(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const isNumber = grammar.numbers.has(node.kind);
  const isShort = isNumber || grammar.strings.has(node.kind);
  if (node.kind !== 'identifier' && !isShort) return;
  if (isCallee(site)) return;
  const kind = kindOf(node, site.scope.kinds);
  let position = 0;
  for (const name of namesAt(site)) {
    if (name === node.text) continue;
    const other = site.scope.kinds.get(name) ?? null;
    const misfit = kind !== null && other !== null && kind !== other ? MISFIT_BITS : 0;
    const bits = (isShort ? 5 : 3) + Math.min(2, position / 4) + misfit;
    position += 1;
    const reason = `use ${name} in place of ${short(node.text)}`;
    yield { template: 'variable', bits, edits: [replace(node, name)], reason };
  }
  if (node.kind !== 'identifier' || isReadFrom(node)) return;
  for (const [text, bits] of [
    ['0', 6],
    ['1', 6],
  ] as const) {
    yield {
      template: 'variable-to-literal',
      bits,
      edits: [replace(node, text)],
      reason: `use ${text} in place of ${node.text}`,
    };
  }
}

/** Another variable is assigned to. */
function* targets(site: Site): Iterable<Proposal> {
  if (!site.grammar.assignments.has(site.node.kind)) return;
  const target = childOf(site.node, 'left');
  if (target?.kind !== 'identifier') return;
  for (const [position, name] of namesAt(site).entries()) {
    if (name === target.text) continue;
    const reason = `assign to ${name} in place of ${target.text}`;
    yield { template: 'variable', bits: 4 + position / 4, edits: [replace(target, name)], reason };
  }
}

function isCallee(site: Site): boolean {
  return site.node.field === 'function' || site.node.field === 'constructor';
}

function* properties(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (!grammar.members.has(node.kind)) return;
  const property = node.children.at(-1);
  if (property === undefined) return;
  const own = property.text;
  const family = siblings(site, own);
  for (const name of family) {
    yield {
      template: 'member',
      bits: 3,
      edits: [replace(property, name)],
      reason: `use .${name} in place of .${own}`,
    };
  }
  for (const name of scope.properties.slice(0, 20)) {
    if (name === own || family.includes(name)) continue;
    yield {
      template: 'member',
      bits: 6,
      edits: [replace(property, name)],
      reason: `use .${name} in place of .${own}`,
    };
  }
}

function siblings(site: Site, name: string): string[] {
  const groups = site.grammar.siblings.filter((group) => group.includes(name));
  return unique(groups.flat()).filter((other) => other !== name);
}

function* callees(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  if (!isCallee(site) || node.kind !== 'identifier') return;
  const near = siblings(site, node.text);
  for (const name of near) {
    yield {
      template: 'callee',
      bits: 3,
      edits: [replace(node, name)],
      reason: `call ${name} in place of ${node.text}`,
    };
  }
  for (const name of unique([...namesAt(site), ...scope.moduleNames]).slice(0, 20)) {
    if (name === node.text || near.includes(name)) continue;
    yield {
      template: 'callee',
      bits: 5,
      edits: [replace(node, name)],
      reason: `call ${name} in place of ${node.text}`,
    };
  }
}

function* callArguments(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!grammar.calls.has(node.kind)) return;
  const callee = calleeOf(node);
  const list = childOf(node, 'arguments');
  if (callee === null || list === null || !list.text.startsWith('(')) return;
  const args = argumentsOf(node);
  const rebuild = (texts: readonly string[]) => [replace(list, `(${texts.join(', ')})`)];
  const texts = args.map((one) => one.text);
  const what = short(callee.text);
  for (let i = 0; i < args.length; i += 1) {
    const without = texts.filter((_, index) => index !== i);
    yield {
      template: 'argument-drop',
      bits: 5,
      edits: rebuild(without),
      reason: `drop ${short(texts[i] ?? '')} from the call of ${what}`,
    };
    for (let j = i + 1; j < args.length; j += 1) {
      const swapped = [...texts];
      [swapped[i], swapped[j]] = [texts[j] ?? '', texts[i] ?? ''];
      yield {
        template: 'argument-swap',
        bits: 3.5,
        edits: rebuild(swapped),
        reason: `swap arguments of ${what}`,
      };
    }
  }
  for (const [text, bits] of additions(site, args.map(operand))) {
    for (let at = 0; at <= texts.length; at += 1) {
      const added = [...texts.slice(0, at), text, ...texts.slice(at)];
      const place = at === texts.length ? 0 : 1.5;
      yield {
        template: 'argument-add',
        bits: bits + place,
        edits: rebuild(added),
        reason: `pass ${text} to ${what} too`,
      };
    }
  }
}

function additions(site: Site, args: readonly string[]): [string, number][] {
  const found: [string, number][] = namesAt(site)
    .slice(0, 8)
    .map((name) => [name, args.includes(name) ? 7 : 6]);
  found.push(['0', 6], ['1', 6], ['2', 7], ['-1', 8]);
  for (const word of site.grammar.words.extras) found.push([word, 7]);
  return found;
}
