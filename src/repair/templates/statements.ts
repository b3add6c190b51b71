// Whole statements: left out, unwrapped, moved, inserted, guarded, returned early.
import type { SyntaxNode } from '#code/syntax.ts';
import { conditionPool, returnPool } from './conditions.ts';
import { namesAt } from './names.ts';
import {
  childOf,
  fill,
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

export const statementTemplates: readonly Template[] = [
  remove,
  unwrapBlock,
  branches,
  move,
  returnValue,
  elseBranch,
];
/** Those that know nothing of how blocks are written. */
export const plainStatementTemplates: readonly Template[] = [remove, move, returnValue];
/** Many, and dearer than the others. */
export const insertTemplates: readonly Template[] = [insertDonor, insertEffect, guard, wrapInCondition];

function isStatement(site: Site): boolean {
  return site.grammar.statements.has(site.node.kind) && site.node.parent !== null;
}

function* remove(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!isStatement(site)) return;
  const siblings = siblingsOf(node, grammar);
  const alone = siblings.length <= 1;
  const text = grammar.layout === 'indent' && alone ? 'pass' : '';
  if (siblings.length === 0 && grammar.layout !== 'braces') return;
  const bits = /^(?:return|throw|raise)/.test(node.kind) ? 7 : 5;
  const filler = siblings.length === 0 ? '{}' : text;
  yield { template: 'delete', bits, edits: [replace(node, filler)], reason: `leave out ${short(node.text)}` };
}

/** The body in place of the whole `if` or loop; a part of an `else if` chain left out. */
function* unwrapBlock(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const isLoop = grammar.loops.has(node.kind);
  if (node.kind === 'else_clause' || node.kind === 'elif_clause') {
    yield {
      template: 'delete',
      bits: 5.5,
      edits: [replace(node, '')],
      reason: `leave out ${short(node.text)}`,
    };
    return;
  }
  if (node.kind !== 'if_statement' && !isLoop) return;
  const body = childOf(node, 'consequence') ?? childOf(node, 'body');
  if (body === null) return;
  const inner = inside(body, scope.source, grammar.layout);
  const indent = indentOf(node, scope.source) ?? '';
  const text = reindent(inner.text, inner.indent, indent);
  yield {
    template: 'unwrap-block',
    bits: 6,
    edits: [replace(node, text)],
    reason: `do the body of ${short(node.text)} always`,
  };
  if (isLoop && grammar.layout === 'braces' && node.kind === 'while_statement') {
    yield {
      template: 'unwrap-block',
      bits: 7,
      edits: [{ start: node.start, end: node.start + 5, text: 'if' }],
      reason: 'test once in place of looping',
    };
  }
  if (node.kind === 'if_statement' && childOf(node, 'alternative') === null) {
    const condition = childOf(node, 'condition');
    const edits =
      condition === null
        ? []
        : [replace({ start: node.start, end: condition.start + 1 }, `while ${condition.text[0]}`)];
    yield { template: 'if-to-while', bits: 6, edits, reason: 'loop while the condition holds' };
  }
}

function inside(body: SyntaxNode, source: string, layout: string): { text: string; indent: string } {
  const statements = body.children.filter((child) => child.named);
  const first = statements[0];
  const last = statements.at(-1);
  if (first === undefined || last === undefined || (layout === 'braces' && body.kind !== 'statement_block')) {
    return { text: body.text, indent: '' };
  }
  return { text: source.slice(first.start, last.end), indent: indentOf(first, source) ?? '' };
}

/** The two branches exchanged; `if` after `if` made `else if`, and back. */
function* branches(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (node.kind !== 'if_statement') return;
  const yes = childOf(node, 'consequence');
  const no = childOf(node, 'alternative');
  const noBody =
    no === null ? null : (childOf(no, 'body') ?? no.children.findLast((child) => child.named) ?? null);
  if (yes !== null && no?.kind === 'else_clause' && noBody !== null) {
    yield {
      template: 'swap-branches',
      bits: 5,
      edits: [replace(yes, noBody.text), replace(noBody, yes.text)],
      reason: 'swap the two branches',
    };
  }
  const siblings = siblingsOf(node, grammar);
  const before = siblings[siblings.indexOf(node) - 1];
  if (before?.kind === 'if_statement' && childOf(before, 'alternative') === null) {
    const word = grammar.layout === 'indent' ? 'elif' : 'else if';
    const gap = {
      start: before.end,
      end: node.start + 2,
      text: grammar.layout === 'indent' ? `\n${indentOf(node, scope.source) ?? ''}${word}` : ` ${word}`,
    };
    yield {
      template: 'else-if',
      bits: 5,
      edits: [gap],
      reason: `test ${short(node.text)} only when the test before it failed`,
    };
  }
}

/** A statement exchanged with its neighbour, or moved out of, or to the end of, the block round it. */
function* move(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (!isStatement(site)) return;
  const siblings = siblingsOf(node, grammar);
  const at = siblings.indexOf(node);
  for (const [distance, bits] of [
    [1, 5],
    [2, 7],
    [3, 8],
  ] as const) {
    const other = siblings[at + distance];
    if (at < 0 || other === undefined || !grammar.statements.has(other.kind)) continue;
    yield {
      template: 'move',
      bits,
      edits: [replace(node, other.text), replace(other, node.text)],
      reason: `swap ${short(node.text)} with ${short(other.text)}`,
    };
  }
  const outer = enclosing(node, grammar.statements);
  const indent = indentOf(node, scope.source);
  const outerIndent = outer === null ? null : indentOf(outer, scope.source);
  if (outer === null || indent === null || outerIndent === null || siblings.length === 0) return;
  const left = siblings.length === 1 && grammar.layout === 'indent' ? 'pass' : '';
  const text = reindent(node.text, indent, outerIndent);
  const reason = `move ${short(node.text)} out of ${short(outer.text)}`;
  yield {
    template: 'move',
    bits: 6,
    edits: [replace(node, left), insert(outer.end, `\n${outerIndent}${text}`)],
    reason,
  };
  yield {
    template: 'move',
    bits: 6.5,
    edits: [insert(outer.start, `${text}\n${outerIndent}`), replace(node, left)],
    reason,
  };
}

function enclosing(node: SyntaxNode, kinds: ReadonlySet<string>): SyntaxNode | null {
  for (let at = node.parent; at !== null; at = at.parent) if (kinds.has(at.kind)) return at;
  return null;
}

const MAX_DONORS = 14;

/** A copy of another statement of the function before or after this one. */
function* insertDonor(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const indent = isStatement(site) ? indentOf(node, scope.source) : null;
  if (indent === null || siblingsOf(node, grammar).length === 0) return;
  const seen = new Set<string>();
  for (const donor of scope.statements) {
    if (donor.text.length > 120 || seen.has(donor.text) || donor === node) continue;
    seen.add(donor.text);
    if (seen.size > MAX_DONORS) return;
    const text = reindent(donor.text, indentOf(donor, scope.source) ?? '', indent);
    const reason = `do ${short(donor.text)} here too`;
    yield { template: 'insert-donor', bits: 8.5, edits: [insert(node.start, `${text}\n${indent}`)], reason };
    if (isLast(site)) {
      yield { template: 'insert-donor', bits: 8.5, edits: [insert(node.end, `\n${indent}${text}`)], reason };
    }
  }
}

function isLast(site: Site): boolean {
  return siblingsOf(site.node, site.grammar).at(-1) === site.node;
}

/** A small statement on one variable in sight. */
function* insertEffect(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const indent = isStatement(site) ? indentOf(node, scope.source) : null;
  if (indent === null || siblingsOf(node, grammar).length === 0) return;
  const names = namesAt(site).slice(0, 7);
  const others = [...names, '1'];
  for (const name of names) {
    for (const [pattern, bits] of grammar.effects) {
      for (const other of pattern.includes('@') ? others : ['']) {
        if (other === name) continue;
        const text = fill(pattern, name, other);
        const reason = `add ${text}`;
        yield {
          template: 'insert-statement',
          bits: 9.5 + bits,
          edits: [insert(node.start, `${text}\n${indent}`)],
          reason,
        };
        if (isLast(site) && !grammar.returns.has(node.kind)) {
          yield {
            template: 'insert-statement',
            bits: 9.5 + bits,
            edits: [insert(node.end, `\n${indent}${text}`)],
            reason,
          };
        }
      }
    }
  }
}

/** An early return, `continue` or `break` under a condition. */
function* guard(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const indent = isStatement(site) ? indentOf(node, scope.source) : null;
  if (indent === null || siblingsOf(node, grammar).length === 0) return;
  const first = siblingsOf(node, grammar)[0] === node;
  const inLoop = insideLoop(site);
  for (const [condition, bits] of conditionPool(site).slice(0, 36)) {
    const actions: [string, number][] = returnPool(site)
      .slice(0, 10)
      .map(([value, extra]) => [`return ${value}${grammar.end}`, extra]);
    for (const thrown of throwsOf(site)) actions.push([thrown, 2]);
    if (inLoop) actions.push([`continue${grammar.end}`, 0.5], [`break${grammar.end}`, 0.5]);
    for (const [action, extra] of actions) {
      const text = grammar.when(condition, action, indent);
      const place = first ? 0 : 1;
      const edits = [insert(node.start, `${text}\n${indent}`)];
      yield {
        template: 'guard',
        bits: 7.5 + bits + extra + place,
        edits,
        reason: `when ${short(condition)}: ${short(action)}`,
      };
    }
  }
}

function throwsOf({ scope }: Site): string[] {
  const own = scope.statements.filter((one) => /^(?:throw|raise)_statement$/.test(one.kind));
  return own
    .map((one) => one.text)
    .filter((text) => text.length < 120)
    .slice(0, 2);
}

function insideLoop(site: Site): boolean {
  for (let at = site.node.parent; at !== null && at !== site.scope.node; at = at.parent) {
    if (site.grammar.loops.has(at.kind)) return true;
    if (site.grammar.functions.has(at.kind)) return false;
  }
  return false;
}

function* wrapInCondition(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const indent = isStatement(site) ? indentOf(node, scope.source) : null;
  const inList = siblingsOf(node, grammar).length > 0;
  if (/declaration/.test(node.kind) || !(inList ? indent !== null : isOnlyBody(node))) return;
  const outer = indent ?? '';
  const deeper = outer + (grammar.layout === 'indent' ? '    ' : '  ');
  for (const [condition, bits] of conditionPool(site).slice(0, 80)) {
    const text = grammar.when(condition, reindent(node.text, outer, deeper), outer);
    yield {
      template: 'wrap-in-condition',
      bits: 8 + bits,
      edits: [replace(node, text)],
      reason: `do ${short(node.text)} only when ${short(condition)}`,
    };
  }
}

/** The body of a loop or a branch without braces; a branch with an `else` would take it along. */
function isOnlyBody(node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent === null || !/^(?:body|consequence)$/.test(node.field ?? '')) return false;
  return /^(?:for|for_in|while|if)_statement$/.test(parent.kind) && childOf(parent, 'alternative') === null;
}

/** A literal, or an argument handed back as it came by one of several returns: nothing was computed that a constant could lose. */
function isGiven(value: SyntaxNode, { scope, grammar }: Site): boolean {
  if (/^(?:true|false|null|none|undefined|number|integer|float|string)$/.test(value.kind)) return true;
  if (value.kind !== 'identifier' || !scope.parameters.includes(value.text)) return false;
  const assigned = new RegExp(
    `(?<![\\w.])${value.text.replaceAll('$', '\\$')}\\s*(?:[-+*/%|&^]|\\*\\*|//)?=(?!=)`,
  );
  return (
    scope.statements.filter((one) => grammar.returns.has(one.kind)).length > 1 &&
    !assigned.test(scope.node.text)
  );
}

function* returnValue(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (!grammar.returns.has(node.kind)) return;
  const value = node.children.find((child) => child.named);
  const now = value?.text ?? '';
  const nothingLost = value !== undefined && isGiven(value, site);
  for (const [text, bits] of returnPool(site)) {
    if (text === now) continue;
    const edit = value === undefined ? replace(node, `return ${text}${grammar.end}`) : replace(value, text);
    yield {
      template: 'return-value',
      ...(nothingLost && { nothingLost }),
      bits: 5 + bits,
      edits: [edit],
      reason: `return ${short(text)} in place of ${short(now)}`,
    };
  }
}

/** An `else` that does what the branch does, with another value. */
function* elseBranch(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (node.kind !== 'if_statement' || childOf(node, 'alternative') !== null) return;
  const indent = indentOf(node, scope.source);
  if (indent === null) return;
  const python = grammar.layout === 'indent';
  const build = (statement: string) =>
    python ? `\n${indent}else:\n${indent}    ${statement}` : ` else {\n${indent}  ${statement}\n${indent}}`;
  const siblings = siblingsOf(node, grammar);
  const next = siblings[siblings.indexOf(node) + 1];
  if (next !== undefined && grammar.statements.has(next.kind)) {
    const text = build(reindent(next.text, indent, indent + (python ? '    ' : '  ')));
    yield {
      template: 'else-branch',
      bits: 6,
      edits: [insert(node.end, text), replace(next, '')],
      reason: `do ${short(next.text)} only otherwise`,
    };
  }
  for (const donor of scope.statements) {
    if (donor.text.length > 60 || donor.start === node.start || /if_|for_|while_/.test(donor.kind)) continue;
    yield {
      template: 'else-branch',
      bits: 9,
      edits: [insert(node.end, build(donor.text))],
      reason: `otherwise ${short(donor.text)}`,
    };
  }
}
