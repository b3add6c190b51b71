// The probe at start: what it says here, what it says when something is missing, and that it never falls back silently.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIsolationProbe, probeIsolation } from '#sandbox/isolation.ts';
import { findGroupHost } from '../../src/sandbox/bwrap/control-group.ts';
import { seccompFilter } from '../../src/sandbox/bwrap/seccomp.ts';
import { clock, log, makeDirectory, RUNGS, remove, requireBubblewrap } from './support.ts';

let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => remove(directory));

test('R38: the strongest rung of this machine is found by a real self-test, with reasons in words', async () => {
  requireBubblewrap();
  const report = await probeIsolation({ request: 'auto', clock, log });
  expect(report.rung).toBe(RUNGS[0]);
  expect(report.rungs.map((entry) => entry.rung)).toEqual(['bwrap+cgroup', 'bwrap', 'none']);
  for (const { reason } of report.rungs) expect(reason.length).toBeGreaterThan(20);
});

test('R38, S25: without bubblewrap there is no rung but the one that must be asked for', async () => {
  const missing = { clock, log, bwrap: join(directory, 'bwrap') };
  const auto = await probeIsolation({ ...missing, request: 'auto' });
  expect(auto.rung).toBeNull();
  expect(auto.hint).toContain('apt-get install bubblewrap');
  expect(auto.rungs[1]).toMatchObject({ available: false, reason: expect.stringContaining('not installed') });
  expect((await probeIsolation({ ...missing, request: 'bwrap' })).rung).toBeNull();
  expect((await probeIsolation({ ...missing, request: 'none' })).rung).toBe('none');
});

test('R38: a bubblewrap that does not isolate fails the self-test', async () => {
  const fake = join(directory, 'bwrap');
  // Runs the command on the host, as a broken or replaced program would.
  writeFileSync(
    fake,
    '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift\necho \'{"exit-code": 0}\' >&9\nexec "$@"\n',
  );
  chmodSync(fake, 0o755);
  const report = await probeIsolation({ request: 'auto', clock, log, bwrap: fake });
  expect(report.rung).toBeNull();
  expect(report.rungs[1]?.reason).toMatch(/self-test of bubblewrap failed: uid is/);
});

test('R38: an old bubblewrap without --disable-userns is used with the filter alone, and this is said', async () => {
  const old = join(directory, 'bwrap');
  const script = `#!/usr/bin/python3
import os, sys
data = b''
while True:
    part = os.read(3, 65536)
    if not part: break
    data += part
words = data.split(b'\\0')
if b'--disable-userns' in words:
    sys.stderr.write('bwrap: Unknown option --disable-userns\\n'); sys.exit(1)
r, w = os.pipe()
os.write(w, data); os.close(w); os.dup2(r, 3)
os.execve('/usr/bin/bwrap', ['bwrap'] + sys.argv[1:], {})
`;
  writeFileSync(old, script);
  chmodSync(old, 0o755);
  const report = await probeIsolation({ request: 'bwrap', clock, log, bwrap: old });
  expect(report.rung).toBe('bwrap');
  expect(report.features).toEqual({ disableUserns: false, sizedTmpfs: true });
  expect(report.rungs[1]?.reason).toContain('filter alone');
});

test('R38: a report is made once for each request', async () => {
  const probe = createIsolationProbe({ clock, log });
  expect(await probe.probe('auto')).toBe(await probe.probe('auto'));
});

test('R38: control groups of version 2 that are not delegated are named as the reason', () => {
  writeFileSync(join(directory, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
  const mountInfo = `30 24 0:26 / ${directory} rw,nosuid - cgroup2 cgroup2 rw\n`;
  const none = findGroupHost({ clock, mountInfo: '', ownGroups: '' });
  expect(none).toMatchObject({ ok: false, error: expect.stringContaining('no version 2') });
  const empty = findGroupHost({
    clock,
    mountInfo: mountInfo.replace(directory, '/proc'),
    ownGroups: '0::/\n',
  });
  expect(empty).toMatchObject({ ok: false, error: expect.stringContaining('offers no memory, pids, cpu') });
  const found = findGroupHost({ clock, mountInfo, ownGroups: '0::/\n' });
  expect(found).toMatchObject({ ok: true, value: { kind: 'v2', directories: [join(directory, 'cambium')] } });
});

test('R38: the filter is whole instructions, ends by allowing, and jumps nowhere outside', () => {
  for (const arch of ['x64', 'arm64'] as const) {
    const filter = seccompFilter(arch);
    const count = filter.length / 8;
    expect(Number.isInteger(count)).toBe(true);
    for (let index = 0; index < count; index += 1) {
      const code = filter.readUInt16LE(index * 8);
      const isJump = (code & 0x07) === 0x05;
      const furthest = index + 1 + Math.max(filter.readUInt8(index * 8 + 2), filter.readUInt8(index * 8 + 3));
      if (isJump) expect(furthest).toBeLessThan(count);
    }
    expect(filter.readUInt32LE((count - 1) * 8 + 4)).toBe(0x7fff0000);
  }
});
