// Runs inside the sandbox. Takes names of types out of imports and exports: without their types, TypeScript files still
// name them where they were not marked as types, and no module provides them.
import fs from 'node:fs';
import path from 'node:path';
import { existing } from './javascript-paths.ts';

export interface Elision {
  /** The text without what was found to be types in the file as it was first seen. */
  apply(text: string): string;
}

interface Change {
  readonly statement: string;
  readonly without: string;
  /** Names taken out, with how often each stands in the file: where one more stands, it is needed. */
  readonly names: readonly { readonly name: string; readonly count: number }[];
}

const IMPORT = /^[ \t]*import\s+(?!type\b)([^'";]+?)\s*from\s*(['"])([^'"]+)\2;?/gm;
const EXPORT = /^[ \t]*export\s*\{([^}]*)\}\s*(?:from\s*(['"])([^'"]+)\2)?;?/gm;

/** `file`: absolute; `text`: without types, `typed`: with them. */
export function elisionOf(file: string, { text, typed }: { text: string; typed: string }): Elision | null {
  const changes = [...importChanges(text), ...exportChanges(text, { file, typed })];
  if (changes.length === 0) return null;
  return {
    apply: (given) => {
      let result = given;
      for (const { statement, without, names } of changes) {
        const isNeeded = names.some(({ name, count }) => occurrences(given, name) > count);
        if (!isNeeded) result = result.replace(statement, () => without);
      }
      return result;
    },
  };
}

function occurrences(text: string, name: string): number {
  return text.split(name).length - 1;
}

/** Imported names that are used nowhere else are types, or not needed. */
function importChanges(text: string): Change[] {
  const code = withoutComments(text);
  const changes: Change[] = [];
  for (const match of text.matchAll(IMPORT)) {
    const [statement, clause = ''] = match;
    const rest = code.slice(0, match.index) + code.slice(match.index + statement.length);
    const braces = /\{([^}]*)\}/.exec(clause);
    const named = namesIn(braces?.[1] ?? '');
    const unused = named.filter(({ local }) => !isUsed(rest, local));
    const before = clause
      .slice(0, braces?.index ?? clause.length)
      .replace(/,\s*$/, '')
      .trim();
    const isUnusedBefore = /^[\w$]+$/.test(before) && !isUsed(rest, before);
    if (unused.length === 0 && !isUnusedBefore) continue;
    const kept = named.filter((one) => !unused.includes(one));
    const parts = [
      ...(before === '' || isUnusedBefore ? [] : [before]),
      ...(kept.length === 0 ? [] : [`{ ${kept.map((one) => one.text).join(', ')} }`]),
    ];
    const names = [...unused.map((one) => one.local), ...(isUnusedBefore ? [before] : [])];
    const without = parts.length === 0 ? '' : `import ${parts.join(', ')} from ${JSON.stringify(match[3])};`;
    changes.push({
      statement,
      without: without + '\n'.repeat(occurrences(statement, '\n')),
      names: names.map((name) => ({ name, count: occurrences(text, name) })),
    });
  }
  return changes;
}

/** Exported names that only stand for a type, here or in the file that they come from. */
function exportChanges(text: string, { file, typed }: { file: string; typed: string }): Change[] {
  const changes: Change[] = [];
  for (const match of text.matchAll(EXPORT)) {
    const [statement, list = '', , specifier] = match;
    const source = specifier === undefined ? typed : textOf(specifier, file);
    const named = namesIn(list);
    const types = named.filter(({ imported }) => source !== null && isOnlyType(imported, source));
    if (types.length === 0) continue;
    const kept = named.filter((one) => !types.includes(one));
    const from = specifier === undefined ? '' : ` from ${JSON.stringify(specifier)}`;
    const without =
      kept.length === 0 && from === '' ? '' : `export { ${kept.map((one) => one.text).join(', ')} }${from};`;
    changes.push({ statement, without: without + '\n'.repeat(occurrences(statement, '\n')), names: [] });
  }
  return changes;
}

interface Named {
  readonly text: string;
  readonly imported: string;
  readonly local: string;
}

function namesIn(list: string): Named[] {
  return withoutComments(list)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [imported = '', local] = part.split(/\s+as\s+/);
      return { text: part, imported, local: local ?? imported };
    });
}

function isUsed(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(code);
}

function isOnlyType(name: string, typed: string): boolean {
  const plain = name.replaceAll('$', '\\$');
  const isType = new RegExp(`(?:interface|type)\\s+${plain}\\b`).test(typed);
  return (
    isType && !new RegExp(`(?:const|let|var|function\\*?|class|enum|namespace)\\s+${plain}\\b`).test(typed)
  );
}

function textOf(specifier: string, from: string): string | null {
  const file = specifier.startsWith('.') ? existing(path.resolve(path.dirname(from), specifier)) : null;
  return file === null ? null : fs.readFileSync(file, 'utf8');
}

/** Comments and plain strings as blanks: what is named there is not used. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, (found) =>
    ' '.repeat(found.length),
  );
}
