// Outlines Ruby tests: methods of minitest and Test::Unit classes, blocks of minitest's specs, plain scripts.

import type { SyntaxNode } from '../syntax.ts';
import type { Outlined, OutlinedCase, OutlinedExit, OutlinedMarker } from './outlined.ts';
import { fieldOf, isConditional, shapeDigest, visit } from './tree.ts';

const EXIT = /^(?:(?:Kernel\.|Process\.)?(?:exit!?|abort)|Process\.kill)$/;
const ASSERTION = /^(?:assert|refute)(?:_\w+)?$|^(?:must|wont)_\w+$|^(?:flunk|fail|raise)$/;
const SKIP = /^(?:skip|skip_until|omit|pend)$/;

/** Reads the cases of a parsed file. */
export function outlineRuby(root: SyntaxNode, lineOf: (offset: number) => number): Outlined {
  const cases: OutlinedCase[] = [];
  const taken = new Set<SyntaxNode>();
  const take = (node: SyntaxNode, path: readonly string[]) => {
    taken.add(node);
    cases.push({
      path,
      name: path.join(' › '),
      line: lineOf(node.start),
      assertions: countAssertions(node),
      markers: markersIn(node),
      digest: shapeDigest(node.children.filter((part) => part.field !== 'name')),
    });
  };
  const enter = (top: SyntaxNode, path: readonly string[]): void => {
    for (const child of top.children) {
      const name = fieldOf(child, 'name')?.text ?? '';
      const block = child.kind === 'call' ? blockOf(child) : undefined;
      const callee = child.kind === 'call' ? calleeText(child) : '';
      if (child.kind === 'method_definition' && name.startsWith('test_')) take(child, [...path, name]);
      else if (child.kind === 'class' || child.kind === 'module') enter(child, [...path, name]);
      else if (block && callee === 'describe') enter(block, [...path, titleOf(child)]);
      else if (block && (callee === 'it' || callee === 'test')) take(child, [...path, titleOf(child)]);
      else if (/^(?:body_statement|block_body|do_block|block|expression_statement)$/.test(child.kind))
        enter(child, path);
    }
  };
  enter(root, []);
  const exits = exitsOf(root, lineOf);
  const total = countAssertions(root);
  if (cases.length === 0) {
    const digest = shapeDigest([root]);
    const script = { path: ['(script)'], name: '(script)', line: 1, assertions: total, markers: [], digest };
    return { cases: [script], exits, restDigest: digest, restAssertions: 0 };
  }
  const restDigest = shapeDigest([root], (node) => (taken.has(node) ? [] : undefined));
  const inside = cases.reduce((sum, one) => sum + one.assertions, 0);
  return { cases, exits, restDigest, restAssertions: total - inside };
}

function blockOf(call: SyntaxNode): SyntaxNode | undefined {
  return call.children.find((child) => child.kind === 'do_block' || child.kind === 'block');
}

/** `Process.exit` of a call, `exit` of one without a receiver. */
function calleeText(call: SyntaxNode): string {
  const name = fieldOf(call, 'function')?.text ?? '';
  const receiver = fieldOf(call, 'object');
  return receiver === undefined ? name : `${receiver.text}.${name}`;
}

function titleOf(call: SyntaxNode): string {
  const first = fieldOf(call, 'arguments')?.children.find((child) => child.named);
  return (first?.text ?? '').replace(/^['"]|['"]$/g, '');
}

function countAssertions(top: SyntaxNode): number {
  let count = 0;
  visit(top, (node) => {
    if (node.kind === 'call' && ASSERTION.test(fieldOf(node, 'function')?.text ?? '')) count += 1;
    return true;
  });
  return count;
}

function markersIn(top: SyntaxNode): OutlinedMarker[] {
  const found = new Map<string, OutlinedMarker>();
  visit(top, (node) => {
    const bare = standsAlone(node);
    const called = node.kind === 'call' && fieldOf(node, 'object') === undefined;
    const name = bare ? node.text : called ? (fieldOf(node, 'function')?.text ?? '') : '';
    if (!SKIP.test(name)) return true;
    const conditional = isConditional(node, top) || isModified(node, top);
    found.set(String(conditional), { kind: 'skip', conditional });
    return true;
  });
  return [...found.values()];
}

/** A name that is a whole statement is a call without arguments, also before `if`. */
function standsAlone(node: SyntaxNode): boolean {
  if (node.kind !== 'identifier') return false;
  return node.parent?.kind === 'expression_statement' || node.field === 'consequence';
}

/** `skip if …`: the condition stands behind. */
function isModified(node: SyntaxNode, top: SyntaxNode): boolean {
  for (let at = node.parent; at !== null && at !== top; at = at.parent)
    if (/^(?:if|unless)_modifier$|^unless_statement$/.test(at.kind)) return true;
  return false;
}

function exitsOf(root: SyntaxNode, lineOf: (offset: number) => number): OutlinedExit[] {
  const exits: OutlinedExit[] = [];
  visit(root, (node) => {
    const bare = standsAlone(node) ? node.text : '';
    const call = node.kind === 'call' ? calleeText(node) : bare;
    if (EXIT.test(call)) exits.push({ call, line: lineOf(node.start) });
    return true;
  });
  return exits;
}
