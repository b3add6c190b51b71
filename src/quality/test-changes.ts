// What a change did to the cases of one test file: deleted, skipped, weakened, edited or renamed, each named.

import { outlineTestFile, type TestCaseOutline, type TestFileOutline } from '#code/test-cases.ts';
import type { TamperFinding } from '#contracts/certificate.ts';
import type { Language } from '#contracts/project.ts';
import { plural } from '#foundation/text.ts';

export interface TextChange {
  readonly file: string;
  readonly language: Language;
  readonly before: string;
  readonly after: string;
}

type Detail = Pick<TamperFinding, 'kind' | 'detail'>;

/** Comments that steer a runner or a reader of source; they are no layout. */
const DIRECTIVES = /@(vitest|jest)-environment|@ts-|coding[:=]|(istanbul|c8|v8) ignore|eslint-env|^#!/;

/** Findings for a test file whose text changed. New cases alone are none. */
export function compareTestFiles(change: TextChange): TamperFinding[] {
  const before = outlineTestFile(change.language, change.before);
  const after = outlineTestFile(change.language, change.after);
  const details = [...compareCases(before.cases, after.cases), ...compareRest(before, after)];
  const steering = addedLines(change).find((line) => DIRECTIVES.test(line));
  if (steering !== undefined) {
    details.push({ kind: 'configuration', detail: `new directive: ${steering.trim().slice(0, 120)}` });
  }
  return details.map((detail) => ({ ...detail, file: change.file }));
}

/** True when the text holds test cases that assert something, whatever the file is called. */
export function holdsTests(language: Language, text: string): boolean {
  return outlineTestFile(language, text).cases.some(
    (test) => test.name !== '(script)' && test.assertions > 0,
  );
}

function compareCases(before: readonly TestCaseOutline[], after: readonly TestCaseOutline[]): Detail[] {
  const details: Detail[] = [];
  const open = [...after];
  const changed: TestCaseOutline[] = [];
  for (const old of before) {
    const same = open.findIndex((test) => test.name === old.name && test.digest === old.digest);
    const found = open[same];
    if (found === undefined) changed.push(old);
    else {
      open.splice(same, 1);
      details.push(...compareMarkers(old, found));
    }
  }
  for (const old of changed) {
    const named = open.findIndex((test) => test.name === old.name);
    const moved = named >= 0 ? named : open.findIndex((test) => test.digest === old.digest);
    const found = open[moved];
    if (found === undefined) {
      details.push({ kind: 'deleted', detail: `test case "${old.name}" is gone` });
      continue;
    }
    open.splice(moved, 1);
    if (found.name !== old.name) {
      details.push({ kind: 'renamed', detail: `test case "${old.name}" is now "${found.name}"` });
    }
    const markers = compareMarkers(old, found);
    details.push(...markers, ...(found.digest === old.digest ? [] : compareBodies(old, found, markers)));
  }
  return [...details, ...exclusive(open)];
}

function compareMarkers(old: TestCaseOutline, now: TestCaseOutline): Detail[] {
  const known = new Set(old.markers.map((marker) => `${marker.kind} ${marker.conditional}`));
  return now.markers
    .filter((marker) => !known.has(`${marker.kind} ${marker.conditional}`))
    .map((marker) => ({ kind: 'skipped', detail: `test case "${old.name}" is newly marked ${marker.kind}` }));
}

function compareBodies(old: TestCaseOutline, now: TestCaseOutline, markers: readonly Detail[]): Detail[] {
  if (now.assertions < old.assertions) {
    const counts = `${plural(old.assertions, 'assertion')}, now ${now.assertions}`;
    return [{ kind: 'weakened', detail: `test case "${old.name}" had ${counts}` }];
  }
  // A marker may be part of the body's digest; it has been named already.
  return markers.length > 0 ? [] : [{ kind: 'edited', detail: `test case "${old.name}" was changed` }];
}

/** A new case that is marked `only` keeps all others from running. */
function exclusive(fresh: readonly TestCaseOutline[]): Detail[] {
  return fresh
    .filter((test) => test.markers.some((marker) => marker.kind === 'only'))
    .map((test) => ({ kind: 'skipped', detail: `new test case "${test.name}" is marked only` }));
}

function compareRest(before: TestFileOutline, after: TestFileOutline): Detail[] {
  const details: Detail[] = [];
  if (after.hasError && !before.hasError) {
    details.push({ kind: 'edited', detail: 'the file has syntax errors now' });
  }
  const exits = new Map<string, number>();
  for (const exit of before.exits) exits.set(exit.call, (exits.get(exit.call) ?? 0) + 1);
  for (const exit of after.exits) {
    const left = exits.get(exit.call) ?? 0;
    exits.set(exit.call, left - 1);
    if (left <= 0) details.push({ kind: 'interference', detail: `new ${exit.call} in line ${exit.line}` });
  }
  if (after.restAssertions < before.restAssertions) {
    const counts = `${plural(before.restAssertions, 'assertion')}, now ${after.restAssertions}`;
    details.push({ kind: 'weakened', detail: `code outside of the test cases had ${counts}` });
  } else if (after.restDigest !== before.restDigest) {
    details.push({ kind: 'edited', detail: 'code outside of the test cases was changed' });
  }
  return details;
}

/** Lines of the new text that the old one does not have as often. */
export function addedLines(change: Pick<TextChange, 'before' | 'after'>): string[] {
  const counts = new Map<string, number>();
  for (const line of change.before.split('\n')) counts.set(line.trim(), (counts.get(line.trim()) ?? 0) + 1);
  return change.after.split('\n').filter((line) => {
    const left = counts.get(line.trim()) ?? 0;
    counts.set(line.trim(), left - 1);
    return left <= 0;
  });
}
