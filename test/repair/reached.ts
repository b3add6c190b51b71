// Whether the space of single changes holds a fix: the ideas for a text, and the one among them that gives another text.
import { familyOfFile } from '#code/languages.ts';
import { parseSource, type SyntaxLanguage } from '#code/syntax.ts';
import { applyEdits } from '#repair/edits.ts';
import { createIdeaQueue, type Idea, type SpaceOptions } from '#repair/enumerate.ts';
import { REPAIR_LANGUAGES } from '#repair/languages.ts';
import { scopesOf } from '#repair/scope.ts';

const FILES = { javascript: 'a.js', typescript: 'a.ts', tsx: 'a.tsx', python: 'a.py', ruby: 'a.rb' } as const;

export interface Text {
  readonly language?: SyntaxLanguage;
  readonly options?: Partial<SpaceOptions>;
}

/** Ideas for the whole text, every place equally suspected, in order. */
export function ideasFor(source: string, { language = 'javascript', options = {} }: Text = {}): Idea[] {
  const { grammar } = REPAIR_LANGUAGES[familyOfFile(FILES[language]) ?? 'javascript'];
  const located = scopesOf(FILES[language], parseSource(language, source).root, grammar).map((scope) => ({
    scope,
    grammar,
    suspicionOf: () => 1,
  }));
  const queue = createIdeaQueue(located, { testStrings: [], maxIdeas: 200_000, ...options });
  while (queue.next() !== null);
  return [...queue.given];
}

/** The reason of the first idea that turns `before` into `after`, white space and semicolons aside; null when none does. */
export function reasonFor(before: string, after: string, text: Text = {}): string | null {
  const wanted = plain(after);
  return (
    ideasFor(before, text).find((idea) => plain(applyEdits(before, idea.edits)) === wanted)?.reason ?? null
  );
}

function plain(text: string): string {
  return text
    .replace(/;/g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{}()[\],]) ?/g, '$1')
    .trim();
}
