// Runs inside the sandbox. Weaves switches into functions, and ways into the scopes they stand in, so that a candidate's
// function takes the place of the old one without anything being loaded anew.
import type { FileShape, WireEdit, WireFunction, WireScope } from './protocol.ts';

type Enter = (code: string) => unknown;
export type AnyFunction = (...args: unknown[]) => unknown;

/** A scope as it was entered while files were loaded; one that was entered more than once has several. */
export interface OpenScope {
  readonly wire: WireScope;
  /** Runs code as if it stood there, once for each time that the scope was entered. */
  readonly enter: Enter[];
}

export interface Slot {
  readonly number: number;
  readonly wire: WireFunction;
  readonly scope: OpenScope;
  /** The function's text without a candidate. */
  readonly text: string;
}

/** A function with the text that a candidate gives it. */
export interface Place {
  readonly slot: Slot;
  readonly text: string;
}

/** What woven text calls; one for the thread. */
export interface Board {
  readonly bodies: (AnyFunction | undefined)[];
  /** Who is told of functions and scopes that are entered; null when nobody is. */
  listener: Listener | null;
  /** Who is told for the time of a load. */
  waiting: Listener | null;
  /** Scopes of all switches that were made. */
  scopes: number;
}

interface Listener {
  readonly count: (number: number) => void;
  readonly note: (number: number, enter: Enter) => void;
}

export interface Switches {
  /** Texts for the first load, which counts the functions that run in it. */
  counting(): ReadonlyMap<string, string>;
  /** Texts for the second load, with a switch in every function that did not run in the first. */
  switching(): ReadonlyMap<string, string>;
  /** For the time of a load, functions are counted and scopes noted. */
  listen(): void;
  readonly scopes: readonly OpenScope[];
  /** The slots that the edits lie in, each with its new text; null when one lies outside of them all. */
  slotsOf(edits: readonly WireEdit[]): Place[] | null;
  /** Throws what the compiler says. */
  compile(slot: Slot, text: string): AnyFunction;
  /** The functions of several texts; null when any of them is not exactly what it would be when compiled alone. */
  compileAll(slot: Slot, texts: readonly string[]): AnyFunction[] | null;
  set(slot: Slot, body: AnyFunction | undefined): void;
}

interface ShapedFile {
  /** Path as edits name it. */
  readonly file: string;
  readonly full: string;
  readonly text: string;
  readonly shape: FileShape;
  /** Number of its first function and of its first scope among all. */
  readonly functionsFrom: number;
  readonly scopesFrom: number;
}

const MAX_ENTRIES = 64;

export function createBoard(): Board {
  const board: Board = { bodies: [], listener: null, waiting: null, scopes: 0 };
  const fixed = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, {
      value,
      writable: false,
      configurable: false,
      enumerable: false,
    });
  fixed('__cambiumSlots', board.bodies);
  fixed('__cambiumEnter', (number: number) => board.listener?.count(number));
  fixed('__cambiumScope', (number: number, enter: Enter) => board.listener?.note(number, enter));
  fixed('__cambiumMain', () => {
    board.listener = null;
  });
  return board;
}

/** One set of switches for one load of the files. `mains` are run again each time: nothing of theirs stays. */
export function createSwitches(
  shapes: Readonly<Record<string, FileShape>>,
  given: {
    readonly board: Board;
    readonly mains: ReadonlySet<string>;
    /** Files whose functions may be changed; of others only the scopes are of interest. */
    readonly sources: ReadonlySet<string>;
    readonly textOf: (file: string) => { full: string; text: string } | null;
  },
): Switches {
  const { board } = given;
  const files = layOut(shapes, given);
  const firstScope = board.scopes;
  const firstFunction = board.bodies.length;
  const scopes: OpenScope[] = files.flatMap((file) => file.shape.scopes.map((wire) => ({ wire, enter: [] })));
  const size = files.reduce((sum, file) => sum + file.shape.functions.length, 0);
  const counts = new Uint32Array(size);
  for (let i = 0; i < size; i += 1) board.bodies.push(undefined);
  board.scopes += scopes.length;
  const listener: Listener = {
    count: (number) => {
      counts[number - firstFunction] = (counts[number - firstFunction] ?? 0) + 1;
    },
    note: (number, enter) => {
      const scope = scopes[number - firstScope];
      if (scope !== undefined && scope.enter.length < MAX_ENTRIES) scope.enter[scope.enter.length] = enter;
    },
  };
  const countsOf = (file: ShapedFile) => counts.subarray(file.functionsFrom - firstFunction);
  const texts = (weave: (file: ShapedFile) => string) =>
    new Map(files.map((file) => [file.full, given.mains.has(file.file) ? weaveMain(file) : weave(file)]));
  let slots = new Map<string, Slot[]>();
  return {
    counting: () => texts(weaveCounts),
    switching: () => {
      const inFile = (file: ShapedFile) =>
        given.sources.has(file.file)
          ? slotsIn(file, countsOf(file), scopes.slice(file.scopesFrom - firstScope))
          : [];
      slots = new Map(files.map((file) => [file.file, inFile(file)]));
      return texts((file) => weaveSwitches(file, countsOf(file), slots.get(file.file) ?? []));
    },
    listen: () => {
      for (const scope of scopes) scope.enter.length = 0;
      board.listener = listener;
      board.waiting = listener;
    },
    scopes,
    slotsOf: (edits) => placed(edits, slots),
    compile,
    compileAll,
    set: (slot, body) => {
      board.bodies[slot.number] = body;
    },
  };
}

function layOut(
  shapes: Readonly<Record<string, FileShape>>,
  { board, textOf }: { board: Board; textOf: (file: string) => { full: string; text: string } | null },
): ShapedFile[] {
  const files: ShapedFile[] = [];
  let functionsFrom = board.bodies.length;
  let scopesFrom = board.scopes;
  for (const [file, shape] of Object.entries(shapes)) {
    const found = textOf(file);
    if (found === null) continue;
    files.push({ file, ...found, shape, functionsFrom, scopesFrom });
    functionsFrom += shape.functions.length;
    scopesFrom += shape.scopes.length;
  }
  return files;
}

/** `order`: at one place, what closes comes first (inner before outer), then what opens (outer before inner). */
interface Insertion {
  readonly at: number;
  readonly upTo: number;
  readonly text: string;
  readonly order: number;
}

function applied(text: string, insertions: readonly Insertion[]): string {
  const ordered = [...insertions].sort((a, b) => a.at - b.at || a.order - b.order);
  let result = '';
  let at = 0;
  for (const one of ordered) {
    result += text.slice(at, one.at) + one.text;
    at = one.upTo;
  }
  return result + text.slice(at);
}

const opener = (at: number, text: string, depth: number): Insertion => ({
  at,
  upTo: at,
  text,
  order: depth + 1,
});
const closer = (at: number, text: string, depth: number): Insertion => ({
  at,
  upTo: at,
  text,
  order: -depth - 2,
});

function weaveCounts({ text, shape, functionsFrom }: ShapedFile): string {
  const insertions = shape.functions.flatMap((wire, index) => {
    const call = `__cambiumEnter(${functionsFrom + index})`;
    if (wire.block) return [opener(wire.at, `;${call};`, index)];
    return [opener(wire.at, `(${call},`, index), closer(wire.innerEnd, ')', index)];
  });
  return applied(text, insertions);
}

const HOOK = '(__cambiumCode)=>eval(__cambiumCode)';

/** From here on it is the run that calls functions, and no longer the load. */
function weaveMain({ text, shape }: ShapedFile): string {
  const at = shape.scopes[0]?.at ?? -1;
  return at < 0 ? text : applied(text, [opener(at, ';__cambiumMain();', 0)]);
}

/** `counts` begin with the first function of the file. */
function weaveSwitches(file: ShapedFile, counts: Uint32Array, slots: readonly Slot[]): string {
  const insertions: Insertion[] = [];
  file.shape.scopes.forEach((scope, index) => {
    const ran = scope.owner < 0 || (counts[scope.owner] ?? 0) > 0;
    if (scope.at < 0 || !ran) return;
    const call = `__cambiumScope(${file.scopesFrom + index},${HOOK})`;
    if (scope.isClass) insertions.push(opener(scope.at, `static{${call};}`, scope.owner));
    else if (scope.end < 0) insertions.push(opener(scope.at, `;${call};`, scope.owner));
    else {
      insertions.push(opener(scope.at, `(${call},`, scope.owner), closer(scope.end, ')', scope.owner));
    }
  });
  for (const slot of slots) insertions.push(...switchOf(slot, slot.number - file.functionsFrom, file.text));
  return applied(file.text, insertions);
}

function switchOf({ wire, number }: Slot, depth: number, text: string): Insertion[] {
  const slot = `__cambiumSlots[${number}]`;
  if (wire.parameters !== null) {
    const names = wire.parameters.join(',');
    if (wire.kind === 'arrow') {
      if (wire.block) return [opener(wire.at, `;if(${slot}!==undefined)return ${slot}(${names});`, depth)];
      return [
        opener(wire.at, `(${slot}!==undefined?${slot}(${names}):`, depth),
        closer(wire.innerEnd, ')', depth),
      ];
    }
    const call = wire.all ? `apply(this,arguments)` : `call(this${names === '' ? '' : `,${names}`})`;
    return [opener(wire.at, `;if(${slot}!==undefined)return ${slot}.${call};`, depth)];
  }
  return standIn(wire, slot, { depth, text });
}

/** The function as it was, inside one with as many parameters that hands everything on. */
function standIn(
  wire: WireFunction,
  slot: string,
  { depth, text }: { depth: number; text: string },
): Insertion[] {
  const places = Array.from({ length: wire.arity }, (_, index) => `$${index}`).join(',');
  if (wire.kind === 'arrow') {
    const all = places === '' ? '...$rest' : `${places},...$rest`;
    return [opener(wire.start, `((${all})=>(${slot}??(`, depth), closer(wire.end, `))(${all}))`, depth)];
  }
  const [from, to] = wire.name ?? [wire.start, wire.start];
  const name = text.slice(from, to);
  const call = ').apply(this,arguments);}';
  if (wire.kind === 'method') {
    return [
      opener(wire.start, `${name}(${places}){return(${slot}??({`, depth),
      closer(wire.end, `}).${name}${call}`, depth),
    ];
  }
  const isDeclared = wire.name !== null;
  const without: Insertion[] = isDeclared ? [{ at: from, upTo: to, text: '', order: 0 }] : [];
  return [
    opener(wire.start, `${isDeclared ? '' : '('}function ${name}(${places}){return(${slot}??(`, depth),
    ...without,
    closer(wire.end, `)${call}${isDeclared ? '' : ')'}`, depth),
  ];
}

/** Functions that did not run while files were loaded, in scopes that were entered at most once. */
function slotsIn(file: ShapedFile, counts: Uint32Array, scopes: readonly OpenScope[]): Slot[] {
  const slots: Slot[] = [];
  file.shape.functions.forEach((wire, index) => {
    const scope = scopes[wire.scope];
    const inReach = wire.owner < 0 || counts[wire.owner] === 1;
    if (!wire.fits || (counts[index] ?? 0) > 0 || !inReach || scope === undefined || scope.wire.at < 0)
      return;
    slots.push({
      number: file.functionsFrom + index,
      wire,
      scope,
      text: file.text.slice(wire.start, wire.end),
    });
  });
  return slots;
}

function placed(edits: readonly WireEdit[], slots: ReadonlyMap<string, readonly Slot[]>): Place[] | null {
  const bySlot = new Map<Slot, WireEdit[]>();
  for (let i = 0; i < edits.length; i += 1) {
    const edit = edits[i] as WireEdit;
    const slot = slotAround(edit, slots.get(edit[0]) ?? []);
    if (slot === null) return null;
    const own = bySlot.get(slot);
    if (own === undefined) bySlot.set(slot, [edit]);
    else own[own.length] = edit;
  }
  const result: Place[] = [];
  for (const [slot, own] of bySlot) result[result.length] = { slot, text: edited(slot, own) };
  return result;
}

function slotAround([, start, end, text]: WireEdit, slots: readonly Slot[]): Slot | null {
  let low = 0;
  let high = slots.length - 1;
  // Slots do not overlap and are in order: the last that begins before the edit is the only one that can hold it.
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((slots[middle] as Slot).wire.start <= start) low = middle;
    else high = middle - 1;
  }
  const slot = slots[low];
  if (slot === undefined || start < slot.wire.inner || end > slot.wire.innerEnd) return null;
  if (slot.scope.enter.length !== 1) return null;
  const { wire } = slot;
  if (/\b(?:new\s*\.\s*target|super)\b/.test(text)) return null;
  return wire.parameters !== null && !wire.all && text.includes('arguments') ? null : slot;
}

function edited(slot: Slot, edits: readonly WireEdit[]): string {
  const { start } = slot.wire;
  const ordered = edits.length === 1 ? edits : [...edits].sort((a, b) => b[1] - a[1] || b[2] - a[2]);
  let { text } = slot;
  for (let i = 0; i < ordered.length; i += 1) {
    const [, from, to, by] = ordered[i] as WireEdit;
    text = text.slice(0, from - start) + by + text.slice(to - start);
  }
  return text;
}

const { ownKeys, getOwnPropertyDescriptor, apply } = Reflect;
const { toString: textOf } = Function.prototype;

function compile(slot: Slot, text: string): AnyFunction {
  const enter = slot.scope.enter[0] as Enter;
  return bodyIn(slot, enter(expressionOf(slot, text)));
}

/** The expression whose value has the function, or is it. */
function expressionOf({ wire, scope }: Slot, text: string): string {
  if (wire.kind !== 'constructor' && wire.kind !== 'method') return `(${unnamed(wire, text)})`;
  const home = scope.wire.isClass && text.includes('super') ? homeOf(wire) : '';
  return `({${home}${text}})`;
}

/** Without its name, the function finds the module's own under it, as it did where it stood. */
function unnamed({ name, start }: WireFunction, text: string): string {
  return name === null ? text : text.slice(0, name[0] - start) + text.slice(name[1] - start);
}

function bodyIn({ wire }: Slot, value: unknown): AnyFunction {
  if (wire.kind !== 'constructor' && wire.kind !== 'method') return value as AnyFunction;
  const descriptor = getOwnPropertyDescriptor(value as object, ownKeys(value as object)[0] as string);
  return (descriptor?.value ?? descriptor?.get ?? descriptor?.set) as AnyFunction;
}

function compileAll(slot: Slot, texts: readonly string[]): AnyFunction[] | null {
  const isMethod = slot.wire.kind === 'constructor' || slot.wire.kind === 'method';
  let code = '[';
  for (let i = 0; i < texts.length; i += 1) code += `${expressionOf(slot, texts[i] as string)},\n`;
  try {
    const values = (slot.scope.enter[0] as Enter)(`${code}]`) as unknown[];
    if (values.length !== texts.length) return null;
    const bodies: AnyFunction[] = [];
    for (let i = 0; i < texts.length; i += 1) {
      const body = bodyIn(slot, values[i]);
      const text = texts[i] as string;
      // One that closes what another opened would stand for both.
      if (apply(textOf, body, []) !== (isMethod ? text : unnamed(slot.wire, text))) return null;
      bodies[i] = body;
    }
    return bodies;
  } catch {
    return null;
  }
}

/** What `super` means in a method: in a class, `this` of the way in is the class itself. */
function homeOf({ isStatic }: WireFunction): string {
  return `__proto__:Object.getPrototypeOf(${isStatic ? 'this' : 'this.prototype'}),`;
}
