// Values, calls and results as people write them in the language of the program; bounded.
import type { Observed, Tagged, Value } from '../harness/protocol.ts';
import { isTagged } from './inputs.ts';
import type { Family } from './literals.ts';

const MAX_CHARS = 160;

/** The value as source text; null when it has no literal. */
export function sourceOf(value: Value, family: Family): string | null {
  const text = family === 'python' ? pythonText(value) : javascriptText(value);
  return text.includes('\0') ? null : text;
}

/** The value for reading: what has no literal is named. */
export function shownValue(value: Value, family: Family): string {
  const text = (family === 'python' ? pythonText(value) : javascriptText(value)).replaceAll('\0', '…');
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 1)}…` : text;
}

export function shownResult(observed: Observed, family: Family): string {
  switch (observed.kind) {
    case 'value':
      return shownValue(observed.value, family);
    case 'throws':
      return `throws ${observed.name}`;
    case 'endless':
      return 'does not end';
    case 'unknown':
      return 'not known';
  }
}

/** Single quotes, unless the text has one. */
function quoted(text: string): string {
  const json = JSON.stringify(text);
  return text.includes("'") || json.includes('\\u') ? json : `'${json.slice(1, -1).replaceAll('\\"', '"')}'`;
}

function entriesOf(value: Tagged): readonly (readonly [Value, Value])[] {
  return (value['entries'] ?? []) as readonly (readonly [Value, Value])[];
}

function itemsOf(value: Tagged): readonly Value[] {
  return (value['items'] ?? []) as readonly Value[];
}

/** Where there is no literal stands a NUL. */
function javascriptText(value: Value): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value))
    return `[${value.map((one: Value) => (isTagged(one) && one.$ === 'hole' ? '' : javascriptText(one))).join(', ')}]`;
  if (!isTagged(value)) return String(value);
  switch (value.$) {
    case 'undefined':
      return 'undefined';
    case 'number':
      return String(value['text']);
    case 'bigint':
      return `${String(value['text'])}n`;
    case 'object':
      return value['bare'] === true ? '\0' : `{${javascriptEntries(value)}}`;
    case 'instance':
      return `${String(value['of'])} \0{${javascriptEntries(value)}}`;
    case 'map':
      return `new Map([${entriesOf(value)
        .map(([key, own]) => `[${javascriptText(key)}, ${javascriptText(own)}]`)
        .join(', ')}])`;
    case 'set':
      return `new Set([${itemsOf(value).map(javascriptText).join(', ')}])`;
    case 'date':
      return `new Date(${javascriptText(value['time'] as Value)})`;
    case 'regexp':
      return `/${String(value['source'])}/${String(value['flags'])}`;
    case 'error':
      return `\0${String(value['name'])}`;
    default:
      return '\0';
  }
}

function javascriptEntries(value: Tagged): string {
  const parts = entriesOf(value).map(([key, own]) => {
    const name = String(key);
    return `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)}: ${javascriptText(own)}`;
  });
  return parts.length === 0 ? '' : ` ${parts.join(', ')} `;
}

function pythonText(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map((one: Value) => pythonText(one)).join(', ')}]`;
  if (!isTagged(value)) return String(value);
  const items = itemsOf(value).map(pythonText).join(', ');
  switch (value.$) {
    case 'float': {
      const text = String(value['text']);
      return /[a-z]{3}/.test(text) ? `float('${text}')` : text;
    }
    case 'int':
      return String(value['text']);
    case 'tuple':
      return itemsOf(value).length === 1 ? `(${items},)` : `(${items})`;
    case 'set':
      return items === '' ? 'set()' : `{${items}}`;
    case 'frozenset':
      return `frozenset([${items}])`;
    case 'dict':
      return `{${entriesOf(value)
        .map(([key, own]) => `${pythonText(key)}: ${pythonText(own)}`)
        .join(', ')}}`;
    case 'bytes':
      return `b${JSON.stringify(String(value['text']))}`;
    case 'instance':
      return `${String(value['of'])}(\0)`;
    default:
      return '\0';
  }
}
