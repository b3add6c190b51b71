// Mistakes in Python's own kinds of expression: slices, comprehensions, tuples, lookups, attributes, aggregates.
import type { SyntaxNode } from '#code/syntax.ts';
import { conditionPool } from './conditions.ts';
import { namesAt } from './names.ts';
import {
  argumentsOf,
  binariesOf,
  calleeOf,
  childOf,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const pythonExpressionTemplates: readonly Template[] = [
  inPython(parts),
  inPython(aggregates),
  inPython(indices),
  inPython(lookups),
  inPython(comprehensions),
  inPython(truthOfOther),
  inPython(attributes),
  inPython(ranges),
  inPython(sortKeys),
  inPython(sharedRows),
  inPython(nearlyEqual),
  inPython(characters),
  inPython(kinds),
];

export function inPython(template: Template): Template {
  return (site) => (site.grammar.family === 'python' ? template(site) : []);
}

function proposal(
  site: Site,
  text: string,
  { template, bits }: { template: string; bits: number },
): Proposal {
  const reason = `replace ${short(site.node.text)} by ${short(text)}`;
  return { template, bits, edits: [replace(site.node, text)], reason };
}

function isPlace(site: Site): boolean {
  return site.node.field === 'function' || site.node.field === 'left';
}

/** A whole sequence where a part of it was meant. */
function* parts(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (isPlace(site) || !/^(?:identifier|attribute|call)$/.test(node.kind)) return;
  for (const [position, name] of namesAt(site).slice(0, 8).entries()) {
    if (name === node.text) continue;
    const own = { template: 'part', bits: 7 + position / 8 };
    yield proposal(site, `${node.text}[${name}:]`, own);
    yield proposal(site, `${node.text}[:${name}]`, own);
    yield proposal(site, `${node.text}[${name}]`, { ...own, bits: own.bits + 1 });
  }
}

const AGGREGATES = ['sum', 'max', 'min', 'len', 'any', 'all', 'sorted', 'set'] as const;

/** One item taken where all of them were meant together, or a list built where its sum was. */
function* aggregates(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (isPlace(site)) return;
  const whole =
    node.kind === 'subscript'
      ? childOf(node, 'value')
      : /^(?:list_comprehension|conditional_expression)$/.test(node.kind)
        ? node
        : null;
  if (whole === null) return;
  for (const [index, name] of AGGREGATES.entries()) {
    yield proposal(site, `${name}(${whole.text})`, { template: 'aggregate', bits: 6.5 + index / 2 });
  }
}

/** `a[i, j]`: the wrong order, or one of them wrong. */
function* indices(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'subscript') return;
  const value = childOf(node, 'value');
  // Only the first of several has the field's name.
  const own = node.children.filter((child) => child.named && child !== value);
  const [a, b] = own;
  if (value === null || a === undefined) return;
  if (b !== undefined) {
    yield {
      template: 'index-order',
      bits: 3.5,
      edits: [replace(a, b.text), replace(b, a.text)],
      reason: `swap the indices of ${short(node.text)}`,
    };
  }
  // `a[i][j]` for `a[j][i]`.
  const inner = value.kind === 'subscript' ? childOf(value, 'subscript') : null;
  if (inner !== null && b === undefined && inner.text !== a.text) {
    yield {
      template: 'index-order',
      bits: 4,
      edits: [replace(inner, a.text), replace(a, inner.text)],
      reason: `swap the indices of ${short(node.text)}`,
    };
  }
}

const DEFAULTS = ['0', 'None', '[]', "''", '1', 'False'] as const;

/** A key that may be missing. */
function* lookups(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'subscript' || isPlace(site)) return;
  const value = childOf(node, 'value');
  const key = childOf(node, 'subscript');
  if (value === null || key === null || key.kind === 'slice' || key.kind === 'integer') return;
  for (const [index, other] of DEFAULTS.entries()) {
    yield proposal(site, `${value.text}.get(${key.text}, ${other})`, {
      template: 'lookup',
      bits: 6 + index / 2,
    });
  }
  yield proposal(site, `${value.text}.setdefault(${key.text}, [])`, { template: 'lookup', bits: 8 });
}

/** A comprehension that lets too much through, or makes the wrong kind of collection. */
function* comprehensions(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (
    !/^(?:list_comprehension|set_comprehension|generator_expression|dictionary_comprehension)$/.test(
      node.kind,
    )
  )
    return;
  const body = childOf(node, 'body');
  const inner = node.text.slice(1, -1);
  const bracketed = /^[[({]/.test(node.text);
  if (body === null || !bracketed) return;
  const filters = node.children.some((child) => child.kind === 'if_clause');
  const at: Site = { ...site, node: body };
  const close = node.text.at(-1) ?? ']';
  const open = node.text[0] ?? '[';
  for (const [condition, bits] of conditionPool(at).slice(0, 30)) {
    const text = `${open}${inner}${filters ? ` and (${condition})` : ` if ${condition}`}${close}`;
    yield proposal(site, text, { template: 'comprehension', bits: 6 + bits });
  }
  const fors = node.children.filter((child) => child.kind === 'for_in_clause');
  const [first, second] = fors;
  if (first !== undefined && second !== undefined) {
    yield {
      template: 'comprehension',
      bits: 5,
      edits: [replace(first, second.text), replace(second, first.text)],
      reason: `swap the loops of ${short(node.text)}`,
    };
  }
  if (node.kind === 'list_comprehension') {
    yield proposal(site, `{${inner}}`, { template: 'comprehension', bits: 7 });
    if (first !== undefined) yield* outerName(body, first);
  }
}

/** The element is made of the wrong one of the loop's names. */
function* outerName(body: SyntaxNode, clause: SyntaxNode): Iterable<Proposal> {
  const target = childOf(clause, 'left');
  if (target === null || target.text === body.text || body.kind === target.kind) return;
  yield {
    template: 'comprehension',
    bits: 6,
    edits: [replace(body, target.text)],
    reason: `collect ${short(target.text)} in place of ${short(body.text)}`,
  };
}

/** `a == x or y`: the second value was never compared. */
function* truthOfOther(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'boolean_operator') return;
  const left = childOf(node, 'left');
  const right = childOf(node, 'right');
  const compared = left?.kind === 'comparison_operator' ? binariesOf(left, site.grammar)[0] : undefined;
  if (right === null || compared === undefined || /comparison|boolean|not_/.test(right.kind)) return;
  yield {
    template: 'truth-of-other',
    bits: 3,
    edits: [replace(right, `${compared.left.text} ${compared.operator} ${right.text}`)],
    reason: `compare ${short(right.text)} too`,
  };
}

/** `self.` forgotten or too much, and calls without their brackets. */
function* attributes(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  const inMethod = scope.properties.length > 0 && /\(\s*self\b/.test(scope.node.text.slice(0, 200));
  if (node.kind === 'identifier' && inMethod && scope.properties.includes(node.text)) {
    yield proposal(site, `self.${node.text}`, { template: 'attribute', bits: 3 });
  }
  if (node.kind === 'attribute') {
    const name = node.children.at(-1)?.text ?? '';
    if (node.text === `self.${name}` && namesAt(site).includes(name))
      yield proposal(site, name, { template: 'attribute', bits: 4 });
    if (!isPlace(site)) yield proposal(site, `${node.text}()`, { template: 'attribute', bits: 5 });
  }
  if (node.kind === 'call' && argumentsOf(node).length === 0) {
    const callee = calleeOf(node);
    if (callee?.kind === 'attribute') yield proposal(site, callee.text, { template: 'attribute', bits: 6 });
  }
}

/** Loops that go the other way, or in steps. */
function* ranges(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'call' || calleeOf(node)?.text !== 'range') return;
  const [a, b, step] = argumentsOf(node);
  if (a === undefined) return;
  const own = { template: 'range', bits: 5.5 };
  if (b === undefined) {
    yield proposal(site, `range(${operand(a)} - 1, -1, -1)`, own);
    yield proposal(site, `range(1, ${operand(a)} + 1)`, own);
    yield proposal(site, `range(0, ${a.text}, 2)`, own);
    yield proposal(site, `range(${operand(a)}, 0, -1)`, own);
    return;
  }
  if (step === undefined) {
    yield proposal(site, `range(${operand(b)} - 1, ${operand(a)} - 1, -1)`, own);
    yield proposal(site, `range(${b.text}, ${a.text}, -1)`, own);
    yield proposal(site, `range(${operand(a)} + 1, ${operand(b)} + 1)`, own);
    yield proposal(site, `range(${operand(a)} - 1, ${operand(b)} - 1)`, own);
    return;
  }
  yield proposal(site, `range(${b.text}, ${a.text}, ${step.text})`, own);
}

/** What orders equal things, and the other direction for one part of the key. */
function* sortKeys(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'lambda' || node.parent?.kind !== 'keyword_argument') return;
  const body = childOf(node, 'body');
  const parameter = childOf(node, 'parameters')?.text ?? '';
  if (body === null || !/^\w+$/.test(parameter)) return;
  for (const [index, text] of [
    `(${body.text}, ${parameter})`,
    `(-${operand(body)}, ${parameter})`,
    `(${parameter}, ${body.text})`,
  ].entries()) {
    yield {
      template: 'sort-key',
      bits: 6 + index / 2,
      edits: [replace(body, text)],
      reason: `order by ${short(text)}`,
    };
  }
}

/** `[[0] * n] * m`: all rows are the same list. */
function* sharedRows(site: Site): Iterable<Proposal> {
  const pair = binariesOf(site.node, site.grammar)[0];
  if (pair?.operator !== '*' || pair.left.kind !== 'list') return;
  const items = pair.left.children.filter((child) => child.named);
  const [row] = items;
  if (row === undefined || items.length !== 1 || /^(?:integer|float|string|true|false|none)$/.test(row.kind))
    return;
  yield proposal(site, `[${row.text} for _ in range(${pair.right.text})]`, {
    template: 'shared-rows',
    bits: 4,
  });
}

/** Floating-point numbers compared for equality. */
function* nearlyEqual(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const pairs = binariesOf(node, grammar);
  const [pair] = pairs;
  if (node.kind !== 'comparison_operator' || pair === undefined || pairs.length !== 1) return;
  if (/string|none|true|false|list|dict/.test(pair.left.kind + pair.right.kind)) return;
  const gap = `abs(${operand(pair.left)} - ${operand(pair.right)})`;
  if (pair.operator === '==') yield proposal(site, `${gap} < 1e-9`, { template: 'nearly-equal', bits: 8 });
  if (/^[<>]=?$/.test(pair.operator)) {
    const text = `abs(${pair.left.text}) ${pair.operator} ${pair.right.text}`;
    yield proposal(site, text, { template: 'nearly-equal', bits: 7 });
  }
}

const CLOSE_CHARACTERS = [
  '()',
  '[]',
  '{}',
  '<>',
  '\'"',
  '+-',
  '*/',
  '.,',
  ':;',
  '_-',
  ' \t',
  '/\\',
  '01',
] as const;
const MAX_CHARACTERS = 14;

/** One character for another: its pair or neighbour, or one that the tests' texts are made of. */
function* characters(site: Site): Iterable<Proposal> {
  const { node, testStrings, grammar } = site;
  if (!grammar.strings.has(node.kind) || !/^(['"])[^\\\n]\1$/.test(node.text)) return;
  const quote = node.text[0] ?? "'";
  const own = node.text[1] ?? '';
  const opening = CLOSE_CHARACTERS.slice(0, 4).find((pair) => pair.includes(own));
  const near = CLOSE_CHARACTERS.filter((pair) => pair.includes(own)).flatMap((pair) => [...pair]);
  const alike =
    opening === undefined ? [] : CLOSE_CHARACTERS.slice(0, 4).map((pair) => pair[opening.indexOf(own)] ?? '');
  const tested = [...new Set(testStrings.flatMap((text) => [...text.slice(1, -1)]))];
  const seen = new Set([own, quote, '\\', '']);
  for (const [index, one] of [...near, ...alike, ...tested].entries()) {
    if (seen.has(one) || seen.size > MAX_CHARACTERS + 4) continue;
    seen.add(one);
    const bits = index < near.length + alike.length ? 5 : 6;
    yield proposal(site, quote + one + quote, { template: 'character', bits });
  }
}

const KINDS = ['int', 'float', 'str', 'list', 'dict', 'tuple', 'set', 'bool'] as const;

/** A type named for another: `isinstance(x, list)`. */
function* kinds(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'identifier' || isPlace(site)) return;
  if (!KINDS.some((one) => one === node.text)) return;
  for (const [index, other] of KINDS.entries()) {
    if (other !== node.text) yield proposal(site, other, { template: 'type-name', bits: 5 + index / 4 });
  }
  yield proposal(site, `(${node.text}, ${node.text === 'int' ? 'float' : 'int'})`, {
    template: 'type-name',
    bits: 6,
  });
  yield proposal(site, `(${node.text}, ${node.text === 'tuple' ? 'list' : 'tuple'})`, {
    template: 'type-name',
    bits: 6,
  });
}
