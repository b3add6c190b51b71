// Prints a week as the rules that `parseWeek` reads, with days of equal hours together.
import type { Span } from './span.ts';
import { formatTime, MINUTES_PER_DAY } from './time.ts';
import { MINUTES_PER_WEEK, type Week } from './week.ts';
import { formatDays, WEEKDAYS } from './weekday.ts';

/** `Mo-Fr 09:00-18:00; Sa 10:00-14:00`; an empty text for a week that is never open. */
export function formatWeek(week: Week): string {
  const daysByHours = new Map<string, number[]>();
  for (const day of WEEKDAYS.keys()) {
    const hours = formatHours(hoursStartingOn(day, week.spans));
    if (hours !== '') daysByHours.set(hours, [...(daysByHours.get(hours) ?? []), day]);
  }
  return [...daysByHours].map(([hours, days]) => `${formatDays(days)} ${hours}`).join('; ');
}

/**
 * Stretches that begin on `day`, in minutes of that day. One of less than a day stays whole and may end on the
 * next day; a longer one is cut at each midnight, because a rule cannot say more than 24 hours.
 */
function hoursStartingOn(day: number, spans: readonly Span[]): Span[] {
  const midnight = day * MINUTES_PER_DAY;
  return wholeStretches(spans)
    .flatMap(cutAtMidnights)
    .filter(({ start }) => start >= midnight && start < midnight + MINUTES_PER_DAY)
    .map(({ start, end }) => ({ start: start - midnight, end: end - midnight }));
}

/** Joins what ends with Sunday to what begins with Monday. */
function wholeStretches(spans: readonly Span[]): Span[] {
  const first = spans[0];
  const last = spans.at(-1);
  if (!first || !last || first === last || first.start !== 0 || last.end !== MINUTES_PER_WEEK) return [...spans];
  return [...spans.slice(1, -1), { start: last.start, end: MINUTES_PER_WEEK + first.end }];
}

function cutAtMidnights(span: Span): Span[] {
  if (span.end - span.start < MINUTES_PER_DAY) return [span];
  const pieces: Span[] = [];
  let start = span.start;
  while (start < span.end) {
    const nextMidnight = (Math.floor(start / MINUTES_PER_DAY) + 1) * MINUTES_PER_DAY;
    const end = Math.min(span.end, nextMidnight);
    pieces.push({ start: start % MINUTES_PER_WEEK, end: end - start + (start % MINUTES_PER_WEEK) });
    start = end;
  }
  return pieces;
}

function formatHours(spans: readonly Span[]): string {
  return [...spans]
    .sort((a, b) => a.start - b.start)
    .map(({ start, end }) => {
      const until = end > MINUTES_PER_DAY ? end - MINUTES_PER_DAY : end;
      return `${formatTime(start)}-${formatTime(until)}`;
    })
    .join(',');
}
