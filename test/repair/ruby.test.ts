// The engine on a Ruby repository: the templates bound to another grammar, coverage by Ruby's own counter, minitest warm.
import { expect, test } from 'vitest';
import { repair } from './laid-out.ts';
import { reasonFor } from './reached.ts';

const PLAN = { runner: 'minitest', argv: ['ruby', '-Ilib', '-Itest', 'test/cart_test.rb'] } as const;

const CART = `# A cart of priced items.
class Cart
  attr_reader :items

  def initialize(items = [])
    @items = items
  end

  # Every third item is free.
  def total(free_every: 3)
    sum = 0
    @items.each_with_index do |item, index|
      next if (index + 1) % free_every != 0

      sum += item[:price]
    end
    sum
  end

  def cheapest
    @items.min_by { |item| item[:price] }
  end
end
`;

const CART_TEST = `require 'minitest/autorun'
require 'cart'

class CartTest < Minitest::Test
  def items(*prices)
    prices.map { |price| { price: price } }
  end

  def test_pays_two_of_three
    assert_equal 3, Cart.new(items(1, 2, 4)).total
  end

  def test_pays_all_of_two
    assert_equal 3, Cart.new(items(1, 2)).total
  end

  def test_empty
    assert_equal 0, Cart.new.total
  end

  def test_cheapest
    assert_equal({ price: 2 }, Cart.new(items(3, 2)).cheapest)
  end
end
`;

test('Ruby: the fault is ranked by what the failing tests run, and the condition is mended', {
  timeout: 60_000,
}, async () => {
  const { outcome, fixed, failingAtFirst } = await repair({
    language: 'ruby',
    plan: PLAN,
    files: { 'lib/cart.rb': CART, 'test/cart_test.rb': CART_TEST },
    sourceFiles: ['lib/cart.rb'],
    rung: 'bwrap',
  });
  expect(failingAtFirst).toBe(2);
  expect(outcome.notes.join()).toBe('');
  expect(outcome.validation).toBe('warm');
  expect(outcome.ending).toBe('found');
  // `sum += …` ran in one of the failing tests only, `cheapest` in none.
  expect(outcome.suspects.slice(0, 3).map(({ line }) => line)).toContain(13);
  expect(outcome.suspects.every(({ line }) => line < 20)).toBe(true);
  expect(fixed('lib/cart.rb')).toContain('next if (index + 1) % free_every == 0');
});

const HALVINGS = `module Steps
  def self.halvings(n)
    count = 0
    while n > 0
      n /= 2
      count += 2
    end
    count
  end
end
`;
const HALVINGS_TEST = `require 'minitest/autorun'
require_relative '../lib/steps'

class StepsTest < Minitest::Test
  def test_eight
    assert_equal 4, Steps.halvings(8)
  end

  def test_one
    assert_equal 1, Steps.halvings(1)
  end

  def test_none
    assert_equal 0, Steps.halvings(0)
  end
end
`;

test('Ruby: a candidate that never ends is cut short', {
  timeout: 60_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'ruby',
    plan: { ...PLAN, argv: ['ruby', '-Itest', 'test/steps_test.rb'] },
    files: { 'lib/steps.rb': HALVINGS, 'test/steps_test.rb': HALVINGS_TEST },
    sourceFiles: ['lib/steps.rb'],
    budget: { wallMs: 10_000, candidates: 300 },
  });
  expect(outcome.validation).toBe('warm');
  expect(fixed('lib/steps.rb')).toMatch(/count \+= 1$/m);
});

test('Ruby: the least set of templates reaches the usual mistakes', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a < b', 'a <= b'],
    ['a && b', 'a || b'],
    ['a[b]', 'a[b - 1]'],
    ['a + 1', 'a + 2'],
    ['a.first(b)', 'a.last(b)'],
    ['a.size', 'a&.size'],
    ['a.size', '(a || []).size'],
    ['nil', '0'],
    ['b', 'a'],
    ['a unless a.empty?', 'a unless !a.empty?'],
    ['a if a', 'a if a && b'],
  ];
  for (const [before, after] of cases) {
    const program = (body: string) => `def f(a, b)\n  ${body}\nend\n`;
    expect(
      reasonFor(program(before), program(after), { language: 'ruby' }),
      `${before} → ${after}`,
    ).not.toBeNull();
  }
});
