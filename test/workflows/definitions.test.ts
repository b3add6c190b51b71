// Workflow files: what is wrong is said with its place and the way to mend it; what is good is kept by version.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toJSONSchema } from 'zod';
import { workflow } from '#contracts/workflow.ts';
import { checkSchema } from '#database/check.ts';
import { parseWorkflow } from '#workflows/definitions/parse.ts';
import { contextItems, phaseHistory, phaseOutputs, workflowVersions } from '#workflows/tables.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { PRESETS, phaseRooms, preset } from './support/phases.ts';

const GOOD = `name: small
initial_phase: begin
phases:
  - id: begin
    order: 0
    allowed_transitions: [work]
    board_column: open
  - id: work
    order: 1
    allowed_transitions: [end]
    board_column: open
    gate:
      - type: tests
        min: 3
  - id: end
    order: 2
    is_terminal: true
    board_column: closed
board_columns:
  - id: open
  - id: closed
    terminal: true
`;

/** `GOOD` with one thing broken, and where and how the first message has to point. */
const BROKEN: readonly (readonly [what: string, from: string, to: string, place: string, words: RegExp])[] = [
  ['a tab', '  - id: begin', '\t- id: begin', '4:1', /Tabs.*indent with blanks/],
  ['an open bracket', '[work]', '[work', '7:5', /not valid YAML.*close what was opened/],
  ['a key twice', '    order: 1', '    order: 1\n    order: 4', '10:5', /unique.*keep one/],
  [
    'a key misspelt',
    'allowed_transitions: [work]',
    'allowed_transition: [work]',
    '6:5',
    /unknown key "allowed_transition".*did you mean "allowed_transitions"/,
  ],
  ['a key of the top misspelt', 'board_columns:', 'board_colums:', '19:1', /did you mean "board_columns"/],
  [
    'a key of a check misspelt',
    '        min: 3',
    '        mim: 3',
    '14:9',
    /unknown key "mim".*did you mean "min"/,
  ],
  ['a kind of check misspelt', 'type: tests', 'type: test', '13:15', /did you mean "tests"/],
  ['a key missing', 'name: small\n', '', '1:1', /name is missing.*add `name:`/],
  [
    'a column missing',
    '    board_column: open\n  - id: work',
    '  - id: work',
    '4:5',
    /board_column is missing/,
  ],
  ['text for a number', 'order: 1', 'order: second', '9:12', /order is a string, expected a number/],
  ['text for a truth', 'is_terminal: true', 'is_terminal: yes', '17:18', /write true or false/],
  [
    'one word for a list',
    'allowed_transitions: [end]',
    'allowed_transitions: end',
    '10:26',
    /expected a list.*\[a, b\]/,
  ],
  ['an id with a blank', '- id: end', '- id: the end', '15:9', /a letter, then letters/],
  ['a phase twice', '- id: end', '- id: work', '15:9', /"work" is taken by phases\[1\]/],
  ['an order twice', 'order: 2', 'order: 1', '16:12', /order 1 is taken/],
  ['a column twice', '  - id: closed', '  - id: open', '21:9', /"open" is taken by board_columns\[0\]/],
  ['a way to nowhere', '[end]', '[ende]', '10:27', /"ende", which does not exist.*did you mean "end"/],
  [
    'an unknown beginning',
    'initial_phase: begin',
    'initial_phase: start',
    '2:16',
    /"start", which does not exist.*there are begin, work, end/,
  ],
  ['an unknown column', 'board_column: closed', 'board_column: close', '18:19', /did you mean "closed"/],
  [
    'no end',
    '    is_terminal: true\n    board_column: closed',
    '    allowed_transitions: [work]\n    board_column: open',
    '4:3',
    /no phase is the end/,
  ],
  [
    'a phase nobody reaches',
    'allowed_transitions: [work]',
    'allowed_transitions: [end]',
    '8:9',
    /no way leads from begin to work/,
  ],
  ['a dead end', '    allowed_transitions: [end]\n', '', '8:5', /stuck in work/],
  [
    'an end that goes on',
    '    is_terminal: true',
    '    is_terminal: true\n    allowed_transitions: [work]',
    '18:26',
    /end is the end and yet leads to work/,
  ],
  ['a way to itself', '[end]', '[end, work]', '10:32', /work leads to itself/],
  [
    'an end in an open column',
    'board_column: closed',
    'board_column: open',
    '18:19',
    /column open is not terminal/,
  ],
  [
    'a gate of the end',
    '    is_terminal: true',
    '    is_terminal: true\n    gate: [{ type: tests }]',
    '15:9',
    /never asked/,
  ],
  [
    'a gate that cannot open',
    'type: tests\n        min: 3',
    'type: certificate',
    '13:9',
    /can never open: it asks for a certificate.*body: run/,
  ],
  [
    'one file, two wanted',
    'type: tests\n        min: 3',
    'type: file\n        path: docs/plan.md\n        min_count: 2',
    '13:9',
    /can never open: docs\/plan\.md is one file.*glob/,
  ],
  [
    'an output nobody makes',
    '    order: 1',
    '    order: 1\n    exit: [{ has_output: plan }]',
    '10:26',
    /no phase yields an output "plan"/,
  ],
  [
    'a condition misspelt',
    '    order: 1',
    '    order: 1\n    exit: [aproved]',
    '10:12',
    /did you mean "approved"/,
  ],
  [
    'a condition key misspelt',
    '    order: 1',
    '    order: 1\n    exit: [{ has_contxt: note }]',
    '10:14',
    /did you mean "has_context"/,
  ],
  [
    'tasks without a body',
    '    order: 1',
    '    order: 1\n    tasks: [{ id: a, description: b }]',
    '10:12',
    /body: tasks/,
  ],
  [
    'tasks in a circle',
    '    order: 1',
    '    order: 1\n    body: tasks\n    tasks: [{ id: a, description: x, depends_on: [b] }, { id: b, description: y, depends_on: [a] }]',
    '11:50',
    /waits for itself/,
  ],
  [
    'a gate in front of the first phase',
    '    order: 0',
    '    order: 0\n    entry: [approved]',
    '6:12',
    /nobody enters begin/,
  ],
  [
    'going on by itself to nowhere',
    'order: 0',
    'order: 9\n    auto_advance: true',
    '6:19',
    /no phase of a higher order/,
  ],
  [
    'a path out of the repository',
    'type: tests\n        min: 3',
    'type: file\n        path: ../secret',
    '14:15',
    /inside the repository/,
  ],
  [
    'a pattern that does not compile',
    'type: tests\n        min: 3',
    "type: file\n        path: a.md\n        matches: '('",
    '15:18',
    /regular expression/,
  ],
  [
    'a second document',
    '    terminal: true\n',
    '    terminal: true\n---\nname: other\n',
    '',
    /second document/,
  ],
];

describe('files', () => {
  test('the good file is good', () => expect(parseWorkflow(GOOD).ok).toBe(true));

  test.each(BROKEN)(
    'O5: %s is said with its place and the way to mend it',
    (...[, from, to, place, words]) => {
      expect(GOOD).toContain(from);
      const parsed = parseWorkflow(GOOD.replace(from, () => to));
      if (parsed.ok) throw new Error('the broken file was taken for good');
      const [first] = parsed.error.filter(({ message, suggestion }) =>
        words.test(`${message}; ${suggestion}`),
      );
      expect(parsed.error.map(({ message, suggestion }) => `${message}; ${suggestion}`).join('\n')).toMatch(
        words,
      );
      if (place !== '') expect(`${first?.line}:${first?.column}`).toBe(place);
      expect(first?.suggestion).not.toBe('');
    },
  );

  test('O5: phases that lead round in a circle are named', () => {
    const circle = GOOD.replace('allowed_transitions: [work]', 'allowed_transitions: [work, a]').replace(
      '  - id: end',
      '  - { id: a, order: 7, allowed_transitions: [b], board_column: open }\n  - { id: b, order: 8, allowed_transitions: [a], board_column: open }\n  - id: end',
    );
    const parsed = parseWorkflow(circle);
    expect(parsed.ok ? [] : parsed.error.map(({ message }) => message)).toEqual([
      'from a no way leads to an end: its phases go round in a circle',
      'from b no way leads to an end: its phases go round in a circle',
    ]);
  });

  test('a file that is empty, no mapping, or endless is refused', () => {
    for (const text of ['', '- a\n', 'words', `# ${'x'.repeat(300_000)}`])
      expect(parseWorkflow(text).ok).toBe(false);
  });
});

describe('the guide', () => {
  const guide = readFileSync(new URL('../../docs/workflows.md', import.meta.url), 'utf8');

  test('O5: its example is a workflow', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
    expect(parseWorkflow(example)).toMatchObject({ ok: true, value: { name: 'docs-change' } });
  });

  test('O5: it names every key of the schema and every kind of check', () => {
    const keys = new Set<string>();
    const collect = (schema: unknown): void => {
      if (schema === null || typeof schema !== 'object') return;
      for (const [name, inner] of Object.entries(schema)) {
        if (name === 'properties') for (const key of Object.keys(inner)) keys.add(key);
        if (name === 'const' && typeof inner === 'string') keys.add(inner);
        collect(inner);
      }
    };
    collect(toJSONSchema(workflow, { io: 'input' }));
    expect(keys.size).toBeGreaterThan(50);
    expect([...keys].filter((key) => !guide.includes(`\`${key}`))).toEqual([]);
  });
});

describe('presets', () => {
  test('O2: the way of a change has its phases in order, with the run of the state machine as the body of build', () => {
    const { phases } = preset('software-development');
    const ids = 'intake research plan spike build test review deploy reflect done'.split(' ');
    expect(phases.map(({ id }) => id)).toEqual(ids);
    expect(phases.filter(({ body }) => body === 'run').map(({ id }) => id)).toEqual(['build']);
  });

  test('O55: the columns of the board have the limits of work in progress', () => {
    const limits = preset('classic').board_columns.map(({ id, wip_limit }) => [id, wip_limit]);
    expect(limits).toEqual([
      ['backlog', null],
      ['analyzing', 5],
      ['building', 10],
      ['testing', 8],
      ['deploying', 3],
      ['done', null],
      ['blocked', null],
    ]);
  });
});

describe('definitions', () => {
  let database: TestDatabase;
  let directory: string;
  const own = () => join(directory, '.cambium', 'workflows', 'bugfix.yaml');

  beforeAll(async () => {
    database = await openTestDatabase('embedded');
    directory = await mkdtemp(join(tmpdir(), 'cambium-workflows-'));
    await mkdir(join(directory, '.cambium', 'workflows'), { recursive: true });
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test('the tables are those of the migration', async () => {
    const tables = [workflowVersions, phaseHistory, phaseOutputs, contextItems];
    expect(await checkSchema(database.db, tables)).toEqual([]);
  });

  test("O5: the repository's file goes before the preset; broken, the last good version is used and the problem told", async () => {
    const { definitions } = phaseRooms(database.db);
    const good = GOOD.replace('name: small', 'name: bugfix');
    expect((await definitions.current('bugfix', directory)).origin).toBe(join(PRESETS, 'bugfix.yaml'));
    await writeFile(own(), good.replace('[end]', '[ende]'));
    await expect(definitions.current('bugfix', directory)).rejects.toMatchObject({
      code: 'WORKFLOW_INVALID',
    });
    await writeFile(own(), good);
    const first = await definitions.current('bugfix', directory);
    expect(first).toMatchObject({ source: good, origin: own(), problems: [] });
    await database.db.transaction((q) => definitions.pin(q, first));
    await writeFile(own(), good.replace('order: 0', 'order: x'));
    const kept = await definitions.current('bugfix', directory);
    expect(kept.digest).toBe(first.digest);
    expect(kept.problems).toEqual([
      `${own()}:5:12  phases[0].order is a string, expected a number; see docs/workflows.md for its form`,
    ]);
    const another = phaseRooms(database.db).definitions;
    expect((await another.current('bugfix', directory)).digest).toBe(first.digest);
    await writeFile(own(), good.replace('order: 0', 'order: -0'));
    expect((await definitions.current('bugfix', directory)).digest).not.toBe(first.digest);
    await rm(own());
  });

  test('O5: a ticket keeps the version it began with, and the version comes back byte for byte', async () => {
    const { definitions } = phaseRooms(database.db);
    const text = `${GOOD.replace('name: small', 'name: bugfix')}# a comment of mine\n`;
    await writeFile(own(), text);
    const digest = await database.db.transaction(async (q) =>
      definitions.pin(q, await definitions.current('bugfix', directory)),
    );
    await writeFile(own(), text.replace('order: 2', 'order: 5'));
    const fresh = phaseRooms(database.db).definitions;
    expect((await fresh.version(digest)).phases[2]?.order).toBe(2);
    expect(await fresh.source(digest)).toMatchObject({ name: 'bugfix', source: text });
    await rm(own());
  });

  test('names lead to files and to nothing else', async () => {
    const { definitions } = phaseRooms(database.db);
    await symlink('/etc/hostname', own());
    expect((await definitions.current('bugfix', directory)).origin).toBe(join(PRESETS, 'bugfix.yaml'));
    await rm(own());
    await expect(definitions.current('clasic', null)).rejects.toThrow('did you mean classic?');
    await expect(definitions.current('../../etc/passwd', directory)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await writeFile(own(), GOOD);
    const [file] = await definitions.files(directory);
    expect(file?.problems[0]).toContain('calls itself small, but it is found by the name of its file');
    expect(await definitions.files(null)).toMatchObject([
      { name: 'bugfix' },
      { name: 'classic' },
      { name: 'software-development' },
    ]);
    await rm(own());
  });

  test('what is exported is what was written', async () => {
    const { definitions } = phaseRooms(database.db);
    const written = await readFile(join(PRESETS, 'classic.yaml'), 'utf8');
    const digest = await database.db.transaction(async (q) =>
      definitions.pin(q, await definitions.current('classic', null)),
    );
    expect((await definitions.source(digest)).source).toBe(written);
  });
});
