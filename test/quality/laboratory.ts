// A laboratory for certificates: real repositories, real workspaces, the real sandbox of the strongest rung here.
import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { commandLimits } from '#contracts/command.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import {
  type Certifier,
  type CertifierParts,
  type CertifyRequest,
  createCertifier,
} from '#quality/certify.ts';
import { createTestRunner } from '#quality/test-run.ts';
import { createGit } from '#sandbox/git.ts';
import { probeIsolation } from '#sandbox/isolation.ts';
import { createRepository } from '#sandbox/new-repository.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { createWorkspaces } from '#sandbox/workspace.ts';

export type Files = Readonly<Record<string, string | null>>;

export interface Laboratory extends AsyncDisposable {
  readonly certifier: Certifier;
  readonly parts: CertifierParts;
  /** A repository with one commit for each set of changes; returns its path and the commits, oldest first. */
  repository(history: readonly Files[], nodeModules?: boolean): Promise<Repository>;
}

export interface Repository {
  readonly path: string;
  readonly commits: readonly string[];
}

export const LIMITS = commandLimits.parse({ wallMs: 60_000 });

export async function openLaboratory(): Promise<Laboratory> {
  const home = await mkdtemp(join(tmpdir(), 'cambium-certify-'));
  await chmod(home, 0o755);
  const clock = createSystemClock();
  const log = createLog({ level: 'silent' });
  const git = createGit({ log });
  const { rung, features, rungs } = await probeIsolation({ request: 'auto', clock, log });
  if (rung === null) throw new Error(`no isolation here: ${JSON.stringify(rungs)}`);
  const sandbox = createSandbox({ rung, features, clock, log });
  const parts: CertifierParts = {
    git,
    workspaces: createWorkspaces({ home, git, clock, log }),
    sandbox,
    tests: createTestRunner({ sandbox, clock }),
    clock,
    ids: createIds(clock),
    version: '0.0.0-test',
  };
  let made = 0;
  return {
    certifier: createCertifier(parts),
    parts,
    repository: async (history, nodeModules = false) => {
      made += 1;
      const path = join(home, `repository-${made}`);
      await mkdir(path);
      await createRepository(path, history.map(commitOf));
      if (nodeModules) await symlink(resolve('node_modules'), join(path, 'node_modules'));
      const log = await git.history(path, 'main', history.length);
      return { path, commits: log.map((entry) => entry.commit).reverse() };
    },
    [Symbol.asyncDispose]: async () => {
      await rm(home, { recursive: true, force: true });
    },
  };
}

function commitOf(files: Files, at: number) {
  return {
    message: `commit ${at}`,
    dateIso: `2026-01-0${1 + (at % 9)}T00:00:00Z`,
    identity: { name: 'A Person', email: 'person@example.org' },
    files: new Map(
      Object.entries(files).map(([path, text]) => [path, text === null ? null : Buffer.from(text)] as const),
    ),
  };
}

export function planOf(runner: TestPlan['runner'], ...argv: readonly string[]): TestPlan {
  return { runner, argv: [...argv], directory: '.', origin: '--test' };
}

/** Runs the plan on the base and certifies the last commit with every failing test as its claim. */
export async function claim(
  laboratory: Laboratory,
  repository: Repository,
  over: Partial<CertifyRequest> & Pick<CertifyRequest, 'plan'>,
): Promise<CertifyRequest> {
  const [base, commit] = [repository.commits[0], repository.commits.at(-1)];
  if (base === undefined || commit === undefined) throw new Error('a repository without commits');
  const { workspaces, tests } = laboratory.parts;
  const name = laboratory.parts.ids.next('crt');
  const workspace = await workspaces.prepare({ repository: repository.path, commit: base, name });
  const report = await tests.run({ workspace, plan: over.plan, limits: over.limits ?? LIMITS });
  await workspaces.remove(name);
  const targets = report.tests.filter((test) => test.status === 'failed').map((test) => test.id);
  return {
    repository: repository.path,
    base,
    commit,
    branch: 'cambium/TKT-1',
    ticket: 'TKT-1',
    run: 'RUN-1',
    project: 'sample',
    targets,
    allowTestChanges: false,
    limits: LIMITS,
    ...over,
  };
}
