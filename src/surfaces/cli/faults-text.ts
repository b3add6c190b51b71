// A search in words: the ranking of suspects with its ties and what speaks for each, what was tried, and what came near.
import { plainText, plural } from '#foundation/text.ts';
import type { Paint } from './output.ts';

/** The part of a search's account that is shown. */
export interface ShownSearch {
  readonly suspects: readonly {
    readonly file: string;
    readonly line: number;
    readonly suspicion: number;
    readonly source: string;
    readonly signals: readonly string[];
  }[];
  readonly triedByTemplate: Readonly<Record<string, number>>;
  readonly learned: readonly { readonly key: string; readonly tried: number; readonly told: string }[];
  readonly nearMisses: readonly {
    readonly candidate: { readonly reason: string };
    readonly fixedTests: readonly string[];
  }[];
  readonly notes: readonly string[];
}

export interface ShownLimits {
  readonly suspects: number;
  readonly templates: number;
  readonly nearMisses: number;
}

const SOURCE_CHARS = 100;
const LEARNED_CHARS = 200;
const MAX_LEARNED = 10;

/** Sections with headings; those that would be empty are left out. */
export function faultSections(search: ShownSearch, limits: ShownLimits, paint: Paint): string[] {
  const section = (title: string, body: readonly string[]): string[] =>
    body.length === 0 ? [] : ['', paint('strong', title), ...body];
  return [
    ...section('Suspects', suspectLines(search.suspects, limits.suspects, paint)),
    ...section('Tried first: rewrites learned from accepted changes', learnedLines(search.learned)),
    ...section('Tried, by family', triedLines(search.triedByTemplate, limits.templates)),
    ...section('Nearest misses', missLines(search.nearMisses, limits.nearMisses)),
    ...search.notes.map((note) => paint('faint', `note: ${plainText(note)}`)),
  ];
}

/** Places of equal suspicion share a rank, such as `3=`: their order says nothing. */
function suspectLines(suspects: ShownSearch['suspects'], most: number, paint: Paint): string[] {
  const lines = suspects.slice(0, most).flatMap((each) => {
    const tied = suspects.filter((other) => other.suspicion === each.suspicion).length > 1;
    const rank = 1 + suspects.filter((other) => other.suspicion > each.suspicion).length;
    const source = plainText(each.source).replace(/\s+/g, ' ').trim().slice(0, SOURCE_CHARS);
    const place = `${plainText(each.file)}:${each.line}`;
    const head = `  ${`${rank}${tied ? '=' : ''}`.padStart(4)}  ${each.suspicion.toFixed(2)}  ${place}  ${source}`;
    const why =
      each.signals.length === 0
        ? []
        : [paint('faint', `              ${plainText(each.signals.join('; '))}`)];
    return [head, ...why];
  });
  return suspects.length > most ? [...lines, `        … and ${suspects.length - most} more`] : lines;
}

function learnedLines(learned: ShownSearch['learned']): string[] {
  const used = learned.filter(({ tried }) => tried > 0).slice(0, MAX_LEARNED);
  return used.map(({ key, tried, told }) => {
    return `  ${String(tried).padStart(6)}  ${plainText(key)}  ${plainText(told).slice(0, LEARNED_CHARS)}`;
  });
}

function triedLines(tried: ShownSearch['triedByTemplate'], most: number): string[] {
  const families = new Map<string, number>();
  for (const [template, count] of Object.entries(tried)) {
    const parts = template.split('+');
    const isLearned = parts.some((part) => part.startsWith('learned:'));
    const family = isLearned ? 'learned rewrite' : parts.length > 1 ? 'two changes at once' : template;
    families.set(family, (families.get(family) ?? 0) + count);
  }
  const sorted = [...families].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const lines = sorted.slice(0, most).map(([family, count]) => `  ${String(count).padStart(6)}  ${family}`);
  const rest = sorted.slice(most);
  const others = rest.reduce((sum, [, count]) => sum + count, 0);
  return others === 0
    ? lines
    : [...lines, `  ${String(others).padStart(6)}  ${plural(rest.length, 'other family', 'other families')}`];
}

function missLines(misses: ShownSearch['nearMisses'], most: number): string[] {
  return misses
    .slice(0, most)
    .map(
      (miss) => `  ${plural(miss.fixedTests.length, 'test')} fixed by: ${plainText(miss.candidate.reason)}`,
    );
}
