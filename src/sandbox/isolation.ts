// Which isolation works on this machine: a real self-test at start, with reasons in words for `doctor`.

import { existsSync, readFileSync } from 'node:fs';
import { chmod, lchown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { IsolationRung } from '#contracts/command.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import { findGroupHost } from './bwrap/control-group.ts';
import { ALL_FEATURES, BWRAP, type BwrapFeatures } from './features.ts';
import { createSandbox, type Sandbox } from './runner.ts';
import { makeScratch } from './scratch.ts';
import { type SandboxUser, sandboxUser } from './user.ts';

export type { BwrapFeatures };

export interface IsolationReport {
  /** The rung to use; null when none fits the request. */
  readonly rung: IsolationRung | null;
  /** Every rung, strongest first, with the reason in words. */
  readonly rungs: readonly {
    readonly rung: IsolationRung;
    readonly available: boolean;
    readonly reason: string;
  }[];
  /** What to install or change to get a stronger rung; null when the strongest works. */
  readonly hint: string | null;
  readonly features: BwrapFeatures;
}

export interface ProbeOptions {
  /** `auto`: the strongest that works, never `none`. */
  readonly request: 'auto' | IsolationRung;
  readonly clock: Clock;
  readonly log: Log;
  /** Whom commands run as; by default as `sandboxUser()` says. */
  readonly user?: SandboxUser;
  /** Path of bubblewrap; `/usr/bin/bwrap` by default. */
  readonly bwrap?: string;
}

/** Runs the self-test of every rung. Never throws for a missing rung: `rung` is null then. */
export async function probeIsolation(options: ProbeOptions): Promise<IsolationReport> {
  const bwrap = options.bwrap ?? BWRAP;
  const place = await makeTestPlace(options.user ?? sandboxUser());
  try {
    const plain = await testBwrap(options, bwrap, place);
    const features = plain.ok ? plain.value : ALL_FEATURES;
    const grouped = plain.ok ? await testGroups(options, features, place) : plain;
    const rungs = [
      {
        rung: 'bwrap+cgroup' as const,
        available: grouped.ok,
        reason: grouped.ok ? grouped.value : grouped.error,
      },
      {
        rung: 'bwrap' as const,
        available: plain.ok,
        reason: plain.ok ? describe(features, options.user ?? sandboxUser()) : plain.error,
      },
      { rung: 'none' as const, available: true, reason: 'no isolation at all; only by explicit consent' },
    ];
    const strongest = rungs.find((entry) => entry.available && entry.rung !== 'none')?.rung ?? null;
    const asked = options.request;
    const rung =
      asked === 'auto' ? strongest : (rungs.find((e) => e.rung === asked && e.available)?.rung ?? null);
    return {
      rung,
      rungs,
      hint: plain.ok ? (grouped.ok ? null : GROUP_HINT) : hintFor(plain.error, bwrap),
      features,
    };
  } finally {
    await rm(place.directory, { recursive: true, force: true });
  }
}

export interface IsolationProbe {
  /** As `probeIsolation`, tested once for each request. */
  probe(request: ProbeOptions['request']): Promise<IsolationReport>;
}

/** Remembers reports, because the machine does not change under a running process. */
export function createIsolationProbe(options: Omit<ProbeOptions, 'request'>): IsolationProbe {
  const reports = new Map<ProbeOptions['request'], Promise<IsolationReport>>();
  return {
    probe: (request) => {
      const known = reports.get(request) ?? probeIsolation({ ...options, request });
      reports.set(request, known);
      return known;
    },
  };
}

interface TestPlace {
  readonly directory: string;
  readonly tree: string;
}

const GROUP_HINT =
  'to bound CPU and memory exactly, start Cambium with: systemd-run --user --scope -p Delegate=yes cambium …';
const TEST_WALL_MS = 20_000;
const TEST_MEMORY_BYTES = 268_435_456;

/** Each line is one promise; what it prints is compared below. Written for the plainest shell. */
const SELF_TEST = [
  'echo "uid=$(id -u)"',
  // The loopback is the only interface, whatever else the host has.
  `echo "interfaces=$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n')"`,
  `if tr '\\0' '\\n' < /proc/1/environ 2>/dev/null | grep -q .; then echo environment=shown; else echo environment=hidden; fi`,
  'if ( : > /probe ) 2>/dev/null; then echo root=writable; else echo root=read-only; fi',
  'if ( : > /usr/probe ) 2>/dev/null; then echo usr=writable; else echo usr=read-only; fi',
  'if ( : >> /proc/sys/kernel/core_pattern ) 2>/dev/null; then echo sysctl=writable; else echo sysctl=read-only; fi',
  'if unshare --user true 2>/dev/null; then echo nested=allowed; else echo nested=refused; fi',
  'if ( echo ok > /workspace/written ) 2>/dev/null; then echo tree=writable; else echo tree=read-only; fi',
].join('\n');

const PROMISED = {
  uid: '1000',
  interfaces: 'lo',
  environment: 'hidden',
  root: 'read-only',
  usr: 'read-only',
  sysctl: 'read-only',
  nested: 'refused',
  tree: 'writable',
};

async function makeTestPlace(user: SandboxUser): Promise<TestPlace> {
  const directory = makeScratch('probe');
  const tree = join(directory, 'tree');
  await chmod(directory, 0o755);
  await mkdir(tree);
  if (user.dropped) await lchown(tree, user.uid, user.gid);
  return { directory, tree };
}

/** Tries the full set of options first, then without those that old versions or kernels refuse. */
async function testBwrap(
  options: ProbeOptions,
  bwrap: string,
  place: TestPlace,
): Promise<Result<BwrapFeatures, string>> {
  if (process.platform !== 'linux') return err(`bubblewrap needs Linux; this is ${process.platform}`);
  for (const tool of [bwrap, '/usr/bin/prlimit']) {
    if (!existsSync(tool)) return err(`${tool} is not installed`);
  }
  let broken: string | null = null;
  for (const disableUserns of [true, false]) {
    for (const sizedTmpfs of [true, false]) {
      const features = { disableUserns, sizedTmpfs };
      broken = await selfTest(createSandbox({ ...options, bwrap, features, rung: 'bwrap' }), place);
      if (broken === null) return ok(features);
    }
  }
  return err(`the self-test of bubblewrap failed: ${broken ?? 'no reason given'}`);
}

async function testGroups(
  options: ProbeOptions,
  features: BwrapFeatures,
  place: TestPlace,
): Promise<Result<string, string>> {
  const host = findGroupHost({ clock: options.clock });
  if (!host.ok) return err(`control groups do not work here: ${host.error}`);
  try {
    const broken = await selfTest(createSandbox({ ...options, features, rung: 'bwrap+cgroup' }), place);
    if (broken !== null) return err(`the self-test with control groups failed: ${broken}`);
  } catch (error) {
    return err(`the self-test with control groups failed: ${errorMessage(error)}`);
  }
  const where = host.value.directories.join(', ');
  return ok(
    `bubblewrap with control groups (${host.value.kind} at ${where}): memory, processes and CPU are bounded`,
  );
}

/** The first promise that does not hold, in words; null when all hold. */
async function selfTest(sandbox: Sandbox, place: TestPlace): Promise<string | null> {
  try {
    const result = await sandbox.run({
      workspace: { root: place.tree, mounts: [] },
      argv: ['/bin/sh', '-c', SELF_TEST],
      limits: { wallMs: TEST_WALL_MS, memoryBytes: TEST_MEMORY_BYTES },
    });
    const found = new Map(result.stdout.split('\n').map((line) => line.split('=', 2) as [string, string]));
    for (const [name, promised] of Object.entries(PROMISED)) {
      const value = found.get(name);
      if (value !== promised) return `${name} is ${value ?? 'unknown'}, not ${promised}`;
    }
    return result.ending === 'exited' ? null : `it ended as ${result.ending}`;
  } catch (error) {
    return errorMessage(error);
  }
}

function describe(features: BwrapFeatures, user: SandboxUser): string {
  const identity = user.dropped ? `as unprivileged user ${user.uid}` : 'as your own user';
  const nested = features.disableUserns
    ? ''
    : '; nested user namespaces are refused by the system call filter alone';
  const sizes = features.sizedTmpfs ? '' : '; temporary files are bounded by memory only';
  return `bubblewrap ${identity}; memory by RLIMIT_DATA and a watchdog, CPU is not capped${nested}${sizes}`;
}

function hintFor(reason: string, bwrap: string): string {
  if (process.platform !== 'linux') return 'run Cambium on Linux, or in a Linux virtual machine';
  if (!existsSync(bwrap)) return "apt-get install bubblewrap  (or your distribution's package of that name)";
  if (!existsSync('/usr/bin/prlimit')) return 'apt-get install util-linux';
  if (readSetting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return 'AppArmor forbids user namespaces (Ubuntu 24.04): sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or add an AppArmor profile for bwrap';
  }
  if (readSetting('kernel/unprivileged_userns_clone') === '0') {
    return 'user namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1';
  }
  if (readSetting('user/max_user_namespaces') === '0') {
    return 'user namespaces are switched off: sudo sysctl -w user.max_user_namespaces=15000';
  }
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) {
    return 'a container without the right to make namespaces: start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined, or run Cambium on the host';
  }
  return `run this to see bubblewrap's own message: bwrap --unshare-all --ro-bind / / true  (${reason})`;
}

function readSetting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null;
  }
}
