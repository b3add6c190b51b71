// Values written out: codes of characters, bounds of ranges, first values of variables, characters that the tests speak of.
import { unique } from '../scope.ts';
import { namesAt } from './names.ts';
import { childOf, fill, type Proposal, replace, type Site, short, type Template } from './types.ts';

export const literalTemplates: readonly Template[] = [knownNumbers, stringParts, firstValues];

/** Edges of the ranges of characters, and round numbers that programs count with. */
const CODES = [48, 57, 65, 90, 97, 122, 32] as const;
const ROUND = [100, 1000, 60, 24, 12, 7, 256, 255, 16, 26, 4, 5, 360, 365] as const;

/** Numbers that a wrong one is close to, and those that comments beside the function name. */
function* knownNumbers(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!grammar.numbers.has(node.kind)) return;
  const value = Number(node.text);
  if (!Number.isFinite(value)) return;
  const options: [number, number][] = [];
  if (value > 20)
    for (const code of CODES)
      for (const to of [code, code + 1, code - 1])
        options.push([to, 6.5 + Math.min(3, Math.abs(to - value) / 20)]);
  for (const [index, number] of ROUND.entries()) options.push([number, 8 + index / 8]);
  for (const number of numbersInComments(site)) options.push([number, 5]);
  if (Number.isInteger(value) && value > 3) options.push([value ** 2, 9], [Math.floor(value / 2), 7]);
  const seen = new Set([value]);
  for (const [to, bits] of options.sort((a, b) => a[1] - b[1])) {
    if (seen.has(to)) continue;
    seen.add(to);
    yield {
      template: 'constant',
      bits,
      edits: [replace(node, String(to))],
      reason: `replace ${node.text} by ${to}`,
    };
  }
}

const MAX_COMMENT_NUMBERS = 8;

function numbersInComments({ scope }: Site): number[] {
  const before = scope.source.slice(Math.max(0, scope.node.start - 1_200), scope.node.start);
  const at = Math.max(before.lastIndexOf('/*'), before.lastIndexOf('\n\n'), before.lastIndexOf('"""'));
  const inside = scope.node.text.match(/\/\/.*|#.*|\/\*[\s\S]{0,400}?\*\/|"""[\s\S]{0,800}?"""/g) ?? [];
  const text = (at < 0 ? '' : before.slice(at)) + inside.join(' ');
  return [...new Set((text.match(/(?<![\w.])\d{1,6}(?![\w.])/g) ?? []).map(Number))].slice(
    0,
    MAX_COMMENT_NUMBERS,
  );
}

/** One character of a short text for another one, doubled, halved; affixes that the tests show. */
function* stringParts(site: Site): Iterable<Proposal> {
  const { node, grammar, testStrings } = site;
  if (!grammar.strings.has(node.kind) || !/^['"]/.test(node.text) || /^(?:'''|""")/.test(node.text)) return;
  const quote = node.text[0] ?? "'";
  const inner = node.text.slice(1, -1);
  if (inner.length > 40 || inner.includes('\\')) return;
  const propose = (text: string, bits: number): Proposal => ({
    template: 'string',
    bits,
    edits: [replace(node, quote + text.replaceAll(quote, `\\${quote}`) + quote)],
    reason: `replace ${short(node.text)} by ${short(quote + text + quote)}`,
  });
  if (inner.length === 1) {
    const letters = unique(testStrings.flatMap((text) => [...text.slice(1, -1)])).filter(
      (letter) => letter !== inner && letter !== '\\' && letter !== quote,
    );
    for (const [index, letter] of letters.slice(0, 26).entries())
      yield propose(letter, (/\w/.test(letter) === /\w/.test(inner) ? 5 : 6.5) + index / 10);
    yield propose(inner + inner, 6.5);
  }
  if (inner.length === 0) {
    for (const [index, letter] of [...',.-_:;/0\\n'.replace('\\n', '')].entries())
      yield propose(letter, 7 + index / 5);
  }
  if (inner.length > 1 && inner.length <= 12) {
    for (let at = 0; at < inner.length; at += 1) {
      yield propose(
        inner.slice(0, at) + inner.slice(at + 1),
        5.5 + (at === 0 || at === inner.length - 1 ? 0 : 1),
      );
    }
    for (const mark of ['-', '_', '.', ',', ':', '/', ' ', 's', '#', '?', '&', '=', '%', '+', '0']) {
      yield propose(inner + mark, 7);
      yield propose(mark + inner, 7);
    }
    const half = inner.slice(0, inner.length / 2);
    if (half + half === inner) yield propose(half, 4);
    yield propose((inner[0] ?? '') + inner, 7);
  }
  const names = namesAt(site)
    .slice(0, 4)
    .map((name) => name);
  for (const [index, name] of [...names, ...membersNear(site)].entries()) {
    const shared = inner.length > 1 ? `${quote}${inner.slice(0, -1)}${quote} + ${name}` : name;
    yield {
      template: 'string-join',
      bits: 8 + index / 4,
      edits: [
        replace(
          node,
          /^(?:binary_expression|binary_operator)$/.test(node.parent?.kind ?? '') ? `(${shared})` : shared,
        ),
      ],
      reason: `replace the end of ${short(node.text)} by ${name}`,
    };
  }
}

function membersNear({ scope, grammar }: Site): string[] {
  return unique(
    scope.expressions
      .filter((one) => grammar.members.has(one.kind) && one.field !== 'function' && one.end - one.start < 40)
      .map((one) => one.text),
  ).slice(0, 6);
}

/** What a variable begins with. */
function* firstValues(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const value =
    node.kind === 'variable_declarator'
      ? childOf(node, 'value')
      : node.kind === 'assignment'
        ? childOf(node, 'right')
        : null;
  const name = childOf(node, 'name') ?? childOf(node, 'left');
  if (value === null || name?.kind !== 'identifier') return;
  const simple =
    grammar.numbers.has(value.kind) ||
    grammar.strings.has(value.kind) ||
    /^(?:null|none|undefined|true|false|unary_expression|unary_operator|array|object|list|dictionary|new_expression|identifier|subscript|subscript_expression)$/.test(
      value.kind,
    );
  if (!simple) return;
  const plain: [string, number][] = grammar.words.begins.map(([text, bits]) => [text, bits]);
  const names = namesAt(site)
    .filter((one) => one !== name.text)
    .slice(0, 5);
  for (const [index, other] of names.entries()) {
    plain.push([`${other}[0]`, 0.5 + index / 4], [other, 1 + index / 4]);
    plain.push([fill(grammar.words.length, other), 2 + index / 4]);
  }
  for (const [text, bits] of plain) {
    yield {
      template: 'first-value',
      bits: 5 + bits,
      edits: [replace(value, text)],
      reason: `let ${name.text} begin with ${text}`,
    };
  }
}
