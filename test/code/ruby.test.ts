// Ruby in the code room: how its tree is told in the shared words, what its repositories are, what its tests promise.
import { expect, test } from 'vitest';
import { detectProject } from '#code/detect.ts';
import { parseSource, type SyntaxNode } from '#code/syntax.ts';
import { outlineTestFile } from '#code/test-cases.ts';
import { isCodeUnderTest, testPathKind } from '#code/test-files.ts';

function detect(files: Readonly<Record<string, string>>) {
  const read = async (path: string) => files[path] ?? null;
  return detectProject({ files: { list: async () => Object.keys(files), read } });
}

test('S1, S27: a gem with minitest is run file by file, RSpec is named and left to its own command', async () => {
  const minitest = await detect({
    Gemfile: "source 'https://rubygems.org'\ngem 'sinatra'\n",
    'Gemfile.lock': '',
    'lib/a.rb': '',
    'test/test_helper.rb': "require 'minitest/autorun'",
    'test/a_test.rb': "require 'test_helper'\nclass ATest < Minitest::Test\nend\n",
  });
  expect(minitest).toMatchObject({
    primary: 'ruby',
    packageManager: 'bundler',
    framework: 'Sinatra',
    tests: { runner: 'minitest', argv: ['ruby', '-Ilib', '-Itest', '-e', expect.stringContaining('_test')] },
  });
  const rspec = await detect({ 'lib/a.rb': '', 'spec/a_spec.rb': "require 'rspec'\nRSpec.describe 'a'\n" });
  expect(rspec.tests).toMatchObject({ runner: 'command', argv: ['rspec'] });
  expect(rspec.notes?.join()).toContain('RSpec is run as a plain command');
});

test.each([
  ['rake test', 'minitest'],
  ['bundle exec rake', 'minitest'],
  ['ruby -Itest test/a_test.rb', 'minitest'],
  ['ruby bin/check.rb', 'command'],
  ['rake build', 'command'],
])('S27: of "%s" the runner is %s', async (line, runner) => {
  const files = { list: async () => ['lib/a.rb', 'test/a_test.rb'], read: async () => '' };
  expect((await detectProject({ files, testCommand: line })).tests?.runner).toBe(runner);
});

test('tests, helpers and settings of Ruby are told from code under test', () => {
  expect(['test/a_test.rb', 'spec/b_spec.rb', 'test/test_c.rb'].map((path) => testPathKind(path))).toEqual(
    Array(3).fill('test'),
  );
  expect([testPathKind('Rakefile'), testPathKind('test/helper.rb')]).toEqual(['configuration', 'support']);
  expect(isCodeUnderTest('lib/a.rb', 'ruby', null)).toBe(true);
  expect(isCodeUnderTest('lib/a.py', 'ruby', null)).toBe(false);
});

const CASES = `require 'minitest/autorun'
module Shop
  class CartTest < Minitest::Test
    def test_total
      assert_equal 3, 1 + 2
      refute_nil 4
    end

    def test_later
      skip if RUBY_VERSION < '2'
      assert true
    end

    def helper = exit(1)
  end
end
describe 'words' do
  it 'counts' do
    expect(1).must_equal 1
  end
end
`;

test('what a Ruby test promises: cases with their suites, assertions, skips, early exits', () => {
  const { cases, exits, hasError } = outlineTestFile('ruby', CASES);
  expect(hasError).toBe(false);
  expect(cases.map(({ name, assertions, markers }) => [name, assertions, markers])).toEqual([
    ['Shop › CartTest › test_total', 2, []],
    ['Shop › CartTest › test_later', 1, [{ kind: 'skip', conditional: true }]],
    ['words › counts', 1, []],
  ]);
  expect(exits).toEqual([{ call: 'exit', line: 14 }]);
  const weaker = outlineTestFile('ruby', CASES.replace('assert_equal 3, 1 + 2', 'assert_equal 3, 3'));
  expect(weaker.cases[0]?.digest).not.toBe(cases[0]?.digest);
  expect(weaker.cases[1]?.digest).toBe(cases[1]?.digest);
});

test('an expression that stands alone is a statement as in other languages, with the fields that they have', () => {
  const { root } = parseSource('ruby', 'def f(a)\n  a.g(1) if a > 0\n  a\nend\n');
  const kinds: string[] = [];
  const visit = (node: SyntaxNode) => {
    if (node.named) kinds.push(node.field === null ? node.kind : `${node.field}:${node.kind}`);
    node.children.forEach(visit);
  };
  visit(root);
  expect(kinds).toEqual([
    'program',
    'method_definition',
    'name:identifier',
    'parameters:method_parameters',
    'identifier',
    'body:body_statement',
    'if_modifier',
    'consequence:call',
    'object:identifier',
    'function:identifier',
    'arguments:argument_list',
    'integer',
    'condition:binary_expression',
    'left:identifier',
    'right:integer',
    'expression_statement',
    'identifier',
  ]);
});
