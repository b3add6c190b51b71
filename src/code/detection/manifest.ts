// Reads package.json without trusting it: only the fields that detection uses, anything malformed becomes a note.
import { z } from 'zod';

/** Entries that are no text (comments as arrays, `null`) do not cost the others. */
const record = z
  .record(z.string(), z.unknown())
  .catch({})
  .transform(
    (entries): Record<string, string> =>
      Object.fromEntries(
        Object.entries(entries).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      ),
  );
const schema = z.object({
  name: z.string().optional().catch(undefined),
  packageManager: z.string().optional().catch(undefined),
  scripts: record,
  dependencies: record,
  devDependencies: record,
  peerDependencies: record,
});

export interface PackageManifest {
  readonly packageManager: string | null;
  readonly scripts: Readonly<Record<string, string>>;
  /** Names of every declared dependency. */
  readonly dependencies: ReadonlySet<string>;
}

/** The manifest, or a sentence that says why it cannot be read. */
export function parseManifest(text: string, path: string): PackageManifest | string {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return `${path} is not valid JSON and is not used.`;
  }
  const read = schema.safeParse(value);
  if (!read.success) return `${path} does not hold an object and is not used.`;
  const { scripts, packageManager, dependencies, devDependencies, peerDependencies } = read.data;
  return {
    packageManager: packageManager ?? null,
    scripts,
    dependencies: new Set(
      [dependencies, devDependencies, peerDependencies].flatMap((one) => Object.keys(one)),
    ),
  };
}
