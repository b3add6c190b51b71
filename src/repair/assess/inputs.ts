// Arguments near those of the tests: varied by type at the edges where programs differ. The same calls and seed, the same inputs.
import type { ObservedCall, Tagged, Value } from '../harness/protocol.ts';

const MAX_TEXT = 400;
const MAX_ITEMS = 60;
const TRIES_PER_INPUT = 4;

/** The calls themselves first, then variations of one argument each, every input once; at most `limit`. */
export function inputsFrom(calls: readonly ObservedCall[], limit: number, seed: number): ObservedCall[] {
  const random = randomFrom(seed);
  const found = new Map<string, ObservedCall>();
  const add = (call: ObservedCall) => {
    const key = keyOf(call);
    if (!found.has(key)) found.set(key, call);
  };
  for (const call of calls.slice(0, Math.ceil(limit / 3))) add(call);
  const varied = calls.filter((call) => call.args.length > 0);
  for (let turn = 0; found.size < limit && turn < limit * TRIES_PER_INPUT && varied.length > 0; turn += 1) {
    const call = varied[turn % varied.length] as ObservedCall;
    const at = Math.floor(random() * call.args.length);
    const others = varied.filter((one) => one.fn === call.fn && one !== call);
    const donor = others[Math.floor(random() * others.length)]?.args[at];
    const arg = call.args[at] ?? null;
    // One in eight takes the argument of another call, where it is of the same kind.
    const value =
      donor !== undefined && random() < 0.125 && kindOf(donor) === kindOf(arg)
        ? donor
        : variedValue(arg, random);
    add({ ...call, args: call.args.map((own, index) => (index === at ? value : own)) });
  }
  return [...found.values()];
}

/** Equal for calls that give the same function the same values. */
export function keyOf({ fn, receiver, args }: ObservedCall): string {
  return JSON.stringify([fn, receiver, args]);
}

/** `number`, `list`, …; for tagged values their tag. */
export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return isTagged(value) ? value.$ : typeof value;
}

export function isTagged(value: Value): value is Tagged {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Random = () => number;

/** A linear congruence: enough to choose inputs, and the same on every machine. */
function randomFrom(seed: number): Random {
  let state = (seed ^ 0x9e37_79b9) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

function variedValue(value: Value, random: Random): Value {
  if (typeof value === 'number') return variedNumber(value, random);
  if (typeof value === 'string') return variedText(value, random);
  if (typeof value === 'boolean') return !value;
  if (value === null) return value;
  if (!isTagged(value)) return variedList(value, random);
  switch (value.$) {
    case 'float':
      return { $: 'float', text: floatText(variedNumber(Number(value['text']), random)) };
    case 'tuple':
    case 'set':
      return { ...value, items: variedList(value['items'] as readonly Value[], random) };
    case 'object':
    case 'map':
    case 'dict':
    case 'instance':
      return variedEntries(value, random);
    default:
      return value;
  }
}

function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function variedNumber(value: number, random: Random): number {
  if (!Number.isInteger(value))
    return pick([value + 1, value - 1, -value, value / 2, Math.round(value), 0.5], random);
  return pick([value + 1, value - 1, value + 1, value - 1, 0, 1, -value, value * 2, value + 10, 2], random);
}

function variedText(value: string, random: Random): string {
  const letters = [...value];
  const at = Math.floor(random() * letters.length);
  const other = pick(letters.length > 0 ? letters : ['a'], random);
  const choices = [
    () => [...letters.slice(0, at), ...letters.slice(at + 1)].join(''),
    () => [...letters.slice(0, at), other, ...letters.slice(at)].join(''),
    () => (letters.length > 0 ? letters.with(at, other).join('') : 'a'),
    () => letters.toReversed().join(''),
    () => value + value,
    () => (value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase()),
    () => letters.slice(0, at).join(''),
    () => `${value} ${other}`,
    () => '',
  ];
  return pick(choices, random)().slice(0, MAX_TEXT);
}

function variedList(value: readonly Value[], random: Random): Value[] {
  if (value.length === 0) return [];
  const at = Math.floor(random() * value.length);
  const own = value[at] ?? null;
  const to = Math.floor(random() * value.length);
  const choices = [
    () => [...value.slice(0, at), ...value.slice(at + 1)],
    () => value.with(at, variedValue(own, random)),
    () => value.with(at, variedValue(own, random)),
    () => value.with(at, variedValue(own, random)),
    () => [...value.slice(0, to), own, ...value.slice(to)],
    () => value.with(at, value[to] ?? null).with(to, own),
    () => value.toReversed(),
    () => value.slice(0, at),
    () => (random() < 0.3 ? [] : [own]),
  ];
  return pick(choices, random)().slice(0, MAX_ITEMS);
}

function variedEntries(value: Tagged, random: Random): Value {
  const entries = value['entries'] as readonly (readonly [Value, Value])[];
  if (entries.length === 0) return value;
  const at = Math.floor(random() * entries.length);
  const [key, own] = entries[at] as readonly [Value, Value];
  const drop = value.$ !== 'instance' && random() < 0.2;
  const changed = drop
    ? entries.toSpliced(at, 1)
    : entries.with(at, [key, variedValue(own, random)] as const);
  return { ...value, entries: changed };
}
