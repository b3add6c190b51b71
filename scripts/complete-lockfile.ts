// Gives every optional package of another platform its entry in package-lock.json: npm leaves some out, then refuses.
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  readonly version: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dev?: boolean;
  readonly license?: string;
}
type Entries = Record<string, Entry & Record<string, unknown>>;

interface Lockfile {
  readonly packages: Entries;
}

const SYSTEMS = ['android', 'darwin', 'win32', 'freebsd', 'linux', 'openharmony'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32'];

/**
 * The optional dependencies of exact version that no entry answers for, with the entry each should have. An
 * incomplete lockfile installs where it was made and fails with `npm ci` elsewhere.
 */
export function missingEntries(lock: Lockfile): Map<string, Entry & Record<string, unknown>> {
  const missing = new Map<string, Entry & Record<string, unknown>>();
  for (const [at, holder] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(holder.optionalDependencies ?? {})) {
      const found = resolveEntry(lock.packages, at, name);
      if (!/^\d/.test(version) || (found !== null && lock.packages[found]?.version === version)) continue;
      const beside = `${at.slice(0, Math.max(0, at.lastIndexOf('node_modules/')))}node_modules/${name}`;
      const place = lock.packages[beside] === undefined ? beside : `${at}/node_modules/${name}`;
      missing.set(place, entryOf(name, version, holder));
    }
  }
  return missing;
}

/** As Node looks a package up: in the own folder first, then outwards. */
function resolveEntry(entries: Entries, at: string, name: string): string | null {
  for (
    let from = at;
    ;
    from = from.slice(0, Math.max(0, from.lastIndexOf('node_modules/'))).replace(/\/$/, '')
  ) {
    const place = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
    if (entries[place] !== undefined) return place;
    if (from === '') return null;
  }
}

function entryOf(name: string, version: string, holder: Entry): Entry & Record<string, unknown> {
  const words = (name.split('/').at(-1) ?? name).split(/[-.]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = words.some((word) => /eabi/.test(word))
    ? ['arm']
    : PROCESSORS.filter((each) => words.includes(each));
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(holder.dev ? { dev: true } : {}),
    ...(holder.license ? { license: holder.license } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;
  const missing = missingEntries(lock);
  const packages = Object.fromEntries(
    Object.entries({ ...lock.packages, ...Object.fromEntries(missing) }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  writeFileSync('package-lock.json', `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  process.stdout.write(`${missing.size} entries added\n`);
}
