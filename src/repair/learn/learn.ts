// From an accepted change to rewrites: the smallest place that says enough, generalised, and proved on the change itself.
import { familyOfFile } from '#code/languages.ts';
import { findRewrites, reproduces, sameTokens } from '#code/rewrite.ts';
import { createSyntaxReader, languageOfFile, type SyntaxNode, syntaxesOf } from '#code/syntax.ts';
import type { Grammar } from '../grammar/types.ts';
import { REPAIR_LANGUAGES } from '../languages.ts';
import type { Rewrite } from '../learned.ts';
import { type ChangedPlace, changedPlaces } from './changes.ts';
import { patternOf } from './pattern.ts';

/** A file before and after an accepted change. */
export interface ChangedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export type LearnedPlace =
  | { readonly ok: true; readonly rewrite: Rewrite }
  /** Why nothing that may be used elsewhere follows from this place, in words. */
  | { readonly ok: false; readonly reason: string };

const MAX_CHARS = 300;
const MAX_FILE_CHARS = 600_000;
/** How far the place is widened until it says enough. */
const MAX_WIDENING = 3;
const MIN_STRONG = 1;
/** What only removes must be more particular, or it would remove everywhere. */
const MIN_STRONG_REMOVING = 2;
const LEAVES =
  /^(?:identifier|number|integer|float|string|true|false|none|null|undefined|this|parenthesized_expression|regex|template_string)$/;
/** Long texts, addresses and paths are somebody's data, not a form. */
const PRIVATE = /[\w-]{41,}|:\/\/|['"`](?:[A-Za-z]:)?[\\/][\w.-]+[\\/]|@[\w-]+\./;

/** One answer for each changed place; nothing for files that cannot be read as a language of ours. */
export function learnFrom(file: ChangedFile): LearnedPlace[] {
  const read = readChange(file);
  if (read === null) return [];
  if (read === 'broken') return [refused('the file cannot be read')];
  const { places, grammar } = read;
  if (places === null) return [refused('it changes too many places')];
  return places.map((place) => {
    const learned = learnPlace(place, grammar);
    if (!learned.ok || holdsIn(file, learned.rewrite, place)) return learned;
    return refused('it does not yield the change that it was learned from');
  });
}

/** Kinds of the smallest named nodes that hold the changed places, each once. */
export function changedKinds(file: ChangedFile): { family: Grammar['family']; kind: string }[] {
  const read = readChange(file);
  if (read === null || read === 'broken') return [];
  const kinds = (read.places ?? []).map(({ before, around }) =>
    before.named ? before.kind : (around[0]?.before.kind ?? before.kind),
  );
  return [...new Set(kinds)].map((kind) => ({ family: read.grammar.family, kind }));
}

/** The changed places of a file; null when it is none of our languages, or too long. */
function readChange(file: ChangedFile) {
  const language = languageOfFile(file.path);
  if (language === null || Math.max(file.before.length, file.after.length) > MAX_FILE_CHARS) return null;
  const reader = createSyntaxReader();
  const before = reader.parse(language, file.before);
  const after = reader.parse(language, file.after);
  if (before.hasError || after.hasError) return 'broken';
  const family = familyOfFile(file.path);
  if (family === null) return null;
  const { grammar } = REPAIR_LANGUAGES[family];
  return { grammar, places: changedPlaces(before.root, after.root, grammar) };
}

/** Whether a rewrite, applied to its own regression case, gives what the case says. */
export function isProved(rewrite: Pick<Rewrite, 'family' | 'kind' | 'before' | 'after' | 'proof'>): boolean {
  return syntaxesOf(rewrite.family).some((language) => reproduces(language, rewrite, rewrite.proof));
}

function refused(reason: string): LearnedPlace {
  return { ok: false, reason };
}

function learnPlace(place: ChangedPlace, grammar: Grammar): LearnedPlace {
  if (place.inserted !== null) return insertion(place, grammar);
  if (place.deleted) return generalised({ before: place.before, after: [] }, grammar);
  let answer = refused('it is no expression and no statement');
  let widened = 0;
  for (const pair of [place, ...place.around]) {
    if (!canBeRoot(pair.before, grammar) || !canBeRoot(pair.after, grammar)) continue;
    answer = generalised({ before: pair.before, after: [pair.after] }, grammar);
    widened += 1;
    if (answer.ok || widened > MAX_WIDENING) return answer;
  }
  return answer;
}

function insertion({ before, after, inserted }: ChangedPlace, grammar: Grammar): LearnedPlace {
  const nodes = inserted?.nodes ?? [];
  const all = inserted?.where === 'before' ? [...nodes, after] : [after, ...nodes];
  if (nodes.length > 1 || !grammar.statements.has(before.kind))
    return refused('it adds more than a statement');
  return generalised({ before, after: all }, grammar);
}

/** A pattern's root: an expression with parts, or a statement; both can be parsed by themselves. */
function canBeRoot(node: SyntaxNode, grammar: Grammar): boolean {
  if (grammar.statements.has(node.kind)) return true;
  return grammar.expressions.has(node.kind) && !LEAVES.test(node.kind);
}

interface Sides {
  readonly before: SyntaxNode;
  /** None when the place is left out, several when statements were added beside it. */
  readonly after: readonly SyntaxNode[];
}

function generalised({ before, after }: Sides, grammar: Grammar): LearnedPlace {
  const proof = { before: before.text, after: after.map((node) => node.text).join('\n') };
  if (proof.before.length > MAX_CHARS || proof.after.length > MAX_CHARS) return refused('it is too long');
  const answer = patternOf(before, after, grammar);
  if (!answer.ok) return answer;
  const { strong, removes } = answer.texts;
  // A semicolon at the end belongs to the place, not to the form.
  const texts = {
    before: answer.texts.before.replace(/;$/, ''),
    after: answer.texts.after.replace(/;$/, ''),
  };
  if (PRIVATE.test(texts.before) || PRIVATE.test(texts.after)) return refused('it holds a text of its own');
  if (sameTokens(texts.before, texts.after)) return refused('it changes only names');
  if (strong < (removes ? MIN_STRONG_REMOVING : MIN_STRONG))
    return refused('it would match nearly everywhere');
  const { family } = grammar;
  const rewrite: Rewrite = {
    ...texts,
    family,
    kind: before.kind,
    removes,
    parentKind: before.parent?.kind ?? '',
    proof,
  };
  return isProved(rewrite) ? { ok: true, rewrite } : refused('it cannot be run as a pattern');
}

/** The rewrite, run over the whole file, must at the changed place give exactly the change. */
function holdsIn(file: ChangedFile, rewrite: Rewrite, place: ChangedPlace): boolean {
  const language = languageOfFile(file.path);
  if (language === null) return false;
  const [found = []] = findRewrites(language, file.before, { rules: [rewrite], maxEach: 500 });
  const at = [place, ...place.around].find((pair) => pair.before.text === rewrite.proof.before);
  return found.some(
    (match) => match.start === at?.before.start && sameTokens(match.text, rewrite.proof.after),
  );
}
