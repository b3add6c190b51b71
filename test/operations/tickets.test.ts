// The verbs of tickets, phases and workflows, through the same door as the command line, on a real database.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { createManualClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { createTicketRooms } from '#main/tickets.ts';
import { CATALOGUE, type OperationName, type OperationOf } from '#operations/catalogue.ts';
import type { OperationContext } from '#operations/context.ts';
import { type Operation, perform } from '#operations/operation.ts';
import { createProjects } from '#projects/projects.ts';
import { createGit } from '#sandbox/git.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeRepository } from '../workflows/support/laboratory.ts';
import { ADA, BUILDER } from '../workflows/support/phases.ts';

let database: TestDatabase;
let repository: Awaited<ReturnType<typeof makeRepository>>;
beforeAll(async () => {
  database = await openTestDatabase('embedded');
  repository = await makeRepository();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await repository.dispose();
});

/** Runs verbs as the command line would. */
function desk(actor = ADA) {
  const clock = createManualClock();
  const log = createLog({ level: 'silent' });
  const parts = {
    db: database.db,
    clock,
    ids: createIds(clock),
    journal: createJournal({ db: database.db, clock }),
  };
  const projects = createProjects(parts);
  const git = createGit({ log });
  const rooms = createTicketRooms({ ...parts, projects, git });
  const context = {
    cwd: repository.path,
    clock,
    log,
    actor,
    git,
    projects: async () => projects,
    ticketing: () => rooms,
    engine: async () => ({ list: async () => [] }),
  } as unknown as OperationContext;
  const edges = {
    signal: new AbortController().signal,
    onRun: () => undefined,
    onEvent: () => undefined,
    onProgress: () => undefined,
  };
  const run = async <N extends OperationName>(
    name: N,
    input: unknown,
  ): Promise<z.output<OperationOf<N>['output']>> => {
    const operation = (await CATALOGUE[name].load()) as Operation<z.ZodType, OperationOf<N>['output']>;
    const output: unknown = await perform(operation, context, { input, edges });
    return output as z.output<OperationOf<N>['output']>;
  };
  const create = (title: string, more = {}) => run('ticket.create', { title, ...more });
  return { run, create, clock };
}

describe('tickets', () => {
  test('a ticket is opened in the repository at hand with its fields, and found again by each of them', async () => {
    const { run, create } = desk();
    const fields = { priority: 'critical', kind: 'bug', labels: ['search'], estimateMinutes: 90 };
    const made = await create('Slow search', { fields, description: 'with many rows' });
    expect(made).toMatchObject({
      status: 'open',
      phase: 'intake',
      column: 'backlog',
      workflowName: 'software-development',
    });
    const part = await create('Measure it', { parent: made.key });
    const found = async (filter: object) =>
      (await run('ticket.list', { filter })).tickets.map(({ key }) => key);
    for (const filter of [
      { priority: 'critical' },
      { kind: 'bug' },
      { label: 'search' },
      { text: 'MANY rows' },
    ])
      expect(await found(filter)).toEqual([made.key]);
    expect(await found({ parent: made.key })).toEqual([part.key]);
    expect(await found({ text: '100%' })).toEqual([]);
    expect(await found({ project: repository.path, phase: 'intake' })).toEqual([part.key, made.key]);
    expect((await run('ticket.list', { limit: 1, before: part.number })).tickets[0]?.key).toBe(made.key);
  });

  test('O6: the status is derived from phase and marks, wherever it is shown', async () => {
    const { run, create, clock } = desk();
    const ticket = await create('Derived', { approveWithinSeconds: 60 });
    const status = async () => (await run('ticket.show', { ticket: ticket.key })).status;
    const one = { tickets: [ticket.key] };
    expect(await status()).toBe('waiting-human');
    await run('ticket.decide', { ...one, decision: 'approved' });
    expect(await status()).toBe('open');
    await run('phase.advance', { ticket: ticket.key, to: 'plan' });
    expect(await status()).toBe('active');
    await run('ticket.block', { ...one, reason: 'freeze' });
    expect(await status()).toBe('blocked');
    expect((await run('ticket.list', { filter: { statuses: ['blocked'] } })).tickets).toHaveLength(1);
    await run('ticket.unblock', one);
    await run('ticket.move', { ...one, to: 'done', kind: 'force', reason: 'by hand' });
    expect(await status()).toBe('done');
    const silent = await create('Nobody answers', { approveWithinSeconds: 60 });
    clock.advance(61_000);
    expect((await run('ticket.show', { ticket: silent.key })).status).toBe('rejected');
    await run('ticket.cancel', { tickets: [silent.key] });
    expect((await run('ticket.show', { ticket: silent.key })).status).toBe('cancelled');
  });

  test('many are moved by a filter; a look before changes nothing, and one refusal keeps nobody else back', async () => {
    const { run, create } = desk();
    const [a, b] = [
      await create('Bulk a', { fields: { labels: ['bulk'] } }),
      await create('Bulk b', { fields: { labels: ['bulk'] } }),
    ];
    await run('ticket.block', { tickets: [b.key], reason: 'freeze' });
    const move = { filter: { label: 'bulk' }, to: 'plan' };
    const looked = await run('ticket.move', { ...move, dryRun: true });
    const outcomes = (of: { results: { key: string; outcome: string }[] }) =>
      of.results.map(({ key, outcome }) => [key, outcome]);
    expect(outcomes(looked)).toEqual([
      [b.key, 'refused'],
      [a.key, 'would'],
    ]);
    expect((await run('ticket.show', { ticket: a.key })).phase).toBe('intake');
    const moved = await run('ticket.move', move);
    expect(outcomes(moved)).toEqual([
      [b.key, 'refused'],
      [a.key, 'done'],
    ]);
    expect(moved.results[0]).toMatchObject({
      text: expect.stringContaining('freeze'),
      next: `cambium ticket unblock ${b.key}`,
    });
    expect((await run('ticket.show', { ticket: a.key })).phase).toBe('plan');
    const edited = await run('ticket.edit', {
      filter: { label: 'bulk' },
      set: { priority: 'low', addLabels: ['x'], removeLabels: ['bulk'] },
    });
    expect(edited.results.map(({ text }) => text)).toEqual(Array(2).fill('set priority "low", labels ["x"]'));
    expect((await run('ticket.cancel', { filter: { label: 'x' }, dryRun: true })).results).toHaveLength(2);
    expect((await run('ticket.show', { ticket: a.key })).cancelled).toBeNull();
  });

  test('a verb without tickets, or with two ways to choose them, is a mistake of usage', async () => {
    const { run } = desk();
    await expect(run('ticket.move', { to: 'plan' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run('ticket.cancel', { tickets: ['TKT-1'], filter: {} })).rejects.toMatchObject({
      code: 'USAGE',
    });
    await expect(run('ticket.edit', { tickets: ['TKT-1'], set: {} })).rejects.toThrow(
      'nothing is to be changed',
    );
  });

  test('O4: the authority is that of the caller, whatever the input says', async () => {
    const { run, create } = desk(BUILDER);
    const ticket = await create('Not by agents');
    const force = { tickets: [ticket.key], to: 'done', kind: 'force', reason: 'I am allowed' };
    await expect(run('ticket.move', force)).rejects.toThrow('needs authority 4; builder-1 has 1');
    await expect(run('ticket.move', { ...force, actor: ADA })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('phases and workflows', () => {
  test('O4: the phases of a ticket say where it can go now, and what stands against it', async () => {
    const { run, create } = desk();
    const ticket = await create('Where to');
    await run('phase.advance', { ticket: ticket.key });
    const { phase, phases } = await run('phase.list', { ticket: ticket.key });
    expect(phase).toBe('research');
    const ways = phases.filter(({ leadsThere }) => leadsThere);
    expect(ways).toMatchObject([
      { id: 'intake', standing: 'visited', kind: 'regress', objections: [] },
      { id: 'plan', standing: 'ahead', kind: 'advance', objections: [{ rule: 'exit' }] },
    ]);
    await expect(run('phase.advance', { ticket: ticket.key })).rejects.toThrow(
      'the context must hold a note',
    );
    await run('ticket.context.add', { ticket: ticket.key, kind: 'note', text: 'two ways' });
    expect((await run('phase.advance', { ticket: ticket.key, dryRun: true })).results[0]?.text).toBe(
      'advance from research to plan',
    );
    await run('phase.advance', { ticket: ticket.key });
    expect((await run('phase.regress', { ticket: ticket.key })).results[0]?.text).toBe(
      'regress from plan to research',
    );
  });

  test('O5: a ticket keeps its version while the file goes on; validate says what is wrong, export gives back what was written', async () => {
    const { run, create } = desk();
    const folder = join(repository.path, '.cambium', 'workflows');
    await mkdir(folder, { recursive: true });
    const source = (last: string) =>
      `# mine\nname: mine\ninitial_phase: a\nphases:\n  - { id: a, order: 0, allowed_transitions: [z], board_column: x }\n  - { id: z, order: ${last}, is_terminal: true, board_column: y }\nboard_columns: [{ id: x }, { id: y, terminal: true }]\n`;
    await writeFile(join(folder, 'mine.yaml'), source('5'));
    const ticket = await create('In my own', { workflow: 'mine' });
    await writeFile(join(folder, 'mine.yaml'), source('five'));
    const { valid, files } = await run('workflow.validate', {});
    expect(valid).toBe(false);
    expect(files[0]?.problems).toEqual([
      `${join(folder, 'mine.yaml')}:6:21  phases[1].order is a string, expected a number; see docs/workflows.md for its form`,
    ]);
    expect((await run('workflow.export', { workflow: ticket.key })).source).toBe(source('5'));
    expect((await run('workflow.show', { workflow: ticket.key })).workflow.phases[1]?.order).toBe(5);
    const second = await create('The last good one', { workflow: 'mine' });
    expect(second.workflow).toBe(ticket.workflow);
    const names = (await run('workflow.list', {})).workflows.map(({ name, kind }) => `${kind} ${name}`);
    expect(names).toEqual([
      'repository mine',
      'preset bugfix',
      'preset classic',
      'preset software-development',
    ]);
    await rm(folder, { recursive: true });
  });
});
