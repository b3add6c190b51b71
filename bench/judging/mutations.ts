// Inputs near those of the tests, for comparing a candidate with the reference: JSON in, JSON out, the same for a seed.

/** A small generator of numbers in [0, 1): a linear congruence is enough to choose inputs. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** The arguments themselves and variations of them, each once, at most `limit`. */
export function mutations(calls: readonly string[], limit: number, seed: number): string[] {
  const random = randomOf(seed);
  const found = new Set(calls.slice(0, limit / 2));
  for (let round = 0; found.size < limit && round < limit * 3 && calls.length > 0; round += 1) {
    const args = JSON.parse(calls[round % calls.length] ?? '[]') as unknown[];
    const at = Math.floor(random() * args.length);
    if (args.length > 0) args[at] = mutated(args[at], random);
    found.add(JSON.stringify(args));
  }
  return [...found];
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}

function mutated(value: unknown, random: () => number): unknown {
  if (typeof value === 'number') {
    const whole = Number.isInteger(value);
    return pick([value + 1, value - 1, whole ? 0 : 0.5, -value, value * 2, whole ? 7 : value / 3], random);
  }
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return mutatedText(value, random);
  if (Array.isArray(value)) return mutatedList(value, random);
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    const at = Math.floor(random() * entries.length);
    return Object.fromEntries(
      entries.map(([key, own], index) => [key, index === at ? mutated(own, random) : own]),
    );
  }
  return value;
}

function mutatedText(value: string, random: () => number): string {
  const at = Math.floor(random() * (value.length + 1));
  const other = value[Math.floor(random() * value.length)] ?? 'a';
  return pick(
    [
      value.slice(0, at) + value.slice(at + 1),
      value.slice(0, at) + other + value.slice(at),
      [...value].reverse().join(''),
      value + value,
      value.toUpperCase(),
      '',
    ],
    random,
  );
}

function mutatedList(value: readonly unknown[], random: () => number): unknown[] {
  const at = Math.floor(random() * value.length);
  const without = value.filter((_, index) => index !== at);
  const changed = value.map((own, index) => (index === at ? mutated(own, random) : own));
  return pick(
    [without, changed, changed, [...value].reverse(), [...value, value[at] ?? 0].slice(0, 60)],
    random,
  );
}
