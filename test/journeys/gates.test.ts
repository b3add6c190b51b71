// Gates from the command line: a workflow of the user's own, what it refuses and why, a person's word, and the end.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CliResult, openCliHome } from '../support/cli.ts';
import { BROKEN_MAX, layOut, scribble } from '../support/repository.ts';

const CAREFUL = `name: careful
initial_phase: fix
phases:
  - id: fix
    order: 0
    allowed_transitions: [done]
    board_column: building
    body: run
    auto_advance: true
    retry: { attempts: 1 }
    gate:
      - type: certificate
      - { type: tests, min: 4 }
      - { type: findings }
      - { type: file, path: docs/why.md, headings: [Cause], changed: true }
      - { type: approval, name: maintainer }
  - { id: done, order: 1, is_terminal: true, board_column: done }
board_columns:
  - { id: building }
  - { id: done, terminal: true }
`;

const said = ({ stdout, stderr }: CliResult): string => `${stdout}${stderr}`;

test('O8, M18: a ticket rests at a shut gate with each reason, and is done when the host and a person are content', async () => {
  await using cli = await openCliHome();
  const path = join(cli.scratch, 'largest');
  await layOut(path, { ...BROKEN_MAX, '.cambium/workflows/careful.yaml': CAREFUL });
  const run = (...args: string[]) => cli.run(args, { cwd: path });
  const created = await run('ticket', 'create', 'Largest is wrong', '--workflow', 'careful');
  expect(created.exit, said(created)).toBe(0);

  const worked = await run('ticket', 'work', 'TKT-1');
  expect(worked.exit, said(worked)).toBe(7);
  expect(worked.stdout).toMatch(
    /✓ certificate.*\n.*✓ tests.*\n.*✓ findings.*\n.*✗ file +No file added or changed/,
  );
  expect(worked.stdout).toContain('$ git -C');
  expect(worked.stdout).toMatch(/… maintainer +Nobody is asked before/);
  expect(worked.stdout).toContain('claimed, and no evidence');

  const git = (...args: string[]) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args]);
  git('switch', '-q', 'cambium/TKT-1');
  await scribble(path, { 'docs/why.md': '# Cause\n\nThe comparison was turned around.\n' });
  git('add', 'docs');
  git('commit', '-qm', 'Say why');
  const evaluated = await run('phase', 'gate', 'TKT-1', '--json');
  expect(evaluated.exit, said(evaluated)).toBe(5);
  const { gate, rest } = JSON.parse(evaluated.stdout);
  expect(gate).toMatchObject({ status: 'waiting', iteration: 2, verdict: null });
  expect(gate.checks.map((check: { outcome: string }) => check.outcome)).toEqual([
    ...['passed', 'passed', 'passed', 'passed'],
    'waiting',
  ]);
  expect(rest.next).toContain('phase approve TKT-1');
  const early = await run('phase', 'advance', 'TKT-1');
  expect(said(early)).toMatch(/the gate of fix is waiting/);

  const approved = await run('phase', 'approve', 'TKT-1', '--note', 'as it should be');
  expect(approved.exit, said(approved)).toBe(0);
  const done = await run('ticket', 'work', 'TKT-1');
  expect(said(done)).toContain('TKT-1 is in done');
  expect(done.exit).toBe(0);
}, 240_000);
