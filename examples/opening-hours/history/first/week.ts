// A week of opening hours, and the questions people ask it.
import { type Span, totalMinutes } from './span.ts';
import { MINUTES_PER_DAY, parseTime } from './time.ts';
import { dayIndex } from './weekday.ts';

export const MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY;

export interface Week {
  /** Minutes of the week that are open: sorted, apart from each other, within the week. */
  readonly spans: readonly Span[];
}

export interface Change {
  /** Minute of the week at which it happens. */
  readonly at: number;
  readonly to: 'open' | 'closed';
  readonly inMinutes: number;
}

/** Minutes from the start of Monday to a time on a day. */
export function minuteOfWeek(day: string, time: string): number {
  return (dayIndex(day) * MINUTES_PER_DAY + parseTime(time)) % MINUTES_PER_WEEK;
}

export function isOpen(week: Week, at: number): boolean {
  return week.spans.some(({ start, end }) => start <= at && at < end);
}

/** Minutes that are open in the whole week. */
export function openMinutes(week: Week): number {
  return totalMinutes(week.spans);
}

/** When it next opens or closes after `at`; undefined when it never does. */
export function nextChange(week: Week, at: number): Change | undefined {
  const first = week.spans[0];
  if (!first || isAlwaysOpen(week)) return undefined;
  for (const { start, end } of week.spans) {
    if (at < start) return { at: start, to: 'open', inMinutes: start - at };
    if (at < end) return { at: end, to: 'closed', inMinutes: end - at };
  }
  return { at: first.start, to: 'open', inMinutes: first.start + MINUTES_PER_WEEK - at };
}

function isAlwaysOpen(week: Week): boolean {
  return openMinutes(week) === MINUTES_PER_WEEK;
}
