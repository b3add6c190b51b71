// The engine on suites of vitest: the real vitest says what fails, and the warm process has to say the same.
import { expect, test } from 'vitest';
import { repair } from './laid-out.ts';

const VITEST = { runner: 'vitest', argv: ['vitest', 'run'] } as const;
const TYPESCRIPT = { language: 'typescript', plan: VITEST, packages: true } as const;

const SPANS = {
  'package.json': '{"type":"commonjs"}',
  'src/late.ts': "const late: string = 'late'; export { late };\n",
  'vitest.config.ts': `import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: { globals: true, setupFiles: ['./test/setup.ts'] },
});
`,
  'src/types.ts':
    'export interface Span { from: number; to: number }\nexport enum Unit { Second = 1, Minute = 60 }\n',
  'src/index.ts': "export { Span, Unit } from './types';\nexport { length, later } from './span';\n",
  'src/span.ts': `import { late } from './late';
import { Span, Unit } from './types';
export function length(span: Span, unit: Unit = Unit.Second): number {
  return (span.to + span.from) / unit;
}
export function later(run: (value: string) => void, ms: number): void {
  setTimeout(() => run(late), ms);
}
`,
  'test/setup.ts':
    'beforeEach(() => {\n  globalThis.base = 10;\n});\nafterEach(() => {\n  delete globalThis.base;\n});\n',
  'test/span.test.ts': `import { length, later, Unit } from '@/index';
describe('length', () => {
  it('counts from the start', () => expect(length({ from: base, to: 15 })).toBe(5));
  it.each([[0, 60, 1], [60, 180, 2]])('%i to %i is %d minutes', (from, to, minutes) => {
    expect(length({ from, to }, Unit.Minute)).toEqual(minutes);
  });
  it.each([{ to: 3 }, { to: 4 }])('up to $to', ({ to }) => expect(length({ from: 0, to })).toBe(to));
  it.each\`
    from | to
    \${0} | \${7}
  \`('a table from $from to $to', ({ from, to }) => expect(length({ from, to })).toBe(7));
  it('is given later', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(Promise.resolve(length({ from: 0, to: 1 }))).resolves.toBe(1);
  });
  it('throws for nothing', () => expect(() => length(undefined as never)).toThrow(TypeError));
  it.fails('is never this', () => expect(length({ from: 0, to: 1 })).toBe(99));
  it.skip('is not asked', () => expect(1).toBe(2));
  it.todo('has a name only');
});
describe('later', () => {
  afterEach(() => vi.useRealTimers());
  it('waits', () => {
    vi.useFakeTimers();
    const run = vi.fn();
    later(run, 60_000);
    vi.advanceTimersByTime(59_999);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledWith('late');
  });
});
`,
  'test/more.test.ts': `import { expect as claim, test as check, vi } from 'vitest';
import { length } from '../src/index.js';
check('a record', ({ task }) => {
  claim({ n: length({ from: 0, to: 2 }), name: task.name }).toMatchObject({ n: 2, name: claim.stringContaining('rec') });
});
check('a stored snapshot', () => claim({ n: length({ from: 0, to: 2 }) }).toMatchSnapshot());
check('an inline snapshot', () => {
  claim([length({ from: 0, to: 2 })]).toMatchInlineSnapshot(\`
    [
      2,
    ]
  \`);
});
check('a spy', () => {
  const spy = vi.spyOn(Math, 'max').mockReturnValue(42);
  claim(Math.max(1, 2)).toBe(42);
  spy.mockRestore();
  claim.assertions(1);
});
const own = check.extend<{ list: number[] }>({
  list: async ({}, use) => {
    await use([1, 2]);
  },
});
own('a fixture', ({ list }) => claim(list).toHaveLength(2));
check.concurrent('beside others', async () => claim(await Promise.resolve(3)).toBeGreaterThan(2));
`,
  'test/__snapshots__/more.test.ts.snap':
    '// Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html\n\nexports[`a stored snapshot 1`] = `\n{\n  "n": 2,\n}\n`;\n',
};

test('TypeScript modules with globals, aliases, set-up, tables, snapshots and false clocks: all run warm, and the fault is mended', {
  timeout: 90_000,
}, async () => {
  const { outcome, fixed } = await repair({
    ...TYPESCRIPT,
    files: SPANS,
    sourceFiles: ['src/span.ts', 'src/index.ts', 'src/types.ts'],
  });
  // A test that went otherwise, or was named otherwise, would be noted.
  expect(outcome.notes).toEqual([]);
  expect(outcome.validation).toBe('warm');
  expect(outcome.suspects[0]).toMatchObject({ file: 'src/span.ts', line: 4 });
  expect(fixed('src/span.ts')).toContain('span.to - span.from');
});

test('candidates that hang, wait for ever or leave mocks behind spoil nothing for the next', {
  timeout: 90_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'javascript',
    plan: VITEST,
    packages: true,
    files: {
      'package.json': '{"type":"module"}',
      'steps.js': `export async function steps(n) {
  let count = 0;
  while (n > 1) {
    n = n % 2 === 0 ? n / 2 : 3 * n - 1;
    count += 1;
    if (count > 50) await new Promise(() => {});
  }
  return count;
}
`,
      'steps.test.js': `import { expect, test, vi } from 'vitest';
import { steps } from './steps.js';
test('eight', async () => expect(await steps(8)).toBe(3));
test('six', { timeout: 300 }, async () => expect(await steps(6)).toBe(8));
test('the clock is real, and nothing is spied on', () => {
  expect(vi.isMockFunction(Math.max)).toBe(false);
  expect(vi.isFakeTimers()).toBe(false);
  vi.useFakeTimers();
  vi.spyOn(Math, 'max').mockReturnValue(0);
  vi.stubGlobal('left', 1);
});
`,
    },
    sourceFiles: ['steps.js'],
  });
  expect(outcome.validation).toBe('warm');
  expect(outcome.notes).toEqual([]);
  expect(fixed('steps.js')).toContain('3 * n + 1');
});

test('a fault in a module that a test mocks is judged by the command, and the note says why', {
  timeout: 90_000,
}, async () => {
  const { outcome } = await repair({
    language: 'javascript',
    plan: VITEST,
    packages: true,
    files: {
      'package.json': '{"type":"module"}',
      'two.js': "import { one } from './one.js';\nexport const two = () => one() - 1;\n",
      'one.js': 'export const one = () => 5;\n',
      'two.test.js':
        "import { expect, test, vi } from 'vitest';\nimport { two } from './two.js';\nvi.mock('./one.js', () => ({ one: () => 1 }));\ntest('two', () => expect(two()).toBe(2));\n",
    },
    sourceFiles: ['two.js'],
    budget: { candidates: 2 },
  });
  expect(outcome.validation).toBe('command');
  expect(outcome.notes.join()).toContain('two.test.js mocks modules');
});

test('an environment that is not there makes the command judge, and the note names it', {
  timeout: 90_000,
}, async () => {
  const { outcome } = await repair({
    language: 'javascript',
    plan: { runner: 'vitest', argv: ['vitest', 'run', '--environment', './place.js'] },
    packages: true,
    files: {
      'package.json': '{"type":"module"}',
      'place.js':
        "export default { name: 'place', viteEnvironment: 'ssr', setup: () => ({ teardown() {} }) };\n",
      'two.js': 'export const two = () => 1;\n',
      'two.test.js':
        "import { expect, test } from 'vitest';\nimport { two } from './two.js';\ntest('two', () => expect(two()).toBe(2));\n",
    },
    sourceFiles: ['two.js'],
    budget: { candidates: 2 },
  });
  expect(outcome.validation).toBe('command');
  expect(outcome.notes.join()).toContain('environment ./place.js');
});
