// What imports what: the files of a repository that a text imports, resolved without running or installing anything.
import { posix } from 'node:path';

/** A failing test as far as it points at code. */
export interface Pointer {
  /** Path of the test's file. */
  readonly file: string;
  /** Text of that file. */
  readonly text: string;
  /** What the test is called, and what it said when it failed. */
  readonly words: string;
}

const IMPORTS = [
  /\bfrom\s{0,9}['"]([^'"\n]{1,400})['"]/g,
  /\b(?:import|require)\s{0,9}\(?\s{0,9}['"]([^'"\n]{1,400})['"]/g,
];
const PYTHON_IMPORT =
  /^[ \t]{0,40}(?:from[ \t]+([.\w]{1,200})[ \t]+import[ \t]+(\([\w\s,]{1,2000}\)|[\w, \t]{1,400})|import[ \t]+([\w.]{1,200}))/gm;
const TYPESCRIPT_FOR: readonly (readonly [RegExp, string])[] = [
  [/\.js$/, '.ts'],
  [/\.mjs$/, '.mts'],
  [/\.cjs$/, '.cts'],
  [/\.jsx$/, '.tsx'],
];
const ENDINGS = [
  '',
  '.ts',
  '.tsx',
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '/index.ts',
  '/index.js',
  '/index.tsx',
  '/index.mjs',
  '/index.cjs',
];
const RUBY_IMPORT =
  /^[ \t]{0,40}(require|require_relative|load|autoload)[ \t(]+(?::\w{1,80},[ \t]*)?["']([^"'\n]{1,400})["']/gm;
/** Where `require` looks, beside the folder of the file itself. */
const RUBY_ROOTS = ['lib', 'app', 'test', 'spec', '.'];
const PYTHON_ENDINGS = ['.py', '/__init__.py'];
/** Files that one bare specifier may stand for. */
const MAX_GUESSED = 6;

/** Imports between the failing tests and each file: 0 for what a test imports itself; absent when out of reach. */
export function distancesFrom(
  pointers: readonly Pointer[],
  files: readonly { readonly path: string; readonly text: string }[],
): ReadonlyMap<string, number> {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const resolver = createImportResolver(texts.keys());
  const distances = new Map<string, number>();
  let frontier = pointers.flatMap(({ file, text }) => resolver.importsOf(file, text));
  for (let distance = 0; frontier.length > 0; distance += 1) {
    const fresh = [...new Set(frontier)].filter((path) => !distances.has(path));
    for (const path of fresh) distances.set(path, distance);
    frontier = fresh.flatMap((path) => resolver.importsOf(path, texts.get(path) ?? ''));
  }
  return distances;
}

/** Finds the files that a text imports, as far as the paths are known. */
export interface ImportResolver {
  /** Reads text with patterns: names that are made at run time are not found. */
  importsOf(from: string, text: string): string[];
}

export function createImportResolver(paths: Iterable<string>): ImportResolver {
  const known = new Set(paths);
  const stems = new Map<string, string[]>();
  for (const path of known) {
    const stem = `/${path.replace(/\.[cm]?[jt]sx?$/, '')}`;
    const whole = stem.replace(/\/(?:src\/|lib\/)?(?:index|main)$/, '');
    for (const each of new Set([stem, whole])) {
      const name = each.slice(each.lastIndexOf('/') + 1);
      stems.set(name, [...(stems.get(name) ?? []), path]);
    }
  }
  return {
    importsOf: (from, text) => {
      if (from.endsWith('.rb')) return rubyImports(from, text, known);
      if (from.endsWith('.py')) return pythonImports(from, text, known);
      const specifiers = IMPORTS.flatMap((pattern) =>
        [...text.matchAll(pattern)].map((match) => match[1] ?? ''),
      );
      return specifiers.flatMap((specifier) => {
        if (specifier.startsWith('node:')) return [];
        if (!specifier.startsWith('.')) return byEnding(specifier, stems);
        const path = posix.normalize(posix.join(posix.dirname(from), specifier));
        return resolvedFile(path, known) ?? [];
      });
    },
  };
}

function resolvedFile(path: string, known: ReadonlySet<string>): string | undefined {
  const typed = TYPESCRIPT_FOR.map(([ending, source]) => path.replace(ending, source));
  return [...ENDINGS.map((ending) => path + ending), ...typed].find((each) => known.has(each));
}

/**
 * A path alias (`@/url/join`), or another package of the repository (`@acme/url`): the files whose paths end like it.
 * A guess that can only add files: the name of a package from outside seldom is the path of a source file.
 */
function byEnding(specifier: string, stems: ReadonlyMap<string, readonly string[]>): string[] {
  const words = specifier
    .replace(/\.[cm]?[jt]sx?$/, '')
    .split('/')
    .filter((word) => !/^[@~#]?$/.test(word));
  const last = words.at(-1) ?? '';
  const tails = [words, words.slice(1)].filter((tail) => tail.length > 0).map((tail) => `/${tail.join('/')}`);
  const ends = (path: string) => {
    const stem = `/${path.replace(/\.[cm]?[jt]sx?$/, '')}`;
    const whole = stem.replace(/\/(?:src\/|lib\/)?(?:index|main)$/, '');
    return tails.some((tail) => stem.endsWith(tail) || whole.endsWith(tail));
  };
  return (stems.get(last) ?? []).filter(ends).slice(0, MAX_GUESSED);
}

function pythonImports(from: string, text: string, known: ReadonlySet<string>): string[] {
  return [...text.matchAll(PYTHON_IMPORT)].flatMap((match) => {
    const module = match[1] ?? match[3] ?? '';
    const dots = /^\.*/.exec(module)?.[0].length ?? 0;
    const tail = module.slice(dots).replaceAll('.', '/');
    const up = posix.join(posix.dirname(from), ...Array.from({ length: Math.max(0, dots - 1) }, () => '..'));
    const roots = dots > 0 ? [up] : [posix.dirname(from), '.', 'src'];
    // `from package import module`: the names may be modules themselves.
    const names = (match[2] ?? '').split(/[\s,()]+/).filter((name) => /^\w+$/.test(name));
    const tails = [tail, ...names.map((name) => (tail === '' ? name : `${tail}/${name}`))];
    return tails.flatMap((one) => {
      const places = roots.flatMap((root) =>
        PYTHON_ENDINGS.map((ending) => posix.normalize(posix.join(root, one + ending))),
      );
      return places.find((place) => known.has(place)) ?? [];
    });
  });
}

function rubyImports(from: string, text: string, known: ReadonlySet<string>): string[] {
  return [...text.matchAll(RUBY_IMPORT)].flatMap(([, verb = '', name = '']) => {
    const roots = verb === 'require_relative' ? [posix.dirname(from)] : RUBY_ROOTS;
    const file = name.endsWith('.rb') ? name : `${name}.rb`;
    return roots.map((root) => posix.normalize(posix.join(root, file))).find((path) => known.has(path)) ?? [];
  });
}
