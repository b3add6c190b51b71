// Everything that the package offers.
export { parseWeek } from './parse.ts';
export { type Span } from './span.ts';
export { isOpen, minuteOfWeek, nextChange, openMinutes, type Change, type Week } from './week.ts';
export { WEEKDAYS, type Weekday } from './weekday.ts';
