// Members of object literals, elements of lists and parts of template texts: added, left out, renamed, put elsewhere.
import { unique } from '../scope.ts';
import { namesAt } from './names.ts';
import { type Proposal, replace, type Site, short, type Template } from './types.ts';

export const objectTemplates: readonly Template[] = [members, elements, templateParts];

const MAX_MEMBERS = 24;
const MAX_ADDED = 12;

function* members(site: Site): Iterable<Proposal> {
  const { node, scope, grammar } = site;
  if (grammar.family !== 'javascript' || node.kind !== 'object') return;
  const own = node.children.filter((child) => child.named && child.kind !== 'comment');
  if (own.length > MAX_MEMBERS) return;
  const texts = own.map((one) => one.text);
  const build = (list: readonly string[]) => (list.length === 0 ? '{}' : `{ ${list.join(', ')} }`);
  const propose = (bits: number, list: readonly string[], reason: string): Proposal => ({
    template: 'object-member',
    bits,
    edits: [replace(node, build(list))],
    reason,
  });
  for (const [index, member] of own.entries()) {
    const others = texts.filter((_, at) => at !== index);
    yield propose(6, others, `leave ${short(member.text)} out`);
    if (member.kind === 'spread_element') {
      if (index > 0)
        yield propose(
          5,
          [member.text, ...others],
          `let the other members count more than ${short(member.text)}`,
        );
      if (index < own.length - 1)
        yield propose(
          5,
          [...others, member.text],
          `let ${short(member.text)} count more than the other members`,
        );
    }
    if (member.kind === 'shorthand_property_identifier') {
      for (const name of namesAt(site).slice(0, 5))
        if (name !== member.text)
          yield propose(
            7,
            texts.map((text, at) => (at === index ? `${text}: ${name}` : text)),
            `give ${member.text} the value of ${name}`,
          );
    }
  }
  const names = namesAt(site).slice(0, 8);
  const known = (name: string) => texts.some((text) => text === name || text.startsWith(`${name}:`));
  for (const [index, name] of names.entries()) {
    if (texts.includes(`...${name}`)) continue;
    yield propose(6.5 + index / 4, [...texts, `...${name}`], `take over the members of ${name}`);
    if (texts.length > 0)
      yield propose(7 + index / 4, [`...${name}`, ...texts], `take over the members of ${name}, first`);
    if (!known(name)) yield propose(7.5 + index / 4, [...texts, name], `add ${name}`);
  }
  const pairs = scope
    .around()
    .expressions.filter((one) => one.kind === 'object')
    .flatMap((one) => /^\{\s*([\w$]+: [^,{}]{1,30})\s*\}$/.exec(one.text)?.[1] ?? []);
  for (const [index, pair] of unique(pairs).slice(0, MAX_ADDED).entries()) {
    const key = pair.slice(0, pair.indexOf(':'));
    if (!known(key)) yield propose(8.5 + index / 6, [...texts, pair], `add ${short(pair)}`);
  }
}

/** A list literal gets one more element, from names, strings of the file or of the tests. */
function* elements(site: Site): Iterable<Proposal> {
  const { node, scope, grammar, testStrings } = site;
  if (!/^(?:array|list)$/.test(node.kind)) return;
  const own = node.children.filter((child) => child.named && child.kind !== 'comment');
  const body = node.text.slice(1, -1).replace(/,?\s*$/, '');
  const strings = own.some((one) => grammar.strings.has(one.kind));
  const options: [string, number][] = namesAt(site)
    .slice(0, 6)
    .map((name) => [name, strings ? 8.5 : 7]);
  if (strings || own.length === 0)
    for (const text of unique([...testStrings, ...scope.strings]).slice(0, 16)) options.push([text, 7.5]);
  if (own.length === 0) options.push(["''", 6.5], ['0', 6.5], ['[]', 7]);
  for (const [index, [text, bits]] of options.entries()) {
    if (own.some((one) => one.text === text)) continue;
    const last = body.trim() === '' ? `[${text}]` : `[${body}, ${text}]`;
    yield {
      template: 'list-element',
      bits: bits + index / 10,
      edits: [replace(node, last)],
      reason: `add ${short(text)} to the list`,
    };
    if (own.length > 0 && !strings) {
      yield {
        template: 'list-element',
        bits: bits + 1 + index / 10,
        edits: [replace(node, `[${text}, ${body.trim()}]`)],
        reason: `put ${short(text)} first in the list`,
      };
    }
  }
}

const SEPARATORS = [
  ' ',
  '-',
  '_',
  '.',
  ',',
  ':',
  '/',
  '"',
  "'",
  '\\n',
  '0',
  ', ',
  '#',
  '?',
  '&',
  '=',
  '@',
  '+',
  '%',
] as const;

/** A part of a template text left out, another one put between, a character at its start or end. */
function* templateParts(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'template_string') return;
  const inner = node.text.slice(1, -1);
  const parts = node.children.filter((child) => child.kind === 'template_substitution');
  const propose = (text: string, bits: number, reason: string): Proposal => ({
    template: 'template-text',
    bits,
    edits: [replace(node, `\`${text}\``)],
    reason,
  });
  const at = (offset: number) => offset - node.start - 1;
  for (const part of parts.slice(0, 8)) {
    yield propose(
      inner.slice(0, at(part.start)) + inner.slice(at(part.end)),
      6,
      `leave ${short(part.text)} out of the text`,
    );
  }
  const places = unique([
    '0',
    String(inner.length),
    ...parts.flatMap((part) => [String(at(part.start)), String(at(part.end))]),
  ]).map(Number);
  for (const offset of places.slice(0, 10)) {
    const [before, after] = [inner.slice(0, offset), inner.slice(offset)];
    for (const [index, mark] of SEPARATORS.entries())
      yield propose(before + mark + after, 6.5 + index / 5, `put ${mark} into the text`);
    if (/[^}\\]$/.test(before))
      yield propose(before.slice(0, -1) + after, 5.5, `leave ${before.slice(-1)} out of the text`);
    if (/^[^$\\]/.test(after))
      yield propose(before + after.slice(1), 5.5, `leave ${after.slice(0, 1)} out of the text`);
    for (const [index, name] of namesAt(site).slice(0, 5).entries())
      yield propose(`${before}\${${name}}${after}`, 7.5 + index / 4, `put ${name} into the text`);
  }
}
