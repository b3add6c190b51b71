// Programs with a fault, for measuring how fast candidates are judged: small ones of one function, written for this, and
// faults put into a real module of an installed package. None of the package's code is kept.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Program {
  readonly name: string;
  readonly files: ReadonlyMap<string, string>;
  /** The file with the fault. */
  readonly source: string;
  /** Gives what the tests call, as one function that asserts nothing, of the program as it is installed. */
  readonly exercise: () => Promise<() => void>;
}

interface Small {
  readonly name: string;
  readonly text: string;
  /** Calls with the value each must have. */
  readonly calls: readonly (readonly [arguments_: string, value: string])[];
}

const SMALL: readonly Small[] = [
  {
    name: 'longestRun',
    text: `function longestRun(list) {
  let best = 0;
  let run = 0;
  for (let i = 0; i <= list.length; i += 1) {
    if (i > 0 && list[i] === list[i - 1]) run += 1;
    else run = 0;
    if (run > best) best = run;
  }
  return best;
}`,
    calls: [
      ['[1, 1, 2]', '2'],
      ['[3, 3, 3, 1]', '3'],
      ['[]', '0'],
      ['[5, 6, 6, 6, 6]', '4'],
    ],
  },
  {
    name: 'wordCounts',
    text: `function wordCounts(text) {
  const counts = {};
  for (const word of text.split(' ')) {
    if (word.length > 1) {
      counts[word] = (counts[word] ?? 1) + 1;
    }
  }
  return Object.entries(counts).sort((a, b) => b[1] - a[1]);
}`,
    calls: [
      ["'to be or not to be to'", "[['to', 3], ['be', 2], ['or', 1], ['not', 1]]"],
      ["'one'", "[['one', 1]]"],
      ["''", '[]'],
    ],
  },
  {
    name: 'balanced',
    text: `function balanced(text) {
  const pairs = { ')': '(', ']': '[', '}': '{' };
  const open = [];
  for (const sign of text) {
    if (Object.values(pairs).includes(sign)) open.push(sign);
    else if (pairs[sign] !== undefined && open.pop() === pairs[sign]) return false;
  }
  return open.length === 0;
}`,
    calls: [
      ["'(a[b]{c})'", 'true'],
      ["'(]'", 'false'],
      ["'(('", 'false'],
      ["''", 'true'],
      ["'[()]'", 'true'],
    ],
  },
  {
    name: 'clampAll',
    text: `const clampAll = (values, low, high) =>
  values.map((value) => (value < low ? low : value < high ? high : value));`,
    calls: [
      ['[1, 5, 9], 2, 7', '[2, 5, 7]'],
      ['[], 0, 1', '[]'],
      ['[3], 3, 3', '[3]'],
    ],
  },
  {
    name: 'digitsOf',
    text: `function digitsOf(number, base = 10) {
  const digits = [];
  let rest = Math.abs(number);
  while (rest > base) {
    digits.unshift(rest % base);
    rest = Math.floor(rest / base);
  }
  return [rest, ...digits];
}`,
    calls: [
      ['120', '[1, 2, 0]'],
      ['5, 2', '[1, 0, 1]'],
      ['0', '[0]'],
      ['-10', '[1, 0]'],
    ],
  },
];

/** CommonJS and node:test, as most small programs are. */
export function functionPrograms(): Program[] {
  return SMALL.map(({ name, text, calls }) => {
    const tests = calls.map(
      ([arguments_, value], index) =>
        `test('call ${index + 1}', () => assert.deepEqual(${name}(${arguments_}), ${value}));\n`,
    );
    const head = `const assert = require('node:assert');\nconst { test } = require('node:test');\nconst { ${name} } = require('./source.js');\n`;
    const all = calls.map(([arguments_]) => `${name}(${arguments_});`).join('\n');
    return {
      name,
      source: 'source.js',
      files: new Map([
        ['package.json', '{}'],
        ['source.js', `${text}\nmodule.exports = { ${name} };\n`],
        ['source.test.js', head + tests.join('')],
      ]),
      exercise: async () => new Function(`${text}\nreturn () => {\n${all}\n};`)() as () => void,
    };
  });
}

/** A module for source maps (MIT), which this project's tools bring along: 18 functions in more than 400 lines. */
const MODULE = '@jridgewell/sourcemap-codec';
const MODULE_FILE = 'dist/sourcemap-codec.mjs';
/** Each takes one thing away from the module: text that stands in it once, and what it becomes. */
const FAULTS: readonly (readonly [name: string, from: string, to: string])[] = [
  ['decodeInteger', 'shift += 5;', 'shift += 4;'],
  ['decodeSign', 'return num & 1 ?', 'return num & 2 ?'],
  ['encodeInteger', 'if (num > 0) clamped |= 32;', 'if (num >= 0) clamped |= 32;'],
  ['decode', 'if (genColumn < lastCol) sorted = false;', 'if (genColumn < lastCol) sorted = true;'],
  ['sortComparator', 'return a[0] - b[0];', 'return a[0] + b[0];'],
  ['encode', 'if (j > 0) writer.write(comma);', 'if (j > 1) writer.write(comma);'],
];

const MODULE_TEST = `import assert from 'node:assert';
import { test } from 'node:test';
import { decode, encode } from '../src/module.mjs';
const decoded = [[[0, 0, 0, 0], [4, 0, 0, 4, 1]], [], [[2, 1, 9, 0], [6], [1, 0, 3, 17, 2]], [[0, 0, 40, 8]]];
const sorted = decoded.map((line) => [...line].sort((a, b) => a[0] - b[0]));
test('nothing', () => assert.equal(encode([]), ''));
test('empty lines', () => assert.equal(encode([[], [], []]), ';;'));
test('one segment', () => assert.equal(encode([[[0, 0, 0, 0]]]), 'AAAA'));
test('two segments', () => assert.equal(encode([[[0, 0, 0, 0], [4, 0, 0, 4, 1]]]), 'AAAA,IAAIC'));
test('large and negative', () => assert.equal(encode([[[1000, 0, 40, 8]], [[0, 0, 3, 2]]]), 'w+BAwCQ;AArCN'));
test('decodes', () => assert.deepEqual(decode('AAAA,IAAIC;;EACTA'), [[[0, 0, 0, 0], [4, 0, 0, 4, 1]], [], [[2, 0, 1, -5, 1]]]));
test('sorts', () => assert.deepEqual(decode('IAAI,HAAJ'), [[[1, 0, 0, 0], [4, 0, 0, 4]]]));
test('there and back', () => assert.deepEqual(decode(encode(sorted)), sorted));
`;

export async function modulePrograms(): Promise<Program[]> {
  const require = createRequire(import.meta.url);
  const directory = join(require.resolve(MODULE), '..', '..');
  const file = join(directory, MODULE_FILE);
  const text = await readFile(file, 'utf8');
  return FAULTS.map(([name, from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`the module is another than expected: ${name}`);
    return {
      name,
      source: 'src/module.mjs',
      files: new Map([
        ['package.json', '{"type":"module"}'],
        ['src/module.mjs', text.replace(from, to)],
        ['test/module.test.mjs', MODULE_TEST],
      ]),
      exercise: () => exerciseModule(file),
    };
  });
}

async function exerciseModule(file: string): Promise<() => void> {
  const { decode, encode } = (await import(pathToFileURL(file).href)) as {
    decode: (text: string) => unknown;
    encode: (lines: readonly unknown[]) => string;
  };
  return () => {
    encode([]);
    encode([[], [], []]);
    encode([[[0, 0, 0, 0]]]);
    encode([
      [
        [0, 0, 0, 0],
        [4, 0, 0, 4, 1],
      ],
    ]);
    encode([[[1000, 0, 40, 8]], [[0, 0, 3, 2]]]);
    decode('AAAA,IAAIC;;EACTA');
    decode('IAAI,HAAJ');
    decode(
      encode([
        [
          [0, 0, 0, 0],
          [4, 0, 0, 4, 1],
        ],
        [],
        [[1, 0, 3, 17, 2], [2, 1, 9, 0], [6]],
        [[0, 0, 40, 8]],
      ]),
    );
  };
}
