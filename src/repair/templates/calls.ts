// Calls: helpers of the file round an expression, arguments as other calls give them, what belongs inside or outside.
import { isGlobalName } from '../learn/globals.ts';
import { type HelperForm, unique, visibleAt } from '../scope.ts';
import type { Donor } from '../surroundings.ts';
import {
  argumentsOf,
  binariesOf,
  calleeOf,
  childOf,
  isTarget,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const callTemplates: readonly Template[] = [
  inHelper,
  argumentsElsewhere,
  operandOut,
  callback,
  fileDonors,
];

const MAX_HELPERS = 14;
const MAX_LISTS = 10;

/** Names that may stand at the place: in sight, of the module, or of the language. */
export function inSight(site: Site): (names: readonly string[]) => boolean {
  if (site.known.inSight === null) {
    const known = new Set([...visibleAt(site.scope, site.node), ...site.scope.moduleNames]);
    const { family } = site.grammar;
    site.known.inSight = (names) => names.every((name) => known.has(name) || isGlobalName(family, name));
  }
  return site.known.inSight;
}

function isValue(site: Site): boolean {
  const { node, grammar } = site;
  if (!grammar.expressions.has(node.kind)) return false;
  if (node.field === 'function' || node.field === 'constructor' || isTarget(node)) return false;
  if (
    node.parent !== null &&
    /^(?:update_expression|augmented_assignment_expression|augmented_assignment)$/.test(node.parent.kind) &&
    node.field !== 'right'
  )
    return false;
  return !/^(?:parenthesized_expression|assignment_expression|augmented_assignment_expression|update_expression|arrow_function|function_expression|spread_element)$/.test(
    node.kind,
  );
}

const UNWRAPPED =
  /^(?:number|integer|float|string|true|false|null|none|undefined|array|object|list|dictionary|regex)$/;

/** `helper(x)` for `x`: functions of the file, and what the file calls with one thing; further arguments as elsewhere. */
function* inHelper(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (!isValue(site) || UNWRAPPED.test(node.kind)) return;
  const outer = node.parent?.parent;
  const already = outer && grammar.calls.has(outer.kind) ? calleeOf(outer)?.text : undefined;
  const usable = inSight(site);
  scope.pools.helperForms ??= helperForms(site);
  let given = 0;
  for (const form of scope.pools.helperForms) {
    if (form.callee === already || !usable(form.names)) continue;
    const text = `${form.callee}(${node.text}${form.after})`;
    yield {
      template: 'helper-call',
      bits: form.bits + given / 10,
      edits: [replace(node, text)],
      reason: `replace ${short(node.text)} by ${short(text)}`,
    };
    given += 1;
    if (given >= MAX_HELPERS) return;
  }
}

const MAX_FORMS = 60;

/** Cheapest first; what the scope calls itself is nearer than what others call. */
function helperForms({ scope, grammar }: Site): HelperForm[] {
  const { helpers, calls } = scope.around();
  const near = new Set(
    scope.expressions.filter((one) => grammar.calls.has(one.kind)).map((one) => calleeOf(one)?.text),
  );
  const forms: HelperForm[] = [];
  const add = (callee: string, rest: string | null, bits: number) => {
    const head = /^[\w$]+/.exec(callee)?.[0] ?? '';
    const names = head === 'this' ? [] : [head];
    forms.push({
      callee,
      after: rest === null ? '' : `, ${rest}`,
      names: rest === null ? names : [...names, ...wordsOf(rest)],
      bits,
    });
  };
  for (const { name, parameters } of helpers) {
    if (name === scope.name || parameters === 0) continue;
    const bits = near.has(name) ? 6 : calls.has(name) ? 7.5 : 8.5;
    if (parameters === null || parameters === 1) add(name, null, bits);
    for (const list of (calls.get(name) ?? []).slice(0, 3)) {
      const rest = afterFirst(list);
      if (rest !== null) add(name, rest, bits + 0.5);
    }
  }
  for (const [callee, lists] of calls) {
    if (!callee.includes('.') || !/^[\w.$]+$/.test(callee)) continue;
    if (lists.every((list) => afterFirst(list) !== null || list === '()')) continue;
    add(callee, null, near.has(callee) ? 7 : 8.5);
  }
  return forms.sort((a, b) => a.bits - b.bits).slice(0, MAX_FORMS);
}

const WORDS =
  /^(?:true|false|null|undefined|this|new|typeof|void|await|async|function|return|in|of|instanceof|None|True|False|not|and|or|if|else|for|lambda)$/;

/** Names that a text uses, as far as they can be told without parsing it. */
function wordsOf(text: string): string[] {
  const bare = text.replace(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\/(?:\\.|[^/\\\n])+\/[a-z]*/g, "''");
  const words = bare.match(/(?<![.\w$])[A-Za-z_$][\w$]*(?!\s*:)(?![\w$])/g) ?? [];
  return words.filter((word) => !WORDS.test(word));
}

/** The arguments after the first of a list in brackets; null when there are none. */
function afterFirst(list: string): string | null {
  let depth = 0;
  for (let at = 1; at < list.length - 1; at += 1) {
    const letter = list[at] ?? '';
    if ('([{'.includes(letter)) depth += 1;
    if (')]}'.includes(letter)) depth -= 1;
    if (letter === ',' && depth === 0) return list.slice(at + 1, -1).trim();
  }
  return null;
}

/** The arguments of another call of the same function in this file, and its last one in addition. */
function* argumentsElsewhere(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  const callee = grammar.calls.has(node.kind) ? calleeOf(node) : null;
  const list = childOf(node, 'arguments');
  if (callee === null || list === null || !list.text.startsWith('(')) return;
  const own = argumentsOf(node);
  const lists = scope.around().calls.get(callee.text) ?? [];
  const what = short(callee.text);
  const usable = inSight(site);
  for (const other of lists.slice(0, MAX_LISTS)) {
    if (other === list.text) continue;
    const later = afterFirst(other);
    if (later !== null && usable(wordsOf(later)) && own.length === 1) {
      yield {
        template: 'arguments-elsewhere',
        bits: 5.5,
        edits: [replace(list, `(${own[0]?.text ?? ''}, ${later})`)],
        reason: `pass ${short(later)} to ${what} too, as elsewhere`,
      };
    }
    if (!usable(wordsOf(other))) continue;
    const reason = `call ${what} with ${short(other)}, as elsewhere`;
    yield { template: 'arguments-elsewhere', bits: 7, edits: [replace(list, other)], reason };
  }
  if (own.length > 3) return;
  const before = own.map((one) => `${one.text}, `).join('');
  const objects = unique([...scope.around().calls.values()].flat().flatMap((text) => lastObject(text))).slice(
    0,
    8,
  );
  for (const [index, object] of objects.entries()) {
    if (list.text.includes(object) || !usable(wordsOf(object))) continue;
    yield {
      template: 'argument-add',
      bits: 8 + index / 8,
      edits: [replace(list, `(${before}${object})`)],
      reason: `pass ${short(object)} to ${what} too`,
    };
  }
}

function lastObject(list: string): string[] {
  const found = /(\{[^{}]{1,60}\})\)$/.exec(list);
  return found?.[1] === undefined ? [] : [found[1]];
}

/** `f(a + b)` to `f(a) + b`, and back. */
function* operandOut(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const list = grammar.calls.has(node.kind) ? childOf(node, 'arguments') : null;
  const last = argumentsOf(node).at(-1);
  const callee = calleeOf(node);
  const inner = last === undefined ? undefined : binariesOf(last, grammar)[0];
  const propose = (text: string): Proposal => ({
    template: 'operand-out',
    bits: 6,
    edits: [replace(node, text)],
    reason: `replace ${short(node.text)} by ${short(text)}`,
  });
  if (list !== null && callee !== null && last !== undefined && inner !== undefined) {
    const head = list.text.slice(0, last.start - list.start);
    yield propose(`${callee.text}${head}${inner.left.text}) ${inner.operator} ${inner.right.text}`);
    if (argumentsOf(node).length === 1)
      yield propose(`${inner.left.text} ${inner.operator} ${callee.text}(${inner.right.text})`);
  }
  const pair = binariesOf(node, grammar)[0];
  if (pair === undefined || !grammar.calls.has(pair.left.kind) || !/^[-+*/%|&]/.test(pair.operator)) return;
  const arguments_ = childOf(pair.left, 'arguments');
  if (arguments_ === null || argumentsOf(pair.left).length === 0 || !arguments_.text.endsWith(')')) return;
  yield propose(`${pair.left.text.slice(0, -1)} ${pair.operator} ${pair.right.text})`);
}

/** A function that is handed over gets only its first argument, or none that is null. */
function* callback(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const passed = node.parent?.kind === 'arguments' && /^(?:identifier|member_expression)$/.test(node.kind);
  if (grammar.family !== 'javascript' || !passed) return;
  const propose = (text: string, bits: number, what: string): Proposal => ({
    template: 'callback',
    bits,
    edits: [replace(node, text)],
    reason: `${what}: ${short(text)}`,
  });
  yield propose(`(value) => ${node.text}(value)`, 7, 'hand on the first argument only');
  yield propose(
    `(value) => (value == null ? value : ${node.text}(value))`,
    8.5,
    'let null and undefined through',
  );
  yield propose(`(...args) => ${node.text}(...args)`, 8.5, 'call it with its own receiver');
  if (node.kind === 'member_expression') {
    const receiver = operand(node.children[0] ?? node);
    yield propose(`${node.text}.bind(${receiver})`, 8, 'keep the receiver');
  }
}

const MAX_DONORS = 26;

/** An expression from elsewhere in the file, first those that stand in a like place. */
function* fileDonors(site: Site): Iterable<Proposal> {
  const { node, scope, grammar } = site;
  if (!isValue(site) || node.kind === 'string') return;
  const isSmall = node.kind === 'identifier' || grammar.numbers.has(node.kind);
  const own = placeOf(site);
  const usable = inSight(site);
  const words = new Set(node.text.match(/\w+/g) ?? []);
  const foreign = (donor: Donor) => donor.end <= scope.node.start || donor.start >= scope.node.end;
  const rated: [Donor, number][] = [];
  for (const donor of scope.around().expressions) {
    if (!foreign(donor) || donor.text === node.text) continue;
    const alike = donor.place === own;
    if (isSmall && !alike) continue;
    if (donor.kind !== node.kind && !alike) continue;
    rated.push([donor, (alike ? 8 : 10) + likeness(donor.words, words)]);
  }
  rated.sort((a, b) => a[1] - b[1] || a[0].start - b[0].start);
  let given = 0;
  for (const [donor, bits] of rated) {
    if (given >= MAX_DONORS) return;
    if (!usable(donor.names)) continue;
    given += 1;
    yield {
      template: 'donor-file',
      bits,
      edits: [
        replace(
          node,
          /^(?:binary|ternary|arrow|unary|boolean|comparison|conditional)/.test(donor.kind)
            ? `(${donor.text})`
            : donor.text,
        ),
      ],
      reason: `use ${short(donor.text)}, as elsewhere in the file, in place of ${short(node.text)}`,
    };
  }
}

function placeOf(site: Site): string {
  const parent = site.node.parent;
  const holder = parent?.kind === 'arguments' || parent?.kind === 'argument_list' ? parent.parent : parent;
  if (holder === null || holder === undefined) return ' ';
  const mark = childOf(holder, 'function') ?? childOf(holder, 'key') ?? childOf(holder, 'name');
  return `${holder.kind} ${mark?.text.slice(0, 40) ?? ''}`;
}

/** 0 for texts that share most of their words, up to 2 for such that share none. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of b) if (a.has(word)) shared += 1;
  return 2 - (2 * shared) / Math.max(1, a.size, b.size);
}
