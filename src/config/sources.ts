// Reading one source of settings into dotted paths with places: a YAML file, the environment, or flags.
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { editDistance } from '#foundation/text.ts';
import { configKeys, ENVIRONMENT_ALIASES } from './schema.ts';

/** One value that some source gives for one key. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
  /** `file:line:column`, `environment NAME`, `flag --name` or `default`. */
  readonly origin: string;
}

export interface ConfigProblem {
  readonly origin: string;
  readonly message: string;
}

export interface Source {
  readonly settings: readonly Setting[];
  readonly problems: readonly ConfigProblem[];
}

/** Settings of a YAML text. `environment` serves `${NAME}` and `${NAME:fallback}` inside string values (R47). */
export function readYaml(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number): string => {
    const at = lines.linePos(offset);
    return `${file}:${at.line}:${at.col}`;
  };
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    origin: place(error.pos[0]),
    message: error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'not valid YAML',
  }));
  if (problems.length > 0 || document.contents === null) return { settings: [], problems };
  if (!isMap(document.contents)) {
    return {
      settings: [],
      problems: [{ origin: place(0), message: 'expected a mapping of keys to values at the top' }],
    };
  }
  const settings: Setting[] = [];
  collect(document.contents, '', { settings, problems, place, environment });
  return { settings, problems };
}

interface Collector {
  readonly settings: Setting[];
  readonly problems: ConfigProblem[];
  readonly place: (offset: number) => string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

function collect(map: Node, prefix: string, into: Collector): void {
  if (!isMap(map)) return;
  const known = configKeys().map((key) => key.path);
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const keyOffset = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
    const value = pair.value as Node | null;
    if (known.includes(path)) {
      into.settings.push({
        path,
        value: expand(value === null ? null : value.toJSON(), path, into, into.place(keyOffset)),
        origin: into.place(value?.range?.[0] ?? keyOffset),
      });
    } else if (known.some((name) => name.startsWith(`${path}.`))) {
      if (isMap(value)) collect(value, path, into);
      else if (value !== null && !(isScalar(value) && value.value === null)) {
        into.problems.push({
          origin: into.place(value.range?.[0] ?? keyOffset),
          message: `${path} holds further keys; expected a mapping`,
        });
      }
    } else {
      into.problems.push({ origin: into.place(keyOffset), message: unknownKey(path, known) });
    }
  }
}

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g;

function expand(value: unknown, path: string, into: Collector, origin: string): unknown {
  if (typeof value !== 'string') return value;
  return value.replace(REFERENCE, (whole, name: string, fallback: string | undefined) => {
    const found = into.environment[name] ?? fallback;
    if (found !== undefined) return found;
    into.problems.push({ origin, message: `${path} refers to ${whole}, but the environment has no ${name}` });
    return whole;
  });
}

/** `unknown key "solve.limit"; did you mean "solve.limits"?` */
export function unknownKey(path: string, known: readonly string[]): string {
  const names = new Set(
    known.flatMap((name) => name.split('.').map((_part, i, parts) => parts.slice(0, i + 1).join('.'))),
  );
  const near = [...names]
    .map((name) => ({ name, edits: editDistance(name, path) }))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))[0];
  const hint = near && near.edits <= 3 ? `; did you mean "${near.name}"?` : '';
  return `unknown key "${path}"${hint}`;
}

const PREFIX = 'CAMBIUM_';

/** Settings of the environment: `CAMBIUM_SOLVE__LIMITS__WALL_MS=60000` is `solve.limits.wallMs`. */
export function readEnvironmentSettings(environment: Readonly<Record<string, string | undefined>>): Source {
  const known = configKeys().map((key) => key.path);
  const settings: Setting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '') continue;
    const path =
      ENVIRONMENT_ALIASES[name] ?? (name.startsWith(PREFIX) && name.includes('__') ? toPath(name) : null);
    if (path === null) continue;
    const origin = `environment ${name}`;
    if (known.includes(path)) settings.push({ path, value: scalar(value), origin });
    else problems.push({ origin, message: unknownKey(path, known) });
  }
  // CAMBIUM_DATABASE_URL wins over the common DATABASE_URL, whatever the order of the environment.
  settings.sort((a, b) => Number(a.origin.includes(PREFIX)) - Number(b.origin.includes(PREFIX)));
  return { settings, problems };
}

function toPath(name: string): string {
  return name
    .slice(PREFIX.length)
    .split('__')
    .map((part) =>
      part.toLowerCase().replace(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase()),
    )
    .join('.');
}

function scalar(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null') return null;
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
