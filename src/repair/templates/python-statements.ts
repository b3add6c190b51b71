// Mistakes in Python's statements: results dropped or not returned, order of several values, indentation, scopes of names.
import type { SyntaxNode } from '#code/syntax.ts';
import { namesAt } from './names.ts';
import { inPython } from './python-expressions.ts';
import {
  argumentsOf,
  calleeOf,
  childOf,
  indentOf,
  insert,
  type Proposal,
  reindent,
  replace,
  type Site,
  short,
  siblingsOf,
  type Template,
} from './types.ts';

export const pythonStatementTemplates: readonly Template[] = [
  inPython(droppedResult),
  inPython(inPlace),
  inPython(severalValues),
  inPython(intoBlock),
  inPython(separateIf),
  inPython(yields),
  inPython(typedBackwards),
  inPython(collected),
  inPython(neverEnding),
];

/** Proposed once for a function. */
export const pythonFunctionTemplates: readonly Template[] = [
  inPython(mutableDefaults),
  inPython(outerNames),
  inPython(lastReturn),
];

function only(node: SyntaxNode): SyntaxNode | null {
  const own = node.children.filter((child) => child.named);
  return own.length === 1 ? (own[0] ?? null) : null;
}

/** A call whose result is not kept: strings do not change, and functions do not return by themselves. */
function* droppedResult(site: Site): Iterable<Proposal> {
  const { node } = site;
  const value = node.kind === 'expression_statement' ? only(node) : null;
  if (value === null || /^(?:assignment|augmented_assignment|string|yield|await)$/.test(value.kind)) return;
  const text = value.text;
  yield {
    template: 'dropped-result',
    bits: 4.5,
    edits: [replace(node, `return ${text}`)],
    reason: `return ${short(text)}`,
  };
  if (value.kind !== 'call') return;
  const callee = calleeOf(value);
  const receiver =
    callee?.kind === 'attribute' ? (callee.children[0]?.text ?? '') : (argumentsOf(value)[0]?.text ?? '');
  if (!/^[\w.]+$/.test(receiver)) return;
  const reason = `keep the result of ${short(text)}`;
  yield { template: 'dropped-result', bits: 4.5, edits: [insert(node.start, `${receiver} = `)], reason };
  yield { template: 'dropped-result', bits: 7, edits: [insert(node.start, `${receiver} += `)], reason };
}

/** `x.sort()` gives nothing, `sorted(x)` changes nothing. */
function* inPlace(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'call') return;
  const callee = calleeOf(node);
  const list = childOf(node, 'arguments')?.text.slice(1, -1) ?? '';
  if (callee?.kind === 'attribute') {
    const receiver = callee.children[0]?.text ?? '';
    const method = callee.children.at(-1)?.text;
    const texts =
      method === 'sort'
        ? [`sorted(${[receiver, list].filter((one) => one !== '').join(', ')})`]
        : method === 'reverse'
          ? [`${receiver}[::-1]`, `list(reversed(${receiver}))`]
          : [];
    for (const text of texts) {
      const reason = `replace ${short(node.text)} by ${short(text)}`;
      yield { template: 'in-place', bits: 4, edits: [replace(node, text)], reason };
    }
  }
  const [first, ...others] = argumentsOf(node);
  if (callee?.text === 'sorted' && first !== undefined && /^[\w.]+$/.test(first.text)) {
    const text = `${first.text}.sort(${others.map((one) => one.text).join(', ')})`;
    if (node.parent?.kind === 'expression_statement')
      yield {
        template: 'in-place',
        bits: 3,
        edits: [replace(node, text)],
        reason: `sort ${first.text} itself`,
      };
  }
}

/** `return a, b` and `a, b = …`: two of several exchanged. */
function* severalValues(site: Site): Iterable<Proposal> {
  for (const list of site.node.children) {
    if (!/^(?:expression_list|pattern_list)$/.test(list.kind)) continue;
    const items = list.children.filter((child) => child.named);
    for (const [index, a] of items.entries()) {
      for (const b of items.slice(index + 1)) {
        yield {
          template: 'value-order',
          bits: 4.5 + (b === items[index + 1] ? 0 : 1),
          edits: [replace(a, b.text), replace(b, a.text)],
          reason: `swap ${short(a.text)} and ${short(b.text)}`,
        };
      }
    }
  }
}

/** A statement after a block that belongs into it. */
function* intoBlock(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const indent = grammar.statements.has(node.kind) ? indentOf(node, scope.source) : null;
  const siblings = siblingsOf(node, grammar);
  const before = siblings[siblings.indexOf(node) - 1];
  if (indent === null || before === undefined || !/^(?:if|for|while|with|try)_statement$/.test(before.kind))
    return;
  const left = siblings.length === 1 ? 'pass' : '';
  for (const block of lastBlocks(before)) {
    const last = block.children.findLast((child) => child.named && child.kind !== 'comment');
    const deeper = last === undefined ? null : indentOf(last, scope.source);
    if (last === undefined || deeper === null) continue;
    yield {
      template: 'into-block',
      bits: 6,
      edits: [insert(last.end, `\n${deeper}${reindent(node.text, indent, deeper)}`), replace(node, left)],
      reason: `do ${short(node.text)} inside ${short(before.text)}`,
    };
  }
}

/** The blocks at whose end the statement's last line may be continued, outermost first. */
function lastBlocks(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (
    let at: SyntaxNode | undefined = node;
    at !== undefined;
    at = at.children.findLast((child) => child.named)
  ) {
    if (at.kind === 'block') found.push(at);
  }
  return found;
}

/** `elif` that must be tested too when the first condition held. */
function* separateIf(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'elif_clause') return;
  yield {
    template: 'separate-if',
    bits: 5.5,
    edits: [{ start: node.start, end: node.start + 4, text: 'if' }],
    reason: `test ${short(node.text)} in any case`,
  };
}

/** Values given one by one, all of a sequence, or at once. */
function* yields(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  if (node.kind === 'yield') {
    const from = /^yield\s+from\b/.exec(node.text);
    const text =
      from === null
        ? node.text.replace(/^yield\b/, 'yield from')
        : node.text.replace(/^yield\s+from/, 'yield');
    yield {
      template: 'yield',
      bits: 4,
      edits: [replace(node, text)],
      reason: `replace ${short(node.text)} by ${short(text)}`,
    };
    if (from !== null) return;
    yield {
      template: 'yield',
      bits: 6,
      edits: [replace(node, node.text.replace(/^yield/, 'return'))],
      reason: 'return it',
    };
  }
  if (node.kind === 'expression_statement' && /\byield\b/.test(scope.node.text)) {
    const value = only(node);
    if (value?.kind !== 'call') return;
    yield {
      template: 'yield',
      bits: 4,
      edits: [insert(node.start, 'yield from ')],
      reason: `give what ${short(value.text)} gives`,
    };
  }
  if (node.kind === 'return_statement' && /\byield\b/.test(scope.node.text)) {
    const text = node.text.replace(/^return/, 'yield');
    yield {
      template: 'yield',
      bits: 5,
      edits: [replace(node, text)],
      reason: `replace ${short(node.text)} by ${short(text)}`,
    };
  }
}

/** `x =+ 1`. */
function* typedBackwards(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (node.kind !== 'assignment') return;
  const right = childOf(node, 'right');
  const sign = right?.kind === 'unary_operator' ? /^[+-]/.exec(right.text) : null;
  const left = childOf(node, 'left');
  if (right === null || left === null || sign === null) return;
  const text = `${left.text} ${sign[0]}= ${right.text.slice(1).trim()}`;
  yield {
    template: 'assignment-operator',
    bits: 3,
    edits: [replace(node, text)],
    reason: `replace ${short(node.text)} by ${text}`,
  };
}

const ADDERS: Readonly<Record<string, string>> = {
  append: 'append',
  extend: 'extend',
  pop: 'append',
  popleft: 'append',
  appendleft: 'appendleft',
  add: 'add',
  discard: 'add',
  remove: 'append',
  push: 'push',
};

/** Collections of a function and how something is put into them: from what is called on them, or what they begin as. */
function collectionsOf(site: Site): Map<string, string> {
  const found = new Map<string, string>();
  const note = (name: string, adder: string | undefined) => {
    if (adder !== undefined && /^[\w.]+$/.test(name) && !found.has(name)) found.set(name, adder);
  };
  for (const one of site.scope.expressions) {
    const callee = one.kind === 'call' ? calleeOf(one) : null;
    const method = callee?.kind === 'attribute' ? (callee.children.at(-1)?.text ?? '') : '';
    if (Object.hasOwn(ADDERS, method)) note(callee?.children[0]?.text ?? '', ADDERS[method]);
  }
  const visit = (node: SyntaxNode) => {
    const left = node.kind === 'assignment' ? childOf(node, 'left') : null;
    const right = childOf(node, 'right')?.text ?? '';
    if (left !== null && /^(?:\[|list\()/.test(right)) note(left.text, 'append');
    if (left !== null && /^set\(/.test(right)) note(left.text, 'add');
    for (const child of node.children) visit(child);
  };
  visit(site.scope.node);
  return found;
}

/** What should have been put into a collection was not: at the end of a block, or before a return. */
function* collected(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const indent = grammar.statements.has(node.kind) ? indentOf(node, scope.source) : null;
  const siblings = siblingsOf(node, grammar);
  const leaves = /^(?:return|continue|break|raise)_/.test(node.kind);
  if (indent === null || (siblings.at(-1) !== node && !leaves)) return;
  const names = namesAt(site).slice(0, 8);
  for (const [collection, adder] of [...collectionsOf(site)].slice(0, 4)) {
    for (const [index, name] of names.entries()) {
      if (name === collection) continue;
      const text = `${collection}.${adder}(${name})`;
      const edit = leaves ? insert(node.start, `${text}\n${indent}`) : insert(node.end, `\n${indent}${text}`);
      yield { template: 'collect', bits: 6.5 + index / 4, edits: [edit], reason: `add ${text}` };
    }
  }
}

/** A `while` whose body changes nothing that its condition looks at. */
function* neverEnding(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  const condition = node.kind === 'while_statement' ? childOf(node, 'condition') : null;
  const last = bodyOf(node).at(-1);
  const indent = last === undefined ? null : indentOf(last, scope.source);
  if (condition === null || last === undefined || indent === null) return;
  const changed = new Set(assignedIn(node));
  const names = [...new Set(condition.text.match(/[A-Za-z_]\w*/g) ?? [])].filter(
    (name) => !changed.has(name),
  );
  const known = namesAt({ ...site, node: last });
  for (const name of names.filter((one) => known.includes(one))) {
    for (const [index, change] of ['-= 1', '+= 1', '//= 10', '//= 2', '-= 2', '= None'].entries()) {
      const text = `${name} ${change}`;
      const edit = insert(last.end, `\n${indent}${text}`);
      yield {
        template: 'never-ending',
        bits: 4.5 + index / 2,
        edits: [edit],
        reason: `add ${text} to the loop`,
      };
    }
  }
}

function bodyOf(node: SyntaxNode): SyntaxNode[] {
  const body = childOf(node, 'body');
  return (body?.children ?? []).filter((child) => child.named && child.kind !== 'comment');
}

/** A default that all calls share. */
function* mutableDefaults(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  if (node.kind !== 'function_definition') return;
  const statements = bodyOf(node);
  const first = statements.find((one) => one.children[0]?.kind !== 'string');
  const indent = first === undefined ? null : indentOf(first, scope.source);
  if (first === undefined || indent === null) return;
  for (const parameter of childOf(node, 'parameters')?.children ?? []) {
    const name = childOf(parameter, 'name');
    const value = childOf(parameter, 'value');
    if (name === null || value === null || !/^(?:\[.*\]|\{.*\}|set\(\)|dict\(\)|list\(\))$/.test(value.text))
      continue;
    const guard = `if ${name.text} is None:\n${indent}    ${name.text} = ${value.text}\n${indent}`;
    yield {
      template: 'mutable-default',
      bits: 4,
      edits: [replace(value, 'None'), insert(first.start, guard)],
      reason: `make a new ${short(value.text)} for each call`,
    };
  }
}

/** A name of the module, or of the function round it, that is assigned to without saying so. */
function* outerNames(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  if (node.kind !== 'function_definition') return;
  const first = bodyOf(node)[0];
  const indent = first === undefined ? null : indentOf(first, scope.source);
  if (first === undefined || indent === null) return;
  for (const name of new Set(assignedIn(node))) {
    if (scope.parameters.includes(name) || !scope.moduleNames.includes(name)) continue;
    yield {
      template: 'outer-name',
      bits: 4,
      edits: [insert(first.start, `global ${name}\n${indent}`)],
      reason: `assign to the module's ${name}`,
    };
  }
}

function assignedIn(node: SyntaxNode): string[] {
  const own = /assignment$/.test(node.kind) ? childOf(node, 'left') : null;
  const found = own?.kind === 'identifier' ? [own.text] : [];
  return [...found, ...node.children.flatMap(assignedIn)];
}

/** A function that comes to its end without returning what it made. */
function* lastReturn(site: Site): Iterable<Proposal> {
  const { node, scope } = site;
  const last = node.kind === 'function_definition' ? bodyOf(node).at(-1) : undefined;
  const indent = last === undefined ? null : indentOf(last, scope.source);
  if (last === undefined || indent === null || /^(?:return|raise)_/.test(last.kind)) return;
  const names = namesAt({ ...site, node: last });
  const own = [...new Set(assignedIn(node))].filter((name) => !names.includes(name));
  for (const [index, name] of [...own, ...names].slice(0, 10).entries()) {
    yield {
      template: 'last-return',
      bits: 5 + index / 4,
      edits: [insert(last.end, `\n${indent}return ${name}`)],
      reason: `return ${name} at the end`,
    };
  }
}
