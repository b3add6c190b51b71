// The board as a picture: it fits its terminal to the cell, and says what it leaves out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Board, BoardCard } from '#contracts/board.ts';
import { boardText } from '../../src/surfaces/cli/board-text.ts';
import { displayWidth, toWidth } from '../../src/surfaces/cli/width.ts';

const AT = '2026-03-01T12:00:00.000Z';
const card = (number: number, more: Partial<BoardCard> = {}): BoardCard => ({
  id: `tkt_${number}`,
  key: `TKT-${number}`,
  title: 'work',
  priority: 'medium',
  projectName: 'shop',
  phase: 'build',
  blocked: null,
  since: '2026-03-01T09:00:00.000Z',
  ...more,
});
const board = (cards: readonly BoardCard[], more = 0): Board => ({
  projectName: 'shop',
  columns: ['Backlog', 'Analyzing', 'Building', 'Testing', 'Deploying', 'Done', 'Blocked'].map((name) => ({
    id: name,
    name,
    colour: 'gray',
    terminal: name === 'Done',
    phases: [],
    wipLimit: name === 'Building' ? 10 : null,
    count: name === 'Building' ? cards.length + more : 0,
    blocked: 0,
  })),
  lanes: [{ name: '', cells: [{ column: 'Building', cards: [...cards], more }] }],
  outside: 0,
  violations: [],
  at: AT,
});
const draw = (shown: Board, columns: number): string =>
  boardText(shown, {
    paint: (_tone, text) => text,
    program: 'cambium',
    terminal: {
      columns,
      rows: 40,
      stdoutIsTty: true,
      stderrIsTty: true,
      stdout: () => undefined,
      stderr: () => undefined,
    },
  });

describe('the board in a terminal', () => {
  test.each([80, 120, 40, 200])('O56: at %i columns no line is wider, whatever the titles are', (columns) => {
    const titles = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 5 });
    fc.assert(
      fc.property(titles, (list) => {
        const text = draw(board(list.map((title, index) => card(index, { title }))), columns);
        for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 50 },
    );
  });

  test('O56: a card shows key, urgency, age and title; a column its count, its limit and what is left out', () => {
    const text = draw(
      board([card(1, { priority: 'critical' }), card(2, { title: '検索が遅い顧客一覧が開けない' })], 12),
      80,
    );
    expect(text).toMatch(/Building +14\/10/);
    expect(text).toMatch(/TKT-1 !! +3h/);
    expect(text).toContain('検索が遅い顧客一…');
    expect(text).toContain('+12 more');
  });

  test('O56: every column is there, in bands where the terminal is narrow', () => {
    const lines = draw(board([]), 80).split('\n');
    for (const name of ['Backlog', 'Analyzing', 'Building', 'Testing', 'Deploying', 'Done', 'Blocked'])
      expect(lines.filter((line) => line.includes(name))).toHaveLength(1);
  });

  test('O56: why a ticket is blocked, and columns that hold too many, are said', () => {
    const shown = {
      ...board([card(1, { blocked: 'waits for the key' })]),
      violations: [{ projectName: 'shop', column: 'Building', count: 11, limit: 10 }],
    };
    expect(draw(shown, 80)).toContain('waits for the key');
    expect(draw(shown, 80)).toContain('Building of shop holds 11, and may hold 10');
  });

  test('an empty board says what to do', () => {
    expect(draw({ ...board([]), columns: [], lanes: [] }, 80)).toContain('cambium ticket create');
  });
});

test('text is cut and filled to cells: wide letters take two, marks none, families one picture', () => {
  expect(displayWidth('a検b')).toBe(4);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('👩‍👩‍👧')).toBe(2);
  expect(toWidth('検索', 4)).toBe('検索');
  expect(toWidth('検索が', 4)).toBe('検… ');
  expect(toWidth('abc', 5)).toBe('abc  ');
  expect(toWidth('abc', 0)).toBe('');
});
