// What foreign code cannot see, reach or change. Each test is an attack that worked at some time against some set-up.

import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  makeDirectory,
  makeResults,
  makeTree,
  RUNGS,
  remove,
  runScript,
  sandboxOn,
  user,
} from './support.ts';

describe.each(RUNGS)('containment on rung %s', (rung) => {
  const sandbox = sandboxOn(rung);
  let directory = '';
  let root = '';
  beforeEach(() => {
    directory = makeDirectory();
    root = makeTree(directory);
  });
  afterEach(() => remove(directory));
  const run = (script: string): ReturnType<typeof runScript> => runScript(sandbox, root, script);

  test('R38: commands run as an unprivileged identity, inside and on the host', async () => {
    const result = await run('id -u; id -G; touch made; grep ^Cap /proc/self/status');
    expect(result).toMatchObject({ ending: 'exited', exitCode: 0, isolation: rung });
    const [uid, groups, ...capabilities] = result.stdout.trim().split('\n');
    expect(uid).toBe('1000');
    expect(groups).toBe('1000');
    for (const line of capabilities) expect(line).toMatch(/^Cap\w+:\s+0+$/);
    expect(statSync(join(root, 'made')).uid).toBe(user.uid);
    expect(user.uid).not.toBe(0);
  });

  test('R38: nothing below /proc/sys or elsewhere in /proc can be opened for writing', async () => {
    const script = `find /proc/sys -type f 2>/dev/null | while read -r f; do if ( : >> "$f" ) 2>/dev/null; then echo "$f"; fi; done
      for f in /proc/mtrr /proc/sysrq-trigger /proc/kcore /proc/irq/default_smp_affinity; do if ( : >> "$f" ) 2>/dev/null; then echo "$f"; fi; done
      find /proc/sys -type f 2>/dev/null | wc -l`;
    const lines = (await run(script)).stdout.trim().split('\n');
    expect(Number(lines.at(-1))).toBeGreaterThan(100);
    expect(lines.slice(0, -1)).toEqual([]);
  });

  test('R38: the root, system and device directories are read-only, also after an attempt to remount', async () => {
    const script = `mount -o remount,rw,bind /usr 2>/dev/null; mount -o remount,rw / 2>/dev/null
      for d in / /usr /etc /opt /dev /proc /usr/bin /opt/node/bin /bin /lib /home /root /var; do if ( : > $d/probe-write ) 2>/dev/null; then echo "writable $d"; fi; done`;
    expect((await run(script)).stdout).toBe('');
    expect(existsSync('/usr/probe-write')).toBe(false);
  });

  test("R38: home directories, other data and other people's files are not there", async () => {
    const secret = join(directory, 'secret.txt');
    writeFileSync(secret, 'do not read');
    const result = await run(
      `cat ${secret} /etc/shadow 2>&1; ls /root /home /var /tmp /mnt /srv 2>/dev/null`,
    );
    expect(result.stdout).not.toContain('do not read');
    expect(result.stdout).not.toContain('root:');
    expect(result.stdout).toContain('No such file');
  });

  test('R38: the host environment is hidden, also in /proc/1, and host paths are not in command lines', async () => {
    process.env['CAMBIUM_TEST_SECRET'] = 'hunter2-hunter2';
    try {
      const result = await run(
        'env; for p in /proc/[0-9]*; do cat $p/environ $p/cmdline 2>/dev/null | tr "\\0" "\\n"; done',
      );
      expect(result.stdout).not.toContain('hunter2');
      expect(result.stdout).not.toContain(directory);
      expect(result.stdout).toContain('HOME=/tmp/home');
    } finally {
      delete process.env['CAMBIUM_TEST_SECRET'];
    }
  });

  test('R38: other processes of the host are not visible', async () => {
    const result = await run(`ls -d /proc/[0-9]* | wc -l; kill -0 ${process.pid} 2>&1`);
    expect(Number(result.stdout.split('\n')[0])).toBeLessThan(12);
    expect(result.exitCode).not.toBe(0);
  });

  test('R38: no network: only an own loopback, no host port, no abstract socket, no route', async () => {
    const tcp = createServer((socket) => socket.end('host'));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const abstractName = `cambium-test-${process.pid}`;
    const abstract = createServer((socket) => socket.end('host'));
    await new Promise<void>((resolve) => abstract.listen(`\0${abstractName}`, resolve));
    const address = tcp.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      const script = `cat > try.py <<'PY'
import socket
def attempt(name, family, address):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(2)
    try:
        s.connect(address); print(name, 'connected')
    except OSError as e:
        print(name, 'refused')
attempt('tcp', socket.AF_INET, ('127.0.0.1', ${port}))
attempt('internet', socket.AF_INET, ('1.1.1.1', 53))
attempt('abstract', socket.AF_UNIX, '\\0${abstractName}')
PY
/usr/bin/python3 try.py; tail -n +3 /proc/net/dev | cut -d: -f1; tail -n +2 /proc/net/route`;
      const result = await run(script);
      expect(result.stdout.trim().split(/\s*\n\s*/)).toEqual([
        'tcp refused',
        'internet refused',
        'abstract refused',
        'lo',
      ]);
    } finally {
      tcp.close();
      abstract.close();
    }
  });

  test('R38: a server inside is reachable on the own loopback by name', async () => {
    const script = `node -e "const s=require('http').createServer((q,r)=>r.end('inside')).listen(0,'localhost',()=>fetch('http://localhost:'+s.address().port).then(r=>r.text()).then(t=>{console.log(t);s.close()}))"`;
    expect((await run(script)).stdout.trim()).toBe('inside');
  });

  test('R38: nested name spaces, key rings, tracing interfaces and raw sockets are refused', async () => {
    const script = `cat > try.py <<'PY'
import ctypes, os, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
x64 = platform.machine() == 'x86_64'
calls = {
  'keyctl': (250 if x64 else 219, 0, -3, 1), 'add_key': (248 if x64 else 217, b'user', b'n', b'v', 1, -3),
  'bpf': (321 if x64 else 280, 0, 0, 0), 'perf_event_open': (298 if x64 else 241, 0, 0, -1, -1, 0),
  'userfaultfd': (323 if x64 else 282, 0), 'unshare': (272 if x64 else 97, 0x10000000), 'setns': (308 if x64 else 268, 0, 0),
  'mount': (165 if x64 else 40, b'none', b'/tmp', b'tmpfs', 0, 0), 'io_uring_setup': (425, 1, 0), 'clone3': (435, 0, 0),
  'process_vm_readv': (310 if x64 else 270, 1, 0, 0, 0, 0, 0), 'clone_newuser': (56 if x64 else 220, 0x10000011, 0, 0, 0, 0),
}
for name, arguments in calls.items():
    ctypes.set_errno(0)
    value = libc.syscall(*arguments)
    if name == 'clone_newuser' and value == 0: os._exit(0)
    print(name, value, ctypes.get_errno())
for family in (17, 38, 40):
    try:
        socket.socket(family, socket.SOCK_RAW if family == 17 else socket.SOCK_STREAM); print('family', family, 'made')
    except OSError as e:
        print('family', family, e.errno)
import fcntl, termios
try:
    fcntl.ioctl(0, termios.TIOCSTI, b'x'); print('tiocsti done')
except OSError as e:
    print('tiocsti', e.errno)
PY
/usr/bin/python3 try.py; unshare --user true 2>/dev/null && echo nested; true`;
    const { stdout } = await run(script);
    const refused = (names: string[], errno: number): string[] => names.map((name) => `${name} -1 ${errno}`);
    const eperm = [
      'keyctl',
      'add_key',
      'bpf',
      'perf_event_open',
      'userfaultfd',
      'unshare',
      'setns',
      'mount',
      'process_vm_readv',
      'clone_newuser',
    ];
    const lines = stdout.trim().split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        ...refused(eperm, 1),
        ...refused(['io_uring_setup', 'clone3'], 38),
        'family 17 97',
        'family 38 97',
        'family 40 97',
        'tiocsti 1',
      ]),
    );
    expect(lines).toHaveLength(16);
  });

  test('R38: only the standard descriptors reach the command, others are the null device', async () => {
    const script = `/usr/bin/python3 -c "
import os
for n in range(3, 4096):
    try: print(n, os.readlink('/proc/self/fd/%d' % n))
    except OSError: pass"`;
    const { stdout, exitCode } = await run(script);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter((line) => line !== '' && !line.endsWith(' /dev/null'))).toEqual([]);
  });

  test('R37: a hard link out of the tree cannot be made, a symbolic one leads nowhere', async () => {
    const secret = join(directory, 'secret.txt');
    writeFileSync(secret, 'do not read', { mode: 0o644 });
    const result = await run(
      `ln -s ${secret} soft; cat soft 2>&1; ln /etc/passwd hard 2>&1; ln /usr/bin/env hard 2>&1; ln /opt/node/bin/node hard 2>&1; ls`,
    );
    expect(result.stdout).not.toContain('do not read');
    expect(result.stdout).toContain('soft');
    expect(existsSync(join(root, 'hard'))).toBe(false);
  });

  test("R37: a link in the tree's place for .git is refused instead of shown", async () => {
    const secret = join(directory, 'secret.txt');
    writeFileSync(secret, 'do not read');
    symlinkSync(secret, join(root, '.git'));
    await expect(run('cat .git')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  });

  test('R37: dependencies are not mounted through a link that foreign code put in their place', async () => {
    const dependencies = join(directory, 'node_modules');
    mkdirSync(dependencies);
    writeFileSync(join(dependencies, 'x.js'), '1');
    await run('mkdir -p packages && ln -s /tmp packages/a');
    const workspace = { root, mounts: [{ host: dependencies, inside: 'packages/a/node_modules' }] };
    const result = await sandbox.run({ workspace, argv: ['ls', '/tmp'] });
    expect(result.stdout.trim()).toBe('home');
  });

  test('R38: dependencies, Node and further mounts are readable and read-only; results are writable', async () => {
    const dependencies = join(directory, 'node_modules');
    mkdirSync(join(dependencies, '.bin'), { recursive: true });
    writeFileSync(join(dependencies, 'x.js'), 'module.exports = 42');
    const results = makeResults(directory);
    const result = await sandbox.run({
      workspace: { root, mounts: [{ host: dependencies, inside: 'node_modules' }] },
      readOnly: [{ host: dependencies, inside: '/extra/tools' }],
      results,
      argv: [
        'bash',
        '-c',
        `node -p "require('x')" > /results/out; cat /extra/tools/x.js; echo $PATH; for d in node_modules /extra/tools; do ( : > $d/w ) 2>&1; done`,
      ],
    });
    expect(readFileSync(join(results, 'out'), 'utf8')).toBe('42\n');
    expect(result.stdout).toContain('module.exports');
    expect(result.stdout).toContain('/opt/node/bin:/workspace/node_modules/.bin:');
    expect(result.stdout.match(/Read-only file system/g)).toHaveLength(2);
    expect(sandbox.resultsPath({ results })).toBe('/results');
    expect(sandbox.insidePath({ root, mounts: [] }, 'a/b')).toBe('/workspace/a/b');
    expect(() => sandbox.insidePath({ root, mounts: [] }, '../b')).toThrow(
      expect.objectContaining({ code: 'PATH_ESCAPE' }),
    );
  });

  test.each([
    ['are there', true],
    ['are not there', false],
  ])(
    'R38: beside Vite its scratch folders can be written, the dependencies cannot; on the host they %s',
    async (_, made) => {
      const dependencies = join(directory, 'node_modules');
      for (const name of ['vite', '@scope/one', ...(made ? ['.vite', '.vite-temp'] : [])])
        mkdirSync(join(dependencies, name), { recursive: true });
      writeFileSync(join(dependencies, 'vite', 'index.js'), 'module.exports = 42');
      symlinkSync('vite', join(dependencies, 'linked'));
      const script = `const fs = require('fs');
      for (const name of ['.vite-temp', '.vite/deep']) fs.mkdirSync('node_modules/' + name, { recursive: true });
      fs.writeFileSync('node_modules/.vite-temp/config.cjs', 'module.exports = 1');
      const refused = (path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
      const paths = ['node_modules/w', 'node_modules/vite/w', 'node_modules/linked/w', 'node_modules/@scope/w'];
      console.log(require('vite') + require('linked') + require('./node_modules/.vite-temp/config.cjs'), ...paths.map(refused));`;
      const workspace = { root, mounts: [{ host: dependencies, inside: 'node_modules' }] };
      const result = await sandbox.run({ workspace, argv: ['node', '-e', script] });
      expect(`${result.stdout}${result.stderr}`.trim()).toBe('85 EROFS EROFS EROFS EROFS');
      expect(existsSync(join(dependencies, '.vite-temp', 'config.cjs'))).toBe(false);
    },
  );

  test('R38: beside Vite, packages of the workspace are reached through the links in its dependencies', async () => {
    const dependencies = join(root, 'node_modules');
    for (const name of ['node_modules/vite', 'node_modules/@own', 'packages/core', 'packages/tools'])
      mkdirSync(join(root, name), { recursive: true });
    for (const name of ['core', 'tools'])
      writeFileSync(join(root, 'packages', name, 'index.js'), `module.exports = '${name}'`);
    symlinkSync('../packages/core', join(dependencies, 'core'));
    symlinkSync('../../packages/tools', join(dependencies, '@own', 'tools'));
    const workspace = { root, mounts: [{ host: dependencies, inside: 'node_modules' }] };
    const script = `console.log(require('core'), require('@own/tools'), require.resolve('core'))`;
    const result = await sandbox.run({ workspace, argv: ['node', '-e', script] });
    expect(`${result.stdout}${result.stderr}`.trim()).toBe('core tools /workspace/packages/core/index.js');
  });

  test('R38: set-user-id files made inside never belong to the host administrator', async () => {
    await run('cp /usr/bin/id mine; chmod 4755 mine');
    expect(lstatSync(join(root, 'mine')).uid).not.toBe(0);
    expect(() => linkSync(join(root, 'mine'), join(directory, 'kept'))).not.toThrow();
  });

  test('R38: a tree below a directory that only its owner may enter works, under root by a private mount', async () => {
    chmodSync(directory, 0o700);
    const result = await run('echo made > file; cat file; ls -A /');
    expect(result.stdout).toContain('made');
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('made\n');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('cambium-stage');
  });
});
