// Expressions of a test file that need nothing but its imports, and variants of them with other literals: inputs to compare on.
import { parseSync } from 'oxc-parser';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Harvest {
  /** Import and require statements of the file, as they stand. */
  readonly head: string;
  readonly esm: boolean;
  readonly expressions: readonly string[];
}

const GLOBALS = new Set(
  'undefined NaN Infinity JSON Object Array Date Math Map Set WeakMap WeakSet RegExp Symbol String Number Boolean BigInt Error TypeError RangeError SyntaxError Promise URL URLSearchParams Buffer Uint8Array ArrayBuffer parseInt parseFloat isNaN encodeURIComponent decodeURIComponent encodeURI decodeURI structuredClone Int8Array Float64Array globalThis Headers Request Response Blob File FormData AbortController TextEncoder TextDecoder'.split(
    ' ',
  ),
);
const MAX_EXPRESSIONS = 400;
const MAX_LENGTH = 1_500;
const MAX_POOL = 40;
const EXTRA_TEXTS = ["''", "' '", "'0'", "'a/b'", "'A-b_c.d'", "'//x?y=1#z'", "'\\u00e9\\n'", "'a,b'"];
const EXTRA_VALUES = [
  '0',
  '-1',
  '1.5',
  'null',
  'undefined',
  '[]',
  '{}',
  'true',
  'NaN',
  '[1, 2, 3]',
  '{ a: 1 }',
];

/** Null when the file cannot be parsed or imports nothing of the library. Equal texts and seeds give equal harvests. */
export function harvest(path: string, text: string, seed: number): Harvest | null {
  const parsed = parseSync(path, text);
  if (parsed.errors.length > 0) return null;
  const program = parsed.program as unknown as Node;
  const head: string[] = [];
  const own = new Set<string>();
  for (const statement of program['body'] as Node[]) {
    const names = importedNames(statement, text);
    if (names === null) continue;
    head.push(text.slice(statement.start, statement.end));
    for (const name of names) own.add(name);
  }
  if (own.size === 0) return null;
  const calls: Node[] = [];
  walk(program, (node) => {
    if ((node.type === 'CallExpression' || node.type === 'NewExpression') && mentions(node, own))
      calls.push(node);
  });
  const random = randomOf(seed);
  const pool = literalPool(program, text);
  const plain = calls.filter((node) => isClosed(node, own)).map((node) => text.slice(node.start, node.end));
  const found = new Set(plain.filter((one) => one.length <= MAX_LENGTH));
  const variants = [...found].flatMap((one) => mutations(one, pool, random));
  const filled = calls.flatMap((node) => fillings(node, { text, own, pool, random }));
  const rest = shuffled([...new Set([...variants, ...filled])], random).filter(
    (one) => !found.has(one) && parseSync(path, `(${one})`).errors.length === 0,
  );
  const expressions = [...[...found].slice(0, MAX_EXPRESSIONS / 2), ...rest].slice(0, MAX_EXPRESSIONS);
  return { head: head.join('\n'), esm: /^import\s/m.test(head.join('\n')), expressions };
}

/** Names that a statement imports from the library itself; null when it imports nothing, empty for other packages. */
function importedNames(statement: Node, text: string): string[] | null {
  const source = text.slice(statement.start, statement.end);
  const names = new Set<string>();
  if (statement.type === 'ImportDeclaration') {
    const from = (statement['source'] as { value: string }).value;
    if (statement['importKind'] === 'type') return [];
    for (const specifier of statement['specifiers'] as Node[])
      names.add((specifier['local'] as { name: string }).name);
    return from.startsWith('.') ? [...names] : [];
  }
  if (statement.type !== 'VariableDeclaration' || !/\brequire\(/.test(source)) return null;
  for (const declared of statement['declarations'] as Node[]) {
    const init = declared['init'] as Node | null;
    if (init !== null && /^require\(\s*['"]\./.test(text.slice(init.start, init.end)))
      walk(declared['id'] as Node, (node) => {
        if (node.type === 'Identifier') names.add(node['name'] as string);
      });
  }
  return [...names];
}

/** Whether everything it names is imported from the library, global, or bound inside it; no test function is called. */
function isClosed(node: Node, own: ReadonlySet<string>): boolean {
  const bound = new Set<string>();
  let closed = true;
  walk(node, (inner) => {
    if (/Function/.test(inner.type))
      for (const parameter of (inner['params'] as Node[]) ?? [])
        walk(parameter, (one) => void (one.type === 'Identifier' && bound.add(one['name'] as string)));
    if (inner.type === 'VariableDeclarator')
      walk(
        inner['id'] as Node,
        (one) => void (one.type === 'Identifier' && bound.add(one['name'] as string)),
      );
    if (/^(AwaitExpression|YieldExpression|ThisExpression|ImportExpression)$/.test(inner.type))
      closed = false;
  });
  for (const name of freeNames(node))
    if (!own.has(name) && !GLOBALS.has(name) && !bound.has(name)) closed = false;
  return closed;
}

function mentions(node: Node, own: ReadonlySet<string>): boolean {
  return [...freeNames(node)].some((name) => own.has(name));
}

function freeNames(node: Node): Set<string> {
  const names = new Set<string>();
  walk(node, (inner, parent, field) => {
    if (inner.type !== 'Identifier') return;
    const property =
      parent?.type === 'MemberExpression' && field === 'property' && parent['computed'] !== true;
    const key = parent?.type === 'Property' && field === 'key' && parent['computed'] !== true;
    if (!property && !(key && parent['shorthand'] !== true)) names.add(inner['name'] as string);
  });
  return names;
}

/** Short literals of the file, the most frequent kinds of input there. */
function literalPool(program: Node, text: string): string[] {
  const pool = new Set<string>();
  walk(program, (node) => {
    const plain =
      node.type === 'Literal' || (/^(Array|Object)Expression$/.test(node.type) && isClosed(node, new Set()));
    const source = plain ? text.slice(node.start, node.end) : '';
    if (source !== '' && source.length <= 80 && pool.size < 4 * MAX_POOL) pool.add(source);
  });
  return [...pool];
}

interface Filling {
  readonly text: string;
  readonly own: ReadonlySet<string>;
  readonly pool: readonly string[];
  readonly random: () => number;
}

/** A direct call of something imported with arguments that are not closed: literals of the file in their place. */
function fillings(node: Node, { text, own, pool, random }: Filling): string[] {
  const callee = node['callee'] as Node;
  const given = node['arguments'] as Node[];
  if (!isClosed(callee, own) || given.length === 0 || given.every((one) => isClosed(one, own))) return [];
  const values = [...pool, ...EXTRA_TEXTS, ...EXTRA_VALUES];
  const name = text.slice(node.start, callee.end);
  return Array.from({ length: 8 }, () => {
    const words = given.map((one) =>
      isClosed(one, own)
        ? text.slice(one.start, one.end)
        : (values[Math.floor(random() * values.length)] ?? '0'),
    );
    return `${name}(${words.join(', ')})`;
  });
}

/** The expression with one of its literals replaced, each a few times. */
function mutations(expression: string, pool: readonly string[], random: () => number): string[] {
  const parsed = parseSync('x.ts', `(${expression})`);
  if (parsed.errors.length > 0) return [];
  const places: Node[] = [];
  walk(parsed.program as unknown as Node, (node, parent, field) => {
    const key = parent?.type === 'Property' && field === 'key';
    if (node.type === 'Literal' && !key) places.push(node);
  });
  const at = (node: Node) => expression.slice(node.start - 1, node.end - 1);
  return places
    .slice(0, 6)
    .flatMap((node) =>
      variantsOf(at(node), pool, random).map(
        (value) => expression.slice(0, node.start - 1) + value + expression.slice(node.end - 1),
      ),
    );
}

function variantsOf(literal: string, pool: readonly string[], random: () => number): string[] {
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? "''";
  if (/^['"]/.test(literal)) {
    const body = literal.slice(1, -1);
    const quote = literal[0] ?? "'";
    const safe = !body.includes('\\');
    const texts = pool.filter((one) => /^['"]/.test(one));
    const own = safe ? [body.slice(1), body.slice(0, -1), body + body, body.toUpperCase()] : [];
    return [
      ...own.map((one) => quote + one + quote),
      pick(texts),
      pick(texts),
      pick(EXTRA_TEXTS),
      pick(EXTRA_VALUES),
    ];
  }
  if (/^\d+(\.\d+)?$/.test(literal)) {
    const value = Number(literal);
    return [value + 1, value - 1, -value, value * 10, 0.5, 0]
      .map(String)
      .map((one) => (one.startsWith('-') ? `(${one})` : one));
  }
  if (/^(true|false|null)$/.test(literal))
    return [literal === 'true' ? 'false' : 'true', 'undefined', pick(EXTRA_TEXTS)];
  return [];
}

function walk(node: Node, visit: (node: Node, parent: Node | null, field: string) => void): void {
  const step = (inner: Node, parent: Node | null, at: string): void => {
    visit(inner, parent, at);
    for (const [field, value] of Object.entries(inner)) {
      for (const child of Array.isArray(value) ? value : [value])
        if (child !== null && typeof child === 'object' && typeof (child as Node).type === 'string')
          step(child as Node, inner, field);
    }
  };
  step(node, null, '');
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
