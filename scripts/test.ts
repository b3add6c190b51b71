// `npm test`: sets up what the tests need, runs every check and the suite, and ends with the line `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './testing/set-up.ts';
import { countTests } from './testing/vitest-report.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BINARIES = join(ROOT, 'node_modules', '.bin');

/** Checks that come before the suite; each that fails counts as one failure. */
const CHECKS = [
  { name: 'style', argv: ['biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'types', argv: ['tsc', '--noEmit'] },
  { name: 'dead code', argv: ['knip', '--no-progress'] },
] as const;

function main(): number {
  const missing = setUp();
  if (missing !== null) {
    console.error(missing);
    return 1;
  }
  const failedChecks = CHECKS.filter(({ name, argv }) => {
    console.log(`\n── ${name}: ${argv.join(' ')}`);
    return run(argv) !== 0;
  }).map(({ name }) => name);
  console.log('\n── tests: vitest run');
  const { counts, exitCode } = runSuite(process.argv.slice(2));
  console.log('');
  if (failedChecks.length > 0) console.log(`Checks that failed: ${failedChecks.join(', ')}.`);
  if (counts.skipped > 0) console.log(`Tests that were skipped count as failed: ${counts.skipped}.`);
  const unexplained = exitCode !== 0 && counts.failed === 0 && counts.skipped === 0;
  if (unexplained) console.log(`vitest ended with status ${exitCode} although no test failed.`);
  const failed = counts.failed + counts.skipped + failedChecks.length + (unexplained ? 1 : 0);
  console.log(`${counts.passed} passed, ${failed} failed`);
  return failed > 0 || counts.passed === 0 ? 1 : 0;
}

/** Runs the suite (all of it, or the files named in `filters`) and counts its outcomes from vitest's own report. */
function runSuite(filters: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'cambium-test-'));
  try {
    const report = join(directory, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const exitCode = run(['vitest', 'run', ...reporters, ...filters]);
    return { exitCode, counts: countTests(readReport(report)) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The report's JSON; null when vitest died before it wrote one. */
function readReport(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.error(`No report from vitest: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function run(argv: readonly string[]): number {
  const [command = '', ...rest] = argv;
  const env = { ...process.env, PATH: `${BINARIES}:${process.env['PATH'] ?? ''}` };
  const { status, error } = spawnSync(join(BINARIES, command), rest, { cwd: ROOT, stdio: 'inherit', env });
  if (error) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

process.exitCode = main();
