// Guards and probes leave the program as it was, but for the counting.
import vm from 'node:vm';
import { expect, test } from 'vitest';
import { createSyntaxReader } from '#code/syntax.ts';
import { applyEdits } from '#repair/edits.ts';
import { javascriptGrammar } from '../../src/repair/grammar/javascript.ts';
import { javascriptGuards, pythonGuards } from '../../src/repair/grammar/loop-guards.ts';
import { intoWoven, weaveGuards, weaveProbes } from '../../src/repair/weave.ts';

const SOURCE = `
'use strict';
const pick = (x) => x > 2 ? 'big' : { small: x };
function count(n) {
  let i = 0;
  while (i < n) i += 1;
  do { i -= 1; } while (i > n - 2);
  for (let k = 0; k < 3; k += 1) if (k === 1) i += k; else i += 2;
  for (;;) break;
  return i;
}
result = JSON.stringify([count(5), pick(1), pick(3)]);
`;

function run(text: string): { result: unknown; ticks: number; probes: Set<number> } {
  const scope = {
    result: null,
    ticks: 0,
    probes: new Set<number>(),
    __cambiumTick: (): void => undefined,
    __cambiumProbe: (_id: number): void => undefined,
  };
  scope.__cambiumTick = () => {
    scope.ticks += 1;
    if (scope.ticks > 1_000) throw new Error('the tick limit was passed');
  };
  scope.__cambiumProbe = (id) => {
    scope.probes.add(id);
  };
  vm.runInNewContext(text, scope);
  return scope;
}

const parse = (text: string) => createSyntaxReader().parse('javascript', text).root;

test('woven source computes the same', () => {
  const plain = run(SOURCE).result;
  const guarded = run(weaveGuards(SOURCE, parse(SOURCE), javascriptGrammar).text);
  const probed = run(weaveProbes(SOURCE, parse(SOURCE), javascriptGrammar, 0).text);
  expect(guarded.result).toBe(plain);
  expect(guarded.ticks).toBeGreaterThan(8);
  expect(probed.result).toBe(plain);
  expect(probed.probes.size).toBeGreaterThan(8);
});

test('an endless loop made by an edit is still guarded', () => {
  const woven = weaveGuards(SOURCE, parse(SOURCE), javascriptGrammar);
  const at = SOURCE.indexOf('i < n');
  const edits = intoWoven([{ start: at, end: at + 5, text: 'true' }], woven.insertions);
  expect(() => run(applyEdits(woven.text, edits))).toThrow(/tick limit/);
});

test('an edit lands at the same place in woven source: taking the guards out gives the edited source', () => {
  const woven = weaveGuards(SOURCE, parse(SOURCE), javascriptGrammar);
  for (const part of ['i < n', 'while (i < n) i += 1;', 'let i = 0;', 'k === 1', 'i', 'return i;']) {
    const start = SOURCE.indexOf(part);
    const edit = { start, end: start + part.length, text: '/*new*/' };
    const inWoven = applyEdits(woven.text, intoWoven([edit], woven.insertions));
    expect(inWoven.replaceAll(/__cambiumTick\(\)[;,]/g, '')).toBe(applyEdits(SOURCE, [edit]));
  }
});

test('loops that an edit brings along are guarded, and other words are left alone', () => {
  expect(javascriptGuards.guarded('while (')).toBe('while (__cambiumTick(),');
  expect(javascriptGuards.guarded('for (const x of list) { f(x); }')).toBe(
    'for (const x of list) {__cambiumTick(); f(x); }',
  );
  expect(pythonGuards.guarded('while n > 0:\n    n -= 1')).toBe(
    'while __cambiumTick__() and n > 0:\n    n -= 1',
  );
  expect(javascriptGuards.guarded("return 'meanwhile (a)'")).toBe("return 'meanwhile (a)'");
});
