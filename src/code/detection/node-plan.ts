// How the tests of a JavaScript or TypeScript package are run: its script, else its files.
import { testPathKind } from '../test-files.ts';
import type { FoundCommand, PackageContext } from './context.ts';
import { isPlaceholder, resolveCommand } from './scripts.ts';

const FRAMEWORKS: readonly (readonly [dependency: string, name: string])[] = [
  ['next', 'Next.js'],
  ['nuxt', 'Nuxt'],
  ['@nestjs/core', 'NestJS'],
  ['@angular/core', 'Angular'],
  ['@sveltejs/kit', 'SvelteKit'],
  ['svelte', 'Svelte'],
  ['vue', 'Vue'],
  ['react', 'React'],
  ['fastify', 'Fastify'],
  ['express', 'Express'],
  ['koa', 'Koa'],
  ['hono', 'Hono'],
  ['electron', 'Electron'],
];

const PLAIN_TESTS = /^(test|tests|test\/index|test\/test|tests\/index)\.([cm]?js|[cm]?ts)$/;

/** The framework that the dependencies name, the most encompassing first. */
export function nodeFramework(context: PackageContext): string | null {
  const found = FRAMEWORKS.find(([dependency]) => context.manifest?.dependencies.has(dependency));
  return found?.[1] ?? null;
}

/** The build script, as the package manager would run it; its exit status decides (S28). */
export function nodeBuild(context: PackageContext, packageManager: string | null): string[] | null {
  const script = context.manifest?.scripts['build'];
  if (script === undefined || isPlaceholder(script)) return null;
  if (/\|\||;\s*true\b|;\s*exit 0/.test(script))
    context.notes.push(`The build script "${script}" hides failures; its exit status is taken as it comes.`);
  return [
    /^(?:pnpm|yarn|bun)$/.test(packageManager ?? '') ? (packageManager ?? 'npm') : 'npm',
    'run',
    'build',
  ];
}

/** The test command of the package; null when nothing looks like a test. */
export async function nodeTests(context: PackageContext): Promise<FoundCommand | null> {
  const scripts = context.manifest?.scripts ?? {};
  const script = scripts['test'];
  if (script !== undefined && !isPlaceholder(script)) {
    const before = scripts['pretest'];
    const line = before === undefined || isPlaceholder(before) ? script : `${before} && ${script}`;
    const resolved = resolveCommand(line, scripts);
    context.notes.push(...resolved.notes);
    return { runner: resolved.runner, argv: resolved.argv, origin: 'package.json scripts.test' };
  }
  return await guess(context);
}

async function guess(context: PackageContext): Promise<FoundCommand | null> {
  const dependencies = context.manifest?.dependencies;
  const code = context.paths.filter((path) => /\.[cm]?[jt]sx?$/.test(path));
  const tests = code.filter((path) => testPathKind(path) === 'test');
  const has = (name: string) => dependencies?.has(name) ?? false;
  if (has('vitest') && tests.length > 0)
    return { runner: 'vitest', argv: ['vitest', 'run'], origin: 'dependency vitest' };
  if (has('jest') && tests.length > 0) return { runner: 'jest', argv: ['jest'], origin: 'dependency jest' };
  if (has('mocha') && code.some((path) => path.startsWith('test/')))
    return { runner: 'mocha', argv: ['mocha'], origin: 'dependency mocha' };
  const plain = code.find((path) => PLAIN_TESTS.test(path));
  const [first] = tests;
  if (first === undefined && plain === undefined) return null;
  if (tests.length === 1 || first === undefined) {
    const path = plain ?? first ?? '';
    return await scriptCommand(context, path);
  }
  return { runner: 'node', argv: ['node', '--test'], origin: `test files such as ${first}` };
}

/** One file alone: with node:test when it uses that, as a script with an exit status when not. */
async function scriptCommand(context: PackageContext, path: string): Promise<FoundCommand> {
  const text = (await context.read(path)) ?? '';
  const usesRunner = /['"](node:)?test['"]/.test(text);
  const origin = `test file ${path}`;
  if (usesRunner) return { runner: 'node', argv: ['node', '--test', path], origin };
  return { runner: 'command', argv: ['node', path], origin };
}
