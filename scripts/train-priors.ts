// Makes presets/repair/priors.json: which templates explain the small fixes of public repositories, counted.
// node scripts/train-priors.ts --mirrors <folder of owner+name/repo> --parts <folder> [--most 400] [--stop-after 1]
// Counts of each repository are kept in the parts folder, so that an interrupted training goes on where it stood.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Counts, countCase, newCounts, summed } from './training/counts.ts';
import { explain } from './training/explain.ts';
import { fixCommits, type TrainingSource } from './training/fix-commits.ts';

interface Manifest {
  readonly about: string;
  /** Repositories whose history judges the engine: nothing may be learned from them. */
  readonly excluded: readonly string[];
  readonly sources: readonly TrainingSource[];
}

/** What one repository gave: small fix commits read, those that one template explains, and the counts. */
interface Part extends TrainingSource {
  readonly commits: number;
  readonly explained: number;
  readonly newestCommit: string;
  /** The explained ones, newest first: what bench/learning.ts replays. */
  readonly cases: readonly { readonly commit: string; readonly date: string; readonly path: string }[];
  readonly families: { readonly javascript: Counts; readonly python: Counts };
}

const preset = (name: string) => fileURLToPath(new URL(`../presets/repair/${name}`, import.meta.url));

function main(): void {
  const { values } = parseArgs({
    options: {
      mirrors: { type: 'string' },
      parts: { type: 'string' },
      most: { type: 'string', default: '400' },
      'stop-after': { type: 'string', default: '1000' },
    },
  });
  const { mirrors, parts: folder } = values;
  if (mirrors === undefined || folder === undefined) throw new TypeError('--mirrors and --parts are needed');
  const manifest = JSON.parse(readFileSync(preset('sources.json'), 'utf8')) as Manifest;
  const judged = manifest.sources.find(({ url }) =>
    manifest.excluded.some((name) => url.toLowerCase().endsWith(`/${name.toLowerCase()}`)),
  );
  if (judged) throw new TypeError(`${judged.url} judges the engine and may not train it`);
  mkdirSync(folder, { recursive: true });
  const parts: Part[] = [];
  let made = 0;
  for (const source of manifest.sources) {
    const file = join(
      folder,
      `${source.url.split('/').slice(-2).join('+')}-${source.commit.slice(0, 12)}.json`,
    );
    if (!existsSync(file)) {
      if (made >= Number(values['stop-after'])) continue;
      writeFileSync(file, JSON.stringify(partOf(source, mirrors, Number(values.most))));
      made += 1;
    }
    const part = JSON.parse(readFileSync(file, 'utf8')) as Part;
    parts.push(part);
    process.stdout.write(`${source.url} ${part.commits} commits, ${part.explained} explained\n`);
  }
  writeFileSync(preset('priors.json'), `${JSON.stringify(priorsOf(manifest, parts), null, 2)}\n`);
}

function partOf(source: TrainingSource, mirrors: string, most: number): Part {
  const families = { javascript: newCounts(), python: newCounts() };
  let [commits, newestCommit] = [0, ''];
  const cases: { commit: string; date: string; path: string }[] = [];
  for (const fix of fixCommits(source, mirrors, most)) {
    commits += 1;
    newestCommit ||= fix.date;
    const found = explain(fix);
    if (found === null || found.rank === null) continue;
    cases.push({ commit: fix.commit, date: fix.date, path: fix.path });
    countCase(families[found.family], found.ideas, found.rank);
  }
  return { ...source, commits, explained: cases.length, newestCommit, cases, families };
}

function priorsOf(manifest: Manifest, parts: readonly Part[]) {
  const family = (name: 'javascript' | 'python') => summed(parts.map((part) => part.families[name]));
  return {
    about:
      'Counts of templates that explain small public fixes; expected: as many as the hand costs foresaw. Made by scripts/train-priors.ts from the sources listed; none of their text is kept.',
    excluded: manifest.excluded,
    newestCommit:
      parts
        .map((part) => part.newestCommit)
        .sort()
        .at(-1) ?? '',
    sources: parts.map(({ url, commit, licence, commits, explained }) => ({
      url,
      commit,
      licence,
      commits,
      explained,
    })),
    families: { javascript: family('javascript'), python: family('python') },
  };
}

main();
