// The Python harness by itself: candidates share a process and leave nothing to each other, tests run as their runner runs
// them, and every place of a file can be changed.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import type { SurveyReply, TryReply } from '#repair/harness/protocol.ts';
import { createHarnessSession } from '#repair/harness-session.ts';
import { createSandbox } from '#sandbox/runner.ts';

interface Trial {
  readonly runner: 'command' | 'pytest' | 'unittest';
  /** `WRONG` in `source.py` is what candidates replace. */
  readonly files: Readonly<Record<string, string>>;
  readonly candidates: readonly string[];
}

const ENTRY = 'test_source.py';

async function judged(trial: Trial): Promise<{ survey: SurveyReply | null; replies: TryReply[] }> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-python-'));
  await chmod(root, 0o755);
  for (const [path, text] of Object.entries(trial.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const clock = createSystemClock();
  const source = trial.files['source.py'] ?? '';
  const session = createHarnessSession({
    sandbox: createSandbox({ rung: 'none', clock, log: createLog({ level: 'silent' }) }),
    clock,
    workspace: { root, mounts: [] },
    directory: '.',
    family: 'python',
    wallMs: 60_000,
    start: {
      runner: trial.runner,
      entries: [{ file: ENTRY, args: [] }],
      sources: { 'source.py': source },
      shapes: {},
      options: [],
    },
  });
  try {
    const limits = { timeoutMs: 2_000, ticks: 100_000 };
    const survey = await session.survey({ sources: {}, cover: true, ...limits });
    const wanted = [{ file: ENTRY, names: null, required: [] }];
    const at = source.indexOf('WRONG');
    const candidates = trial.candidates.map((text, id) => ({
      id,
      edits: [['source.py', at, at + 'WRONG'.length, text] as const],
    }));
    const replies = await session.tryAll({ ...limits, failing: wanted, passing: [], candidates });
    return { survey, replies };
  } finally {
    await session.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function verdicts(trial: Trial): Promise<string[]> {
  return (await judged(trial)).replies.map((reply) => reply.verdict);
}

const SIMPLE = 'from source import value\n\n\ndef test_value():\n    assert value() == "right"\n';

/** What the first call leaves behind decides what later calls give. */
const KEPT: Readonly<Record<string, string>> = {
  'a list of the module': 'seen = []\n\n\ndef value():\n    seen.append("WRONG")\n    return seen[0]\n',
  'a list inside a dictionary':
    'kept = {"all": []}\n\n\ndef value():\n    kept["all"].append("WRONG")\n    return kept["all"][0]\n',
  'a name of the module':
    'first = None\n\n\ndef value():\n    global first\n    first = first or "WRONG"\n    return first\n',
  'an attribute of a class':
    'class Box:\n    first = None\n\n\ndef value():\n    Box.first = Box.first or "WRONG"\n    return Box.first\n',
  'an attribute of an object':
    'class Box:\n    def __init__(self):\n        self.items = []\n\n\nbox = Box()\n\n\ndef value():\n    box.items.append("WRONG")\n    return box.items[0]\n',
  'a default argument':
    'def add(text, memo=[]):\n    memo.append(text)\n    return memo[0]\n\n\ndef value():\n    return add("WRONG")\n',
  'a cache':
    'import functools\n\n\n@functools.lru_cache(None)\ndef cached():\n    return made()\n\n\ndef made():\n    return "WRONG"\n\n\ndef value():\n    return cached()\n',
  'the environment':
    'import os\n\n\ndef value():\n    return os.environ.setdefault("CAMBIUM_KEPT", "WRONG")\n',
  'a file':
    'import os\n\n\ndef value():\n    if not os.path.exists("kept"):\n        with open("kept", "w") as out:\n            out.write("WRONG")\n    return open("kept").read()\n',
  'the names of Python itself':
    'import builtins\n\n\ndef value():\n    kept = getattr(builtins, "kept", None)\n    answer = kept() if kept else "WRONG"\n    builtins.kept = lambda: answer\n    return answer\n',
};

for (const [what, source] of Object.entries(KEPT)) {
  test(`a candidate leaves nothing to the next one in ${what}`, { timeout: 60_000 }, async () => {
    const files = { 'source.py': source, [ENTRY]: SIMPLE };
    const found = await verdicts({ runner: 'pytest', files, candidates: ['a', 'right', 'b', 'right', 'c'] });
    expect(found).toEqual(['fail', 'pass', 'fail', 'pass', 'fail']);
  });
}

/** Places at which a change takes hold in another way. */
const PLACES: Readonly<Record<string, string>> = {
  'a function': 'def value():\n    return "WRONG"\n',
  'a function after text beyond ASCII': '# \u{1f600} é\ndef value():\n    return "ä" and "WRONG"\n',
  'a nested function': 'def value():\n    def inner():\n        return "WRONG"\n    return inner()\n',
  'a method that calls its parent and has private names':
    'class Base:\n    def get(self):\n        return self.__dict__\n\n\nclass Box(Base):\n    def __init__(self):\n        self.__text = "WRONG"\n\n    def get(self):\n        return super().get()["_Box__text"]\n\n\ndef value():\n    return Box().get()\n',
  'a property and a static method':
    'class Box:\n    @property\n    def text(self):\n        return self.made()\n\n    @staticmethod\n    def made():\n        return "WRONG"\n\n\ndef value():\n    return Box().text\n',
  'a default of an argument':
    'def text(found="WRONG"):\n    return found\n\n\ndef value():\n    return text()\n',
  'a constant of the module': 'TEXT = "WRONG"\n\n\ndef value():\n    return TEXT\n',
  'a class attribute': 'class Box:\n    text = "WRONG"\n\n\ndef value():\n    return Box.text\n',
  'a decorated function':
    'def twice(f):\n    return lambda: f()\n\n\n@twice\ndef value():\n    return "WRONG"\n',
  'a function inside a condition of the module': 'if True:\n    def value():\n        return "WRONG"\n',
};

for (const runner of ['pytest', 'unittest', 'command'] as const) {
  test(`${runner}: a change is judged wherever it stands`, { timeout: 120_000 }, async () => {
    const suite =
      'import unittest\n\nfrom source import value\n\n\nclass ValueTest(unittest.TestCase):\n    def test_value(self):\n        self.assertEqual(value(), "right")\n';
    const script = 'from source import value\n\nassert value() == "right"\n';
    const own = runner === 'unittest' ? suite : runner === 'command' ? script : SIMPLE;
    const found: [string, string[]][] = [];
    for (const [place, source] of Object.entries(PLACES)) {
      const files = { 'source.py': source, [ENTRY]: own };
      found.push([place, await verdicts({ runner, files, candidates: ['no', 'right', 'no', 'right'] })]);
    }
    expect(found).toEqual(Object.keys(PLACES).map((place) => [place, ['fail', 'pass', 'fail', 'pass']]));
  });
}

const CONFTEST = `import pytest
import source


@pytest.fixture(scope="session")
def session_log():
    return []


@pytest.fixture(scope="module")
def made_once(session_log):
    session_log.append(source.value())
    yield session_log
    session_log.clear()


@pytest.fixture
def doubled(request):
    return request.param * 2


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("QUIET", "1")
`;

const MANY_KINDS = `import os
import unittest

import pytest
import source
from source import value


@pytest.fixture
def text():
    yield value()


def test_fixture(text):
    assert text == "right" and os.environ["QUIET"] == "1"


@pytest.mark.parametrize("letters", [["r"], ["r", "i"]])
def test_parameters(letters):
    letters.append(value()[len(letters)])
    assert letters == list("right")[: len(letters)]


@pytest.mark.parametrize("doubled", ["a"], indirect=True)
def test_indirect(doubled):
    assert doubled == "aa" and value() == "right"


def test_module_scope(made_once):
    made_once.append("seen")
    assert made_once[0] == "right"


def test_module_scope_again(made_once):
    assert made_once == ["right", "seen"]


def test_tmp_path(tmp_path):
    (tmp_path / "a").write_text(value())
    assert (tmp_path / "a").read_text() == "right"


def test_monkeypatch(monkeypatch):
    before = value()
    monkeypatch.setattr(source, "value", lambda: "other")
    assert source.value() == "other" and before == "right"


def test_patch_was_undone():
    assert source.value() == "right"


def test_output(capsys):
    print(value())
    assert capsys.readouterr().out == "right\\n"


class TestClass:
    made = 0

    @pytest.fixture(scope="class", autouse=True)
    def for_class(self, request):
        request.cls.made += 1

    def setup_method(self):
        self.own = []

    def test_one(self):
        self.own.append(value())
        assert self.own == ["right"] and self.made == 1

    def test_two(self):
        self.own.append(value())
        assert self.own == ["right"] and self.made == 1


class OldStyle(unittest.TestCase):
    def setUp(self):
        self.text = value()

    def test_equal(self):
        self.assertEqual(self.text, "right")


@pytest.mark.skip
def test_skipped():
    assert value() == "never"


@pytest.mark.xfail(strict=True)
def test_expected():
    assert value() == "never"


@pytest.mark.filterwarnings("error")
def test_warning():
    import warnings
    with pytest.raises(UserWarning):
        warnings.warn(value())
    assert value() == "right"
`;

test('pytest: fixtures of every scope, parameters, marks and unittest classes give what a real run gives', {
  timeout: 60_000,
}, async () => {
  const files = {
    'source.py': 'def value():\n    return "WRONG"\n',
    'conftest.py': CONFTEST,
    [ENTRY]: MANY_KINDS,
  };
  const { survey } = await judged({ runner: 'pytest', files, candidates: [] });
  const status = new Map(survey?.tests.map((one) => [one.path.at(-1), one.status]));
  expect(status.get('test_skipped')).toBe('skipped');
  expect(status.get('test_expected')).toBe('skipped');
  const others = [...status].filter(([name]) => name !== 'test_skipped' && name !== 'test_expected');
  expect(others.filter(([, one]) => one === 'passed')).toEqual([]);
  expect(others).toHaveLength(14);
  // As candidates: all of them, again and again in one process.
  const asked = { runner: 'pytest', files: { ...files, [ENTRY]: withoutMarks(MANY_KINDS) } } as const;
  expect(await verdicts({ ...asked, candidates: ['right', 'no', 'right', 'wright', 'right'] })).toEqual([
    'pass',
    'fail',
    'pass',
    'fail',
    'pass',
  ]);
});

/** A wanted test that is skipped is no success: the two that are so by their marks are left out. */
function withoutMarks(text: string): string {
  return text.replace(/@pytest\.mark\.(?:skip|xfail\(strict=True\))\ndef test_[\s\S]*?\n\n\n/g, '');
}

test('unittest: class fixtures, sub-tests, expected failures and unexpected successes', {
  timeout: 60_000,
}, async () => {
  const suite = `import unittest

from source import value


def setUpModule():
    value()


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = value()

    def test_class_fixture(self):
        self.assertEqual(self.text, "right")

    def test_parts(self):
        for index, letter in enumerate("right"):
            with self.subTest(letter=letter):
                self.assertEqual(value()[index], letter)


class Alone(unittest.TestCase):
    def setUp(self):
        self.seen = []
        self.addCleanup(self.seen.clear)

    def test_own_state(self):
        self.seen.append(value())
        self.assertEqual(self.seen, ["right"])

    @unittest.expectedFailure
    def test_expected(self):
        self.assertEqual(value(), "never")
`;
  const files = { 'source.py': 'def value():\n    return "WRONG"\n', [ENTRY]: suite };
  const candidates = ['right', 'wrong', 'never', 'right'];
  expect(await verdicts({ runner: 'unittest', files, candidates })).toEqual(['pass', 'fail', 'fail', 'pass']);
});

test('lines that ran while files were loaded are told apart from those that a test ran', {
  timeout: 60_000,
}, async () => {
  const source =
    'LIMIT = 3\n\n\ndef value():\n    if LIMIT > 5:\n        return "WRONG"\n    return "left"\n';
  const files = { 'source.py': source, [ENTRY]: SIMPLE };
  const { survey } = await judged({ runner: 'pytest', files, candidates: [] });
  expect(survey?.loadProbes).toEqual([1, 4]);
  expect(survey?.tests[0]?.probes).toEqual([5, 7]);
});

/** What ends, stops or starves a process. */
const ENDLESS: Readonly<Record<string, string>> = {
  'an endless loop': 'while True:\n        pass',
  'an endless loop that swallows every exception':
    'while True:\n        try:\n            while True:\n                pass\n        except BaseException:\n            pass',
  'an endless comprehension': 'import itertools\n    [one for one in itertools.count() if one < 0]',
  'endless recursion': 'return value()',
  'a number without end': 'return 7 ** 7 ** 9',
  'all memory': 'kept = []\n    while True:\n        kept.append("x" * 10000000)',
  'an exit': 'import os\n    os._exit(0)',
  'a polite exit': 'raise SystemExit(0)',
  'the end of its parent': 'import os, signal\n    os.kill(os.getppid(), signal.SIGKILL)',
};

test('candidates that hang, recurse, exhaust or exit fail alone', { timeout: 120_000 }, async () => {
  const files = { 'source.py': 'def value():\n    WRONG\n', [ENTRY]: SIMPLE };
  const names = Object.keys(ENDLESS);
  const candidates = names.flatMap((name) => [ENDLESS[name] ?? '', 'return "right"']);
  const found = await verdicts({ runner: 'pytest', files, candidates });
  expect(found.filter((_, index) => index % 2 === 1)).toEqual(names.map(() => 'pass'));
  expect(found.filter((_, index) => index % 2 === 0)).not.toContain('pass');
});
