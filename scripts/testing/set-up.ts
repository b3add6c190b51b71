// The system packages that the tests need: finds what is missing, installs it through apt where that may be done.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Need {
  /** Debian's name for it. */
  readonly apt: string;
  /** What the tests do with it. */
  readonly why: string;
  present(): boolean;
}

const NEEDS: readonly Need[] = [
  { apt: 'git', why: 'every run works in a git worktree', present: () => answers('git', ['--version']) },
  {
    apt: 'bubblewrap',
    why: 'the sandbox runs foreign code under it',
    present: () => existsSync('/usr/bin/bwrap'),
  },
  {
    apt: 'util-linux',
    why: 'limits and uids of sandboxed commands (prlimit, setpriv)',
    present: () => answers('prlimit', ['--version']) && answers('setpriv', ['--version']),
  },
  {
    apt: 'python3-pytest',
    why: 'repositories in Python are tested with it',
    present: () => answers('/usr/bin/python3', ['-m', 'pytest', '--version']),
  },
  {
    apt: 'ruby',
    why: 'repositories in Ruby are tested with it',
    present: () => answers('ruby', ['--version']),
  },
  {
    apt: 'ruby-minitest',
    why: 'its test library',
    present: () => answers('ruby', ['-e', "require 'minitest'"]),
  },
  {
    apt: 'postgresql',
    why: 'the storage suites run on a separate server as well as on the embedded one',
    present: hasPostgres,
  },
];

/** Where the Debian package would start a server of its own at installation; the tests want the binaries only. */
const CLUSTER_OPTIONS = '/etc/postgresql-common/createcluster.d';
const INSTALL_SECONDS = 900;

/** Makes the machine ready. Returns null when it is, else what is missing and how to get it, for people. */
export function setUp(): string | null {
  if (process.platform !== 'linux') {
    return 'The tests need Linux: they exercise its namespaces. On other systems run them in a container.';
  }
  const missing = NEEDS.filter((need) => !need.present());
  if (missing.length === 0) return null;
  const names = missing.map(({ apt }) => apt);
  const prefix = administrator();
  if (prefix === null || !answers('apt-get', ['--version'])) return explain(missing);
  console.log(`Installing what the tests need: ${names.join(' ')}`);
  if (names.includes('postgresql')) keepServerFromStarting(prefix);
  // A stale package list is no reason to stop: the installation itself says what it could not find.
  apt(prefix, ['update', '-q']);
  apt(prefix, ['install', '-y', '-q', '--no-install-recommends', ...names]);
  const still = NEEDS.filter((need) => !need.present());
  return still.length === 0 ? null : explain(still);
}

function explain(missing: readonly Need[]): string {
  const lines = missing.map(({ apt: name, why }) => `  ${name.padEnd(16)} ${why}`);
  const command = `apt-get install --no-install-recommends ${missing.map(({ apt: name }) => name).join(' ')}`;
  return [
    'The tests need programs that this machine does not have:',
    ...lines,
    `On Debian or Ubuntu, as an administrator: ${command}`,
    'Elsewhere, install what provides the same commands. Then: npm test',
  ].join('\n');
}

/** How to run a command as root: nothing before it, `sudo -n`, or null when neither works without asking. */
function administrator(): readonly string[] | null {
  if (process.getuid?.() === 0) return [];
  return answers('sudo', ['-n', 'true']) ? ['sudo', '-n'] : null;
}

function apt(prefix: readonly string[], args: readonly string[]): void {
  const [command = '', ...rest] = [
    ...prefix,
    ...['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120'],
    ...args,
  ];
  const { status } = spawnSync(command, rest, { stdio: 'inherit', timeout: INSTALL_SECONDS * 1000 });
  if (status !== 0) console.error(`apt-get ${args[0]} ended with status ${status ?? 'none'}`);
}

/** Only where the package is about to come in for the first time; never touches a server that is there. */
function keepServerFromStarting(prefix: readonly string[]): void {
  if (prefix.length > 0 || existsSync('/etc/postgresql-common')) return;
  mkdirSync(CLUSTER_OPTIONS, { recursive: true });
  writeFileSync(
    join(CLUSTER_OPTIONS, 'cambium-tests.conf'),
    '# Written by the tests of Cambium, which need the binaries and no running server.\ncreate_main_cluster = false\n',
  );
}

function hasPostgres(): boolean {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  return versions.some((version) => existsSync(join('/usr/lib/postgresql', version, 'bin', 'postgres')));
}

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}
