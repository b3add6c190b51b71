// Bounds on foreign commands: time, memory, processes, output, files, and nothing that outlives its command.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  clock,
  eventually,
  makeDirectory,
  makeTree,
  processesWith,
  RUNGS,
  remove,
  runScript,
  sandboxOn,
} from './support.ts';

const MIB = 1024 * 1024;

describe.each(RUNGS)('limits on rung %s', (rung) => {
  const sandbox = sandboxOn(rung);
  let directory = '';
  let root = '';
  beforeEach(() => {
    directory = makeDirectory();
    root = makeTree(directory);
  });
  afterEach(() => remove(directory));
  const run: (script: string, more?: Parameters<typeof runScript>[3]) => ReturnType<typeof runScript> = (
    script,
    more,
  ) => runScript(sandbox, root, script, more);

  test('R38: exit codes, signals and both streams come back as they were', async () => {
    expect(await run('echo out; echo err >&2; cat; exit 7', { stdin: 'typed' })).toMatchObject({
      ending: 'exited',
      exitCode: 7,
      signal: null,
      stdout: 'out\ntyped',
      stderr: 'err\n',
    });
    expect(await run('kill -SEGV $$')).toMatchObject({
      ending: 'signalled',
      exitCode: null,
      signal: 'SIGSEGV',
    });
    expect(await sandbox.run({ workspace: { root, mounts: [] }, argv: ['no-such-program'] })).toMatchObject({
      ending: 'exited',
      exitCode: 127,
    });
  });

  test('R38: a hanging command ends at its wall time, with what it had said', async () => {
    const result = await run('echo begun; trap "" TERM INT HUP; sleep 60', { limits: { wallMs: 400 } });
    expect(result).toMatchObject({ ending: 'timed-out', exitCode: null, stdout: 'begun\n' });
    expect(result.durationMs).toBeGreaterThanOrEqual(390);
    expect(result.durationMs).toBeLessThan(5_000);
  });

  test('R38: a request to stop ends the command', async () => {
    const stopping = new AbortController();
    const running = runScript2(stopping.signal);
    await eventually(() => readdirSync(root).includes('begun'));
    stopping.abort();
    expect(await running).toMatchObject({ ending: 'cancelled', exitCode: null });
    expect(await runScript2(AbortSignal.abort())).toMatchObject({ ending: 'cancelled' });
  });
  const runScript2 = (signal: AbortSignal): ReturnType<typeof runScript> =>
    sandbox.run(
      {
        workspace: { root, mounts: [] },
        argv: ['bash', '-c', 'touch begun; sleep 60'],
        limits: { wallMs: 30_000 },
      },
      signal,
    );

  test.each([
    ['after a normal exit', 'exit 0', 20_000],
    ['after a time-out', 'sleep 60', 600],
  ])('R38: daemons by setsid and double fork are gone %s', async (_when, last, wallMs) => {
    const mark = `86${process.pid % 10_000}.${rung.length}${wallMs}`;
    const script = `setsid sleep ${mark} & (setsid bash -c "trap '' TERM; sleep ${mark}" &) ; nohup sleep ${mark} >/dev/null 2>&1 & touch begun; ${last}`;
    await run(script, { limits: { wallMs } });
    expect(readdirSync(root)).toContain('begun');
    expect(await eventually(() => processesWith(`sleep ${mark}`).length === 0)).toBe(true);
  });

  test('R38: a flood of output is cut at its bound and the command ended', async () => {
    const result = await run('yes flood', { limits: { outputBytes: MIB } });
    expect(result.ending).toBe('output-limit');
    expect(result.stdout).toHaveLength(MIB);
    const errors = await run('yes flood >&2', { limits: { outputBytes: MIB } });
    expect(errors.ending).toBe('output-limit');
    expect(errors.stderr).toHaveLength(MIB);
  });

  test('R38: five megabytes on one line, control characters and broken UTF-8 come through', async () => {
    const result = await run(`head -c 5000000 /dev/zero | tr '\\0' x; printf '\\033[31m\\377\\376'`);
    expect(result.ending).toBe('exited');
    expect(result.stdout.startsWith('xxx')).toBe(true);
    expect(result.stdout).toHaveLength(5_000_000 + 5 + 2);
    expect(result.stdout.endsWith('\u001b[31m\ufffd\ufffd')).toBe(true);
  });

  test('R38: a memory hog is ended and named', async () => {
    const hog = 'chunks = []\nwhile True: chunks.append(bytearray(b"x" * 8388608))';
    const result = await run(`exec /usr/bin/python3 -c '${hog}'`, { limits: { memoryBytes: 200 * MIB } });
    expect(result.ending).toBe('out-of-memory');
  });

  test('R38: memory shared out over several processes counts together', async () => {
    const hog = 'import time\nkeep = bytearray(b"x" * 83886080)\ntime.sleep(20)';
    const script = `for i in 1 2 3 4; do /usr/bin/python3 -c '${hog}' & done; wait -n; exit 1`;
    const result = await run(script, { limits: { memoryBytes: 200 * MIB } });
    expect(result.ending).toBe('out-of-memory');
    expect(result.durationMs).toBeLessThan(15_000);
  });

  test('R38: Node has room for its work under the usual limit', async () => {
    const script =
      'node -e "const b=[];for(let i=0;i<60;i++)b.push(Buffer.alloc(10*1024*1024,1));console.log(b.length)"';
    expect((await run(script)).stdout).toBe('60\n');
  });

  test('R38: a fork bomb is held at the number of processes', async () => {
    const bomb = `import os, time
made = 0
for i in range(600):
    try:
        if os.fork() == 0:
            time.sleep(20); os._exit(0)
        made += 1
    except OSError:
        break
print(made, flush=True); os._exit(0)`;
    const result = await run(`/usr/bin/python3 -c '${bomb}'`, { limits: { processes: 64 } });
    const made = Number(result.stdout);
    expect(made).toBeGreaterThan(20);
    expect(made).toBeLessThanOrEqual(64);
  });

  test('R38: a file, /tmp and shared memory cannot grow beyond their bounds', async () => {
    const script = `head -c 50000000 /dev/zero > big 2>/dev/null; dd if=/dev/zero of=/tmp/fill bs=1M count=400 2>&1 | grep -c 'No space'; dd if=/dev/zero of=/dev/shm/fill bs=1M count=100 2>&1 | grep -c 'No space'`;
    const result = await run(`trap '' XFSZ; ${script}`, { limits: { fileBytes: 10_000_000 } });
    expect(statSync(join(root, 'big')).size).toBe(10_000_000);
    expect(result.stdout).not.toContain('2');
    const sized = await run(script);
    expect(sized.stdout).toBe('1\n1\n');
  });

  test('R38: a crash leaves no core file', async () => {
    await run('ulimit -c unlimited 2>/dev/null; sleep 5 & kill -ABRT $!; wait');
    expect(readdirSync(root)).toEqual([]);
  });

  const testWithGroups = rung === 'bwrap+cgroup' ? test : null;
  testWithGroups?.('R38: four busy processes share the processor time that they were given', async () => {
    const burn = 'import time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass';
    const script = `for i in 1 2 3 4; do /usr/bin/python3 -c '${burn}' & done; wait; cat /proc/self/cgroup >/dev/null; times`;
    const startedMs = clock.monotonicMs();
    const result = await run(script, { limits: { cpus: 0.5 } });
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    const children = result.stdout.trim().split('\n').at(-1) ?? '';
    const used = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
      0,
    );
    expect(used).toBeGreaterThan(0.3);
    expect(used / seconds).toBeLessThan(0.65);
  });

  test('R38: control groups and processes are gone after the command', async () => {
    const before = groupNames();
    await run('sleep 300 & sleep 300 & exit 0');
    expect(groupNames().filter((name) => name.startsWith(`${process.pid}-`))).toEqual(
      before.filter((name) => name.startsWith(`${process.pid}-`)),
    );
  });
});

function groupNames(): string[] {
  try {
    return readdirSync('/sys/fs/cgroup/memory/cambium', { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
