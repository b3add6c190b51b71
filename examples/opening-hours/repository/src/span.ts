// Spans: half-open stretches of minutes, from `start` up to and without `end`.

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Sorts spans and joins those that overlap or touch; empty ones are dropped. */
export function joinSpans(spans: readonly Span[]): Span[] {
  const sorted = spans.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = joined.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** What is left of `spans` when `hole` is taken out of them. */
export function cutSpan(spans: readonly Span[], hole: Span): Span[] {
  return joinSpans(
    spans.flatMap((span) => [
      { start: span.start, end: Math.min(span.end, hole.start) },
      { start: Math.max(span.start, hole.end), end: span.end },
    ]),
  );
}

/** The part that two spans share, or undefined when there is none. */
export function overlap(a: Span, b: Span): Span | undefined {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : undefined;
}

/** Minutes that the spans last together, counting none twice. */
export function totalMinutes(spans: readonly Span[]): number {
  return joinSpans(spans).reduce((sum, { start, end }) => sum + end - start, 0);
}
