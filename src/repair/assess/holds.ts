// Which functions a change touches, and source text that hands these functions over when it is loaded, exported or not.
import type { SyntaxNode } from '#code/syntax.ts';
import { applyEdits, type Edit } from '../edits.ts';
import type { ObservedFunction } from '../harness/protocol.ts';
import type { SourceFile } from '../sources.ts';
import { intoWoven } from '../weave.ts';

export interface HeldFunction extends ObservedFunction {
  readonly node: SyntaxNode;
  readonly parameters: readonly string[];
}

const MAX_FUNCTIONS = 8;
const DECLARED = new Set(['function_declaration', 'generator_function_declaration', 'function_definition']);
const VALUES = new Set(['function_expression', 'arrow_function', 'generator_function']);

/** A change for which functions are sought. */
export interface Touching {
  readonly file: string;
  readonly edits: readonly Edit[];
}

/**
 * The outermost functions round the changes that can be handed over; for changes outside all functions, the functions of the
 * file. In the order of the text.
 */
export function functionsTouched(files: readonly SourceFile[], changes: readonly Touching[]): HeldFunction[] {
  const found = new Map<SyntaxNode, HeldFunction>();
  for (const file of files) {
    const own = changes.filter((change) => change.file === file.path);
    if (own.length === 0) continue;
    const all = holdable(file);
    const around = (edit: Edit) => all.filter(({ node }) => node.start <= edit.start && edit.end <= node.end);
    const lists = own.flatMap((change) => change.edits.map(around));
    const wanted = lists.some((list) => list.length === 0) ? all : lists.flat();
    for (const one of wanted) found.set(one.node, one);
  }
  return [...found.values()].sort((a, b) => a.node.start - b.node.start).slice(0, MAX_FUNCTIONS);
}

/** Functions of a file that can be handed over, none inside another. */
function holdable(file: SourceFile): HeldFunction[] {
  const found: HeldFunction[] = [];
  const visit = (node: SyntaxNode, owner: string) => {
    const name = file.grammar.functions.has(node.kind) ? holdName(node, file) : null;
    if (name !== null) {
      found.push({ file: file.path, name: owner + name, node, parameters: parametersOf(node) });
      return;
    }
    const isClass = file.grammar.classes.has(node.kind);
    const inner = isClass ? `${owner}${fieldText(node, 'name') ?? 'class'}.` : owner;
    for (const child of node.children) visit(child, inner);
  };
  visit(file.root, '');
  return found;
}

/** What a function is called; null for one that cannot be handed over: a callback, a getter, one that is called in place. */
function holdName(node: SyntaxNode, file: SourceFile): string | null {
  const own = fieldText(node, 'name');
  if (file.grammar.family === 'python') return DECLARED.has(node.kind) ? own : null;
  if (DECLARED.has(node.kind)) return own;
  if (node.kind === 'method_definition') {
    const plain =
      node.parent?.kind === 'class_body' && own !== null && /^[\w$]+$/.test(own) && own !== 'constructor';
    return plain && !node.children.some((child) => /^(?:get|set)$/.test(child.text) && !child.named)
      ? own
      : null;
  }
  if (!VALUES.has(node.kind)) return null;
  const { parent } = node;
  if (parent?.kind === 'variable_declarator' && node.field === 'value') return fieldText(parent, 'name');
  if (parent?.kind === 'assignment_expression' && node.field === 'right')
    return /[\w$]+$/.exec(fieldText(parent, 'left') ?? '')?.[0] ?? null;
  if (parent?.kind === 'pair') return /^[\w$]+/.exec(parent.children[0]?.text ?? '')?.[0] ?? null;
  return parent?.kind === 'export_statement' ? 'default' : null;
}

function fieldText(node: SyntaxNode, field: string): string | null {
  return node.children.find((child) => child.field === field)?.text ?? null;
}

function parametersOf(node: SyntaxNode): string[] {
  const list = node.children.find((child) => child.field === 'parameters' || child.field === 'parameter');
  if (list === undefined) return [];
  if (list.kind === 'identifier') return [list.text];
  return list.children.filter((child) => child.named && child.kind !== 'comment').map((child) => child.text);
}

/** A program with its functions held: the file's text as it is loaded, for each changed or observed file. */
export type HeldSources = Readonly<Record<string, string>>;

/** Weaves once, then gives the texts of any change. The number of a function is its place in the list. */
export function heldSources(
  files: readonly SourceFile[],
  functions: readonly HeldFunction[],
): (change: Touching | null) => HeldSources {
  const woven = files
    .filter((file) => functions.some((one) => one.file === file.path))
    .map((file) => {
      const holds =
        file.grammar.family === 'python'
          ? []
          : functions.flatMap((one, id) => (one.file === file.path ? holdsOf(one.node, id) : []));
      const insertions = merged([...file.guarded.insertions, ...holds]);
      return { file, insertions, text: applyEdits(file.text, insertions) };
    });
  return (change) =>
    Object.fromEntries(
      woven.map(({ file, insertions, text }) => {
        if (change === null || change.file !== file.path) return [file.path, text];
        const edits = intoWoven(change.edits, insertions).map((edit) => ({
          ...edit,
          text: file.grammar.guards.guarded(edit.text),
        }));
        return [file.path, applyEdits(text, edits)];
      }),
    );
}

function holdsOf(node: SyntaxNode, id: number): Edit[] {
  if (DECLARED.has(node.kind)) {
    const name = fieldText(node, 'name') ?? '';
    const at = node.parent?.kind === 'export_statement' ? node.parent.start : node.start;
    return [insertion(at, `${name}=__cambiumHold(${id},${name});`)];
  }
  if (node.kind === 'method_definition') {
    const isStatic = node.children.some((child) => !child.named && child.text === 'static');
    const holder = isStatic ? 'this' : 'this.prototype';
    const end = (node.parent?.end ?? node.end) - 1;
    return [
      insertion(
        end,
        `;static{__cambiumHoldMethod(${id},${holder},${JSON.stringify(fieldText(node, 'name'))})}`,
      ),
    ];
  }
  return [insertion(node.start, `__cambiumHold(${id},`), insertion(node.end, ')')];
}

function insertion(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/** In order of place; what closes comes before what opens at the same place. */
function merged(insertions: readonly Edit[]): Edit[] {
  return [...insertions].sort((a, b) => a.start - b.start || Number(b.text === ')') - Number(a.text === ')'));
}
