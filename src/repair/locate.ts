// Fault localisation: Ochiai's coefficient over what each test ran, with the lines of the failing tests' stacks.

import type { SyntaxNode } from '#code/syntax.ts';
import type { Suspect } from '#contracts/edit.ts';
import type { TestOutcome } from './harness/protocol.ts';
import { lineAt, type ProbePlace, type SourceFile } from './sources.ts';

export interface FaultMap {
  /** In [0, 1]: of the nearest node that has a probe, from the node itself upwards. */
  suspicionOf(node: SyntaxNode): number;
  readonly suspects: readonly Suspect[];
  /** Paths of the files that hold a suspect; the others need not be looked into. */
  readonly files: ReadonlySet<string>;
}

/** Code that only runs while files are loaded tells nothing by its coverage; it is suspected a little. */
const LOAD_SUSPICION = 0.3;
/** When some stack names a line, code on other lines is suspected less. */
const OFF_STACK_FACTOR = 0.7;
const MAX_SUSPECTS = 50;

export function locateFault(
  tests: readonly TestOutcome[],
  evidence: {
    readonly files: readonly SourceFile[];
    readonly placesOf: (probe: number) => readonly ProbePlace[];
    readonly loadProbes: readonly number[];
    readonly isTarget: (test: TestOutcome) => boolean;
  },
): FaultMap {
  const failing = tests.filter(evidence.isTarget);
  const passing = tests.filter((test) => test.status === 'passed');
  const onStack = stackLines(failing, evidence.files);
  const failedBy = counts(failing);
  const passedBy = counts(passing);
  const values = new Map<SyntaxNode, number>();
  const fileOf = new Map<SyntaxNode, SourceFile>();
  const note = (probe: number, value: number) => {
    for (const { file, node } of evidence.placesOf(probe)) {
      const source = evidence.files.find((one) => one.path === file);
      if (source === undefined) continue;
      const line = lineAt(source, node.start);
      const factor = onStack.size === 0 || onStack.has(`${file}:${line}`) ? 1 : OFF_STACK_FACTOR;
      values.set(node, Math.max(values.get(node) ?? 0, value * factor));
      fileOf.set(node, source);
    }
  };
  for (const probe of evidence.loadProbes) note(probe, LOAD_SUSPICION);
  for (const [probe, failed] of failedBy) {
    note(probe, failed / Math.sqrt(failing.length * (failed + (passedBy.get(probe) ?? 0))));
  }
  const paths = new Set([...fileOf.values()].map((file) => file.path));
  return { suspicionOf: (node) => nearest(node, values), suspects: ranking(values, fileOf), files: paths };
}

function counts(tests: readonly TestOutcome[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const test of tests)
    for (const probe of test.probes ?? []) found.set(probe, (found.get(probe) ?? 0) + 1);
  return found;
}

function stackLines(failing: readonly TestOutcome[], files: readonly SourceFile[]): Set<string> {
  const found = new Set<string>();
  for (const { error } of failing) {
    for (const { path } of files) {
      for (let at = error?.indexOf(path) ?? -1; at >= 0; at = error?.indexOf(path, at + 1) ?? -1) {
        const rest = error?.slice(at + path.length, at + path.length + 30) ?? '';
        const line = /^(?:\?c=\d+)?:(\d+)|^", line (\d+)/.exec(rest);
        const before = error?.[at - 1] ?? '/';
        if (line !== null && /[\s/("]/.test(before)) found.add(`${path}:${line[1] ?? line[2]}`);
      }
    }
  }
  return found;
}

function nearest(node: SyntaxNode, values: ReadonlyMap<SyntaxNode, number>): number {
  for (let at: SyntaxNode | null = node; at !== null; at = at.parent) {
    const value = values.get(at);
    if (value !== undefined) return Math.min(1, value);
  }
  return 0;
}

function ranking(
  values: ReadonlyMap<SyntaxNode, number>,
  fileOf: ReadonlyMap<SyntaxNode, SourceFile>,
): Suspect[] {
  const best = new Map<string, Suspect>();
  for (const [node, value] of values) {
    const file = fileOf.get(node);
    if (file === undefined || value <= 0) continue;
    const line = lineAt(file, node.start);
    const key = `${file.path}:${line}`;
    const suspicion = Math.min(1, value);
    if ((best.get(key)?.suspicion ?? 0) >= suspicion) continue;
    best.set(key, { file: file.path, line, suspicion, source: firstLine(node.text), signals: [] });
  }
  // Equal suspicion is a tie, told by equal numbers; the order inside it is that of the source.
  return [...best.values()]
    .sort(
      (a, b) => b.suspicion - a.suspicion || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
    )
    .slice(0, MAX_SUSPECTS);
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 200);
}
