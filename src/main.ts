// The composition root: the only place that knows every room. Builds what an invocation needs, and closes it after.
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { LoadedConfig } from '#config/load.ts';
import type { IsolationRung } from '#contracts/command.ts';
import type { Table } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import { type Clock, createSystemClock } from '#foundation/clock.ts';
import { AppError, EXIT } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Log } from '#foundation/log.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import type { DatabaseCare, OperationContext } from '#operations/context.ts';
import type { Edges, Operation } from '#operations/operation.ts';
import type { Certifier, CertifyStep } from '#quality/certify.ts';
import type { RepairProgress } from '#repair/engine.ts';
import type { Git } from '#sandbox/git.ts';
import type { IsolationReport } from '#sandbox/isolation.ts';
import type { Workspaces } from '#sandbox/workspace.ts';
import { type CliParts, type Invoke, runCli, type SettingFlag } from '#surfaces/cli/cli.ts';
import type { IsolationRequest, OpenHands, RunHands } from '#workflows/ports.ts';
import manifest from '../package.json' with { type: 'json' };

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const DEFAULT_COLUMNS = 100;
const DEFAULT_ROWS = 24;
const PROGRAM_DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), '..');
const MIGRATIONS_DIRECTORY = join(PROGRAM_DIRECTORY, 'migrations');

/** Runs the command line and returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const outputs = watchOutputs();
  const parts: CliParts = {
    version: manifest.version,
    program: programName(process.argv[1] ?? ''),
    terminal: {
      stdout: (text) => void process.stdout.write(text),
      stderr: (text) => void process.stderr.write(text),
      stdoutIsTty: process.stdout.isTTY === true,
      stderrIsTty: process.stderr.isTTY === true,
      get columns() {
        return process.stderr.columns ?? process.stdout.columns ?? DEFAULT_COLUMNS;
      },
      get rows() {
        return process.stderr.rows ?? process.stdout.rows ?? DEFAULT_ROWS;
      },
    },
    colour: process.stdout.hasColors?.() === true,
    clock: createSystemClock(),
    invoke: invoke,
    onSignal: (react) => {
      for (const signal of SIGNALS) process.on(signal, react);
      outputs.onClosed(() => react('SIGPIPE'));
      return {
        [Symbol.dispose]: () => {
          outputs.onClosed(() => undefined);
          for (const signal of SIGNALS) process.off(signal, react);
        },
      };
    },
  };
  const status = await runCli(argv, parts);
  // Whoever called exits at once: what still waits for a slow reader of a pipe would be cut off.
  await Promise.all([process.stdout, process.stderr].map(flushed));
  return status;
}

/** Settles when all that was written to `stream` so far has left this process, or cannot any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((settle) => void stream.write('', () => settle()));
}

/** Tells once when a reader that has seen enough (`| head`) closed its pipe; any other failure to write is the end. */
function watchOutputs(): { onClosed: (react: () => void) => void; written: () => Promise<void> } {
  let closed = false;
  let tell = (): void => undefined;
  const fail = (name: string) => (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      if (!closed) tell();
      closed = true;
      return;
    }
    const next = 'send it to a place that has room, or to a terminal';
    process.stderr.write(`error: standard ${name} cannot be written: ${error.message}\nnext: ${next}\n`);
    process.exit(EXIT.failed);
  };
  process.stdout.on('error', fail('output'));
  process.stderr.on('error', fail('error'));
  return {
    onClosed: (react) => {
      tell = react;
    },
    // Only then has a failure to write been reported to the handlers above.
    written: () => new Promise((resolve) => process.stdout.write('', () => resolve())),
  };
}

/** `cambium` when it was found on the PATH, else the path that was typed, as short as it can be said. */
function programName(script: string): string {
  if (basename(script) === 'cambium') return 'cambium';
  const short = relative(process.cwd(), script);
  return short.startsWith('..') ? script : short;
}

/** Runs one operation on freshly built rooms; whatever was opened for it is closed before this returns. */
const invoke: Invoke = async ({ operation, input, settings }, edges) => {
  const [{ CATALOGUE }, { perform }] = await Promise.all([
    import('#operations/catalogue.ts'),
    import('#operations/operation.ts'),
  ]);
  const loaded = await loadSettings(input, settings);
  await using resources = new AsyncDisposableStack();
  const context = await createContext(loaded, edges, resources);
  const found: Operation<z.ZodType, z.ZodType> = await CATALOGUE[operation].load();
  // Awaited here: the resources are closed when this function is left.
  return await perform(found, context, { input, edges });
};

interface Loaded {
  readonly config: LoadedConfig;
  readonly home: string;
}

/** The configuration that holds for an invocation: of the repository it names, else of the one it stands in. */
async function loadSettings(input: unknown, flags: readonly SettingFlag[]): Promise<Loaded> {
  const [{ readEnvironment }, { loadConfig }] = await Promise.all([
    import('#config/environment.ts'),
    import('#config/load.ts'),
  ]);
  const environment = readEnvironment();
  const named = input !== null && typeof input === 'object' && 'path' in input ? input.path : null;
  const start = resolve(typeof named === 'string' ? named : '.');
  const loaded = await loadConfig({
    repository: repositoryRoot(start),
    userDirectory: environment.userDirectory,
    environment: environment.variables,
    flags,
  });
  if (!loaded.ok) {
    const problems = loaded.error.map(({ origin, message }) => `${origin}  ${message}`);
    if (loaded.error.every(({ origin }) => origin.startsWith('flag '))) {
      throw new AppError('USAGE', { message: problems.join('; '), details: { problems: loaded.error } });
    }
    throw new AppError('CONFIG_INVALID', {
      message: `the configuration is not valid\n  ${problems.join('\n  ')}`,
      next: 'cambium config show --origin shows every key once the mistakes are mended',
      details: { problems: loaded.error },
    });
  }
  return { config: loaded.value, home: resolve(loaded.value.config.home ?? environment.defaultHome) };
}

/** The nearest directory upwards that holds `.git`; null when there is none. Reads the file system only. */
function repositoryRoot(start: string): string | null {
  for (let at = start; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return null;
  }
}

/** Calls `make` at the first use and keeps what came of it, also when many ask at once. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

async function createContext(
  loaded: Loaded,
  edges: Edges,
  resources: AsyncDisposableStack,
): Promise<OperationContext> {
  const { config, origins } = loaded.config;
  const [{ createLog }, { createIds }, { createGit }, { createWorkspaces }] = await Promise.all([
    import('#foundation/log.ts'),
    import('#foundation/ids.ts'),
    import('#sandbox/git.ts'),
    import('#sandbox/workspace.ts'),
  ]);
  const clock = createSystemClock();
  const log = createLog({ level: config.log.level });
  const git = createGit({ log });
  const workspaces = createWorkspaces({ home: loaded.home, git, clock, log });
  const base: Base = { config, home: loaded.home, git, workspaces, clock, log, ids: createIds(clock), edges };
  const hands = createHands(base);
  return {
    version: manifest.version,
    cwd: process.cwd(),
    home: loaded.home,
    sampleDirectory: join(PROGRAM_DIRECTORY, 'examples', 'opening-hours'),
    settings: config,
    origins,
    clock,
    log,
    git,
    workspaces,
    isolation: hands.isolation,
    certifier: hands.certifier,
    ...createStores(base, hands, resources),
  };
}

/** What every room below is made from. */
interface Base {
  readonly config: LoadedConfig['config'];
  readonly home: string;
  readonly git: Git;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly edges: Edges;
}

interface Hands {
  readonly isolation: () => Promise<IsolationReport>;
  readonly certifier: () => Promise<Certifier>;
  readonly open: OpenHands;
}

/** Everything that runs foreign code, made when it is first needed and for the isolation that is asked for. */
function createHands(base: Base): Hands {
  const wanted = base.config.sandbox.isolation;
  const probe = async (request: IsolationRequest): Promise<IsolationReport> => {
    const { probeIsolation } = await import('#sandbox/isolation.ts');
    return probeIsolation({ request, clock: base.clock, log: base.log });
  };
  const isolation = once(() => probe(wanted));
  const openFor = async (
    request: IsolationRequest,
    log: Log,
  ): Promise<Result<RunHands & { certifier: Certifier }, Refusal>> => {
    const report = request === wanted ? await isolation() : await probe(request);
    if (report.rung !== null) return ok(await createRunHands({ ...base, log }, report.rung, report));
    const why = report.rungs.filter((each) => !each.available).map((each) => `${each.rung}: ${each.reason}`);
    const next = report.hint ?? 'add --isolation none to run foreign code with your own rights';
    return err({ reason: `no isolation works here (${why.join('; ')})`, next });
  };
  const certifier = async (): Promise<Certifier> => {
    const opened = await openFor(wanted, base.log);
    if (opened.ok) return opened.value.certifier;
    throw new AppError('ISOLATION_UNAVAILABLE', { message: opened.error.reason, next: opened.error.next });
  };
  const open: OpenHands = async (request, log) => {
    const opened = await openFor(request, log);
    return opened.ok ? { ok: true, hands: opened.value } : { ok: false, ...opened.error };
  };
  return { isolation, certifier: once(certifier), open };
}

interface Refusal {
  readonly reason: string;
  readonly next: string;
}

async function createRunHands(
  base: Base,
  rung: IsolationRung,
  { features }: IsolationReport,
): Promise<RunHands & { certifier: Certifier }> {
  const [
    { createSandbox },
    { createTestRunner },
    { createCertifier },
    { failingSince },
    { createRepairEngine },
    { createRepairCoder },
  ] = await Promise.all([
    import('#sandbox/runner.ts'),
    import('#quality/test-run.ts'),
    import('#quality/certify.ts'),
    import('#quality/failing-since.ts'),
    import('#repair/engine.ts'),
    import('#workflows/repair-coder.ts'),
  ]);
  const { git, workspaces, clock, ids, log, edges } = base;
  const sandbox = createSandbox({ rung, features, clock, log });
  const tests = createTestRunner({ sandbox, clock });
  const parts = { git, workspaces, tests, ids, clock };
  const certifier = createCertifier({ ...parts, sandbox, version: manifest.version });
  const engine = createRepairEngine({ sandbox, clock, log });
  const onProgress = ({ phase, ...counts }: RepairProgress): void =>
    edges.onProgress({ activity: phase, ...counts });
  const onCheck = (check: CertifyStep): void =>
    edges.onProgress({ activity: `checking: ${check}`, tried: 0, plausible: 0, ratePerSecond: 0 });
  return {
    rung,
    tests,
    certifier: {
      verify: certifier.verify,
      certify: (request, signal) => certifier.certify({ onProgress: onCheck, ...request }, signal),
    },
    coder: createRepairCoder({ engine, onProgress }),
    failingSince: (question, signal) => failingSince(parts, question, signal),
  };
}

type Stores = Pick<OperationContext, 'databaseCare' | 'journal' | 'projects' | 'engine'>;

/** The rooms that keep state, on a database that is opened at the first use and closed with the invocation. */
function createStores(base: Base, hands: Hands, resources: AsyncDisposableStack): Stores {
  const { clock, log, ids } = base;
  const database = once(async () => resources.adopt(await openStore(base, true), (db) => db.close()));
  const journal = once(async () =>
    (await import('#journal/journal.ts')).createJournal({ db: await database(), clock }),
  );
  const parts = async () => ({ db: await database(), journal: await journal(), clock, ids });
  const projects = once(async () => (await import('#projects/projects.ts')).createProjects(await parts()));
  const engine = once(async () => {
    const [{ createQueue }, { createTickets }, { createRunEngine }, { detectAt }, { createScanReviewer }] =
      await Promise.all([
        import('#queue/queue.ts'),
        import('#projects/tickets.ts'),
        import('#workflows/run-engine.ts'),
        import('#operations/tree-files.ts'),
        import('#workflows/scan-reviewer.ts'),
      ]);
    const stores = await parts();
    const queue = resources.adopt(createQueue({ db: stores.db, clock, log }), (open) => open.close());
    const { createPatterns } = await import('#memory/patterns.ts');
    return createRunEngine({
      ...stores,
      memory: createPatterns(stores),
      queue,
      projects: await projects(),
      tickets: createTickets(stores),
      git: base.git,
      workspaces: base.workspaces,
      openHands: hands.open,
      detect: ({ repository, commit, ...wish }) => detectAt(base.git, { repository, commit }, wish),
      reviewers: [createScanReviewer()],
      log,
    });
  });
  return { journal, projects, engine, databaseCare: createDatabaseCare(base) };
}

async function openStore(base: Base, verify: boolean): Promise<Database> {
  const [{ openDatabase }, tables] = await Promise.all([import('#database/open.ts'), expectedTables()]);
  const { url, pgbin } = base.config.database;
  return openDatabase({
    home: base.home,
    tables,
    migrationsDirectory: MIGRATIONS_DIRECTORY,
    clock: base.clock,
    log: base.log,
    verify,
    ...(url === null ? {} : { url }),
    ...(pgbin === null ? {} : { pgbin }),
  });
}

/** Every table of every room: what the schema of the database is compared with. */
async function expectedTables(): Promise<Table[]> {
  const rooms = await Promise.all([
    import('#journal/tables.ts'),
    import('#projects/tables.ts'),
    import('#workflows/tables.ts'),
    import('#memory/tables.ts'),
  ]);
  return rooms.flatMap((room) => Object.values(room));
}

function createDatabaseCare(base: Base): DatabaseCare {
  const withStore = async <T>(work: (db: Database) => Promise<T>): Promise<T> => {
    const db = await openStore(base, false);
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  };
  return {
    check: () =>
      withStore(async (db) => {
        const [{ checkSchema }, { pendingMigrations }] = await Promise.all([
          import('#database/check.ts'),
          import('#database/migrate.ts'),
        ]);
        const { pending } = await pendingMigrations(db, MIGRATIONS_DIRECTORY);
        const problems = await checkSchema(db, await expectedTables());
        return {
          kind: db.server.kind,
          where: db.server.where,
          version: db.server.version,
          pending: pending.map((migration) => migration.file),
          problems,
        };
      }),
    migrate: () =>
      withStore(async (db) => {
        const { migrate } = await import('#database/migrate.ts');
        return { applied: await migrate(db, { directory: MIGRATIONS_DIRECTORY, clock: base.clock }) };
      }),
  };
}
