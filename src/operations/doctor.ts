// The operation `doctor`: every thing that Cambium needs on this machine, tried out, with the next step where it lacks.
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { z } from 'zod';
import { supportedLanguages } from '#code/languages.ts';
import { errorMessage, isAppError } from '#foundation/errors.ts';
import { plural } from '#foundation/text.ts';
import { gitVersion } from '#sandbox/new-repository.ts';
import { findLeftovers, reap } from '#sandbox/reap.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';
import { detectAt } from './tree-files.ts';

const MIN_NODE_MAJOR = 24;
const LOW_DISK_BYTES = 2_147_483_648;
const NO_DISK_BYTES = 268_435_456;

const check = z.strictObject({
  name: z.string(),
  status: z.enum(['ok', 'warning', 'failed']),
  summary: z.string(),
  /** What to do about it; null when nothing is wrong. */
  next: z.string().nullable(),
});
type Check = z.infer<typeof check>;

export const doctor = defineOperation({
  input: z.strictObject({
    /** Remove what killed processes left behind. */
    fix: z.boolean().default(false),
  }),
  output: z.strictObject({ healthy: z.boolean(), checks: z.array(check) }),
  handle: async (context, { fix }) => {
    const checks: Check[] = [checkNode()];
    const rest: readonly (readonly [name: string, look: () => Promise<Omit<Check, 'name'>>])[] = [
      ['git', async () => ok(await gitVersion())],
      ['isolation', () => checkIsolation(context)],
      ['data directory', () => checkHome(context)],
      ['disk', () => checkDisk(context)],
      ['database', () => checkDatabase(context)],
      ['learning', async () => ok(learningText(context))],
      ['project', () => checkProject(context)],
      ['leftovers', () => checkLeftovers(context, fix)],
    ];
    for (const [name, look] of rest) {
      checks.push({ name, ...(await look().catch((error: unknown) => failure(error))) });
    }
    return { healthy: checks.every((each) => each.status !== 'failed'), checks };
  },
});

function learningText({ settings }: OperationContext): string {
  return settings.learning.enabled
    ? 'on: accepted changes become patterns, and searches use them (cambium memory patterns)'
    : 'off by learning.enabled: searches use what comes with the program only';
}

function failure(error: unknown): Omit<Check, 'name'> {
  const next = isAppError(error) ? (error.next ?? null) : null;
  return { status: 'failed', summary: errorMessage(error), next };
}

function ok(summary: string): Omit<Check, 'name'> {
  return { status: 'ok', summary, next: null };
}

function checkNode(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  const summary = `${process.version} on ${process.platform}-${process.arch}`;
  return major >= MIN_NODE_MAJOR
    ? { name: 'node', ...ok(summary) }
    : { name: 'node', status: 'failed', summary, next: `install Node ${MIN_NODE_MAJOR} or newer` };
}

async function checkIsolation(context: OperationContext): Promise<Omit<Check, 'name'>> {
  const report = await context.isolation();
  const reasons = report.rungs.map((each) => `${each.rung}: ${each.reason}`).join('; ');
  if (report.rung === null) {
    const next = report.hint ?? 'cambium solve --isolation none runs foreign code with your rights';
    return { status: 'failed', summary: `no isolation works here (${reasons})`, next };
  }
  const summary = `${report.rung} (${reasons})`;
  return report.hint === null ? ok(summary) : { status: 'warning', summary, next: report.hint };
}

async function checkHome({ home }: OperationContext): Promise<Omit<Check, 'name'>> {
  try {
    await mkdir(home, { recursive: true, mode: 0o755 });
    await access(home, constants.W_OK | constants.X_OK);
    return ok(home);
  } catch (error) {
    const summary = `${home} cannot be written: ${errorMessage(error)}`;
    return { status: 'failed', summary, next: 'give it to your user, or choose another with --home' };
  }
}

async function checkDisk({ home }: OperationContext): Promise<Omit<Check, 'name'>> {
  const { bavail, bsize } = await statfs(home);
  const bytes = bavail * bsize;
  const summary = `${(bytes / 1_073_741_824).toFixed(1)} GiB free for ${home}`;
  if (bytes >= LOW_DISK_BYTES) return ok(summary);
  return {
    status: bytes < NO_DISK_BYTES ? 'failed' : 'warning',
    summary,
    next: 'free some disk space or choose another --home',
  };
}

async function checkDatabase(context: OperationContext): Promise<Omit<Check, 'name'>> {
  const { kind, where, version, pending, problems } = await context.databaseCare.check();
  const summary = `PostgreSQL ${version} at ${where}`;
  if (pending.length > 0) {
    const count = plural(pending.length, 'migration');
    return kind === 'embedded'
      ? ok(`${summary}; the first run applies ${count}`)
      : { status: 'warning', summary: `${summary}: ${count} pending`, next: 'cambium db migrate' };
  }
  const first = problems[0];
  if (first === undefined) return ok(summary);
  return {
    status: 'failed',
    summary: `${summary}: ${first.text}`,
    next: 'cambium db check lists every difference',
  };
}

async function checkProject(context: OperationContext): Promise<Omit<Check, 'name'>> {
  if (!(await context.git.isRepository(context.cwd))) {
    return ok(`${context.cwd} is not inside a git repository; nothing to detect`);
  }
  const place = await context.git.locate(context.cwd);
  const commit = await context.git.resolveCommit(place.topLevel, 'HEAD');
  const wish = { testCommand: context.settings.tests.command ?? undefined, directory: place.prefix };
  const profile = await detectAt(context.git, { repository: place.topLevel, commit }, wish);
  if (profile.primary === null) {
    const found = profile.languages.map((each) => each.name).join(', ') || 'no source files';
    return {
      status: 'warning',
      summary: `${place.topLevel}: ${found}`,
      next: `${supportedLanguages()} can be repaired`,
    };
  }
  if (profile.tests === null) {
    return {
      status: 'warning',
      summary: `${place.topLevel}: ${profile.primary}, no test command found`,
      next: 'cambium solve --test COMMAND',
    };
  }
  return ok(
    `${place.topLevel}: ${profile.primary}, ${profile.tests.runner} by \`${profile.tests.argv.join(' ')}\``,
  );
}

async function checkLeftovers(context: OperationContext, fix: boolean): Promise<Omit<Check, 'name'>> {
  const engine = await context.engine();
  // A living process keeps its own workspaces; those of unfinished runs are kept for whoever takes them over.
  const keep = new Set((await engine.list({ limit: 500 })).flatMap((run) => run.workspace ?? []));
  const options = { workspaces: context.workspaces, keep, clock: context.clock, log: context.log };
  const runs = fix ? await engine.reap() : [];
  const found = fix ? await reap(options) : await findLeftovers(options);
  // What lies in the system's own temporary directory harms nobody: it is removed, and no reason for a warning.
  const scratch =
    fix && found.scratch.length > 0
      ? `; ${plural(found.scratch.length, 'scratch directory', 'scratch directories')}`
      : '';
  const total = found.workspaces.length + found.groups.length + found.processes.length + runs.length;
  if (total === 0) return ok(scratch === '' ? 'none' : `removed${scratch.slice(1)}`);
  const parts = `${found.workspaces.length} workspaces, ${found.processes.length} processes, ${found.groups.length} control groups`;
  const ended = runs.length > 0 ? `; tidied up after ${runs.join(', ')}` : '';
  return fix
    ? ok(`removed: ${parts}${scratch}${ended}`)
    : { status: 'warning', summary: parts, next: 'cambium doctor --fix removes them' };
}
