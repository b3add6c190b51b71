// What documents and plain text must keep to: links that lead somewhere, ids that a test proves, no private places.
import { posix } from 'node:path';
import { child, children, dottedName, type Module, stringValue, walk } from '../architecture/source.ts';

/** Capability ids in `text`, with ranges such as `R1-R7` written out. */
export function capabilityIds(text: string): string[] {
  const ids = new Set<string>();
  for (const match of text.matchAll(/\b([SMOTR])([1-9]\d?)(?:\s?[-–]\s?\1?([1-9]\d?))?\b/g)) {
    const [, letter = '', first = '', last] = match;
    const from = Number(first);
    const to = last === undefined || Number(last) < from ? from : Number(last);
    for (let number = from; number <= to; number += 1) ids.add(`${letter}${number}`);
  }
  return [...ids];
}

/** Titles of the tests and groups in a module, as far as they are written out. */
export function testTitles(module: Module): string[] {
  const titles: string[] = [];
  walk(module.body, (node) => {
    if (node.type !== 'CallExpression') return;
    const callee = child(node, 'callee');
    const inner = callee?.type === 'CallExpression' ? child(callee, 'callee') : callee;
    const tag = callee?.type === 'TaggedTemplateExpression' ? child(callee, 'tag') : inner;
    if (!/^(test|it|describe)(\.\w+)*$/.test(dottedName(tag))) return;
    const title = children(node, 'arguments')[0];
    const text = stringValue(title) ?? (title ? module.text.slice(title.start, title.end) : '');
    titles.push(text);
  });
  return titles;
}

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Problems of a Markdown document: its title and its relative links. `exists` is asked for repository paths. */
export function documentProblems(file: string, text: string, exists: (path: string) => boolean): Problem[] {
  const problems: Problem[] = [];
  const lines = withoutCode(text).split('\n');
  const titles = lines.flatMap((line, index) => (/^# \S/.test(line) ? [index + 1] : []));
  if (titles.length !== 1 || titles[0] !== 1)
    problems.push({ file, line: titles[1] ?? 1, message: 'a document has one title, on its first line' });
  for (const [index, line] of lines.entries()) {
    for (const [, target = ''] of line.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) {
      if (/^([a-z]+:|#)/i.test(target)) continue;
      const path = posix.join(posix.dirname(file), decodeURI(target.replace(/#.*$/, '')));
      if (!exists(path.replace(/\/$/, '')))
        problems.push({ file, line: index + 1, message: `the link to ${target} leads nowhere` });
    }
  }
  return problems;
}

/** Blanks fenced blocks and inline code, keeping line numbers. */
function withoutCode(text: string): string {
  return text
    .replace(/^(```|~~~)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, (block) => block.replace(/[^\n]/g, ''))
    .replace(/`[^`\n]*`/g, '');
}

/** Lines that name a place which exists only on the machine of whoever wrote them. */
export function machinePaths(text: string): number[] {
  const slash = '/';
  const places = [
    ...['work', 'farm', 'Users'].map((name) => `(^|[^A-Za-z0-9_.])${slash}${name}${slash}`),
    `${slash}root${slash}`,
    `${slash}home${slash}(?!user|someone|you|me|cambium|\\$|<|\\{)[a-z]`,
    `[.]library${slash}`,
  ];
  const place = new RegExp(places.join('|'));
  return text.split('\n').flatMap((line, index) => (place.test(line) ? [index + 1] : []));
}
