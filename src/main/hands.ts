// The rooms that run foreign code, made when they are first needed and for the isolation that is asked for.
import type { IsolationRung } from '#contracts/command.ts';
import { AppError } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import type { Certifier, CertifyStep } from '#quality/certify.ts';
import type { GateKeeper } from '#quality/gate.ts';
import type { RepairProgress } from '#repair/engine.ts';
import type { IsolationReport } from '#sandbox/isolation.ts';
import type { KeeperAnswer } from '#workflows/driver.ts';
import type { IsolationRequest, OpenHands, RunHands } from '#workflows/ports.ts';
import { type Base, once } from './base.ts';

export interface Hands {
  readonly isolation: () => Promise<IsolationReport>;
  readonly certifier: () => Promise<Certifier>;
  readonly open: OpenHands;
  /** Who executes the checks of gates. */
  readonly openKeeper: () => Promise<KeeperAnswer>;
}

/** Everything that runs foreign code, made when it is first needed and for the isolation that is asked for. */
export function createHands(base: Base): Hands {
  const wanted = base.config.sandbox.isolation;
  const probe = async (request: IsolationRequest): Promise<IsolationReport> => {
    const { probeIsolation } = await import('#sandbox/isolation.ts');
    return probeIsolation({ request, clock: base.clock, log: base.log });
  };
  const isolation = once(() => probe(wanted));
  const openFor = async (
    request: IsolationRequest,
    log: Log,
  ): Promise<Result<RunHands & Judges, Refusal>> => {
    const report = request === wanted ? await isolation() : await probe(request);
    if (report.rung !== null) return ok(await createRunHands({ ...base, log }, report.rung, report));
    const why = report.rungs.filter((each) => !each.available).map((each) => `${each.rung}: ${each.reason}`);
    const next = report.hint ?? 'add --isolation none to run foreign code with your own rights';
    return err({ reason: `no isolation works here (${why.join('; ')})`, next });
  };
  const certifier = async (): Promise<Certifier> => {
    const opened = await openFor(wanted, base.log);
    if (opened.ok) return opened.value.certifier;
    throw new AppError('ISOLATION_UNAVAILABLE', { message: opened.error.reason, next: opened.error.next });
  };
  const open: OpenHands = async (request, log) => {
    const opened = await openFor(request, log);
    return opened.ok ? { ok: true, hands: opened.value } : { ok: false, ...opened.error };
  };
  const openKeeper = async (): Promise<KeeperAnswer> => {
    const opened = await openFor(wanted, base.log);
    return opened.ok ? { ok: true, keeper: opened.value.keeper } : { ok: false, ...opened.error };
  };
  return { isolation, certifier: once(certifier), open, openKeeper };
}

interface Judges {
  readonly certifier: Certifier;
  readonly keeper: GateKeeper;
}

interface Refusal {
  readonly reason: string;
  readonly next: string;
}

async function createRunHands(
  base: Base,
  rung: IsolationRung,
  { features }: IsolationReport,
): Promise<RunHands & Judges> {
  const [
    { createSandbox },
    { createTestRunner },
    { createCertifier },
    { failingSince },
    { createRepairEngine },
    { createRepairCoder },
    { createGateKeeper },
    { detectAt },
  ] = await Promise.all([
    import('#sandbox/runner.ts'),
    import('#quality/test-run.ts'),
    import('#quality/certify.ts'),
    import('#quality/failing-since.ts'),
    import('#repair/engine.ts'),
    import('#workflows/repair-coder.ts'),
    import('#quality/gate.ts'),
    import('#operations/tree-files.ts'),
  ]);
  const { git, workspaces, clock, ids, log, edges } = base;
  const sandbox = createSandbox({ rung, features, clock, log });
  const tests = createTestRunner({ sandbox, clock });
  const parts = { git, workspaces, tests, ids, clock };
  const certifier = createCertifier({ ...parts, sandbox, version: base.version });
  const engine = createRepairEngine({ sandbox, clock, log });
  const onProgress = ({ phase, ...counts }: RepairProgress): void =>
    edges.onProgress({ activity: phase, ...counts });
  const onCheck = (check: CertifyStep): void =>
    edges.onProgress({ activity: `checking: ${check}`, tried: 0, plausible: 0, ratePerSecond: 0 });
  const keeper = createGateKeeper({
    ...{ ...parts, sandbox },
    detect: ({ repository, commit, ...wish }) => detectAt(git, { repository, commit }, wish),
    certify: certifier.certify,
  });
  return {
    rung,
    tests,
    keeper,
    certifier: {
      verify: certifier.verify,
      certify: (request, signal) => certifier.certify({ onProgress: onCheck, ...request }, signal),
    },
    coder: createRepairCoder({ engine, onProgress }),
    failingSince: (question, signal) => failingSince(parts, question, signal),
  };
}
