// Whether the warm process says what a library's own test runner says: on each case of its history, before the fix and
// with it. Prints one line a case and the counts.
import { chmod, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { detectProject } from '#code/detect.ts';
import type { TestPlan, TestReport } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { EXIT } from '#foundation/errors.ts';
import { createLog } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import type { Idea } from '#repair/enumerate.ts';
import { createJudge } from '#repair/judge.ts';
import { probesOf, readSources } from '#repair/sources.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { type HistoryCase, layOutHistory, readManifest } from './cases/history.ts';

const USAGE = `Usage: node bench/warm-agreement.ts MANIFEST REPOSITORY --node-modules FOLDER [--case COMMIT]…
  MANIFEST, REPOSITORY  as for bench/real-history.ts
  --node-modules        folder that the laid-out repositories get as node_modules
  --case                only the case of that fix; a beginning of its id is enough
  --test                command that runs the tests, when it is not to be detected`;
const RUN_MS = 120_000;
const BUDGET = { wallMs: 60_000, candidates: 1_000 };
/** Times that the fix is judged, to tell how long one candidate takes. */
const REPEATS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    case: { type: 'string', multiple: true },
    test: { type: 'string' },
    'node-modules': { type: 'string' },
  },
});
const [manifest, repository] = positionals;
const folder = values['node-modules'];
if (!manifest || !repository || !folder) {
  console.error(USAGE);
  process.exit(EXIT.usage);
}

type Told = 'agrees' | 'differs' | 'nothing fails' | 'not warm' | 'fix not green';
const clock = createSystemClock();
const sandbox = createSandbox({ rung: 'none', clock, log: createLog({ level: 'silent' }) });
const runner = createTestRunner({ sandbox, clock });
const dependencies = await realpath(folder);
const counts = new Map<Told, number>();
const chosen = (await readManifest(manifest)).filter(
  ({ commit }) => values.case === undefined || values.case.some((start) => commit.startsWith(start)),
);
for (const item of chosen) {
  const { told, note } = await examine(item);
  counts.set(told, (counts.get(told) ?? 0) + 1);
  console.log(`${item.commit.slice(0, 10)}  ${told}  ${note}`);
}
console.log([...counts].map(([told, count]) => `${told} ${count}`).join(', '), `of ${chosen.length}`);

async function examine(item: HistoryCase): Promise<{ told: Told; note: string }> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-agreement-'));
  try {
    await chmod(root, 0o755);
    const to = { from: resolve(repository ?? ''), dependencies };
    const before = join(root, 'before');
    await layOutHistory(item, { ...to, directory: before, withFix: false });
    await layOutHistory(item, { ...to, directory: join(root, 'after'), withFix: true });
    const plan = await planOf(before);
    if (plan === null) return { told: 'not warm', note: 'no test command was detected' };
    const report = await run(before, plan, item);
    if (!report.tests.some((test) => test.status === 'failed'))
      return { told: 'nothing fails', note: `${plan.argv.join(' ')}: ${report.reason ?? report.outcome}` };
    const fix = await readFile(join(root, 'after', item.source), 'utf8');
    return await compare(item, { root: before, plan, report, fix });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function planOf(root: string): Promise<TestPlan | null> {
  const list = async () =>
    (await readdir(root, { recursive: true })).filter(
      (path) => !/(^|\/)(?:node_modules|\.git)(\/|$)/.test(path),
    );
  const read = (path: string) => readFile(join(root, path), 'utf8').catch(() => null);
  const testCommand = values.test;
  return (await detectProject({ files: { list, read }, testCommand })).tests;
}

function run(root: string, plan: TestPlan, item: HistoryCase): Promise<TestReport> {
  return runner.run({
    workspace: { root, mounts: [] },
    plan,
    only: { files: item.tests },
    limits: { wallMs: RUN_MS },
  });
}

async function compare(
  item: HistoryCase,
  { root, plan, report, fix }: { root: string; plan: TestPlan; report: TestReport; fix: string },
): Promise<{ told: Told; note: string }> {
  const read = (path: string) => readFile(join(root, path), 'utf8');
  const workspace = { root, mounts: [], read };
  const failing = report.tests.filter((test) => test.status === 'failed');
  const passing = report.tests.filter((test) => test.status === 'passed');
  const sources = await readSources([item.source], 'javascript', { workspace, pointers: [] });
  const probes = await probesOf(sources.files, 'javascript', () => clock.sleep(0));
  const request = {
    workspace,
    language: 'typescript',
    plan,
    failing,
    passing,
    sourceFiles: [item.source],
    exclude: new Set<string>(),
    budget: BUDGET,
    seed: 1,
    runTests: () => Promise.resolve(report),
  } as const;
  const judge = await createJudge({
    request,
    sources,
    probes,
    sandbox,
    clock,
    askRunner: () => Promise.resolve(null),
  });
  try {
    const known = `${failing.length} failing, ${passing.length} passing`;
    if (judge.kind !== 'warm') return { told: 'not warm', note: `${known}; ${judge.notes.join('; ')}` };
    const text = sources.files[0]?.text ?? '';
    const plain = /\.[cm]?ts$/.test(item.source) ? stripTypeScriptTypes(fix) : fix;
    const idea = {
      file: item.source,
      edits: [{ start: 0, end: text.length, text: plain }],
    } as unknown as Idea;
    const effort = { ticks: 20_000_000, sessions: 1 };
    const [verdict] = await judge.judge([idea], effort);
    const beganMs = clock.monotonicMs();
    await judge.judge(
      Array.from({ length: REPEATS }, () => idea),
      effort,
    );
    const rate = Math.round((REPEATS * 1000) / (clock.monotonicMs() - beganMs));
    const covered = judge.survey?.tests.filter((test) => (test.probes?.length ?? 0) > 0).length ?? 0;
    const note = `${known}; ${covered} with coverage; ${rate} candidates a second; ${judge.notes.join('; ')}`;
    if (verdict?.verdict !== 'pass')
      return { told: 'fix not green', note: `${verdict?.verdict} ${verdict?.failed}; ${note}` };
    return { told: judge.notes.length === 0 ? 'agrees' : 'differs', note };
  } finally {
    await judge.close();
  }
}
