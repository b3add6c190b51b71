// Outlines JavaScript and TypeScript tests: describe/it/test and their modifiers, subtests, plain scripts.

import type { SyntaxNode } from '../syntax.ts';
import type { Outlined, OutlinedCase, OutlinedExit, OutlinedMarker } from './outlined.ts';
import { fieldOf, isConditional, type Rewrite, shapeDigest, visit } from './tree.ts';

const CASES: Readonly<Record<string, OutlinedMarker | null>> = {
  it: null,
  test: null,
  specify: null,
  xit: { kind: 'skip', conditional: false },
  xtest: { kind: 'skip', conditional: false },
  xspecify: { kind: 'skip', conditional: false },
  fit: { kind: 'only', conditional: false },
  ftest: { kind: 'only', conditional: false },
};
const SUITES: Readonly<Record<string, OutlinedMarker | null>> = {
  describe: null,
  suite: null,
  context: null,
  xdescribe: { kind: 'skip', conditional: false },
  xcontext: { kind: 'skip', conditional: false },
  fdescribe: { kind: 'only', conditional: false },
};
const MODIFIERS: Readonly<Record<string, OutlinedMarker | null>> = {
  skip: { kind: 'skip', conditional: false },
  only: { kind: 'only', conditional: false },
  todo: { kind: 'todo', conditional: false },
  fails: { kind: 'fails', conditional: false },
  failing: { kind: 'fails', conditional: false },
  skipIf: { kind: 'skip', conditional: true },
  runIf: { kind: 'skip', conditional: true },
  each: null,
  for: null,
  concurrent: null,
  sequential: null,
  serial: null,
  parallel: null,
  shuffle: null,
};
const FUNCTIONS = /^(arrow_function|function_expression|function|generator_function)$/;
const ASSERTING = new Set(['expect', 'assert', 'should', 'expectTypeOf', 'assertType']);
const CONTEXT_ASSERTS =
  /^(is|not|deepEqual|notDeepEqual|equal|equals|notEqual|strictEqual|same|ok|notOk|true|false|truthy|falsy|throws|throwsAsync|notThrows|doesNotThrow|like|regex|match|rejects|fail|pass|error|snapshot|assert)$/;

interface Chain {
  readonly root: string;
  readonly members: readonly string[];
  /** Arguments of calls inside the chain, such as the table of `it.each(table)`. */
  readonly curried: readonly SyntaxNode[];
}

interface Declared {
  readonly kind: 'case' | 'suite';
  readonly title: string;
  readonly markers: readonly OutlinedMarker[];
  readonly run: SyntaxNode | null;
  /** What the digest covers. */
  readonly body: readonly SyntaxNode[];
}

/** Reads the cases of a parsed file. */
export function outlineJavaScript(root: SyntaxNode, lineOf: (offset: number) => number): Outlined {
  const cases: OutlinedCase[] = [];
  const instead = new Map<SyntaxNode, readonly SyntaxNode[]>();
  const enter = (
    top: SyntaxNode,
    suites: readonly string[],
    markers: readonly OutlinedMarker[],
    inCase: boolean,
  ): void =>
    visit(top, (node) => {
      const declared = node.kind === 'call_expression' ? declaration(node, inCase) : null;
      if (declared === null) return true;
      const conditional: OutlinedMarker[] = isConditional(node, root)
        ? [{ kind: 'skip', conditional: true }]
        : [];
      const path = [...suites, declared.title];
      const all = unique([...markers, ...declared.markers, ...conditional]);
      if (declared.kind === 'case') {
        instead.set(node, []);
        const own = declared.run ? bodyMarkers(declared.run) : [];
        const assertions = declared.run ? countAssertions(declared.run) : 0;
        const digest = shapeDigest(declared.body);
        const line = lineOf(node.start);
        cases.push({
          path,
          name: path.join(' › '),
          line,
          assertions,
          markers: unique([...all, ...own]),
          digest,
        });
        if (declared.run) enterBody(declared.run, path, all, true);
      } else {
        instead.set(node, declared.run ? [fieldOf(declared.run, 'body') ?? declared.run] : []);
        if (declared.run) enterBody(declared.run, path, all, inCase);
      }
      return false;
    });
  const enterBody = (
    run: SyntaxNode,
    path: readonly string[],
    markers: readonly OutlinedMarker[],
    inCase: boolean,
  ) => {
    for (const child of run.children) enter(child, path, markers, inCase);
  };
  enter(root, [], [], false);
  const rewrite: Rewrite = (node) => instead.get(node);
  const total = countAssertions(root);
  const restAssertions = total - outermostAssertions(root, instead);
  if (cases.length > 0)
    return { cases, exits: exitsOf(root, lineOf), restDigest: shapeDigest([root], rewrite), restAssertions };
  const digest = shapeDigest([root]);
  const script = { path: ['(script)'], name: '(script)', line: 1, assertions: total, markers: [], digest };
  return { cases: [script], exits: exitsOf(root, lineOf), restDigest: digest, restAssertions: 0 };
}

/** Assertions within the cases that are not inside another case. */
function outermostAssertions(
  root: SyntaxNode,
  instead: ReadonlyMap<SyntaxNode, readonly SyntaxNode[]>,
): number {
  let count = 0;
  visit(root, (node) => {
    if (instead.get(node)?.length !== 0) return true;
    count += countAssertions(node);
    return false;
  });
  return count;
}

function declaration(call: SyntaxNode, inCase: boolean): Declared | null {
  const chain = chainOf(fieldOf(call, 'function'));
  const args = fieldOf(call, 'arguments');
  if (chain === null || args === undefined || args.kind !== 'arguments') return null;
  const values = args.children.filter((child) => child.named && child.kind !== 'comment');
  const run = values.findLast((value) => FUNCTIONS.test(value.kind)) ?? null;
  const kind = kindOf(chain, { inCase, runs: run !== null });
  if (kind === null || values.length === 0) return null;
  if (kind === 'suite' && run === null) return null;
  const [first] = values;
  const named = first !== undefined && first !== run;
  const prefix = { ...CASES, ...SUITES }[chain.root];
  const modifiers = chain.members.flatMap((member) => MODIFIERS[member] ?? []);
  const pending: OutlinedMarker[] =
    values.length === 1 && named ? [{ kind: 'todo', conditional: false }] : [];
  const markers = [...(prefix ? [prefix] : []), ...modifiers, ...optionMarkers(values.slice(1)), ...pending];
  const title = named ? titleOf(first) : (fieldOf(run ?? call, 'name')?.text ?? '<anonymous>');
  return { kind, title, markers, run, body: [...chain.curried, ...values.slice(named ? 1 : 0)] };
}

/** What a call declares; `t.test(…)` and playwright's `test.describe(…)` are members of something else. */
function kindOf(chain: Chain, call: { inCase: boolean; runs: boolean }): 'case' | 'suite' | null {
  const members = chain.members.filter((member) => member !== 'describe');
  const plain = members.every((member) => Object.hasOwn(MODIFIERS, member));
  if (plain && Object.hasOwn(SUITES, chain.root)) return 'suite';
  if (plain && Object.hasOwn(CASES, chain.root))
    return members.length < chain.members.length ? 'suite' : 'case';
  const [first, ...others] = chain.members;
  const subtest =
    (first === 'test' || first === 'it') && others.every((other) => Object.hasOwn(MODIFIERS, other));
  return subtest && call.inCase && call.runs && /^(t|ctx|context|\w*[tT]est\w*)$/.test(chain.root)
    ? 'case'
    : null;
}

function chainOf(node: SyntaxNode | undefined): Chain | null {
  if (node === undefined) return null;
  if (node.kind === 'identifier') return { root: node.text, members: [], curried: [] };
  if (node.kind === 'member_expression') {
    const inner = chainOf(fieldOf(node, 'object'));
    const property = fieldOf(node, 'property');
    return inner && property ? { ...inner, members: [...inner.members, property.text] } : null;
  }
  if (node.kind !== 'call_expression') return null;
  const inner = chainOf(fieldOf(node, 'function'));
  const args = fieldOf(node, 'arguments');
  return inner && { ...inner, curried: args ? [...inner.curried, args] : inner.curried };
}

/** `{ skip: true }`, `{ only }`, `{ todo: 'reason' }` of node:test and vitest. */
function optionMarkers(values: readonly SyntaxNode[]): OutlinedMarker[] {
  const pairs = values.filter((value) => value.kind === 'object').flatMap((value) => value.children);
  return pairs.flatMap((pair): OutlinedMarker[] => {
    const shorthand = pair.kind === 'shorthand_property_identifier';
    const key = shorthand ? pair.text : (fieldOf(pair, 'key')?.text.replace(/['"]/g, '') ?? '');
    const marker = /^(skip|only|todo|fails)$/.test(key) ? MODIFIERS[key] : null;
    const value = shorthand ? undefined : fieldOf(pair, 'value');
    if (!marker || value?.kind === 'false' || value?.text === 'undefined') return [];
    return [{ ...marker, conditional: shorthand || !/^(true|string)$/.test(value?.kind ?? '') }];
  });
}

/** `this.skip()`, `t.skip()`, `ctx.todo()` inside a body. */
function bodyMarkers(run: SyntaxNode): OutlinedMarker[] {
  const found: OutlinedMarker[] = [];
  visit(run, (node) => {
    if (node.kind !== 'call_expression') return true;
    const match = /^(?:this|t|ctx|context|test|\w+Context)\.(skip|todo)$/.exec(
      fieldOf(node, 'function')?.text ?? '',
    );
    const marker = match?.[1] === undefined ? null : MODIFIERS[match[1]];
    if (marker) found.push({ ...marker, conditional: isConditional(node, run) });
    return true;
  });
  return found;
}

function titleOf(node: SyntaxNode): string {
  if (node.kind !== 'string' && node.kind !== 'template_string') return node.text.slice(0, 200);
  return node.text
    .slice(1, -1)
    .replace(/\\(['"`\\])/g, '$1')
    .replace(/\\u\{([0-9a-f]+)\}|\\u([0-9a-f]{4})/gi, (_, long: string, short: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(long ?? short, 16), 0x10ffff)),
    );
}

function countAssertions(top: SyntaxNode): number {
  let count = 0;
  visit(top, (node) => {
    if (node.kind === 'throw_statement') count += 1;
    else if (node.kind === 'call_expression' && isAssertion(fieldOf(node, 'function'))) count += 1;
    return true;
  });
  return count;
}

function isAssertion(callee: SyntaxNode | undefined): boolean {
  if (callee === undefined) return false;
  if (callee.kind === 'identifier') return ASSERTING.has(callee.text) || /^assert[A-Z]/.test(callee.text);
  if (callee.kind !== 'member_expression') return false;
  const chain = chainOf(callee);
  if (chain !== null && chain.curried.length === 0) {
    if (ASSERTING.has(chain.root))
      return !/^(assertions|hasAssertions|extend|addSnapshotSerializer)$/.test(chain.members[0] ?? '');
    if (chain.members.includes('assert')) return true;
    if (/^(t|tt|tap)$/.test(chain.root)) return CONTEXT_ASSERTS.test(chain.members[0] ?? '');
  }
  return /\.should\b/.test(callee.text.slice(-200)) && !/\.should\b[\s\S]*\(/.test(callee.text);
}

/** Calls that end the process and with it every test that would have come. */
function exitsOf(root: SyntaxNode, lineOf: (offset: number) => number): OutlinedExit[] {
  const exits: OutlinedExit[] = [];
  visit(root, (node) => {
    const target =
      node.kind === 'call_expression'
        ? fieldOf(node, 'function')?.text
        : node.kind === 'assignment_expression'
          ? fieldOf(node, 'left')?.text
          : undefined;
    const match = /^(?:globalThis\.)?(process\.(?:exit|reallyExit|abort|kill|exitCode)|Deno\.exit)$/.exec(
      target ?? '',
    );
    const called = node.kind === 'call_expression' || match?.[1] === 'process.exitCode';
    if (match?.[1] && called) exits.push({ call: match[1], line: lineOf(node.start) });
    return true;
  });
  return exits;
}

function unique(markers: readonly OutlinedMarker[]): OutlinedMarker[] {
  const seen = new Map(markers.map((marker) => [`${marker.kind}${marker.conditional}`, marker]));
  return [...seen.values()];
}
