// Source that reaches for what judges it: ends the process, replaces assertions, asks whether it is under test.
// A list of shapes cannot be complete; the canaries (canary.ts) prove by running, this names the plain cases in words.
import { familyOf } from '#code/languages.ts';
import { languageOfFile, parseSource, type SyntaxLanguage, type SyntaxNode } from '#code/syntax.ts';
import type { TamperFinding } from '#contracts/certificate.ts';
import type { Language, LanguageFamily } from '#contracts/project.ts';
import { addedLines } from './test-changes.ts';

interface Shape {
  readonly pattern: RegExp;
  readonly words: string;
}

const TEST_VARIABLES = /NODE_TEST_CONTEXT|\bVITEST\w*|JEST_WORKER_ID|PYTEST_\w+|\bMOCHA_\w+|\bCAMBIUM\w*/;

const JAVASCRIPT: readonly Shape[] = [
  {
    pattern: /\bprocess\s*\??\.\s*(exit|reallyExit|abort|kill|exitCode)\b/,
    words: 'ends the process or sets its status',
  },
  { pattern: /\bprocess\s*(\?\.)?\s*\[/, words: 'reaches into the process by a computed name' },
  {
    pattern:
      /\.\s*(on|once|addListener|prependListener|prependOnceListener)\s*\(\s*['"`](exit|beforeExit|uncaught\w*|unhandled\w*)/,
    words: 'listens to the end of the process or to uncaught errors',
  },
  {
    pattern: /\b(assert(\.\w+)*|console\s*\.\s*assert|expect(\.\w+)*|chai(\.\w+)*)\s*=(?![=>])/,
    words: 'replaces an assertion function',
  },
  {
    pattern:
      /\b(globalThis|global)\s*(\.\s*(test|it|describe|expect|assert|before\w*|after\w*|process|console|Error)\b\s*=(?!=)|\[)/,
    words: 'replaces or looks up globals of the test runner',
  },
  {
    pattern:
      /\b(defineProperty|defineProperties|assign|setPrototypeOf|set)\s*\(\s*(assert|expect|console|process|globalThis|global)\b/,
    words: 'changes an object that tests rely on',
  },
  {
    pattern:
      /(from\s*|require\s*\(\s*|import\s*\(?\s*)['"](node:test|vitest|@vitest\/[^'"]*|@jest\/[^'"]*|jest[^'"]*|mocha|chai|sinon|(node:)?(module|vm|inspector))['"]/,
    words: 'imports a test library or what changes how modules load',
  },
  {
    pattern: /\brequire\s*\.\s*(cache|extensions|main)\b|\bModule\s*\.\s*_\w+|process\.binding/,
    words: 'reaches into the module loader',
  },
  { pattern: /(^|[^.\w])eval\s*\(|\bnew\s+Function\b/, words: 'runs text as code' },
  { pattern: TEST_VARIABLES, words: 'asks whether it is under test' },
  { pattern: /\.(test|spec)\.[cm]?[jt]sx?['"`]/, words: 'names files of the tests' },
];

const PYTHON: readonly Shape[] = [
  {
    pattern: /\b(os\s*\.\s*(_exit|abort|kill\w*|exec\w+)|sys\s*\.\s*exit|SystemExit|atexit)\b/,
    words: 'ends the process or hooks its end',
  },
  { pattern: /(^|[^.\w])(exit|quit)\s*\(/, words: 'ends the process' },
  {
    pattern:
      /\bsys\s*\.\s*(modules|meta_path|path_hooks|settrace|setprofile|excepthook|unraisablehook|_getframe|monitoring)\b/,
    words: 'reaches into the interpreter',
  },
  {
    pattern: /\b(builtins|__builtins__|AssertionError)\b/,
    words: 'reaches for built-ins that assertions rely on',
  },
  {
    pattern:
      /\b(import|from)\s+(_?pytest|pluggy|unittest|nose|inspect|gc|ctypes|linecache)\b|__import__\s*\(/,
    words: 'imports what can steer a test run',
  },
  { pattern: /(^|[^.\w])(eval|exec|globals)\s*\(/, words: 'runs text as code or reaches for globals' },
  { pattern: /\bdef\s+pytest_\w+|\bpytest_plugins\b/, words: 'hooks into the test runner' },
  { pattern: TEST_VARIABLES, words: 'asks whether it is under test' },
  { pattern: /['"][^'"]*\btest_\w+\.py\b/, words: 'names files of the tests' },
];

const RUBY: readonly Shape[] = [
  {
    pattern: /\b(exit!?|abort|at_exit|SystemExit)\b|\bProcess\s*\.\s*(exit!?|kill|abort)\b/,
    words: 'ends the process or hooks its end',
  },
  {
    pattern: /\b(Minitest|MiniTest|Test::Unit|RSpec|ActiveSupport::TestCase)\b/,
    words: 'reaches for the test library',
  },
  {
    pattern: /\bdef\s+(self\.)?(assert|refute|must|wont|skip|flunk)\w*/,
    words: 'replaces an assertion method',
  },
  {
    pattern: /\b(ObjectSpace|TracePoint|set_trace_func|RubyVM|caller(_locations)?)\b/,
    words: 'reaches into the interpreter',
  },
  { pattern: /(^|[^.\w])(eval|binding)\b|\b(instance|class|module)_eval\b/, words: 'runs text as code' },
  {
    pattern:
      /\bclass\s+(Object|BasicObject|Kernel|Exception|StandardError|Integer|String|Array|Hash)\b(?!::)/,
    words: 'changes a class that tests rely on',
  },
  { pattern: TEST_VARIABLES, words: 'asks whether it is under test' },
  { pattern: /['"][^'"]*(\btest_\w+|\w_(test|spec))\.rb\b/, words: 'names files of the tests' },
];

const SHAPES: Readonly<Record<LanguageFamily, readonly Shape[]>> = {
  javascript: JAVASCRIPT,
  python: PYTHON,
  ruby: RUBY,
};

/** Nobody writes longer lines by hand, and no pattern is tried on them. */
const MAX_LINE_CHARS = 5_000;

/** Findings in the lines that a change adds to source under test; at most one for each shape and file. */
export function findInterference(change: {
  readonly file: string;
  readonly language: Language;
  readonly before: string;
  readonly after: string;
}): TamperFinding[] {
  const { file } = change;
  const shapes = SHAPES[familyOf(change.language)];
  const language = languageOfFile(file) ?? change.language;
  const before = withoutComments(language, change.before);
  const after = withoutComments(language, change.after);
  const lines = addedLines({ before, after });
  const findings: TamperFinding[] = [];
  if (lines.some((line) => line.length > MAX_LINE_CHARS)) {
    const detail = `new code in a line of more than ${MAX_LINE_CHARS} characters, which nobody can read`;
    findings.push({ kind: 'interference', file, detail });
  }
  for (const { pattern, words } of shapes) {
    const line = matching(pattern, lines)[0];
    // What the file did before is not the change's doing: refactored lines keep the shape they had.
    if (line === undefined || countOf(pattern, after) <= countOf(pattern, before)) continue;
    findings.push({
      kind: 'interference',
      file,
      detail: `new code ${words}: ${line.trim().slice(0, 120)}`,
    });
  }
  return findings;
}

function countOf(pattern: RegExp, text: string): number {
  return matching(pattern, text.split('\n')).length;
}

function matching(pattern: RegExp, lines: readonly string[]): string[] {
  return lines.filter((line) => line.length <= MAX_LINE_CHARS && pattern.test(line));
}

/** Comments blanked, code beside them kept. A text that cannot be read stays as it is, so that nothing hides in it. */
function withoutComments(language: SyntaxLanguage, text: string): string {
  try {
    const { root, hasError } = parseSource(language, text);
    if (hasError) return text;
    let result = '';
    let at = 0;
    for (const { start, end } of commentsOf(root)) {
      result += text.slice(at, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
      at = end;
    }
    return result + text.slice(at);
  } catch (error) {
    // Nesting beyond the stack; nothing that people write comes near it.
    if (error instanceof RangeError) return text;
    throw error;
  }
}

function commentsOf(root: SyntaxNode): SyntaxNode[] {
  const comments: SyntaxNode[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'comment') comments.push(node);
    for (const child of node.children) open.push(child);
  }
  return comments.sort((a, b) => a.start - b.start);
}
