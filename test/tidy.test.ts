// The repository judges itself: shapes of files, banned calls, documents that match the code, licences, the error table.
import { describe, expect, test } from 'vitest';
import { GLOSSARY } from '../src/contracts/glossary.ts';
import { ERRORS, EXIT } from '../src/foundation/errors.ts';
import {
  type Module,
  parseModules,
  plantedSamples,
  readText,
  repositoryFiles,
  stringValue,
  walk,
} from './architecture/source.ts';
import { capabilityIds, documentProblems, machinePaths, testTitles } from './tidy/documents.ts';
import { isAllowed, isRecord, lockedPackages } from './tidy/licences.ts';
import { tidyFindings } from './tidy/rules.ts';

const files = repositoryFiles();
/** Fixtures and examples stand for other people's repositories; they keep other people's habits. */
const isOurs = (path: string) => !/(^|\/)fixtures\/|^examples\//.test(path);
const modules: readonly Module[] = parseModules(
  files.filter(
    (path) => isOurs(path) && (/^(src|test|bench|scripts|bin)\//.test(path) || /^[^/]+\.ts$/.test(path)),
  ),
);
const documents = files.filter((path) => path.endsWith('.md') && isOurs(path));
const inFolder = (folder: string) => modules.filter(({ path }) => path.startsWith(`${folder}/`));

describe('source files', () => {
  test('are all looked at', () => {
    expect(inFolder('src').length).toBeGreaterThanOrEqual(50);
    expect(inFolder('test').length).toBeGreaterThanOrEqual(20);
  });

  test('keep the rules', () => {
    expect(modules.flatMap(tidyFindings)).toEqual([]);
  });

  test('have one name each: no folder is called after a pattern', () => {
    const pattern = /(^|\/)(utils?|helpers?|services?|managers?|common|misc|shared)(\/|\.ts$)/;
    expect(files.filter((path) => path.startsWith('src/') && pattern.test(path))).toEqual([]);
  });

  test('in src know nothing of the sets they are measured with', () => {
    const sets = /humaneval|quixbugs|octopack|realhistory|swe-?bench/i;
    expect(
      inFolder('src')
        .filter(({ text }) => sets.test(text))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  test('of the rooms that repair know nothing of the bundled sample', () => {
    const sample = files.filter((path) => /^examples\/[^/]+\/repository\/src\//.test(path)).map(readText);
    const names = sample.flatMap((text) =>
      [...text.matchAll(/export (?:function|const) ([a-z]+[A-Z]\w{4,})/g)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThan(3);
    const word = new RegExp(`\\b(${names.join('|')})\\b`);
    const rooms = modules.filter(({ path }) => /^src\/(repair|code|quality|workflows|agents)\//.test(path));
    expect(rooms.filter(({ text }) => word.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('and everything else name no place of the machine they were written on', () => {
    const texts = files.filter((path) => /\.(ts|js|md|json|ya?ml|sql|sh|sample)$|^\.ci\//.test(path));
    const found = texts.flatMap((path) => machinePaths(readText(path)).map((line) => `${path}:${line}`));
    expect(found).toEqual([]);
  });
});

describe('the tidy rules', () => {
  const samples = plantedSamples('test/tidy/planted');

  test('have samples to be tried on', () => {
    expect(samples.length).toBeGreaterThanOrEqual(30);
  });

  test.each(samples)('flag $name', ({ expected, module }) => {
    const rules = tidyFindings(module).map(({ rule }) => rule);
    expect([...new Set(rules)].sort()).toEqual(expected[0] === 'nothing' ? [] : [...expected].sort());
  });
});

describe('the error table', () => {
  test('holds codes that something raises', () => {
    const used = new Set<string>();
    for (const { path, body } of inFolder('src')) {
      if (path === 'src/foundation/errors.ts') continue;
      walk(body, (node) => used.add(stringValue(node) ?? ''));
    }
    const unused = Object.keys(ERRORS).filter((code) => !used.has(code));
    // INTERNAL is what errors without a code are given by the table's own file.
    expect(unused.filter((code) => code !== 'INTERNAL')).toEqual([]);
  });

  test('gives each code one sentence and an exit status that is not success', () => {
    const statuses: readonly number[] = Object.values(EXIT);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [code, { exit, when }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(statuses.slice(1), code).toContain(exit);
      expect(when, code).toMatch(/^[A-Z].*\.$/s);
    }
  });
});

describe('the glossary', () => {
  test('has one sentence or two for each word, and no two words for one thing', () => {
    const meanings = Object.entries(GLOSSARY);
    for (const [word, meaning] of meanings) {
      expect(word).toMatch(/^[A-Z][a-z]+$/);
      expect(meaning, word).toMatch(/^[A-Z].{10,}\.$/);
    }
    expect(new Set(Object.values(GLOSSARY)).size).toBe(meanings.length);
  });
});

describe('documents', () => {
  test('have one title and no broken links', () => {
    const exists = (path: string) =>
      path === '.' || files.some((file) => file === path || file.startsWith(`${path}/`));
    expect(documents.length).toBeGreaterThanOrEqual(5);
    expect(documents.flatMap((path) => documentProblems(path, readText(path), exists))).toEqual([]);
  });

  test('that every repository needs are there', () => {
    const needed = [
      'README.md',
      'ARCHITECTURE.md',
      'AGENTS.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'CHANGELOG.md',
    ];
    expect([...needed, 'LICENSE', 'docs/dependencies.md'].filter((path) => !files.includes(path))).toEqual(
      [],
    );
  });

  test('for agents fit on a page', () => {
    expect(readText('AGENTS.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120);
  });

  test('claim only capabilities that the title of a test names', () => {
    const claiming = documents.filter((path) => path === 'CHANGELOG.md' || path.startsWith('docs/'));
    const claimed = new Set(claiming.flatMap((path) => capabilityIds(readText(path))));
    const proven = new Set(inFolder('test').flatMap(testTitles).flatMap(capabilityIds));
    expect([...claimed].filter((id) => !proven.has(id)).sort()).toEqual([]);
  });

  test.each([
    ['R38 and S5', ['R38', 'S5']],
    ['R1-R3', ['R1', 'R2', 'R3']],
    ['T6–8', ['T6', 'T7', 'T8']],
    ['RFC8785, S100, x86, M0', []],
  ])('are searched for capabilities: %s', (text, ids) => {
    expect(capabilityIds(text)).toEqual(ids);
  });

  test('are checked by something that finds what is wrong', () => {
    const exists = (path: string) => path === 'docs/there.md';
    const good = '# Title\n\n[there](there.md#part) [out](https://example.org) `[code](gone.md)`\n';
    expect(documentProblems('docs/a.md', good, exists)).toEqual([]);
    expect(documentProblems('docs/a.md', '# Title\n\n[gone](gone.md)\n', exists)).toMatchObject([
      { line: 3 },
    ]);
    expect(documentProblems('docs/a.md', 'No title\n', exists)).toHaveLength(1);
    expect(documentProblems('docs/a.md', '# One\n\n# Two\n', exists)).toMatchObject([{ line: 3 }]);
    expect(documentProblems('docs/a.md', '# One\n\n```sh\n# a comment\n```\n', exists)).toEqual([]);
    expect(machinePaths(`fine\nsee ${['', 'root', 'x'].join('/')}\n`)).toEqual([2]);
    expect(machinePaths('the tree is at /workspace/src, or /opt/node/bin\n')).toEqual([]);
  });
});

describe('dependencies', () => {
  const manifest: unknown = JSON.parse(readText('package.json'));
  const locked = lockedPackages(readText('package-lock.json'));
  const direct = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) => {
    const entry = isRecord(manifest) ? manifest[kind] : {};
    return Object.keys(isRecord(entry) ? entry : {});
  });

  test('are each named in docs/dependencies.md with the licence they come under', () => {
    expect(direct.length).toBeGreaterThan(10);
    const rows = readText('docs/dependencies.md').split('\n');
    const missing = direct.filter((name) => {
      const licence = locked.find((entry) => entry.name === name)?.licence ?? 'not in the lockfile';
      return !rows.some((row) => row.includes(`\`${name}\``) && row.includes(`| ${licence} |`));
    });
    expect(missing).toEqual([]);
  });

  test('named in docs/dependencies.md are still dependencies', () => {
    const rows = readText('docs/dependencies.md').split('\n');
    const named = rows.flatMap((row) =>
      /^\| `/.test(row) ? [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)] : [],
    );
    expect(named.map(([, name]) => name).filter((name) => !direct.includes(name ?? ''))).toEqual([]);
  });

  test('that are shipped, and those of ours that are not, come under allowed licences', () => {
    const judged = locked.filter(({ name, dev }) => !dev || direct.includes(name));
    expect(judged.length).toBeGreaterThan(direct.length);
    expect(judged.filter(({ licence }) => !isAllowed(licence))).toEqual([]);
  });

  test('say in their own manifest what the lockfile says', () => {
    const differing = direct.flatMap((name) => {
      const path = `node_modules/${name}/package.json`;
      const installed = readIfThere(path);
      if (installed === null) return [];
      const own: unknown = JSON.parse(installed);
      const stated = isRecord(own) ? own['license'] : undefined;
      return stated === locked.find((entry) => entry.name === name)?.licence
        ? []
        : [`${name}: ${String(stated)}`];
    });
    expect(differing).toEqual([]);
  });

  test.each([
    ['MIT', true],
    ['(MIT OR CC0-1.0)', true],
    ['MIT AND Zlib', false],
    ['BlueOak-1.0.0', false],
    ['GPL-3.0-only', false],
    ['none stated', false],
  ])('are judged by their licence: %s', (licence, allowed) => {
    expect(isAllowed(licence)).toBe(allowed);
  });
});

/** Text of an installed package's manifest; null for a package of another platform. */
function readIfThere(path: string): string | null {
  try {
    return readText(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
