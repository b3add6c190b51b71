// Leftovers of killed processes: nothing foreign runs on, and what is left is found and removed.
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findLeftovers, reap } from '#sandbox/reap.ts';
import { makeScratch } from '#sandbox/scratch.ts';
import {
  clock,
  eventually,
  log,
  makeDirectory,
  makeRepository,
  makeTree,
  processesWith,
  RUNGS,
  remove,
  workspacesAt,
} from './support.ts';

let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => remove(directory));

/** A process of its own that runs `sleep` in a sandbox until it is killed without a chance to clean up. */
async function killedOwner(rung: string, mark: string, processes = 2): Promise<void> {
  const root = makeTree(directory);
  const script = `
    const { createSandbox } = await import('#sandbox/runner.ts');
    const { createSystemClock } = await import('#foundation/clock.ts');
    const { createLog } = await import('#foundation/log.ts');
    const sandbox = createSandbox({ rung: '${rung}', clock: createSystemClock(), log: createLog({ level: 'silent' }) });
    await sandbox.run({ workspace: { root: ${JSON.stringify(root)}, mounts: [] }, argv: ['bash', '-c', 'setsid sleep ${mark} & sleep ${mark}'] });`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: process.cwd(),
    stdio: 'ignore',
  });
  expect(await eventually(() => processesWith(`sleep ${mark}`).length >= processes)).toBe(true);
  owner.kill('SIGKILL');
  await new Promise((resolve) => owner.once('exit', resolve));
}

const options = (keep: string[] = []): Parameters<typeof reap>[0] => ({
  workspaces: workspacesAt(join(directory, 'home')),
  keep: new Set(keep),
  clock,
  log,
});

test.each(RUNGS)(
  'R38: on rung %s a killed Cambium takes its commands along, and its control groups are reaped',
  async (rung) => {
    const mark = `88${process.pid % 10_000}.${rung.length}`;
    await killedOwner(rung, mark);
    // One that was killed while bubblewrap set up may wait for ever, without having run anything: reaped as well.
    const gone = await reap(options());
    expect(await eventually(() => processesWith(`sleep ${mark}`).length === 0)).toBe(true);
    expect((await findLeftovers(options())).groups).toEqual([]);
    expect(gone.processes.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([]);
  },
);

test('R38: without isolation, commands of a killed Cambium are found by their marker and ended', async () => {
  const mark = `89${process.pid % 10_000}.1`;
  await killedOwner('none', mark);
  const running = processesWith(`sleep ${mark}`).filter((pid) => existsSync(`/proc/${pid}`));
  expect(running.length).toBeGreaterThan(0);
  const gone = await reap(options());
  expect(gone.processes).toEqual(expect.arrayContaining(running));
  expect(await eventually(() => processesWith(`sleep ${mark}`).length === 0)).toBe(true);
});

test('R38: workspaces of dead owners that no run needs are removed, others stay', async () => {
  const repository = makeRepository(directory, { a: '1' });
  const { workspaces } = options();
  for (const name of ['in-use', 'needed', 'orphan'])
    await workspaces.prepare({ repository, commit: 'HEAD', name });
  for (const name of ['needed', 'orphan']) disown(join(directory, 'home/worktrees', name, 'workspace.json'));
  mkdirSync(join(directory, 'home/worktrees/.new-half-1-1/tree'), { recursive: true });
  mkdirSync(join(directory, `home/worktrees/.new-now-${process.pid}-${ownStart()}`));
  expect((await findLeftovers(options(['needed']))).workspaces).toEqual(['.new-half-1-1', 'orphan']);
  expect((await reap(options(['needed']))).workspaces).toEqual(['.new-half-1-1', 'orphan']);
  expect(readdirSync(join(directory, 'home/worktrees')).filter((name) => !name.startsWith('.'))).toEqual([
    'in-use',
    'needed',
  ]);
  expect(readdirSync(join(directory, 'home/worktrees'))).toHaveLength(3);
});

test('R38: scratch directories of dead owners are removed, with whatever lies in them; those of the living and links stay', async () => {
  const dead = join(tmpdir(), `cambium-results-1-1-${Date.now().toString(36).slice(-6)}`);
  const link = join(tmpdir(), `cambium-home-1-1-${Date.now().toString(36).slice(-6)}`);
  const alive = makeScratch('results');
  mkdirSync(join(dead, 'deep/er'), { recursive: true });
  writeFileSync(join(dead, 'deep/er/report.json'), '{}');
  symlinkSync(directory, link);
  try {
    expect((await findLeftovers(options())).scratch).toContain(dead);
    const gone = await reap(options());
    expect(gone.scratch).toContain(dead);
    expect(existsSync(dead)).toBe(false);
    expect([existsSync(alive), existsSync(directory)]).toEqual([true, true]);
    expect(gone.scratch).not.toContain(link);
  } finally {
    unlinkSync(link);
    rmdirSync(alive);
  }
});

const memoryGroups = '/sys/fs/cgroup/memory/cambium';
const testWithGroups = RUNGS.includes('bwrap+cgroup') && existsSync(memoryGroups) ? test : null;
testWithGroups?.('R38: a control group of a dead owner goes, one of a living owner stays', async () => {
  const dead = join(memoryGroups, '1-1-1');
  const alive = join(memoryGroups, `${process.pid}-${ownStart()}-999`);
  for (const path of [dead, alive]) mkdirSync(path);
  try {
    expect((await reap(options())).groups).toContain(dead);
    expect(existsSync(dead)).toBe(false);
    expect(existsSync(alive)).toBe(true);
  } finally {
    rmdirSync(alive);
  }
});

/** Makes a workspace look as if its maker had been killed. */
function disown(record: string): void {
  const value = JSON.parse(readFileSync(record, 'utf8'));
  writeFileSync(record, JSON.stringify({ ...value, owner: '1-1' }));
}

function ownStart(): string {
  const stat = execFileSync('cat', [`/proc/${process.pid}/stat`], { encoding: 'utf8' });
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
