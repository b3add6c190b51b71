// Statistics of paired measurements: the sign test, the bootstrap of a mean, and a seeded source of chance.

/** Numbers in [0, 1) that depend on the seed alone. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two-sided: how likely a split at least as uneven is, were either outcome as likely. Ties are left out by the caller. */
export function signTest(better: number, worse: number): number {
  const all = better + worse;
  if (all === 0) return 1;
  const few = Math.min(better, worse);
  let term = 0.5 ** all;
  let tail = 0;
  for (let k = 0; k <= few; k += 1) {
    tail += term;
    term *= (all - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

const RESAMPLES = 2_000;

/** The mean and its 95 % interval over resamples of the values. */
export function bootstrapMean(
  values: readonly number[],
  seed: number,
): { mean: number; low: number; high: number } {
  const random = seeded(seed);
  const mean = (some: readonly number[]) =>
    some.reduce((sum, one) => sum + one, 0) / Math.max(1, some.length);
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(values.map(() => values[Math.floor(random() * values.length)] ?? 0)),
  ).sort((a, b) => a - b);
  const at = (share: number) => means[Math.floor(share * (RESAMPLES - 1))] ?? 0;
  return { mean: mean(values), low: at(0.025), high: at(0.975) };
}
