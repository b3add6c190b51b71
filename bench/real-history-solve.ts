// Solves faults of a library's real history through the public command line; prints a Markdown table of what came out.
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { stopEmbedded } from '#database/embedded.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { EXIT } from '#foundation/errors.ts';
import { type SolveReport, solveReport } from '#operations/solve-report.ts';
import { verify } from '#operations/verify.ts';
import { runDetail } from '#workflows/run-views.ts';
import { compareWithFix, type HistoryCase, layOutHistory, readManifest } from './cases/history.ts';
import { cambium, jsonDocument, type Outcome } from './measuring/command-line.ts';
import { table } from './measuring/figures.ts';

const USAGE = `Usage: node bench/real-history-solve.ts MANIFEST REPOSITORY [--case COMMIT]… [--limit N] [--seconds N] [--check]
  MANIFEST        JSON list of cases: repository, commit (the fix), source, tests, failToPass, passToPass
  REPOSITORY      local git repository that holds those commits, with or without a work tree; it is only read
  --case          only the case of that fix; a beginning of its id is enough
  --limit         at most that many cases
  --seconds       wall time of one command on one case, 300 by default
  --check         only see whether the tests pass here with the developers' own fix
  --test          command that runs the tests, when it is not to be detected
  --node-modules  folder that the laid-out repositories get as node_modules; this repository's by default
  --keep          folder for the laid-out repositories and the data directory; else they are temporary`;

interface Row {
  readonly name: string;
  readonly outcome: 'solved' | 'not solved' | 'green with the fix' | 'not reproducible here' | 'no result';
  readonly note: string;
  readonly seconds?: number;
  readonly ranked?: string;
  readonly verified?: boolean;
  readonly likeness?: string;
  readonly tried?: number;
}

/** What the command line prints in place of a report. */
const failureDocument = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    case: { type: 'string', multiple: true },
    limit: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '300' },
    check: { type: 'boolean', default: false },
    test: { type: 'string' },
    'node-modules': { type: 'string' },
    keep: { type: 'string' },
  },
});
const [manifest, repository] = positionals;
if (!manifest || !repository) {
  console.error(USAGE);
  process.exit(EXIT.usage);
}
const from = resolve(repository);
const seconds = Number(values.seconds);
const dependencies = await realpath(
  values['node-modules'] ?? fileURLToPath(new URL('../node_modules', import.meta.url)),
);
if (basename(dependencies) !== 'node_modules') {
  console.error(
    `${dependencies}: only a folder of that name is shown to the tests, so that a link cannot show more`,
  );
  process.exit(EXIT.usage);
}

const chosen = (await readManifest(manifest))
  .filter(({ commit }) => values.case === undefined || values.case.some((start) => commit.startsWith(start)))
  .slice(0, Number(values.limit));
const root = values.keep ? resolve(values.keep) : await mkdtemp(join(tmpdir(), 'cambium-history-'));
await mkdir(root, { recursive: true });
// The unprivileged users of the sandbox and of the database have to get through.
await chmod(root, 0o755);
const home = join(root, 'home');
try {
  const rows: Row[] = [];
  for (const item of chosen) {
    const row = await examine(item);
    rows.push(row);
    console.error(`${row.name}  ${row.outcome}  ${row.note}`);
  }
  console.log(render(rows));
} finally {
  await stopEmbedded({ home, clock: createSystemClock() });
  if (!values.keep) await rm(root, { recursive: true, force: true });
}

async function examine(item: HistoryCase): Promise<Row> {
  const name = item.commit.slice(0, 10);
  try {
    const reason = await whyNotReproducible(item, join(root, `${name}-fixed`));
    if (reason !== null) return { name, outcome: 'not reproducible here', note: reason };
    if (values.check) return { name, outcome: 'green with the fix', note: '' };
    return await solveFault(item, join(root, name));
  } catch (error) {
    // Cambium itself broke, or this script: that says nothing about the case.
    if (error instanceof Error) return { name, outcome: 'no result', note: firstLine(error.message) };
    throw error;
  }
}

/** Null when all tests pass here with the developers' source; Cambium itself has to find nothing to do. */
async function whyNotReproducible(item: HistoryCase, directory: string): Promise<string | null> {
  await rm(directory, { recursive: true, force: true });
  const laidOut = await layOutHistory(item, { directory, from, dependencies, withFix: true }).catch(
    (error: unknown) => {
      if (error instanceof Error) return error;
      throw error;
    },
  );
  if (laidOut instanceof Error) return firstLine(laidOut.message);
  const { missing } = laidOut;
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  // What is looked for is a sound base; a search on an unsound one would only take time.
  const run = await solve(directory, { CAMBIUM_SOLVE__CANDIDATES: '1' });
  const report = reportOf(run);
  if (run.status === EXIT.noChange && report?.outcome === 'no-change') return null;
  const failing = report?.testsBefore?.failing ?? [];
  if (failing.length > 0) return `with the fix ${failing.length} tests fail, first ${failing[0]}`;
  return report?.reason ?? whatWentWrong(run);
}

async function solveFault(item: HistoryCase, directory: string): Promise<Row> {
  const name = basename(directory);
  await rm(directory, { recursive: true, force: true });
  const { commits } = await layOutHistory(item, { directory, from, dependencies, withFix: false });
  const run = await solve(directory);
  const report = reportOf(run);
  const measured = { name, seconds: run.seconds };
  if (report === null) return { ...measured, outcome: 'not solved', note: whatWentWrong(run) };
  if (report.outcome === 'no-change')
    return { ...measured, outcome: 'not reproducible here', note: 'the tests pass without the fix' };
  const facts = {
    ...measured,
    ranked: await rankOfFault(item, report),
    tried: report.candidatesTried,
  };
  const note = [failingNote(item, report), `after ${commits} commits of its own`];
  const { certificate, commit, base } = report;
  const solved = run.status === EXIT.ok && report.outcome === 'fixed' && certificate?.verdict === 'passed';
  if (!solved || commit === null)
    return { ...facts, outcome: 'not solved', note: [report.reason, ...note].join('; ') };
  const refusal = await whyNotConfirmed(certificate.path, directory);
  if (refusal !== null) note.push(refusal);
  const likeness = await compareWithFix(item, { directory, from, base, commit });
  return { ...facts, outcome: 'solved', verified: refusal === null, likeness, note: note.join('; ') };
}

function solve(directory: string, env: Record<string, string> = {}): Promise<Outcome> {
  const command = values.test === undefined ? [] : ['--test', values.test];
  return cambium(['solve', directory, ...command, '--json'], { home, cwd: directory, seconds, env });
}

/** Null when `verify` confirms the certificate; else what it says. */
async function whyNotConfirmed(certificate: string, directory: string): Promise<string | null> {
  const run = await cambium(['verify', certificate, '--repository', directory, '--json'], {
    home,
    cwd: directory,
    seconds,
  });
  const report = verify.output.safeParse(jsonDocument(run));
  if (run.status === EXIT.ok && report.success && report.data.confirmed) return null;
  return report.success ? report.data.differences.join('; ') : whatWentWrong(run);
}

/** Where the fix's file stands among the suspects; files of equal suspicion share a place. */
async function rankOfFault(item: HistoryCase, report: SolveReport): Promise<string> {
  const run = await cambium(['run', 'show', report.run, '--faults', '--json'], { home, cwd: root, seconds });
  const detail = runDetail.safeParse(jsonDocument(run));
  if (!detail.success) return 'not told';
  const suspects = detail.data.search?.suspects ?? [];
  const [first] = suspects;
  if (first === undefined) return 'no ranking';
  const top = new Set(
    suspects.filter(({ suspicion }) => suspicion === first.suspicion).map(({ file }) => file),
  );
  if (!top.has(item.source)) return `no, ${first.file}`;
  return top.size === 1 ? 'yes' : `tied with ${top.size - 1} more`;
}

/** Whether what fails here is what failed when the case was recorded. */
function failingNote(item: HistoryCase, report: SolveReport): string {
  const recorded = new Set(item.failToPass.map(plainName));
  const failing = (report.testsBefore?.failing ?? []).map((id) => plainName(id.replace(/^.*? › /, '')));
  const known = failing.filter((name) => recorded.has(name)).length;
  return `${failing.length} failing, ${known} of the ${recorded.size} recorded`;
}

function plainName(name: string): string {
  return name.replaceAll(' › ', ' > ').replace(/\s+/g, ' ').trim();
}

/** The report of a run that came to an end; null when there is none. Throws when Cambium itself broke. */
function reportOf(run: Outcome): SolveReport | null {
  const report = solveReport.safeParse(jsonDocument(run)).data ?? null;
  if (report?.code === 'INTERNAL') throw new Error(report.reason);
  return report;
}

/** Why a command gave no report. Throws when Cambium itself broke. */
function whatWentWrong(run: Outcome): string {
  if (run.status === null) return `out of time after ${seconds} s`;
  const failure = failureDocument.safeParse(jsonDocument(run)).data?.error;
  if (failure === undefined || failure.code === 'INTERNAL')
    throw new Error(failure?.message ?? `exit status ${run.status}: ${firstLine(run.stderr)}`);
  return firstLine(failure.message);
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').slice(0, 200);
}

function render(rows: readonly Row[]): string {
  const count = (outcome: Row['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  const verified = rows.filter((row) => row.verified).length;
  const tally = values.check
    ? `${count('green with the fix')} green with the fix`
    : `${count('solved')} solved (${verified} with a certificate that verify confirms), ${count('not solved')} not solved`;
  const head = [
    'case',
    'faulty file ranked first',
    'outcome',
    'certificate verified',
    "developers' change",
    'seconds',
    'candidates tried',
    'note',
  ];
  const cells = rows.map((row) => [
    row.name,
    row.ranked ?? '–',
    row.outcome,
    row.verified === undefined ? '–' : row.verified ? 'yes' : 'no',
    row.likeness ?? '–',
    row.seconds?.toFixed(1) ?? '–',
    String(row.tried ?? '–'),
    row.note,
  ]);
  return [
    `${basename(manifest ?? '')}: ${rows.length} cases, ${tally}, ${count('not reproducible here')} not reproducible here, ${count('no result')} without a result; ` +
      `at most ${seconds} s a command; Node ${process.version}. ` +
      'Solved means that every test passes; whether the change is the right one is what the comparison hints at.',
    '',
    table(head, cells),
  ].join('\n');
}
