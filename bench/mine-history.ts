// Mines cases for bench/real-history.ts from a library's git history by the rule of bench/history/rule.ts; writes a manifest.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createSystemClock } from '#foundation/clock.ts';
import { EXIT } from '#foundation/errors.ts';
import { createLog } from '#foundation/log.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { type HistoryCase, type HistoryManifest, historyManifest } from './cases/history.ts';
import { repositoryAt } from './history/git.ts';
import { install } from './history/install.ts';
import { changeBetween, plainName, whyNoResults } from './history/outcomes.ts';
import { type FixCommit, fixCommits, RULE } from './history/rule.ts';
import { type Bench, openStage, type StagePlace } from './history/stage.ts';

const USAGE = `Usage: node bench/mine-history.ts OWNER/NAME REPOSITORY --work DIR --out MANIFEST [--limit N] [--scan N]
  REPOSITORY  git repository by URL or path; it is only read
  --work      folder for checkouts and installed dependencies
  --out       manifest to write; mined commits that it already lists are not run again
  --limit     cases at most, 8 by default
  --scan      commits that the rule accepts, tried at most; 30 by default`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: 'string' },
    out: { type: 'string' },
    limit: { type: 'string', default: '8' },
    scan: { type: 'string', default: '30' },
  },
});
const [name, where] = positionals;
if (!name || !where || !values.work || !values.out) {
  console.error(USAGE);
  process.exit(EXIT.usage);
}
const clock = createSystemClock();
const log = createLog({ level: 'error' });
const root = resolve(values.work);
await mkdir(root, { recursive: true });
await chmod(root, 0o755);
const bench: Bench = { clock, log, root, sandbox: createSandbox({ rung: 'bwrap', clock, log }) };
await mine(name, await repositoryAt(where, root), values.out);

async function mine(repository: string, from: string, out: string): Promise<void> {
  const before = await known(out);
  const cases: HistoryCase[] = [];
  const unusable: HistoryManifest['unusable'][number][] = [];
  const installs: string[] = [];
  const commits = (await fixCommits(from)).slice(0, Number(values.scan));
  for (const fix of commits) {
    if (cases.length >= Number(values.limit)) break;
    const old = before?.cases.find((item) => item.commit === fix.commit);
    const refused = before?.unusable.find((item) => item.commit === fix.commit);
    const found = old ?? refused?.reason ?? (await examine({ repository, from, installs }, fix));
    if (typeof found === 'string') unusable.push({ commit: fix.commit, reason: found });
    else {
      cases.push(found);
      if (found.install !== undefined) installs.unshift(found.install);
    }
    console.error(
      `${fix.commit.slice(0, 10)} ${typeof found === 'string' ? found : 'usable'}  ${fix.message}`,
    );
    const manifest = { schema: 'cambium.history/1', rule: RULE, repository, cases, unusable } as const;
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, `${JSON.stringify(manifest, null, 1)}\n`);
  }
  console.error(
    `${repository}: ${cases.length} usable, ${unusable.length} not, of ${commits.length} accepted by the rule`,
  );
}

async function known(path: string): Promise<HistoryManifest | null> {
  const read = await readFile(path, 'utf8').catch(() => null);
  const parsed = read === null ? null : historyManifest.parse(JSON.parse(read));
  return parsed?.rule === RULE ? parsed : null;
}

interface Mining {
  readonly repository: string;
  readonly from: string;
  /** Commits whose dependencies served newer cases, last used first. */
  readonly installs: readonly string[];
}

/** The case, or why the commit cannot be one. */
async function examine(mining: Mining, fix: FixCommit): Promise<HistoryCase | string> {
  const tried = new Set<string>();
  let reason = '';
  // What served a newer commit often serves an older one, and installing is what takes long.
  for (const commit of [...mining.installs.slice(0, 1), fix.commit]) {
    const installed = await install(mining.from, commit, {
      name: mining.repository,
      root: join(root, 'installs'),
    });
    if (tried.has(installed.key)) continue;
    tried.add(installed.key);
    if (installed.folder === null) {
      reason = `not installed: ${installed.reason.replace(/\s+/g, ' ').slice(0, 200)}`;
      continue;
    }
    const item: HistoryCase = {
      ...{ repository: mining.repository, commit: fix.commit, date: fix.date, message: fix.message },
      ...{ source: fix.source, tests: [...fix.tests], failToPass: [], passToPass: [], install: commit },
    };
    const result = await judged(item, { from: mining.from, dependencies: installed.folder });
    if (typeof result !== 'string') return result;
    reason = result;
    if (!/^with the fix/.test(reason)) return reason;
  }
  return reason;
}

/** First without the steps that the detected command takes before its runner; with them when that does not do. */
async function judged(item: HistoryCase, place: StagePlace): Promise<HistoryCase | string> {
  try {
    const short = await commandWithoutSteps(item, place);
    const result = short === null ? '' : await judge({ ...item, test: short }, place);
    return typeof result === 'string' && (short === null || /^with the fix/.test(result))
      ? await judge(item, place)
      : result;
  } catch (error) {
    if (error instanceof Error) return error.message.replace(/\s+/g, ' ').slice(0, 200);
    throw error;
  }
}

/** Null when there are no such steps. */
async function commandWithoutSteps(item: HistoryCase, place: StagePlace): Promise<string | null> {
  const stage = await openStage(bench, item, place);
  await stage.close();
  const { argv } = stage.plan;
  const [shell, option, line = ''] = argv;
  if (shell !== 'sh' || option !== '-c' || !line.endsWith('exec "$@"')) return null;
  return argv
    .slice(4)
    .map((word) => (/^[\w@%+=:,./*-]+$/.test(word) ? word : `'${word}'`))
    .join(' ');
}

/** Two runs with the fix and two without; every status has to be the same in both. */
async function judge(item: HistoryCase, place: StagePlace): Promise<HistoryCase | string> {
  const stage = await openStage(bench, item, place);
  try {
    const fix = new Map([[item.source, stage.fixed]]);
    const after = await stage.run(item.tests, fix);
    const nothing = whyNoResults(after);
    if (nothing !== null) return `with the fix: ${nothing.replace(/\s+/g, ' ')}`;
    const red = after.tests.filter((test) => test.status === 'failed');
    if (red.length > 0)
      return `with the fix ${red.length} tests fail: ${plainName(red[0]?.id ?? '').slice(0, 120)}`;
    const before = await stage.run(item.tests, new Map());
    const first = changeBetween(before, after);
    if (first.failToPass.length === 0) {
      const failing = before.tests.filter((test) => test.status === 'failed').length;
      return `no test goes from fail to pass (${failing} fail before)`;
    }
    const second = changeBetween(await stage.run(item.tests, new Map()), await stage.run(item.tests, fix));
    const failToPass = names(first.failToPass);
    if (second.failing.length > 0 || names(second.failToPass).join('\n') !== failToPass.join('\n'))
      return 'the tests do not end the same way twice';
    return { ...item, failToPass, passToPass: names(first.passToPass) };
  } finally {
    await stage.close();
  }
}

function names(tests: readonly { name: string }[]): string[] {
  return [...new Set(tests.map(({ name: one }) => plainName(one)))];
}
