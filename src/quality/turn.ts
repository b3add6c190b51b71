// Makes tests that must fail: assertions turned around, a failing case added, a script that throws when it is done.
import { familyOfFile } from '#code/languages.ts';
import { languageOfFile, parseSource, type SyntaxLanguage, type SyntaxNode } from '#code/syntax.ts';
import type { LanguageFamily } from '#contracts/project.ts';
import type { TestRunnerKind } from '#contracts/tests.ts';
import { assertNames, type Turn, type TurnWords, turnCall, turnPython } from './assertion-shapes.ts';
import { rubyCase, rubyExit, turnRuby } from './ruby-shapes.ts';

export interface TurnedFile {
  readonly text: string;
  /** How many assertions were turned. */
  readonly turned: number;
  /** How many of them run whenever their file or case does: not inside of a condition or of a `try`. */
  readonly certain: number;
  /** Test cases by their own name, with the number of certain turns inside of each. */
  readonly cases: readonly { readonly title: string; readonly certain: number }[];
}

export interface TurnOptions extends TurnInput {
  /** Leaves alone what is outside of test cases, so that the file still loads. */
  readonly casesOnly?: boolean;
}

export interface TurnInput {
  readonly path: string;
  readonly text: string;
  /** Letters and digits that appear nowhere else; makes planted names and values unforeseeable. */
  readonly word: string;
}

/** Every assertion of a test file turned so that it must fail; null for languages that we do not read. */
export function turnAssertions(input: TurnOptions): TurnedFile | null {
  const language = languageOfFile(input.path);
  const family = familyOfFile(input.path);
  if (language === null || family === null) return null;
  const words = turnWords(input, language);
  const found: Found = { turns: [], cases: [] };
  walk(parseSource(language, input.text).root, { shapes: SHAPES[family], words, found });
  const inside = (turn: Turn): boolean =>
    found.cases.some(({ start, end }) => turn.start >= start && turn.end <= end);
  const turns = withoutOverlap(input.casesOnly ? found.turns.filter(inside) : found.turns);
  return {
    text: apply(input.text, turns),
    turned: turns.length,
    certain: turns.filter((turn) => turn.certain).length,
    cases: found.cases.map(({ title, start, end }) => ({
      title,
      certain: turns.filter((turn) => turn.certain && turn.start >= start && turn.end <= end).length,
    })),
  };
}

interface CertainTurn extends Turn {
  readonly certain: boolean;
}

interface Found {
  readonly turns: CertainTurn[];
  readonly cases: { title: string; start: number; end: number }[];
}

interface Walk {
  readonly shapes: Shapes;
  readonly words: TurnWords;
  readonly found: Found;
}

function turnWords(input: TurnInput, language: SyntaxLanguage): TurnWords {
  const number = 900_000 + (Number.parseInt(Buffer.from(input.word).toString('hex').slice(-6), 16) % 90_000);
  const typed = language === 'typescript' || language === 'tsx';
  return { word: input.word, number, typed, names: assertNames(input.text) };
}

/** Iterative: foreign text may be nested deeper than our own stack. */
function walk(root: SyntaxNode, { shapes, words, found }: Walk): void {
  const open: { node: SyntaxNode; certain: boolean }[] = [{ node: root, certain: true }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node } = next;
    const title = shapes.caseTitle(node);
    // A case starts afresh: what surrounds it decides whether it exists, not whether its assertions run.
    if (title !== null) found.cases.push({ title, start: node.start, end: node.end });
    const certain = title !== null || (next.certain && !CONDITIONAL.has(node.kind));
    const turns = shapes.turns(node, words);
    for (const turn of turns ?? []) found.turns.push({ ...turn, certain });
    if (turns === null) for (const child of node.children) open.push({ node: child, certain });
  }
}

/** How tests of a language look, and how each kind of end is made to fail. */
interface Shapes {
  /** The name of the test case that a node is; null for other nodes and for names that are computed. */
  caseTitle(node: SyntaxNode): string | null;
  /** The turns of a node; null when it is no assertion that we know. */
  turns(node: SyntaxNode, words: TurnWords): Turn[] | null;
  /** A script that ends itself fails instead. */
  exit(node: SyntaxNode, word: string): Turn | null;
  /** What makes a script fail when it comes to its end. */
  last(word: string): string;
  /** Adds what changes nothing. */
  nothing(word: string): string;
}

const SHAPES: Readonly<Record<LanguageFamily, Shapes>> = {
  javascript: {
    caseTitle: javascriptCase,
    turns: callTurns,
    exit: (node, word) => exitCall(node, /^process\.(exit|reallyExit)$/, THROW_JS(word)),
    last: (word) => `\n;process.once('beforeExit', () => ${THROW_JS(word)});\n`,
    nothing: (word) => `\n;void '${word}';\n`,
  },
  python: {
    caseTitle: pythonCase,
    turns: turnPython,
    exit: pythonExit,
    last: (word) => `\n\nraise AssertionError("${word}")\n`,
    nothing: (word) => `\n\n_${word} = "${word}"\n`,
  },
  ruby: {
    caseTitle: rubyCase,
    turns: turnRuby,
    exit: rubyExit,
    last: (word) => `\nat_exit { raise "${word}" }\n`,
    nothing: (word) => `\n_${word} = "${word}"\n`,
  },
};

const CONDITIONAL = new Set([
  'if_statement',
  'try_statement',
  'ternary_expression',
  'conditional_expression',
  'switch_statement',
  'match_statement',
  'catch_clause',
  'except_clause',
  'unless_statement',
  'if_modifier',
  'unless_modifier',
  'case',
  'rescue',
]);

function callTurns(node: SyntaxNode, words: TurnWords): Turn[] | null {
  return node.kind === 'call_expression' ? turnCall(node, words) : null;
}

function javascriptCase(node: SyntaxNode): string | null {
  if (node.kind !== 'call_expression') return null;
  const callee = node.children.find((child) => child.field === 'function')?.text ?? '';
  if (!/^(t\.)?(test|it|specify)(\.\w+)*$/.test(callee)) return null;
  const name = node.children
    .find((child) => child.field === 'arguments')
    ?.children.find((child) => child.named && child.kind !== 'comment');
  if (name === undefined || !/^(string|template_string)$/.test(name.kind) || name.text.includes('${'))
    return null;
  return name.text.slice(1, -1).replace(/\\(['"`\\])/g, '$1');
}

function pythonCase(node: SyntaxNode): string | null {
  if (node.kind !== 'function_definition') return null;
  const name = node.children.find((child) => child.field === 'name')?.text ?? '';
  return name.startsWith('test') ? name : null;
}

function withoutOverlap(turns: readonly CertainTurn[]): CertainTurn[] {
  const kept: CertainTurn[] = [];
  for (const turn of turns.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || turn.start >= last.end) kept.push(turn);
  }
  return kept;
}

function apply(text: string, turns: readonly Turn[]): string {
  let result = '';
  let at = 0;
  for (const turn of turns) {
    result += text.slice(at, turn.start) + turn.text;
    at = turn.end;
  }
  return result + text.slice(at);
}

/** A test file with one more case that fails; null when we do not know how to write one for the runner. */
export function plantCase(runner: TestRunnerKind, input: TurnInput): string | null {
  const { path, text, word } = input;
  const fails = `() => { throw new Error('${word}'); }`;
  const python = path.endsWith('.py');
  if (runner === 'pytest' && python)
    return `${text}\n\ndef test_${word}():\n    raise AssertionError("${word}")\n`;
  if (runner === 'unittest' && python) {
    const head = `import unittest as unittest_${word}\n\nclass Test_${word}(unittest_${word}.TestCase):\n`;
    return `${text}\n\n${head}    def test_${word}(self):\n        raise AssertionError("${word}")\n`;
  }
  if (runner === 'minitest' && path.endsWith('.rb')) {
    const body = `  def test_${word}\n    flunk("${word}")\n  end\nend\n`;
    return `${text}\n\nclass Test${word} < Minitest::Test\n${body}`;
  }
  if (familyOfFile(path) !== 'javascript' || languageOfFile(path) === null) return null;
  if (runner === 'vitest')
    return `${text}\nimport { test as test_${word} } from 'vitest';\ntest_${word}('${word}', ${fails});\n`;
  if (runner === 'jest') return `${text}\ntest('${word}', ${fails});\n`;
  if (runner === 'mocha') return `${text}\n(typeof it === 'function' ? it : test)('${word}', ${fails});\n`;
  if (runner !== 'node') return null;
  return isModule(path, text)
    ? `${text}\nimport { test as test_${word} } from 'node:test';\ntest_${word}('${word}', ${fails});\n`
    : `${text}\nrequire('node:test').test('${word}', ${fails});\n`;
}

function isModule(path: string, text: string): boolean {
  if (/\.c[jt]s$/.test(path)) return false;
  return /\.m[jt]s$/.test(path) || /^\s*(import\s[^(]|export\s)/m.test(text);
}

const THROW_JS = (word: string): string => `(() => { throw new Error('${word}'); })()`;
const THROW_PY = (word: string): string => `(_ for _ in ()).throw(AssertionError("${word}"))`;

/**
 * A plain script that fails when it comes to its end: after its last asynchronous work in JavaScript, after its
 * last line in Python, and wherever it would end itself. Code under test that ends the process earlier is found
 * out, because then nothing fails. Null for languages that we do not read.
 */
export function plantFailure(input: TurnInput): string | null {
  const { path, text, word } = input;
  const language = languageOfFile(path);
  const family = familyOfFile(path);
  if (language === null || family === null) return null;
  const turns: CertainTurn[] = [];
  const open = [parseSource(language, text).root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    open.push(...node.children);
    const turn = SHAPES[family].exit(node, word);
    if (turn !== null) turns.push({ ...turn, certain: true });
  }
  return apply(text, withoutOverlap(turns)) + SHAPES[family].last(word);
}

/** A call with other arguments, where the callee is one of those. */
function exitCall(node: SyntaxNode, callees: RegExp, text: string): Turn | null {
  const list = node.children.find((child) => child.field === 'arguments');
  const callee = node.children.find((child) => child.field === 'function')?.text.replace(/\s+/g, '');
  const fits =
    list !== undefined && callee !== undefined && list.text.startsWith('(') && callees.test(callee);
  return fits ? { start: list.start, end: list.end, text: `(${text})` } : null;
}

function pythonExit(node: SyntaxNode, word: string): Turn | null {
  const main = exitCall(node, /^unittest\.main$/, '');
  if (main === null) return exitCall(node, /^(sys\.exit|os\._exit|exit|quit)$/, THROW_PY(word));
  // `unittest.main()` ends the process by itself after the tests.
  const inside =
    node.children
      .find((child) => child.field === 'arguments')
      ?.text.slice(1, -1)
      .trim() ?? '';
  if (inside.includes('exit=') || !(inside === '' || /^\w+\s*=/.test(inside))) return null;
  return { ...main, text: `(${['exit=False', inside].filter(Boolean).join(', ')})` };
}

/** The file with an addition that changes nothing: tests that pass only while files are untouched fail here. */
export function addNothing(input: TurnInput): string {
  const family = familyOfFile(input.path);
  if (family === null || languageOfFile(input.path) === null) return input.text;
  return input.text + SHAPES[family].nothing(input.word);
}
