// Several terminals on one data directory: one solves, others watch, pause, take over and work beside it.
import { spawn } from 'node:child_process';
import { glob, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureEmbedded, stopEmbedded } from '#database/embedded.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { type CliHome, openCliHome } from '../support/cli.ts';
import { BROKEN_MAX, layOut } from '../support/repository.ts';

let cli: CliHome;

beforeAll(async () => {
  cli = await openCliHome();
});
afterAll(() => cli[Symbol.asyncDispose]());

async function newestRun(): Promise<string> {
  return JSON.parse((await cli.run(['run', 'list', '--limit', '1', '--json'])).stdout).runs[0].key;
}

/** Ends the PostgreSQL below `directory` as a crash would. */
async function crashServer(directory: string): Promise<void> {
  for await (const path of glob(join(directory, '**/postmaster.pid'))) {
    process.kill(Number((await readFile(path, 'utf8')).split('\n')[0]), 'SIGQUIT');
    return;
  }
  throw new Error(`no server of ${directory} runs`);
}

test('R5, R6: a pause from another terminal rests the run; what resume proves is written down', async () => {
  const path = await layOut(join(cli.scratch, 'paused'), BROKEN_MAX);
  const run = cli.start(['solve', path, '--json']);
  await run.said(/step=code/);
  const key = await newestRun();
  expect((await cli.run(['run', 'pause', key])).exit).toBe(0);
  const paused = await run.done;
  expect([paused.exit, JSON.parse(paused.stdout).outcome]).toEqual([5, 'paused']);
  const resumed = JSON.parse((await cli.run(['run', 'resume', key, '--json'])).stdout);
  expect(resumed.outcome).toBe('fixed');
  expect(JSON.parse(await readFile(resumed.certificate.path, 'utf8')).digest).toBe(
    resumed.certificate.digest,
  );
});

test('R5: the own database is started again under a run when it crashes, and nothing is lost', async () => {
  const path = await layOut(join(cli.scratch, 'bereft'), BROKEN_MAX);
  const run = cli.start(['solve', path, '--review', '--json']);
  await run.said(/step=code/);
  await crashServer(cli.home);
  const ended = await run.done;
  expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'waiting-human', attempts: 1 });
  expect(ended.exit).toBe(5);
});

test('R5: when the server of others goes away, the message names the command that goes on, and it does', async () => {
  const clock = createSystemClock();
  const home = join(cli.scratch, 'server');
  const { socketDirectory } = await ensureEmbedded({ home, clock, idleStopSeconds: 90 });
  try {
    const url = `postgres://cambium@${encodeURIComponent(socketDirectory)}:5432/postgres`;
    const env = { DATABASE_URL: url };
    const path = await layOut(join(cli.scratch, 'forsaken'), BROKEN_MAX);
    const run = cli.start(['solve', path, '--review', '--json'], { env });
    await run.said(/step=code/);
    await crashServer(home);
    const ended = await run.done;
    const { error } = JSON.parse(ended.stdout);
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', details: { run: 'RUN-1' } });
    expect(error.next).toContain('then cambium run resume RUN-1');
    expect(ended.exit).toBe(9);
    await ensureEmbedded({ home, clock, idleStopSeconds: 90 });
    const resumed = await cli.run(['run', 'resume', 'RUN-1', '--json'], { env });
    expect(JSON.parse(resumed.stdout).outcome).toBe('waiting-human');
  } finally {
    await stopEmbedded({ home, clock });
  }
});

test('a run is watched from another terminal until it waits for a person, and the status says so', async () => {
  const path = await layOut(join(cli.scratch, 'watched'), BROKEN_MAX);
  const run = cli.start(['solve', path, '--review', '--json']);
  await run.said(/step=code/);
  const key = await newestRun();
  const watched = await cli.run(['run', 'watch', key]);
  expect(watched.stderr).toContain('step=review');
  expect(watched.exit).toBe(5);
  expect((await run.done).exit).toBe(5);
  const approved = JSON.parse((await cli.run(['run', 'approve', key, '--json'])).stdout);
  expect(JSON.parse(await readFile(approved.certificate.path, 'utf8')).body.verdict).toBe('passed');
  expect((await cli.run(['run', 'watch', key, '--quiet'])).exit).toBe(0);
  await rename(path, `${path}-moved`);
  const lost = await cli.run(['verify', approved.ticket]);
  expect(lost.exit).toBe(2);
  expect(lost.stderr).toContain(`is no longer at ${path}\n`);
  expect((await cli.run(['verify', approved.ticket, '--repository', `${path}-moved`])).exit).toBe(0);
});

test('solve beside a worker: whoever is faster does the run, and solve tells how it ended', async () => {
  const worker = cli.start(['worker', '--log-level', 'info']);
  try {
    await worker.said(/waiting for runs/);
    const path = await layOut(join(cli.scratch, 'raced'), BROKEN_MAX);
    const solved = await cli.run(['solve', path, '--json']);
    expect(JSON.parse(solved.stdout)).toMatchObject({ outcome: 'fixed' });
    expect(solved.exit).toBe(0);
  } finally {
    worker.child.kill('SIGTERM');
  }
  const stopped = await worker.done;
  expect(stopped.exit).toBe(143);
  expect(stopped.stderr).not.toContain('failed');
  expect(stopped.stderr).not.toContain('lost');
});

test('R6: when nobody reads the output any more, the run is paused and not lost', async () => {
  const path = await layOut(join(cli.scratch, 'unread'), BROKEN_MAX);
  const run = cli.start(['solve', path, '--jsonl']);
  run.child.stdout?.once('data', () => run.child.stdout?.destroy());
  expect((await run.done).exit).toBe(141);
  const [listed] = JSON.parse((await cli.run(['run', 'list', '--limit', '1', '--json'])).stdout).runs;
  expect(listed.status).toBe('paused');
});

test('a result that cannot be written is one message and a failure', async () => {
  const launcher = join(import.meta.dirname, '../../bin/cambium.js');
  const shell = spawn('sh', ['-c', '"$0" "$1" config show > /dev/full', process.execPath, launcher]);
  let said = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exit = await new Promise((resolve) => shell.once('close', resolve));
  expect(said).toMatch(/^error: standard output cannot be written: ENOSPC[^\n]*\nnext: [^\n]*\n$/);
  expect(exit).toBe(1);
});
