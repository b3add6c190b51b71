// Chains of calls: one more link, as the file has it elsewhere.
import type { SyntaxNode } from '#code/syntax.ts';
import { kindOf, receiverKindOf } from '../kinds.ts';
import type { Link } from '../surroundings.ts';
import { inSight } from './calls.ts';
import {
  calleeOf,
  isReadFrom,
  isTarget,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
} from './types.ts';

export const linkTemplates: readonly Template[] = [chainLink];

const MAX_LINKS = 12;
/** By what the link is put on: a chain that calls the same method, a chain, another value. */
const BITS = { alike: 5.5, chain: 7, value: 8.5 } as const;
/** Inside a chain the same link mostly does the same as at its end. */
const INSIDE = 1.5;

function* chainLink(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (!grammar.expressions.has(node.kind) || isTarget(node) || node.field === 'function') return;
  const own = methodsOf(node, site);
  if (
    own.length === 0 &&
    !/^(?:identifier|member_expression|attribute|call_expression|call)$/.test(node.kind)
  )
    return;
  const kind = kindOf(node, scope.kinds);
  const usable = inSight(site);
  const rated = scope
    .around()
    .links.filter((link) => !node.text.includes(link.text) && fits(link, kind) && usable(link.names))
    .map((link) => {
      const base = own.includes(link.method) ? BITS.alike : own.length > 0 ? BITS.chain : BITS.value;
      return { link, bits: base - Math.min(1, Math.log2(link.count) / 2) + (isReadFrom(node) ? INSIDE : 0) };
    })
    .sort((a, b) => a.bits - b.bits);
  for (const [index, { link, bits }] of rated.slice(0, MAX_LINKS).entries()) {
    const text = `${operand(node)}${link.text}`;
    yield {
      template: 'chain-link',
      bits: bits + index / MAX_LINKS,
      edits: [replace(node, text)],
      reason: `call ${short(link.text)} on ${short(node.text)}, as elsewhere in the file`,
    };
  }
}

/** Whether a value of that kind has the method, as far as both are known. */
function fits({ method }: Link, kind: ReturnType<typeof kindOf>): boolean {
  const wanted = receiverKindOf(method);
  return kind === null || wanted === null || kind === wanted;
}

/** Methods that are called one on the other, the last one first. */
function methodsOf(node: SyntaxNode, { grammar }: Site): string[] {
  const methods: string[] = [];
  for (let at: SyntaxNode | undefined = node; at !== undefined && grammar.calls.has(at.kind); ) {
    const callee: SyntaxNode | null = calleeOf(at);
    if (callee === null || !grammar.members.has(callee.kind)) break;
    methods.push(callee.children.at(-1)?.text ?? '');
    at = callee.children[0];
  }
  return methods;
}
