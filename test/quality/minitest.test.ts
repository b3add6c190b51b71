// minitest through the one way of running tests, and how its tests are made to fail.
import { beforeAll, expect, test } from 'vitest';
import { openTap } from '#quality/coverage/taps.ts';
import { plantCase, turnAssertions } from '#quality/turn.ts';
import { type Bench, openBench } from './test-run-bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});

const TESTS = `require 'minitest/autorun'
module Outer
  class ATest < Minitest::Test
    def test_passes = assert(true)
    def test_fails = assert_equal(1, 2, "boom \\e[31mred")
    def test_skipped = skip
  end
end
`;
const SPECS = `require 'minitest/autorun'
describe 'words' do
  it 'counts (a+b)*' do
    _(2).must_equal 2
  end
end
`;
const RUBY = ['ruby', '-Ilib', '-Itest', '-e', 'Dir["./test/*_test.rb"].each { |file| require file }'];

const lines = (report: { tests: readonly { status: string; id: string }[] }) =>
  report.tests.map(({ status, id }) => `${status} ${id}`).sort();

test('S27 R41: tells every test by file, class and name, and a file that does not load by itself', async () => {
  await using tree = await bench.tree({
    'test/a_test.rb': TESTS,
    'test/b_test.rb': SPECS,
    'test/c_test.rb': "require 'no_such_thing'\n",
  });
  const report = await tree.run('minitest', RUBY);
  expect(report).toMatchObject({ outcome: 'ran', exitCode: 1 });
  expect(lines(report)).toEqual([
    'failed test/a_test.rb › Outer › ATest › test_fails',
    'failed test/c_test.rb › (file)',
    'passed test/a_test.rb › Outer › ATest › test_passes',
    'passed test/b_test.rb › words › counts (a+b)*',
    'skipped test/a_test.rb › Outer › ATest › test_skipped',
  ]);
  expect(report.tests.find(({ status }) => status === 'failed')?.message).toMatch(/boom red/);
  const only = { files: ['test/a_test.rb'], names: ['Outer › ATest › test_passes'] };
  expect(lines(await tree.run('minitest', RUBY, { only }))).toEqual([
    'passed test/a_test.rb › Outer › ATest › test_passes',
  ]);
});

test('S27 R41: rake runs the tests, and a test that ends the process is told as one that never ended', async () => {
  await using tree = await bench.tree({
    Rakefile: "require 'rake/testtask'\nRake::TestTask.new { |t| t.pattern = 'test/*_test.rb' }\n",
    'test/a_test.rb': TESTS.replace('skip\n', 'exit!(0)\n'),
  });
  const report = await tree.run('minitest', ['rake', 'test']);
  const ended = report.tests.find(({ id }) => id.endsWith('test_skipped'));
  expect(ended).toMatchObject({ status: 'failed', message: expect.stringContaining('Did not end') });
});

test('lines that Ruby ran are told with the run', async () => {
  await using tree = await bench.tree({
    'lib/a.rb': 'def a(x)\n  return 1 if x\n\n  raise "no"\nend\n',
    'test/a_test.rb':
      "require 'minitest/autorun'\nrequire 'a'\nclass ATest < Minitest::Test\n  def test_a = assert_equal(1, a(true))\nend\n",
  });
  const open = openTap('minitest');
  const report = await tree.run('minitest', RUBY, open === null ? {} : { tap: open.tap });
  expect(report.tests.map(({ status }) => status)).toEqual(['passed']);
  const ranAt = open?.ranAt((named) => named.replace(/^.*\/(lib|test)\//, '$1/'));
  const ran = [2, 4].map((line) => ranAt?.('lib/a.rb', { line, start: 0, end: 0, room: null }));
  expect(ran).toEqual([true, false]);
});

test('every assertion of Ruby that is turned fails, and a planted case is seen', async () => {
  const text = `require 'minitest/autorun'
class ATest < Minitest::Test
  def test_all
    assert_equal 3, 1 + 2
  end

  def test_truth
    assert 1
  end

  def test_no
    refute nil
  end

  def test_raises
    assert_raises(ArgumentError) { Integer('x') }
  end

  def test_nil
    assert_nil nil
  end
end
`;
  const input = { path: 'test/a_test.rb', text, word: 'k7' };
  const turned = turnAssertions(input);
  expect(turned?.cases.map(({ certain }) => certain)).toEqual([1, 1, 1, 1, 1]);
  await using tree = await bench.tree({
    'test/a_test.rb': turned?.text ?? '',
    'test/b_test.rb': plantCase('minitest', { ...input, text: SPECS }) ?? '',
  });
  const report = await tree.run('minitest', RUBY);
  expect(report.tests.filter(({ status }) => status === 'failed')).toHaveLength(6);
  expect(report.tests.filter(({ status }) => status === 'passed')).toHaveLength(1);
});
