// Reads opening hours such as `Mo-Fr 09:00-12:30,13:30-18:00; Sa 22:00-02:00; We off`.
import { cutSpan, joinSpans, type Span } from './span.ts';
import { MINUTES_PER_DAY, parseTime } from './time.ts';
import { MINUTES_PER_WEEK, type Week } from './week.ts';
import { parseDays } from './weekday.ts';

/** The week that `text` describes. Rules are separated by semicolons; hours add up, `off` closes whole days. */
export function parseWeek(text: string): Week {
  let spans: Span[] = [];
  for (const rule of text.split(';').map((part) => part.trim())) {
    if (rule === '') continue;
    const { days, hours } = parseRule(rule);
    for (const day of days) {
      const midnight = day * MINUTES_PER_DAY;
      if (hours === 'off') spans = cutSpan(spans, { start: midnight, end: midnight + MINUTES_PER_DAY });
      else for (const span of hours) spans.push(...placeInWeek(span, midnight));
    }
  }
  return { spans: joinSpans(spans) };
}

function parseRule(rule: string): { days: number[]; hours: Span[] | 'off' } {
  const match = /^(\S+)\s+(.+)$/.exec(rule);
  if (!match?.[1] || !match[2]) throw new RangeError(`not a rule: ${rule}`);
  const days = parseDays(match[1]);
  if (match[2] === 'off') return { days, hours: 'off' };
  return { days, hours: match[2].split(',').map(parseHours) };
}

/** Hours of one day. An end that is not after the start means the next day. */
function parseHours(text: string): Span {
  const [from, to, ...rest] = text.split('-');
  if (from === undefined || to === undefined || rest.length > 0) {
    throw new RangeError(`not a range of hours: ${text}`);
  }
  const start = parseTime(from);
  const end = parseTime(to);
  return { start, end: end > start ? end : end + MINUTES_PER_DAY };
}

/** A span of a day in minutes of the week; what passes Sunday's midnight goes on at Monday's. */
function placeInWeek(span: Span, midnight: number): Span[] {
  const start = midnight + span.start;
  const end = midnight + span.end;
  if (end <= MINUTES_PER_WEEK) return [{ start, end }];
  return [
    { start, end: MINUTES_PER_WEEK },
    { start: 0, end: end - MINUTES_PER_WEEK },
  ];
}
