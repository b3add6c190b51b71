// How the tests of a Ruby package are run: minitest by its files, or through rake; RSpec is named and left to its own command.
import type { FoundCommand, PackageContext } from './context.ts';

const TEST_FILE = /^(test|tests|spec)\/(.*\/)?(test_[^/]*|[^/]*_(test|spec))\.rb$/;
const FRAMEWORKS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\brails\b/, 'Rails'],
  [/\bhanami\b/, 'Hanami'],
  [/\bsinatra\b/, 'Sinatra'],
];
const MAX_READS = 20;

/** The web framework that the Gemfile or a gemspec names. */
export async function rubyFramework(context: PackageContext): Promise<string | null> {
  const text = await manifests(context);
  return FRAMEWORKS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** The test command of the package; null when nothing looks like a test. */
export async function rubyTests(context: PackageContext): Promise<FoundCommand | null> {
  const tests = context.paths.filter((path) => TEST_FILE.test(path));
  if (tests.length === 0) return context.paths.includes('.rspec') ? rspec(context, '.rspec') : null;
  const texts = await Promise.all(tests.slice(0, MAX_READS).map((path) => context.read(path)));
  if (texts.some((text) => /^\s*require\s+["']rspec|\bRSpec\.describe\b/m.test(text ?? '')))
    return rspec(context, `test file ${tests[0] ?? ''}`);
  const helped = texts.some((text) =>
    /test_helper|minitest|Minitest|ActiveSupport::TestCase/.test(text ?? ''),
  );
  const origin = tests.length === 1 ? `test file ${tests[0]}` : `test files such as ${tests[0]}`;
  if (!helped) return { runner: 'command', argv: ['ruby', '-Ilib', tests[0] ?? ''], origin };
  const folder = tests[0]?.split('/')[0] ?? 'test';
  const every = `Dir["./${folder}/**/{test_*,*_test,*_spec}.rb"].sort.each { |file| require file }`;
  return { runner: 'minitest', argv: ['ruby', '-Ilib', `-I${folder}`, '-e', every], origin };
}

/** A runner that is not spoken to yet: its exit status decides, and a person is told. */
function rspec(context: PackageContext, origin: string): FoundCommand {
  context.notes.push('RSpec is run as a plain command: its examples are not told apart. minitest is.');
  return { runner: 'command', argv: ['rspec'], origin };
}

async function manifests(context: PackageContext): Promise<string> {
  const names = context.paths.filter((path) => /^(Gemfile|[^/]+\.gemspec)$/.test(path)).slice(0, 4);
  const texts = await Promise.all(names.map((name) => context.read(name)));
  return texts.map((text) => (text ?? '').replace(/#.*$/gm, '')).join('\n');
}
