// When a schedule is due: the next time, and which of the times that have passed are made up for.
import { Cron } from 'croner';
import type { MisfireRule, ScheduleRule } from '#contracts/schedule.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';

/** A time that is at most this long past is on time: workers look every few seconds. */
export const ON_TIME_MS = 60_000;

/** The first time after `afterMs`; null when there is none. Throws USAGE for a pattern or zone that cannot be read. */
export function nextDue(rule: ScheduleRule, afterMs: number, startMs: number): number | null {
  if (rule.kind === 'once') {
    const at = Date.parse(rule.at);
    return at > afterMs ? at : null;
  }
  if (rule.kind === 'interval') {
    const passed = Math.floor((afterMs - startMs) / rule.everyMs);
    return startMs + Math.max(1, passed + 1) * rule.everyMs;
  }
  return cronOf(rule).nextRun(new Date(afterMs))?.getTime() ?? null;
}

interface Passed {
  readonly rule: ScheduleRule;
  /** The first time that has not been dealt with. */
  readonly dueMs: number;
  readonly nowMs: number;
  readonly startMs: number;
  readonly misfire: MisfireRule;
  readonly catchUp: number;
}

/** The times to fire for now, oldest first: those on time, and of those that were missed what the rule says. */
export function timesToFire({ rule, dueMs, nowMs, startMs, misfire, catchUp }: Passed): number[] {
  const passed = latest(rule, { dueMs, nowMs, startMs, count: catchUp });
  if (misfire === 'all') return passed;
  const onTime = passed.filter((at) => nowMs - at <= ON_TIME_MS);
  if (misfire === 'skip' || onTime.length > 0) return onTime.slice(-1);
  return passed.slice(-1);
}

/** The newest `count` of the times from `dueMs` to `nowMs`, oldest first. */
function latest(
  rule: ScheduleRule,
  { dueMs, nowMs, startMs, count }: { dueMs: number; nowMs: number; startMs: number; count: number },
): number[] {
  if (rule.kind === 'once') return dueMs <= nowMs ? [dueMs] : [];
  if (rule.kind === 'interval') {
    const last = startMs + Math.floor((nowMs - startMs) / rule.everyMs) * rule.everyMs;
    const times = Array.from({ length: count }, (_, back) => last - back * rule.everyMs);
    return times.filter((at) => at >= dueMs && at <= nowMs).reverse();
  }
  // `previousRuns` leaves out the reference itself; times have whole seconds.
  const runs = cronOf(rule).previousRuns(count, new Date(nowMs + 1_000));
  return runs
    .map((run) => run.getTime())
    .filter((at) => at >= dueMs && at <= nowMs)
    .sort((a, b) => a - b);
}

function cronOf({ pattern, timeZone }: Extract<ScheduleRule, { kind: 'cron' }>): Cron {
  try {
    // Never started: it only reckons.
    const cron = new Cron(pattern, { timezone: timeZone, paused: true });
    cron.nextRun();
    return cron;
  } catch (error) {
    throw new AppError('USAGE', {
      message: `the schedule "${pattern}" in ${timeZone} cannot be read: ${errorMessage(error)}`,
      next: 'five fields as in crontab, such as "30 4 * * 1-5", and a zone such as Europe/Paris',
    });
  }
}
