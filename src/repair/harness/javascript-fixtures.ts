// Runs inside the sandbox. What `test.extend` gives a test: values, some of them made for it and taken down after it.
import type { Callback } from './javascript-tests.ts';

export type Fixtures = Readonly<Record<string, unknown>>;

type Context = Record<string, unknown>;

interface Setting {
  readonly fixtures: Fixtures;
  readonly context: Context;
  /** Names that are made, or being made. */
  readonly made: Set<string>;
  readonly ends: Callback[];
}

/** The body, given the fixtures that its first parameter names and those that are always made. */
export function withFixtures(body: Callback, fixtures: Fixtures): Callback {
  return async (given) => {
    const setting: Setting = { fixtures, context: { ...(given as Context) }, made: new Set(), ends: [] };
    try {
      for (const name of Object.keys(fixtures)) {
        if (isAutomatic(fixtures[name])) await make(name, setting);
      }
      for (const name of namesIn(body)) await make(name, setting);
      return await body(setting.context);
    } finally {
      for (const end of setting.ends.toReversed()) await end();
    }
  };
}

async function make(name: string, setting: Setting): Promise<void> {
  const { fixtures, context, made, ends } = setting;
  if (!(name in fixtures) || made.has(name)) return;
  made.add(name);
  const given = fixtures[name];
  const value = isWithOptions(given) ? given[0] : given;
  if (typeof value !== 'function') {
    context[name] = value;
    return;
  }
  const maker = value as Callback;
  for (const other of namesIn(maker)) await make(other, setting);
  await new Promise<void>((ready, reject) => {
    const use = (provided: unknown) => {
      context[name] = provided;
      return new Promise<void>((finished) => {
        ends.push(async () => {
          finished();
          await running;
        });
        ready();
      });
    };
    const running = Promise.resolve(maker(context, use)).then((returned) => {
      if (maker.length < 2) context[name] = returned;
      ready();
    });
    running.catch(reject);
  });
}

function isWithOptions(value: unknown): value is [unknown, Record<string, unknown>] {
  return Array.isArray(value) && value.length === 2 && typeof value[1] === 'object' && value[1] !== null;
}

function isAutomatic(value: unknown): boolean {
  return isWithOptions(value) && Boolean(value[1]['auto']);
}

/** Names that the first parameter takes apart: `({ a, b: c }) => …`. */
function namesIn(body: Callback): string[] {
  const own = (body as { speaksOf?: () => string }).speaksOf?.() ?? String(body);
  const found = /^[^(]*\(\s*\{([^}]*)\}/.exec(own);
  return (found?.[1] ?? '')
    .split(',')
    .map((part) => /^\s*([\w$]+)/.exec(part)?.[1] ?? '')
    .filter((name) => name !== '');
}
