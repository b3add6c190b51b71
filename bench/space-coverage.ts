// Which share of developers' own small fixes lies inside the space of changes that repair searches, and what the others are.
// node bench/space-coverage.ts REPOSITORY… [--limit 60] [--two] [--list FILE]
import { writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { createSyntaxReader, languageOfFile } from '#code/syntax.ts';
import { applyEdits, type Edit } from '#repair/edits.ts';
import { enumerateIdeas, type Idea } from '#repair/enumerate.ts';
import { javascriptGrammar } from '#repair/grammar/javascript.ts';
import { type Scope, scopesOf } from '#repair/scope.ts';
import { table } from './measuring/figures.ts';
import { type MinedFix, mineFixes } from './space/mined.ts';
import { roughForm, sharedEnds, tokensOf } from './space/tokens.ts';

const reader = createSyntaxReader();
const MAX_IDEAS = 150_000;
/** First edits that are followed by a second one: those that leave least to be changed. */
const BEAM = 8;

interface Difference {
  /** Where the two texts differ, whole lines, in the text before. */
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
}

interface Finding {
  readonly fix: MinedFix;
  readonly inSpace: 'one edit' | 'two edits' | null;
  readonly kind: string;
  readonly template: string;
  readonly rank: number;
  readonly ideas: number;
}

function differenceOf(before: string, after: string): Difference {
  const room = Math.min(before.length, after.length);
  let head = 0;
  while (head < room && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < room - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const start = before.lastIndexOf('\n', head - 1) + 1;
  const lineEnd = before.indexOf('\n', before.length - tail);
  return { start, end: lineEnd < 0 ? before.length : lineEnd, before, after };
}

/** Ideas for the changed lines and those next to them, cheapest first; empty when no one scope holds all of them. */
function ideasFor(path: string, difference: Difference): Idea[] {
  const language = languageOfFile(path);
  if (language === null || language === 'python') return [];
  const { root } = reader.parse(language, difference.before);
  const scopes = scopesOf(path, root, javascriptGrammar);
  const trimmed = difference.before.slice(difference.start, difference.end);
  const start = difference.start + trimmed.search(/\S|$/);
  const end = difference.start + trimmed.trimEnd().length;
  const own = (scope: Scope) => scope.node.start <= start && scope.node.end >= end;
  const scope = scopes.find((one) => own(one) && one.node.parent !== null) ?? scopes.find(own);
  if (scope === undefined) return [];
  const lines = { start: difference.start, end: difference.end };
  const near = (node: { start: number; end: number }) =>
    node.start <= lines.end + 1 && node.end >= lines.start - 1 ? 1 : 0;
  const located = [{ scope, grammar: javascriptGrammar, suspicionOf: near }];
  return [...enumerateIdeas(located, { testStrings: [] }, MAX_IDEAS).ideas];
}

/** The lines round the difference and the edits, as they are after the edits. */
function windowAfter(difference: Difference, edits: readonly Edit[]): { got: string; wanted: string } {
  const { before, after } = difference;
  const low = Math.min(difference.start, ...edits.map((edit) => edit.start));
  const high = Math.max(difference.end, ...edits.map((edit) => edit.end));
  const start = before.lastIndexOf('\n', low - 1) + 1;
  const lineEnd = before.indexOf('\n', high);
  const end = lineEnd < 0 ? before.length : lineEnd;
  const shifted = edits.map((edit) => ({
    start: edit.start - start,
    end: edit.end - start,
    text: edit.text,
  }));
  return {
    got: applyEdits(before.slice(start, end), shifted),
    wanted: after.slice(start, after.length - (before.length - end)),
  };
}

function touches(difference: Difference, edits: readonly Edit[]): boolean {
  return edits.some((edit) => edit.start <= difference.end + 1 && edit.end >= difference.start - 1);
}

/** Changes farther apart than this many characters are not one edit. */
const MAX_WINDOW = 2_500;
/** Brackets, braces and separators that the comparison forgives, in characters. */
const FORGIVEN = 14;

/** A cheap test before the dear one: the edits add about as many characters as the fix does, white space aside. */
function growsAlike(difference: Difference): (edits: readonly Edit[]) => boolean {
  const { before, after } = difference;
  const changed = after.slice(difference.start, after.length - (before.length - difference.end));
  const wanted = solid(changed) - solid(before.slice(difference.start, difference.end));
  if (hasComment(changed)) return () => true;
  return (edits) => {
    let grown = 0;
    for (const edit of edits) grown += solid(edit.text) - solid(before.slice(edit.start, edit.end));
    return Math.abs(grown - wanted) <= FORGIVEN;
  };
}

function solid(text: string): number {
  return text.replace(/\s+/g, '').length;
}

function hasComment(text: string): boolean {
  return /\/[/*]/.test(text);
}

function matchOf(ideas: readonly Idea[], difference: Difference): number {
  if (difference.end - difference.start > MAX_WINDOW) return -1;
  const alike = growsAlike(difference);
  return ideas.findIndex((idea) => {
    if (!touches(difference, idea.edits) || !alike(idea.edits)) return false;
    const { got, wanted } = windowAfter(difference, idea.edits);
    return roughForm(tokensOf(got)) === roughForm(tokensOf(wanted));
  });
}

/** What a first edit leaves to be changed, in tokens; the unchanged text's own distance when it helps nothing. */
function leftAfter(difference: Difference, edits: readonly Edit[]): number {
  const { got, wanted } = windowAfter(difference, edits);
  const [a, b] = [tokensOf(got), tokensOf(wanted)];
  const { head, tail } = sharedEnds(a, b);
  return Math.max(a.length, b.length) - head - tail;
}

function secondMatch(path: string, ideas: readonly Idea[], difference: Difference): string | null {
  const now = leftAfter(difference, []);
  const firsts = ideas
    .filter((idea) => touches(difference, idea.edits))
    .map((idea) => ({ idea, left: leftAfter(difference, idea.edits) }))
    .filter(({ left }) => left < now)
    .sort((a, b) => a.left - b.left || a.idea.cost - b.idea.cost)
    .slice(0, BEAM);
  for (const { idea } of firsts) {
    const rest = differenceOf(applyEdits(difference.before, idea.edits), difference.after);
    const again = ideasFor(path, rest);
    const second = again[matchOf(again, rest)];
    if (second !== undefined) return `${idea.template}+${second.template}`;
  }
  return null;
}

const KINDS: readonly (readonly [string, RegExp, RegExp])[] = [
  ['regular expression', /(^|\s)\/[^\s]/, /(^|\s)\/[^\s/*]/],
  ['new function or class', /^$/, /\bfunction\b|\bclass\b/],
  ['import', /^$/, /\bimport\b|\brequire\b/],
  ['try', /^$/, /\btry\b/],
];

/** A rough name for what a fix does, from the tokens it takes away and brings. */
function kindOf(difference: Difference): string {
  const { got, wanted } = windowAfter(difference, []);
  const [a, b] = [tokensOf(got), tokensOf(wanted)];
  const { head, tail } = sharedEnds(a, b);
  const gone = a.slice(head, a.length - tail);
  const come = b.slice(head, b.length - tail);
  const [before, now] = [gone.join(' '), come.join(' ')];
  for (const [kind, left, right] of KINDS) if (left.test(before) && right.test(now)) return kind;
  const many = gone.length > 25 && come.length > 25;
  if (many) return 'rewritten or far apart';
  if (gone.length === 0) {
    if (/\bif\b/.test(now)) return `added if (${size(come)})`;
    if (/^(&&|\|\|)|(&&|\|\|)$/.test(now)) return `added condition (${size(come)})`;
    return /=|\w \(/.test(now) ? `added code (${size(come)})` : `added tokens (${size(come)})`;
  }
  if (come.length === 0) return `removed (${size(gone)})`;
  return `replaced (${size(gone)} by ${size(come)})`;
}

function size(tokens: readonly string[]): string {
  return tokens.length <= 4 ? 'few' : tokens.length <= 14 ? 'some' : 'many';
}

function findingOf(fix: MinedFix, two: boolean): Finding {
  const difference = differenceOf(fix.before, fix.after);
  const ideas = ideasFor(fix.path, difference);
  const rank = matchOf(ideas, difference);
  const kind = ideas.length === 0 ? 'several functions' : kindOf(difference);
  const template = ideas[rank]?.template;
  if (template !== undefined)
    return { fix, inSpace: 'one edit', kind, template, rank: rank + 1, ideas: ideas.length };
  const pair = two ? secondMatch(fix.path, ideas, difference) : null;
  return {
    fix,
    inSpace: pair === null ? null : 'two edits',
    kind,
    template: pair ?? '',
    rank: 0,
    ideas: ideas.length,
  };
}

function count(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function listing({ fix, inSpace, kind, template, rank, ideas }: Finding): string {
  const { got, wanted } = windowAfter(differenceOf(fix.before, fix.after), []);
  const lines = (text: string, mark: string) =>
    text
      .split('\n')
      .map((line) => mark + line)
      .join('\n');
  const head = `=== ${fix.commit.slice(0, 10)} ${fix.path} [${inSpace ?? 'outside'}; ${template} ${rank}/${ideas}; ${kind}] ${fix.subject}`;
  return `${head}\n${lines(got, '- ')}\n${lines(wanted, '+ ')}\n`;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      limit: { type: 'string', default: '60' },
      two: { type: 'boolean', default: false },
      list: { type: 'string' },
    },
  });
  const findings: Finding[] = [];
  const rows: string[][] = [];
  for (const repository of positionals) {
    const name = basename(dirname(repository)).includes('+')
      ? basename(dirname(repository))
      : basename(repository);
    const own = mineFixes(repository, Number(values.limit)).map((fix) => findingOf(fix, values.two));
    findings.push(...own);
    rows.push(rowOf(name, own));
    process.stderr.write(`${rows.at(-1)?.join(' | ')}\n`);
    if (values.list !== undefined) writeFileSync(values.list, findings.map(listing).join('\n'));
  }
  rows.push(rowOf('all', findings));
  process.stdout.write(
    `${table(['repository', 'fixes', 'one edit', 'two edits', 'median rank on its lines'], rows)}\n\n`,
  );
  const inside = findings.filter((one) => one.inSpace === 'one edit');
  process.stdout.write(
    `inside, by template:\n${count(inside.map((one) => one.template))
      .map(([k, n]) => `  ${n} ${k}`)
      .join('\n')}\n`,
  );
  const outside = findings.filter((one) => one.inSpace === null);
  process.stdout.write(
    `outside, by kind:\n${count(outside.map((one) => one.kind))
      .map(([k, n]) => `  ${n} ${k}`)
      .join('\n')}\n`,
  );
}

function rowOf(name: string, findings: readonly Finding[]): string[] {
  const one = findings.filter((finding) => finding.inSpace === 'one edit');
  const two = findings.filter((finding) => finding.inSpace === 'two edits').length;
  const ranks = one.map((finding) => finding.rank).sort((a, b) => a - b);
  const share = (n: number) => `${n} (${Math.round((100 * n) / Math.max(1, findings.length))} %)`;
  return [
    name,
    String(findings.length),
    share(one.length),
    share(two),
    String(ranks[Math.floor(ranks.length / 2)] ?? '–'),
  ];
}

main();
