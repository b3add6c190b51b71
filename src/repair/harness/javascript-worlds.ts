// Runs inside the sandbox. A world is a file of tests with all that it loads, loaded once with switches woven in. Candidates
// are tried in it one after the other; what they leave behind is noticed and undone.
import path from 'node:path';
import { type Answer, type Candidate, judged, turn, type Visit } from './javascript-rounds.ts';
import { type AnyFunction, createBoard, type Place, type Slot } from './javascript-switch.ts';
import {
  baseOutcomes,
  enter,
  type Lab,
  leave,
  type World,
  type WorldParts,
  worldOf,
} from './javascript-world.ts';
import type { TryMessage, Wanted } from './protocol.ts';

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
  /** Compiles what is switched when these are attempted. */
  prepare(candidates: readonly Candidate[], message: TryMessage): void;
  /** Candidates to judge before it is looked whether one of them left something behind. */
  chunkSize(): number;
  /** False when something was left behind by so many candidates since the last time; it is put back. */
  isClean(candidates: number): Promise<boolean>;
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

interface Course extends Lab {
  /** Candidates that are still tried carefully. */
  careful: number;
  chunk: number;
  /** Small chunks with something left behind, since a great one was clean. */
  untidy: number;
  segments: number;
  isOff: boolean;
}

const CAREFUL_FOR = 24;
const CHUNK = 64;
/** In a chunk of so few, each is tried carefully when one left something behind. */
export const SMALL_CHUNK = 4;
/** So many small chunks, and those that come after them are tried carefully as well. */
const UNTIDY = 3;
const FIRST_SAMPLES = 3;
const SAMPLE_EVERY = 8;

export function createWorlds(parts: WorldParts): Worlds {
  const lab: Course = {
    ...parts,
    board: createBoard(),
    worlds: new Map(),
    current: null,
    careful: 0,
    chunk: CHUNK / 4,
    untidy: 0,
    segments: 0,
    isOff: Object.keys(parts.start.shapes).length === 0,
  };
  return {
    attempt: (candidate, message, careful) =>
      lab.isOff ? Promise.resolve(null) : attempt(candidate, { message, careful, lab }),
    isCareful: () => lab.careful > 0,
    prepare: (candidates, { failing }) => {
      for (const { file } of failing.slice(0, 1)) lab.worlds.get(file)?.builder.prepare(candidates);
    },
    chunkSize: () => (lab.careful > 0 ? SMALL_CHUNK : lab.chunk),
    isClean: (candidates) => isClean(candidates, lab),
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

function whileLoading(file: string, run: () => void, { board, start }: Course): void {
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

async function isClean(candidates: number, lab: Course): Promise<boolean> {
  lab.state.late = false;
  await turn();
  const { late } = lab.state;
  if (!late && !isAnyChanged(lab)) {
    if (candidates >= lab.chunk) {
      lab.untidy = 0;
      lab.chunk = Math.min(CHUNK, lab.chunk * 2);
    }
    return true;
  }
  lab.chunk = Math.max(SMALL_CHUNK, Math.ceil(candidates / 4));
  if (candidates <= SMALL_CHUNK) lab.untidy += 1;
  if (late || lab.untidy >= UNTIDY) {
    lab.careful = CAREFUL_FOR;
    lab.untidy = 0;
  }
  for (const world of lab.worlds.values()) world?.watched.restore();
  lab.current?.kept.restore();
  return false;
}

function isAnyChanged(lab: Course): boolean {
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
  { message, careful, lab }: { message: TryMessage; careful: boolean; lab: Course },
): Promise<Attempted | null> {
  const { state } = lab;
  if (careful && lab.careful > 0) lab.careful -= 1;
  const visit: Visit = async (wanted, pace, onEnd) => {
    const world = await worldOf(wanted.file, message, lab);
    const places = world?.builder.placesOf(candidate) ?? null;
    if (world === null || places === null) throw new Refused();
    for (let i = 0; i < places.length; i += 1) {
      const { slot } = places[i] as Place;
      if (!(world.slots.get(slot) ?? (await isFaithful(slot, { world, lab })))) throw new Refused();
    }
    enter(world, careful, lab);
    const { switches } = world;
    try {
      for (let i = 0; i < places.length; i += 1) {
        const place = places[i] as Place;
        switches.set(
          place.slot,
          compiled(() => world.builder.bodyOf(place, careful), wanted),
        );
      }
      return await world.rerun(wanted, pace, onEnd);
    } finally {
      for (let i = 0; i < places.length; i += 1) switches.set((places[i] as Place).slot, undefined);
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
function compiled(compile: () => AnyFunction, wanted: Wanted): AnyFunction {
  try {
    return compile();
  } catch {
    throw new Unbuilt(wanted);
  }
}

async function isSteady(message: TryMessage, lab: Course): Promise<boolean> {
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
async function isFaithful(slot: Slot, { world, lab }: { world: World; lab: Course }): Promise<boolean> {
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
