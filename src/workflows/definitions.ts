// Workflows by name, read afresh at every use: the repository's own file before the preset, and the last good version
// where a file was broken since (O5). Versions are kept by digest, so that a ticket keeps the one it began with.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Workflow } from '#contracts/workflow.ts';
import { and, desc, eq } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { sha256 } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import { nearest, plainText } from '#foundation/text.ts';
import { parseWorkflow } from './definitions/parse.ts';
import type { Problem } from './definitions/yaml-text.ts';
import { workflowVersions } from './tables.ts';

const MAX_FILE_BYTES = 1_048_576;
const MAX_FILES = 100;
const DIRECTORY = join('.cambium', 'workflows');

/** A workflow that can be used, and where it comes from. */
export interface Definition {
  readonly workflow: Workflow;
  /** The text it was read from, as it was written. */
  readonly source: string;
  readonly digest: string;
  /** The file, absolute. */
  readonly origin: string;
  /** What is wrong with the file now, where this is the last good version of it; empty when the file is good. */
  readonly problems: readonly string[];
}

/** A file of a workflow, good or not, as `workflow list` and `workflow validate` show it. */
export interface DefinitionFile {
  readonly name: string;
  readonly origin: string;
  readonly kind: 'preset' | 'repository';
  /** Null where it is broken. */
  readonly workflow: Workflow | null;
  readonly digest: string;
  /** `file:line:column  what is wrong; what would mend it` */
  readonly problems: readonly string[];
}

export interface Definitions {
  /**
   * The workflow of a name for a repository (null: presets only).
   * @throws AppError NOT_FOUND for an unknown name; WORKFLOW_INVALID when its file is broken and no good version is known.
   */
  current(name: string, repository: string | null): Promise<Definition>;
  /** Every file; the repository's before the presets that it replaces. */
  files(repository: string | null): Promise<DefinitionFile[]>;
  /** Checks one file, wherever it is. @throws AppError NOT_FOUND when it cannot be read. */
  check(file: string): Promise<DefinitionFile>;
  /** Stores the version for whoever begins with it; the digest by which it is found again. */
  pin(q: Queries, definition: Definition): Promise<string>;
  /** A stored version. @throws AppError NOT_FOUND. */
  version(digest: string, q?: Queries): Promise<Workflow>;
  /** The stored text of a version, byte for byte. @throws AppError NOT_FOUND. */
  source(
    digest: string,
  ): Promise<{ readonly name: string; readonly source: string; readonly origin: string }>;
}

export interface DefinitionsParts {
  readonly db: Database;
  readonly clock: Clock;
  /** Directory of the workflows that come with Cambium. */
  readonly presetsDirectory: string;
}

type Kept = Map<string, Definition>;

export function createDefinitions(parts: DefinitionsParts): Definitions {
  const lastGood: Kept = new Map();
  const versions = new Map<string, Workflow>();
  const stored = async (digest: string, q: Queries = parts.db.q) => {
    const [row] = await q.select().from(workflowVersions).where(eq(workflowVersions.digest, digest));
    if (row) return row;
    throw new AppError('NOT_FOUND', { message: `there is no workflow version ${plainText(digest)}` });
  };
  return {
    current: (name, repository) => current(parts, lastGood, { name, repository }),
    files: (repository) => allFiles(parts, repository),
    check: (file) => readDefinition(file, 'repository'),
    pin: async (q, { workflow, source, digest, origin }) => {
      const createdAt = parts.clock.now().toISOString();
      const row = { digest, name: workflow.name, source, origin, createdAt };
      await q.insert(workflowVersions).values(row).onConflictDoNothing();
      return digest;
    },
    version: async (digest, q) => {
      const known = versions.get(digest);
      if (known) return known;
      const row = await stored(digest, q);
      const parsed = parseWorkflow(row.source);
      if (!parsed.ok) throw broken(row.origin, lines(`version ${digest}`, parsed.error));
      versions.set(digest, parsed.value);
      return parsed.value;
    },
    source: (digest) => stored(digest),
  };
}

interface Wanted {
  readonly name: string;
  readonly repository: string | null;
}

async function current(
  parts: DefinitionsParts,
  lastGood: Kept,
  { name, repository }: Wanted,
): Promise<Definition> {
  const file = await fileOf(parts, name, repository);
  const text = await readText(file);
  if (text === null) throw await unknown(parts, name, repository);
  const parsed = parse(file, text);
  if (parsed.workflow !== null) {
    const digest = sha256(text);
    const good = { workflow: parsed.workflow, source: text, digest, origin: file, problems: [] };
    lastGood.set(file, good);
    return good;
  }
  const kept = lastGood.get(file) ?? (await lastStored(parts.db, name, file));
  if (kept === null) throw broken(file, parsed.problems);
  return { ...kept, problems: parsed.problems };
}

/** The newest version that a ticket of any process began with from this file; null when there was none. */
async function lastStored(db: Database, name: string, origin: string): Promise<Definition | null> {
  const [row] = await db.q
    .select()
    .from(workflowVersions)
    .where(and(eq(workflowVersions.name, name), eq(workflowVersions.origin, origin)))
    .orderBy(desc(workflowVersions.createdAt))
    .limit(1);
  const parsed = row ? parseWorkflow(row.source) : null;
  if (!row || !parsed?.ok) return null;
  return { workflow: parsed.value, source: row.source, digest: row.digest, origin, problems: [] };
}

async function fileOf(parts: DefinitionsParts, name: string, repository: string | null): Promise<string> {
  const stem = /^[a-z][a-z0-9-]{0,63}$/.test(name) ? name : '';
  if (repository !== null) {
    for (const end of ['.yaml', '.yml']) {
      const own = join(repository, DIRECTORY, `${stem}${end}`);
      if (stem !== '' && (await isFile(own))) return own;
    }
  }
  return join(parts.presetsDirectory, `${stem}.yaml`);
}

async function allFiles(parts: DefinitionsParts, repository: string | null): Promise<DefinitionFile[]> {
  const own = repository === null ? [] : await yamlFiles(join(repository, DIRECTORY));
  const presets = await yamlFiles(parts.presetsDirectory);
  return [
    ...(await Promise.all(own.map((file) => readDefinition(file, 'repository')))),
    ...(await Promise.all(presets.map((file) => readDefinition(file, 'preset')))),
  ];
}

async function readDefinition(file: string, kind: DefinitionFile['kind']): Promise<DefinitionFile> {
  const text = await readText(file);
  if (text === null) throw new AppError('NOT_FOUND', { message: `${file} is no file that can be read` });
  const parsed = parse(file, text);
  return { name: stemOf(file), origin: file, kind, digest: sha256(text), ...parsed };
}

function parse(file: string, text: string): Pick<DefinitionFile, 'workflow' | 'problems'> {
  const parsed = parseWorkflow(text);
  if (!parsed.ok) return { workflow: null, problems: lines(file, parsed.error) };
  if (parsed.value.name === stemOf(file)) return { workflow: parsed.value, problems: [] };
  const message = `the workflow calls itself ${parsed.value.name}, but it is found by the name of its file`;
  const suggestion = `write \`name: ${stemOf(file)}\`, or rename the file to ${parsed.value.name}.yaml`;
  return { workflow: null, problems: lines(file, [{ line: 1, column: 1, message, suggestion }]) };
}

function lines(file: string, problems: readonly Problem[]): string[] {
  return problems.map(
    ({ line, column, message, suggestion }) =>
      `${file}:${line}:${column}  ${plainText(message)}; ${plainText(suggestion)}`,
  );
}

function broken(file: string, problems: readonly string[]): AppError {
  return new AppError('WORKFLOW_INVALID', {
    message: `the workflow ${file} is not valid\n  ${problems.join('\n  ')}`,
    next: 'cambium workflow validate shows all that is wrong',
    details: { problems },
  });
}

async function unknown(parts: DefinitionsParts, name: string, repository: string | null): Promise<AppError> {
  const known = (await allFiles(parts, repository)).map((each) => each.name);
  const meant = nearest(name, known);
  return new AppError('NOT_FOUND', {
    message: `there is no workflow ${JSON.stringify(plainText(name))}${meant ? `; did you mean ${meant}?` : ''}`,
    next: 'cambium workflow list',
  });
}

function stemOf(file: string): string {
  return basename(file).replace(/\.ya?ml$/, '');
}

async function yamlFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  return files.slice(0, MAX_FILES).map((name) => join(directory, name));
}

/** True for a regular file; a link may point out of the repository. */
async function isFile(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => null))?.isFile() === true;
}

async function readText(file: string): Promise<string | null> {
  const found = await lstat(file).catch(() => null);
  if (!found?.isFile()) return null;
  if (found.size > MAX_FILE_BYTES) {
    throw broken(file, [`${file}:1:1  the file is larger than ${MAX_FILE_BYTES} bytes; split it`]);
  }
  return readFile(file, 'utf8');
}
