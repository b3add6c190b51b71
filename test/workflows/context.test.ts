// What a ticket knows: kept once with its source, packed for a step, disagreements shown.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContextItem } from '#contracts/context.ts';
import { CONTEXT_KINDS, type ContextKind } from '#contracts/workflow.ts';
import { packContext, tokensIn } from '#workflows/context/pack.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { phaseRooms } from './support/phases.ts';

let serial = 0;
function item(kind: ContextKind, text: string, more: Partial<ContextItem> = {}): ContextItem {
  serial += 1;
  const source = { kind: 'run' as const, ref: 'RUN-1' };
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id: `ctx_${serial}`,
    phase: 'plan',
    kind,
    subject: '',
    text,
    source,
    at,
    withdrawn: null,
    ...more,
  };
}
const pack = (items: readonly ContextItem[], budgetTokens = 1_000, step = '') =>
  packContext(items, { step, budgetTokens });

describe('the package for a step', () => {
  test('O12: it keeps to its budget, drops no constraint, and says when they alone do not fit', () => {
    const any = fc.record({
      kind: fc.constantFrom(...CONTEXT_KINDS),
      text: fc.string({ minLength: 1, maxLength: 120 }),
      subject: fc.constantFrom('', 'database', 'style'),
    });
    fc.assert(
      fc.property(
        fc.array(any, { maxLength: 25 }),
        fc.integer({ min: 1, max: 400 }),
        fc.string(),
        (given, budget, step) => {
          const items = given.map(({ kind, text, subject }) => item(kind, text, { subject }));
          const packed = pack(items, budget, step);
          const constraints = items.filter(({ kind }) => kind === 'constraint').map(({ id }) => id);
          expect(packed.items).toEqual(expect.arrayContaining(constraints));
          expect(packed.tokens).toBe(tokensIn(packed.text));
          expect(packed.items.length + packed.omitted).toBe(items.length);
          if (packed.fits) expect(packed.tokens).toBeLessThanOrEqual(budget);
          else expect(packed.items).toEqual(constraints);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('O12: where room is short, decisions go before risks, and risks before notes', () => {
    const items = [
      item('note', 'n'.repeat(80)),
      item('risk', 'r'.repeat(80)),
      item('decision', 'd'.repeat(80)),
    ];
    const kinds = (budget: number) => pack(items, budget).text.match(/^- (\w+)/gm);
    expect(kinds(35)).toEqual(['- decision']);
    expect(kinds(60)).toEqual(['- decision', '- risk']);
    expect(kinds(100)).toEqual(['- decision', '- risk', '- note']);
  });

  test('O13: what has to do with the step is found, by words and by parts of identifiers; other notes stay out', () => {
    const items = [
      item('note', 'The parser of opening hours reads minutes as hours'),
      item('note', 'Invoices are rounded to cents'),
      item('note', 'parseOpeningHours is called by the importer'),
    ];
    const packed = pack(items, 1_000, 'repair the opening hours parser');
    expect(packed.items).toEqual([items[0]?.id, items[2]?.id]);
    expect(packed.omitted).toBe(1);
    expect(pack(items, 24, 'rounding of invoices to cents').items).toEqual([items[1]?.id]);
  });

  test('O11: two values of one subject are shown as a contradiction, and one never comes without the other', () => {
    const items = [
      item('decision', 'PostgreSQL', { subject: 'Database' }),
      item('constraint', 'SQLite.', { subject: 'database' }),
      item('decision', 'sqlite', { subject: 'data-base' }),
      item('decision', 'tabs', { subject: 'style' }),
      item('decision', ' Tabs. ', { subject: 'Style' }),
      item('risk', 'slow', { subject: 'database' }),
    ];
    const packed = pack(items);
    expect(packed.contradictions).toEqual([{ subject: 'database', items: [items[0]?.id, items[1]?.id] }]);
    expect(packed.text).toContain('contradiction (database): 2 items above disagree');
    expect(pack(items, 1_000, 'anything about tabs').items).toEqual(
      expect.arrayContaining([items[0]?.id, items[1]?.id]),
    );
  });

  test('O11: where there is room for one side of a contradiction only, there is room for none', () => {
    const items = [
      item('decision', 'PostgreSQL', { subject: 'database' }),
      item('decision', `SQLite, ${'because it is small, '.repeat(10)}`, { subject: 'database' }),
      item('decision', 'tabs', { subject: 'style' }),
    ];
    expect(pack(items, 40, 'which PostgreSQL, which database?').items).toEqual([items[2]?.id]);
    expect(pack(items, 400).items).toHaveLength(3);
  });

  test('O11: every line names its source, and what was withdrawn is left out', () => {
    const gone = { reason: 'wrong', by: 'Ada', at: '2026-01-02T00:00:00.000Z' };
    const items = [
      item('decision', 'REST', { source: { kind: 'file', ref: 'docs/api.md' } }),
      item('constraint', 'x', { withdrawn: gone }),
    ];
    expect(pack(items)).toMatchObject({ text: '- decision: REST [file docs/api.md]', omitted: 0 });
  });

  test('letters beyond the plain ones count as a token each', () => {
    expect(tokensIn('abcdefgh')).toBe(2);
    expect(tokensIn('漢字漢字')).toBe(4);
  });
});

describe('the context of a ticket', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase('embedded');
  });
  afterAll(() => database[Symbol.asyncDispose]());
  const said = (text: string) => ({
    kind: 'decision' as const,
    subject: 'api',
    text,
    source: { kind: 'run' as const, ref: 'RUN-1' },
  });

  test('O11: the same thing said twice is one item with its first source; each new one has its event', async () => {
    const { context, open, journal } = phaseRooms(database.db);
    const ticket = await open();
    const [first] = await context.record(ticket, [said('REST'), said('GraphQL')]);
    const [again] = await context.record(ticket, [
      { ...said('REST'), source: { kind: 'person', ref: 'Bob' } },
    ]);
    expect(again).toEqual(first);
    expect(await context.items(ticket.id)).toHaveLength(2);
    expect(first).toMatchObject({ phase: 'intake', source: { kind: 'run', ref: 'RUN-1' } });
    const types = (await journal.read({ ticketId: ticket.id })).map(({ type }) => type);
    expect(types).toEqual(['change.created', 'decision.recorded', 'decision.recorded']);
    expect((await context.pack(ticket.id, { step: '', budgetTokens: 500 })).contradictions).toHaveLength(1);
  });

  test('O11: an item is withdrawn and never removed; said again, it holds again', async () => {
    const { context, open } = phaseRooms(database.db);
    const ticket = await open();
    const [stored] = await context.record(ticket, [said('REST')]);
    const mark = { by: 'Ada', reason: 'superseded' };
    expect((await context.withdraw(ticket, stored?.id ?? '', mark)).withdrawn).toMatchObject(mark);
    expect((await context.pack(ticket.id, { step: '', budgetTokens: 500 })).items).toEqual([]);
    await context.record(ticket, [said('REST')]);
    expect((await context.items(ticket.id)).map(({ withdrawn }) => withdrawn)).toEqual([null]);
    await expect(context.withdraw(ticket, 'ctx_none', mark)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
