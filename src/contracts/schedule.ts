// Schedules: tasks that are added by the clock, as they are given and as they are shown.
import { z } from 'zod';
import { newTask } from './task.ts';

/** `cron` with five or six fields in a time zone, `interval` in milliseconds, `once` at an instant. */
export const scheduleRule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cron'),
    pattern: z.string().min(1).max(200),
    timeZone: z.string().default('UTC'),
  }),
  z.strictObject({ kind: z.literal('interval'), everyMs: z.int().min(1_000) }),
  z.strictObject({ kind: z.literal('once'), at: z.iso.datetime() }),
]);
export type ScheduleRule = z.infer<typeof scheduleRule>;

/** What to do about times that passed while nobody looked: leave them out, make up for them once, or for all. */
export const misfireRule = z.enum(['skip', 'once', 'all']);
export type MisfireRule = z.infer<typeof misfireRule>;

export const newSchedule = z.strictObject({
  name: z.string().min(1).max(100),
  rule: scheduleRule,
  misfire: misfireRule.default('once'),
  /** Of the times that passed, at most so many, the newest, are made up for. */
  catchUp: z.int().min(1).max(1_000).default(10),
  task: newTask.omit({ name: true, key: true, needs: true, delayMs: true }),
});
export type NewSchedule = z.input<typeof newSchedule>;

export const scheduleView = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['cron', 'interval', 'once']),
  /** The pattern, `every 60000 ms`, or the instant. */
  when: z.string(),
  timeZone: z.string(),
  misfire: misfireRule,
  catchUp: z.int(),
  type: z.string(),
  nextAt: z.string().nullable(),
  lastAt: z.string().nullable(),
  /** Times that it has fired. */
  fired: z.int(),
});
export type ScheduleView = z.infer<typeof scheduleView>;
