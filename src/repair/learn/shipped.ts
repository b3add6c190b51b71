// The prior that comes with the program: counts from public fix commits, made by scripts/train-priors.ts.
import { readFileSync } from 'node:fs';
import type { ShippedPrior } from './priors.ts';

const FILE = new URL('../../../presets/repair/priors.json', import.meta.url);

/** Read anew for each search: a few milliseconds, and nothing is kept in the module. */
export function readShippedPrior(): ShippedPrior {
  return (JSON.parse(readFileSync(FILE, 'utf8')) as { families: ShippedPrior }).families;
}
