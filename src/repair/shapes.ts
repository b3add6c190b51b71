// What the harness must know of a JavaScript file to change one function of it in place: its functions and its scopes.
import { createSyntaxReader, languageOfFile, type SyntaxNode } from '#code/syntax.ts';
import type { Edit } from './edits.ts';
import type { FileShape, WireFunction, WireScope } from './harness/protocol.ts';
import type { RepairWorkspace } from './request.ts';
import type { SourceFile } from './sources.ts';

const FUNCTIONS =
  /^(?:function_declaration|function_expression|generator_function|generator_function_declaration|arrow_function|method_definition)$/;
const DECLARED = /^(?:generator_)?function_declaration$/;
const MAX_FUNCTIONS = 20_000;

type Draft = { -readonly [Key in keyof WireScope]: WireScope[Key] } & {
  names: string[];
  constants: string[];
};

interface Walk {
  readonly functions: WireFunction[];
  readonly scopes: Draft[];
  readonly offset: (place: number, side: 'before' | 'after') => number;
}

/** Where a node stands while the tree is walked: numbers of the scopes round it. */
interface Place {
  readonly scope: number;
  /** Where `var` belongs. */
  readonly hoist: number;
  readonly owner: number;
  readonly inField: boolean;
}

/** Beyond this much text, files have no shape, and their functions are changed by loading them anew. */
const MAX_CHARS = 400_000;
/** Of it, for files of tests that all pass: only what mends the failing ones gets there. */
const MAX_PASSING_CHARS = 80_000;

/** Shapes of the sources and of the tests' files, by path. */
export async function shapesOf(
  sources: readonly SourceFile[],
  tests: { readonly failing: readonly string[]; readonly passing: readonly string[] },
  workspace: RepairWorkspace,
): Promise<Record<string, FileShape>> {
  const shapes: Record<string, FileShape> = {};
  const reader = createSyntaxReader();
  const addTests = async (files: readonly string[], room: number): Promise<number> => {
    let chars = 0;
    for (const path of files) {
      const language = languageOfFile(path);
      const text = language === null ? null : await workspace.read(path).catch(() => null);
      if (language === null || language === 'python' || text === null) continue;
      if (chars + text.length > room) continue;
      chars += text.length;
      shapes[path] = shapeOf(reader.parse(language, text).root, []);
    }
    return chars;
  };
  let chars = await addTests(tests.failing, MAX_CHARS);
  const far = (file: SourceFile) => file.distance ?? Number.POSITIVE_INFINITY;
  const all = sources.reduce((sum, file) => sum + file.text.length, chars);
  for (const file of [...sources].sort((a, b) => far(a) - far(b) || 0)) {
    chars += file.text.length;
    if (file.grammar.family !== 'javascript' || chars > MAX_CHARS) continue;
    shapes[file.path] = shapeOf(file.root, file.guarded.insertions);
    if (all > MAX_CHARS) file.release();
  }
  await addTests(tests.passing, Math.min(MAX_PASSING_CHARS, MAX_CHARS - chars));
  return shapes;
}

/** The shape of a file with guards in it; offsets refer to the woven text. */
export function shapeOf(root: SyntaxNode, insertions: readonly Edit[]): FileShape {
  const walk: Walk = { functions: [], scopes: [], offset: wovenOffsets(insertions) };
  const at = walk.offset(afterDirectives(root, root.start), 'before');
  const scope = openScope(walk, { at: hasHashbang(root) ? -1 : at, end: -1, owner: -1, isClass: false });
  visitChildren(root, { scope, hoist: scope, owner: -1, inField: false }, walk);
  return { functions: walk.functions, scopes: walk.scopes };
}

function hasHashbang(root: SyntaxNode): boolean {
  return root.children[0]?.kind === 'hash_bang_line';
}

/** Offsets in text with the insertions: before or after what is inserted at the very place. */
function wovenOffsets(insertions: readonly Edit[]): Walk['offset'] {
  const starts: number[] = [];
  const sums = [0];
  for (const { start, text } of insertions) {
    starts.push(start);
    sums.push((sums.at(-1) ?? 0) + text.length);
  }
  return (place, side) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = starts[middle] ?? 0;
      if (start < place || (side === 'after' && start === place)) low = middle + 1;
      else high = middle;
    }
    return place + (sums[low] ?? 0);
  };
}

function openScope(
  walk: Walk,
  { at, end, owner, isClass }: Pick<WireScope, 'at' | 'end' | 'owner' | 'isClass'>,
): number {
  walk.scopes.push({ at, end, owner, isClass, names: [], constants: [], privates: [] });
  return walk.scopes.length - 1;
}

function visitChildren(node: SyntaxNode, place: Place, walk: Walk): void {
  for (const child of node.children) visit(child, place, walk);
}

function visit(node: SyntaxNode, place: Place, walk: Walk): void {
  if (FUNCTIONS.test(node.kind)) visitFunction(node, place, walk);
  else if (node.kind === 'class_declaration' || node.kind === 'class') visitClass(node, place, walk);
  else if (node.kind === 'statement_block') visitBlock(node, place, { walk, heads: [] });
  else if (node.kind !== 'import_statement') visitOther(node, place, walk);
}

function visitOther(node: SyntaxNode, place: Place, walk: Walk): void {
  if (node.kind === 'lexical_declaration' || node.kind === 'variable_declaration') declare(node, place, walk);
  const heads = headsOf(node);
  if (heads === null) {
    visitChildren(node, place, walk);
    return;
  }
  const body = node.children.find((child) => child.field === 'body');
  const isVar = node.children.some((child) => child.kind === 'var');
  if (isVar) for (const head of heads) addNames(head, walk.scopes[place.hoist]?.names ?? []);
  for (const child of node.children) {
    // What the head declares belongs to the loop, not to what is round it.
    if (child.kind === 'lexical_declaration' && child !== body) visitChildren(child, place, walk);
    else if (child !== body || child.kind !== 'statement_block') visit(child, place, walk);
  }
  if (body?.kind === 'statement_block') visitBlock(body, place, { walk, heads: isVar ? [] : heads });
}

/** What the head of a loop or of a `catch` declares for its body; null for other nodes. */
function headsOf(node: SyntaxNode): SyntaxNode[] | null {
  if (node.kind === 'catch_clause') return node.children.filter((child) => child.field === 'parameter');
  if (node.kind === 'for_in_statement') {
    const declares = node.children.some((child) => /^(?:const|let|var)$/.test(child.kind));
    return declares ? node.children.filter((child) => child.field === 'left') : null;
  }
  if (node.kind !== 'for_statement') return null;
  const first = node.children.find((child) => child.kind === 'lexical_declaration');
  return first === undefined ? null : first.children.filter((child) => child.kind === 'variable_declarator');
}

function visitBlock(node: SyntaxNode, place: Place, { walk, heads }: { walk: Walk; heads: SyntaxNode[] }) {
  const at = walk.offset(node.start + 1, 'before');
  const scope = openScope(walk, { at, end: -1, owner: place.owner, isClass: false });
  for (const head of heads) addNames(head, walk.scopes[scope]?.names ?? []);
  const functions = walk.functions.length;
  visitChildren(node, { ...place, scope }, walk);
  if (walk.functions.length === functions) closeScope(scope, walk);
}

/** What holds no function is forgotten when it is left: nothing there can be kept or changed. */
function closeScope(scope: number, walk: Walk): void {
  const draft = walk.scopes[scope];
  if (draft !== undefined) draft.at = -1;
}

function declare(node: SyntaxNode, place: Place, walk: Walk): void {
  const isVar = node.kind === 'variable_declaration';
  const scope = walk.scopes[isVar ? place.hoist : place.scope];
  const isConstant = node.children[0]?.kind === 'const';
  for (const child of node.children) {
    if (child.kind === 'variable_declarator' && scope !== undefined)
      addNames(child, isConstant ? scope.constants : scope.names);
  }
}

/** Names that a pattern binds. */
function addNames(pattern: SyntaxNode, into: string[]): void {
  if (pattern.kind === 'identifier' || pattern.kind === 'shorthand_property_identifier_pattern') {
    into.push(pattern.text);
    return;
  }
  if (/type_annotation|computed_property_name/.test(pattern.kind)) return;
  const isDefault = /assignment_pattern$/.test(pattern.kind);
  for (const child of pattern.children) {
    if (child.field === 'value' || (isDefault && child.field === 'right')) continue;
    addNames(child, into);
  }
}

function visitClass(node: SyntaxNode, place: Place, walk: Walk): void {
  const body = node.children.find((child) => child.field === 'body');
  const name = node.children.find((child) => child.field === 'name');
  const heritage = node.children.some((child) => child.kind === 'class_heritage');
  if (node.kind === 'class_declaration' && name !== undefined)
    walk.scopes[place.scope]?.names.push(name.text);
  for (const child of node.children) if (child !== body) visit(child, place, walk);
  if (body === undefined) return;
  const at = walk.offset(body.start + 1, 'before');
  const scope = openScope(walk, { at, end: -1, owner: place.owner, isClass: true });
  const privates = body.children.flatMap((member) =>
    isField(member) ? member.children.filter((child) => child.kind === 'private_property_identifier') : [],
  );
  const draft = walk.scopes[scope];
  if (draft !== undefined) draft.privates = privates.map((child) => child.text);
  for (const member of body.children) {
    if (member.kind === 'method_definition') {
      visitFunction(member, { ...place, scope }, walk, { derived: heritage });
    } else visit(member, { ...place, scope, inField: true }, walk);
  }
}

function isField(node: SyntaxNode): boolean {
  return node.kind === 'public_field_definition' || node.kind === 'field_definition';
}

function visitFunction(node: SyntaxNode, place: Place, walk: Walk, holder?: { derived: boolean }): void {
  const body = node.children.find((child) => child.field === 'body');
  if (body === undefined) return;
  const number = walk.functions.length;
  const name = node.children.find((child) => child.field === 'name');
  if (DECLARED.test(node.kind) && name !== undefined) walk.scopes[place.scope]?.names.push(name.text);
  if (number >= MAX_FUNCTIONS) return;
  walk.functions.push(wireFunction(node, { body, name, place, walk, holder }));
  const block = body.kind === 'statement_block';
  const at = block ? afterDirectives(body, body.start + 1) : body.start;
  const scope = openScope(walk, {
    at: walk.offset(at, block ? 'before' : 'after'),
    end: block ? -1 : walk.offset(body.end, 'before'),
    owner: number,
    isClass: false,
  });
  const parameters = parametersOf(node);
  for (const parameter of parameters) addNames(parameter, walk.scopes[scope]?.names ?? []);
  const inside: Place = { scope, hoist: scope, owner: number, inField: false };
  for (const parameter of parameters) visit(parameter, inside, walk);
  if (block) visitChildren(body, inside, walk);
  else visit(body, inside, walk);
  if (walk.functions.length === number + 1) closeScope(scope, walk);
}

function parametersOf(node: SyntaxNode): SyntaxNode[] {
  const only = node.children.find((child) => child.field === 'parameter');
  if (only !== undefined) return [only];
  const list = node.children.find((child) => child.field === 'parameters');
  const isThis = (child: SyntaxNode) => child.children[0]?.kind === 'this';
  return (list?.children ?? []).filter((child) => child.named && child.kind !== 'comment' && !isThis(child));
}

interface Parts {
  readonly body: SyntaxNode;
  readonly name: SyntaxNode | undefined;
  readonly place: Place;
  readonly walk: Walk;
  /** The class that the method belongs to. */
  readonly holder: { readonly derived: boolean } | undefined;
}

function wireFunction(node: SyntaxNode, { body, name, place, walk, holder }: Parts): WireFunction {
  const tokens = node.children.filter((child) => !child.named).map((child) => child.kind);
  const isMethod = node.kind === 'method_definition';
  const isAccessor = isMethod && (tokens.includes('get') || tokens.includes('set'));
  const isConstructor = holder !== undefined && name?.text === 'constructor' && !tokens.includes('static');
  const { names, arity } = simpleParameters(parametersOf(node));
  const isPlain = names !== null && !tokens.includes('async') && !tokens.includes('*');
  const first = node.children.find(
    (child) => !/^(?:static|accessibility_modifier|override_modifier)$/.test(child.kind),
  );
  const block = body.kind === 'statement_block';
  const mentions = (pattern: RegExp) => pattern.test(node.text);
  const fits =
    !place.inField &&
    !mentions(/\bnew\s*\.\s*target\b/) &&
    (holder !== undefined || !mentions(/\bsuper\b/)) &&
    !(isConstructor && (holder?.derived === true || !isPlain)) &&
    (isPlain || !isMethod || (name?.kind === 'property_identifier' && !isAccessor));
  const keepsName = DECLARED.test(node.kind) || isMethod;
  return {
    start: walk.offset(first?.start ?? node.start, 'after'),
    end: walk.offset(node.end, 'before'),
    kind: isConstructor
      ? 'constructor'
      : isMethod
        ? 'method'
        : node.kind === 'arrow_function'
          ? 'arrow'
          : 'function',
    name:
      keepsName && name !== undefined
        ? [walk.offset(name.start, 'after'), walk.offset(name.end, 'before')]
        : null,
    at: walk.offset(block ? afterDirectives(body, body.start + 1) : body.start, block ? 'before' : 'after'),
    inner: walk.offset(block ? body.start + 1 : body.start, block ? 'before' : 'after'),
    innerEnd: walk.offset(block ? body.end - 1 : body.end, 'before'),
    block,
    parameters: isPlain ? (names ?? []) : null,
    arity,
    all: mentions(/\barguments\b/),
    isStatic: tokens.includes('static'),
    scope: place.scope,
    owner: place.owner,
    fits,
  };
}

/** Names of parameters without defaults and patterns (null when there are others), and the function's `length`. */
function simpleParameters(parameters: readonly SyntaxNode[]): { names: string[] | null; arity: number } {
  const names: string[] = [];
  let arity = 0;
  let counts = true;
  for (const parameter of parameters) {
    const typed = /^(?:required|optional)_parameter$/.test(parameter.kind);
    const pattern = typed ? parameter.children.find((child) => child.field === 'pattern') : parameter;
    const hasDefault =
      parameter.kind === 'assignment_pattern' || parameter.children.some((child) => child.field === 'value');
    counts &&= !hasDefault && pattern?.kind !== 'rest_pattern';
    if (counts) arity += 1;
    if (pattern?.kind === 'identifier' && !hasDefault) names.push(pattern.text);
  }
  return { names: names.length === parameters.length ? names : null, arity };
}

/** Directives must stay the first statements. */
function afterDirectives(body: SyntaxNode, start: number): number {
  let at = start;
  for (const child of body.children) {
    if (!child.named || child.kind === 'comment') continue;
    if (child.kind !== 'expression_statement' || child.children[0]?.kind !== 'string') break;
    at = child.end;
  }
  return at;
}
