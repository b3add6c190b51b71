// Days of the week, Monday first, and ranges of them that may pass the end of the week.

export const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Position of a day in the week, Monday being 0. Upper and lower case do not matter. */
export function dayIndex(name: string): number {
  const wanted = name.trim().toLowerCase();
  const index = WEEKDAYS.findIndex((day) => day.toLowerCase() === wanted);
  if (index < 0) throw new RangeError(`not a day of the week: ${name}`);
  return index;
}

/** Days of `Mo-We,Sa` as sorted positions without repeats. `Fr-Mo` passes the end of the week. */
export function parseDays(text: string): number[] {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [from, to, ...rest] = part.split('-');
    if (from === undefined || rest.length > 0) throw new RangeError(`not a range of days: ${part}`);
    const first = dayIndex(from);
    const last = to === undefined ? first : dayIndex(to);
    const count = ((last - first + WEEKDAYS.length) % WEEKDAYS.length) + 1;
    for (let step = 0; step < count; step += 1) days.add((first + step) % WEEKDAYS.length);
  }
  return [...days].sort((a, b) => a - b);
}

/** `Mo-We,Sa` for [0, 1, 2, 5]. Two days in a row are written as a range as well. */
export function formatDays(days: readonly number[]): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  const ranges: { first: number; last: number }[] = [];
  for (const day of sorted) {
    const range = ranges.at(-1);
    if (range && day === range.last + 1) range.last = day;
    else ranges.push({ first: day, last: day });
  }
  return ranges
    .map(({ first, last }) => (first === last ? WEEKDAYS[first] : `${WEEKDAYS[first]}-${WEEKDAYS[last]}`))
    .join(',');
}
