// Nothing that one candidate leaves behind decides about another, though they share a loaded program.
import { expect, test } from 'vitest';
import { judgeIn, type Trial } from './harnessed.ts';

interface Leak extends Pick<Trial, 'source' | 'candidates' | 'runner'> {
  /** The test's file after its imports; one test `works`. */
  readonly test: string;
  readonly passing: readonly string[];
  /** False where everything has to be loaded anew each time. */
  readonly switches?: false;
}

const ONCE = "test('works', () => assert.equal(f('a'), 'right'));";
const RIGHT = "'right'";

const LEAKS: Readonly<Record<string, Leak>> = {
  'a counter of the module': {
    source:
      'let calls = 0; function f() { calls += 1; return calls === 1 ? WRONG : calls; } module.exports = { f };',
    test: ONCE,
    candidates: ["'a'", "'b'", RIGHT, "'c'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'a cache that keeps wrong answers': {
    source:
      'const cache = new Map(); function slow(word) { return WRONG; } function f(word) { if (!cache.has(word)) cache.set(word, slow(word)); return cache.get(word); } module.exports = { f };',
    test: ONCE,
    candidates: ["'a'", RIGHT, "'b'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'a cache that keeps right answers': {
    source:
      'const cache = {}; function slow(word) { return WRONG; } function f(word) { return (cache[word] ??= slow(word)); } module.exports = { f };',
    test: ONCE,
    candidates: [RIGHT, "'b'", 'undefined', RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'a variable in a closure': {
    source:
      "const next = (() => { let count = 0; return () => { count += 1; return count; }; })(); function f() { const word = WRONG; return next() === 1 ? word : 'late'; } module.exports = { f };",
    test: ONCE,
    candidates: ["'a'", RIGHT, "'b'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'a property of a function': {
    source:
      'function f() { f.words ??= []; f.words.push(WRONG); return f.words.join(); } module.exports = { f };',
    test: ONCE,
    candidates: ["'a'", RIGHT, "'b'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'a private field of an object that stays': {
    source:
      "class Store { static #last = 'none'; #words = new Set(); add(word) { this.#words.add(word); Store.#last = word; return [...this.#words].join(); } } const store = new Store(); function f() { return store.add(WRONG); } module.exports = { f };",
    test: ONCE,
    candidates: ["'a'", RIGHT, "'b'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'a collection that shows nothing of what it holds': {
    source:
      'const key = {}; const seen = new WeakMap(); function f() { const word = seen.get(key) ?? WRONG; seen.set(key, word); return word; } module.exports = { f };',
    test: ONCE,
    candidates: [RIGHT, "'a'", "'b'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'an iterator that does not tell how far it is': {
    source:
      "const turns = new Set(['first', 'second']).values(); function f() { const word = WRONG; return turns.next().value === 'first' ? word : 'late'; } module.exports = { f };",
    test: ONCE,
    candidates: ["'a'", RIGHT, "'b'", RIGHT],
    passing: [RIGHT, RIGHT],
    switches: false,
  },
  'a variable that a candidate assigns': {
    source: "let word = 'none'; function f() { return WRONG; } module.exports = { f };",
    test: ONCE,
    candidates: ["((word = 'right'), 'a')", 'word', "'b'", RIGHT, 'word'],
    passing: [RIGHT],
  },
  'the prototype of all lists': {
    source: 'function f() { return WRONG; } module.exports = { f };',
    test: ONCE,
    candidates: [
      "((Array.prototype.word = 'right'), 'a')",
      '[].word',
      RIGHT,
      "((Array.prototype.includes = () => true), 'a')",
      '[].word',
    ],
    passing: [RIGHT],
  },
  'a global variable, a file, the environment': {
    source: "const fs = require('node:fs'); function f() { return WRONG; } module.exports = { f };",
    test: ONCE,
    candidates: [
      "((globalThis.word = 'right'), 'a')",
      'globalThis.word',
      "(fs.writeFileSync('word', 'right'), 'a')",
      "fs.existsSync('word') ? 'right' : 'a'",
      "((process.env.WORD = 'right'), 'a')",
      'process.env.WORD',
      RIGHT,
    ],
    passing: [RIGHT],
  },
  'a fixture that all tests share': {
    source: 'function f(list) { return WRONG; } module.exports = { f };',
    test: "const list = ['right']; test('works', () => assert.equal(f(list), 'right'));",
    candidates: [
      "list.splice(0).join('x') && 'a'",
      'list[0]',
      "list.unshift('a')",
      'list.at(-1)',
      "list.push('right')",
    ],
    passing: ['list[0]', 'list.at(-1)'],
  },
  "a variable of the test's suite": {
    source: 'function f() { return WRONG; } module.exports = { f };',
    test: "require('node:test').describe('suite', () => { let runs = 0; test('works', () => { runs += 1; assert.equal(f(), runs === 1 ? 'right' : 'again'); }); });",
    candidates: ["'a'", "'again'", RIGHT, "'again'", RIGHT],
    passing: [RIGHT, RIGHT],
  },
  'what comes later': {
    source: 'function f() { return WRONG; } module.exports = { f };',
    test: "test('works', async () => { await null; assert.equal(f(), 'right'); await new Promise(setImmediate); });",
    candidates: [
      "(Promise.reject(new Error('late')), 'a')",
      RIGHT,
      "(setTimeout(() => { throw new Error('late'); }, 0), 'a')",
      RIGHT,
      "(Promise.reject(new Error('late')), 'right')",
      RIGHT,
    ],
    passing: [RIGHT, RIGHT, RIGHT],
  },
  'a script that is run again': {
    runner: 'command',
    source:
      "let calls = 0; function f() { calls += 1; return calls === 1 ? WRONG : 'late'; } module.exports = { f };",
    test: "let runs = 0; runs += 1; assert.equal(runs, 1); assert.equal(f(), 'right');",
    candidates: [
      "'a'",
      "((globalThis.word = 'right'), 'a')",
      'globalThis.word',
      RIGHT,
      'process.exit(0)',
      RIGHT,
    ],
    passing: [RIGHT, RIGHT],
  },
};

for (const [what, leak] of Object.entries(LEAKS)) {
  test(`${what}: the right change is found, and nothing passes by what another left`, {
    timeout: 60_000,
  }, async () => {
    const { source, runner = 'node', candidates } = leak;
    const head =
      "const assert = require('node:assert');\nconst { test } = require('node:test');\nconst { f } = require('./source.js');\n";
    const names = /describe\('suite'/.test(leak.test) ? ['suite › works'] : ['works'];
    const trial = { source, runner, candidates, names, test: `${head}${leak.test}\n` };
    const replies = await judgeIn(trial);
    expect(candidates.filter((_, index) => replies[index]?.verdict === 'pass')).toEqual(leak.passing);
    expect(replies.some((reply) => reply.switched === true)).toBe(leak.switches ?? true);
  });
}
