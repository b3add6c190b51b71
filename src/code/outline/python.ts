// Outlines Python tests: pytest functions and classes, unittest methods, plain scripts.

import type { SyntaxNode } from '../syntax.ts';
import type { Outlined, OutlinedCase, OutlinedExit, OutlinedMarker } from './outlined.ts';
import { fieldOf, isConditional, shapeDigest, visit } from './tree.ts';

const MARK = /(^|\.)(skip|skipif|skipIf|skipUnless|xfail|expectedFailure|importorskip)$/;
const BODY_SKIP = /^(?:pytest\.skip|pytest\.importorskip|self\.skipTest|unittest\.skip|pytest\.xfail)$/;
const EXIT = /^(?:sys\.exit|os\._exit|os\.abort|os\.kill|exit|quit|pytest\.exit)$/;

/** Reads the cases of a parsed file. */
export function outlinePython(root: SyntaxNode, lineOf: (offset: number) => number): Outlined {
  const cases: OutlinedCase[] = [];
  const taken = new Set<SyntaxNode>();
  const enter = (top: SyntaxNode, path: readonly string[], markers: readonly OutlinedMarker[]): void => {
    for (const child of top.children) {
      const definition = definitionOf(child);
      const own = [...markers, ...decoratorMarkers(child), ...(conditionalMarker(child, root) ?? [])];
      const name = definition ? (fieldOf(definition, 'name')?.text ?? '') : '';
      if (definition?.kind === 'function_definition') {
        if (name.startsWith('test')) take(child, { definition, path: [...path, name], markers: own });
      } else if (definition?.kind === 'class_definition') {
        const body = fieldOf(definition, 'body');
        if (body && isTestClass(definition, name)) enter(body, [...path, name], own);
      } else if (
        /^(if_statement|try_statement|block|else_clause|elif_clause|except_clause|with_statement)$/.test(
          child.kind,
        )
      ) {
        enter(child, path, markers);
      }
    }
  };
  const take = (
    node: SyntaxNode,
    found: { definition: SyntaxNode; path: string[]; markers: OutlinedMarker[] },
  ) => {
    taken.add(node);
    const { definition, path } = found;
    cases.push({
      path,
      name: path.join(' › '),
      line: lineOf(definition.start),
      assertions: countAssertions(definition),
      markers: unique([...found.markers, ...bodyMarkers(definition)]),
      digest: shapeDigest([
        ...definition.children.filter((part) => part.field !== 'name'),
        ...plainDecorators(node),
      ]),
    });
  };
  enter(root, [], moduleMarkers(root));
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

function definitionOf(node: SyntaxNode): SyntaxNode | undefined {
  if (node.kind !== 'decorated_definition') return node;
  return node.children.find((child) => /^(function|class)_definition$/.test(child.kind));
}

function isTestClass(definition: SyntaxNode, name: string): boolean {
  const bases = definition.children.find((child) => child.kind === 'argument_list')?.text ?? '';
  return /^Test|Tests?$|TestCase$/.test(name) || /Test/.test(bases);
}

function conditionalMarker(node: SyntaxNode, root: SyntaxNode): OutlinedMarker[] | null {
  return isConditional(node, root) ? [{ kind: 'skip', conditional: true }] : null;
}

/** The expression of a decorator without `@`: its function and its arguments. */
function decorators(node: SyntaxNode): { node: SyntaxNode; name: string; args: SyntaxNode[] }[] {
  if (node.kind !== 'decorated_definition') return [];
  return node.children
    .filter((child) => child.kind === 'decorator')
    .map((decorator) => {
      const value = decorator.children.find((child) => child.named && child.kind !== 'comment');
      return { node: decorator, ...callOf(value ?? decorator) };
    });
}

function callOf(value: SyntaxNode): { name: string; args: SyntaxNode[] } {
  if (value.kind !== 'call') return { name: value.text, args: [] };
  const args =
    fieldOf(value, 'arguments')?.children.filter((child) => child.named && child.kind !== 'comment') ?? [];
  return { name: fieldOf(value, 'function')?.text ?? '', args };
}

function markerOf(name: string, args: readonly SyntaxNode[]): OutlinedMarker[] {
  const kind = MARK.exec(name)?.[2];
  if (kind === undefined) return [];
  if (kind === 'skip') return [{ kind: 'skip', conditional: false }];
  if (kind === 'expectedFailure') return [{ kind: 'fails', conditional: false }];
  const conditional = args.some(
    (argument) => argument.kind !== 'keyword_argument' || /^condition/.test(argument.text),
  );
  if (kind === 'xfail') return [{ kind: 'fails', conditional }];
  return [{ kind: 'skip', conditional: true }];
}

function decoratorMarkers(node: SyntaxNode): OutlinedMarker[] {
  return decorators(node).flatMap(({ name, args }) => markerOf(name, args));
}

/** Decorators that are part of what is tested, such as `parametrize` and `patch`. */
function plainDecorators(node: SyntaxNode): SyntaxNode[] {
  return decorators(node).flatMap((one) => (MARK.test(one.name) ? [] : [one.node]));
}

/** `pytestmark = …` and skips at the top of the module. */
function moduleMarkers(root: SyntaxNode): OutlinedMarker[] {
  const found: OutlinedMarker[] = [];
  for (const statement of root.children) {
    const isMark = /^pytestmark\b/.test(statement.text);
    const isTop = statement.kind === 'expression_statement' || statement.kind === 'if_statement';
    if (!isMark && !(isTop && /skip/i.test(statement.text))) continue;
    visit(statement, (node) => {
      if (/^(function|class)_definition$/.test(node.kind)) return false;
      const { name, args } = callOf(node);
      if (isMark && (node.kind === 'call' || node.kind === 'attribute')) {
        found.push(...markerOf(name, args));
        return node.kind !== 'call' && !MARK.test(name);
      }
      if (node.kind === 'call' && BODY_SKIP.test(name))
        found.push({ kind: 'skip', conditional: name.endsWith('importorskip') || isConditional(node, root) });
      return true;
    });
  }
  return found;
}

function bodyMarkers(definition: SyntaxNode): OutlinedMarker[] {
  const found: OutlinedMarker[] = [];
  visit(definition, (node) => {
    const name = node.kind === 'call' ? callOf(node).name : '';
    const conditional = isConditional(node, definition);
    if (BODY_SKIP.test(name)) found.push({ kind: name.endsWith('xfail') ? 'fails' : 'skip', conditional });
    if (node.kind === 'raise_statement' && /\bSkipTest\b/.test(node.text))
      found.push({ kind: 'skip', conditional });
    return true;
  });
  return found;
}

function countAssertions(top: SyntaxNode): number {
  let count = 0;
  visit(top, (node) => {
    if (node.kind === 'assert_statement') count += 1;
    else if (node.kind === 'raise_statement' && !/SkipTest/.test(node.text)) count += 1;
    else if (node.kind === 'call' && isAssertion(callOf(node).name)) count += 1;
    return true;
  });
  return count;
}

function isAssertion(name: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return /^assert/.test(last) || /^(pytest\.(raises|warns|fail)|self\.fail\w*)$/.test(name);
}

/** Calls that end the process and with it every test that would have come. */
function exitsOf(root: SyntaxNode, lineOf: (offset: number) => number): OutlinedExit[] {
  const exits: OutlinedExit[] = [];
  visit(root, (node) => {
    const name = node.kind === 'call' ? callOf(node).name : '';
    if (EXIT.test(name)) exits.push({ call: name, line: lineOf(node.start) });
    if (node.kind === 'raise_statement' && /^raise\s+SystemExit\b/.test(node.text))
      exits.push({ call: 'raise SystemExit', line: lineOf(node.start) });
    return true;
  });
  return exits;
}

function unique(markers: readonly OutlinedMarker[]): OutlinedMarker[] {
  const seen = new Map(markers.map((marker) => [`${marker.kind}${marker.conditional}`, marker]));
  return [...seen.values()];
}
