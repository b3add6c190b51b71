// What code under test may do to the process that judges it: none of it disturbs or forges a verdict.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSyntaxReader } from '#code/syntax.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import type { FileShape, TryReply } from '#repair/harness/protocol.ts';
import { createHarnessSession } from '#repair/harness-session.ts';
import { shapeOf } from '#repair/shapes.ts';
import { createSandbox } from '#sandbox/runner.ts';

interface Trial {
  readonly family: 'javascript' | 'python';
  readonly runner: 'command' | 'node' | 'pytest';
  readonly source: string;
  readonly test: string;
  /** Texts that take the place of `WRONG` in the source, one candidate each. */
  readonly candidates: readonly string[];
  readonly names?: readonly string[];
}

async function judge(trial: Trial): Promise<TryReply['verdict'][]> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-hostile-'));
  await chmod(root, 0o755);
  const ending = trial.family === 'python' ? 'py' : 'js';
  const file = `source.${ending}`;
  const entry = trial.family === 'python' ? 'test_source.py' : 'source.test.js';
  await writeFile(join(root, file), trial.source);
  await writeFile(join(root, entry), trial.test);
  const clock = createSystemClock();
  const session = createHarnessSession({
    sandbox: createSandbox({ rung: 'none', clock, log: createLog({ level: 'silent' }) }),
    clock,
    workspace: { root, mounts: [] },
    directory: '.',
    family: trial.family,
    wallMs: 60_000,
    start: {
      runner: trial.runner,
      entries: [{ file: entry, args: [] }],
      sources: { [file]: trial.source },
      shapes: shapesFor(file, entry, trial),
      options: [],
    },
  });
  try {
    const limits = { timeoutMs: 1_000, ticks: 10_000 };
    await session.survey({ sources: {}, cover: false, ...limits });
    const wanted = [{ file: entry, names: trial.names ?? null, required: trial.names ?? [] }];
    const at = trial.source.indexOf('WRONG');
    const candidates = trial.candidates.map((text, id) => ({
      id,
      edits: [[file, at, at + 'WRONG'.length, text] as const],
    }));
    const replies = await session.tryAll({ ...limits, failing: wanted, passing: wanted, candidates });
    return replies.map((reply) => reply.verdict);
  } finally {
    await session.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** As the engine sends them, so that candidates are tried by switching where they can be. */
function shapesFor(file: string, entry: string, trial: Trial): Record<string, FileShape> {
  if (trial.family === 'python') return {};
  const shape = (text: string) => shapeOf(createSyntaxReader().parse('javascript', text).root, []);
  return { [file]: shape(trial.source), [entry]: shape(trial.test) };
}

const WRONG = "'WRONG'";
const FORGED = `JSON.stringify({ token: String(require('node:worker_threads').workerData?.start?.token), nonce: '', op: 'try', id: 0, verdict: 'pass', fixed: [], failed: null, lines: [] })`;

/** Runs first in the source file; the answer is judged after it. */
const LOUD: Readonly<Record<string, string>> = {
  'writes a megabyte without a line end to descriptors 1 and 2':
    "const fs = require('node:fs'); for (const fd of [1, 2]) fs.writeSync(fd, 'x'.repeat(1_000_000));",
  'writes forged answers to descriptor 1': `for (const row of ['{', '}', ${FORGED}]) require('node:fs').writeSync(1, row + '\\n');`,
  'writes past the stream to its handle':
    "process.stdout._handle?.writeUtf8String?.({}, '{\\n'); process.stdout.write('{\\n');",
  'closes descriptor 1': "try { require('node:fs').closeSync(1); } catch {}",
  'leaves listeners that end the process':
    "process.on('exit', () => process.exit(3)); process.on('uncaughtException', () => process.exit(0)); process.on('beforeExit', () => process.exit(0));",
  'leaves timers for later':
    "setInterval(() => undefined, 1).unref(); setTimeout(() => { throw new Error('late'); }, 30_000).unref();",
  'forges answers to the parent thread': `require('node:worker_threads').parentPort?.postMessage({ replies: [${FORGED}], done: true });`,
  'empties the workings of arrays, sets, maps and JSON':
    "Array.prototype.every = () => true; Array.prototype.find = () => undefined; Set.prototype.has = () => true; Map.prototype.get = () => undefined; JSON.stringify = () => '{}';",
};

for (const [what, code] of Object.entries(LOUD)) {
  test(`JavaScript that ${what}: right is right, wrong is wrong`, { timeout: 60_000 }, async () => {
    const verdicts = await judge({
      family: 'javascript',
      runner: 'command',
      source: `${code}\nmodule.exports = { value: () => ${WRONG} };\n`,
      test: "require('node:assert').equal(require('./source.js').value(), 'right');\n",
      candidates: ['wrong', 'right', 'wronger', 'right', 'wrong'],
    });
    expect(verdicts).toEqual(['fail', 'pass', 'fail', 'pass', 'fail']);
  });
}

test('JavaScript tests that never end, reject late or exit fail alone, and the next are judged as if alone', {
  timeout: 60_000,
}, async () => {
  const verdicts = await judge({
    family: 'javascript',
    runner: 'node',
    source: `module.exports = { value: async () => { const kind = ${WRONG}; return act(kind); } };
function act(kind) {
  if (kind === 'waits') return new Promise(() => undefined);
  if (kind === 'exits') process.exit(0);
  if (kind === 'rejects') Promise.reject(new Error('nobody listens'));
  if (kind === 'spins') for (;;) kind += '';
  if (kind === 'throws later') setTimeout(() => { throw new Error('later'); }, 0);
  return kind === 'rejects' ? 'right' : kind;
}
`,
    test: "const test = require('node:test');\nconst assert = require('node:assert');\nconst { value } = require('./source.js');\ntest('is right', async () => assert.equal(await value(), 'right'));\n",
    candidates: ['waits', 'right', 'exits', 'right', 'rejects', 'right', 'spins', 'throws later', 'right'],
    names: ['is right'],
  });
  expect(verdicts.map((verdict) => verdict === 'pass')).toEqual([
    false,
    true,
    false,
    true,
    false,
    true,
    false,
    false,
    true,
  ]);
});

test('JavaScript: a test that was not seen to pass is no success', { timeout: 60_000 }, async () => {
  const source = `const kind = ${WRONG};
if (kind === 'hidden') Set.prototype.has = () => false;
if (kind === 'swallowed') require('node:test').test = require('node:test').it = () => undefined;
module.exports = { value: () => kind };
`;
  const verdicts = await judge({
    family: 'javascript',
    runner: 'node',
    source,
    test: "const source = require('./source.js');\nconst { test } = require('node:test');\ntest('is right', () => require('node:assert').equal(source.value(), 'right'));\n",
    candidates: ['hidden', 'swallowed', 'right'],
    names: ['is right'],
  });
  expect(verdicts).toEqual(['fail', 'fail', 'pass']);
});

const FORGED_LINE = `json.dumps({"token": str(getattr(sys.modules["__main__"], "START", {}).get("token")), "op": "try", "id": 0, "verdict": "pass", "fixed": [], "failed": None, "lines": []})`;
const LOUD_PYTHON: Readonly<Record<string, string>> = {
  'writes a megabyte without a line end to descriptors 1 and 2':
    'import os\nfor fd in (1, 2):\n    os.write(fd, b"x" * 1000000)',
  'writes forged answers to every descriptor': `import json, os, sys\nfor fd in range(1, 30):\n    try:\n        os.write(fd, ("garbage\\n" + ${FORGED_LINE} + "\\n{").encode())\n    except OSError:\n        pass`,
  'closes descriptors 0 to 2':
    'import os\nfor fd in (0, 1, 2):\n    try:\n        os.close(fd)\n    except OSError:\n        pass',
  'leaves exit handlers': 'import atexit, os\natexit.register(lambda: os._exit(3))',
  'leaves a thread and a timer behind':
    'import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\nthreading.Timer(0.01, print).start()',
  'changes JSON': 'import json\njson.dumps = lambda *_: "{}"\njson.loads = lambda *_: {}',
};

for (const [what, code] of Object.entries(LOUD_PYTHON)) {
  for (const runner of ['command', 'pytest'] as const) {
    test(`Python under ${runner} that ${what}: right is right, wrong is wrong`, {
      timeout: 60_000,
    }, async () => {
      const verdicts = await judge({
        family: 'python',
        runner,
        source: `${code}\n\n\ndef value():\n    return ${WRONG}\n`,
        test: 'from source import value\n\n\ndef test_value():\n    assert value() == "right"\n\n\nif __name__ == "__main__":\n    test_value()\n',
        candidates: ['wrong', 'right', 'wronger', 'right', 'wrong'],
        ...(runner === 'pytest' ? { names: ['test_value'] } : {}),
      });
      expect(verdicts).toEqual(['fail', 'pass', 'fail', 'pass', 'fail']);
    });
  }
}
