// Tests that lie, flood or die: every report that they leave ends in a clear outcome and never in an exception.
import { beforeAll, describe, expect, test } from 'vitest';
import { testReport } from '#contracts/tests.ts';
import { type Bench, lines, openBench } from './test-run-bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});

const MANIFEST = { 'package.json': '{"name":"sample"}' };
const REPORT = 'process.env.CAMBIUM_REPORT';

/** Runs mocha on one file whose code may do anything to the report. */
async function runMocha(code: string, limits = {}) {
  await using tree = await bench.tree({
    ...MANIFEST,
    'test/a.test.js': `const fs = require('node:fs');\n${code}`,
  });
  const report = await tree.run('mocha', ['mocha'], { limits });
  expect(testReport.parse(report)).toEqual(report);
  return report;
}

describe('R41: a hostile report', () => {
  test('with bytes that are no JSON and no UTF-8 loses those lines and says so', async () => {
    const report = await runMocha(
      `it('real', () => {}); fs.appendFileSync(${REPORT}, Buffer.from([0x80, 0x00, 0xff, 0x0a])); fs.appendFileSync(${REPORT}, '[1,2]\\n{"k":"end"}\\n');`,
    );
    expect(lines(report)).toEqual(['passed test/a.test.js › real']);
    expect(report.reason).toMatch(/3 lines of the test report could not be read/);
  });

  test('that is a link to a file of the host is not followed', async () => {
    const report = await runMocha(
      `it('real', () => {}); after(() => { fs.rmSync(${REPORT}); fs.symlinkSync('/etc/passwd', ${REPORT}); fs.appendFileSync = () => {}; });`,
    );
    expect(report).toMatchObject({ outcome: 'could-not-start', tests: [] });
    expect(report.reason).toMatch(/cannot be read|not a plain file/);
  });

  test('of 200 MB is read up to its bound', async () => {
    const report = await runMocha(
      `it('real', () => {}); after(() => { const block = '{"k":"start","file":null,"path":["x"]}\\n'.repeat(28000); for (let i = 0; i < 190; i += 1) fs.appendFileSync(${REPORT}, block); });`,
    );
    expect(report.outcome).toBe('output-limit');
    expect(report.reason).toMatch(/larger than 32 MiB/);
    expect(report.tests.length).toBeLessThanOrEqual(50_000);
  });

  test('with control characters, lone surrogates and huge texts becomes plain and bounded', async () => {
    const report = await runMocha(
      `it('name \\u001b[31m\\u0000red\\nline', () => { throw new Error('\\ud800 \\u0007' + 'x'.repeat(100_000)); });`,
    );
    const [only] = report.tests;
    expect(only?.name).toBe('name red line');
    expect(only?.message?.length).toBeLessThan(10_100);
    expect(only?.message?.isWellFormed()).toBe(true);
    expect(only?.message).toMatch(/characters left out/);
  });
});

describe('R41: what cannot be started or cleared away as usual', () => {
  test('directories nested beyond any path among the results are removed', async () => {
    const report = await runMocha(
      `it('digs', () => { process.chdir(require('node:path').dirname(${REPORT})); for (let i = 0; i < 3000; i += 1) { fs.mkdirSync('deep'); process.chdir('deep'); } process.chdir('/'); });`,
    );
    expect(lines(report)).toEqual(['passed test/a.test.js › digs']);
  });

  test('a command with a zero byte, or longer than any system takes, could not start', async () => {
    await using tree = await bench.tree(MANIFEST);
    const zero = await tree.run('command', ['sh', '-c', 'echo a\0b']);
    expect(zero).toMatchObject({ outcome: 'could-not-start', tests: [] });
    expect(zero.reason).toMatch(/zero byte/);
    const long = await tree.run('command', ['sh', '-c', `: ${'x'.repeat(200_000)}`]);
    expect(long).toMatchObject({ outcome: 'could-not-start', tests: [] });
    expect(long.reason).toMatch(/longer than 131071 bytes/);
  });
});

describe('R41: tests that end the runner', () => {
  test('an exit in the middle is told: the runner ended before its report', async () => {
    const report = await runMocha(
      `it('first', () => {}); it('quits', () => { process.exit(0); }); it('never', () => {});`,
    );
    expect(report).toMatchObject({ outcome: 'ran', exitCode: 0 });
    expect(lines(report)).toEqual(['passed test/a.test.js › first', 'failed test/a.test.js › quits']);
    expect(report.reason).toMatch(/before it had finished/);
  });

  test('a non-zero exit status stays visible although no test failed', async () => {
    const report = await runMocha(`it('fine', () => {}); process.on('exit', () => process.reallyExit(9));`);
    expect(lines(report)).toEqual(['passed test/a.test.js › fine']);
    expect(report.exitCode).toBe(9);
    expect(report.reason).toMatch(/No test failed/);
  });

  test('memory beyond the limit ends in its own outcome, with what came in before', async () => {
    const report = await runMocha(
      `it('first', () => {}); it('hoards', () => { const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1)); });`,
      { memoryBytes: 400 << 20, wallMs: 30_000 },
    );
    expect(report.outcome).toBe('out-of-memory');
    expect(lines(report)).toEqual(['passed test/a.test.js › first', 'failed test/a.test.js › hoards']);
  });

  test('a flood of output and a cancellation each end in their own outcome', async () => {
    const flood = await runMocha(
      `it('floods', function () { this.timeout(0); return new Promise(() => { const go = () => process.stdout.write('x'.repeat(65536), go); go(); }); });`,
      {
        outputBytes: 1_000_000,
        wallMs: 20_000,
      },
    );
    expect(flood.outcome).toBe('output-limit');
    expect(flood.outputText.length).toBeLessThan(21_000);
    await using tree = await bench.tree({
      ...MANIFEST,
      'test/a.test.js': `it('waits', () => { for (;;); });`,
    });
    const cancelled = await tree.run('mocha', ['mocha'], { signal: AbortSignal.timeout(1_500) });
    expect(cancelled.outcome).toBe('cancelled');
  });
});

test('R41: without isolation the same paths and results come back', async () => {
  const open = await openBench('none');
  await using tree = await open.tree({
    'package.json': '{"type":"module"}',
    'test/a.test.js': `import { test } from 'node:test';\ntest('fine', () => {});`,
  });
  const report = await tree.run('node', ['node', '--test', 'test/a.test.js']);
  expect(lines(report)).toEqual(['passed test/a.test.js › fine']);
  expect(report.argv.join(' ')).toMatch(/=\/results\/report\.jsonl/);
});
