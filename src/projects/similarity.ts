// How alike two pieces of wanted work read: cosine of rare words and of letter triples. The one function to replace
// when there are embeddings.

export interface Wording {
  readonly title: string;
  readonly description: string;
}

export interface Similar<T> {
  readonly item: T;
  /** 0 nothing in common, 1 the same words; not a probability. */
  readonly score: number;
}

/** Of a description only this much is compared. */
const COMPARED_CHARS = 4_000;
/** Share of the words in a score; the rest is letter triples, which forgive typing and endings. */
const WORD_SHARE = 0.6;

type Weights = ReadonlyMap<string, number>;
/** In how many of the compared texts a feature occurs. */
type Spread = ReadonlyMap<string, number>;

/** `items` with a score of `atLeast` or more, the most alike first; at most `limit` of them. */
export function findSimilar<T extends Wording>(
  asked: Wording,
  items: readonly T[],
  { atLeast, limit }: { readonly atLeast: number; readonly limit: number },
): Similar<T>[] {
  const compare = createComparison([asked, ...items]);
  return items
    .map((item) => ({ item, score: compare(asked, item) }))
    .filter(({ score }) => score >= atLeast)
    .sort((one, other) => other.score - one.score)
    .slice(0, limit);
}

/** A comparison that knows from `corpus` which words are rare, and so tell more. */
function createComparison(corpus: readonly Wording[]): (one: Wording, other: Wording) => number {
  const titles = createMeasure(corpus.map(({ title }) => title));
  const descriptions = createMeasure(corpus.map(({ description }) => description));
  return (one, other) => {
    const title = titles(one.title, other.title);
    // Who wrote only a title is compared by titles; equal titles alone are half of it where both said more.
    if (one.description.trim() === '' || other.description.trim() === '') return title;
    return (title + descriptions(one.description, other.description)) / 2;
  };
}

function createMeasure(texts: readonly string[]): (one: string, other: string) => number {
  const known = new Map<string, { words: Weights; triples: Weights }>();
  const counts = (text: string) => {
    const found = known.get(text);
    if (found) return found;
    const list = wordsOf(text);
    const made = { words: countOf(list), triples: countOf(list.flatMap(triplesOf)) };
    known.set(text, made);
    return made;
  };
  const wordSpread = spreadOf(texts.map((text) => counts(text).words));
  const tripleSpread = spreadOf(texts.map((text) => counts(text).triples));
  return (one, other) => {
    const [a, b] = [counts(one), counts(other)];
    return (
      WORD_SHARE * cosine(a.words, b.words, rarity(wordSpread, texts.length)) +
      (1 - WORD_SHARE) * cosine(a.triples, b.triples, rarity(tripleSpread, texts.length))
    );
  };
}

function wordsOf(text: string): string[] {
  const plain = text.slice(0, COMPARED_CHARS).normalize('NFKC').toLowerCase();
  const words: string[] = plain.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.flatMap((word) => (UNSPACED.test(word) ? pairsOf(word) : [word]));
}

/** Scripts that put no space between words: two letters at a time are as good as words there. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

function pairsOf(word: string): string[] {
  const letters = [...word];
  return letters.length < 2 ? letters : letters.slice(1).map((letter, place) => `${letters[place]}${letter}`);
}

function triplesOf(word: string): string[] {
  const padded = [...` ${word} `];
  return padded.slice(2).map((_letter, place) => padded.slice(place, place + 3).join(''));
}

function countOf(features: readonly string[]): Weights {
  const counts = new Map<string, number>();
  for (const feature of features) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  return counts;
}

function spreadOf(texts: readonly Weights[]): Spread {
  const spread = new Map<string, number>();
  for (const text of texts)
    for (const feature of text.keys()) spread.set(feature, (spread.get(feature) ?? 0) + 1);
  return spread;
}

/** Weight of a feature: above nothing even when every text has it, so that equal texts are always equal. */
function rarity(spread: Spread, texts: number): (feature: string) => number {
  return (feature) => Math.log(1 + (texts + 1) / (spread.get(feature) ?? 1));
}

function cosine(one: Weights, other: Weights, weigh: (feature: string) => number): number {
  const weight = (count: number, feature: string): number => (1 + Math.log(count)) * weigh(feature);
  let product = 0;
  for (const [feature, count] of one) {
    const otherCount = other.get(feature);
    if (otherCount !== undefined) product += weight(count, feature) * weight(otherCount, feature);
  }
  const norm = (counts: Weights): number => {
    let sum = 0;
    for (const [feature, count] of counts) sum += weight(count, feature) ** 2;
    return Math.sqrt(sum);
  };
  return product === 0 ? 0 : Math.min(1, product / (norm(one) * norm(other)));
}
