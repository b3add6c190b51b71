// From files, environment and flags to one frozen configuration, with the winner and the losers of every key (S9, R47).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '#foundation/result.ts';
import { type Config, configKeys, configSchema, USER_ONLY_KEYS } from './schema.ts';
import {
  type ConfigProblem,
  readEnvironmentSettings,
  readYaml,
  type Setting,
  type Source,
} from './sources.ts';

export interface ConfigRequest {
  /** Directory that holds `.cambium/`, or null outside a repository. */
  readonly repository: string | null;
  /** Directory of the user's own `config.yaml`. */
  readonly userDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings from the command line, by dotted path, with the flag's name as origin. */
  readonly flags: readonly { readonly path: string; readonly value: unknown; readonly flag: string }[];
}

/** Where a key's value comes from: the winner first, then what it overrides. */
export interface KeyOrigin {
  readonly path: string;
  readonly description: string;
  readonly candidates: readonly Setting[];
}

export interface LoadedConfig {
  readonly config: Config;
  readonly origins: readonly KeyOrigin[];
}

const MAX_FILE_BYTES = 1_048_576;

/** Loads and validates everything once; every unknown key, wrong value and forbidden key is reported with its place. */
export async function loadConfig(
  request: ConfigRequest,
): Promise<Result<LoadedConfig, readonly ConfigProblem[]>> {
  const files = [join(request.userDirectory, 'config.yaml')];
  const own = new Set<string>();
  if (request.repository !== null) {
    const shared = join(request.repository, '.cambium', 'config.yaml');
    const local = join(request.repository, '.cambium', 'config.local.yaml');
    files.push(shared, local);
    own.add(shared).add(local);
  }
  const sources: Source[] = [];
  for (const file of files) {
    const source = await readSource(file, request.environment);
    sources.push(own.has(file) ? withoutUserOnly(source) : source);
  }
  sources.push(readEnvironmentSettings(request.environment), {
    settings: request.flags.map(({ path, value, flag }) => ({ path, value, origin: `flag ${flag}` })),
    problems: [],
  });
  return settle(sources);
}

async function readSource(file: string, environment: ConfigRequest['environment']): Promise<Source> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { settings: [], problems: [] };
    return { settings: [], problems: [{ origin: file, message: `cannot be read (${String(code)})` }] };
  }
  if (text.length > MAX_FILE_BYTES) {
    return { settings: [], problems: [{ origin: file, message: `is larger than ${MAX_FILE_BYTES} bytes` }] };
  }
  return readYaml(file, text, environment);
}

function withoutUserOnly(source: Source): Source {
  const forbidden = source.settings.filter((setting) => USER_ONLY_KEYS.includes(setting.path));
  return {
    settings: source.settings.filter((setting) => !USER_ONLY_KEYS.includes(setting.path)),
    problems: [
      ...source.problems,
      ...forbidden.map((setting) => ({
        origin: setting.origin,
        message: `${setting.path} may not be set by a repository; put it in your own config.yaml, the environment or a flag`,
      })),
    ],
  };
}

function settle(sources: readonly Source[]): Result<LoadedConfig, readonly ConfigProblem[]> {
  const problems = sources.flatMap((source) => source.problems);
  const defaults = configSchema.parse({});
  const value: Record<string, unknown> = {};
  const origins: KeyOrigin[] = [];
  for (const key of configKeys()) {
    const given = sources.flatMap((source) => source.settings.filter((s) => s.path === key.path)).reverse();
    const candidates = [...given, { path: key.path, value: valueAt(defaults, key.path), origin: 'default' }];
    origins.push({ path: key.path, description: key.description, candidates });
    for (const setting of given) {
      const parsed = key.schema.safeParse(setting.value);
      if (!parsed.success) {
        const why = parsed.error.issues[0]?.message ?? 'not valid';
        problems.push({ origin: setting.origin, message: `${key.path}: ${why} (${key.description})` });
      }
    }
    const winner = given[0];
    if (winner) place(value, key.path, winner.value);
  }
  if (problems.length > 0) return err(problems);
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    return err(
      parsed.error.issues.map((issue) => ({ origin: issue.path.join('.'), message: issue.message })),
    );
  }
  return ok({ config: deepFreeze(parsed.data), origins });
}

/** The value at a dotted path of a plain object; undefined where there is none. */
export function valueAt(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => {
    return node !== null && typeof node === 'object' ? (node as Record<string, unknown>)[name] : undefined;
  }, tree);
}

function place(tree: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? path;
  let node = tree;
  for (const name of names) {
    node[name] ??= {};
    node = node[name] as Record<string, unknown>;
  }
  node[last] = value;
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
