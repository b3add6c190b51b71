// How many candidates a second the warm harness judges, for programs of one function and for a real module, beside what
// the machine could do at best: compiling the bare function and running the tests' calls. Also the time to a first fix.
// node bench/candidate-rate.ts [--candidates 4000] [--cases DIR] [--only a,b] [--sessions 1]
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TestPlan } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import { applyEdits } from '#repair/edits.ts';
import { createIdeaQueue, type Idea } from '#repair/enumerate.ts';
import { createJudge, type Judge } from '#repair/judge.ts';
import { locateFault } from '#repair/locate.ts';
import { createPatience } from '#repair/patience.ts';
import type { RepairRequest } from '#repair/request.ts';
import { type Probes, probesOf, readSources, type Sources } from '#repair/sources.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { readJavaScriptCase } from './cases/javascript.ts';
import { median, table } from './measuring/figures.ts';
import { functionPrograms, modulePrograms, type Program } from './measuring/programs.ts';

const clock = createSystemClock();
const log = createLog({ level: 'error' });
const sandbox = createSandbox({ rung: 'none', clock, log });
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const FIRST_ROUND = 40;
const ROUND = 192;
const MAX_IDEAS = 120_000;
const BASE_TICKS = 8_000;

interface Measured {
  readonly program: string;
  readonly candidates: number;
  readonly perSecond: number;
  readonly perCoreSecond: number;
  readonly switchedShare: number;
  /** Candidates a core-second when each is only compiled by `new Function`, and the tests' calls are run. */
  readonly limit: number;
  /** From a harness that is ready to a candidate that passed everything; null when none did. */
  readonly firstFixMs: number | null;
}

async function laidOut<Result>(program: Program, use: (root: string) => Promise<Result>): Promise<Result> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-rate-'));
  try {
    for (const [path, text] of program.files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return await use(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function requestFor(root: string, program: Program): Promise<RepairRequest> {
  const plan: TestPlan = { runner: 'node', argv: ['node', '--test'], directory: '.', origin: 'bench' };
  const workspace = { root, mounts: [] };
  const tests = createTestRunner({ sandbox, clock });
  const base = await tests.run({ workspace, plan, limits: { wallMs: 20_000 } });
  if (base.tests.every((test) => test.status !== 'failed'))
    throw new Error(`no test shows the fault of ${program.name}`);
  return {
    workspace: { ...workspace, read: (path) => readFile(join(root, path), 'utf8') },
    language: 'javascript',
    plan,
    failing: base.tests.filter((test) => test.status === 'failed'),
    passing: base.tests.filter((test) => test.status === 'passed'),
    sourceFiles: [program.source],
    exclude: new Set(),
    budget: { wallMs: 60_000, candidates: 100_000 },
    seed: 1,
    runTests: () => Promise.reject(new Error('not asked here')),
  };
}

/** Candidates in the order of the search, each once; an empty list when there are no more. */
function roundsOf(judge: Judge, sources: Sources, probes: Probes): (size: number) => Idea[] {
  if (judge.survey === null) throw new Error('the harness did not start');
  const { suspicionOf } = locateFault(judge.survey.tests, {
    files: sources.files,
    placesOf: probes.placesOf,
    loadProbes: judge.survey.loadProbes,
    isTarget: judge.isTarget,
    pointers: [],
  });
  const located = sources.files.flatMap((file) =>
    file.scopes.map((scope) => ({ scope, grammar: file.grammar, suspicionOf })),
  );
  const queue = createIdeaQueue(located, { testStrings: [], maxIdeas: MAX_IDEAS });
  const texts = new Map(sources.files.map((file) => [file.path, file.text]));
  const seen = new Set<string>();
  return (size) => {
    const round: Idea[] = [];
    while (round.length < size) {
      const idea = queue.next();
      if (idea === null) break;
      const text = applyEdits(texts.get(idea.file) ?? '', idea.edits);
      if (!seen.has(text) && seen.add(text)) round.push(idea);
    }
    return round;
  };
}

/** Processor seconds used by this process and the processes of the harness. */
function processorSeconds(): number {
  let ticks = 0;
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(id);
    if (Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
  }
  const { user, system } = process.cpuUsage();
  return ticks / TICKS_PER_SECOND + (user + system) / 1e6;
}

/** Fields of a process from its state on; empty when it ended meanwhile. */
function statOf(id: string): string[] {
  try {
    return readFileSync(`/proc/${id}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
  } catch {
    return [];
  }
}

async function measure(program: Program, wanted: number, sessions: number): Promise<Measured> {
  return laidOut(program, async (root) => {
    const request = await requestFor(root, program);
    const sources = await readSources(request.sourceFiles, 'javascript', {
      workspace: request.workspace,
      pointers: [],
    });
    const probes = await probesOf(sources.files, 'javascript', () => Promise.resolve());
    const askRunner = () => Promise.resolve(null);
    const judge = await createJudge({ request, sources, probes, sandbox, clock, askRunner });
    try {
      const readyMs = performance.now();
      const next = roundsOf(judge, sources, probes);
      let firstFixMs: number | null = null;
      let round = next(FIRST_ROUND);
      const unchanged = { ...(round[0] as Idea), edits: [] };
      const [base = null] = await judge.judge([unchanged], { ticks: BASE_TICKS, sessions });
      const patience = createPatience('javascript', base);
      const judged = async (ideas: readonly Idea[]) => {
        const verdicts = await judge.judge(ideas, { ticks: patience.ticks(), sessions });
        for (const one of verdicts) patience.note(one);
        return verdicts;
      };
      const list: Idea[] = [];
      while (round.length > 0 && (firstFixMs === null || list.length < wanted)) {
        if (list.length < wanted) list.push(...round);
        if (firstFixMs === null && (await judged(round)).some((one) => one.verdict === 'pass'))
          firstFixMs = performance.now() - readyMs;
        round = next(ROUND);
      }
      let switched = 0;
      let done = 0;
      const began = performance.now();
      const processorBegan = processorSeconds();
      while (done < wanted) {
        const from = done % list.length;
        const verdicts = await judged(list.slice(from, from + ROUND));
        switched += verdicts.filter((one) => one.switched === true).length;
        done += verdicts.length;
      }
      const seconds = (performance.now() - began) / 1000;
      return {
        program: program.name,
        candidates: done,
        perSecond: done / seconds,
        perCoreSecond: done / (processorSeconds() - processorBegan),
        switchedShare: switched / done,
        limit: await limitOf(program, list, sources),
        firstFixMs,
      };
    } finally {
      await judge.close();
    }
  });
}

/** The edited function compiled alone, and what the tests call run once with the unchanged program. */
async function limitOf(program: Program, ideas: readonly Idea[], sources: Sources): Promise<number> {
  const file = sources.files[0];
  if (file === undefined) return Number.NaN;
  const exercise = await program.exercise();
  const texts = ideas.flatMap((idea) => {
    const [first] = idea.edits;
    const scope = file.scopes.find(
      (one) => first && one.node.start <= first.start && one.node.end >= first.end,
    );
    if (scope === undefined || scope.node.parent === null) return [];
    const { start, end } = scope.node;
    if (idea.edits.some((edit) => edit.start < start || edit.end > end)) return [];
    const own = idea.edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    return [applyEdits(file.text.slice(start, end), own)];
  });
  const began = process.cpuUsage();
  for (const text of texts) {
    if (compiles(text)) exercise();
  }
  const { user, system } = process.cpuUsage(began);
  return texts.length / ((user + system) / 1e6);
}

/** Not every change can be compiled. */
function compiles(text: string): boolean {
  try {
    return typeof new Function(`return (${text})`)() === 'function';
  } catch {
    return false;
  }
}

async function casePrograms(directory: string, only: readonly string[] | undefined): Promise<Program[]> {
  const names = (await readdir(directory)).filter((name) => only === undefined || only.includes(name));
  const programs: Program[] = [];
  for (const name of names.sort()) {
    const found = await readJavaScriptCase(name, join(directory, name)).catch(() => null);
    if (found === null) continue;
    programs.push({
      name,
      files: found.files,
      source: found.fixed.path,
      exercise: async () => () => undefined,
    });
  }
  return programs;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      candidates: { type: 'string', default: '4000' },
      cases: { type: 'string' },
      only: { type: 'string' },
      sessions: { type: 'string', default: '1' },
    },
  });
  const groups: [string, Program[]][] =
    values.cases === undefined
      ? [
          ['one function', functionPrograms()],
          ['real module', await modulePrograms()],
        ]
      : [['cases', await casePrograms(values.cases, values.only?.split(','))]];
  for (const [name, programs] of groups) {
    const wanted = programs.filter(
      (one) => values.cases !== undefined || !values.only || values.only.split(',').includes(one.name),
    );
    const all: Measured[] = [];
    for (const program of wanted)
      all.push(await measure(program, Number(values.candidates), Number(values.sessions)));
    report(name, all);
  }
}

function report(name: string, all: readonly Measured[]): void {
  const whole = (value: number) => Math.round(value).toString();
  const rows = all.map((one) => [
    one.program,
    whole(one.candidates),
    whole(one.perSecond),
    whole(one.perCoreSecond),
    `${whole(one.switchedShare * 100)} %`,
    whole(one.limit),
    (one.perCoreSecond / one.limit).toFixed(2),
    one.firstFixMs === null ? '–' : whole(one.firstFixMs),
  ]);
  const head = [
    'program',
    'candidates',
    'a second',
    'a core-second',
    'switched',
    'limit',
    'ratio',
    'first fix, ms',
  ];
  const fixes = all.flatMap((one) => (one.firstFixMs === null ? [] : [one.firstFixMs]));
  process.stdout.write(
    `## ${name}\n\n${table(head, rows)}\n\nmedian: ${whole(median(all.map((one) => one.perSecond)))} a second, ${whole(median(all.map((one) => one.perCoreSecond)))} a core-second; first fix after ${whole(median(fixes))} ms\n\n`,
  );
}

await main();
