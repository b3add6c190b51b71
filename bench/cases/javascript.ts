// Cases in JavaScript: a script with functions, and one that calls console.assert, become a module and a node:test suite.
import { parseSync } from 'oxc-parser';
import { type Case, KEEP_ALL, type Keep, requireCaseFile, titleOf } from './case.ts';

interface Statement {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** Where tests draw random numbers they draw the same ones each time, or a run could not be repeated. */
const SEEDED_RANDOM = `let seed = 20240229;
Math.random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
`;

/** Stands in for the package of that name: the same function on node's own digest. */
const MD5_STAND_IN = `const { createHash } = require('node:crypto');
module.exports = (text) => createHash('md5').update(text).digest('hex');
`;

/** Reads the case in `directory` (buggy.js, fixed.js, test.js); assertions that are not kept are not in its tests. */
export async function readJavaScriptCase(
  name: string,
  directory: string,
  keep: Keep = KEEP_ALL,
): Promise<Case> {
  const buggy = await requireCaseFile(directory, 'buggy.js');
  const fixed = await requireCaseFile(directory, 'fixed.js');
  const tests = await requireCaseFile(directory, 'test.js');
  const names = declaredNames(buggy);
  const exported = `\nmodule.exports = { ${names.join(', ')} };\n`;
  const files = new Map([
    ['package.json', manifest(name)],
    ['solution.js', withStandIns(buggy) + exported],
    ['solution.test.js', suite(tests, names, keep)],
  ]);
  if (buggy.includes('js-md5')) files.set('lib/md5.js', MD5_STAND_IN);
  const fixedNames = declaredNames(fixed);
  return {
    name,
    runner: 'node',
    files,
    fixed: {
      path: 'solution.js',
      text: `${withStandIns(fixed)}\nmodule.exports = { ${fixedNames.join(', ')} };\n`,
    },
  };
}

function manifest(name: string): string {
  const content = { name: `case-${name}`, private: true, scripts: { test: 'node --test' } };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function withStandIns(source: string): string {
  return source.replaceAll(/require\((['"])js-md5\1\)/g, "require('./lib/md5.js')");
}

function declaredNames(source: string): string[] {
  return [...source.matchAll(/^(?:const|let|var|function|async function|class) (\w+)/gm)].map(
    ([, name = '']) => name,
  );
}

/**
 * One test an assertion where the assertions stand side by side; one for the whole function where statements between
 * them would change meaning by being taken apart. A loop that asserts is one test.
 */
function suite(source: string, names: readonly string[], keep: Keep): string {
  const head = [
    "const assert = require('node:assert/strict');",
    "const { test } = require('node:test');",
    `const { ${names.join(', ')} } = require('./solution.js');`,
    '',
    source.includes('Math.random') ? SEEDED_RANDOM : '',
  ];
  const real = (text: string) => text.replaceAll('console.assert(', 'assert.ok(');
  const { body: all, name } = testFunction(source);
  const body = keptOf(source, all, keep);
  const separable = body.every(({ type, start }) => isAssertion(source, start) || type === 'ForStatement');
  const parts = separable
    ? body.map((statement, index) => {
        const text = source.slice(statement.start, statement.end);
        const title = titleOf(text.replace(/^console\.assert\(|\)?;?$/g, ''), index + 1);
        return `test(${JSON.stringify(title)}, () => {\n  ${real(text)}\n});\n`;
      })
    : [
        `test(${JSON.stringify(name)}, () => {\n${real(body.map((one) => source.slice(one.start, one.end)).join('\n'))}\n});\n`,
      ];
  return [...head, ...parts].join('\n');
}

function isAssertion(source: string, start: number): boolean {
  return source.startsWith('console.assert(', start);
}

/** Statements that assert nothing stay: others may need them. */
function keptOf(source: string, body: readonly Statement[], keep: Keep): Statement[] {
  const asserts = (one: Statement) => source.slice(one.start, one.end).includes('console.assert(');
  const units = body.filter(asserts);
  return body.filter((one) => !asserts(one) || keep(units.indexOf(one), units.length));
}

/** The statements of the only function in a test script. */
function testFunction(source: string): { name: string; body: readonly Statement[] } {
  const [declaration] = parseSync('test.js', source).program.body;
  const declarator = declaration?.type === 'VariableDeclaration' ? declaration.declarations[0] : undefined;
  const init = declarator?.init;
  if (init?.type !== 'ArrowFunctionExpression' || init.body.type !== 'BlockStatement')
    throw new Error('the test script does not begin with a function');
  const name = declarator?.id.type === 'Identifier' ? declarator.id.name : 'all';
  return { name, body: init.body.body };
}
