// Runs inside the sandbox. Titles of cases: those of a table, as vitest writes them, and any as reports show them.
import { format as formatWithNode, inspect, stripVTControlCharacters } from 'node:util';

export interface TitleTools {
  /** printf-like formatting of the project's own vitest; null when not found. */
  readonly format: ((template: string, ...values: unknown[]) => string) | null;
  readonly display: ((value: unknown, options?: object) => string) | null;
}

const ESCAPED = '\u0001';

export function titleOf(
  template: string,
  values: readonly unknown[],
  index: number,
  tools: TitleTools,
): string {
  const numbered = template
    .replace(/%%/g, ESCAPED)
    .replace(/%#/g, String(index))
    .replace(/%\$/g, String(index + 1));
  const withEscapes = numbered.replaceAll(ESCAPED, '%%');
  const places = withEscapes.split('%').length - 1;
  const formatted = formatValues(withEscapes, values.slice(0, places), tools);
  const [first] = values;
  const isRecord = typeof first === 'object' && first !== null && !Array.isArray(first);
  return formatted.replace(/\$([$\w.]+)/g, (whole, key: string) => {
    const isPlace = /^\d+$/.test(key);
    if (!isRecord && !isPlace) return whole;
    const value = isRecord
      ? (at(first, key) ?? (isPlace ? values[Number(key)] : undefined))
      : values[Number(key)];
    return (
      tools.display?.(value, { truncate: 40 }) ?? (typeof value === 'string' ? `'${value}'` : inspect(value))
    );
  });
}

function formatValues(template: string, values: readonly unknown[], tools: TitleTools): string {
  // Without a value there is nothing to put in, and `%%` stays for the formatter to write as `%`.
  if (tools.format !== null) return tools.format(template, ...values);
  return formatWithNode(template, ...values);
}

function at(value: unknown, key: string): unknown {
  let found = value;
  for (const part of key.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}

const MAX_TITLE_CHARS = 500;

/** A title as the host's reports have it: no control characters, blanks as one, the middle of a long one left out. */
export function shownTitle(title: string): string {
  const plain = stripVTControlCharacters(title)
    .replace(/\r\n/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .toWellFormed();
  return clipped(plain).replace(/\s+/g, ' ');
}

function clipped(text: string): string {
  if (text.length <= MAX_TITLE_CHARS) return text;
  const half = MAX_TITLE_CHARS / 2;
  const omitted = text.length - MAX_TITLE_CHARS;
  return `${text.slice(0, half)}\n… ${omitted} characters left out …\n${text.slice(text.length - half)}`;
}
