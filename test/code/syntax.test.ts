// The reader of source text: offsets, fields, errors, and the laws that every tree keeps.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSyntaxReader, languageOfFile, parseSource, type SyntaxNode } from '#code/syntax.ts';

function all(node: SyntaxNode): SyntaxNode[] {
  return [node, ...node.children.flatMap(all)];
}

test.each([
  ['javascript', "const a = '😀é'; b(a, 1);", 'b(a, 1)', 'call_expression'],
  ['typescript', "const a: string = '😀é'; b(a, 1);", 'b(a, 1)', 'call_expression'],
  ['tsx', "const a = <p title='😀'>x</p>; b(a, 1);", 'b(a, 1)', 'call_expression'],
  ['python', "a = '😀é'; b(a, 1)\n", 'b(a, 1)', 'call'],
] as const)('offsets of %s count UTF-16 units, also after an emoji', (language, text, part, kind) => {
  const { root, hasError } = parseSource(language, text);
  expect(hasError).toBe(false);
  const call = all(root).find((node) => node.kind === kind);
  expect(call?.text).toBe(part);
  expect(call?.start).toBe(text.indexOf(part));
});

test('fields tell the parts of a node', () => {
  const { root } = parseSource('javascript', 'if (a < 1) b(); else c();');
  const branch = root.children[0];
  expect(branch?.children.map((child) => [child.field, child.kind])).toEqual([
    [null, 'if'],
    ['condition', 'parenthesized_expression'],
    ['consequence', 'expression_statement'],
    ['alternative', 'else_clause'],
  ]);
});

test.each([
  ['javascript', 'let = 5 +; foo('],
  ['javascript', 'function f( { return 1; '],
  ['python', 'def f(:\n  return\n'],
] as const)('a mistake in %s is reported: %s', (language, text) => {
  expect(parseSource(language, text).hasError).toBe(true);
});

test('two readers in one process share the parsers', () => {
  expect(createSyntaxReader().parse('python', 'x = 1\n').hasError).toBe(false);
  expect(createSyntaxReader().parse('python', 'x = 2\n').hasError).toBe(false);
});

test('every tree nests: children lie inside their parent, in order, and know it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', '(', ')', '{', '}', '1', '+', ';', '\n', '😀', 'if', ' '), {
        maxLength: 40,
      }),
      (parts) => {
        const text = parts.join('');
        const { root } = parseSource('javascript', text);
        for (const node of all(root)) {
          let at = node.start;
          for (const child of node.children) {
            expect(child.parent).toBe(node);
            expect(child.start).toBeGreaterThanOrEqual(at);
            expect(child.end).toBeLessThanOrEqual(node.end);
            at = child.end;
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('the language of a file follows from its name', () => {
  expect(languageOfFile('a/b.mjs')).toBe('javascript');
  expect(languageOfFile('a/b.cts')).toBe('typescript');
  expect(languageOfFile('a/b.d.ts')).toBeNull();
  expect(languageOfFile('a/b.tsx')).toBe('tsx');
  expect(languageOfFile('a/b.py')).toBe('python');
  expect(languageOfFile('a/b.md')).toBeNull();
});
