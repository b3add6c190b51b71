// Regular expressions: their flags, and the pattern in a literal, in `new RegExp('…')` or in a Python pattern string.
import { patternEdits } from './patterns.ts';
import { calleeOf, type Proposal, replace, type Site, short, type Template } from './types.ts';

export const regexTemplates: readonly Template[] = [literals, patternStrings];

const FLAGS: readonly (readonly [flag: string, what: string, bits: number])[] = [
  ['g', 'every match', 3],
  ['i', 'letters of either case', 3],
  ['u', 'whole code points', 4.5],
  ['m', 'line by line', 4.5],
  ['s', 'dots across lines', 4.5],
  ['y', 'at the last position only', 6.5],
];

function* literals(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'regex') return;
  const end = node.text.lastIndexOf('/');
  const pattern = node.text.slice(1, end);
  const flags = node.text.slice(end + 1);
  const propose = (
    template: string,
    bits: number,
    what: { pattern?: string; flags?: string; reason: string },
  ) => ({
    template,
    bits,
    edits: [replace(node, `/${what.pattern ?? pattern}/${what.flags ?? flags}`)],
    reason: what.reason,
  });
  for (const [flag, meaning, bits] of FLAGS) {
    const has = flags.includes(flag);
    const reason = has
      ? `drop the flag ${flag} (${meaning}) of ${short(node.text)}`
      : `match ${meaning}: flag ${flag} for ${short(node.text)}`;
    yield propose('regex-flag', has ? bits + 1 : bits, {
      flags: has ? flags.replace(flag, '') : flags + flag,
      reason,
    });
  }
  for (const edit of patternEdits(pattern, plain(site.testStrings))) {
    yield propose('regex', edit.bits + 1, {
      pattern: edit.text,
      reason: `${edit.what} in ${short(node.text)}`,
    });
  }
}

const PATTERN_FUNCTIONS =
  /^(?:RegExp|re\.(?:compile|match|search|fullmatch|sub|subn|split|findall|finditer))$/;

/** A plain string that is compiled as a pattern. */
function* patternStrings(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!grammar.strings.has(node.kind)) return;
  const call = node.parent?.parent;
  const callee = call && grammar.calls.has(call.kind) ? calleeOf(call) : null;
  const first = node.parent?.children.find((child) => child.named);
  if (
    callee === null ||
    callee === undefined ||
    first?.start !== node.start ||
    !PATTERN_FUNCTIONS.test(callee.text)
  )
    return;
  const parts = /^([rR]?)(['"])([\s\S]*)\2$/.exec(node.text);
  if (parts === null) return;
  const [, mark = '', quote = "'", inner = ''] = parts;
  if (mark === '' && /\\(?!\\)/.test(inner.replaceAll('\\\\', ''))) return;
  const pattern = mark === '' ? inner.replaceAll('\\\\', '\\') : inner;
  for (const edit of patternEdits(pattern, plain(site.testStrings))) {
    if (edit.text.includes(quote) || edit.text.includes('\n')) continue;
    const text = mark === '' ? edit.text.replaceAll('\\', '\\\\') : edit.text;
    yield {
      template: 'regex',
      bits: edit.bits + 1,
      edits: [replace(node, mark + quote + text + quote)],
      reason: `${edit.what} in ${short(node.text)}`,
    };
  }
}

/** The strings of the tests without their quotes. */
function plain(strings: readonly string[]): string[] {
  return strings.map((one) => one.replace(/^['"`]|['"`]$/g, ''));
}
