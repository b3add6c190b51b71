// How Ruby's tests look: cases, assertions and how each is made to fail for certain, and calls that end a script.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Turn, TurnWords } from './assertion-shapes.ts';

const FIRST_VALUE = /^(?:assert_(?:equal|same|includes|instance_of|kind_of|match|respond_to)|must_equal)$/;
const EXIT = /^(?:exit!?|abort)$/;

/** `def test_x`, `it 'x' do`; null for other nodes and for names that are computed. */
export function rubyCase(node: SyntaxNode): string | null {
  if (node.kind === 'method_definition') {
    const name = fieldText(node, 'name');
    return name.startsWith('test_') ? name : null;
  }
  if (node.kind !== 'call' || !/^(?:it|test)$/.test(fieldText(node, 'function'))) return null;
  const [title] = argumentsOf(node);
  return title?.kind === 'string' && !title.text.includes('#{') ? title.text.slice(1, -1) : null;
}

/** What is expected becomes another value: the assertion itself runs, and so does the code under test. */
export function turnRuby(node: SyntaxNode, { word }: TurnWords): Turn[] | null {
  if (node.kind !== 'call') return null;
  const name = fieldText(node, 'function');
  const [first] = argumentsOf(node);
  if (name === 'assert_raises') {
    const end = node.children.find((child) => child.field === 'function')?.end ?? node.start;
    const list = node.children.find((child) => child.field === 'arguments');
    return [{ start: end, end: list?.end ?? end, text: `(Class.new(Exception))` }];
  }
  if (first === undefined) return null;
  const instead = (text: string): Turn[] => [{ start: first.start, end: first.end, text }];
  if (name === 'assert_match') return instead('/(?!)/');
  if (name === 'assert_includes') return instead('[]');
  if (name === 'assert_instance_of' || name === 'assert_kind_of') return instead('Class.new');
  if (FIRST_VALUE.test(name)) return instead(valueLike(first, word));
  if (name === 'assert') return instead(`((${first.text}) && false)`);
  if (name === 'refute') return instead(`((${first.text}) || true)`);
  if (name === 'assert_nil') return instead(`[(${first.text})]`);
  if (name === 'refute_nil') return instead(`((${first.text}) && nil)`);
  return name === 'assert_empty' ? instead(`[(${first.text})]`) : null;
}

/** A call that ends the process raises instead. */
export function rubyExit(node: SyntaxNode, word: string): Turn | null {
  const alone = node.parent?.kind === 'expression_statement' || node.field === 'consequence';
  const bare = node.kind === 'identifier' && alone;
  const called = node.kind === 'call' && EXIT.test(fieldText(node, 'function'));
  if (!(bare && EXIT.test(node.text)) && !called) return null;
  return { start: node.start, end: node.end, text: `raise("${word}")` };
}

function valueLike(node: SyntaxNode, word: string): string {
  if (node.kind === 'integer' || node.kind === 'float') return String(900_000 + word.length);
  return `"${word}"`;
}

function fieldText(node: SyntaxNode, field: string): string {
  return node.children.find((child) => child.field === field)?.text ?? '';
}

function argumentsOf(node: SyntaxNode): SyntaxNode[] {
  const list = node.children.find((child) => child.field === 'arguments');
  return (list?.children ?? []).filter((child) => child.named && child.kind !== 'comment');
}
