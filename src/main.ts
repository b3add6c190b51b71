// The entry: the process, its settings and one invocation. With `main/`, the only place that knows every room.
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { LoadedConfig } from '#config/load.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { AppError, EXIT } from '#foundation/errors.ts';
import type { OperationContext } from '#operations/context.ts';
import type { Edges, Operation } from '#operations/operation.ts';
import { type CliParts, type Invoke, runCli, type SettingFlag } from '#surfaces/cli/cli.ts';
import manifest from '../package.json' with { type: 'json' };
import { type Base, once } from './main/base.ts';
import { createHands } from './main/hands.ts';
import { createStores } from './main/stores.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const DEFAULT_COLUMNS = 100;
const DEFAULT_ROWS = 24;
const PROGRAM_DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), '..');

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
  const base: Base = {
    version: manifest.version,
    config,
    home: loaded.home,
    git,
    workspaces,
    clock,
    log,
    ids: createIds(clock),
    edges,
  };
  const hands = createHands(base);
  const stores = createStores(base, hands, resources);
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
    models: once(async () => (await import('./main/models.ts')).createDesk(base, stores.budgets)),
    actor: (await import('./main/person.ts')).personHere(),
    ...stores,
  };
}
