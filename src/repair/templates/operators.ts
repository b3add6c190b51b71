// Operators, literals and single words taken for one another.
import { kindOf } from '../kinds.ts';
import {
  type Binary,
  binariesOf,
  entryOf,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const operatorTemplates: readonly Template[] = [
  binaryOperators,
  assignmentOperators,
  words,
  numbers,
  strings,
];

function* binaryOperators(site: Site): Iterable<Proposal> {
  const { swaps } = site.grammar;
  for (const pair of binariesOf(site.node, site.grammar)) {
    const families = [
      ['comparison-operator', swaps.comparison, 1.5],
      ['arithmetic-operator', swaps.arithmetic, 3],
      ['logical-operator', swaps.logical, 2],
    ] as const;
    for (const [template, table, base] of families) {
      for (const [to, own] of entryOf(table, pair.operator)) {
        const bits = own + (isOdd(site, pair, to) ? ODD_BITS : 0);
        const reason = `replace ${pair.operator} by ${to}`;
        yield {
          template,
          bits: base + bits,
          edits: [{ start: pair.start, end: pair.end, text: to }],
          reason,
        };
      }
    }
    yield* swappedOperands(site, pair.left.text, pair.right.text);
  }
}

/** For an order asked of texts that were compared for being equal. */
const ODD_BITS = 3;

function isOdd({ scope }: Site, pair: Binary, to: string): boolean {
  if (!/^[!=]==?$/.test(pair.operator) || !/^[<>]/.test(to)) return false;
  return [pair.left, pair.right].some((one) =>
    /^(?:string|boolean|list|object)$/.test(kindOf(one, scope.kinds) ?? ''),
  );
}

function* swappedOperands(site: Site, left: string, right: string): Iterable<Proposal> {
  const pair = binariesOf(site.node, site.grammar)[0];
  if (pair === undefined || !/^(?:-|\/|\/\/|%|\*\*|\+|in|<<|>>)$/.test(pair.operator) || left === right)
    return;
  yield {
    template: 'swap-operands',
    bits: 4,
    edits: [replace(pair.left, operand(pair.right)), replace(pair.right, operand(pair.left))],
    reason: `swap ${short(left)} and ${short(right)}`,
  };
}

function* assignmentOperators(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const isUpdate = node.kind === 'update_expression';
  if (!grammar.assignments.has(node.kind) && !isUpdate) return;
  const token = node.children.find(
    (child) => !child.named && grammar.swaps.assignment[child.text] !== undefined,
  );
  if (token === undefined) return;
  for (const [to, bits] of entryOf(grammar.swaps.assignment, token.text)) {
    yield {
      template: 'assignment-operator',
      bits: 4 + bits,
      edits: [replace(token, to)],
      reason: `replace ${token.text} by ${to}`,
    };
  }
}

function* words(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const key = node.kind.endsWith('_statement') ? node.text.replace(/;$/, '') : node.text;
  for (const [to, bits] of entryOf(grammar.swaps.word, key)) {
    const text = node.text.endsWith(';') ? `${to};` : to;
    yield {
      template: 'word',
      bits: 3 + bits,
      edits: [replace(node, text)],
      reason: `replace ${key} by ${to}`,
    };
  }
}

function* numbers(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!grammar.numbers.has(node.kind)) return;
  const value = Number(node.text.replaceAll('_', ''));
  if (!Number.isFinite(value)) return;
  const options: [number, number][] = [
    [value + 1, 0],
    [value - 1, 0],
    [0, 1],
    [1, 1],
    [-value, 2],
    [2, 3],
    [-1, 3],
    [value * 2, 4],
    [value / 2, 4],
    [value * 10, 4],
    [value / 10, 4],
    [value + 2, 5],
    [value - 2, 5],
    [3, 5],
    [10, 5],
  ];
  const seen = new Set([value]);
  for (const [to, bits] of options) {
    if (seen.has(to)) continue;
    seen.add(to);
    const text = String(to);
    yield {
      template: 'constant',
      bits: 2 + bits + (doesNothing(site, text) ? IDLE_BITS : 0),
      edits: [replace(node, text)],
      reason: `replace ${node.text} by ${text}`,
    };
  }
  for (const other of numbersOf(site)) {
    if (other === node.text) continue;
    yield {
      template: 'constant',
      bits: 6,
      edits: [replace(node, other)],
      reason: `replace ${node.text} by ${other}`,
    };
  }
}

/** For `+ 0` and `* 1`: nobody means to write that. */
const IDLE_BITS = 2;

function doesNothing({ node, grammar }: Site, text: string): boolean {
  const pair = node.parent === null ? undefined : binariesOf(node.parent, grammar)[0];
  if (pair === undefined) return false;
  if (/^[-+]$/.test(pair.operator)) return text === '0' && pair.right.start === node.start;
  return text === '1' && /^(?:\*|\*\*|\/|\/\/)$/.test(pair.operator);
}

function numbersOf(site: Site): string[] {
  const own = site.scope.expressions
    .filter((one) => site.grammar.numbers.has(one.kind))
    .map((one) => one.text);
  return [...new Set(own)].slice(0, 12);
}

function* strings(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (!grammar.strings.has(node.kind)) return;
  const quote = node.text.at(-1) ?? "'";
  const inner = node.text.slice(1, -1);
  if (!/^['"]/.test(node.text) || node.text.startsWith(quote.repeat(3))) return;
  const options: [string, number][] = [];
  for (const other of scope.strings) options.push([other, 3]);
  options.push([quote + quote, 3], [`${quote} ${quote}`, 3]);
  if (inner !== inner.toLowerCase()) options.push([quote + inner.toLowerCase() + quote, 3]);
  if (inner !== inner.toUpperCase()) options.push([quote + inner.toUpperCase() + quote, 3]);
  if (inner.trim() !== inner) options.push([quote + inner.trim() + quote, 2]);
  options.push([`${quote}${inner} ${quote}`, 4], [`${quote} ${inner}${quote}`, 4]);
  for (const text of site.testStrings) options.push([text, 5]);
  yield* characters(site, inner, quote);
  const seen = new Set([node.text]);
  for (const [text, bits] of options) {
    if (seen.has(text)) continue;
    seen.add(text);
    const reason = `replace ${short(node.text)} by ${short(text)}`;
    yield { template: 'string', bits: 3 + bits, edits: [replace(node, text)], reason };
  }
}

/** One letter left out (in both cases at once), or one added that the word lacks. */
function* characters(site: Site, inner: string, quote: string): Iterable<Proposal> {
  if (inner.length < 2 || inner.length > 80 || inner.includes('\\')) return;
  const propose = (text: string, bits: number): Proposal => ({
    template: 'string-letter',
    bits,
    edits: [replace(site.node, quote + text + quote)],
    reason: `replace ${short(site.node.text)} by ${short(quote + text + quote)}`,
  });
  for (const letter of new Set(inner.toLowerCase())) {
    const without = [...inner].filter((one) => one.toLowerCase() !== letter).join('');
    yield propose(without, 6);
  }
  if (inner.length > 2) {
    yield propose(inner.slice(1), 6);
    yield propose(inner.slice(0, -1), 6);
  }
}
