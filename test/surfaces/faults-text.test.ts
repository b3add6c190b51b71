// The account of a search as text: ties are told as ties, families are added up, and what is cut is said to be cut.
import { expect, test } from 'vitest';
import { faultSections, type ShownSearch } from '../../src/surfaces/cli/faults-text.ts';
import { createPaint } from '../../src/surfaces/cli/output.ts';

const suspect = (line: number, suspicion: number, signals: string[] = []) => ({
  file: 'src/a.ts',
  line,
  suspicion,
  source: `  line ${line}();`,
  signals,
});

const SEARCH: ShownSearch = {
  suspects: [
    suspect(4, 0.9, ['run by 2 of 2 failing tests', 'on the stack']),
    suspect(7, 0.5),
    suspect(9, 0.5),
    suspect(11, 0.1),
  ],
  learned: [],
  triedByTemplate: { guard: 3, wrap: 12, 'guard+wrap': 5, 'wrap+wrap': 6, negate: 1 },
  nearMisses: [{ candidate: { reason: 'In src/a.ts, line 4: \u001b[31mnegate' }, fixedTests: ['a', 'b'] }],
  notes: ['three tests were left out'],
};
const text = (limits = { suspects: 9, templates: 9, nearMisses: 9 }) =>
  faultSections(SEARCH, limits, createPaint(false)).join('\n');

test('a tie is a shared rank, and the next rank counts all before it', () => {
  expect(text()).toContain('     1  0.90  src/a.ts:4  line 4();');
  expect(text()).toContain('    2=  0.50  src/a.ts:7  line 7();');
  expect(text()).toContain('    2=  0.50  src/a.ts:9  line 9();');
  expect(text()).toContain('     4  0.10  src/a.ts:11');
});

test('what speaks for a place stands below it', () => {
  expect(text()).toMatch(/line 4\(\);\n +run by 2 of 2 failing tests; on the stack\n/);
});

test('families are in order of number, and pairs are one family', () => {
  expect(text()).toMatch(/ 12 {2}wrap\n +11 {2}two changes at once\n +3 {2}guard\n +1 {2}negate/);
});

test('what is cut is counted, and foreign text loses its control characters', () => {
  const short = text({ suspects: 2, templates: 2, nearMisses: 1 });
  expect(short).toContain('… and 2 more');
  expect(short).toContain('4  2 other families');
  expect(short).toContain('2 tests fixed by: In src/a.ts, line 4: ');
  expect(short).not.toContain('\u001b');
  expect(short).toContain('note: three tests were left out');
});
