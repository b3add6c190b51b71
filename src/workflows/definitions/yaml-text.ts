// A YAML text as a value, with the line and column of everything in it, so that a problem can be shown where it is.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';

/** Keys and indices from the top of the document. */
export type YamlPath = readonly PropertyKey[];

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Something wrong with a file, where it is, and what would mend it. */
export interface Problem extends Place {
  readonly message: string;
  readonly suggestion: string;
}

export interface YamlText {
  readonly value: unknown;
  /** Where the value of a path stands; that of the nearest parent which is there when it is missing. */
  readonly place: (path: YamlPath) => Place;
  /** Where a key of the mapping at `path` stands. */
  readonly placeOfKey: (path: YamlPath, key: string) => Place;
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/tab/i, 'indent with blanks; YAML knows no tabs there'],
  [/unique/i, 'keep one of the two'],
  [/alias/i, 'write the value out, or define the anchor before it is used'],
  [/quote|closing|flow|bracket|brace/i, 'close what was opened: a quote, a bracket or a brace'],
  [
    /nested mappings|implicit|colon|mapping/i,
    'put text that holds a colon in quotes, and check the indentation',
  ],
];

/** Reads one document; an array of problems when it is no YAML, or no mapping. */
export function readYamlText(text: string): YamlText | readonly Problem[] {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true });
  const [document, second] = 'empty' in documents ? [] : documents;
  if (second) {
    const place = at(second.range[0]);
    return [{ ...place, message: 'a second document begins here', suggestion: 'one workflow a file' }];
  }
  const problems = (document?.errors ?? []).map((error) => {
    const message = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    const suggestion = ADVICE.find(([sign]) => sign.test(message))?.[1] ?? 'check the YAML around this place';
    return { ...at(error.pos[0]), message: `not valid YAML: ${message}`, suggestion };
  });
  if (problems.length > 0) return problems;
  const top = document?.contents;
  if (!document || !isMap(top)) {
    const message = top ? 'expected keys and values at the top' : 'the file is empty';
    return [{ ...at(0), message, suggestion: 'begin with `name:`, `initial_phase:` and `phases:`' }];
  }
  const node = (path: YamlPath): Node | null => nodeAt(top, path);
  return {
    value: document.toJS({ maxAliasCount: 100 }),
    place: (path) => {
      for (let length = path.length; length >= 0; length -= 1) {
        const found =
          length === path.length ? node(path) : keyNode(node(path.slice(0, length)), path[length]);
        if (found?.range) return at(found.range[0]);
        const parent = node(path.slice(0, length));
        if (parent?.range) return at(parent.range[0]);
      }
      return at(0);
    },
    placeOfKey: (path, key) => at(keyNode(node(path), key)?.range?.[0] ?? node(path)?.range?.[0] ?? 0),
  };
}

function nodeAt(top: Node, path: YamlPath): Node | null {
  let at: Node | null = top;
  for (const step of path) {
    if (isMap(at)) at = (at.get(step, true) as Node | undefined) ?? null;
    else if (isSeq(at) && typeof step === 'number') at = (at.items[step] as Node | undefined) ?? null;
    else return null;
  }
  return at;
}

function keyNode(map: Node | null, key: PropertyKey | undefined): Node | null {
  if (!isMap(map)) return null;
  const pair = map.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key));
  return isScalar(pair?.key) ? pair.key : null;
}
