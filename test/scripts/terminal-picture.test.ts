// The picture of a terminal: its text, its colours, and nothing that an SVG could trip over.
import { expect, test } from 'vitest';
import { terminalPicture } from '../../scripts/terminal-picture.ts';

test('colours become fills, text is escaped, and the size fits the widest line', () => {
  const svg = terminalPicture('\u001b[32m✓\u001b[0m a < b\n\u001b[1mwide line\u001b[0m\n\n');
  expect(svg).toContain('<tspan fill="#7ee787">✓</tspan><tspan> a &lt; b</tspan>');
  expect(svg).toContain('<tspan font-weight="700">wide line</tspan>');
  expect(svg).not.toContain('\u001b');
  expect(svg).toMatch(/viewBox="0 0 112 74"/);
});
