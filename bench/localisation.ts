// Where faults of a library's history stand in the ranking of suspects: surveys only, no search. With an ablation of each clue.
// node bench/localisation.ts <manifest> <git repository> --dependencies <node_modules> [--work DIR] [--only a,b] [--all-tests]
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { SyntaxNode } from '#code/syntax.ts';
import type { Suspect } from '#contracts/edit.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { CLUES, type ClueName } from '#repair/clues.ts';
import { createJudge } from '#repair/judge.ts';
import { type FaultMap, locateFault } from '#repair/locate.ts';
import { reachMap } from '#repair/reach.ts';
import type { RepairRequest } from '#repair/request.ts';
import { lineAt, probesOf, readSources, type SourceFile } from '#repair/sources.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { type HistoryCase, readManifest } from './cases/history.ts';
import { git, repositoryAt } from './history/git.ts';
import { type Bench, openStage, type Stage } from './history/stage.ts';

const WALL_MS = 120_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dependencies: { type: 'string' },
    work: { type: 'string' },
    only: { type: 'string' },
  },
});
const [manifest, where] = positionals;
if (!manifest || !where || !values.dependencies)
  throw new TypeError('give a manifest, a repository and --dependencies');
const clock = createSystemClock();
const log = createLog({ level: 'error' });
const root = values.work ? resolve(values.work) : await mkdtemp(join(tmpdir(), 'cambium-localisation-'));
await mkdir(root, { recursive: true });
await chmod(root, 0o755);
const bench: Bench = { clock, log, root, sandbox: createSandbox({ rung: 'bwrap', clock, log }) };
const without: readonly (ClueName | null)[] = [null, ...CLUES];

interface Ranks {
  /** The faulty file alone holds the best place. */
  readonly fileFirst: boolean;
  /** Rank of the nearest changed line, ties averaged; infinite when it is not among the suspects. */
  readonly line: number;
}

const found = new Map<ClueName | null, Ranks[]>(without.map((clue) => [clue, []]));
try {
  const from = await repositoryAt(where, root);
  const only = values.only?.split(',');
  for (const item of await readManifest(manifest)) {
    if (only?.some((one) => item.commit.startsWith(one)) === false) continue;
    await examine(item, from);
  }
  process.stdout.write(table());
} finally {
  if (!values.work) await rm(root, { recursive: true, force: true });
}

async function examine(item: HistoryCase, from: string): Promise<void> {
  const name = item.commit.slice(0, 10);
  try {
    const stage = await openStage(bench, item, { from, dependencies: resolve(values.dependencies ?? '') });
    try {
      const { maps, files, kind } = await located(stage);
      const hunks = await git(from, ['diff', '-U0', `${item.commit}^`, item.commit, '--', item.source]);
      const source = files.find((file) => file.path === item.source);
      const lines = source === undefined ? [] : changedLines(hunks.toString(), source);
      for (const [clue, map] of maps) found.get(clue)?.push(ranksOf(map.suspects, source, lines));
      const all = found.get(null)?.at(-1);
      process.stdout.write(
        `${name}  ${kind}  file first: ${all?.fileFirst ? 'yes' : 'no'}  line: ${all?.line ?? 'none'}\n`,
      );
    } finally {
      await stage.close();
    }
  } catch (error) {
    process.stdout.write(
      `${name}  left out: ${error instanceof Error ? error.message.split('\n')[0] : ''}\n`,
    );
  }
}

async function located(stage: Stage) {
  const { workspace, plan, language, sourceFiles, item } = stage;
  const base = await stage.run(item.tests, new Map());
  const failing = base.tests.filter((test) => test.status === 'failed');
  if (failing.length === 0) throw new Error(`no test fails (${base.outcome})`);
  const request: RepairRequest = {
    workspace: { root: workspace.root, mounts: workspace.mounts, read: (path) => workspace.read(path) },
    ...{ language, plan, failing, sourceFiles },
    passing: base.tests.filter((test) => test.status === 'passed'),
    exclude: new Set(),
    budget: { wallMs: WALL_MS, candidates: 1 },
    seed: 1,
    runTests: async (edits, only, signal) =>
      stage.run(only?.files ?? item.tests, await stage.withEdits(edits), signal),
  };
  const pointers = await Promise.all(
    [...new Set(failing.flatMap((test) => test.file ?? []))].map(async (file) => ({
      file,
      text: await workspace.read(file).catch(() => ''),
      words: failing
        .filter((test) => test.file === file)
        .map((test) => `${test.name}\n${test.message ?? ''}`)
        .join('\n'),
    })),
  );
  const family = language === 'python' ? 'python' : 'javascript';
  const { files, notes } = await readSources(sourceFiles, family, { workspace: request.workspace, pointers });
  const probes = await probesOf(files, family, () => clock.sleep(0));
  const sources = { files, notes };
  const askRunner = request.runTests;
  const judge = await createJudge({ request, sources, probes, askRunner, ...bench });
  await judge.close();
  const { survey } = judge;
  const maps = new Map<ClueName | null, FaultMap>();
  for (const clue of without) {
    const evidence = { files, placesOf: probes.placesOf, isTarget: judge.isTarget, pointers };
    const map =
      survey === null
        ? reachMap(pointers, files)
        : locateFault(survey.tests, {
            ...evidence,
            loadProbes: survey.loadProbes,
            without: new Set(clue === null ? [] : [clue]),
          });
    maps.set(clue, map);
  }
  return { maps, files, kind: survey === null ? 'imports only' : 'coverage' };
}

/** Lines of the faulty text that the fix touches: those it takes away, and both neighbours of what it puts in. */
function changedLines(diff: string, { text }: SourceFile): number[] {
  const lines = [...diff.matchAll(/^@@ -(\d+)(?:,(\d+))? /gm)].flatMap(([, start, count]) => {
    const at = Number(start);
    const many = count === undefined ? 1 : Number(count);
    return many === 0 ? [at, at + 1] : Array.from({ length: many }, (_, index) => at + index);
  });
  const texts = text.split('\n');
  const isCode = (line: number) =>
    !/^\s*(?:$|\/\/|\/?\*|import\b|[)\]}]+[;,]?\s*$)/.test(texts[line - 1] ?? '');
  return lines.some(isCode) ? lines.filter(isCode) : lines;
}

function ranksOf(
  suspects: readonly Suspect[],
  source: SourceFile | undefined,
  lines: readonly number[],
): Ranks {
  const [first] = suspects;
  const best = new Set(suspects.filter((one) => one.suspicion === first?.suspicion).map((one) => one.file));
  const fileFirst = source !== undefined && best.size === 1 && best.has(source.path);
  if (source === undefined) return { fileFirst, line: Number.POSITIVE_INFINITY };
  const own = suspects.filter((one) => one.file === source.path);
  const starts = new Set(own.map((one) => one.line));
  const wanted = new Set(lines.flatMap((line) => suspectLine(source, line, starts) ?? []));
  const ranks = own
    .filter((one) => wanted.has(one.line))
    .map(({ suspicion }) => {
      const above = suspects.filter((other) => other.suspicion > suspicion).length;
      const tied = suspects.filter((other) => other.suspicion === suspicion).length;
      return above + (tied + 1) / 2;
    });
  return { fileFirst, line: Math.min(Number.POSITIVE_INFINITY, ...ranks) };
}

/** The line of the suspect that a line belongs to: of the innermost statement that holds it. */
function suspectLine(source: SourceFile, line: number, starts: ReadonlySet<number>): number | null {
  let found: number | null = starts.has(line) ? line : null;
  const visit = (node: SyntaxNode): void => {
    const start = lineAt(source, node.start);
    if (start > line || lineAt(source, node.end - 1) < line) return;
    if (starts.has(start) && source.grammar.statements.has(node.kind)) found = start;
    for (const child of node.children) visit(child);
  };
  if (found === null) visit(source.root);
  return found;
}

function table(): string {
  const rows = [...found].map(([clue, ranks]) => {
    const share = (count: number) => `${count} (${Math.round((100 * count) / Math.max(1, ranks.length))} %)`;
    const top = (most: number) => share(ranks.filter((one) => one.line <= most).length);
    const files = share(ranks.filter((one) => one.fileFirst).length);
    return `| ${clue === null ? 'all clues' : `without ${clue}`} | ${files} | ${top(1)} | ${top(5)} | ${top(10)} |`;
  });
  const count = found.get(null)?.length ?? 0;
  const head = `| ${count} cases | faulty file first | line first | line in top 5 | line in top 10 |\n|---|---|---|---|---|`;
  return `\n${[head, ...rows].join('\n')}\n`;
}
