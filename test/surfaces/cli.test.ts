// The command line as a door: flags become settings, results and progress keep apart, failures keep their codes.
import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../src/foundation/clock.ts';
import { AppError, ERRORS, EXIT } from '../../src/foundation/errors.ts';
import { type CliParts, type Invoke, runCli, type StopSignal } from '../../src/surfaces/cli/cli.ts';
import { EXIT_MEANINGS, exitCodesTopic } from '../../src/surfaces/cli/exit-codes.ts';
import { table } from '../../src/surfaces/cli/output.ts';

interface Session {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: Parameters<Invoke>[0][];
}

type Signal = StopSignal;

async function session(
  argv: readonly string[],
  answer: (edges: Parameters<Invoke>[1], signal: (name: Signal) => void) => unknown,
): Promise<Session> {
  const out: string[] = [];
  const errors: string[] = [];
  const calls: Parameters<Invoke>[0][] = [];
  let react: (signal: Signal) => void = () => undefined;
  const parts: CliParts = {
    version: '1.2.3',
    program: 'bin/cambium.js',
    terminal: {
      stdout: (text) => void out.push(text),
      stderr: (text) => void errors.push(text),
      stdoutIsTty: false,
      stderrIsTty: false,
      columns: 80,
      rows: 24,
    },
    colour: false,
    clock: createManualClock(),
    invoke: async (call, edges) => {
      calls.push(call);
      return answer(edges, (name) => react(name));
    },
    onSignal: (callback) => {
      react = callback;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const exit = await runCli(argv, parts);
  return { exit, stdout: out.join(''), stderr: errors.join(''), calls };
}

const solved = (outcome: string) => ({
  ticket: 'TKT-1',
  run: 'RUN-1',
  title: 'a title',
  repository: '/r',
  base: 'b',
  outcome,
  reason: 'because',
  code: null,
  fault: null,
  since: null,
  diff: null,
  testsBefore: null,
  testsAfter: null,
  attempts: 0,
  candidatesTried: 0,
  search: null,
  branch: null,
  commit: null,
  certificate: null,
  isolation: null,
  runningMs: 0,
  notes: [],
  next: [],
});

describe('arguments', () => {
  test('a worker is told which database all machines share', async () => {
    const { calls } = await session(
      ['worker', '--concurrency', '3', '--database-url', 'postgres://all/one'],
      () => ({
        stopped: true,
      }),
    );
    expect(calls[0]).toEqual({
      operation: 'work',
      input: { concurrency: 3 },
      settings: [{ path: 'database.url', value: 'postgres://all/one', flag: '--database-url' }],
    });
  });

  test('flags of solve become settings with the flag as origin, and its input keeps the path', async () => {
    const { calls } = await session(
      [
        'solve',
        'a b',
        '--test',
        'make test',
        '--attempts',
        '3',
        '--budget',
        '1m30s',
        '--candidates',
        '5000',
        '--isolation',
        'none',
        '--base',
        'v1',
        '--title',
        'T',
      ],
      () => solved('fixed'),
    );
    expect(calls[0]).toEqual({
      operation: 'solve',
      input: { path: 'a b', sample: false, title: 'T', base: 'v1' },
      settings: [
        { path: 'tests.command', value: 'make test', flag: '--test' },
        { path: 'solve.limits.attempts', value: 3, flag: '--attempts' },
        { path: 'solve.budgetMs', value: 90_000, flag: '--budget' },
        { path: 'solve.candidates', value: 5_000, flag: '--candidates' },
        { path: 'sandbox.isolation', value: 'none', flag: '--isolation' },
      ],
    });
  });

  test('the version is one line, and help names every command', async () => {
    expect((await session(['--version'], () => null)).stdout).toBe('1.2.3\n');
    const { stdout, exit } = await session(['help'], () => null);
    expect(exit).toBe(EXIT.ok);
    for (const name of ['solve', 'init', 'doctor', 'ticket', 'run', 'verify', 'config', 'db', 'worker']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
  });

  test.each([
    [['slove'], 'Did you mean solve'],
    [['solve', '--attemps', '3'], 'Did you mean --attempts'],
    [['solve', '--budget', '60'], 'such as 60s, 5m or 1h30m'],
    [['solve', '--candidates', 'all'], 'a whole number from 1'],
    [['run', 'show'], "missing required argument 'run'"],
    [['help', 'nothing'], 'there is no command or topic "nothing"'],
  ])('%j is a usage error that says what is meant', async (argv, text) => {
    const { exit, stderr, calls } = await session(argv, () => null);
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toContain(text);
    expect(calls).toEqual([]);
  });
});

describe('exit statuses', () => {
  test.each([
    ['fixed', 0],
    ['failed', 1],
    ['waiting-human', 5],
    ['paused', 5],
    ['limit', 6],
    ['no-change', 8],
  ])('a run that ends as %s exits with %i', async (outcome, status) => {
    expect((await session(['solve'], () => solved(outcome))).exit).toBe(status);
  });

  test('a run that ends in an error of the table exits with its status', async () => {
    const broken = { ...solved('failed'), code: 'TESTS_CANNOT_START' };
    expect((await session(['solve'], () => broken)).exit).toBe(ERRORS.TESTS_CANNOT_START.exit);
  });

  test('--allow-empty accepts that there was nothing to change', async () => {
    expect((await session(['solve', '--allow-empty'], () => solved('no-change'))).exit).toBe(0);
  });

  test('the help topic explains every status that the error table can yield', () => {
    const explained = new Set(EXIT_MEANINGS.map(([code]) => code));
    for (const rule of Object.values(ERRORS)) expect(explained.has(rule.exit)).toBe(true);
    for (const [code, meaning] of EXIT_MEANINGS) expect(exitCodesTopic()).toContain(`${code}  ${meaning}`);
  });

  test('a signal aborts the work, and the status tells which one it was', async () => {
    const { exit, stderr } = await session(['solve'], async (edges, signal) => {
      signal('SIGINT');
      expect(edges.signal.aborted).toBe(true);
      return solved('paused');
    });
    expect(exit).toBe(130);
    expect(stderr).toContain('pausing at the last checkpoint');
    const hungUp = await session(['solve'], (_edges, send) => {
      send('SIGHUP');
      return solved('paused');
    });
    expect(hungUp.exit).toBe(143);
  });
});

test('a signal that the terminal and a launcher both deliver counts once', async () => {
  const { exit, stdout, stderr } = await session(['solve'], (_edges, send) => {
    for (const _each of [1, 2]) send('SIGINT');
    return solved('paused');
  });
  expect(exit).toBe(130);
  expect(stdout).toContain('TKT-1 RUN-1  paused');
  expect(stderr.match(/once more/g)).toHaveLength(1);
});

test('run watch exits as the run that it watched', async () => {
  const watched = (status: string, outcome: object | null) => async () => ({
    run: { status, outcome, paused: null, title: '', branch: null, certificate: null },
    steps: [],
    findings: [],
  });
  const exitOf = async (status: string, outcome: object | null = null) =>
    (await session(['run', 'watch', 'RUN-1'], watched(status, outcome))).exit;
  expect(await exitOf('succeeded', { kind: 'fixed', reason: '', code: null })).toBe(EXIT.ok);
  expect(await exitOf('succeeded', { kind: 'no-change', reason: '', code: null })).toBe(EXIT.noChange);
  expect(await exitOf('failed', { kind: 'reached-limit', reason: '', code: null })).toBe(EXIT.limit);
  expect(await exitOf('failed', { kind: 'error', reason: '', code: 'DISK_FULL' })).toBe(EXIT.failed);
  expect(await exitOf('paused')).toBe(EXIT.parked);
  expect(await exitOf('waiting-human')).toBe(EXIT.parked);
});

test('advice is typed as this user types it; a diff and a path keep their own cambium', async () => {
  const diff = '--- a/x\n+++ b/x\n+run cambium solve here\n';
  const next = [{ purpose: 'go on', command: 'cambium run resume RUN-1' }];
  const { stdout } = await session(['solve'], () => ({ ...solved('paused'), diff, next }));
  expect(stdout).toContain('+run cambium solve here\n');
  expect(stdout).toContain('go on  bin/cambium.js run resume RUN-1\n');
  expect((await session(['run', 'diff', 'RUN-1'], () => ({ run: 'RUN-1', diff }))).stdout).toBe(diff);
  const checks = [{ name: 'disk', status: 'failed', summary: '/var/cambium cannot', next: 'cambium doctor' }];
  const doctor = await session(['doctor'], () => ({ healthy: false, checks }));
  expect(doctor.stdout).toContain('/var/cambium cannot\n');
  expect(doctor.stdout).toContain('next: bin/cambium.js doctor\n');
});

test('db migrate does not call a schema up to date that somebody changed by hand', async () => {
  const drifted = { applied: [], problems: ['column runs.attempt is missing'] };
  const { exit, stdout } = await session(['db', 'migrate'], () => drifted);
  expect(exit).toBe(EXIT.unreachable);
  expect(stdout).toContain('  column runs.attempt is missing\nnext: no migration mends this');
  expect(stdout).not.toContain('up to date');
  const fine = await session(['db', 'migrate'], () => ({ applied: [], problems: [] }));
  expect([fine.exit, fine.stdout]).toEqual([EXIT.ok, 'nothing to do: the schema is up to date\n']);
});

describe('errors', () => {
  const refuse = () => {
    throw new AppError('NO_TESTS', {
      message: 'no test \u001b[31mcommand',
      next: 'cambium solve --test COMMAND',
    });
  };

  test('a failure is one message and one next step on standard error, nothing on standard output', async () => {
    const { exit, stdout, stderr } = await session(['solve'], refuse);
    expect(exit).toBe(ERRORS.NO_TESTS.exit);
    expect(stdout).toBe('');
    expect(stderr).toBe('error: no test command\nnext: bin/cambium.js solve --test COMMAND\n');
  });

  test('with --json standard output is exactly one document, also for a failure', async () => {
    const failed = await session(['solve', '--json'], refuse);
    expect(JSON.parse(failed.stdout)).toEqual({
      error: {
        code: 'NO_TESTS',
        message: 'no test command',
        next: 'cambium solve --test COMMAND',
        details: {},
      },
    });
    const fine = await session(['solve', '--json'], () => solved('fixed'));
    expect(JSON.parse(fine.stdout)).toEqual(solved('fixed'));
  });

  test.each([
    [['--json', 'solve', '--bogus'], "unknown option '--bogus'"],
    [['run', 'show', '--json'], "missing required argument 'run'"],
    [['run', '--jsonl'], 'a command is missing'],
    [['help', 'nothing', '--json'], 'there is no command or topic "nothing"'],
  ])('%j is one document too when documents were asked for', async (argv, message) => {
    const { exit, stdout } = await session(argv, () => null);
    expect(exit).toBe(EXIT.usage);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE', message } });
  });

  test('without it a usage error leaves standard output empty', async () => {
    expect((await session(['solve', '--bogus', '--', '--json'], () => null)).stdout).toBe('');
  });

  test('with --jsonl each event is a line and the result is the last one', async () => {
    const { stdout } = await session(['solve', '--jsonl', '--quiet'], (edges) => {
      edges.onEvent({
        seq: 1,
        at: '2026-01-01T00:00:00.000Z',
        schema: 1,
        type: 'run.warned',
        subject: {},
        payload: { attempt: 12, limit: 15 },
      });
      return solved('fixed');
    });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0].event.type).toBe('run.warned');
    expect(lines[1].result.outcome).toBe('fixed');
    expect(lines).toHaveLength(2);
  });

  test('a full disk and a missing permission are told apart from defects', async () => {
    const fail = (code: string) => () => {
      throw Object.assign(new Error(`${code}: write`), { code });
    };
    expect((await session(['solve'], fail('ENOSPC'))).stderr).toContain('free some disk space');
    expect((await session(['solve'], fail('EACCES'))).exit).toBe(EXIT.forbidden);
    expect((await session(['solve'], fail('EWHATEVER'))).stderr).toContain('unexpected: EWHATEVER');
  });
});

test('piped tables are tab-separated, whole and one line a row; for a person they are cut to the screen', () => {
  const long = 'x'.repeat(200);
  const terminal = {
    stdout: () => undefined,
    stderr: () => undefined,
    stderrIsTty: false,
    columns: 40,
    rows: 24,
  };
  expect(table(['A', 'B'], [['1', `two\nlines\t${long}`]], { ...terminal, stdoutIsTty: false })).toBe(
    `A\tB\n1\ttwo lines ${long}\n`,
  );
  const cut = table(['A', 'B'], [['1', long]], { ...terminal, stdoutIsTty: true }).split('\n');
  expect(cut[1]).toHaveLength(40);
  expect(cut[1]?.endsWith('…')).toBe(true);
});
