// Where words go: results to standard output, progress to standard error, and tables that fit whoever reads them.
import { styleText } from 'node:util';
import { plainText } from '#foundation/text.ts';

/** The two streams of a process and what is known about them. */
export interface Terminal {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** A person sits at standard output: columns may be aligned, cut and coloured. */
  readonly stdoutIsTty: boolean;
  /** A person watches standard error: the live view may redraw lines. */
  readonly stderrIsTty: boolean;
  readonly columns: number;
  readonly rows: number;
}

export type Format = 'text' | 'json' | 'jsonl';

export type Tone = 'good' | 'bad' | 'warn' | 'faint' | 'strong';

const STYLES: Record<Tone, Parameters<typeof styleText>[0]> = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  faint: 'dim',
  strong: 'bold',
};

export type Paint = (tone: Tone, text: string) => string;

/** A painter that colours only where a person looks, and never with NO_COLOR or `--no-color`. */
export function createPaint(enabled: boolean): Paint {
  return (tone, text) => (enabled ? styleText(STYLES[tone], text, { validateStream: false }) : text);
}

/**
 * Rows as text. For a person: aligned columns, the last one cut to the terminal. For a pipe: tab-separated, whole,
 * one line a row (line breaks and tabs inside a cell become spaces), without a header only when there are no rows.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  terminal: Terminal,
): string {
  const clean = [header, ...rows].map((row) => row.map((cell) => plainText(cell).replace(/[\t\n]+/g, ' ')));
  if (!terminal.stdoutIsTty) return clean.map((row) => `${row.join('\t')}\n`).join('');
  const widths = header.map((_name, column) => Math.max(...clean.map((row) => (row[column] ?? '').length)));
  return clean
    .map((row) => {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      return `${line.length > terminal.columns ? `${line.slice(0, terminal.columns - 1)}…` : line}\n`;
    })
    .join('');
}

/** `4 ms`, `1.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Advice that names `cambium` commands, in the words that work for this user: whoever runs the program out of a
 * clone has no `cambium` on the PATH, and types its path instead. Not for foreign text, which stays as it is.
 */
export function typeable(text: string, program: string): string {
  return text.replace(/(?<![\w./-])cambium (?=[a-z]+\b)/g, () => `${program} `);
}
