// Moving tickets on a real database: one transaction with history and event, one winner of every race.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSchema } from '#database/check.ts';
import { ticketDependencies } from '#projects/tables.ts';
import { outputsOf, storeOutput } from '#workflows/phase-records.ts';
import type { MoveGuard } from '#workflows/transitions.ts';
import { openTestDatabase, servers, type TestDatabase } from '../support/database.ts';
import { ADA, BUILDER, phaseRooms } from './support/phases.ts';

const HOUR_MS = 3_600_000;
const NOTE = {
  kind: 'note' as const,
  subject: '',
  text: 'looked',
  source: { kind: 'person' as const, ref: 'Ada' },
};

describe.each(servers)('on the %s database', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase(server);
  });
  afterAll(() => database[Symbol.asyncDispose]());
  const rooms = (guards: readonly MoveGuard[] = []) => phaseRooms(database.db, guards);
  const advance = (to: string, reason = 'ready') => ({ to, kind: 'advance' as const, actor: ADA, reason });

  test('the table of dependencies is that of the migration', async () => {
    expect(await checkSchema(database.db, [ticketDependencies])).toEqual([]);
  });

  test('O3: a move is written with who, why and what it rests on, and its event in the same transaction', async () => {
    const { transitions, journal, open, clock } = rooms();
    const ticket = await open();
    clock.advance(HOUR_MS);
    const request = { ...advance('research', 'unclear'), artefacts: ['sha256:abc'] };
    const { ticket: moved, record } = await transitions.move(ticket.id, request);
    expect(moved).toMatchObject({ phase: 'research', phaseSince: '2026-01-01T01:00:00.000Z', version: 1 });
    expect(await transitions.history(ticket.id)).toMatchObject([
      { seq: 1, from: null, to: 'intake', kind: 'opened', actor: ADA },
      {
        seq: 2,
        from: 'intake',
        to: 'research',
        kind: 'advance',
        reason: 'unclear',
        artefacts: ['sha256:abc'],
      },
    ]);
    expect(record).toEqual((await transitions.history(ticket.id))[1]);
    const events = await journal.read({ ticketId: ticket.id });
    expect(events.map(({ type }) => type)).toEqual(['change.created', 'change.moved']);
    expect(events[1]?.payload).toMatchObject({ from: 'intake', to: 'research', by: 'Ada', overridden: [] });
  });

  test('O3: a move that is refused or fails leaves nothing behind', async () => {
    const { transitions, journal, open, db } = rooms();
    const ticket = await open();
    await expect(transitions.move(ticket.id, advance('done'))).rejects.toMatchObject({
      code: 'MOVE_REFUSED',
      details: { objections: [{ rule: 'table' }] },
    });
    const failing = db.transaction(async (q) => {
      await transitions.moveWithin(q, ticket.id, advance('research'));
      throw new Error('the process was killed');
    });
    await expect(failing).rejects.toThrow('killed');
    expect(await transitions.history(ticket.id)).toHaveLength(1);
    expect(await journal.read({ ticketId: ticket.id })).toHaveLength(1);
    expect((await transitions.move(ticket.id, advance('research'))).record.seq).toBe(2);
  });

  test('O3: of many who move a ticket at once, one does, and the numbers of its history have no gap', async () => {
    const { transitions, open } = rooms();
    const ticket = await open();
    const version = ticket.version;
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, (_, at) =>
        transitions.move(ticket.id, { ...advance(at % 2 === 0 ? 'research' : 'plan'), version }),
      ),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(new Set(codes)).toEqual(new Set(['TICKET_CONFLICT']));
    expect((await transitions.history(ticket.id)).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('O4: what a guard objects to is decided inside the transaction, and judged without writing before', async () => {
    const asked: string[] = [];
    const shut: MoveGuard = async (_q, { from, to, kind }) => {
      asked.push(`${from.id} ${to.id} ${kind}`);
      return [{ rule: 'gate', reason: `the gate of ${from.id} is shut`, next: 'cambium phase gate' }];
    };
    const { transitions, open } = rooms([shut]);
    const ticket = await open();
    expect((await transitions.judge(ticket.id, advance('research'))).objections).toMatchObject([
      { rule: 'gate' },
    ]);
    await expect(transitions.move(ticket.id, advance('research'))).rejects.toThrow(
      'the gate of intake is shut',
    );
    const around = { ...advance('research', 'the gate is broken'), kind: 'fast-track' as const };
    const { record } = await transitions.move(ticket.id, around);
    expect(record.overridden).toMatchObject([{ rule: 'gate', reason: 'the gate of intake is shut' }]);
    expect(asked).toEqual([
      'intake research advance',
      'intake research advance',
      'intake research fast-track',
    ]);
    await expect(
      transitions.move(ticket.id, { ...around, to: 'plan', actor: BUILDER }),
    ).rejects.toMatchObject({
      details: { objections: [{ rule: 'authority' }] },
    });
  });

  test('O6: blocked lies over the phase with reason, name and time, and is taken off again', async () => {
    const { transitions, journal, open } = rooms();
    const ticket = await open();
    await expect(transitions.block(ticket.id, { actor: ADA, reason: ' ' })).rejects.toThrow(
      'without a reason',
    );
    const blocked = await transitions.block(ticket.id, { actor: ADA, reason: 'waits for a key' });
    expect(blocked.blocked).toEqual({
      reason: 'waits for a key',
      by: 'Ada',
      since: '2026-01-01T00:00:00.000Z',
    });
    expect(blocked.phase).toBe('intake');
    await expect(transitions.move(ticket.id, advance('research'))).rejects.toThrow(
      'is blocked by Ada: waits for a key',
    );
    await expect(transitions.block(ticket.id, { actor: ADA, reason: 'x' })).rejects.toThrow(
      'blocked already',
    );
    expect((await transitions.unblock(ticket.id, { actor: ADA, reason: '' })).blocked).toBeNull();
    await expect(transitions.unblock(ticket.id, { actor: ADA, reason: '' })).rejects.toThrow(
      'is not blocked',
    );
    await transitions.move(ticket.id, advance('research'));
    const types = (await journal.read({ ticketId: ticket.id })).map(({ type }) => type);
    expect(types).toEqual(['change.created', 'change.blocked', 'change.unblocked', 'change.moved']);
  });

  test('a cancelled ticket goes nowhere any more', async () => {
    const { transitions, open } = rooms();
    const ticket = await open();
    await transitions.cancel(ticket.id, { actor: ADA, reason: 'not wanted' });
    const forced = { ...advance('plan'), kind: 'force' as const };
    await expect(transitions.move(ticket.id, forced)).rejects.toThrow('was cancelled by Ada: not wanted');
    await expect(transitions.cancel(ticket.id, { actor: ADA, reason: 'again' })).rejects.toThrow(
      'was cancelled',
    );
  });

  test('O65: approval is given by a person in time; silence until the deadline is a no for good', async () => {
    const { transitions, open, clock } = rooms();
    const deadline = new Date(clock.now().getTime() + HOUR_MS).toISOString();
    const pending = { state: 'pending' as const, deadline, by: null, note: '', at: null };
    const [given, silent] = [
      await open(undefined, { approval: pending }),
      await open(undefined, { approval: pending }),
    ];
    const yes = { decision: 'approved' as const, actor: ADA, reason: 'useful' };
    await expect(transitions.move(given.id, advance('research'))).rejects.toThrow('waits for approval');
    await expect(transitions.decide(given.id, { ...yes, actor: BUILDER })).rejects.toThrow(
      'a person decides',
    );
    await transitions.decide(given.id, yes);
    clock.advance(HOUR_MS);
    await transitions.move(given.id, advance('research'));
    await expect(transitions.decide(silent.id, yes)).rejects.toThrow('which means no');
    await expect(transitions.move(silent.id, advance('research'))).rejects.toThrow('not approved in time');
  });

  test('O65: dependencies hold a ticket back until they are done, and never form a circle', async () => {
    const { transitions, dependencies, open } = rooms();
    const [a, b, c] = [await open('bugfix'), await open(), await open()];
    await dependencies.add(b, a, 'Ada');
    await dependencies.add(c, b, 'Ada');
    const back = dependencies.add(a, c, 'Ada');
    await expect(back).rejects.toThrow(`(${a.key} → ${c.key} → ${b.key} → ${a.key})`);
    await expect(dependencies.add(a, a, 'Ada')).rejects.toThrow('wait for each other');
    await expect(transitions.move(b.id, advance('plan'))).rejects.toThrow(`${a.key} must be done first`);
    await transitions.move(a.id, advance('done'));
    await transitions.move(b.id, advance('plan'));
    await dependencies.remove(c, b, 'Ada');
    expect(await dependencies.of(c.id)).toEqual([]);
    expect(await dependencies.dependants(a.id)).toEqual([b.id]);
  });

  test('O65: writers who close a circle together do not', async () => {
    const { dependencies, open } = rooms();
    const tickets = [await open(), await open(), await open()];
    const edges = tickets.map((ticket, at) => [ticket, tickets[(at + 1) % 3] ?? ticket] as const);
    const all = await Promise.allSettled(edges.map(([from, to]) => dependencies.add(from, to, 'Ada')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  test('M16: outputs are kept by version; a pivot supersedes what was made since and keeps it readable', async () => {
    const rooms1 = rooms();
    const { transitions, context, open, db, journal } = rooms1;
    const ticket = await open();
    const store = (phase: string, content: unknown) =>
      db.transaction((q) =>
        storeOutput(rooms1, q, {
          ticketId: ticket.id,
          phase,
          slot: 'findings',
          path: null,
          content,
          collectedBy: 'host',
        }),
      );
    await transitions.move(ticket.id, advance('research'));
    await store('intake', { why: 'speed' });
    await store('research', { options: 2 });
    expect(await store('research', { options: 2 })).toMatchObject({ version: 1 });
    expect(await store('research', { options: 3 })).toMatchObject({ version: 2, madeIn: 2 });
    await context.record(ticket, [NOTE]);
    await transitions.move(ticket.id, advance('plan'));
    await transitions.move(ticket.id, { to: 'research', kind: 'pivot', actor: ADA, reason: 'wrong library' });
    await store('research', { options: 3 });
    const kept = (await outputsOf(db.q, ticket.id)).map(({ phase, version, supersededIn }) => [
      phase,
      version,
      supersededIn,
    ]);
    expect(kept).toEqual([
      ['intake', 1, null],
      ['research', 1, 4],
      ['research', 2, 4],
      ['research', 3, null],
    ]);
    const [pivot] = (await journal.read({ ticketId: ticket.id })).filter(
      ({ type }) => type === 'pivot.applied',
    );
    expect(pivot?.payload).toEqual({ to: 'research', superseded: ['research/findings'] });
  });

  test('the law of versions: a write against an older version changes nothing', async () => {
    const { tickets, open, db } = rooms();
    const ticket = await open();
    const write = (title: string) => db.transaction((q) => tickets.change(q, ticket, { title }));
    expect(await write('first')).toMatchObject({ title: 'first', version: 1 });
    await expect(write('second')).rejects.toMatchObject({ code: 'TICKET_CONFLICT' });
    expect((await tickets.show(ticket.id)).title).toBe('first');
  });
});
