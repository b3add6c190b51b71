// Writes down what was seen: one entry for each check with its command, exit status, digest and a sentence.
import type { CertificateCheck } from '#contracts/certificate.ts';
import type { CommandResult } from '#contracts/command.ts';
import type { TestReport } from '#contracts/tests.ts';
import { sha256 } from '#foundation/digest.ts';
import { plural } from '#foundation/text.ts';
import type { CanaryRun } from './canary.ts';
import { type Evidence, type Judgement, outcomeWords, statuses } from './verdict.ts';

/** What the record needs beyond the evidence. */
export interface Observed {
  readonly evidence: Evidence;
  /** Null when the commit was refused without them. */
  readonly canary: CanaryRun | null;
  readonly build: CommandResult | null;
}

/** The checks in the order in which they ran. A check is refused when a reason names it. */
export function describeChecks(observed: Observed, judgement: Judgement): CertificateCheck[] {
  const { evidence, canary, build } = observed;
  const reasonFor = (name: CertificateCheck['name']): string | undefined =>
    judgement.reasons.find((reason) => reason.check === name)?.text;
  const entry = (
    name: CertificateCheck['name'],
    ran: Pick<CertificateCheck, 'argv' | 'exitCode' | 'outputDigest'>,
    summary: string,
  ): CertificateCheck => {
    const reason = reasonFor(name);
    return { name, ...ran, verdict: reason === undefined ? 'passed' : 'refused', summary: reason ?? summary };
  };
  const reruns = [...evidence.baseReruns, ...evidence.commitReruns];
  return [
    entry('base-tests', ranBy(evidence.base.report), counted('On the base', evidence.base.report)),
    entry('tests', ranBy(evidence.commit.report), counted('On the commit', evidence.commit.report)),
    ...(reruns.length === 0
      ? []
      : [entry('rerun', ranBy(reruns.at(-1) ?? null), rerunWords(evidence, judgement))]),
    entry('tampering', NOTHING_RAN, tamperWords(evidence)),
    ...(canary === null ? [] : [entry('canary', ranBy(canary.report), `${canary.summary}.`)]),
    ...(build === null
      ? []
      : [
          entry(
            'build',
            {
              argv: build.argv,
              exitCode: build.exitCode,
              outputDigest: sha256(`${build.stdout}\u0000${build.stderr}`),
            },
            'The build command ended with 0.',
          ),
        ]),
  ];
}

const NOTHING_RAN = { argv: [], exitCode: null, outputDigest: null };

function ranBy(report: TestReport | null): Pick<CertificateCheck, 'argv' | 'exitCode' | 'outputDigest'> {
  if (report === null) return NOTHING_RAN;
  return { argv: [...report.argv], exitCode: report.exitCode, outputDigest: report.outputDigest };
}

function counted(where: string, report: TestReport): string {
  const all = [...statuses(report).values()];
  const count = (status: string): number => all.filter((one) => one === status).length;
  const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  return `${where} ${plural(all.length, 'test')}: ${counts} (${outcomeWords(report)}).`;
}

function rerunWords(evidence: Evidence, judgement: Judgement): string {
  const times = `${plural(evidence.baseReruns.length, 'further run')} on the base and ${evidence.commitReruns.length} on the commit`;
  const flaky = judgement.tests.filter((test) => test.flaky).map((test) => test.id);
  if (flaky.length === 0) return `${times}: the same outcomes.`;
  return `${times}: ${plural(flaky.length, 'flaky test')}, not counted as fixed (${flaky.slice(0, 3).join('; ')}).`;
}

function tamperWords(evidence: Evidence): string {
  const { tampering, allowTestChanges } = evidence;
  if (tampering.length === 0)
    return 'The change touches no test, no configuration and nothing of the runner.';
  return `${plural(tampering.length, 'change')} to what judges it${allowTestChanges ? ', allowed on request' : ''}.`;
}
