// A test that would decide between plausible changes, in the style of the project's runner; a proposal of its own.
import { posix } from 'node:path';
import type { Assessment } from '#contracts/edit.ts';
import type { TestPlan } from '#contracts/tests.ts';
import type { Observed } from '../harness/protocol.ts';
import type { HeldFunction } from './holds.ts';
import type { Family } from './literals.ts';
import type { WatchedCall } from './watch.ts';
import { shownResult, sourceOf } from './written.ts';

export interface ToSuggest {
  readonly call: WatchedCall;
  readonly target: HeldFunction;
  /** Text of the file with the function. */
  readonly source: string;
  readonly runner: TestPlan['runner'];
  /** A file that tests it today; null when no test names its file. */
  readonly testFile: string | null;
  readonly family: Family;
  /** What another plausible change does on the input. */
  readonly other: Observed;
}

/** Null when the function cannot be imported, or the input or the result has no literal. */
export function suggestTest(to: ToSuggest): Assessment['suggestedTest'] {
  const { call, target, family } = to;
  const { name } = target;
  if (!/^[\w$]+$/.test(name) || call.call.receiver !== null || !isImportable(to)) return null;
  const args = call.call.args.map((arg) => sourceOf(arg, family));
  const result = call.after[0];
  if (args.includes(null) || result === undefined) return null;
  const written = `${name}(${args.join(', ')})`;
  const expectation = expected(to, written, result);
  if (expectation === null) return null;
  const note = `Both this result and ${shownResult(to.other, family)} pass the tests so far: keep the one that is meant.`;
  const text =
    family === 'python'
      ? pythonTest(to, expectation, note)
      : javascriptTest(to, { written, expectation, note });
  return { file: to.testFile, text };
}

function isImportable({ target, source, family }: ToSuggest): boolean {
  const name = target.name.replaceAll('$', '\\$');
  if (family === 'python')
    return !target.name.startsWith('_') && new RegExp(`^(?:async )?def ${name}\\b`, 'm').test(source);
  return new RegExp(
    `export\\s+(?:async\\s+)?(?:function\\*?|const|let|var)\\s+${name}\\b|export\\s*\\{[^}]*\\b${name}\\b|exports\\.${name}\\b|exports\\s*=\\s*(?:\\{[^}]*\\b)?${name}\\b`,
  ).test(source);
}

function expected({ family, runner }: ToSuggest, written: string, result: Observed): string | null {
  const throws = result.kind === 'throws' && /^[A-Z]\w*$/.test(result.name) ? result.name : null;
  if (result.kind !== 'value' && throws === null) return null;
  const value = result.kind === 'value' ? sourceOf(result.value, family) : '';
  if (value === null) return null;
  const expects = runner === 'vitest' || runner === 'jest';
  if (family === 'python') {
    if (throws !== null)
      return `with ${runner === 'unittest' ? 'self.assertRaises' : 'pytest.raises'}(${throws}):\n        ${written}`;
    return runner === 'unittest' ? `self.assertEqual(${written}, ${value})` : `assert ${written} == ${value}`;
  }
  if (throws !== null)
    return expects
      ? `expect(() => ${written}).toThrow(${throws})`
      : `assert.throws(() => ${written}, ${throws})`;
  return expects ? `expect(${written}).toEqual(${value})` : `assert.deepStrictEqual(${written}, ${value})`;
}

function pythonTest({ target, runner }: ToSuggest, expectation: string, note: string): string {
  const module = target.file.replace(/\.py$/, '').replaceAll('/', '.');
  const body = `    # ${note}\n    ${expectation}\n`;
  if (runner !== 'unittest') {
    const pytest = expectation.includes('pytest.') ? 'import pytest\n' : '';
    return `${pytest}from ${module} import ${target.name}\n\n\ndef test_${target.name}_on_an_undecided_input():\n${body}`;
  }
  const indented = body.replaceAll(/^/gm, '    ').trimEnd();
  return `import unittest\n\nfrom ${module} import ${target.name}\n\n\nclass Undecided(unittest.TestCase):\n    def test_${target.name}(self):\n${indented}\n`;
}

function javascriptTest(
  { target, runner, testFile, source }: ToSuggest,
  { written, expectation, note }: { written: string; expectation: string; note: string },
): string {
  const from = testFile === null ? '.' : posix.dirname(testFile);
  const relative = posix.relative(from, target.file);
  const path = relative.startsWith('.') ? relative : `./${relative}`;
  const modules = /^\s*export\b/m.test(source);
  const whole = new RegExp(`module\\.exports\\s*=\\s*(?:async\\s+)?(?:function\\s+)?${target.name}\\b`).test(
    source,
  );
  const names = whole ? target.name : `{ ${target.name} }`;
  const bring = (what: string, where: string) =>
    modules ? `import ${what} from '${where}';\n` : `const ${what} = require('${where}');\n`;
  const title = `'${written.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const body = `  // ${note}\n  ${expectation};\n`;
  const head = `${heads(runner, bring)}${bring(names, path)}\n`;
  if (runner === 'command') return `${head}// ${note}\n${expectation};\n`;
  return `${head}${runner === 'mocha' ? 'it' : 'test'}(${title}, () => {\n${body}});\n`;
}

function heads(runner: TestPlan['runner'], bring: (what: string, where: string) => string): string {
  if (runner === 'vitest') return bring('{ expect, test }', 'vitest');
  if (runner === 'jest') return '';
  const assert = bring('assert', 'node:assert');
  return runner === 'node' ? `${assert}${bring('{ test }', 'node:test')}` : assert;
}
