// Edits of one regular expression's text: anchors, quantifiers, classes, escapes, alternatives; the same for every language.

/** A changed pattern, its cost in bits, and what was done. */
export interface PatternEdit {
  readonly text: string;
  readonly bits: number;
  readonly what: string;
}

interface Piece {
  readonly kind: 'class' | 'group' | 'close' | 'bar' | 'anchor' | 'quantifier' | 'escape' | 'dot' | 'letter';
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const MAX_CHARS = 600;
/** What is cheap enough of one pattern's edits. */
const MAX_EDITS = 160;
const PIECE =
  /(?<class>\[\^?\]?(?:\\[\s\S]|[^\]\\])*\])|(?<group>\((?:\?(?:[:=!]|<[=!]|P?<\w+>))?)|(?<close>\))|(?<bar>\|)|(?<anchor>\\[bBAZz]|[$^])|(?<quantifier>[+*?]\??|\{\d+(?:,\d*)?\}\??)|(?<escape>\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|u\{[\da-fA-F]+\}|p\{\w+(?:=\w+)?\}|k<\w+>|[\s\S]))|(?<dot>\.)|(?<letter>[\s\S])/g;
/** Classes of characters taken for one another. */
const CLASS_SWAPS: Readonly<Record<string, readonly string[]>> = {
  '\\d': ['\\w', '\\D', '[0-9a-f]'],
  '\\w': ['[\\w-]', '[\\w.-]', '\\S', '[a-zA-Z]', '[^\\s]', '\\d', '[\\w$]'],
  '\\s': ['\\s*', ' ', '[ \\t]', '\\S', '\\W'],
  '\\S': ['\\s', '\\w', '[^\\s]'],
  '\\D': ['\\d', '\\W'],
  '\\W': ['\\w', '\\s', '[\\W_]'],
};
const RANGES = [
  'a-z',
  'A-Z',
  '0-9',
  '\\d',
  '\\w',
  '\\s',
  '_',
  '-',
  '.',
  '/',
  ':',
  '+',
  '@',
  '$',
  '*',
  '%',
  '#',
  "'",
  ' ',
  '\\n',
  '\\\\',
  '^',
  '~',
  '!',
  '?',
  '&',
  '=',
  ',',
  ';',
  '|',
  '(',
  ')',
  '[\\]',
];

/**
 * Changed forms of a pattern, cheapest first, each once. `extras` are texts that the tests speak of: single characters
 * of them may belong into a class, whole words into an alternation.
 */
export function patternEdits(pattern: string, extras: readonly string[]): PatternEdit[] {
  if (pattern === '' || pattern.length > MAX_CHARS) return [];
  const pieces = piecesOf(pattern);
  const found = new Map<string, PatternEdit>();
  const add = (text: string, bits: number, what: string) => {
    if (text === '' || text === pattern || (found.get(text)?.bits ?? Number.POSITIVE_INFINITY) <= bits)
      return;
    found.set(text, { text, bits, what });
  };
  const put = (piece: Pick<Piece, 'start' | 'end'>, text: string) =>
    pattern.slice(0, piece.start) + text + pattern.slice(piece.end);
  anchors(pattern, pieces, add);
  pieces.forEach((piece, index) => {
    const next = pieces[index + 1];
    if (piece.kind === 'quantifier')
      quantifier(piece, (text, bits, what) => add(put(piece, text), bits, what));
    else if (/class|escape|dot|letter|close/.test(piece.kind) && next?.kind !== 'quantifier') {
      for (const [mark, bits] of [
        ['?', 3],
        ['*', 3.5],
        ['+', 3.5],
      ] as const)
        add(
          put({ start: piece.end, end: piece.end }, mark),
          bits,
          `let ${pieceName(pattern, piece)} ${MEANING[mark]}`,
        );
    }
    if (piece.kind === 'class')
      classEdits(piece.text, extras, (text, bits, what) => add(put(piece, text), bits, what));
    else {
      // What is left out takes its quantifier along.
      const until = next?.kind === 'quantifier' ? next.end : piece.end;
      const whole = { start: piece.start, end: until };
      atom(piece, next, (text, bits, what) => add(put(text === '' ? whole : piece, text), bits, what));
    }
  });
  alternatives(pattern, pieces, extras, add);
  everyClass(pattern, pieces, add);
  return [...found.values()].sort((a, b) => a.bits - b.bits).slice(0, MAX_EDITS);
}

const MEANING = { '?': 'be absent', '*': 'come any number of times', '+': 'come several times' } as const;

type Add = (text: string, bits: number, what: string) => void;

export function piecesOf(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  for (const match of pattern.matchAll(PIECE)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    if (kind === undefined) continue;
    pieces.push({
      kind: kind as Piece['kind'],
      start: match.index,
      end: match.index + match[0].length,
      text: match[0],
    });
  }
  return pieces;
}

function pieceName(pattern: string, piece: Piece): string {
  return piece.kind === 'close' ? 'the group' : pattern.slice(piece.start, piece.end);
}

function anchors(pattern: string, pieces: readonly Piece[], add: Add): void {
  const bars = hasOuterBar(pieces);
  const whole = bars ? `(?:${pattern})` : pattern;
  const starts = pattern.startsWith('^');
  const ends = /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern);
  if (!starts) add(`^${whole}`, 2.5, 'match from the start only');
  if (!ends) add(`${whole}$`, 2.5, 'match up to the end only');
  if (!starts && !ends) add(`^${whole}$`, 3, 'match the whole text only');
  add(`\\b${whole}`, 5, 'begin at the edge of a word');
  add(`${whole}\\b`, 5, 'end at the edge of a word');
  add(`\\b${whole}\\b`, 5, 'match whole words only');
  if (starts && bars)
    add(`^(?:${pattern.slice(1, ends ? -1 : undefined)})${ends ? '$' : ''}`, 3, 'anchor every alternative');
  for (const piece of pieces) {
    if (piece.kind !== 'anchor') continue;
    add(pattern.slice(0, piece.start) + pattern.slice(piece.end), 3, `leave ${piece.text} out`);
  }
}

function hasOuterBar(pieces: readonly Piece[]): boolean {
  let depth = 0;
  for (const piece of pieces) {
    if (piece.kind === 'group') depth += 1;
    if (piece.kind === 'close') depth -= 1;
    if (piece.kind === 'bar' && depth === 0) return true;
  }
  return false;
}

function quantifier({ text }: Piece, add: Add): void {
  const lazy = text.length > 1 && text.endsWith('?');
  const plain = lazy ? text.slice(0, -1) : text;
  if (lazy) add(plain, 2.5, 'match as much as possible');
  else if (plain !== '?') add(`${plain}?`, 2.5, 'match as little as possible');
  for (const other of ['+', '*', '?', '']) {
    if (other !== plain)
      add(
        other + (lazy && other !== '' ? '?' : ''),
        other === '' ? 3.5 : 2.5,
        `replace ${text} by ${other || 'nothing'}`,
      );
  }
  const counts = /^\{(\d+)(,?)(\d*)\}$/.exec(plain);
  if (counts === null) {
    for (const other of ['{2}', '{1,2}', '{2,}', '{1,3}', '{3}', '{4}'])
      add(other, 6, `replace ${text} by ${other}`);
    return;
  }
  const [low, high] = [Number(counts[1]), counts[3] === '' ? null : Number(counts[3])];
  const range = (from: number, to: number | null) => (from >= 0 ? `{${from},${to ?? ''}}` : plain);
  const options =
    counts[2] === ''
      ? [
          `{${low + 1}}`,
          `{${Math.max(0, low - 1)}}`,
          range(low, null),
          range(1, low),
          range(low, low + 1),
          range(low - 1, low),
          range(0, low),
        ]
      : [
          range(low + 1, high),
          range(low - 1, high),
          range(low, high === null ? low : high + 1),
          range(low, high === null ? low + 1 : high - 1),
          range(low, null),
          `{${low}}`,
          range(0, high),
          range(1, high),
        ];
  for (const [index, option] of options.entries()) add(option, 3 + index / 4, `replace ${text} by ${option}`);
}

function classEdits(text: string, extras: readonly string[], add: Add): void {
  const negated = text.startsWith('[^');
  const open = negated ? '[^' : '[';
  const inner = text.slice(open.length, -1);
  add(negated ? `[${inner}]` : `[^${inner}]`, 4.5, `negate ${text}`);
  const items =
    inner.match(/\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|[\s\S])(?:-\\?.)?|[^\\]-(?:\\.|[^\]\\])|[^\\]/g) ?? [];
  for (const item of new Set(items)) {
    const rest = items.filter((one) => one !== item).join('');
    if (rest !== '') add(`${open}${rest}]`, 3.5, `leave ${item} out of ${text}`);
  }
  const wanted = new Set(extras.flatMap((extra) => [...extra]).filter((letter) => !/[\w\s'"`]/.test(letter)));
  for (const range of RANGES) {
    const own = range === '[\\]' ? '\\[\\]' : /^[\]^\\]$/.test(range) ? `\\${range}` : range;
    if (own === '-' ? /^-|-$|\\-/.test(inner) : inner.includes(own)) continue;
    const bits = /^\\?\w(?:-\w)?$/.test(range) ? 4 : wanted.has(range) ? 3.5 : 5.5;
    // A hyphen must stand last to mean itself; so must nothing after one that does.
    const joined = inner.endsWith('-') && own !== '-' ? `${own}${inner}` : `${inner}${own}`;
    add(`${open}${joined}]`, bits, `let ${text} hold ${own} too`);
  }
  for (const letter of wanted) {
    const own = /[\]^\\[-]/.test(letter) ? `\\${letter}` : letter;
    if (!inner.includes(own)) add(`${open}${own}${inner}]`, 4, `let ${text} hold ${letter} too`);
  }
}

function atom(piece: Piece, next: Piece | undefined, add: Add): void {
  const { kind, text } = piece;
  if (kind === 'dot') {
    add('\\.', 2.5, 'take the dot literally');
    add('[^]', 4, 'let . match line breaks');
    add('[\\s\\S]', 3.5, 'let . match line breaks');
    if (next !== undefined) add('[^\'"]', 6, 'stop at quotes');
  } else if (kind === 'escape') {
    for (const other of Object.hasOwn(CLASS_SWAPS, text) ? (CLASS_SWAPS[text] ?? []) : [])
      add(other, 4, `replace ${text} by ${other}`);
    add('', 5.5, `leave ${text} out`);
    if (text === '\\.') add('.', 5, 'let the dot stand for any character');
  } else if (kind === 'letter') {
    add('', 5, `leave ${text} out`);
    if (/[a-z]/i.test(text)) {
      add(`[${text.toLowerCase()}${text.toUpperCase()}]`, 5, `match ${text} in both cases`);
    }
    if (text === ' ') add('\\s', 3, 'match any white space');
    if (/[dswn]/.test(text)) add(`\\${text}`, 6, `replace ${text} by \\${text}`);
  } else if (kind === 'group') {
    if (text === '(') add('(?:', 5.5, 'capture nothing');
    if (text === '(?:') add('(', 5.5, 'capture the group');
    if (text === '(?=') add('(?!', 4, 'look for what does not follow');
    if (text === '(?!') add('(?=', 4, 'look for what follows');
  }
}

function alternatives(pattern: string, pieces: readonly Piece[], extras: readonly string[], add: Add): void {
  const bars = pieces.filter((piece) => piece.kind === 'bar');
  for (const [index, bar] of bars.entries()) {
    const end = endOfAlternative(pieces, bar.end, pattern.length);
    add(
      pattern.slice(0, bar.start) + pattern.slice(end),
      4,
      `leave the alternative ${pattern.slice(bar.end, end)} out`,
    );
    if (index > 5) break;
  }
  const words = extras.filter((extra) => /^[\w$@#.:/-]{1,12}$/.test(extra)).slice(0, 8);
  for (const word of words) {
    const literal = word.replace(/[.$/]/g, '\\$&');
    if (pattern.includes(literal)) continue;
    if (bars.length > 0 && bars[0] !== undefined) {
      add(
        `${pattern.slice(0, bars[0].start)}|${literal}${pattern.slice(bars[0].start)}`,
        5,
        `match ${word} too`,
      );
    }
    add(`${pattern}|${literal}`, 6.5, `match ${word} too`);
  }
  // A path or query may stand where the pattern expects one separator or the end.
  for (const piece of pieces) {
    if (piece.kind !== 'anchor' || piece.text !== '$') continue;
    for (const other of ['(?:$|\\s)', '\\/?$', '\\s*$']) {
      add(pattern.slice(0, piece.start) + other + pattern.slice(piece.end), 5.5, `replace $ by ${other}`);
    }
  }
}

function endOfAlternative(pieces: readonly Piece[], from: number, length: number): number {
  let depth = 0;
  for (const piece of pieces) {
    if (piece.start < from) continue;
    if (depth === 0 && (piece.kind === 'bar' || piece.kind === 'close')) return piece.start;
    if (piece.kind === 'group') depth += 1;
    if (piece.kind === 'close') depth -= 1;
  }
  return length;
}

/** One character left out of every class that holds it. */
function everyClass(pattern: string, pieces: readonly Piece[], add: Add): void {
  const classes = pieces.filter((piece) => piece.kind === 'class');
  const letters = new Set(classes.flatMap((piece) => [...piece.text.slice(1, -1)]));
  for (const letter of letters) {
    if (!/[^\w\\[\]^-]/.test(letter)) continue;
    let text = '';
    let at = 0;
    for (const piece of classes) {
      const kept = piece.text.replaceAll(letter, '');
      text += pattern.slice(at, piece.start) + (/^\[\^?\]$/.test(kept) ? piece.text : kept);
      at = piece.end;
    }
    add(text + pattern.slice(at), 4.5, `leave ${letter} out of every class`);
  }
}
