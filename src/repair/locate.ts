// Fault localisation: what failing tests ran and passing ones did not (Ochiai), fused with all else that points at a place.

import type { SyntaxNode } from '#code/syntax.ts';
import type { Suspect } from '#contracts/edit.ts';
import { type Clue, type ClueName, type ClueSource, cluesFor } from './clues.ts';
import { addFlow, addModuleCode, addThrowingHeads, bounded } from './flow.ts';
import type { Grammar } from './grammar/types.ts';
import type { TestOutcome } from './harness/protocol.ts';
import type { Pointer } from './imports.ts';
import { functionsAround, type Place, type Scored } from './places.ts';
import { lineAt, type ProbePlace, type SourceFile } from './sources.ts';

export interface FaultMap {
  /** In [0, 1]: of the nearest node that has a probe, from the node itself upwards. */
  suspicionOf(node: SyntaxNode): number;
  /** Most suspicious first; places of equal suspicion are a tie. */
  readonly suspects: readonly Suspect[];
  /** Paths of the files that hold a suspect; the others need not be looked into. */
  readonly files: ReadonlySet<string>;
}

export interface Evidence {
  readonly files: readonly SourceFile[];
  readonly placesOf: (probe: number) => readonly ProbePlace[];
  readonly loadProbes: readonly number[];
  readonly isTarget: (test: TestOutcome) => boolean;
  /** The failing tests as text. */
  readonly pointers: readonly Pointer[];
  /** Lines that recent commits wrote, by path. */
  readonly changed?: ReadonlyMap<string, ReadonlySet<number>>;
  /** Clues that are not to be used: to measure what each is worth. */
  readonly without?: ReadonlySet<ClueName>;
}

/** Files that are looked into at all, those with the most suspicious place first. */
const MAX_FILES = 40;
const MAX_SUSPECTS = 300;
/** Of code in a function that no failing test ran, as a part of what stands round the function. */
const UNRUN_SHARE = 0.25;

interface Ran {
  readonly failed: number;
  readonly passed: number;
}

export function locateFault(tests: readonly TestOutcome[], evidence: Evidence): FaultMap {
  const failing = tests.filter(evidence.isTarget);
  const passing = tests.filter((test) => test.status === 'passed');
  const totals = { failed: failing.length, passed: passing.length };
  const ran = ranPlaces(failing, passing, evidence);
  const source: ClueSource = { failing, ...evidence, files: evidence.files.filter((file) => ran.has(file)) };
  const clues = cluesFor(source);
  const scored = new Map<SyntaxNode, Scored>();
  for (const [file, places] of ran) {
    for (const [node, counts] of places) {
      const place = { file, node, line: lineAt(file, node.start) };
      scored.set(node, score(place, { counts, totals, clues }));
    }
  }
  if (!evidence.without?.has('stack')) addThrowingHeads(scored, { ...source, files: evidence.files });
  if (!evidence.without?.has('flow')) addFlow(scored);
  if (!evidence.without?.has('module')) addModuleCode(scored, evidence);
  const covered = Math.max(
    0,
    ...[...ran.values()].flatMap((places) => [...places.values()]).map((one) => ochiai(one, totals.failed)),
  );
  return toMap(scaled(scored, covered));
}

/** The clues only say which of two places is the likelier: the first keeps the best coefficient of the coverage. */
function scaled(scored: ReadonlyMap<SyntaxNode, Scored>, best: number): Map<SyntaxNode, Scored> {
  const highest = Math.max(...[...scored.values()].map((one) => one.suspicion));
  const factor = best > 0 && highest > 0 ? best / highest : 1;
  return new Map(
    [...scored].map(([node, one]) => [node, { ...one, suspicion: bounded(one.suspicion * factor) }]),
  );
}

/** Nodes that failing tests ran, by file: the files whose places failing tests run most exclusively. */
function ranPlaces(
  failing: readonly TestOutcome[],
  passing: readonly TestOutcome[],
  { files, placesOf }: Evidence,
): Map<SourceFile, Map<SyntaxNode, Ran>> {
  const failedBy = countsOf(failing);
  const passedBy = countsOf(passing);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found = new Map<SourceFile, Map<SyntaxNode, Ran>>();
  for (const [probe, failed] of failedBy) {
    for (const { file: path, node } of placesOf(probe)) {
      const file = byPath.get(path);
      if (file === undefined) continue;
      const places = found.get(file) ?? new Map<SyntaxNode, Ran>();
      found.set(file, places);
      const before = places.get(node);
      const now = { failed, passed: passedBy.get(probe) ?? 0 };
      if (before === undefined || ochiai(now, failing.length) > ochiai(before, failing.length))
        places.set(node, now);
    }
  }
  const best = (places: ReadonlyMap<SyntaxNode, Ran>) =>
    Math.max(...[...places.values()].map((counts) => ochiai(counts, failing.length)));
  const kept = [...found].sort((a, b) => best(b[1]) - best(a[1])).slice(0, MAX_FILES);
  return new Map(kept);
}

function countsOf(tests: readonly TestOutcome[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const test of tests)
    for (const probe of test.probes ?? []) found.set(probe, (found.get(probe) ?? 0) + 1);
  return found;
}

function ochiai({ failed, passed }: Ran, failing: number): number {
  return failed / Math.sqrt(Math.max(1, failing) * Math.max(1, failed + passed));
}

interface Weights {
  readonly counts: Ran;
  readonly totals: Ran;
  readonly clues: readonly Clue[];
}

function score(place: Place, { counts, totals, clues }: Weights): Scored {
  const share = (part: number, all: number, word: string) => `${part} of ${all} ${word} tests`;
  const told = [
    {
      factor: 1,
      words: `run by ${share(counts.failed, totals.failed, 'failing')} and ${share(counts.passed, totals.passed, 'passing')}`,
    },
  ];
  let suspicion = ochiai(counts, totals.failed);
  for (const clue of clues) {
    const { factor, words } = clue(place);
    suspicion *= factor;
    if (words !== null) told.push({ factor, words });
  }
  return { ...place, suspicion: bounded(suspicion), signals: told.map((one) => one.words) };
}

function toMap(scored: ReadonlyMap<SyntaxNode, Scored>): FaultMap {
  const grammars = new Set([...scored.values()].map((one) => one.file.grammar));
  const entered = new Set<SyntaxNode>();
  for (const { file, node } of scored.values())
    for (const holder of functionsAround(node, file)) entered.add(holder);
  return {
    suspicionOf: (node) => {
      let share = 1;
      for (let at: SyntaxNode | null = node; at !== null; at = at.parent) {
        const found = scored.get(at);
        if (found !== undefined) return bounded(found.suspicion * share);
        if (entered.has(at)) continue;
        // Statements in it are seen when they run: none of them did.
        if (at !== node && hasStatements(at, grammars)) share *= UNRUN_SHARE;
      }
      return 0;
    },
    suspects: ranking([...scored.values()]),
    files: new Set([...scored.values()].map((one) => one.file.path)),
  };
}

function hasStatements(node: SyntaxNode, grammars: ReadonlySet<Grammar>): boolean {
  return [...grammars].some(
    ({ functions, blocks }) =>
      functions.has(node.kind) && node.children.some((child) => blocks.has(child.kind)),
  );
}

/** One suspect a line. */
function ranking(scored: readonly Scored[]): Suspect[] {
  const best = new Map<string, Suspect>();
  for (const { file, node, line, suspicion, signals } of scored) {
    const key = `${file.path}:${line}`;
    if ((best.get(key)?.suspicion ?? 0) >= suspicion) continue;
    best.set(key, { file: file.path, line, suspicion, source: lineText(file, node), signals: [...signals] });
  }
  return [...best.values()]
    .sort(
      (a, b) => b.suspicion - a.suspicion || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
    )
    .slice(0, MAX_SUSPECTS);
}

function lineText(file: SourceFile, node: SyntaxNode): string {
  const start = file.lineStarts[lineAt(file, node.start) - 1] ?? node.start;
  return (file.text.slice(start).split('\n', 1)[0] ?? '').trim().slice(0, 200);
}
