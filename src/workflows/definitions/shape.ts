// What the schema says of a file, in words that lead to the fix: the key that was meant, the values there are.
import type { z } from 'zod';
import { nearest } from '#foundation/text.ts';
import type { Problem, YamlPath, YamlText } from './yaml-text.ts';

const MANY = 12;

/** Problems of the value behind `yaml` with `schema`; empty when it fits. */
export function shapeProblems(schema: z.ZodType, yaml: YamlText): Problem[] {
  const checked = schema.safeParse(yaml.value);
  if (checked.success) return [];
  return checked.error.issues.flatMap((issue) => problemsOf(schema, yaml, issue));
}

function problemsOf(schema: z.ZodType, yaml: YamlText, issue: z.core.$ZodIssue): Problem[] {
  const { path } = issue;
  const name = nameOf(path);
  const given = valueAt(yaml.value, path);
  const said = (message: string, suggestion: string): Problem[] => [
    { ...yaml.place(path), message, suggestion },
  ];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, yaml.value, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const suggestion = meant ? `did you mean "${meant}"?` : `known keys here: ${[...known].join(', ')}`;
      return { ...yaml.placeOfKey(path, key), message: `unknown key "${key}" in ${name}`, suggestion };
    });
  }
  if (given === undefined && path.length > 0) {
    return said(`${name} is missing`, `add \`${String(path.at(-1))}:\` to ${nameOf(path.slice(0, -1))}`);
  }
  if (issue.code === 'invalid_value') return chosen(issue.values.map(String), given, name, said);
  if (issue.code === 'invalid_union') {
    const words = wordsOf(issue);
    if (typeof given === 'string' && words.length > 0) return chosen(words, given, name, said);
    const known = keysAt(schema, yaml.value, path);
    const alien = isMapping(given) ? Object.keys(given).filter((key) => !known.has(key)) : [];
    if (alien.length > 0) {
      return problemsOf(schema, yaml, { code: 'unrecognized_keys', keys: alien, path, message: '' });
    }
    const inner = issue.errors.flat().find((each) => each.path.length > 0) ?? issue.errors.flat()[0];
    if (inner === undefined) return said(`${name} does not fit: ${issue.message}`, 'see docs/workflows.md');
    return problemsOf(schema, yaml, { ...inner, path: [...path, ...inner.path] });
  }
  if (issue.code === 'invalid_type') {
    const have = given === null ? 'nothing' : Array.isArray(given) ? 'a list' : `a ${typeof given}`;
    const want = { array: 'a list', object: 'keys and values', record: 'keys and values' }[
      issue.expected as string
    ];
    const advice: Readonly<Record<string, string>> = {
      array: 'write it as [a, b], or as lines that begin with `-`',
      boolean: 'write true or false',
    };
    return said(
      `${name} is ${have}, expected ${want ?? `a ${issue.expected}`}`,
      advice[issue.expected] ?? 'see docs/workflows.md for its form',
    );
  }
  return said(`${name}: ${issue.message.replace(/^Invalid input: /, '')}`, shown(given));
}

function chosen(
  values: readonly string[],
  given: unknown,
  name: string,
  said: (message: string, suggestion: string) => Problem[],
): Problem[] {
  const meant = nearest(String(given), values);
  const all = values.slice(0, MANY).join(', ');
  return said(
    `${name} is ${JSON.stringify(given)}, which is none of the values there are`,
    meant ? `did you mean "${meant}"? (one of ${all})` : `one of ${all}`,
  );
}

/** The words that a union takes, where it is one of plain words or of mappings told apart by a word. */
function wordsOf(issue: z.core.$ZodIssueInvalidUnion): string[] {
  const known = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  const inner = issue.errors.flat().flatMap((each) => (each.code === 'invalid_value' ? each.values : []));
  return [...known, ...inner.map(String)];
}

function shown(given: unknown): string {
  const text = JSON.stringify(given) ?? 'nothing';
  return `it is ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`;
}

/** `phases[2].gate[0].type` */
export function nameOf(path: YamlPath): string {
  if (path.length === 0) return 'the workflow';
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[step] : undefined,
    value,
  );
}

/** The keys that a mapping at `path` may have. */
function keysAt(schema: z.ZodType, value: unknown, path: YamlPath): ReadonlySet<string> {
  let at: z.core.$ZodType[] = [schema];
  let here = value;
  for (const step of path) {
    at = at.flatMap((each) => inside(each, here).flatMap((one) => child(one, step)));
    here = valueAt(here, [step]);
  }
  const objects = at.flatMap((each) => inside(each, here));
  return new Set(objects.flatMap((one) => Object.keys(shapeOf(one) ?? {})));
}

interface AnyDef {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly discriminator?: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
}

function defOf(schema: z.core.$ZodType): AnyDef {
  return schema._zod.def as unknown as AnyDef;
}

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | null {
  return defOf(schema).shape ?? null;
}

function child(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  const { element } = defOf(schema);
  const found = typeof step === 'number' ? element : shapeOf(schema)?.[String(step)];
  return found ? [found] : [];
}

/** What lies under defaults and unions; of mappings told apart by a word, the one that the value names. */
function inside(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  const { innerType, options, discriminator } = defOf(schema);
  if (innerType) return inside(innerType, value);
  if (!options) return [schema];
  const word = discriminator === undefined ? undefined : valueAt(value, [discriminator]);
  const fitting = options.filter(
    (option) =>
      discriminator === undefined ||
      (shapeOf(option)?.[discriminator] as z.ZodType | undefined)?.safeParse(word).success === true,
  );
  return (fitting.length > 0 ? fitting : options).flatMap((option) => inside(option, value));
}
