// models.yaml of the user's own directory: read, checked with line and column, and completed with keys of the environment.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCollection, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { type ModelSettings, modelSettings } from '#contracts/model-settings.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import { type ConfigProblem, unknownKey } from './sources.ts';

export interface LoadedModels {
  readonly settings: ModelSettings;
  /** Keys of the environment by the provider's name: `ANTHROPIC_API_KEY` is that of `anthropic`. */
  readonly keys: Readonly<Record<string, string>>;
  /** The file, whether it is there or not. */
  readonly file: string;
}

const KEY_NAME = /^([A-Z][A-Z0-9_]*)_API_KEY$/;
/** The name that Google's own packages read. */
const GOOGLE_KEY = 'GOOGLE_GENERATIVE_AI_API_KEY';
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * Only the user's directory is read: a repository that could name a model server would receive whatever is sent there.
 * A file that is missing is no mistake.
 */
export async function loadModels(request: {
  readonly userDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<Result<LoadedModels, readonly ConfigProblem[]>> {
  const { userDirectory, environment } = request;
  const file = join(userDirectory, 'models.yaml');
  const keys = keysOf(environment);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    return error.code === 'ENOENT' || error.code === 'ENOTDIR' ? '' : error;
  });
  if (typeof text !== 'string') return err([{ origin: file, message: `cannot be read (${text.code})` }]);
  const settings = readModels(file, text, environment);
  return settings.ok ? ok({ settings: settings.value, keys, file }) : settings;
}

function keysOf(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const provider = KEY_NAME.exec(name)?.[1];
    if (provider !== undefined && value !== undefined && value !== '')
      keys[provider.toLowerCase().replaceAll('_', '-')] = value;
  }
  const google = environment[GOOGLE_KEY];
  return google === undefined || google === '' || keys['google'] !== undefined ? keys : { ...keys, google };
}

function readModels(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Result<ModelSettings, readonly ConfigProblem[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken)
    return err([
      { origin: place(broken.pos[0]), message: broken.message.split('\n')[0] ?? 'not valid YAML' },
    ]);
  const missing: ConfigProblem[] = [];
  const value: unknown = expand(document.toJS() ?? {}, (whole, name) => {
    const found = environment[name];
    if (found === undefined) missing.push({ origin: file, message: `${whole} is not in the environment` });
    return found ?? whole;
  });
  const read = modelSettings.safeParse(value);
  if (read.success) return missing.length > 0 ? err(missing) : ok(read.data);
  const problems = read.error.issues.map((issue): ConfigProblem => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') {
      return {
        origin: place(offsetOf(document.contents, path, 'value')),
        message: `${path.join('.')}: ${issue.message}`,
      };
    }
    const [key = ''] = issue.keys;
    const known = knownKeys(path).map((name) => [...path, name].join('.'));
    return {
      origin: place(offsetOf(document.contents, [...path, key], 'key')),
      message: unknownKey([...path, key].join('.'), known),
    };
  });
  return err([...missing, ...problems]);
}

/** Keys of the schema at a path; below a record, those of what it holds. */
function knownKeys(path: readonly string[]): string[] {
  const [first] = path;
  if (first === undefined) return Object.keys(modelSettings.shape);
  const inner: Record<string, readonly string[]> = {
    providers: ['kind', 'url', 'key'],
    tiers: ['strong', 'fast'],
    parameters: ['temperature', 'maxOutputTokens'],
    prices: ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning'],
    capabilities: ['contextTokens', 'tools', 'answerSchema', 'parallelTools'],
    limits: ['firstByteMs', 'silenceMs', 'retries'],
  };
  return [...(inner[first] ?? [])];
}

/** Where the deepest node on a path begins: its key, or its value where that is a plain one. */
function offsetOf(node: unknown, path: readonly string[], wanted: 'key' | 'value'): number {
  let at = 0;
  let here = node;
  for (const name of path) {
    if (!isCollection(here)) break;
    if (!isMap(here)) {
      here = here.get(Number(name), true);
    } else {
      const pair = here.items.find(({ key }) => isScalar(key) && String(key.value) === name);
      if (pair === undefined) break;
      if (isScalar(pair.key)) at = pair.key.range?.[0] ?? at;
      here = pair.value;
    }
    if (wanted === 'value' && isScalar(here)) at = here.range?.[0] ?? at;
  }
  return at;
}

function expand(value: unknown, look: (whole: string, name: string) => string): unknown {
  if (typeof value === 'string') return value.replace(REFERENCE, look);
  if (Array.isArray(value)) return value.map((one) => expand(one, look));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expand(inner, look)]));
}
