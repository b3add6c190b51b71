// The launcher under a Node that is too old: the bundled one takes over, with the same output, status and end.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '../../bin/cambium.js');
const OLD_NODE =
  'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"});' +
  'Object.defineProperty(process,"version",{value:"v20.1.0"});';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `before` is run in the old Node, in front of the launcher. */
function launch(args: readonly string[], before = ''): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', `${OLD_NODE}${before}`, LAUNCHER, ...args]);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, ...said }));
  });
}

test('the bundled Node runs the command, and its status is passed on', async () => {
  const version = await launch(['--version']);
  expect(version.status).toBe(0);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { status, stderr } = await launch(['slove']);
  expect(status).toBe(2);
  expect(stderr).toContain('Did you mean solve');
});

test('what ends the bundled Node is told as a shell tells it', async () => {
  const ownEnd = 'data:text/javascript,process.kill(process.pid,9)';
  const forTheChild = `process.env.NODE_OPTIONS='--import=${ownEnd}';`;
  expect((await launch(['--version'], forTheChild)).status).toBe(128 + 9);
});
