// Literals of JavaScript and Python in documents, as values: numbers, texts, lists, tuples, records. Nothing is evaluated.
import type { LanguageFamily } from '#contracts/project.ts';
import type { Value } from '../harness/protocol.ts';
import { isTagged } from './inputs.ts';

export type Family = LanguageFamily;

interface Reader {
  readonly text: string;
  readonly family: Family;
  at: number;
}

const WORDS: Readonly<Record<string, Value>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
  undefined: { $: 'undefined' },
  NaN: { $: 'number', text: 'NaN' },
  Infinity: { $: 'number', text: 'Infinity' },
};
const MAX_DEPTH = 12;

/** The literal that the text begins with, and where it ends; null when it begins with none. */
export function readLiteral(text: string, family: Family): { value: Value; end: number } | null {
  const reader: Reader = { text, family, at: 0 };
  const value = literal(reader, 0);
  return value === undefined ? null : { value, end: reader.at };
}

/** Arguments between brackets, from the opening one on. */
export function readArguments(
  text: string,
  family: Family,
): { values: readonly Value[]; end: number } | null {
  const reader: Reader = { text, family, at: 0 };
  if (text[0] !== '(') return null;
  reader.at = 1;
  const values = items(reader, ')', 0);
  return values === undefined ? null : { values, end: reader.at };
}

function literal(reader: Reader, depth: number): Value | undefined {
  skipSpace(reader);
  if (depth > MAX_DEPTH) return undefined;
  const { text } = reader;
  const first = text[reader.at] ?? '';
  if (first === '[') return listOf(reader, ']', depth);
  if (first === '(' && reader.family === 'python') return tuple(reader, depth);
  if (first === '{') return record(reader, depth);
  if (first === "'" || first === '"' || first === '`') return quoted(reader, first);
  const number = /^[-+]?(?:\d[\d_]*\.?\d*(?:e[-+]?\d+)?|\.\d+)(?![\w.])/i.exec(
    text.slice(reader.at, reader.at + 40),
  );
  if (number !== null) {
    reader.at += number[0].length;
    return numberOf(number[0].replaceAll('_', ''), reader.family);
  }
  const word = /^[A-Za-z]+\b/.exec(text.slice(reader.at, reader.at + 12))?.[0] ?? '';
  if (!Object.hasOwn(WORDS, word)) return undefined;
  reader.at += word.length;
  return WORDS[word];
}

function numberOf(text: string, family: Family): Value {
  if (family === 'javascript' || /^[-+]?\d+$/.test(text)) return Number(text);
  return { $: 'float', text: Number.isInteger(Number(text)) ? `${Number(text)}.0` : String(Number(text)) };
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at += 1;
}

function listOf(reader: Reader, close: string, depth: number): Value | undefined {
  reader.at += 1;
  return items(reader, close, depth);
}

function items(reader: Reader, close: string, depth: number): Value[] | undefined {
  const found: Value[] = [];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] === close) {
      reader.at += 1;
      return found;
    }
    const value = literal(reader, depth + 1);
    if (value === undefined) return undefined;
    found.push(value);
    skipSpace(reader);
    if (reader.text[reader.at] === ',') reader.at += 1;
    else if (reader.text[reader.at] !== close) return undefined;
  }
}

function tuple(reader: Reader, depth: number): Value | undefined {
  const open = reader.at;
  reader.at += 1;
  const values = items(reader, ')', depth);
  if (values === undefined) return undefined;
  // Brackets round one value without a comma are only brackets.
  const single = values.length === 1 && !/,\s*\)$/.test(reader.text.slice(open, reader.at));
  return single ? values[0] : { $: 'tuple', items: values };
}

function record(reader: Reader, depth: number): Value | undefined {
  reader.at += 1;
  const entries: (readonly [Value, Value])[] = [];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] === '}') {
      reader.at += 1;
      return { $: reader.family === 'python' ? 'dict' : 'object', entries };
    }
    const key = keyOf(reader, depth);
    skipSpace(reader);
    if (key === undefined || reader.text[reader.at] !== ':') return undefined;
    reader.at += 1;
    const value = literal(reader, depth + 1);
    if (value === undefined) return undefined;
    entries.push([key, value]);
    skipSpace(reader);
    if (reader.text[reader.at] === ',') reader.at += 1;
  }
}

function keyOf(reader: Reader, depth: number): Value | undefined {
  const bare = reader.family === 'javascript' ? /^[A-Za-z_$][\w$]*/.exec(reader.text.slice(reader.at)) : null;
  if (bare === null) {
    const value = literal(reader, depth + 1);
    return reader.family === 'javascript' && typeof value === 'number' ? String(value) : value;
  }
  reader.at += bare[0].length;
  return bare[0];
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
};

function quoted(reader: Reader, quote: string): string | undefined {
  let value = '';
  for (let at = reader.at + 1; at < reader.text.length; at += 1) {
    const letter = reader.text[at] ?? '';
    if (letter === quote) {
      reader.at = at + 1;
      return value;
    }
    if (letter === '\n' || (quote === '`' && letter === '$')) return undefined;
    if (letter !== '\\') value += letter;
    else {
      at += 1;
      const escaped = reader.text[at] ?? '';
      if (/[xu\d]/.test(escaped) && escaped !== '0') return undefined;
      value += ESCAPES[escaped] ?? escaped;
    }
  }
  return undefined;
}

/** Equal as people write values down: a tuple is a list, 2.0 is 2, the order of keys does not matter. */
export function looselyEqual(a: Value, b: Value): boolean {
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function plain(value: Value): unknown {
  if (Array.isArray(value)) return value.map((one: Value) => plain(one));
  if (!isTagged(value)) return value;
  const items = value['items'] as readonly Value[] | undefined;
  if (value.$ === 'tuple' && items !== undefined) return items.map(plain);
  if (value.$ === 'float') return /[a-z]{3}/.test(String(value['text'])) ? value : Number(value['text']);
  const entries = value['entries'] as readonly (readonly [Value, Value])[] | undefined;
  if (entries === undefined) return value;
  return { record: entries.map(([key, own]) => [JSON.stringify(plain(key)), plain(own)]).sort() };
}
