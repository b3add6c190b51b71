// The checker behind the room table: what each module imports and touches, held against the row of its room.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { child, children, dottedName, type Module, type Node, stringValue, walk } from './source.ts';

export interface Room {
  readonly storey: 'ground' | 'storage' | 'hands' | 'mind' | 'work' | 'doors';
  readonly room: string;
  /** What the room is for, in one line. */
  readonly does: string;
  /** Rooms it may import besides those that are open to all. */
  readonly mayImport: readonly string[];
  /** What it alone may touch, in words; the lists below say the same for the checker. */
  readonly alone: string;
  /** Packages that only rooms naming them may import; `@scope/*` and `name*` match by their beginning. */
  readonly packages?: readonly string[];
  /** Node modules (without `node:`) and globals that only rooms naming them may use. */
  readonly builtins?: readonly string[];
  readonly globals?: readonly string[];
  /** Subfolders that are faces of their own, as the doors of surfaces are. */
  readonly faces?: readonly string[];
  /** Nothing but these packages, and no node modules: for rooms that must run anywhere. */
  readonly only?: readonly string[];
}

export interface Law {
  readonly rooms: readonly Room[];
  /** Rooms that every other may import. */
  readonly openRooms: readonly string[];
  readonly openPackages: readonly string[];
  readonly openBuiltins: readonly string[];
  /** Folders of programs that run inside the sandbox, beside foreign code: node modules and neighbours, nothing of ours. */
  readonly guests: readonly string[];
}

export interface Violation {
  readonly rule: string;
  readonly at: string;
  readonly message: string;
}

interface Import {
  readonly source: string;
  readonly node: Node;
}

/** The entry and the files that it is assembled from: all of them know every room. */
const ENTRY = 'src/main.ts';
const ASSEMBLY = 'src/main/';
/** Where the entry reads the version from. */
const MANIFEST = '../package.json';

/** Whether a path belongs to the entry, which stands outside the rooms. */
export function isEntry(path: string): boolean {
  return path === ENTRY || path.startsWith(ASSEMBLY);
}

/** Everything in which `module` breaks the law. Only files under `src/` belong to a room. */
export function checkModule(law: Law, module: Module): Violation[] {
  const found: Violation[] = [];
  const report = (rule: string, node: Node, message: string): void => {
    found.push({ rule, at: `${module.path}:${module.lineOf(node.start)}`, message });
  };
  const top: Node = { type: 'Program', start: 0, end: 0 };
  const { imports, computed } = importsOf(module);
  checkForm(module, report);
  if (isGuest(law, module.path)) {
    for (const item of imports)
      if (!guestMayImport(item.source))
        report('guest', item.node, `${item.source}: it runs in the sandbox, where nothing of ours is`);
    return found;
  }
  const room = law.rooms.find(({ room: name }) => name === roomOf(module.path));
  if (!room && !isEntry(module.path)) report('no-room', top, 'its folder has no row in the table of rooms');
  for (const node of computed) report('computed-import', node, 'imports something that cannot be read here');
  for (const item of imports) {
    const problem =
      checkImport(law, { path: module.path, room }, item.source) ?? checkGuestUse(law, module.path, item);
    if (problem) report(problem.rule, item.node, problem.message);
  }
  for (const { name, node } of globalsOf(module)) {
    const owners = law.rooms.filter(({ globals }) => globals?.includes(name));
    const entryMay = module.path === ENTRY && name !== 'process.env';
    if (owners.length > 0 && !entryMay && !(room && owners.includes(room))) {
      report('global', node, `${name} belongs to ${owners.map((owner) => owner.room).join(', ')}`);
    }
  }
  return found;
}

/** True for a file of a program that runs inside the sandbox. */
export function isGuest(law: Pick<Law, 'guests'>, path: string): boolean {
  return law.guests.some((folder) => path.startsWith(`${folder}/`));
}

function guestMayImport(source: string): boolean {
  return /^\.\/[^/]+$/.test(source) || source.startsWith('node:');
}

/** A module of ours may know a guest's types, and its address; running it here would defeat the sandbox. */
function checkGuestUse(law: Law, path: string, { source, node }: Import): Omit<Violation, 'at'> | undefined {
  if (!source.startsWith('.')) return undefined;
  const target = posix.normalize(posix.join(posix.dirname(path), source));
  if (!isGuest(law, target) || isTypeOnly(node)) return undefined;
  return { rule: 'guest-use', message: `${source} runs in the sandbox: import its types and nothing else` };
}

function isTypeOnly(node: Node): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const specifiers = children(node, 'specifiers');
  return specifiers.length > 0 && specifiers.every((specifier) => specifier['importKind'] === 'type');
}

interface Place {
  readonly path: string;
  readonly room: Room | undefined;
}

function checkImport(law: Law, from: Place, source: string): Omit<Violation, 'at'> | undefined {
  if (source.startsWith('.')) return checkRelative(from, source);
  if (source.startsWith('#')) return checkCrossing(law, from, source.slice(1));
  if (from.room?.only && !from.room.only.includes(source))
    return {
      rule: 'package',
      message: `${from.room.room} imports ${from.room.only.join(', ')} and nothing else`,
    };
  if (isBuiltin(source)) {
    const name = source.replace(/^node:/, '');
    if (!source.startsWith('node:'))
      return { rule: 'builtin', message: `write node:${name} instead of ${source}` };
    if (law.openBuiltins.includes(name)) return undefined;
    if (from.room?.builtins?.includes(name)) return undefined;
    return { rule: 'builtin', message: `node:${name} is not for this room` };
  }
  const name = packageName(source);
  if (law.openPackages.includes(name)) return undefined;
  if (from.room?.packages?.some((pattern) => matches(pattern, name))) return undefined;
  const owners = law.rooms.filter(({ packages }) => packages?.some((pattern) => matches(pattern, name)));
  return owners.length > 0
    ? { rule: 'package', message: `${name} belongs to ${owners.map((owner) => owner.room).join(', ')}` }
    : { rule: 'unlisted-package', message: `${name} is in no row of the table of rooms` };
}

function checkRelative(from: Place, source: string): Omit<Violation, 'at'> | undefined {
  const target = posix.normalize(posix.join(posix.dirname(from.path), source));
  if (!target.endsWith('.ts') && !target.endsWith('.json'))
    return { rule: 'extension', message: `${source} needs its extension` };
  if (from.path === ENTRY && source === MANIFEST) return undefined;
  if (isEntry(from.path) ? !isEntry(target) : roomOf(target) !== roomOf(from.path))
    return { rule: 'relative-crossing', message: `${source} leaves the room: write #room/file.ts` };
  return undefined;
}

function checkCrossing(law: Law, from: Place, target: string): Omit<Violation, 'at'> | undefined {
  const [room = '', ...all] = target.split('/');
  const faces = law.rooms.find((row) => row.room === room)?.faces ?? [];
  const rest = faces.includes(all[0] ?? '') ? all.slice(1) : all;
  if (rest.length === 0)
    return { rule: 'entry', message: `#${target} is no room: nothing imports the entry` };
  if (!target.endsWith('.ts')) return { rule: 'extension', message: `#${target} needs its extension` };
  if (rest.length > 1)
    return { rule: 'private', message: `#${target}: the subfolders of ${room} are private to it` };
  if (isEntry(from.path)) return undefined;
  if (room === from.room?.room)
    return { rule: 'alias-inside', message: `#${target}: inside a room write ./` };
  if (room === 'config') return { rule: 'entry', message: 'only the entry imports config' };
  if (law.openRooms.includes(room) && !law.openRooms.includes(from.room?.room ?? '')) return undefined;
  if (from.room?.mayImport.includes(room)) return undefined;
  return { rule: 'edge', message: `${from.room?.room ?? from.path} may not import ${room}` };
}

/** Forms that hide where something comes from. */
function checkForm(module: Module, report: (rule: string, node: Node, message: string) => void): void {
  walk(module.body, (node) => {
    if (node.type === 'TSImportType') report('import-type', node, 'name the type in an import at the top');
  });
  const own = module.body.filter(({ type }) => type !== 'ImportDeclaration');
  const forwarded = own.filter((node) => isReExport(node) && ownSource(node));
  for (const node of own.filter(({ type }) => type === 'ExportAllDeclaration'))
    report('barrel', node, 'export * hides what is exported and from where');
  const first = forwarded[0];
  if (first && forwarded.length === own.length && first.type !== 'ExportAllDeclaration')
    report('barrel', first, 'a file that only forwards: import from where it is');
}

function isReExport(node: Node): boolean {
  return node.type === 'ExportAllDeclaration' || node.type === 'ExportNamedDeclaration';
}

function ownSource(node: Node): boolean {
  return /^[.#]/.test(stringValue(child(node, 'source')) ?? '');
}

/** Every module named in `module`, in whichever form, and the places that name one by an expression. */
export function importsOf(module: Module): { imports: Import[]; computed: Node[] } {
  const imports: Import[] = [];
  const computed: Node[] = [];
  const requires = requireNames(module);
  walk(module.body, (node) => {
    const source = importedSource(node, requires);
    if (source === undefined) return;
    const value = stringValue(source);
    if (value === undefined) computed.push(node);
    else imports.push({ source: value, node });
  });
  return { imports, computed };
}

function importedSource(node: Node, requires: ReadonlySet<string>): Node | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return child(node, 'source');
    case 'TSExternalModuleReference':
      return child(node, 'expression');
    case 'CallExpression': {
      const callee = child(node, 'callee');
      const name = dottedName(callee);
      const loads =
        requires.has(name) ||
        name === 'process.getBuiltinModule' ||
        (callee?.type === 'CallExpression' && dottedName(child(callee, 'callee')).endsWith('createRequire'));
      return loads ? children(node, 'arguments')[0] : undefined;
    }
    default:
      return undefined;
  }
}

/** Names that load a module when called: `require` and whatever `createRequire` was assigned to. */
function requireNames(module: Module): Set<string> {
  const names = new Set(['require']);
  walk(module.body, (node) => {
    if (node.type !== 'VariableDeclarator') return;
    const init = child(node, 'init');
    if (init?.type === 'CallExpression' && dottedName(child(init, 'callee')).endsWith('createRequire'))
      names.add(dottedName(child(node, 'id')));
  });
  return names;
}

/** Uses of globals by the names under which rooms confine them: `fetch`, `process.env` and their like. */
function globalsOf(module: Module): { name: string; node: Node }[] {
  const found: { name: string; node: Node }[] = [];
  walk(module.body, (node, [parent]) => {
    const name = dottedName(node).replace(/^globalThis\./, '');
    if (name === '' || node.type === 'ChainExpression') return;
    const isProperty = parent?.type === 'MemberExpression' && child(parent, 'property') === node;
    const isKey =
      parent?.type === 'Property' && child(parent, 'key') === node && parent['shorthand'] !== true;
    const isType = parent?.type.startsWith('TS') === true;
    if (!isProperty && !isKey && !isType) found.push({ name, node });
    const pattern = parent?.type === 'VariableDeclarator' ? child(parent, 'id') : undefined;
    if (name === 'process' && pattern?.type === 'ObjectPattern') {
      for (const property of children(pattern, 'properties'))
        found.push({ name: `process.${dottedName(child(property, 'key'))}`, node });
    }
  });
  return found;
}

/** `journal` of `src/journal/append.ts`; an empty string outside any room. */
export function roomOf(path: string): string {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? '';
}

function packageName(source: string): string {
  return source
    .split('/')
    .slice(0, source.startsWith('@') ? 2 : 1)
    .join('/');
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
