// Reads what a repository is: languages, package manager, framework, how its tests and its build are run (S1, S27).
import { type Language, type LanguageFamily, language, type ProjectProfile } from '#contracts/project.ts';
import type { TestPlan } from '#contracts/tests.ts';
import type { FoundCommand, PackageContext } from './detection/context.ts';
import { type PackageManifest, parseManifest } from './detection/manifest.ts';
import { nodeBuild, nodeFramework, nodeTests } from './detection/node-plan.ts';
import { pythonFramework, pythonTests } from './detection/python-plan.ts';
import { rubyFramework, rubyTests } from './detection/ruby-plan.ts';
import { isFanOut, resolveCommand } from './detection/scripts.ts';
import { familyOf, isOwnSource, languageName, supportedLanguages } from './languages.ts';

/** The files of a repository at one commit. */
export interface FileSource {
  /** Paths of tracked files, relative to the root, with forward slashes. */
  list(): Promise<string[]>;
  /** The text of a file; null when there is none (or it is too large or not text). */
  read(path: string): Promise<string | null>;
}

export interface DetectOptions {
  readonly files: FileSource;
  /** The person's `--test` command line; wins over everything detected. */
  readonly testCommand?: string | undefined;
  /** Directory of the package inside the repository; `.` when absent. */
  readonly directory?: string | undefined;
}

type PackageManager = NonNullable<ProjectProfile['packageManager']>;

const LOCKFILES: readonly (readonly [path: string, manager: PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lockb', 'bun'],
  ['bun.lock', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['poetry.lock', 'poetry'],
  ['uv.lock', 'uv'],
  ['Gemfile.lock', 'bundler'],
];

/** What detection asks about a package, by what it is written in. */
interface Detection {
  tests(context: PackageContext): Promise<FoundCommand | null>;
  framework(context: PackageContext): Promise<string | null> | string | null;
  /** Marks a directory below the root as a package of its own. */
  readonly manifest: RegExp;
  readonly managers: readonly PackageManager[];
  /** The manager of a package without a lockfile that has one of these files. */
  readonly usual: { readonly manager: PackageManager; readonly files: RegExp };
}

const DETECTION: Readonly<Record<LanguageFamily, Detection>> = {
  javascript: {
    tests: nodeTests,
    framework: nodeFramework,
    manifest: /\/package\.json$/,
    managers: ['npm', 'pnpm', 'yarn', 'bun'],
    usual: { manager: 'npm', files: /^package\.json$/ },
  },
  python: {
    tests: pythonTests,
    framework: pythonFramework,
    manifest: /\/(pyproject\.toml|setup\.py)$/,
    managers: ['pip', 'poetry', 'uv'],
    usual: {
      manager: 'pip',
      files: /^(requirements[^/]*\.txt|setup\.py|setup\.cfg|pyproject\.toml|Pipfile)$/,
    },
  },
  ruby: {
    tests: rubyTests,
    framework: rubyFramework,
    manifest: /\/(Gemfile|[^/]+\.gemspec)$/,
    managers: ['bundler'],
    usual: { manager: 'bundler', files: /^Gemfile$/ },
  },
};
/** What a package is taken for when no supported language leads. */
const OTHERWISE: LanguageFamily = 'javascript';
const MAX_FILES = 200_000;
const MAX_PACKAGES_LISTED = 8;

/** What the repository is. Never throws on foreign content: malformed manifests become notes. */
export async function detectProject(options: DetectOptions): Promise<ProjectProfile> {
  const all = (await options.files.list()).slice(0, MAX_FILES).filter(isOwnSource);
  const notes: string[] = [];
  const directory = cleanDirectory(options.directory);
  const languages = countLanguages(all);
  const primary = primaryLanguage(languages);
  const root = await openPackage({ files: options.files, all, directory, notes });
  const chosen = await choose(options, { root, all, primary });
  const { context } = chosen;
  const packageManager = findPackageManager(context, root, primary);
  const framework = await detectionOf(primary).framework(context);
  return {
    languages,
    primary,
    packageManager,
    framework,
    tests: chosen.tests,
    build: nodeBuild(context, packageManager),
    ...(notes.length > 0 ? { notes: [...new Set(notes)] } : {}),
  };
}

/** Why `solve` cannot work on this repository, as a sentence for people; null when it can. */
export function unsupportedMessage(profile: ProjectProfile): string | null {
  const [largest] = profile.languages;
  if (largest === undefined) return 'No source files were found in this repository.';
  if (profile.primary !== null) return null;
  const names = profile.languages.slice(0, 3).map((one) => one.name);
  return `This repository is written in ${names.join(', ')}. This version repairs ${supportedLanguages()}.`;
}

function countLanguages(paths: readonly string[]): { name: string; files: number }[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const name = languageName(path);
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, files]) => ({ name, files }))
    .sort((a, b) => b.files - a.files || (a.name < b.name ? -1 : 1));
}

/** The largest supported language; null when another language is more than twice as large. */
function primaryLanguage(languages: readonly { name: string; files: number }[]): Language | null {
  const supported = languages.flatMap((one) => {
    const parsed = language.safeParse(one.name);
    return parsed.success ? [{ name: parsed.data, files: one.files }] : [];
  });
  const [best] = supported;
  const other = languages.find((one) => !language.safeParse(one.name).success && one.name !== 'Shell');
  if (best === undefined || (other !== undefined && other.files > best.files * 2)) return null;
  return best.name;
}

function cleanDirectory(directory: string | undefined): string {
  const clean = (directory ?? '.').replace(/\\/g, '/').replace(/^(\.\/)+|\/+$/g, '');
  return clean === '' ? '.' : clean;
}

interface OpenInput {
  readonly files: FileSource;
  readonly all: readonly string[];
  readonly directory: string;
  readonly notes: string[];
}

async function openPackage(input: OpenInput): Promise<PackageContext> {
  const prefix = input.directory === '.' ? '' : `${input.directory}/`;
  const paths = input.all.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const read = (path: string) => input.files.read(prefix + path);
  let manifest: PackageManifest | null = null;
  const text = paths.includes('package.json') ? await read('package.json') : null;
  if (text !== null) {
    const parsed = parseManifest(text, `${prefix}package.json`);
    if (typeof parsed === 'string') input.notes.push(parsed);
    else manifest = parsed;
  }
  return { directory: input.directory, paths, manifest, read, notes: input.notes };
}

interface Chosen {
  readonly context: PackageContext;
  readonly tests: TestPlan | null;
}

interface Surroundings {
  readonly root: PackageContext;
  readonly all: readonly string[];
  readonly primary: Language | null;
}

/** The package whose tests are run: the asked one, or the only one inside that has tests. */
async function choose(options: DetectOptions, around: Surroundings): Promise<Chosen> {
  const { root } = around;
  if (options.testCommand !== undefined && options.testCommand.trim() !== '') {
    const resolved = resolveCommand(options.testCommand.trim(), root.manifest?.scripts ?? {});
    root.notes.push(...resolved.notes);
    const found = { runner: resolved.runner, argv: resolved.argv, origin: '--test' };
    return { context: root, tests: planOf(found, root.directory) };
  }
  const direct = await findTests(root, around.primary);
  const own = direct?.origin === 'package.json scripts.test' && !isFanOut(direct.argv);
  if (direct !== null && (own || root.directory !== '.'))
    return { context: root, tests: planOf(direct, root.directory) };
  const inner: Chosen[] = [];
  for (const directory of packageDirectories(around)) {
    const context = await openPackage({ files: options.files, all: around.all, directory, notes: [] });
    const found = await findTests(context, around.primary);
    if (found !== null) inner.push({ context, tests: planOf(found, directory) });
  }
  const [only] = inner;
  if (only === undefined || (direct !== null && root.manifest === null))
    return { context: root, tests: direct === null ? null : planOf(direct, root.directory) };
  if (inner.length === 1) {
    root.notes.push(...only.context.notes);
    return only;
  }
  const names = inner.slice(0, MAX_PACKAGES_LISTED).map((one) => one.context.directory);
  root.notes.push(`Several packages have tests (${names.join(', ')}); name one as the directory.`);
  return { context: root, tests: direct === null ? null : planOf(direct, root.directory) };
}

function planOf(found: FoundCommand, directory: string): TestPlan {
  return { runner: found.runner, argv: found.argv, directory, origin: found.origin };
}

async function findTests(context: PackageContext, primary: Language | null): Promise<FoundCommand | null> {
  const own = detectionOf(primary);
  const others = Object.values(DETECTION).filter((one) => one !== own);
  for (const { tests } of [own, ...others]) {
    const found = await tests(context);
    if (found !== null) return found;
  }
  return null;
}

function detectionOf(primary: Language | null): Detection {
  return DETECTION[primary === null ? OTHERWISE : familyOf(primary)];
}

/** Directories below the root that hold a package of their own. */
function packageDirectories(around: Surroundings): string[] {
  const { manifest } = detectionOf(around.primary);
  return around.all
    .filter(
      (path) =>
        manifest.test(path) &&
        path.split('/').length <= 4 &&
        !/(^|\/)(fixtures?|tests?|examples?)\//.test(path),
    )
    .map((path) => path.slice(0, path.lastIndexOf('/')))
    .slice(0, 50);
}

function findPackageManager(
  context: PackageContext,
  root: PackageContext,
  primary: Language | null,
): PackageManager | null {
  const declared = /^(npm|pnpm|yarn|bun)@/.exec(
    context.manifest?.packageManager ?? root.manifest?.packageManager ?? '',
  );
  const { managers, usual } = detectionOf(primary);
  if (declared && managers.includes(declared[1] as PackageManager)) return declared[1] as PackageManager;
  for (const place of [context, root])
    for (const [path, manager] of LOCKFILES)
      if (managers.includes(manager) && place.paths.includes(path)) return manager;
  return context.paths.some((path) => usual.files.test(path)) ? usual.manager : null;
}
