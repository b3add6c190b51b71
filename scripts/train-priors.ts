// Makes presets/repair/priors.json: which templates explain the small fixes of public repositories, counted.
// node scripts/train-priors.ts --mirrors <folder of owner+name/repo> [--sources presets/repair/sources.json] [--out FILE]
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { explain } from './training/explain.ts';
import { fixCommits, type TrainingSource } from './training/fix-commits.ts';

interface Manifest {
  readonly about: string;
  /** Repositories whose history judges the engine: nothing may be learned from them. */
  readonly excluded: readonly string[];
  readonly sources: readonly TrainingSource[];
}

interface Count {
  hits: number;
  expected: number;
}

interface Counts {
  cases: number;
  readonly templates: Map<string, Count>;
  readonly kinds: Map<string, Count>;
}

interface Used {
  readonly url: string;
  readonly commit: string;
  readonly licence: string;
  /** Small fix commits read, and those that one template explains. */
  commits: number;
  explained: number;
}

const preset = (name: string) => fileURLToPath(new URL(`../presets/repair/${name}`, import.meta.url));
/** A group that was never expected and never hit says nothing. */
const LEAST_EXPECTED = 0.01;

function main(): void {
  const { values } = parseArgs({
    options: {
      mirrors: { type: 'string' },
      sources: { type: 'string', default: preset('sources.json') },
      out: { type: 'string', default: preset('priors.json') },
    },
  });
  if (values.mirrors === undefined) throw new TypeError('--mirrors names the folder of bare clones');
  const manifest = JSON.parse(readFileSync(values.sources, 'utf8')) as Manifest;
  const judged = manifest.sources.filter(({ url }) =>
    manifest.excluded.some((name) => url.endsWith(`/${name}`)),
  );
  if (judged.length > 0) throw new TypeError(`judged repositories are listed: ${judged[0]?.url}`);
  const families = { javascript: newCounts(), python: newCounts() };
  const used: Used[] = [];
  let newest = '';
  for (const source of manifest.sources) {
    const account: Used = { ...source, commits: 0, explained: 0 };
    for (const fix of fixCommits(source, values.mirrors)) {
      account.commits += 1;
      newest = fix.date > newest ? fix.date : newest;
      const found = explain(fix);
      if (found === null || found.rank === null) continue;
      account.explained += 1;
      count(families[found.family], found.ideas, found.rank);
    }
    used.push(account);
    process.stdout.write(`${source.url} ${account.commits} commits, ${account.explained} explained\n`);
  }
  const priors = {
    about:
      'Counts of templates that explain small public fixes; expected: as many as the hand costs foresaw. Made by scripts/train-priors.ts. No source text of the repositories is kept.',
    excluded: manifest.excluded,
    newestCommit: newest,
    sources: used,
    families: { javascript: written(families.javascript), python: written(families.python) },
  };
  writeFileSync(values.out, `${JSON.stringify(priors, null, 2)}\n`);
}

function newCounts(): Counts {
  return { cases: 0, templates: new Map(), kinds: new Map() };
}

interface Weighed {
  readonly template: string;
  readonly kind: string;
  readonly cost: number;
}

/** One case: a hit for the template that made the change, and its share of the hand's probability for each. */
function count(into: Counts, ideas: readonly Weighed[], rank: number): void {
  into.cases += 1;
  const least = ideas[0]?.cost ?? 0;
  const weights = ideas.map((idea) => 2 ** (least - idea.cost));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  ideas.forEach(({ template, kind }, index) => {
    const share = (weights[index] ?? 0) / all;
    for (const [map, key] of [
      [into.templates, template],
      [into.kinds, `${template}@${kind}`],
    ] as const) {
      const one = map.get(key) ?? { hits: 0, expected: 0 };
      one.expected += share;
      if (index === rank) one.hits += 1;
      map.set(key, one);
    }
  });
}

function written(counts: Counts) {
  const table = (map: ReadonlyMap<string, Count>) =>
    Object.fromEntries(
      [...map]
        .filter(([, { hits, expected }]) => hits > 0 || expected >= LEAST_EXPECTED)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { hits, expected }]) => [key, { hits, expected: Number(expected.toFixed(3)) }]),
    );
  return { cases: counts.cases, templates: table(counts.templates), kinds: table(counts.kinds) };
}

main();
