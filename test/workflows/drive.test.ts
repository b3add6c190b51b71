// The way of a ticket through its phases: what carries it on, what it rests at, and what no agent can talk it past.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AUTHORITY } from '#contracts/move.ts';
import { createManualClock } from '#foundation/clock.ts';
import { ADA, assembleDriver, type DriverSetup, openTicket, PROOF } from './support/driver.ts';
import { type Change, GOOD_ADD, GOOD_TWICE, git, scriptedCoder } from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();

async function rooms(
  setup: Partial<DriverSetup> & { readonly script?: readonly (readonly Change[])[] } = {},
) {
  const { script = [[GOOD_ADD, GOOD_TWICE]], ...more } = setup;
  const { db } = world.database;
  const built = await assembleDriver({
    db,
    home: world.repository.home,
    coder: scriptedCoder(script),
    ...more,
  });
  return { ...built, [Symbol.asyncDispose]: () => built.queue.close() };
}

/** The same workflow with other checks at the gate of build. */
const gated = (checks: string, more = ''): string =>
  PROOF.replace(
    '      - type: certificate\n',
    `${checks
      .trim()
      .split('\n')
      .map((line) => `      ${line}`)
      .join('\n')}\n`,
  ).replace('    body: run\n', `    body: run\n${more}`);

test('O8, O55: a ticket is carried from request to done by what the host finds', async () => {
  await using built = await rooms();
  const ticket = await openTicket(built, world.repository.path);
  const view = await built.driver.drive(ticket.key);
  expect(view).toMatchObject({ phase: 'done', rest: { kind: 'done' } });
  const history = await built.transitions.history(ticket.id);
  expect(history.map(({ from, to, kind }) => [from, to, kind])).toEqual([
    [null, 'intake', 'opened'],
    ['intake', 'build', 'advance'],
    ['build', 'done', 'advance'],
  ]);
  const [certificate] = await world.database.db.raw<{ commit: string }>(
    `select body->'subject'->>'commit' as commit from certificates where ticket_id = $1`,
    [ticket.id],
  );
  expect(history.at(-1)?.artefacts[0]).toBe(certificate?.commit);
  expect(view.commit).toBe(certificate?.commit);
});

test('O8: what the agent says is kept as a claim, beside a verdict that does not rest on it', async () => {
  await using built = await rooms({
    workflow: PROOF.replace('    auto_advance: true\n    retry', '    retry'),
  });
  const ticket = await openTicket(built, world.repository.path);
  const view = await built.driver.drive(ticket.key);
  expect(view).toMatchObject({ phase: 'build', rest: { kind: 'move' }, gate: { status: 'ready' } });
  expect(view.claims).toMatchObject([
    { by: expect.stringMatching(/^RUN-\d+$/), statement: expect.stringContaining('src/add.js') },
  ]);
  const seen = view.gate?.checks.flatMap((check) => check.evidence.map((each) => each.collectedBy)) ?? [];
  expect(new Set(seen)).toEqual(new Set(['host']));
});

describe('Proof 4, O10: an agent that claims success', () => {
  test('is told what the gate held against it, tries again, and is refused in the end', async () => {
    const told: string[][] = [];
    const coder = scriptedCoder([[GOOD_ADD, GOOD_TWICE]]);
    const listening = {
      ...coder,
      code: (...[input, tools, signal]: Parameters<typeof coder.code>) => {
        told.push([...input.feedback]);
        return coder.code(input, tools, signal);
      },
    };
    await using built = await rooms({
      coder: listening,
      workflow: gated('- { type: file, path: docs/done.md }'),
    });
    const ticket = await openTicket(built, world.repository.path);
    const view = await built.driver.drive(ticket.key);
    expect(view).toMatchObject({
      phase: 'build',
      rest: { kind: 'gate' },
      gate: { status: 'blocked', iteration: 2 },
    });
    expect(view.rest?.reason).toContain('No file matches docs/done.md');
    expect(told.length).toBe(2);
    expect(told[0]).toEqual([]);
    expect(told[1]?.join()).toMatch(/gate of build, evaluation 1.*docs\/done\.md/);
    const advance = built.transitions.move(ticket.id, {
      to: 'done',
      kind: 'advance',
      actor: ADA,
      reason: 'it says so',
    });
    await expect(advance).rejects.toMatchObject({ code: 'MOVE_REFUSED' });
  });

  test('cannot take the checks out of the workflow in its branch', async () => {
    const own = (text: string) => {
      mkdirSync(join(world.repository.path, '.cambium/workflows'), { recursive: true });
      writeFileSync(join(world.repository.path, '.cambium/workflows/proof.yaml'), text);
      execFileSync('git', ['-C', world.repository.path, 'add', '.']);
      execFileSync('git', ['-C', world.repository.path, 'commit', '-qm', 'the workflow']);
    };
    const strict = gated('- { type: file, path: docs/done.md }');
    own(strict);
    const open: Change = {
      file: '.cambium/workflows/proof.yaml',
      text: gated('- { type: file, path: src/add.js }'),
    };
    await using built = await rooms({ script: [[GOOD_ADD, GOOD_TWICE, open]], workflow: strict });
    const ticket = await openTicket(built, world.repository.path);
    // And not in the checkout either, once the ticket has begun.
    own(open.text);
    const view = await built.driver.drive(ticket.key);
    expect(view.gate?.reasons.join()).toContain('docs/done.md');
    expect(view.phase).toBe('build');
  });

  test('cannot open the gate for another commit than the one that was judged', async () => {
    await using built = await rooms({
      workflow: PROOF.replace('    auto_advance: true\n    retry', '    retry'),
    });
    const ticket = await openTicket(built, world.repository.path);
    const view = await built.driver.drive(ticket.key);
    expect(view.gate?.status).toBe('ready');
    const branch = `refs/heads/cambium/${ticket.key}`;
    const tree = git(world.repository.path, 'rev-parse', `${branch}^{tree}`);
    const sneaked = git(world.repository.path, 'commit-tree', tree, '-p', branch, '-m', 'one more thing');
    git(world.repository.path, 'update-ref', branch, sneaked);
    const move = { to: 'done', kind: 'advance', actor: ADA, reason: '' } as const;
    await expect(built.transitions.move(ticket.id, move)).rejects.toThrow(/the branch is at/);
    const again = await built.driver.evaluate(ticket.key);
    expect(again.gate).toMatchObject({ commit: sneaked, iteration: 2 });
  });
});

describe('M17, M18: a person’s word', () => {
  const asking = gated('- { type: approval, by: [Ada], expires_seconds: 60 }');

  test('is waited for; nobody but the one who is asked can give it, and the ticket goes on with it', async () => {
    await using built = await rooms({ workflow: asking });
    const ticket = await openTicket(built, world.repository.path);
    const waits = await built.driver.drive(ticket.key);
    expect(waits).toMatchObject({ phase: 'build', rest: { kind: 'person' }, gate: { status: 'waiting' } });
    const word = { decision: 'approved', note: 'fine' } as const;
    for (const actor of [
      { kind: 'agent', name: 'Ada', authority: AUTHORITY.system } as const,
      { kind: 'person', name: 'Eve', authority: AUTHORITY.guardian } as const,
    ]) {
      await expect(built.driver.decide(ticket.key, { ...word, actor })).rejects.toMatchObject({
        code: 'MOVE_REFUSED',
      });
    }
    expect((await built.driver.drive(ticket.key)).phase).toBe('build');
    const decided = await built.driver.decide(ticket.key, { ...word, actor: ADA });
    expect(decided.approvals).toMatchObject([{ state: 'approved', decidedBy: 'Ada' }]);
    expect((await built.driver.drive(ticket.key)).phase).toBe('done');
    await expect(
      world.database.db.raw(`update approvals set state = 'rejected' where ticket_id = $1`, [ticket.id]),
    ).rejects.toThrow(/approved already/);
  });

  test('that does not come in time is a no, which somebody may ask for again', async () => {
    const clock = createManualClock();
    await using built = await rooms({ workflow: asking, clock });
    const ticket = await openTicket(built, world.repository.path);
    await built.driver.drive(ticket.key);
    clock.advance(61_000);
    const late = built.driver.decide(ticket.key, { decision: 'approved', actor: ADA, note: '' });
    await expect(late).rejects.toThrow(/means no/);
    const refused = await built.driver.drive(ticket.key);
    expect(refused.gate).toMatchObject({ status: 'blocked' });
    expect(refused.approvals[0]).toMatchObject({ state: 'expired' });
    const again = await built.driver.evaluate(ticket.key);
    expect(again.approvals.map((each) => each.state)).toContain('pending');
    const events = await built.journal.read({ ticketId: ticket.id, limit: 5000 });
    expect(events.filter(({ type }) => type === 'approval.expired').length).toBe(1);
  });
});

test('O8: results of gates cannot be changed afterwards, whoever asks the database', async () => {
  await using built = await rooms();
  const ticket = await openTicket(built, world.repository.path);
  await built.driver.drive(ticket.key);
  const forge = `update gate_results set verdict = 'passed', status = 'ready' where ticket_id = '${ticket.id}'`;
  await expect(world.database.db.raw(forge)).rejects.toThrow(/never changed/);
});

test('R5: a living process keeps the ticket to itself', async () => {
  await using built = await rooms();
  const ticket = await openTicket(built, world.repository.path);
  const both = await Promise.allSettled([built.driver.drive(ticket.key), built.driver.drive(ticket.key)]);
  const lost = both.filter((each) => each.status === 'rejected');
  expect(lost).toMatchObject([{ reason: { code: 'TICKET_CONFLICT' } }]);
  expect((await built.driver.view(ticket.key)).phase).toBe('done');
});

test('R5: work that a process gave up is taken on by whoever works', async () => {
  await using built = await rooms();
  const ticket = await openTicket(built, world.repository.path);
  const stopped = new AbortController();
  const given = built.driver.drive(ticket.key, stopped.signal);
  stopped.abort(new Error('stop'));
  await expect(given).rejects.toThrow('stop');
  expect((await built.driver.view(ticket.key)).rest).toBeNull();
  const working = new AbortController();
  const work = built.driver.work(working.signal);
  await expect
    .poll(async () => (await built.driver.view(ticket.key)).phase, { timeout: 60_000 })
    .toBe('done');
  working.abort();
  await work;
});
