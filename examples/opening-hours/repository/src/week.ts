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
  if (week.spans.length === 0 || isAlwaysOpen(week)) return undefined;
  const stretches = unrolled(week.spans);
  for (const { start, end } of stretches) {
    if (at < start) return change(start, 'open', at);
    if (at <= end) return change(end, 'closed', at);
  }
  return undefined;
}

function change(minute: number, to: Change['to'], at: number): Change {
  return { at: minute % MINUTES_PER_WEEK, to, inMinutes: minute - at };
}

/** This week's stretches and next week's, with one that passes Sunday's midnight in one piece. */
function unrolled(spans: readonly Span[]): Span[] {
  const twice = [...spans, ...spans.map(({ start, end }) => later({ start, end }))];
  const stretches: Span[] = [];
  for (const span of twice) {
    const last = stretches.at(-1);
    if (last && last.end === span.start) stretches.splice(-1, 1, { start: last.start, end: span.end });
    else stretches.push(span);
  }
  return stretches;
}

function later({ start, end }: Span): Span {
  return { start: start + MINUTES_PER_WEEK, end: end + MINUTES_PER_WEEK };
}

function isAlwaysOpen(week: Week): boolean {
  return openMinutes(week) === MINUTES_PER_WEEK;
}
