// Runs inside the sandbox. A world is a file of tests with all that it loads, loaded once with switches woven in. Candidates
// are tried in it one after the other; what they leave behind is noticed and undone. Whether a world tells the same as
// loading everything anew is measured with the unchanged program before it is believed.
import path from 'node:path';
import type { Hidden } from './javascript-hidden.ts';
import type { World as Loaded, Loader } from './javascript-loader.ts';
import type { Guarded } from './javascript-muzzle.ts';
import type { KeptRealm, Realm } from './javascript-realm.ts';
import {
  type Answer,
  type Candidate,
  joined,
  judged,
  linesIn,
  turn,
  type Visit,
} from './javascript-rounds.ts';
import { type Watched, watchState } from './javascript-state.ts';
import { type Board, createBoard, createSwitches, type Slot, type Switches } from './javascript-switch.ts';
import type { StartMessage, TestOutcome, TryMessage, Wanted } from './protocol.ts';

type Entry = StartMessage['entries'][number];
type OnEnd = (outcome: TestOutcome) => void;

/** Runs the tests of a file that stays loaded. */
export type Rerun = (wanted: Wanted, stopAtFailure: boolean, onEnd: OnEnd) => Promise<boolean>;

export interface WorldParts {
  readonly start: Omit<StartMessage, 'token'>;
  readonly state: Guarded;
  readonly loader: Loader;
  readonly realm: Realm;
  readonly hidden: Hidden;
  /** Texts of sources without a candidate and without types. */
  readonly base: ReadonlyMap<string, string>;
  /** Texts that take the place of files when they are loaded. */
  readonly texts: Map<string, string>;
  readonly visit: Visit;
  readonly fresh: () => void;
  /** Loads a file of tests; null when it does not load. A script is loaded by loading `before`, without being run. */
  readonly stay: (entry: Entry, before: readonly string[] | null) => Promise<Rerun | null>;
  readonly alive: () => void;
}

export interface Attempted {
  readonly answer: Answer;
  /** False when the compiler refused it. */
  readonly isBuilt: boolean;
}

export interface Worlds {
  /** Null when the candidate cannot be tried by switching. Carefully: everything put back before and after each file. */
  attempt(candidate: Candidate, message: TryMessage, careful: boolean): Promise<Attempted | null>;
  /** Whether so much was left behind of late that everyone is tried carefully. */
  isCareful(): boolean;
  /** False when something was left behind since the last time; it is put back. */
  isClean(): Promise<boolean>;
  /** Whether the unchanged program still does what it did. */
  isSteady(message: TryMessage): Promise<boolean>;
  isSampleDue(): boolean;
  /** From now on nothing is switched. */
  giveUp(): void;
  /** What is loaded is no longer a world's. */
  outside(): void;
  /** Who is told of what is entered while a file other than the main one is loaded. */
  whileLoading(file: string, run: () => void): void;
}

interface World {
  readonly file: string;
  readonly switches: Switches;
  readonly loaded: Loaded;
  /** How many files were loaded with it: one that loads more of them later cannot be watched. */
  readonly loads: number;
  readonly rerun: Rerun;
  readonly kept: KeptRealm;
  readonly watched: Watched;
  /** What the unchanged program does, and with which tests and limit that is asked. */
  readonly check: { readonly wanted: Wanted; readonly expected: string; readonly ticks: number };
  /** Slots whose function was compiled anew and switched without a difference, and those with one. */
  readonly slots: Map<Slot, boolean>;
}

interface Lab extends WorldParts {
  readonly board: Board;
  readonly worlds: Map<string, World | null>;
  current: World | null;
  /** Candidates that are still tried carefully. */
  careful: number;
  segments: number;
  isOff: boolean;
}

const MAX_WORLDS = 12;
const CAREFUL_FOR = 24;
const FIRST_SAMPLES = 3;
const SAMPLE_EVERY = 8;

export function createWorlds(parts: WorldParts): Worlds {
  const lab: Lab = {
    ...parts,
    board: createBoard(),
    worlds: new Map(),
    current: null,
    careful: 0,
    segments: 0,
    isOff: Object.keys(parts.start.shapes).length === 0,
  };
  return {
    attempt: (candidate, message, careful) =>
      lab.isOff ? Promise.resolve(null) : attempt(candidate, { message, careful, lab }),
    isCareful: () => lab.careful > 0,
    isClean: async () => {
      lab.state.late = false;
      await turn();
      const clean = !lab.state.late && !isAnyChanged(lab);
      if (clean) return true;
      lab.careful = CAREFUL_FOR;
      for (const world of lab.worlds.values()) world?.watched.restore();
      lab.current?.kept.restore();
      return false;
    },
    isSteady: (message) => isSteady(message, lab),
    isSampleDue: () => {
      lab.segments += 1;
      return lab.segments <= FIRST_SAMPLES || lab.segments % SAMPLE_EVERY === 0;
    },
    giveUp: () => {
      lab.isOff = true;
      lab.worlds.clear();
      lab.current = null;
    },
    outside: () => {
      lab.current = null;
    },
    whileLoading: (file, run) => whileLoading(file, run, lab),
  };
}

function whileLoading(file: string, run: () => void, { board, start }: Lab): void {
  const { listener } = board;
  const isMain = start.entries.some((entry) => file === path.join(start.directory, entry.file));
  if (board.waiting === null || isMain) {
    run();
    return;
  }
  board.listener = board.waiting;
  try {
    run();
  } finally {
    board.listener = listener;
  }
}

function isAnyChanged(lab: Lab): boolean {
  const { current } = lab;
  if (current?.kept.isChanged() === true) return true;
  for (const world of lab.worlds.values()) if (world?.watched.isChanged() === true) return true;
  return false;
}

class Refused extends Error {}

class Unbuilt extends Error {
  readonly answer: Answer;
  constructor({ file }: Wanted) {
    super();
    this.answer = { verdict: 'fail', fixed: [], failed: `${file} › `, lines: [] };
  }
}

async function attempt(
  candidate: Candidate,
  { message, careful, lab }: { message: TryMessage; careful: boolean; lab: Lab },
): Promise<Attempted | null> {
  const { state } = lab;
  if (careful && lab.careful > 0) lab.careful -= 1;
  const visit: Visit = async (wanted, stopAtFailure, onEnd) => {
    const world = await worldOf(wanted.file, message, lab);
    const places = world?.switches.slotsOf(candidate.edits) ?? null;
    if (world === null || places === null) throw new Refused();
    for (let i = 0; i < places.length; i += 1) {
      if (!(await isFaithful((places[i] as { slot: Slot }).slot, { world, lab }))) throw new Refused();
    }
    enter(world, careful, lab);
    const { switches } = world;
    try {
      for (let i = 0; i < places.length; i += 1) {
        const { slot, text } = places[i] as { slot: Slot; text: string };
        switches.set(slot, compiled({ slot, text }, switches, wanted));
      }
      return await world.rerun(wanted, stopAtFailure, onEnd);
    } finally {
      for (let i = 0; i < places.length; i += 1) switches.set((places[i] as { slot: Slot }).slot, undefined);
      if (careful) await turn();
      leave(world, careful, lab);
    }
  };
  try {
    const answer = await judged(message, visit, state);
    // What came late may be another's: then each is tried alone.
    if (state.late && !careful) lab.careful = CAREFUL_FOR;
    if (state.late && !careful) return await attempt(candidate, { message, careful: true, lab });
    return { answer, isBuilt: true };
  } catch (error) {
    if (error instanceof Refused) return null;
    if (error instanceof Unbuilt) return { answer: error.answer, isBuilt: false };
    lab.current = null;
    throw error;
  }
}

/** A file that cannot be compiled fails the tests that load it; which others still pass is not of interest. */
function compiled({ slot, text }: { slot: Slot; text: string }, switches: Switches, wanted: Wanted) {
  try {
    return switches.compile(slot, text);
  } catch {
    throw new Unbuilt(wanted);
  }
}

function enter(world: World, careful: boolean, lab: Lab): void {
  const { state, loader } = lab;
  if (lab.current !== world) {
    loader.resume(world.loaded);
    world.kept.restore();
    lab.current = world;
  }
  if (careful) world.watched.restore();
  state.used = 0;
  state.stray = null;
  state.late = false;
}

function leave(world: World, careful: boolean, lab: Lab): void {
  if (careful) putBack(world, lab);
  else lab.realm.settle();
  if (process.exitCode !== undefined) process.exitCode = undefined;
}

function putBack(world: World, lab: Lab): void {
  lab.realm.settle();
  if (world.kept.isChanged()) world.kept.restore();
  world.watched.restore();
}

/** What the tests of a world say, as one text. */
async function outcomesOf(
  run: (onEnd: OnEnd) => Promise<boolean>,
  { state }: Pick<Lab, 'state'>,
): Promise<string> {
  const rows: string[] = [];
  state.stray = null;
  state.used = 0;
  await run((outcome) => {
    const lines = outcome.error === null ? [] : linesIn(outcome.error, outcome.file);
    rows.push(`${outcome.status} ${joined(outcome)} ${lines.join()}`);
  });
  return rows.join('\n');
}

/** The unchanged program in a world, everything put back before and after. */
async function baseOutcomes(
  world: Pick<World, 'rerun' | 'check'>,
  wanted: Wanted,
  lab: Lab,
): Promise<string> {
  const { limit } = lab.state;
  lab.state.limit = world.check.ticks;
  const said = await outcomesOf((onEnd) => world.rerun(wanted, false, onEnd), lab);
  await turn();
  lab.state.limit = limit;
  lab.alive();
  return said;
}

async function isSteady(message: TryMessage, lab: Lab): Promise<boolean> {
  for (const world of lab.worlds.values()) {
    if (world === null || !message.failing.some((one) => one.file === world.file)) continue;
    enter(world, false, lab);
    const said = await baseOutcomes(world, world.check.wanted, lab);
    leave(world, true, lab);
    if (said !== world.check.expected) return false;
  }
  return true;
}

/** The function's own text, compiled where it stands and switched on, must make no difference. */
async function isFaithful(slot: Slot, { world, lab }: { world: World; lab: Lab }): Promise<boolean> {
  const known = world.slots.get(slot);
  if (known !== undefined) return known;
  enter(world, true, lab);
  let same = false;
  try {
    world.switches.set(slot, world.switches.compile(slot, slot.text));
    same = (await baseOutcomes(world, world.check.wanted, lab)) === world.check.expected;
  } catch {
    same = false;
  } finally {
    world.switches.set(slot, undefined);
    leave(world, true, lab);
  }
  world.slots.set(slot, same);
  return same;
}

async function worldOf(file: string, message: TryMessage, lab: Lab): Promise<World | null> {
  const known = lab.worlds.get(file);
  if (known !== undefined) return known;
  // Whatever goes wrong with woven files, loading them as they are still tells.
  const made = lab.worlds.size < MAX_WORLDS ? await makeWorld(file, message, lab).catch(() => null) : null;
  lab.texts.clear();
  lab.worlds.set(file, made);
  return made;
}

/** Loads the file twice: once to count what runs meanwhile, once with the switches; then compares. */
async function makeWorld(file: string, message: TryMessage, lab: Lab): Promise<World | null> {
  const entry = lab.start.entries.find((one) => one.file === file);
  // Without a shape, the variables of the file of tests cannot be watched.
  if (entry === undefined || lab.start.shapes[file] === undefined) return null;
  const wanted = allWanted(file, message);
  const failing = message.failing.find((one) => one.file === file);
  const anew = async (one: Wanted) => {
    lab.texts.clear();
    lab.fresh();
    return outcomesOf((onEnd) => lab.visit(one, false, onEnd), lab);
  };
  const all = await anew(wanted);
  const expected = failing === undefined ? all : await anew(failing);
  lab.alive();
  const world = await loadedWorld(entry, { wanted: failing ?? wanted, expected, ticks: message.ticks }, lab);
  lab.texts.clear();
  if (world === null) return null;
  enter(world, false, lab);
  const said: string[] = [];
  for (let i = 0; i < 2; i += 1) {
    said.push(await baseOutcomes(world, wanted, lab));
    putBack(world, lab);
  }
  const isSame = said.every((one) => one === all) && lab.loader.loads().length === world.loads;
  return isSame && (await baseOutcomes(world, world.check.wanted, lab)) === expected ? world : null;
}

/** All that is wanted of a file, failing or passing. */
function allWanted(file: string, message: TryMessage): Wanted {
  const names = new Set<string>();
  for (const one of [...message.failing, ...message.passing]) {
    if (one.file !== file) continue;
    if (one.names === null) return { file, names: null, required: [] };
    for (const name of one.names) names.add(name);
  }
  return { file, names: [...names], required: [] };
}

async function loadedWorld(entry: Entry, check: World['check'], lab: Lab): Promise<World | null> {
  const { board, hidden, loader, realm, start } = lab;
  const isScript = start.runner === 'command';
  const switches = createSwitches(start.shapes, {
    board,
    mains: new Set(isScript ? [entry.file] : []),
    sources: new Set(Object.keys(start.sources)),
    textOf: (file) => shapedText(file, lab),
  });
  const load = async (texts: ReadonlyMap<string, string>, before: readonly string[] | null) => {
    lab.texts.clear();
    for (const [file, text] of texts) lab.texts.set(file, text);
    lab.fresh();
    switches.listen();
    try {
      return await lab.stay(entry, before);
    } finally {
      board.listener = null;
      board.waiting = null;
      lab.alive();
    }
  };
  if ((await load(switches.counting(), null)) === null) return null;
  const rerun = await load(switches.switching(), [...loader.loads()]);
  if (rerun === null) return null;
  const kept = realm.keep();
  if (kept === null) return null;
  const watched = watchState(switches.scopes, loader.exported(), { isForeign: loader.isForeign, hidden });
  if (watched === null) return null;
  const [loaded, loads] = [loader.world(), loader.loads().length];
  return { file: entry.file, switches, loaded, loads, rerun, kept, watched, check, slots: new Map() };
}

function shapedText(file: string, { start, base, loader }: Lab): { full: string; text: string } | null {
  const full = path.join(start.directory, file);
  const text = base.get(full) ?? loader.plainText(full);
  return text === null ? null : { full, text };
}
