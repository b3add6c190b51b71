// Commands that are spoken to line by line, and the same interface without isolation.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IsolationRung } from '#contracts/command.ts';
import {
  eventually,
  makeDirectory,
  makeResults,
  makeTree,
  processesWith,
  RUNGS,
  remove,
  runScript,
  sandboxOn,
} from './support.ts';

const EVERY_RUNG: readonly IsolationRung[] = [...RUNGS, 'none'];

describe.each(EVERY_RUNG)('long-running commands on rung %s', (rung) => {
  const sandbox = sandboxOn(rung);
  let directory = '';
  let root = '';
  beforeEach(() => {
    directory = makeDirectory();
    root = makeTree(directory);
  });
  afterEach(() => remove(directory));
  const start = (script: string, limits = {}): ReturnType<typeof sandbox.start> =>
    sandbox.start({
      workspace: { root, mounts: [] },
      argv: ['bash', '-c', script],
      limits: { wallMs: 20_000, ...limits },
    });

  test('R38: lines go in and come out, and the end is reported', async () => {
    const echo = await start('while read -r line; do [ "$line" = stop ] && exit 3; echo "got $line"; done');
    echo.write('one');
    echo.write('two words');
    const lines: string[] = [];
    for await (const line of echo.lines) {
      lines.push(line);
      if (lines.length === 2) echo.write('stop');
    }
    expect(lines).toEqual(['got one', 'got two words']);
    expect(await echo.done).toMatchObject({ ending: 'exited', exitCode: 3, isolation: rung });
  });

  test('R38: wall time bounds the whole life, and kill ends it at once', async () => {
    const slow = await start('echo up; sleep 60', { wallMs: 500 });
    expect(await slow.done).toMatchObject({ ending: 'timed-out' });
    const killed = await start('echo up; sleep 60');
    for await (const line of killed.lines) {
      expect(line).toBe('up');
      killed.kill();
    }
    expect(await killed.done).toMatchObject({ ending: 'cancelled' });
    killed.write('too late');
  });

  test('R38: a line without an end is refused instead of kept', async () => {
    const flood = await start('head -c 3000000 /dev/zero | tr "\\0" x; sleep 60', { outputBytes: 1_000_000 });
    expect(await flood.done).toMatchObject({ ending: 'output-limit' });
  });

  test('R38: lines that nobody reads hold the writer back, and the end still comes', async () => {
    const flood = await start('yes line | head -n 3000000; echo done >&2; exit 0', { wallMs: 1_500 });
    expect(await flood.done).toMatchObject({ ending: 'timed-out' });
    const quick = await start('yes line | head -n 5000; exit 4');
    expect(await quick.done).toMatchObject({ ending: 'exited', exitCode: 4 });
  });

  test('R38: a program that is not there ends with 127', async () => {
    const missing = await sandbox.start({ workspace: { root, mounts: [] }, argv: ['no-such-program'] });
    expect(await missing.done).toMatchObject({ ending: 'exited', exitCode: 127 });
  });
});

describe('without isolation', () => {
  const sandbox = sandboxOn('none');
  let directory = '';
  let root = '';
  beforeEach(() => {
    directory = makeDirectory();
    root = makeTree(directory);
  });
  afterEach(() => remove(directory));

  test('R38: the environment is clean, paths are the host paths, dependencies are links', async () => {
    process.env['CAMBIUM_TEST_SECRET'] = 'hunter2-hunter2';
    const dependencies = join(directory, 'node_modules');
    mkdirSync(dependencies);
    writeFileSync(join(dependencies, 'x.js'), 'module.exports = 42');
    const results = makeResults(directory);
    const workspace = { root, mounts: [{ host: dependencies, inside: 'node_modules' }] };
    try {
      const script = `env; pwd; node -p "require('x')" > ${sandbox.resultsPath({ results })}/out`;
      const result = await sandbox.run({
        workspace,
        argv: ['bash', '-c', script],
        results,
        env: { EXTRA: 'yes' },
      });
      expect(result.stdout).not.toContain('hunter2');
      expect(result.stdout).toContain('EXTRA=yes');
      expect(result.stdout).toContain(root);
      expect(readFileSync(join(results, 'out'), 'utf8')).toBe('42\n');
      expect(sandbox.insidePath(workspace, 'a/b')).toBe(join(root, 'a/b'));
    } finally {
      delete process.env['CAMBIUM_TEST_SECRET'];
    }
  });

  test('R38: every command has an empty home of its own, gone afterwards', async () => {
    const script = 'ls -A "$HOME"; echo "$HOME"; echo evil > "$HOME/.npmrc"';
    const first = await runScript(sandbox, root, script);
    const second = await runScript(sandbox, root, script);
    expect(first.stdout.trim().split('\n')).toHaveLength(1);
    expect(second.stdout.trim().split('\n')).toHaveLength(1);
    expect(existsSync(first.stdout.trim())).toBe(false);
  });

  test('R38: the end of a command leaves those of another sandbox of this process alone', async () => {
    const begun = await sandbox.start({
      workspace: { root, mounts: [] },
      argv: ['bash', '-c', 'echo begun; read line; echo "$line"'],
    });
    const lines = begun.lines[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('begun');
    expect((await runScript(sandboxOn('none'), root, 'exit 3')).exitCode).toBe(3);
    begun.write('still here');
    expect((await lines.next()).value).toBe('still here');
    expect(await begun.done).toMatchObject({ ending: 'exited', exitCode: 0 });
  });

  test('R38: time, output and daemons are bounded', async () => {
    const mark = `87${process.pid % 10_000}.7`;
    const late = await runScript(sandbox, root, `setsid sleep ${mark} & touch begun; sleep 60`, {
      limits: { wallMs: 500 },
    });
    expect(late.ending).toBe('timed-out');
    expect(existsSync(join(root, 'begun'))).toBe(true);
    const quick = await runScript(sandbox, root, `setsid sleep ${mark} & exit 5`);
    expect(quick).toMatchObject({ ending: 'exited', exitCode: 5 });
    expect(await eventually(() => processesWith(`sleep ${mark}`).length === 0)).toBe(true);
    const flood = await runScript(sandbox, root, 'yes', { limits: { outputBytes: 100_000 } });
    expect(flood).toMatchObject({ ending: 'output-limit', isolation: 'none' });
    expect(flood.stdout).toHaveLength(100_000);
  });
});
