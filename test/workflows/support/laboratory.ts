// A small real repository, and hands whose answers follow from its files alone: fast, and the same in every process.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoderInput } from '#agents/roles.ts';
import type { Certificate, CertificateBody } from '#contracts/certificate.ts';
import { commandLimits } from '#contracts/command.ts';
import type { ProjectProfile } from '#contracts/project.ts';
import type { TestPlan, TestReport, TestResult } from '#contracts/tests.ts';
import { digestOf, sha256 } from '#foundation/digest.ts';
import { sealCertificate } from '#quality/certificate-file.ts';
import type { CertifyRequest } from '#quality/certify.ts';
import type { Git } from '#sandbox/git.ts';
import type { Coder, OpenHands, RunHands } from '#workflows/ports.ts';

export const PLAN: TestPlan = {
  runner: 'command',
  argv: ['scripted', 'tests'],
  directory: '.',
  origin: 'the test',
};

export const PROFILE: ProjectProfile = {
  languages: [{ name: 'JavaScript', files: 2 }],
  primary: 'javascript',
  packageManager: null,
  framework: null,
  tests: PLAN,
  build: null,
};

/** Two faults: `add` subtracts, and `twice` adds three. */
export const FAULTY = {
  'src/add.js': 'export const add = (a, b) => a - b;\n',
  'src/twice.js': 'export const twice = (a) => a * 3;\n',
  'test/all.test.js': "import { add } from '../src/add.js';\nimport { twice } from '../src/twice.js';\n",
};

export function git(repository: string, ...args: string[]): string {
  return execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).trim();
}

/** A repository with one commit of `files`; removed by `dispose`. */
export async function makeRepository(files: Readonly<Record<string, string>> = FAULTY) {
  const directory = await mkdtemp(join(tmpdir(), 'cambium-runs-'));
  const path = join(directory, 'a repository');
  const home = join(directory, 'home');
  await mkdir(path, { recursive: true });
  await mkdir(home);
  execFileSync('chmod', ['755', directory]);
  git(path, 'init', '-q', '-b', 'main');
  git(path, 'config', 'user.name', 'A Person');
  git(path, 'config', 'user.email', 'person@example.org');
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(path, file, '..'), { recursive: true });
    await writeFile(join(path, file), text);
  }
  git(path, 'add', '.');
  git(path, 'commit', '-q', '-m', 'Begin');
  return { path, home, dispose: () => rm(directory, { recursive: true, force: true }) };
}

type Read = (path: string) => Promise<string>;

/** The tests of the laboratory: what each says follows from the text of the source, as a real test's would. */
export async function judge(read: Read): Promise<TestReport> {
  const add = await read('src/add.js').catch(() => '');
  const twice = await read('src/twice.js').catch(() => '');
  const cases = await read('test/all.test.js').catch(() => '');
  const tests: TestResult[] = [
    outcome('adds', add.includes('a + b'), `AssertionError: expected 3, got -1 at src/add.js:1:7`),
    outcome('doubles', twice.includes('a * 2'), `AssertionError: expected 4, got 6 at src/twice.js:1:7`),
    outcome('stays a module', add.includes('export') && twice.includes('export'), 'SyntaxError: no export'),
  ].filter((test) => !cases.includes(`deleted ${test.name}`));
  const failed = tests.some((test) => test.status === 'failed');
  return {
    outcome: 'ran',
    tests,
    argv: PLAN.argv,
    exitCode: failed ? 1 : 0,
    durationMs: 1,
    outputDigest: sha256(canonical(tests)),
    outputText: canonical(tests),
  };
}

function outcome(name: string, passed: boolean, message: string): TestResult {
  const status = passed ? 'passed' : 'failed';
  const file = 'test/all.test.js';
  return { id: `${file} › ${name}`, file, name, status, durationMs: 1, message: passed ? null : message };
}

function canonical(tests: readonly TestResult[]): string {
  return tests.map((test) => `${test.id}: ${test.status}`).join('\n');
}

/** A change of the script: the whole new text of a file. */
export interface Change {
  readonly file: string;
  readonly text: string;
}

export const GOOD_ADD: Change = { file: 'src/add.js', text: 'export const add = (a, b) => a + b;\n' };
export const BAD_ADD: Change = { file: 'src/add.js', text: 'export const add = (a, b) => a / b;\n' };
export const GOOD_TWICE: Change = { file: 'src/twice.js', text: 'export const twice = (a) => a * 2;\n' };

/** Proposes the first change set of the script that was not refuted, as the repair engine does. */
export function scriptedCoder(script: readonly (readonly Change[])[]): Coder {
  return {
    name: 'scripted',
    code: async (input: CoderInput, tools) => {
      const next = script.find((changes) => !input.exclude.includes(digestOf(changes)));
      const account = {
        ending: next ? 'found' : 'exhausted',
        tried: script.length,
        plausible: next ? 1 : 0,
        suspects: [{ file: 'src/add.js', line: 1, suspicion: 0.5, source: 'return' }],
        triedByTemplate: { scripted: script.length },
        nearMisses: [],
      };
      if (!next) return { kind: 'nothing', account };
      const edits = await Promise.all(
        next.map(async ({ file, text }) => {
          const before = await tools.workspace.read(file);
          return { file, start: 0, end: before.length, text };
        }),
      );
      return {
        kind: 'proposed',
        digest: digestOf(next),
        template: 'scripted',
        reason: `change ${next.map((change) => change.file).join(' and ')}`,
        edits,
        account,
      };
    },
  };
}

/** Judges the exact commit, as the real certifier does, with the laboratory's tests. */
export async function certifyByFiles(repository: Git, request: CertifyRequest): Promise<Certificate> {
  const at = (commit: string) =>
    judge(
      async (path) => (await repository.readBlob(request.repository, commit, path))?.toString('utf8') ?? '',
    );
  const [base, now] = [await at(request.base), await at(request.commit)];
  const status = new Map(now.tests.map((test) => [test.id, test.status]));
  const open = request.targets.filter((id) => status.get(id) !== 'passed');
  const reasons = open.map((id) => `${id} does not pass`);
  const verdict = reasons.length === 0 ? ('passed' as const) : ('refused' as const);
  const check = {
    argv: PLAN.argv,
    exitCode: 0,
    outputDigest: null,
    verdict: 'passed' as const,
    summary: 'ran',
  };
  const body: CertificateBody = {
    schema: 'cambium.certificate/1',
    subject: {
      ticket: request.ticket,
      run: request.run,
      project: request.project,
      branch: request.branch,
      base: request.base,
      commit: request.commit,
      tree: await repository.treeOf(request.repository, request.commit),
    },
    plan: request.plan,
    checks: [
      { ...check, name: 'base-tests' },
      { ...check, name: 'tests', verdict },
      { ...check, name: 'tampering' },
      { ...check, name: 'canary' },
    ],
    tests: base.tests.map(({ id, status: before }) => ({
      id,
      base: before,
      commit: status.get(id) ?? null,
      flaky: false,
    })),
    targets: [...request.targets],
    fixed: request.targets.filter((id) => status.get(id) === 'passed'),
    failingBefore: [],
    tampering: [],
    tamperingAllowed: request.allowTestChanges,
    environment: { cambium: '0', platform: 'test', arch: 'test', kernel: 'test', runtime: 'test' },
    isolation: { rung: 'none', limits: commandLimits.parse(request.limits) },
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:00.000Z',
    verdict,
    reasons,
  };
  return sealCertificate(body);
}

export interface HandParts {
  readonly git: Git;
  readonly coder: Coder;
  readonly hands?: Partial<RunHands>;
}

export function openScriptedHands({ git: repository, coder, hands }: HandParts): OpenHands {
  return async () => ({
    ok: true,
    hands: {
      rung: 'none',
      tests: { run: ({ workspace }) => judge((path) => readFile(join(workspace.root, path), 'utf8')) },
      certifier: { certify: (request) => certifyByFiles(repository, request) },
      coder,
      ...hands,
    },
  });
}
