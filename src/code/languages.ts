// Which language a path is written in, by its name alone; and which paths are not the project's own source.
import type { Language, LanguageFamily } from '#contracts/project.ts';

/** What is known of a supported language by its name alone. */
interface LanguageEntry {
  /** As people write it. */
  readonly title: string;
  readonly family: LanguageFamily;
  /** Endings of its files, without the dot. */
  readonly endings: readonly string[];
}

const LANGUAGES: Readonly<Record<Language, LanguageEntry>> = {
  javascript: { title: 'JavaScript', family: 'javascript', endings: ['js', 'cjs', 'mjs', 'jsx'] },
  typescript: { title: 'TypeScript', family: 'javascript', endings: ['ts', 'cts', 'mts', 'tsx'] },
  python: { title: 'Python', family: 'python', endings: ['py'] },
  ruby: { title: 'Ruby', family: 'ruby', endings: ['rb'] },
};

const SUPPORTED: ReadonlyMap<string, Language> = new Map(
  Object.entries(LANGUAGES).flatMap(([name, { endings }]) =>
    endings.map((ending): [string, Language] => [ending, name as Language]),
  ),
);

const OTHERS: Readonly<Record<string, string>> = {
  go: 'Go',
  rs: 'Rust',
  java: 'Java',
  kt: 'Kotlin',
  kts: 'Kotlin',
  scala: 'Scala',
  php: 'PHP',
  cs: 'C#',
  fs: 'F#',
  swift: 'Swift',
  c: 'C',
  h: 'C',
  cc: 'C++',
  cpp: 'C++',
  cxx: 'C++',
  hpp: 'C++',
  ex: 'Elixir',
  exs: 'Elixir',
  erl: 'Erlang',
  hs: 'Haskell',
  ml: 'OCaml',
  clj: 'Clojure',
  dart: 'Dart',
  lua: 'Lua',
  pl: 'Perl',
  r: 'R',
  jl: 'Julia',
  zig: 'Zig',
  sh: 'Shell',
  vue: 'Vue',
  svelte: 'Svelte',
};

const NOT_OWN =
  /(^|\/)(node_modules|bower_components|vendor|vendored|third[-_]party|\.venv|venv|site-packages|__pycache__|\.git|dist|build|out|coverage|\.next|\.nuxt|target|__generated__|generated)\//;
const GENERATED =
  /(\.min\.(js|mjs|cjs)|\.bundle\.js|\.d\.[cm]?ts|_pb2(_grpc)?\.py|\.generated\.\w+|\.pb\.go)$/;

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** The supported language of a source file, null for everything else. */
export function languageOf(path: string): Language | null {
  const name = extension(path);
  return SUPPORTED.get(name) ?? null;
}

/** The name of any programming language we can tell by extension: `javascript`, `Go` …; null for other files. */
export function languageName(path: string): string | null {
  const name = extension(path);
  return languageOf(path) ?? (Object.hasOwn(OTHERS, name) ? (OTHERS[name] ?? null) : null);
}

/** False for vendored, built and generated files: they are neither counted nor repaired. */
export function isOwnSource(path: string): boolean {
  return !NOT_OWN.test(path) && !GENERATED.test(path);
}

/** The languages that are run and repaired together with this one. */
export function familyOf(language: Language): LanguageFamily {
  return LANGUAGES[language].family;
}

/** The family of a source file; null when it is of none. */
export function familyOfFile(path: string): LanguageFamily | null {
  const found = languageOf(path);
  return found === null ? null : familyOf(found);
}

/** The supported languages in words: `A, B and C`. */
export function supportedLanguages(): string {
  const titles = Object.values(LANGUAGES).map(({ title }) => title);
  return `${titles.slice(0, -1).join(', ')} and ${titles.at(-1) ?? ''}`;
}
