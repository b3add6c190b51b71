// Runs inside the sandbox. One world: how its files are loaded with the switches, whether it then tells the same as files
// that were loaded anew, and how it is entered and left.
import path from 'node:path';
import { type Builder, createBuilder } from './javascript-built.ts';
import type { Hidden } from './javascript-hidden.ts';
import type { World as Loaded, Loader } from './javascript-loader.ts';
import type { Guarded } from './javascript-muzzle.ts';
import type { KeptRealm, Realm } from './javascript-realm.ts';
import { joined, linesIn, type Pace, turn, type Visit } from './javascript-rounds.ts';
import { type Watched, watchState } from './javascript-state.ts';
import { type Board, createSwitches, type Slot, type Switches } from './javascript-switch.ts';
import type { StartMessage, TestOutcome, TryMessage, Wanted } from './protocol.ts';

type Entry = StartMessage['entries'][number];
type OnEnd = (outcome: TestOutcome) => void;

/** Runs the tests of a file that stays loaded. */
export type Rerun = (wanted: Wanted, pace: Pace, onEnd: OnEnd) => Promise<boolean>;

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

export interface World {
  readonly file: string;
  readonly switches: Switches;
  readonly builder: Builder;
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

/** What all worlds share. */
export interface Lab extends WorldParts {
  readonly board: Board;
  readonly worlds: Map<string, World | null>;
  current: World | null;
}

const MAX_WORLDS = 12;

export function enter(world: World, careful: boolean, lab: Lab): void {
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

export function leave(world: World, careful: boolean, lab: Lab): void {
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
export async function baseOutcomes(
  world: Pick<World, 'rerun' | 'check'>,
  wanted: Wanted,
  lab: Lab,
): Promise<string> {
  const { limit } = lab.state;
  lab.state.limit = world.check.ticks;
  const said = await outcomesOf((onEnd) => world.rerun(wanted, 'explained', onEnd), lab);
  await turn();
  lab.state.limit = limit;
  lab.alive();
  return said;
}

export async function worldOf(file: string, message: TryMessage, lab: Lab): Promise<World | null> {
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
    return outcomesOf((onEnd) => lab.visit(one, 'explained', onEnd), lab);
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
  const builder = createBuilder(switches);
  return {
    file: entry.file,
    switches,
    builder,
    loaded,
    loads,
    rerun,
    kept,
    watched,
    check,
    slots: new Map(),
  };
}

function shapedText(file: string, { start, base, loader }: Lab): { full: string; text: string } | null {
  const full = path.join(start.directory, file);
  const text = base.get(full) ?? loader.plainText(full);
  return text === null ? null : { full, text };
}
