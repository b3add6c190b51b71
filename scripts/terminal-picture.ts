// Draws captured terminal text (with colours) as an SVG: tmux capture-pane -p -e | node scripts/terminal-picture.ts > x.svg
import { readFileSync } from 'node:fs';

const CHAR_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 18;
const COLOURS: Readonly<Record<string, string>> = { '31': '#ff7b72', '32': '#7ee787', '33': '#e3b341' };

interface Style {
  bold: boolean;
  faint: boolean;
  colour: string | null;
}

/** An SVG document that shows the text as a terminal would; only bold, faint and three colours are known. */
export function terminalPicture(text: string): string {
  const lines = text.replace(/\s+$/, '').split('\n');
  const columns = Math.max(...lines.map((line) => line.replace(/\u001b\[[0-9;]*m/g, '').trimEnd().length));
  const width = Math.ceil(columns * CHAR_WIDTH) + 2 * MARGIN;
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const rows = lines.map((line, row) => {
    const y = MARGIN + (row + 0.8) * LINE_HEIGHT;
    return `<text x="${MARGIN}" y="${y.toFixed(1)}">${spans(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>What a terminal showed</title>',
    '<style>text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d1d7e0;white-space:pre}</style>',
    `<rect width="${width}" height="${height}" rx="8" fill="#151b23"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function spans(line: string): string {
  const style: Style = { bold: false, faint: false, colour: null };
  return line
    .trimEnd()
    .split(/(\u001b\[[0-9;]*m)/)
    .map((part) => {
      const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
      if (codes === undefined)
        return part === '' ? '' : `<tspan${attributes(style)}>${escaped(part)}</tspan>`;
      for (const code of codes.split(';')) apply(style, code);
      return '';
    })
    .join('');
}

function apply(style: Style, code: string): void {
  if (code === '' || code === '0') Object.assign(style, { bold: false, faint: false, colour: null });
  else if (code === '1') style.bold = true;
  else if (code === '2') style.faint = true;
  else if (code === '39') style.colour = null;
  else style.colour = COLOURS[code] ?? style.colour;
}

function attributes(style: Style): string {
  const fill = style.colour ?? (style.faint ? '#8b949e' : null);
  return `${style.bold ? ' font-weight="700"' : ''}${fill === null ? '' : ` fill="${fill}"`}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

if (import.meta.main) process.stdout.write(terminalPicture(readFileSync(0, 'utf8')));
