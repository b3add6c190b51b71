// Reads what coverage tools wrote in the sandbox: V8's ranges, istanbul's statements, our own lines of Python.
// All of it is untrusted text; what does not fit its shape is no report.
import { z } from 'zod';
import type { Place } from './executable.ts';

/** Whether a place ran; null when the report does not know the file. */
export type RanAt = (path: string, place: Place) => boolean | null;

const range = z.object({ startOffset: z.int(), endOffset: z.int(), count: z.int().nonnegative() });
const v8Report = z.object({
  result: z.array(
    z.object({
      url: z.string(),
      functions: z.array(z.object({ ranges: z.array(range).min(1) })),
    }),
  ),
});
const position = z.object({ line: z.int() });
const istanbulReport = z.record(
  z.string(),
  z.object({
    statementMap: z.record(z.string(), z.object({ start: position })),
    s: z.record(z.string(), z.int().nonnegative()),
  }),
);
const lineReport = z.object({ files: z.record(z.string(), z.array(z.int())) });

/** Path inside the repository of what a report names; null for anything else. */
export type PathOf = (named: string) => string | null;

/** `texts` of NODE_V8_COVERAGE, one for each process. */
export function readV8(texts: readonly string[], pathOf: PathOf): RanAt {
  const scripts = new Map<string, z.infer<typeof range>[][][]>();
  for (const text of texts) {
    const parsed = v8Report.safeParse(json(text));
    for (const { url, functions } of parsed.success ? parsed.data.result : []) {
      const path = pathOf(url);
      if (path === null) continue;
      const loads = scripts.get(path) ?? [];
      loads.push(functions.map((each) => each.ranges));
      scripts.set(path, loads);
    }
  }
  return (path, place) => {
    const loads = scripts.get(path);
    return loads === undefined ? null : loads.some((functions) => ranInV8(functions, place.start));
  };
}

/** The innermost range around the offset decides: ranges nest, and later ones of a function are narrower. */
function ranInV8(functions: readonly (readonly z.infer<typeof range>[])[], offset: number): boolean {
  let width = Number.POSITIVE_INFINITY;
  let ran = false;
  for (const { startOffset, endOffset, count } of functions.flat()) {
    if (offset < startOffset || offset >= endOffset || endOffset - startOffset > width) continue;
    width = endOffset - startOffset;
    ran = count > 0;
  }
  return ran;
}

/** `coverage-final.json`, of jest and vitest. */
export function readIstanbul(text: string, pathOf: PathOf): RanAt {
  const parsed = istanbulReport.safeParse(json(text));
  const files = new Map<string, Map<number, boolean>>();
  for (const [named, { statementMap, s }] of parsed.success ? Object.entries(parsed.data) : []) {
    const path = pathOf(named);
    if (path === null) continue;
    const lines = new Map<number, boolean>();
    for (const [id, { start }] of Object.entries(statementMap)) {
      // A line with several statements ran when each of them did.
      lines.set(start.line, (lines.get(start.line) ?? true) && (s[id] ?? 0) > 0);
    }
    files.set(path, lines);
  }
  return (path, place) => {
    const lines = files.get(path);
    return lines === undefined ? null : (lines.get(place.line) ?? false);
  };
}

/** Lines as `cambium_coverage.py` writes them, one report for each process. */
export function readLines(texts: readonly string[], pathOf: PathOf): RanAt {
  const files = new Map<string, Set<number>>();
  for (const text of texts) {
    const parsed = lineReport.safeParse(json(text));
    for (const [named, lines] of parsed.success ? Object.entries(parsed.data.files) : []) {
      const path = pathOf(named);
      if (path !== null) files.set(path, new Set([...(files.get(path) ?? []), ...lines]));
    }
  }
  return (path, place) => files.get(path)?.has(place.line) ?? null;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A process that was killed leaves half a report; what the others wrote still counts.
    return null;
  }
}
