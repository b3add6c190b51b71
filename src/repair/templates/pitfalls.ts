// What JavaScript programmers stumble over: promises, shared objects and lists that are changed in place, keys, callbacks.
import type { SyntaxNode } from '#code/syntax.ts';
import {
  argumentsOf,
  binariesOf,
  calleeOf,
  childOf,
  insert,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
  zeroBits,
} from './types.ts';

export const pitfallTemplates: readonly Template[] = [promises, copies, keys, calls, arrows];

function propose(template: string, bits: number, node: SyntaxNode, text: string): Proposal {
  return {
    template,
    bits,
    edits: [replace(node, text)],
    reason: `replace ${short(node.text)} by ${short(text)}`,
  };
}

/** The function that a node stands in, and whether it is marked `async`. */
function functionAround(node: SyntaxNode): { at: SyntaxNode; isAsync: boolean } | null {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (/^(?:function_|arrow_function|method_definition|generator_)/.test(at.kind)) {
      return { at, isAsync: at.children.some((child) => child.text === 'async') };
    }
  }
  return null;
}

/** Missing or needless `await`, also with the `async` that it takes; `forEach` and `map` with an async function. */
function* promises(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (grammar.family !== 'javascript') return;
  const isStatement = node.kind === 'expression_statement';
  const call = isStatement ? node.children[0] : node;
  if (call?.kind !== 'call_expression') return;
  const around = functionAround(node);
  const callee = calleeOf(call);
  const awaited = call.parent?.kind === 'await_expression';
  if (!isStatement && !awaited && around !== null) {
    const edits = [
      replace(
        call,
        /^(?:member|subscript|call)/.test(call.parent?.kind ?? '')
          ? `(await ${call.text})`
          : `await ${call.text}`,
      ),
    ];
    if (around.isAsync) yield { template: 'await', bits: 4.5, edits, reason: `wait for ${short(call.text)}` };
    else if (!/^(?:get|set) /.test(around.at.text)) {
      yield {
        template: 'await',
        bits: 8.5,
        edits: [...edits, insert(around.at.start, 'async ')],
        reason: `wait for ${short(call.text)}, in an async function`,
      };
    }
  }
  const [first] = argumentsOf(call);
  const property = callee?.children.at(-1)?.text;
  const receiver = callee?.children[0];
  const isAsync = first?.children.some((child) => child.text === 'async') === true;
  if (receiver === undefined || first === undefined) return;
  if (property === 'forEach' && isStatement) {
    const body = childOf(first, 'body');
    const parameter =
      childOf(first, 'parameter') ?? childOf(first, 'parameters')?.children.find((child) => child.named);
    if (
      body?.kind === 'statement_block' &&
      parameter !== undefined &&
      around !== null &&
      !/\breturn\b/.test(body.text)
    ) {
      yield propose(
        'await',
        isAsync ? 4 : 8,
        node,
        `for (const ${parameter.text} of ${receiver.text}) ${body.text}`,
      );
    }
    if (isAsync)
      yield propose(
        'await',
        5,
        node,
        `await Promise.all(${receiver.text}.map${call.text.slice((callee?.end ?? call.start) - call.start)});`,
      );
  }
  if (isAsync && /^(?:map|flatMap)$/.test(property ?? '') && !awaited)
    yield propose('await', 4.5, call, `await Promise.all(${call.text})`);
}

const CHANGES_IN_PLACE = /^(?:sort|reverse|splice|push|pop|shift|unshift|fill|copyWithin)$/;

/** A copy is changed in place of what others hold too. */
function* copies(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (grammar.family !== 'javascript') return;
  if (node.kind === 'call_expression') {
    const callee = calleeOf(node);
    const receiver = callee?.kind === 'member_expression' ? callee.children[0] : undefined;
    const method = callee?.children.at(-1)?.text ?? '';
    const rest = callee === null || receiver === undefined ? '' : node.text.slice(receiver.end - node.start);
    if (
      receiver !== undefined &&
      /^(?:sort|reverse|splice|fill)$/.test(method) &&
      /^(?:identifier|member_expression)$/.test(receiver.kind)
    ) {
      yield propose('copy', 4.5, node, `[...${receiver.text}]${rest}`);
      yield propose('copy', 5, node, `${receiver.text}.slice()${rest}`);
      if (method !== 'splice' && method !== 'fill')
        yield propose(
          'copy',
          6,
          node,
          `${receiver.text}.to${method[0]?.toUpperCase()}${method.slice(1)}${node.text.slice((callee?.end ?? 0) - node.start)}`,
        );
    }
    if (callee?.text === 'Object.assign' && argumentsOf(node)[0]?.kind !== 'object') {
      yield propose('copy', 4.5, node, node.text.replace('(', '({}, '));
    }
  }
  // A value kept under another name, given away or returned.
  const kept =
    node.field === 'value' ||
    node.field === 'right' ||
    /^(?:return_statement|arguments|pair)$/.test(node.parent?.kind ?? '');
  if (!kept || !/^(?:identifier|member_expression|subscript_expression)$/.test(node.kind)) return;
  const changed = CHANGES_IN_PLACE.test(
    site.scope.properties.find((name) => CHANGES_IN_PLACE.test(name)) ?? '',
  );
  const extra = changed ? 0 : 2;
  yield propose('copy', 6.5 + extra, node, `[...${node.text}]`);
  yield propose('copy', 7, node, `{ ...${node.text} }`);
  yield propose('copy', 8 + extra, node, `${node.text}.slice()`);
  yield propose('copy', 9, node, `structuredClone(${node.text})`);
  yield propose('copy', 9, node, `new Map(${node.text})`);
  yield propose('copy', 9, node, `new Set(${node.text})`);
}

/** Own keys and inherited ones; objects as tables. */
function* keys(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (grammar.family !== 'javascript') return;
  const pair = binariesOf(node, grammar)[0];
  if (pair?.operator === 'in') {
    yield propose('own-key', 3.5, node, `Object.hasOwn(${pair.right.text}, ${pair.left.text})`);
    yield propose(
      'own-key',
      4,
      node,
      `Object.prototype.hasOwnProperty.call(${pair.right.text}, ${pair.left.text})`,
    );
  }
  const callee = node.kind === 'call_expression' ? calleeOf(node) : null;
  if (callee?.kind === 'member_expression' && callee.text.endsWith('.hasOwnProperty')) {
    const [key] = argumentsOf(node);
    const object = callee.children[0]?.text ?? '';
    yield propose('own-key', 4, node, `Object.prototype.hasOwnProperty.call(${object}, ${key?.text ?? ''})`);
    yield propose('own-key', 4.5, node, `${key?.text ?? ''} in ${object}`);
  }
  const isTest =
    node.field === 'condition' ||
    /^(?:&&|\|\|)$/.test(node.parent?.children[1]?.text ?? '') ||
    node.parent?.kind === 'parenthesized_expression' ||
    node.parent?.kind === 'unary_expression';
  if (node.kind === 'subscript_expression' && isTest) {
    const [object, key] = [childOf(node, 'object')?.text ?? '', childOf(node, 'index')?.text ?? ''];
    yield propose('own-key', 5, node, `Object.hasOwn(${object}, ${key})`);
    yield propose('own-key', 6, node, `(${key} in ${object})`);
    yield propose('own-key', 5.5, node, `${node.text} !== undefined`);
  }
  if (node.kind === 'object' && node.text.replace(/\s/g, '') === '{}') {
    yield propose('table', 5.5, node, 'Object.create(null)');
    yield propose('table', 7, node, 'new Map()');
  }
  if (node.kind === 'for_in_statement') {
    const operator = node.children.find((child) => child.text === 'in' || child.text === 'of');
    const right = childOf(node, 'right');
    if (operator === undefined || right === null) return;
    const other = operator.text === 'in' ? 'of' : 'in';
    const edit = (text: string) => [replace({ start: operator.start, end: right.end }, text)];
    yield {
      template: 'loop-over',
      bits: 4.5,
      edits: edit(`${other} ${right.text}`),
      reason: `loop over ${other === 'of' ? 'values' : 'keys'}`,
    };
    for (const list of ['keys', 'values', 'entries']) {
      yield {
        template: 'loop-over',
        bits: 5.5,
        edits: edit(`of Object.${list}(${right.text})`),
        reason: `loop over the own ${list} of ${short(right.text)}`,
      };
      if (operator.text === 'of')
        yield {
          template: 'loop-over',
          bits: 7,
          edits: edit(`of ${operand(right)}.${list}()`),
          reason: `loop over the ${list} of ${short(right.text)}`,
        };
    }
  }
}

/** Calls with a habit of going wrong: number parsing, NaN, sorting, arguments passed as a list. */
function* calls(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (grammar.family !== 'javascript' || (node.kind !== 'call_expression' && node.kind !== 'new_expression'))
    return;
  const callee = calleeOf(node);
  const list = childOf(node, 'arguments');
  if (callee === null || list === null || !list.text.startsWith('(')) return;
  const args = argumentsOf(node);
  const [first, second] = args;
  const name = callee.text;
  const method = callee.kind === 'member_expression' ? (callee.children.at(-1)?.text ?? '') : '';
  const receiver = callee.children[0]?.text ?? '';
  if (/^(?:Number\.)?parseInt$/.test(name) && first !== undefined) {
    if (second === undefined) yield propose('radix', 3.5, list, `(${first.text}, 10)`);
    yield propose('radix', 5, node, `Number(${first.text})`);
    yield propose('radix', 5, node, `Number.parseFloat(${first.text})`);
    yield propose('radix', 6, list, `(${first.text}, 16)`);
    yield propose('radix', 6, list, `(${first.text}, 2)`);
  }
  if (/^(?:isNaN|isFinite)$/.test(name)) yield propose('nan', 3.5, callee, `Number.${name}`);
  if (/^Number\.is(?:NaN|Finite)$/.test(name)) yield propose('nan', 4.5, callee, name.slice(7));
  if (/^(?:sort|toSorted)$/.test(method)) {
    if (args.length === 0) {
      for (const [index, order] of [
        '(a, b) => a - b',
        '(a, b) => b - a',
        '(a, b) => a.localeCompare(b)',
        '(a, b) => (a < b ? -1 : a > b ? 1 : 0)',
      ].entries())
        yield propose('comparator', 3.5 + index, list, `(${order})`);
    } else yield propose('comparator', 5.5, list, '()');
    yield propose('comparator', 5.5, node, `${node.text}.reverse()`);
  }
  if (args.length === 1 && first !== undefined && first.kind !== 'spread_element')
    yield propose('spread', 5.5, first, `...${first.text}`);
  if (first?.kind === 'spread_element') yield propose('spread', 5, first, first.text.slice(3));
  if (method === 'apply' && args.length === 1)
    yield propose('receiver', 4, list, `(null, ${first?.text ?? ''})`);
  if (/^(?:filter|map|find|some|every|reduce)$/.test(method) && args.length === 0)
    yield propose('argument-add', 4, list, '(Boolean)');
  if (/^(?:map|flat|flatMap|split|concat)$/.test(method))
    yield propose('wrap', 6.5 + zeroBits(node, site.scope.kinds), node, `${node.text}.filter(Boolean)`);
  if (method === 'reduce' && args.length === 1) {
    for (const [index, start] of ['0', '[]', '{}', "''", '1'].entries())
      yield propose('argument-add', 3.5 + index / 2, list, `(${first?.text ?? ''}, ${start})`);
  }
  if (/^(?:replace|split)$/.test(method) && first?.kind === 'string') {
    const plain = first.text.slice(1, -1).replace(/[.*+?^${}()|[\]/]/g, '\\$&');
    if (method === 'replace' && plain !== '') yield propose('regex', 5, first, `/${plain}/g`);
    if (method === 'split' && first.text.slice(1, -1) === ' ') yield propose('regex', 5, first, '/\\s+/');
  }
  if (method === 'replace')
    yield propose(
      'wrap',
      8,
      node,
      `${receiver}${node.text.slice((callee.children[0]?.end ?? node.start) - node.start)}.trim()`,
    );
}

/** `x > …` where a function was meant: the left name is nowhere declared. */
function* arrows(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (
    grammar.family !== 'javascript' ||
    node.kind !== 'binary_expression' ||
    node.parent?.kind !== 'arguments'
  )
    return;
  let left: SyntaxNode = node;
  while (left.kind === 'binary_expression') left = left.children[0] ?? left;
  const operator = left.parent?.children[1];
  if (left.kind !== 'identifier' || operator === undefined || !/^[<>]=?$|^=/.test(operator.text)) return;
  if (scope.declarations.some((one) => one.name === left.text) || scope.moduleNames.includes(left.text))
    return;
  yield {
    template: 'arrow',
    bits: 3,
    edits: [replace(operator, '=>')],
    reason: `pass a function of ${left.text}: replace ${operator.text} by =>`,
  };
}
