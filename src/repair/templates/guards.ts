// Values that may be missing: optional chaining, defaults, checks before use, default parameters.
import type { SyntaxNode } from '#code/syntax.ts';
import { namesAt } from './names.ts';
import {
  binariesOf,
  childOf,
  insert,
  isTarget,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

/** For every language that has words for it. */
export const missingTemplates: readonly Template[] = [optionalChain, defaults];
/** JavaScript's own tests for what is not there. */
export const guardTemplates: readonly Template[] = [checked, presence];
/** Proposed once for a scope. */
export const parameterTemplates: readonly Template[] = [defaultParameters];

/** `a.b` to `a?.b`, and back. */
function* optionalChain({ node, grammar }: Site): Iterable<Proposal> {
  const { chain } = grammar.words;
  if (chain === null) return;
  const [object, link] = node.children;
  if (object === undefined || link === undefined || isTarget(node)) return;
  const reason = (text: string) => `replace ${short(node.text)} by ${short(text)}`;
  const propose = (text: string, bits: number): Proposal => ({
    template: 'optional-chain',
    bits,
    edits: [replace(node, text)],
    reason: reason(text),
  });
  const rest = node.text.slice(object.end - node.start);
  if (link.text === chain || link.kind === 'optional_chain') {
    const bare = rest.slice(2);
    yield propose(object.text + (/^[[(]/.test(bare) ? bare : `.${bare}`), 6);
    return;
  }
  // The member's own dot is the second half of the sign.
  if (link.text === '.' && !/^(?:this|super|self)$/.test(object.kind))
    yield propose(`${object.text}${chain[0]}${rest}`, 5);
  if (grammar.family === 'javascript' && node.kind === 'subscript_expression')
    yield propose(`${object.text}?.${rest}`, 5);
  if (node.kind === 'call_expression' && !/^(?:super|import)$/.test(object.kind))
    yield propose(`${object.text}?.${rest}`, 6.5);
}

function isRead({ node, grammar }: Site): boolean {
  if (grammar.words.defaults.length === 0 || isTarget(node) || node.field === 'function') return false;
  if (
    /^(?:update_expression|unary_expression|augmented_assignment_expression|for_in_statement)$/.test(
      node.parent?.kind ?? '',
    ) &&
    node.field !== 'right'
  )
    return false;
  return /^(?:identifier|member_expression|subscript_expression|call_expression|await_expression|call|instance_variable)$/.test(
    node.kind,
  );
}

/** `x` to `x ?? 0`, `x || []`. */
function* defaults(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (!isRead(site)) return;
  const inLogical = /^(?:&&|\|\||\?\?)$/.test(node.parent?.children[1]?.text ?? '');
  const loose =
    /^(?:variable_declarator|arguments|return_statement|assignment_expression|pair|template_substitution|parenthesized_expression|expression_statement)$/;
  const wrapped = (text: string) => (loose.test(node.parent?.kind ?? '') ? text : `(${text})`);
  const cheap = loose.test(node.parent?.kind ?? '') ? 0 : 0.5;
  const names = namesAt(site)
    .filter((name) => name !== node.text)
    .slice(0, 3)
    .map((name): [string, number] => [name, 2]);
  for (const [value, bits] of [...site.grammar.words.defaults, ...names]) {
    for (const [operator, extra] of site.grammar.words.otherwise) {
      if (inLogical && operator === '??') continue;
      const text = wrapped(`${operand(node)} ${operator} ${value}`);
      yield {
        template: 'default-value',
        bits: 6 + bits + extra + cheap,
        edits: [replace(node, text)],
        reason: `use ${value} when ${short(node.text)} is ${operator === '||' ? 'empty' : 'missing'}`,
      };
    }
  }
}

/** `x.y` to `x && x.y` and to `x ? x.y : undefined`; a whole expression kept from being read when its subject is missing. */
function* checked(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!isRead(site) && !(grammar.family === 'javascript' && grammar.binaries.has(node.kind))) return;
  const subjects = receivers(node).slice(0, 3);
  const propose = (text: string, bits: number, what: string): Proposal => ({
    template: 'checked',
    bits,
    edits: [replace(node, text)],
    reason: `${what}: ${short(text)}`,
  });
  for (const [index, subject] of subjects.entries()) {
    const extra = index / 2;
    yield propose(`(${subject} && ${node.text})`, 5.5 + extra, `only when there is ${short(subject)}`);
    for (const [value, bits] of [
      ['undefined', 0],
      ['null', 0],
      ["''", 0.5],
      ['[]', 1],
      [subject, 0.5],
      ['false', 1],
      ['0', 1],
    ] as const) {
      yield propose(
        `(${subject} ? ${node.text} : ${value})`,
        7.5 + bits + extra,
        `only when there is ${short(subject)}`,
      );
    }
    yield propose(
      `(${subject} == null ? ${subject} : ${node.text})`,
      8 + extra,
      `only when there is ${short(subject)}`,
    );
  }
}

/** What is dereferenced inside an expression, outermost first. */
export function receivers(node: SyntaxNode): string[] {
  const found: string[] = [];
  const visit = (at: SyntaxNode) => {
    if (/function|class/.test(at.kind)) return;
    if (at.kind === 'member_expression' || at.kind === 'subscript_expression') {
      const object = at.children[0];
      if (
        object !== undefined &&
        /^(?:identifier|member_expression|subscript_expression)$/.test(object.kind) &&
        !found.includes(object.text)
      )
        found.push(object.text);
    }
    for (const child of at.children) visit(child);
  };
  visit(node);
  return found.filter((text) => !/^[A-Z]\w*$/.test(text) && text.length < 50);
}

/** A truth test made a test for being there, for its type or for being empty, and back. */
function* presence(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const pair = binariesOf(node, grammar)[0];
  const propose = (text: string, bits: number): Proposal => ({
    template: 'presence',
    bits,
    edits: [replace(node, text)],
    reason: `replace ${short(node.text)} by ${short(text)}`,
  });
  if (grammar.family !== 'javascript') return;
  if (pair !== undefined && /^[!=]==?$/.test(pair.operator)) {
    const no = pair.operator.startsWith('!');
    const left = operand(pair.left);
    if (/^(?:undefined|null)$/.test(pair.right.text)) {
      yield propose(no ? left : `!${left}`, 6);
      yield propose(`${left} ${no ? '!=' : '=='} null`, 4);
    } else if (pair.operator.length === 3)
      yield propose(
        no
          ? `!Object.is(${pair.left.text}, ${pair.right.text})`
          : `Object.is(${pair.left.text}, ${pair.right.text})`,
        7,
      );
    return;
  }
  if (!isTruthTest(node)) return;
  const negated = node.kind === 'unary_expression' && node.text.startsWith('!');
  const inner = negated ? (node.children.findLast((child) => child.named) ?? node) : node;
  if (!/^(?:identifier|member_expression|subscript_expression|call_expression)$/.test(inner.kind)) return;
  const text = inner.text;
  const is = negated ? '===' : '!==';
  const kinds = [
    `${text} ${is.slice(0, 2)} null`,
    `${text} ${is} undefined`,
    `${text} ${is} null`,
    `${text}.length ${negated ? '===' : '>'} 0`,
  ];
  for (const [index, to] of kinds.entries()) yield propose(to, 4 + index / 4);
  for (const [index, type] of ['string', 'number', 'function', 'object', 'boolean'].entries())
    yield propose(`typeof ${text} ${negated ? '!==' : '==='} '${type}'`, 5 + index / 4);
  yield propose(`${negated ? '!' : ''}Array.isArray(${text})`, 6);
  yield propose(`${negated ? '' : '!'}Number.isNaN(${text})`, 7);
  yield propose(`Object.keys(${text}).length ${negated ? '===' : '>'} 0`, 7);
}

function isTruthTest(node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent === null) return false;
  if (parent.kind === 'parenthesized_expression') return parent.field === 'condition' || isTruthTest(parent);
  if (parent.kind === 'unary_expression') return false;
  if (node.field === 'condition') return true;
  return /^(?:&&|\|\|)$/.test(parent.children[1]?.text ?? '');
}

/** Parameters, also taken apart ones, get a value for when they are left out; one that has a default loses it. */
function* defaultParameters(site: Site): Iterable<Proposal> {
  const { scope, grammar } = site;
  if (grammar.family !== 'javascript') return;
  const lists: SyntaxNode[] = [];
  const visit = (node: SyntaxNode) => {
    if (node.kind === 'formal_parameters') lists.push(node);
    for (const child of node.children) visit(child);
  };
  visit(scope.node);
  for (const parameter of lists.slice(0, 8).flatMap((list) => list.children.filter((child) => child.named))) {
    const pattern = childOf(parameter, 'pattern') ?? parameter;
    if (parameter.kind === 'assignment_pattern') {
      const left = childOf(parameter, 'left');
      if (left !== null) yield change(parameter, left.text, `give ${short(left.text)} no default`, 8);
    } else if (
      /^(?:identifier|object_pattern|array_pattern)$/.test(pattern.kind) &&
      childOf(parameter, 'value') === null
    ) {
      const values =
        pattern.kind === 'array_pattern'
          ? ['[]']
          : pattern.kind === 'object_pattern'
            ? ['{}']
            : ['{}', '[]', "''", '0', 'null', 'undefined', 'false', 'true', '1'];
      for (const [index, value] of values.entries()) {
        const bits = 6 + index / 3;
        yield {
          template: 'default-parameter',
          bits,
          edits: [insert(parameter.end, ` = ${value}`)],
          reason: `let ${short(parameter.text)} be ${value} when it is left out`,
        };
      }
    }
    if (pattern.kind !== 'object_pattern') continue;
    for (const key of pattern.children.filter(
      (child) => child.kind === 'shorthand_property_identifier_pattern',
    )) {
      for (const [index, value] of ['{}', '[]', "''", '0', 'false', 'true', 'null'].entries()) {
        yield {
          template: 'default-parameter',
          bits: 7 + index / 3,
          edits: [insert(key.end, ` = ${value}`)],
          reason: `let ${key.text} be ${value} when it is left out`,
        };
      }
    }
  }
}

function change(node: SyntaxNode, text: string, reason: string, bits: number): Proposal {
  return { template: 'default-parameter', bits, edits: [replace(node, text)], reason };
}
