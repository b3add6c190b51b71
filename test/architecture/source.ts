// Reads the repository's own source for the tests that judge it: which files there are, and their syntax trees.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Comment, parseSync } from 'oxc-parser';

/** Root of this repository. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A node of the ESTree form that oxc yields, seen loosely: the checks look at a few fields of a few kinds. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Module {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly body: readonly Node[];
  readonly comments: readonly Comment[];
  /** One-based line of an offset. */
  lineOf(offset: number): number;
}

/** Every file that git tracks or would track, so that a file not committed yet is judged as well. */
export function repositoryFiles(): string[] {
  const out = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = new Set(out.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path))));
  return [...files].sort();
}

/** Text of a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Parses `text` as the module at `path`; throws with the parser's words when it is not a module. */
export function parseModule(path: string, text: string): Module {
  const parsed = parseSync(path, text, { sourceType: path.endsWith('.cjs') ? 'commonjs' : 'module' });
  const error = parsed.errors[0];
  if (error) throw new Error(`${path}: ${error.message}`);
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return {
    path,
    text,
    body: asNodes(parsed.program.body),
    comments: parsed.comments,
    lineOf: (offset) => {
      const after = starts.findIndex((start) => start > offset);
      return after < 0 ? starts.length : after;
    },
  };
}

/** Parses every file of `paths` that is TypeScript or JavaScript. */
export function parseModules(paths: readonly string[]): Module[] {
  return paths
    .filter((path) => /\.(ts|tsx|js|mjs|cjs)$/.test(path))
    .map((path) => parseModule(path, readText(path)));
}

/** Calls `visit` on every node below and including `roots`, with its ancestors, nearest first. */
export function walk(roots: readonly Node[], visit: (node: Node, ancestors: readonly Node[]) => void): void {
  const down = (node: Node, ancestors: readonly Node[]): void => {
    visit(node, ancestors);
    const inner = [node, ...ancestors];
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) down(child, inner);
    }
  };
  for (const root of roots) down(root, []);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The child node in `field`, if there is one. */
export function child(node: Node | undefined, field: string): Node | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

/** The child nodes in the list `field`. */
export function children(node: Node | undefined, field: string): Node[] {
  const value = node?.[field];
  return Array.isArray(value) ? asNodes(value) : [];
}

/** Value of a string literal or of a template without holes. */
export function stringValue(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node?.type !== 'TemplateLiteral' || children(node, 'expressions').length > 0) return undefined;
  const cooked = children(node, 'quasis')[0]?.['value'];
  return typeof cooked === 'object' && cooked !== null && 'cooked' in cooked
    ? String(cooked.cooked)
    : undefined;
}

/** `a.b.c` of an identifier or of a chain of plain members; an empty string for anything else. */
export function dottedName(node: Node | undefined): string {
  if (node?.type === 'Identifier') return String(node['name']);
  if (node?.type === 'ChainExpression') return dottedName(child(node, 'expression'));
  if (node?.type === 'MetaProperty') return 'import.meta';
  if (node?.type !== 'MemberExpression') return '';
  const object = dottedName(child(node, 'object'));
  const property = child(node, 'property');
  const name = node['computed'] === true ? stringValue(property) : dottedName(property);
  return object === '' || !name ? '' : `${object}.${name}`;
}

/** A bad sample: what it must trip, where it pretends to be, and its text. */
export interface Planted {
  readonly name: string;
  readonly expected: readonly string[];
  readonly module: Module;
}

/** Reads planted samples: the first two lines say `// expect: rule, rule` and `// as: path`; the rest is the file. */
export function plantedSamples(directory: string): Planted[] {
  return repositoryFiles()
    .filter((path) => path.startsWith(`${directory}/`) && path.endsWith('.sample'))
    .map((path) => {
      const [expect = '', as = '', ...rest] = readText(path).split('\n');
      const expected = /^\/\/ expect: (.+)$/.exec(expect)?.[1]?.split(', ');
      const pretends = /^\/\/ as: (.+)$/.exec(as)?.[1];
      if (!expected || !pretends) throw new Error(`${path} must begin with "// expect:" and "// as:"`);
      return { name: path, expected, module: parseModule(pretends, rest.join('\n')) };
    });
}

function asNodes(values: readonly unknown[]): Node[] {
  return values.filter(isNode);
}
