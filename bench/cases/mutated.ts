// A stream of mistakes in real code: a few habits, some far more frequent than others, each time at another place.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSyntaxReader } from '#code/syntax.ts';
import { applyEdits } from '#repair/edits.ts';
import { enumerateIdeas, type Idea } from '#repair/enumerate.ts';
import { javascriptGrammar } from '#repair/grammar/javascript.ts';
import { scopesOf } from '#repair/scope.ts';

/** `before` holds the mistake, `after` is the code as it was published. */
export interface MadeCase {
  readonly path: string;
  readonly habit: string;
  readonly before: string;
  readonly after: string;
}

export interface StreamOptions {
  /** Folders of source files. */
  readonly folders: readonly string[];
  readonly length: number;
  /** How many habits there are; 0 for mistakes of which none is like another. */
  readonly habits: number;
  readonly random: () => number;
}

const MAX_SCOPES = 60;
const MAX_IDEAS = 3_000;
const LINES = { least: 5, most: 60 };
/** Changes that say nothing of a habit: whatever stands near is copied or taken away. */
const NO_HABIT = /donor|variable|delete|move|insert|several|string|learned/;
/** Mistakes are made in likely ways: dearer changes than this are no habit of anybody. */
const MAX_BITS = 4.5;
const MIN_PLACES = 6;

interface Place {
  readonly path: string;
  readonly text: string;
  readonly idea: Idea;
}

/** The stream; the same options and chance give the same. */
export function madeCases(options: StreamOptions): MadeCase[] {
  const { random, habits, length } = options;
  const places = shuffled(placesIn(options.folders, random), random);
  const byHabit = Map.groupBy(places, ({ idea }) => habitOf(idea));
  const frequent = [...byHabit].filter(
    ([, own]) => new Set(own.map(({ path }) => path)).size >= 3 && own.length >= MIN_PLACES,
  );
  const chosen = shuffled(frequent, random).slice(0, habits === 0 ? frequent.length : habits);
  const left = new Map(chosen.map(([habit, own]) => [habit, [...own]]));
  const cases: MadeCase[] = [];
  for (let turn = 0; cases.length < length && turn < length * 10; turn += 1) {
    // The habit of rank r is taken with a weight of 1/r; without habits, each kind of mistake comes once.
    const habit =
      habits === 0
        ? chosen[turn]?.[0]
        : pick(
            chosen.map(([name]) => name),
            random,
          );
    const place = habit === undefined ? undefined : left.get(habit)?.pop();
    if (habit === undefined || place === undefined) continue;
    const before = applyEdits(place.text, place.idea.edits);
    cases.push({ path: place.path, habit, before, after: place.text });
  }
  return cases;
}

/** What the change does, without the names of its place. */
function habitOf({ template, reason }: Idea): string {
  return `${template}: ${reason.replace(/[A-Za-z_$][\w$]*(?:[.[(][^ ]*)?/g, (word) => (/^(?:replace|by|add|drop)$/.test(word) ? word : '_'))}`;
}

function pick(names: readonly string[], random: () => number): string | undefined {
  const weights = names.map((_, index) => 1 / (index + 1));
  let at = random() * weights.reduce((sum, weight) => sum + weight, 0);
  return names.find((_, index) => {
    at -= weights[index] ?? 0;
    return at <= 0;
  });
}

function placesIn(folders: readonly string[], random: () => number): Place[] {
  const reader = createSyntaxReader();
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .sort()
      .map((name) => join(folder, name)),
  );
  const scopes = files.flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const { root, hasError } = reader.parse('javascript', text);
    if (hasError) return [];
    return scopesOf(path, root, javascriptGrammar).map((scope) => ({ path, text, scope }));
  });
  const fitting = scopes.filter(({ scope }) => {
    const lines = scope.node.text.split('\n').length;
    return scope.node.parent !== null && lines >= LINES.least && lines <= LINES.most;
  });
  return shuffled(fitting, random)
    .slice(0, MAX_SCOPES)
    .flatMap(({ path, text, scope }) => {
      const located = [{ scope, grammar: javascriptGrammar, suspicionOf: () => 1 }];
      const { ideas } = enumerateIdeas(located, { testStrings: [] }, MAX_IDEAS);
      return ideas
        .filter(({ template, bits }) => bits <= MAX_BITS && !NO_HABIT.test(template))
        .map((idea) => ({ path, text, idea }));
    });
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const held = copy[last] as T;
    copy[last] = copy[other] as T;
    copy[other] = held;
  }
  return copy;
}
