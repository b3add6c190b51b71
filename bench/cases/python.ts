// Cases in Python: one-function scripts with a `check`, and QuixBugs programs with their pytest files, as packages for pytest.
import { join } from 'node:path';
import { type Case, KEEP_ALL, type Keep, readCaseFile, requireCaseFile } from './case.ts';

/** Seconds after which a test counts as failed: some of the bugs are loops without end. */
const TEST_SECONDS = 5;

const CONFTEST = `import random
import signal

import pytest


@pytest.fixture(autouse=True)
def same_chance_and_bounded_time():
    random.seed(20240229)

    def stop(signum, frame):
        raise TimeoutError("no end after ${TEST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, ${TEST_SECONDS})
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
`;

/**
 * Reads a case made of functions and a script that ends with `check(function)` (buggy.py, fixed.py, test.py); assertions
 * that are not kept are not in its tests.
 */
export async function readCheckCase(name: string, directory: string, keep: Keep = KEEP_ALL): Promise<Case> {
  const buggy = await requireCaseFile(directory, 'buggy.py');
  const fixed = await requireCaseFile(directory, 'fixed.py');
  const tests = await requireCaseFile(directory, 'test.py');
  const names = [...buggy.matchAll(/^def (\w+)/gm)].map(([, found = '']) => found);
  const files = new Map([
    ['conftest.py', CONFTEST],
    ['solution.py', buggy],
    ['test_solution.py', `from solution import ${names.join(', ')}\n\n${checkSuite(tests, keep)}`],
  ]);
  return { name, runner: 'pytest', files, fixed: { path: 'solution.py', text: fixed } };
}

/** Reads a QuixBugs program (buggy.py, fixed.py, test.py, sometimes cases.json; `node.py` beside the cases). */
export async function readQuixBugsCase(name: string, directory: string): Promise<Case> {
  const buggy = await requireCaseFile(directory, 'buggy.py');
  const fixed = await requireCaseFile(directory, 'fixed.py');
  const tests = await requireCaseFile(directory, 'test.py');
  const cases = await readCaseFile(directory, 'cases.json');
  const node = await readCaseFile(join(directory, '..'), 'node.py');
  const files = new Map([
    ['conftest.py', CONFTEST],
    [`${name}.py`, buggy],
    [`test_${name}.py`, quixBugsSuite(tests, name)],
  ]);
  if (cases !== null) files.set('cases.json', cases);
  if (node !== null && /from node import/.test(tests + buggy)) files.set('node.py', node);
  return { name, runner: 'pytest', files, fixed: { path: `${name}.py`, text: fixed } };
}

/** The original tests, importing this repository's module and its own cases. */
function quixBugsSuite(tests: string, name: string): string {
  return tests
    .replace(
      /if pytest\.use_correct:\n.*\nelse:\n.*\n/,
      `from ${name} import ${[...tests.matchAll(/python_programs\.\w+ import (\w+)/g)][0]?.[1] ?? name}\n`,
    )
    .replace('from load_testdata import load_json_testcases\n', 'import json\nfrom pathlib import Path\n')
    .replace(
      /testdata = load_json_testcases\(.*\)/,
      'testdata = [json.loads(line) for line in (Path(__file__).parent / "cases.json").read_text().splitlines() if line.strip()]',
    )
    .replaceAll('pytest.run_slow', 'False');
}

/**
 * One test function an assertion where nothing but imports and assignments stands beside them, each with what came
 * before it; the whole body as one test where there are loops.
 */
function checkSuite(source: string, keep: Keep): string {
  const [, parameter = '', rest = ''] = /def check\((\w+)\):\n([\s\S]*)$/.exec(source) ?? [];
  const end = /^check\((\w+)\)/m.exec(rest);
  if (!end) throw new Error('the test script does not end with a call of check');
  const all = statementsOf(rest.slice(0, end.index));
  const asserts = (text: string) => /\bassert\b/.test(text);
  const units = all.filter(asserts).length;
  let unit = 0;
  const statements = all.filter((text) => !asserts(text) || keep(unit++, units));
  const bind = end[1] === parameter ? '' : `${parameter} = ${end[1]}\n\n`;
  const simple = statements.every((text) => /^(assert|import|from|\w+ = )/.test(text.trim()));
  if (!simple) return `${bind}\ndef test_all():\n${statements.join('\n')}\n`;
  const before: string[] = [];
  const tests: string[] = [];
  for (const text of statements) {
    if (!text.trim().startsWith('assert')) before.push(text);
    else tests.push(`def test_${tests.length + 1}():\n${[...before, text].join('\n')}\n`);
  }
  return `${bind}\n${tests.join('\n\n')}`;
}

/** The statements of a body indented by four spaces, each with the lines that continue it; comments left out. */
function statementsOf(body: string): string[] {
  const statements: string[] = [];
  for (const line of body.split('\n')) {
    if (line.trim() === '' || /^ {4}#/.test(line)) continue;
    const continues = !/^ {4}\S/.test(line) || /^ {4}[)\]}]/.test(line);
    if (continues && statements.length > 0) statements.push(`${statements.pop() ?? ''}\n${line}`);
    else statements.push(line);
  }
  return statements;
}
