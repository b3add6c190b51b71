// Candidates tried by switching functions in loaded files: the same answers as from loading everything anew.
import { expect, test } from 'vitest';
import type { TryReply } from '#repair/harness/protocol.ts';
import { judgeIn, type Trial } from './harnessed.ts';

const plain = ({ verdict, fixed, failed, lines }: TryReply) => ({ verdict, fixed, failed, lines });

/** Judged both ways; says which candidates passed, and which were answered without loading. */
async function bothWays(trial: Trial): Promise<{ passed: string[]; switched: string[] }> {
  const [switching, loading] = await Promise.all([judgeIn(trial), judgeIn({ ...trial, shaped: false })]);
  expect(switching.map(plain)).toEqual(loading.map(plain));
  const having = (isWanted: (reply: TryReply) => boolean) =>
    trial.candidates.filter((_, index) => isWanted(switching[index] as TryReply));
  return {
    passed: having((reply) => reply.verdict === 'pass'),
    switched: having((reply) => reply.switched === true),
  };
}

interface Kind {
  readonly source: string;
  /** An expression that must be 'right'. */
  readonly call: string;
  /** Whether the function can be switched at all. */
  readonly loads?: true;
}

const KINDS: Readonly<Record<string, Kind>> = {
  'a declaration': { source: 'function f() { return WRONG; } export { f };', call: 'f()' },
  'an arrow with an expression': { source: 'export const f = (a) => a + WRONG;', call: "f('').trim()" },
  'an arrow with a block': {
    source: 'export const f = (a, b) => { const c = WRONG; return a + b + c; };',
    call: "f('', '')",
  },
  'a named function expression that calls itself': {
    source: 'export const f = function g(n) { return n > 0 ? g(n - 1) : WRONG; };',
    call: 'f(3)',
  },
  'one that calls itself by the name of the module': {
    source: 'export function f(n) { return n > 0 ? f(n - 1) : WRONG; }',
    call: 'f(3)',
  },
  defaults: {
    source:
      'let n = 0; export function f(a = (n += 1), { b } = { b: a }, ...rest) { return n === 1 && rest.length === 0 && b === 1 && f.length === 0 ? WRONG : n; }',
    call: 'f()',
  },
  'an arrow with defaults': {
    source: "export const f = (a, b = '', ...rest) => a + b + rest.join('') + WRONG;",
    call: "f.length === 1 && f('')",
  },
  'arguments of any number': {
    source: "export function f() { return arguments.length === 3 && arguments[2] === 'c' ? WRONG : 'no'; }",
    call: "f('a', 'b', 'c')",
  },
  this: {
    source: 'export const o = { word: "ri", f() { return this.word + WRONG; } };',
    call: "o.f().replace('riright', 'right')",
  },
  'an async function': {
    source: 'export async function f(a) { await null; return WRONG; }',
    call: 'await f(1)',
  },
  'an async arrow': { source: 'export const f = async (a = 1) => WRONG;', call: 'await f()' },
  'a generator': {
    source: 'export function* f(n) { for (let i = 0; i < n; i += 1) yield i; return WRONG; }',
    call: '(() => { const g = f(2); g.next(); g.next(); return g.next().value; })()',
  },
  'a getter': { source: 'export const o = { get f() { return WRONG; } };', call: 'o.f' },
  'a method': {
    source: 'export class A { x = "r"; f(a) { return this.x === "r" ? WRONG : a; } }',
    call: 'new A().f(1)',
  },
  'a static method': {
    source: 'export class A { static f() { return A.name + WRONG; } }',
    call: "A.f().replace('A', '')",
  },
  'an accessor of a class': {
    source: 'export class A { get f() { return this.v; } set f(value) { this.v = WRONG; } }',
    call: '(() => { const a = new A(); a.f = 1; return a.f; })()',
  },
  'an async generator method': {
    source: 'export class A { async *f(a = 2) { yield WRONG; } }',
    call: '(await new A().f().next()).value',
  },
  'a constructor': {
    source: 'export class A { constructor(a) { this.f = a + WRONG; } }',
    call: "new A('').f",
  },
  'a function called with new': {
    source:
      'export function F(a) { this.f = a + WRONG; } F.prototype.get = function () { return this instanceof F && this.f; };',
    call: "new F('').get()",
  },
  super: {
    source:
      'class A { f() { return "r"; } } export class B extends A { f() { return super.f() === "r" ? WRONG : "no"; } }',
    call: 'new B().f()',
  },
  'private names': {
    source: 'export class A { #x = "r"; f() { return this.#x === "r" ? WRONG : "no"; } }',
    call: 'new A().f()',
  },
  'a function in a wrapper that ran while the file was loaded': {
    source:
      'export const f = (() => { const r = "r"; const inner = (a) => a === r ? WRONG : "no"; return (a) => inner(a); })();',
    call: "f('r')",
  },
  'a function in a block': {
    source: 'export let f; { const r = "r"; f = function () { return r === "r" ? WRONG : "no"; }; }',
    call: 'f()',
  },
  'a function that another calls': {
    source: 'function g() { return WRONG; } export const f = () => g();',
    call: 'f()',
  },
  'new.target': {
    source: 'export function F() { this.f = new.target === F ? WRONG : "no"; }',
    call: 'new F().f',
    loads: true,
  },
  'a derived constructor': {
    source: 'class A {} export class B extends A { constructor() { super(); this.f = WRONG; } }',
    call: 'new B().f',
    loads: true,
  },
  'a class field': { source: 'export class A { f = () => WRONG; }', call: 'new A().f()', loads: true },
  'code outside functions': { source: 'export const f = WRONG;', call: 'f', loads: true },
  'a function that ran while the file was loaded': {
    source: 'function g() { return WRONG; } export const f = g();',
    call: 'f',
    loads: true,
  },
};

function exportsOf(source: string): string[] {
  const declared = /export (?:async )?(?:const|let|class|function\*?) (\w+)/g;
  return [...source.matchAll(declared), ...source.matchAll(/export \{ (\w+) \}/g)].map(
    ([, name = '']) => name,
  );
}

function asScript(source: string): string {
  const bare = source.replace(/export \{.*\};?/, '').replaceAll('export ', '');
  return `${bare}\nmodule.exports = { ${exportsOf(source).join(', ')} };\n`;
}

function testOf({ source, call }: Kind, isModule: boolean): string {
  const names = exportsOf(source).join(', ');
  const head = isModule
    ? `import assert from 'node:assert';\nimport test from 'node:test';\nimport { ${names} } from './source.mjs';\n`
    : `const assert = require('node:assert');\nconst test = require('node:test');\nconst { ${names} } = require('./source.js');\n`;
  return `${head}test('works', async () => assert.equal(${call}, 'right'));\n`;
}

const CANDIDATES = ["'wrong'", "'right'", 'undefined', "'ri' + 'ght'", "'wronger'"];
const RIGHT = ["'right'", "'ri' + 'ght'"];

for (const [what, kind] of Object.entries(KINDS)) {
  test(`${what}: switched and loaded anew it is the same`, { timeout: 60_000 }, async () => {
    for (const isModule of [true, false]) {
      const { passed, switched } = await bothWays({
        file: isModule ? 'source.mjs' : 'source.js',
        source: isModule ? kind.source : asScript(kind.source),
        test: testOf(kind, isModule),
        candidates: CANDIDATES,
      });
      expect(passed).toEqual(RIGHT);
      expect(switched).toEqual(kind.loads ? [] : CANDIDATES.filter((one) => !RIGHT.includes(one)));
    }
  });
}

const KEPT_TO_THEMSELVES = `const key = {};
const other = {};
const inner = { count: 0 };
const held = new WeakMap([[key, inner], [other, 1]]);
const marked = new WeakSet([other]);
const target = { n: 0 };
const store = new Proxy(target, { get: (real, name) => (name === 'double' ? real.n * 2 : real[name]) });
export const face = Proxy.revocable(store, {}).proxy;
const clean = () =>
  face.double === 0 && held.get(key) === inner && inner.count === 0 && held.has(other) && !marked.has(key) && marked.has(other);
export function f() { return WRONG; }
`;
const SPOILERS = [
  "(face.n = 4, 'no')",
  "(held.get(key).count += 1, 'no')",
  "(held.set(key, {}), 'no')",
  "(held.delete(other), 'no')",
  "(marked.add(key).delete(other), 'no')",
];

test('what proxies and weak collections keep is put back after each candidate, and does not stop switching', {
  timeout: 60_000,
}, async () => {
  const candidates = SPOILERS.flatMap((one, index) => [one, `(clean() ? 'right' : 'spoilt ${index}')`]);
  const { passed, switched } = await bothWays({
    file: 'source.mjs',
    source: KEPT_TO_THEMSELVES,
    test: "import assert from 'node:assert';\nimport test from 'node:test';\nimport { f } from './source.mjs';\ntest('works', () => assert.equal(f(), 'right'));\n",
    candidates,
  });
  expect(passed).toEqual(candidates.filter((one) => one.startsWith('(clean()')));
  expect(switched).toEqual(SPOILERS);
});
