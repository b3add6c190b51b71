// How odd an agent's report is against what is usual for it (O18), with the reason in words.
import type { AgentReport, Anomaly } from '#contracts/agent.ts';

const WEIGHTS = { latency: 0.35, errors: 0.3, resources: 0.2, queue: 0.15 };
/** How fast what is usual follows what is seen. */
const LEARNING = 0.1;
/** Standard deviations that count as entirely odd. */
const FULL_Z = 3;
/** Reports that have to be there before a latency can be odd. */
const LEAST_REPORTS = 5;
/** From this score on a report is odd; three in a row quarantine the agent. */
export const ODD_SCORE = 0.8;
export const ODD_IN_ROW = 3;

/** What is usual: moving averages of a report's numbers. */
export interface Baseline {
  readonly reports: number;
  readonly latencyMs: number;
  readonly latencyVariance: number;
  readonly errorShare: number;
}

export function judgeReport(
  baseline: Baseline | null,
  report: AgentReport,
): { anomaly: Anomaly; baseline: Baseline } {
  const before = baseline ?? { reports: 0, latencyMs: 0, latencyVariance: 0, errorShare: 0 };
  const latency = report.latencyMs ?? null;
  const errorShare = before.errorShare + LEARNING * ((report.errorShare ?? 0) - before.errorShare);
  const usual = Math.sqrt(before.latencyVariance);
  // Below a tenth of the mean a difference is noise, however even the agent was so far.
  const spread = Math.max(usual, before.latencyMs / 10, 1);
  const z = latency === null || before.reports < LEAST_REPORTS ? 0 : (latency - before.latencyMs) / spread;
  const parts = {
    latency: share(z / FULL_Z),
    // The average creeps; errors that come now count as they come.
    errors: share(Math.max(errorShare, report.errorShare ?? 0)),
    resources: share(report.resources ?? 0),
    queue: share(report.load ?? 0),
  };
  const score =
    WEIGHTS.latency * parts.latency +
    WEIGHTS.errors * parts.errors +
    WEIGHTS.resources * parts.resources +
    WEIGHTS.queue * parts.queue;
  const text = [
    latency === null
      ? 'no task ended'
      : `${Math.round(latency)} ms a task, usually ${Math.round(before.latencyMs)} ± ${Math.round(usual)}`,
    `${percent(report.errorShare ?? 0)} failed`,
    `${percent(report.resources ?? 0)} of its resources`,
    `${percent(report.load ?? 0)} of its slots`,
  ].join(', ');
  return {
    anomaly: { score: round(score), parts, text },
    baseline: learn(before, latency, errorShare),
  };
}

function learn(before: Baseline, latency: number | null, errorShare: number): Baseline {
  if (latency === null) return { ...before, errorShare };
  if (before.reports === 0) return { reports: 1, latencyMs: latency, latencyVariance: 0, errorShare };
  const away = latency - before.latencyMs;
  return {
    reports: before.reports + 1,
    latencyMs: before.latencyMs + LEARNING * away,
    latencyVariance: (1 - LEARNING) * (before.latencyVariance + LEARNING * away * away),
    errorShare,
  };
}

function share(value: number): number {
  return round(Math.min(1, Math.max(0, value)));
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function percent(value: number): string {
  return `${Math.round(value * 100)} %`;
}
