// Runs the repair engine over faults of libraries' real histories, in process, and judges what it offers by the real fixes.
import { appendFile, chmod, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createSystemClock } from '#foundation/clock.ts';
import { EXIT } from '#foundation/errors.ts';
import { createLog } from '#foundation/log.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { readManifest } from './cases/history.ts';
import { examine, type Row, row } from './history/examine.ts';
import { repositoryAt } from './history/git.ts';
import { renderReport, rowLine } from './history/report.ts';
import type { Bench } from './history/stage.ts';

const USAGE = `Usage: node bench/real-history.ts --work DIR --out ROWS [MANIFEST REPOSITORY]… [options]
  MANIFEST    cases, as bench/mine-history.ts writes them
  REPOSITORY  git repository that holds their commits, by URL or path; it is only read
  --work      folder for checkouts, installed dependencies and what is known of a case
  --out       file to which one JSON line a case is added; without any manifest it is only reported on
  --seconds   budget of one search, 20 by default
  --candidates  tried at most, a million by default; with 1 it is measured where the fault is looked for
  --case      only the case of that fix; a beginning of its id is enough
  --limit     at most that many cases of each manifest
  --only-facts  no search: only whether the real fix goes green here
  --no-judge  leave out later tests and generated inputs
  Every case is first run with the real fix: one that is not green then is listed as unusable.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: 'string' },
    out: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    candidates: { type: 'string', default: '1000000' },
    case: { type: 'string', multiple: true },
    limit: { type: 'string', default: '1000' },
    'only-facts': { type: 'boolean', default: false },
    'no-judge': { type: 'boolean', default: false },
  },
});
if (!values.work || !values.out || positionals.length % 2 !== 0) {
  console.error(USAGE);
  process.exit(EXIT.usage);
}
const out = values.out;
const clock = createSystemClock();
const log = createLog({ level: 'error' });
const root = resolve(values.work);
await mkdir(root, { recursive: true });
await chmod(root, 0o755);
const bench: Bench = { clock, log, root, sandbox: createSandbox({ rung: 'bwrap', clock, log }) };
for (let at = 0; at < positionals.length; at += 2)
  await run(positionals[at] ?? '', positionals[at + 1] ?? '');
console.log(renderReport(await lastRows(), await parts()));

async function run(manifest: string, where: string): Promise<void> {
  const from = await repositoryAt(where, root);
  const chosen = (await readManifest(manifest))
    .filter(
      ({ commit }) => values.case === undefined || values.case.some((start) => commit.startsWith(start)),
    )
    .slice(0, Number(values.limit));
  const wallMs = values['only-facts'] ? 0 : Number(values.seconds) * 1000;
  for (const item of chosen) {
    const how = { from, wallMs, candidates: Number(values.candidates), judge: !values['no-judge'] };
    const found = await examine(bench, item, how);
    await appendFile(out, `${JSON.stringify(found)}\n`);
    console.error(rowLine(found));
  }
}

/** The newest row of every case. */
async function lastRows(): Promise<Row[]> {
  const lines = (await readFile(out, 'utf8')).split('\n').filter((line) => line !== '');
  const rows = lines.map((line) => row.parse(JSON.parse(line)));
  return [...new Map(rows.map((one) => [one.repository + one.commit, one])).values()];
}

async function parts(): Promise<Map<string, string[]>> {
  const schema = z.object({ libraries: z.array(z.object({ repository: z.string(), part: z.string() })) });
  const path = join(import.meta.dirname, 'manifests', 'libraries.json');
  const { libraries } = schema.parse(JSON.parse(await readFile(path, 'utf8')));
  const found = new Map<string, string[]>();
  for (const { repository, part } of libraries) found.set(part, [...(found.get(part) ?? []), repository]);
  return found;
}
