// Licences of what the product is built from: read from the lockfile and from the packages, held against a list.
export interface LockedPackage {
  readonly name: string;
  readonly licence: string;
  readonly dev: boolean;
}

const ALLOWED_LICENCES = ['MIT', 'ISC', '0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'MPL-2.0'];

/** True when an SPDX expression allows use under one of `ALLOWED_LICENCES`: any part of an OR, each part of an AND. */
export function isAllowed(expression: string): boolean {
  const bare = expression.replace(/[()]/g, ' ').trim();
  return bare
    .split(/\s+OR\s+/)
    .some((either) => either.split(/\s+AND\s+/).every((part) => ALLOWED_LICENCES.includes(part.trim())));
}

/** Every package in the text of a package-lock.json (version 3). */
export function lockedPackages(lockfile: string): LockedPackage[] {
  const lock: unknown = JSON.parse(lockfile);
  const packages = isRecord(lock) && isRecord(lock['packages']) ? lock['packages'] : {};
  return Object.entries(packages).flatMap(([path, entry]) =>
    path === '' || !isRecord(entry)
      ? []
      : [
          {
            name: path.replace(/^.*node_modules\//, ''),
            licence: String(entry['license'] ?? 'none stated'),
            dev: entry['dev'] === true,
          },
        ],
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
