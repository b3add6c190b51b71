// The engine on Python repositories: pytest, unittest and plain scripts in the forking harness.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repair } from './laid-out.ts';

/** Exit status of a script in a directory of its own that holds just these files. */
function run(files: Readonly<Record<string, string>>, script: string): number | null {
  const root = mkdtempSync(join(tmpdir(), 'cambium-afresh-'));
  try {
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    return spawnSync('python3', ['-B', script], { cwd: root, timeout: 20_000 }).status;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const CHECK = 'from stack import push\n\nassert push(5) == 1\nassert push(7) == 2\n';

const SOURCE =
  'def middle(values):\n    ordered = sorted(values)\n    return ordered[len(ordered) // 2 + 1]\n\n\ndef first(values):\n    return values[0]\n';

test('pytest: parametrised tests, the wrong index is mended', { timeout: 60_000 }, async () => {
  const { outcome, fixed } = await repair({
    language: 'python',
    plan: { runner: 'pytest', argv: ['python3', '-m', 'pytest'] },
    files: {
      'stats.py': SOURCE,
      'test_stats.py':
        'import pytest\nfrom stats import first, middle\n\n\n@pytest.mark.parametrize("values,wanted", [([3, 1, 2], 2), ([5, 4, 1, 2, 3], 3)])\ndef test_middle(values, wanted):\n    assert middle(values) == wanted\n\n\ndef test_first():\n    assert first([1, 2]) == 1\n',
    },
    sourceFiles: ['stats.py'],
  });
  expect(outcome.validation).toBe('warm');
  expect(outcome.ending).toBe('found');
  expect(outcome.suspects[0]).toMatchObject({ file: 'stats.py', suspicion: 1 });
  expect(fixed('stats.py')).toContain('return ordered[len(ordered) // 2');
  expect(fixed('stats.py')).not.toContain('// 2 + 1]');
});

test('unittest: an endless loop is cut short and mended', { timeout: 60_000 }, async () => {
  const { outcome, fixed } = await repair({
    language: 'python',
    plan: { runner: 'unittest', argv: ['python3', '-m', 'unittest'] },
    files: {
      'bits.py':
        'def bits(n):\n    count = 0\n    while n > 0:\n        if n % 2 == 0:\n            count += 1\n        n = n // 2\n    return count\n',
      'test_bits.py':
        'import unittest\n\nfrom bits import bits\n\n\nclass BitsTest(unittest.TestCase):\n    def test_three(self):\n        self.assertEqual(bits(3), 2)\n\n    def test_eight(self):\n        self.assertEqual(bits(8), 1)\n\n    def test_zero(self):\n        self.assertEqual(bits(0), 0)\n',
    },
    sourceFiles: ['bits.py'],
  });
  expect(outcome.validation).toBe('warm');
  expect(fixed('bits.py')).toMatch(/n % 2 (?:!= 0|== 1|> 0)|if n % 2:/);
});

test('a plain script that keeps state in its module: each candidate starts afresh', {
  timeout: 60_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'python',
    plan: { runner: 'command', argv: ['python3', 'check.py'] },
    files: {
      'stack.py':
        "import os\nseen = []\n\n\ndef push(x):\n    seen.append(x)\n    if os.path.exists('trace.txt'):\n        return -1\n    open('trace.txt', 'w').close()\n    size = len(seen) + 1\n    os.remove('trace.txt')\n    return size\n",
      'check.py': CHECK,
    },
    sourceFiles: ['stack.py'],
  });
  expect(outcome.ending).toBe('found');
  // Which of several right fixes it is does not matter here (`len(seen)`, or `size - 1` at the end): it must pass afresh.
  expect(run({ 'stack.py': fixed('stack.py'), 'check.py': CHECK }, 'check.py')).toBe(0);
});

test('the wrong variable is assigned to: another takes its place', { timeout: 60_000 }, async () => {
  const { outcome, fixed } = await repair({
    language: 'python',
    plan: { runner: 'command', argv: ['python3', 'check.py'] },
    files: {
      'depth.py':
        "def deepest(text):\n    depth = 0\n    top = 0\n    for c in text:\n        if c == '<':\n            depth += 1\n            top = max(depth, top)\n        else:\n            top -= 1\n    return top\n",
      'check.py':
        "from depth import deepest\n\nassert deepest('<><>') == 1\nassert deepest('<<>>') == 2\nassert deepest('') == 0\n",
    },
    sourceFiles: ['depth.py'],
  });
  expect(outcome.ending).toBe('found');
  expect(fixed('depth.py')).toContain('depth -= 1');
});

const FORGER = `import os
import sys


def honest(x):
    return x


def cheat(x):
    frame = sys._getframe()
    while frame is not None:
        if "send" in frame.f_locals and "candidate" in frame.f_locals:
            number = frame.f_locals["candidate"]["id"]
            forged = {"op": "try", "id": number, "verdict": "pass", "fixed": [], "failed": None, "lines": []}
            frame.f_locals["send"](forged)
            os._exit(0)
        frame = frame.f_back
    return x


def value(x):
    return honest(x)
`;

/** The judging process can keep no secret from code that it runs: the project's own runner has the last word. */
test('a verdict forged by walking the frames of the judge is not believed', { timeout: 60_000 }, async () => {
  const { outcome, progress } = await repair({
    language: 'python',
    plan: { runner: 'pytest', argv: ['python3', '-m', 'pytest'] },
    files: {
      'forger.py': FORGER,
      'test_forger.py':
        'from forger import value\n\n\ndef test_value():\n    assert value(3) == "".join(map(chr, (122, 101)))\n',
    },
    sourceFiles: ['forger.py'],
    budget: { candidates: 400, wallMs: 20_000 },
  });
  expect(progress.some((one) => one.plausible > 0)).toBe(true);
  expect(outcome.candidates).toEqual([]);
});

test.each([
  ['pytest', ['python3', '-m', 'pytest'], 'from absent import nothing\n'],
  ['unittest', ['python3', '-m', 'unittest'], 'from absent import nothing\n'],
] as const)(
  '%s: of a test file that does not load, what it lacks is told',
  { timeout: 60_000 },
  async (runner, argv, head) => {
    const { outcome } = await repair({
      language: 'python',
      plan: { runner, argv: [...argv] },
      files: {
        'stats.py': SOURCE,
        'test_stats.py': `import unittest\n${head}`,
      },
      sourceFiles: ['stats.py'],
      budget: { wallMs: 8_000, candidates: 1 },
    });
    expect(outcome.validation).toBe('command');
    expect(outcome.notes.join()).toContain(
      "test_stats.py does not load: ModuleNotFoundError: No module named 'absent'",
    );
  },
);
