// The pattern library on real servers: counts that follow from evidence, one transaction, concurrency, hostile forms.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewEvent } from '#contracts/event.ts';
import { checkSchema } from '#database/check.ts';
import type { Queries } from '#database/port.ts';
import { createManualClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import type { Lesson, PatternForm } from '#memory/lesson.ts';
import { createPatterns } from '#memory/patterns.ts';
import { createPatternLibrary } from '#memory/retire.ts';
import * as tables from '#memory/tables.ts';
import { openTestDatabase, servers, type TestDatabase } from '../support/database.ts';

const LESS: PatternForm = {
  family: 'javascript',
  kind: 'binary_expression',
  before: '$A < $B',
  after: '$A <= $B',
  removes: false,
  parentKind: 'for_statement',
  proof: { before: 'i < n', after: 'i <= n' },
};

function lessonOf(run: number, parts: Partial<Lesson> = {}): Lesson {
  return {
    runId: `run_${run}`,
    runKey: `RUN-${run}`,
    ticketId: `tkt_${run}`,
    projectId: 'prj_1',
    commit: String(run).padStart(40, '0'),
    certificate: `sha256:${run}`,
    change: `change ${run}`,
    errorClass: 'AssertionError',
    verdict: 'accepted',
    forms: [LESS],
    template: 'comparison-operator',
    templates: [{ family: 'javascript', template: 'comparison-operator', kind: 'binary_expression' }],
    uses: [],
    revertedCommits: [],
    ...parts,
  };
}

describe.each(servers)('on %s', (server) => {
  let base: TestDatabase;
  beforeAll(async () => {
    base = await openTestDatabase(server);
  });
  afterAll(() => base[Symbol.asyncDispose]());

  const fresh = async () => {
    const clock = createManualClock();
    const database = await openTestDatabase(server, { tables: Object.values(tables) });
    const patterns = createPatterns({ db: database.db, clock, ids: createIds(clock) });
    const teach = (lesson: Lesson) => database.db.transaction((q) => patterns.record(q, lesson));
    const events: NewEvent[] = [];
    const journal = {
      append: async (_q: Queries, some: readonly NewEvent[]) => {
        events.push(...some);
        return [];
      },
    };
    const library = createPatternLibrary({ db: database.db, journal, clock });
    return { ...database, database, patterns, teach, library, events };
  };

  test('a retired pattern is handed to no search, also when it is learned again; its evidence stays', async () => {
    const { database, patterns, teach, library, events } = await fresh();
    await using _ = database;
    await teach(lessonOf(1));
    expect((await patterns.recall('javascript')).rewrites).toHaveLength(1);
    const retired = await library.retire('PTN-1', 'fits one place only');
    expect(retired).toMatchObject({ key: 'PTN-1', retiredWhy: 'fits one place only', accepted: 1 });
    await library.retire('ptn-1', 'again');
    await teach(lessonOf(2));
    expect((await patterns.recall('javascript')).rewrites).toEqual([]);
    expect(await library.list()).toMatchObject([
      { key: 'PTN-1', accepted: 2, retiredWhy: 'fits one place only' },
    ]);
    expect(events).toEqual([
      { type: 'pattern.retired', subject: {}, payload: { pattern: 'PTN-1', why: 'fits one place only' } },
    ]);
    await expect(library.retire('PTN-9', '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('the tables are those that the code expects', async () => {
    expect(await checkSchema(base.db, Object.values(tables))).toEqual([]);
  });

  test('S33, M14: every count follows from evidence that names run, ticket, project, commit and certificate', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    expect(await teach(lessonOf(1))).toMatchObject([
      {
        type: 'pattern.learned',
        payload: { pattern: 'PTN-1', before: '$A < $B' },
        subject: { runId: 'run_1' },
      },
    ]);
    expect(await teach(lessonOf(2))).toEqual([]);
    await teach(
      lessonOf(3, {
        verdict: null,
        forms: [],
        templates: [],
        uses: [
          { key: 'PTN-1', outcome: 'seen', count: 4 },
          { key: 'PTN-1', outcome: 'tried', count: 3 },
          { key: 'PTN-99', outcome: 'tried', count: 3 },
          { key: 'nonsense', outcome: 'tried', count: 3 },
        ],
      }),
    );
    const [pattern] = await patterns.list();
    expect(pattern).toMatchObject({
      key: 'PTN-1',
      origin: 'RUN-1',
      accepted: 2,
      refused: 0,
      seen: 4,
      tried: 3,
    });
    const { evidence } = await patterns.show('PTN-1');
    expect(evidence).toHaveLength(4);
    expect(evidence.find(({ runId }) => runId === 'run_2')).toMatchObject({
      ticketId: 'tkt_2',
      projectId: 'prj_1',
      commit: '2'.padStart(40, '0'),
      certificate: 'sha256:2',
      outcome: 'accepted',
    });
    await database.db.raw(`delete from pattern_evidence where run_id = 'run_2'`);
    expect((await patterns.list())[0]).toMatchObject({ accepted: 1 });
  });

  test('the same lesson told twice counts once', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    await teach(lessonOf(1));
    await teach(lessonOf(1));
    expect(await patterns.list()).toMatchObject([{ accepted: 1 }]);
    expect((await patterns.recall('javascript')).outcomes).toMatchObject([{ accepted: 1, refused: 0 }]);
  });

  test('a rejection speaks against a known pattern and its template, and makes no new one', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    await teach(lessonOf(1, { verdict: 'rejected' }));
    expect(await patterns.list()).toEqual([]);
    await teach(lessonOf(2));
    await teach(lessonOf(3, { verdict: 'rejected' }));
    expect(await patterns.list()).toMatchObject([{ accepted: 1, refused: 1 }]);
    expect((await patterns.recall('javascript')).outcomes).toEqual([
      { template: 'comparison-operator', kind: 'binary_expression', accepted: 1, refused: 2 },
    ]);
  });

  test('S23: a commit that is reverted later turns its acceptance into a refusal, once, in its own project', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    await teach(lessonOf(1));
    const later = { verdict: null, forms: [], templates: [], revertedCommits: ['1'.padStart(40, '0')] };
    await teach(lessonOf(2, { ...later, projectId: 'prj_2' }));
    expect(await patterns.list()).toMatchObject([{ accepted: 1, refused: 0 }]);
    await teach(lessonOf(3, later));
    await teach(lessonOf(4, later));
    expect(await patterns.list()).toMatchObject([{ accepted: 0, refused: 1 }]);
    expect((await patterns.recall('javascript')).outcomes).toMatchObject([{ accepted: 0, refused: 1 }]);
  });

  test('a pattern that is refused again and again is kept, and no longer handed to searches', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    await teach(lessonOf(1));
    for (const run of [2, 3, 4]) await teach(lessonOf(run, { verdict: 'rejected' }));
    expect((await patterns.recall('javascript')).rewrites).toHaveLength(1);
    await teach(lessonOf(5, { verdict: 'rejected' }));
    expect((await patterns.recall('javascript')).rewrites).toEqual([]);
    expect(await patterns.list()).toHaveLength(1);
  });

  test('nothing of a lesson is left when its transaction fails', async () => {
    const { database, patterns } = await fresh();
    await using _ = database;
    const failing = database.db.transaction(async (q) => {
      await patterns.record(q, lessonOf(1));
      throw new Error('the power went');
    });
    await expect(failing).rejects.toThrow('the power went');
    for (const table of ['patterns', 'pattern_evidence', 'template_outcomes']) {
      expect(await database.db.raw(`select 1 from ${table}`)).toEqual([]);
    }
  });

  test('runs that learn the same at once end with one pattern and an evidence each', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    const other: PatternForm = {
      ...LESS,
      before: '$A > $B',
      after: '$A >= $B',
      proof: { before: 'i > n', after: 'i >= n' },
    };
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((run) =>
        teach(lessonOf(run, { forms: run % 2 === 0 ? [LESS] : [LESS, other] })),
      ),
    );
    const listed = await patterns.list();
    expect(listed.map(({ before, accepted }) => [before, accepted])).toEqual([
      ['$A < $B', 6],
      ['$A > $B', 3],
    ]);
    expect(listed.map(({ key }) => key).sort()).toEqual(['PTN-1', 'PTN-2']);
  });

  test('forms that do not run, that say nothing true, or that the database cannot hold are not kept', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    const bad: Partial<PatternForm>[] = [
      { before: '((((' },
      { before: '' },
      { before: '$A > $B' },
      { proof: { before: 'i < n', after: 'i > n' } },
      { proof: { before: 'i < n \u0000', after: 'i <= n \u0000' } },
      { before: `$A < ${'$B + '.repeat(200)}1` },
      { proof: { before: `i < ${'n + '.repeat(300)}1`, after: `i <= ${'n + '.repeat(300)}1` } },
      { kind: 'if_statement' },
      { family: 'python', kind: 'binary_expression' },
    ];
    for (const [index, change] of bad.entries()) {
      await teach(lessonOf(index + 1, { forms: [{ ...LESS, ...change }] }));
    }
    expect(await patterns.list()).toEqual([]);
  });

  test('names of any length and content do no harm', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    const name = `'; drop table patterns; -- \u0000 ${'x'.repeat(10_000)}`;
    await teach(
      lessonOf(1, {
        template: name,
        errorClass: name,
        templates: [{ family: 'javascript', template: name, kind: name }],
      }),
    );
    const [pattern] = await patterns.list();
    expect(pattern?.template.length).toBeLessThanOrEqual(200);
  });

  test('a damaged row is not handed to a search', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    await teach(lessonOf(1));
    await database.db.raw(`update patterns set after = '$A'`);
    expect((await patterns.recall('javascript')).rewrites).toEqual([]);
  });

  test('what is learned in one family of languages is not used in another', async () => {
    const { database, patterns, teach } = await fresh();
    await using _ = database;
    await teach(lessonOf(1));
    expect((await patterns.recall('python')).rewrites).toEqual([]);
    expect((await patterns.recall('javascript')).rewrites).toMatchObject([
      { key: 'PTN-1', parentKinds: ['for_statement'], errorClasses: ['AssertionError'] },
    ]);
    await expect(patterns.show('PTN-7')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(patterns.show('elsewhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
