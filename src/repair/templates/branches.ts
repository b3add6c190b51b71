// New branches and steps made of what is there: else-if with a like body, guarded and assigned donors, cases, try, return.
import type { SyntaxNode } from '#code/syntax.ts';
import { unique } from '../scope.ts';
import { conditionPool, returnPool } from './conditions.ts';
import { namesAt } from './names.ts';
import {
  binariesOf,
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

export const branchTemplates: readonly Template[] = [missingReturn, cases, removeSeveral, moveInto];
/** Many, and dearer than the others. */
export const newBranchTemplates: readonly Template[] = [
  elseIf,
  guardedDonor,
  separators,
  assignDonor,
  attempt,
];

function place(site: Site): { indent: string; siblings: readonly SyntaxNode[] } | null {
  const { node, grammar, scope } = site;
  if (!grammar.statements.has(node.kind)) return null;
  const siblings = siblingsOf(node, grammar);
  const indent = indentOf(node, scope.source);
  return siblings.length === 0 || indent === null ? null : { indent, siblings };
}

/** A value that is computed and dropped becomes the result. */
export function* missingReturn(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const value = node.kind === 'expression_statement' ? node.children[0] : undefined;
  if (value === undefined || /assignment|update|^assert|string/.test(value.kind)) return;
  const at = place(site);
  const last = at?.siblings.at(-1) === node;
  const body = node.parent?.parent;
  const ends = last && body !== null && body !== undefined && grammar.functions.has(body.kind);
  yield {
    template: 'missing-return',
    bits: ends ? 4.5 : last ? 6 : 7.5,
    edits: [insert(node.start, 'return ')],
    reason: `return ${short(value.text)}`,
  };
}

/** Two or three statements in a row left out. */
function* removeSeveral(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const siblings = place(site)?.siblings ?? [];
  const at = siblings.indexOf(node);
  for (const [distance, bits] of [
    [1, 7],
    [2, 8.5],
  ] as const) {
    const until = siblings[at + distance];
    if (at < 0 || until === undefined || siblings.length <= distance + 1) continue;
    if (!grammar.statements.has(until.kind)) continue;
    yield {
      template: 'delete',
      bits,
      edits: [replace({ start: node.start, end: until.end }, '')],
      reason: `leave out ${distance + 1} statements from ${short(node.text)} on`,
    };
  }
}

/** A statement becomes the last one of the block before it, or the first one of the block after it. */
function* moveInto(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const at = place(site);
  if (at === null || /declaration|definition/.test(node.kind)) return;
  const index = at.siblings.indexOf(node);
  const python = grammar.layout === 'indent';
  const indent = at.indent + (python ? '    ' : '  ');
  const text = reindent(node.text, at.indent, indent);
  const body = (holder: SyntaxNode | undefined) =>
    holder === undefined ? null : (childOf(holder, 'consequence') ?? childOf(holder, 'body'));
  const reason = (holder: SyntaxNode) => `move ${short(node.text)} into ${short(holder.text)}`;
  const before = at.siblings[index - 1];
  const into = body(before);
  const last = into?.children.findLast((child) => child.named);
  if (before !== undefined && last !== undefined && into !== null && grammar.blocks.has(into.kind)) {
    const edits = [insert(last.end, `\n${indent}${text}`), replace(node, '')];
    yield { template: 'move', bits: 6.5, edits, reason: reason(before) };
  }
  const after = at.siblings[index + 1];
  const next = body(after);
  const first = next?.children.find((child) => child.named);
  if (after !== undefined && first !== undefined && next !== null && grammar.blocks.has(next.kind)) {
    const edits = [replace(node, ''), insert(first.start, `${text}\n${indent}`)];
    yield { template: 'move', bits: 6.5, edits, reason: reason(after) };
  }
}

const MAX_ELSE_IF = 90;

/** One more branch of an `if`, with a condition like its own and a body like those of its branches. */
function* elseIf(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (node.kind !== 'if_statement') return;
  const indent = indentOf(node, scope.source);
  const python = grammar.layout === 'indent';
  const consequence = childOf(node, 'consequence');
  if (indent === null || consequence === null) return;
  const other = childOf(node, 'alternative');
  const bodies = unique([consequence.text, ...(other === null ? [] : [bodyText(other)])]).filter(
    (text) => text !== '' && text.length < 160,
  );
  let given = 0;
  for (const [condition, bits] of conditionPool(site).slice(0, 30)) {
    if (condition === conditionText(node)) continue;
    for (const [index, body] of bodies.entries()) {
      given += 1;
      if (given > MAX_ELSE_IF) return;
      const head = python ? `\n${indent}elif ${condition}:` : ` else if (${condition})`;
      const block = python ? `\n${indent}    ${body}` : ` ${body}`;
      yield {
        template: 'else-if',
        bits: 8 + bits + index,
        edits: [insert(consequence.end, head + block)],
        reason: `otherwise, when ${short(condition)}: ${short(body)}`,
      };
    }
  }
}

function bodyText(alternative: SyntaxNode): string {
  const body =
    childOf(alternative, 'body') ??
    childOf(alternative, 'consequence') ??
    alternative.children.findLast((child) => child.named);
  return body === undefined || body === null || body.kind === 'if_statement' ? '' : body.text;
}

function conditionText(node: SyntaxNode): string {
  return childOf(node, 'condition')?.text.replace(/^\((.*)\)$/s, '$1') ?? '';
}

const SMALL = 60;

/** `if (condition) statement` with a small statement of the function. */
function* guardedDonor(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const at = place(site);
  if (at === null) return;
  const donors = unique(
    scope.statements
      .filter((one) => one.end - one.start < SMALL && /^(?:expression|throw|raise)_statement$/.test(one.kind))
      .map((one) => one.text),
  ).slice(0, 7);
  const isLast = at.siblings.at(-1) === node;
  for (const [condition, bits] of conditionPool(site).slice(0, 16)) {
    for (const donor of donors) {
      const text = grammar.when(condition, donor, at.indent);
      const reason = `when ${short(condition)}: ${short(donor)}`;
      const template = 'guarded-donor';
      yield { template, bits: 10 + bits, edits: [insert(node.start, `${text}\n${at.indent}`)], reason };
      if (isLast && !grammar.returns.has(node.kind))
        yield { template, bits: 10 + bits, edits: [insert(node.end, `\n${at.indent}${text}`)], reason };
    }
  }
}

const MARKS = ["' '", "','", "', '", "'\\n'", "'-'", "'_'", "'&'"] as const;

/** Between the pieces of a text that a loop builds stands a separator, before all but the first or after all but the last. */
function* separators(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const at = place(site);
  const assignment = node.kind === 'expression_statement' ? node.children[0] : undefined;
  if (at === null || assignment === undefined || grammar.layout !== 'braces') return;
  const built = /^([\w$]+) (?:\+= |= \1 \+ )/.exec(assignment.text)?.[1];
  const loop = node.parent?.parent;
  const index = /^for \((?:let|var) (\w+) = (\w+); \1 < ([\w.$]+)/.exec(loop?.text ?? '');
  if (built === undefined) return;
  const taken = markTakenOut(site);
  const tests =
    index === null
      ? [`${built} !== ''`, built]
      : [`${index[1]} > ${index[2]}`, `${index[1]} < ${index[3]} - 1`, `${built} !== ''`];
  for (const [order, mark] of MARKS.entries()) {
    for (const [rank, test] of tests.entries()) {
      const text = grammar.when(test, `${built} += ${mark};`, at.indent);
      const edits =
        rank === 1 && index !== null
          ? [insert(node.end, `\n${at.indent}${text}`)]
          : [insert(node.start, `${text}\n${at.indent}`)];
      yield {
        template: 'separator',
        bits: (mark === taken ? 5 : 7) + order / 2 + rank / 2,
        edits,
        reason: `put ${mark} between the pieces of ${built}`,
      };
    }
  }
}

/** What the function splits a text at is missing when the pieces are put together without it. */
function markTakenOut({ scope }: Site): string | null {
  const split = /\.split\((\/\\s\+?\/|(['"])(.{1,3}?)\2)\)/.exec(scope.node.text);
  if (split === null) return null;
  return split[3] === undefined ? "' '" : `'${split[3]}'`;
}

/** `x = …` with an expression on `x` that the function has, or with a value of the block. */
function* assignDonor(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const at = place(site);
  if (at === null) return;
  const names = namesAt(site).slice(0, 6);
  const texts = new Map<string, number>();
  for (const one of scope.expressions) {
    const pair = binariesOf(one, grammar)[0];
    const name = pair?.left.text ?? '';
    if (pair === undefined || one.end - one.start > SMALL || !/^[-+*/%]/.test(pair.operator)) continue;
    if (names.includes(name)) texts.set(`${name} = ${one.text}${grammar.end}`, 8.5);
  }
  const block = node.parent;
  const values = unique(
    scope.expressions
      .filter(
        (one) =>
          block !== null && one.start >= block.start && one.end <= block.end && one.end - one.start < 30,
      )
      .filter(
        (one) =>
          /^(?:subscript|subscript_expression|member_expression|attribute|call|call_expression)$/.test(
            one.kind,
          ) && one.field !== 'function',
      )
      .map((one) => one.text),
  ).slice(0, 5);
  for (const name of names.slice(0, 4)) {
    for (const value of values) {
      for (const [operator, bits] of [
        ['=', 10],
        ['+=', 10],
        ['-=', 10],
        ['%=', 11],
      ] as const)
        texts.set(`${name} ${operator} ${value}${grammar.end}`, bits);
    }
  }
  const isLast = at.siblings.at(-1) === node && !grammar.returns.has(node.kind);
  for (const [text, bits] of [...texts].slice(0, 70)) {
    const template = 'assign-donor';
    yield {
      template,
      bits,
      edits: [insert(node.start, `${text}\n${at.indent}`)],
      reason: `add ${short(text)}`,
    };
    if (isLast)
      yield {
        template,
        bits,
        edits: [insert(node.end, `\n${at.indent}${text}`)],
        reason: `add ${short(text)}`,
      };
  }
}

/** Cases of a `switch`: left through `break`, fallen through, met by one more value. */
function* cases(site: Site): Iterable<Proposal> {
  const { node, scope, testStrings } = site;
  if (!/^switch_(?:case|default)$/.test(node.kind)) return;
  const indent = indentOf(node, scope.source) ?? '';
  const template = 'switch-case';
  const value = childOf(node, 'value');
  const statements = node.children.filter(
    (child) => child.named && child !== value && child.kind !== 'comment',
  );
  const last = statements.at(-1);
  if (last?.kind === 'break_statement')
    yield {
      template,
      bits: 6,
      edits: [replace(last, '')],
      reason: `let ${short(node.text)} go on with the next case`,
    };
  else if (!/^(?:return|throw|continue)_statement$/.test(last?.kind ?? '')) {
    yield {
      template,
      bits: 4,
      edits: [insert(node.end, `\n${indent}  break;`)],
      reason: `end ${short(node.text)} with break`,
    };
  }
  if (value === null) return;
  const number = Number(value.text);
  const others = Number.isFinite(number)
    ? [String(number + 1), String(number - 1)]
    : unique([...testStrings, ...scope.strings]).slice(0, 12);
  for (const [index, other] of others.entries()) {
    if (other === value.text) continue;
    yield {
      template,
      bits: 6.5 + index / 4,
      edits: [insert(node.start, `case ${other}:\n${indent}`)],
      reason: `do the same for ${short(other)} as for ${short(value.text)}`,
    };
  }
}

/** What may throw gives a value instead. */
function* attempt(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const at = place(site);
  if (at === null || /declaration|try_|if_|for_|while_|break|continue/.test(node.kind)) return;
  const python = grammar.layout === 'indent';
  for (const [value, bits] of returnPool(site).slice(0, 8)) {
    const text = python
      ? `try:\n${at.indent}    ${node.text}\n${at.indent}except Exception:\n${at.indent}    return ${value}`
      : `try {\n${at.indent}  ${node.text}\n${at.indent}} catch {\n${at.indent}  return ${value};\n${at.indent}}`;
    yield {
      template: 'attempt',
      bits: 10 + bits,
      edits: [replace(node, text)],
      reason: `return ${short(value)} when ${short(node.text)} throws`,
    };
  }
}
