// Solves laid-out cases through the public command line and verifies each certificate; prints a Markdown table.
import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { cambium, jsonDocument } from './measuring/command-line.ts';
import { median, table } from './measuring/figures.ts';

const USAGE = `Usage: node bench/solve-benchmarks.ts REPOSITORIES --home DIR [--seconds N] [--limit N] [--jobs 1|2] [--only NAME]…
  REPOSITORIES  folder of git repositories, as bench/lay-out.ts makes them
  --home        data directory of these runs; results are kept in it, and a second call goes on where the first stopped
  --seconds     wall time of one case, 120 by default
  --limit       at most that many cases in this call`;

const result = z.object({
  case: z.string(),
  outcome: z.string(),
  solved: z.boolean(),
  verified: z.boolean(),
  seconds: z.number(),
  verifySeconds: z.number().nullable(),
  attempts: z.number().nullable(),
  candidates: z.number().nullable(),
  template: z.string().nullable(),
  isolation: z.string().nullable(),
  note: z.string(),
});
type Result = z.infer<typeof result>;

/** What is read of the report of `solve --json`; the report holds more. */
const report = z.object({
  outcome: z.string(),
  reason: z.string().default(''),
  attempts: z.number().nullable().default(null),
  candidatesTried: z.number().nullable().default(null),
  fault: z.object({ template: z.string() }).nullable().default(null),
  certificate: z.object({ path: z.string(), verdict: z.string() }).nullable().default(null),
  isolation: z.string().nullable().default(null),
});
const verification = z.object({ confirmed: z.boolean(), differences: z.array(z.string()).default([]) });

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    home: { type: 'string' },
    seconds: { type: 'string', default: '120' },
    limit: { type: 'string', default: '1000' },
    jobs: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
  },
});
const [folder] = positionals;
if (!folder || !values.home) {
  console.error(USAGE);
  process.exit(2);
}
const root = resolve(folder);
const home = resolve(values.home);
const seconds = Number(values.seconds);
const kept = join(home, `results-${basename(root)}.jsonl`);
await mkdir(home, { recursive: true });

const results = await earlierResults(kept);
const done = new Set(results.map((each) => each.case));
const names = (await readdir(root, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && !done.has(entry.name))
  .map(({ name }) => name)
  .filter((name) => values.only === undefined || values.only.includes(name))
  .sort()
  .slice(0, Number(values.limit));
const workers = Array.from({ length: Math.min(2, Math.max(1, Number(values.jobs))) }, async () => {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const solved = await solveCase(name);
    results.push(solved);
    await appendFile(kept, `${JSON.stringify(solved)}\n`);
    console.error(
      `${name}  ${solved.outcome}  ${solved.verified ? 'verified' : 'not verified'}  ${solved.seconds.toFixed(1)} s`,
    );
  }
});
await Promise.all(workers);
console.log(render(results.toSorted((a, b) => (a.case < b.case ? -1 : 1))));

async function solveCase(name: string): Promise<Result> {
  const cwd = join(root, name);
  const run = await cambium(['solve', cwd, '--json'], { home, cwd, seconds });
  const parsed = report.safeParse(jsonDocument(run));
  const base = { case: name, seconds: run.seconds, verified: false, verifySeconds: null };
  if (!parsed.success) {
    const outcome = run.status === null ? 'out of time' : `exit ${run.status}`;
    const nothing = { solved: false, attempts: null, candidates: null, template: null, isolation: null };
    return { ...base, ...nothing, outcome, note: firstLine(run.stderr || run.stdout) };
  }
  const { outcome, reason, attempts, candidatesTried, fault, certificate, isolation } = parsed.data;
  const solved = run.status === 0 && outcome === 'fixed' && certificate?.verdict === 'passed';
  const facts = { attempts, candidates: candidatesTried, template: fault?.template ?? null, isolation };
  if (!solved) return { ...base, ...facts, outcome, solved, note: reason };
  const check = await cambium(['verify', certificate.path, '--repository', cwd, '--json'], {
    home,
    cwd,
    seconds,
  });
  const verdict = verification.safeParse(jsonDocument(check));
  const verified = check.status === 0 && verdict.success && verdict.data.confirmed;
  const why = verdict.success ? verdict.data.differences.join('; ') : firstLine(check.stderr || check.stdout);
  return {
    ...base,
    ...facts,
    outcome,
    solved,
    verified,
    verifySeconds: check.seconds,
    note: verified ? '' : why,
  };
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').slice(0, 160);
}

async function earlierResults(path: string): Promise<Result[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => result.parse(JSON.parse(line)));
}

function render(all: readonly Result[]): string {
  const solved = all.filter((each) => each.solved);
  const verified = all.filter((each) => each.verified);
  const rows = all.map((each) => [
    each.case,
    each.solved ? 'yes' : each.outcome,
    each.verified ? 'yes' : each.solved ? 'no' : '–',
    each.seconds.toFixed(1),
    String(each.attempts ?? '–'),
    String(each.candidates ?? '–'),
    each.template ?? '–',
    each.note,
  ]);
  const head = [
    'case',
    'solved',
    'certificate verified',
    'seconds',
    'attempts',
    'candidates tried',
    'template',
    'note',
  ];
  const isolations = [...new Set(all.flatMap(({ isolation }) => isolation ?? []))].join(', ') || 'unknown';
  return [
    `${basename(root)}: ${solved.length} of ${all.length} solved, ${verified.length} with a certificate that verify confirms; ` +
      `median ${median(solved.map((each) => each.seconds)).toFixed(1)} s for a solved case; at most ${seconds} s a case; isolation ${isolations}; ` +
      `Node ${process.version}`,
    '',
    table(head, rows),
  ].join('\n');
}
