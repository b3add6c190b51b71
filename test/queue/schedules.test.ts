// Schedules: due by the clock, made up for by rule, fired once whoever looks.
import { describe, expect, test } from 'vitest';
import type { NewSchedule } from '#contracts/schedule.ts';
import { createManualClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { nextDue, timesToFire } from '#queue/due-times.ts';
import { createQueue } from '#queue/queue.ts';
import { createSchedules } from '#queue/schedules.ts';
import { openTestDatabase } from '../support/database.ts';

const log = createLog({ level: 'silent' });
const MINUTE = 60_000;
const at = (iso: string): number => Date.parse(iso);

describe('T64: when a schedule is due', () => {
  test('a cron pattern follows the clocks of its zone, over the change to summer time too', () => {
    const rule = { kind: 'cron', pattern: '30 4 * * *', timeZone: 'Europe/Paris' } as const;
    // The night of 29 March 2026 has no 02:30 in Paris, and from then on noon is an hour earlier in UTC.
    const before = nextDue(rule, at('2026-03-28T00:00:00Z'), 0);
    const after = nextDue(rule, at('2026-03-29T00:00:00Z'), 0);
    expect([before, after]).toEqual([at('2026-03-28T03:30:00Z'), at('2026-03-29T02:30:00Z')]);
  });

  test('an interval counts from its beginning, so that a late look does not shift it', () => {
    const rule = { kind: 'interval', everyMs: 10 * MINUTE } as const;
    expect(nextDue(rule, 25 * MINUTE, 0)).toBe(30 * MINUTE);
    expect(nextDue(rule, 30 * MINUTE, 0)).toBe(40 * MINUTE);
  });

  test('once is once: afterwards it is never due again', () => {
    const rule = { kind: 'once', at: '2026-01-01T00:00:00Z' } as const;
    expect(nextDue(rule, at('2025-12-31T00:00:00Z'), 0)).toBe(at('2026-01-01T00:00:00Z'));
    expect(nextDue(rule, at('2026-01-01T00:00:00Z'), 0)).toBeNull();
  });

  test.each([
    ['skip', []],
    ['once', [50]],
    ['all', [30, 40, 50]],
  ] as const)('of five missed times the rule "%s" makes up for %j', (misfire, minutes) => {
    const times = timesToFire({
      rule: { kind: 'interval', everyMs: 10 * MINUTE },
      dueMs: 10 * MINUTE,
      nowMs: 55 * MINUTE,
      startMs: 0,
      misfire,
      catchUp: 3,
    });
    expect(times).toEqual(minutes.map((minute) => minute * MINUTE));
  });

  test('missed times of a cron pattern are the newest, oldest first, and one on time is no misfire', () => {
    const passed = (misfire: 'skip' | 'once' | 'all', now: string) =>
      timesToFire({
        rule: { kind: 'cron', pattern: '0 * * * *', timeZone: 'UTC' },
        dueMs: at('2026-01-01T01:00:00Z'),
        nowMs: at(now),
        startMs: 0,
        misfire,
        catchUp: 2,
      }).map((ms) => new Date(ms).toISOString().slice(11, 16));
    expect(passed('all', '2026-01-01T05:30:00Z')).toEqual(['04:00', '05:00']);
    expect(passed('once', '2026-01-01T05:30:00Z')).toEqual(['05:00']);
    expect(passed('skip', '2026-01-01T05:30:00Z')).toEqual([]);
    expect(passed('skip', '2026-01-01T05:00:02Z')).toEqual(['05:00']);
  });
});

describe('T64: schedules in the database', () => {
  async function open(schedule: Partial<NewSchedule> = {}) {
    const t = await openTestDatabase('embedded');
    const clock = createManualClock();
    const ids = createIds(clock);
    const make = (db: typeof t.db) =>
      createSchedules({ db, clock, ids, queue: createQueue({ db, clock, log, ids }) });
    const schedules = make(t.db);
    await schedules.add({
      name: 'hourly',
      rule: { kind: 'interval', everyMs: 60 * MINUTE },
      task: { type: 'command', payload: { say: 'hello' } },
      ...schedule,
    });
    const added = () =>
      t.db.raw<{ key: string; payload: unknown }>('select key, payload from tasks order by key');
    return { t, clock, schedules, make, added };
  }

  test('of ten that look at the same time, in four connections, one fires', async () => {
    const { t, clock, schedules, make, added } = await open();
    await using _ = t;
    expect(await schedules.tick()).toBe(0);
    const others = await Promise.all([1, 2, 3].map(async () => make(await t.open())));
    for (let hour = 1; hour <= 3; hour += 1) {
      clock.advance(60 * MINUTE);
      const looks = Array.from({ length: 10 }, (_each, i) => (others[i % 4] ?? schedules).tick());
      expect((await Promise.all(looks)).reduce((sum, fired) => sum + fired, 0)).toBe(1);
    }
    expect(await added()).toEqual(
      ['01', '02', '03'].map((hour) => ({
        key: `hourly 2026-01-01T${hour}:00:00.000Z`,
        payload: { say: 'hello' },
      })),
    );
    expect(await schedules.list(5)).toMatchObject([
      { name: 'hourly', fired: 3, nextAt: '2026-01-01T04:00:00.000Z' },
    ]);
  });

  test('one that is due once fires once and stays as done', async () => {
    const { t, clock, schedules, added } = await open({ rule: { kind: 'once', at: '2026-01-01T00:30:00Z' } });
    await using _ = t;
    clock.advance(31 * MINUTE);
    expect([await schedules.tick(), await schedules.tick()]).toEqual([1, 0]);
    clock.advance(24 * 60 * MINUTE);
    expect(await schedules.tick()).toBe(0);
    expect(await added()).toHaveLength(1);
    expect(await schedules.list(5)).toMatchObject([{ nextAt: null, fired: 1 }]);
  });

  test('after a long silence all that it asks for is made up for, in one look', async () => {
    const { t, clock, schedules, added } = await open({ misfire: 'all', catchUp: 3 });
    await using _ = t;
    clock.advance(10 * 60 * MINUTE);
    expect([await schedules.tick(), await schedules.tick()]).toEqual([3, 0]);
    expect((await added()).map(({ key }) => key.slice(18, 23))).toEqual(['08:00', '09:00', '10:00']);
  });

  test('what cannot be read, is never due, or has a name that is taken is refused with a way out', async () => {
    const { t, schedules } = await open();
    await using _ = t;
    const add = (rule: NewSchedule['rule'], name = 'new') =>
      schedules.add({ name, rule, task: { type: 'command' } });
    await expect(add({ kind: 'cron', pattern: '61 * * * *' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(add({ kind: 'cron', pattern: '0 4 * * *', timeZone: 'Nowhere/City' })).rejects.toMatchObject(
      {
        code: 'USAGE',
        message: expect.stringContaining('Nowhere/City'),
      },
    );
    await expect(add({ kind: 'once', at: '2020-01-01T00:00:00Z' })).rejects.toMatchObject({
      message: expect.stringContaining('never be due'),
    });
    await expect(add({ kind: 'interval', everyMs: 5_000 }, 'hourly')).rejects.toMatchObject({
      next: expect.stringContaining('schedule remove hourly'),
    });
    expect([await schedules.remove('hourly'), await schedules.remove('hourly')]).toEqual([true, false]);
  });
});
