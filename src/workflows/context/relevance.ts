// How much the texts of a ticket's context have to do with a step: BM25 over their words, identifiers taken apart.

const K1 = 1.2;
const B = 0.75;

/** The score of each text for the query, from 0 (nothing in common) to 1 (the best of them). */
export function relevanceOf(query: string, texts: readonly string[]): number[] {
  const documents = texts.map(words);
  const asked = new Set(words(query));
  const meanWords = documents.reduce((sum, each) => sum + each.length, 0) / Math.max(1, documents.length);
  const rarity = new Map(
    [...asked].map((word) => {
      const holding = documents.filter((each) => each.includes(word)).length;
      return [word, Math.log(1 + (documents.length - holding + 0.5) / (holding + 0.5))];
    }),
  );
  const scores = documents.map((document) => {
    const norm = K1 * (1 - B + (B * document.length) / Math.max(1, meanWords));
    return [...rarity].reduce((sum, [word, weight]) => {
      const count = document.filter((each) => each === word).length;
      return sum + (weight * count * (K1 + 1)) / (count + norm);
    }, 0);
  });
  const best = Math.max(0, ...scores);
  return scores.map((score) => (best === 0 ? 0 : score / best));
}

const COMMON = new Set(
  'a an and are as at be by for from in is it of on or that the this to was with'.split(' '),
);

/** Words in lower case without endings of the plural; `parseOpeningHours` and `opening_hours` become their parts. */
function words(text: string): string[] {
  return text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !COMMON.has(word))
    .map((word) => (word.length > 3 ? word.replace(/s$/, '') : word));
}
