// Times of day as minutes since midnight, and their text form.

export const MINUTES_PER_HOUR = 60;
export const MINUTES_PER_DAY = 24 * MINUTES_PER_HOUR;

const TIME = /^(\d{1,2}):(\d{2})$/;

/** Minutes since midnight of `9:30` or `09:30`; `24:00` is the end of the day. */
export function parseTime(text: string): number {
  const match = TIME.exec(text.trim());
  if (!match) throw new RangeError(`not a time of day: ${text}`);
  const hours = Number(match[1]);
  const minutes = Number(match[2]);
  const total = hours * MINUTES_PER_HOUR + minutes;
  if (minutes >= MINUTES_PER_HOUR || total > MINUTES_PER_DAY) {
    throw new RangeError(`not a time of day: ${text}`);
  }
  return total;
}

/** `09:30` for 570. */
export function formatTime(minutes: number): string {
  if (!Number.isInteger(minutes) || minutes < 0 || minutes > MINUTES_PER_DAY) {
    throw new RangeError(`not a minute of the day: ${minutes}`);
  }
  const hours = Math.floor(minutes / MINUTES_PER_HOUR);
  return `${pad(hours)}:${pad(minutes % MINUTES_PER_HOUR)}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
