// Runs inside the sandbox. Compiles the functions of many candidates at once: of one candidate alone, entering the compiler
// takes longer than its text does.
import type { Candidate } from './javascript-rounds.ts';
import type { AnyFunction, Place, Slot, Switches } from './javascript-switch.ts';

export interface Builder {
  /** Compiles what these candidates put in place of functions; what does not compile is met again one by one. */
  prepare(candidates: readonly Candidate[]): void;
  /** The functions that a candidate changes; null when it changes something else. */
  placesOf(candidate: Candidate): readonly Place[] | null;
  /** A place's function; `anew` when it must not have been run before. Throws what the compiler says. */
  bodyOf(place: Place, anew: boolean): AnyFunction;
}

export function createBuilder(switches: Switches): Builder {
  const places = new WeakMap<Candidate, readonly Place[] | null>();
  let built = new Map<Place, AnyFunction>();
  const placesOf = (candidate: Candidate) => {
    const known = places.get(candidate);
    if (known !== undefined) return known;
    const found = switches.slotsOf(candidate.edits);
    places.set(candidate, found);
    return found;
  };
  return {
    placesOf,
    prepare: (candidates) => {
      built = new Map();
      const bySlot = new Map<Slot, Place[]>();
      for (let i = 0; i < candidates.length; i += 1) {
        const found = placesOf(candidates[i] as Candidate) ?? [];
        for (let k = 0; k < found.length; k += 1) {
          const place = found[k] as Place;
          const known = bySlot.get(place.slot);
          if (known === undefined) bySlot.set(place.slot, [place]);
          else known[known.length] = place;
        }
      }
      for (const together of bySlot.values()) compileTogether(together, switches, built);
    },
    bodyOf: (place, anew) =>
      (anew ? undefined : built.get(place)) ?? switches.compile(place.slot, place.text),
  };
}

/** In halves where one of them keeps the others from being compiled. */
function compileTogether(
  together: readonly Place[],
  switches: Switches,
  built: Map<Place, AnyFunction>,
): void {
  const [first] = together;
  if (first === undefined || together.length === 1) return;
  const bodies = switches.compileAll(
    first.slot,
    together.map((place) => place.text),
  );
  if (bodies !== null) {
    for (let i = 0; i < together.length; i += 1) built.set(together[i] as Place, bodies[i] as AnyFunction);
    return;
  }
  const middle = together.length >> 1;
  compileTogether(together.slice(0, middle), switches, built);
  compileTogether(together.slice(middle), switches, built);
}
