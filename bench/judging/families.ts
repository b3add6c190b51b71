// The families of templates: what each file of them proposes, by the names in its text.
import { readdir, readFile } from 'node:fs/promises';

const FOLDER = new URL('../../src/repair/templates/', import.meta.url);
/** Shared parts, and the tables of other files. */
const NOT_FAMILIES = new Set(['all.ts', 'types.ts', 'patterns.ts']);
/** Names as they stand beside `template`, and as first argument of the small makers of proposals. */
const NAMED = [
  /template(?:: | = )'([a-z-]+)'/g,
  /template: \w+ \? '([a-z-]+)'/g,
  /propose\('([a-z-]+)'/g,
  /changed\('([a-z-]+)'/g,
  /\['([a-z]+-[a-z-]+)', [\w.]+, [\w.]+\]/g,
];

/** Names of templates by family, in order of the family's name. A name of several families stands in each. */
export async function familiesOf(): Promise<ReadonlyMap<string, readonly string[]>> {
  const families = new Map<string, readonly string[]>();
  for (const file of (await readdir(FOLDER)).sort()) {
    if (NOT_FAMILIES.has(file)) continue;
    const text = await readFile(new URL(file, FOLDER), 'utf8');
    const names = new Set(NAMED.flatMap((form) => [...text.matchAll(form)].map(([, name = '']) => name)));
    families.set(file.replace(/\.ts$/, ''), [...names].sort());
  }
  return families;
}
