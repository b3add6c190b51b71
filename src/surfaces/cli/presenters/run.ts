// How runs read as text: lists, one in full, its faults, its change and its logs.
import { plainText, plural } from '#foundation/text.ts';
import type { SolveReport } from '#operations/solve-report.ts';
import { faultSections } from '../faults-text.ts';
import { duration, table } from '../output.ts';
import { diffLines, solveText } from '../solve-text.ts';
import type { Out, Presenter, Presenting } from './presenter.ts';

export const RUN_PRESENTERS = {
  solve: ((output, view) => solveText(output, view)) as Presenter<SolveReport>,
  runs: ((output, view) => runsTable(output.runs, view)) as Presenter<Out<'run.list'>>,
  run: runText,
  watched: runText as Presenter<Out<'run.watch'>>,
  faults: faultsText,
  diff: (output: Out<'run.diff'>, { paint }: Presenting) =>
    output.diff === '' ? 'no change yet\n' : `${diffLines(output.diff, paint).join('\n')}\n`,
  logs: logsText,
  requested: (output: Out<'run.pause'>) =>
    `${output.key} is ${output.status}${output.request === null ? '' : `; asked to ${output.request}`}\n`,
  worked: () => 'stopped\n',
};

export function runsTable(runs: Out<'run.list'>['runs'], { terminal }: Presenting): string {
  if (runs.length === 0) return 'no runs yet; cambium solve starts one\n';
  const rows = runs.map((run) => [
    run.key,
    run.ticketKey,
    run.status,
    run.state,
    String(run.attempt),
    duration(run.runningMs),
    run.projectName,
    run.outcome?.reason ?? run.paused?.reason ?? run.title,
  ]);
  return table(['ID', 'TICKET', 'STATUS', 'STATE', 'ATTEMPT', 'TIME', 'PROJECT', 'REASON'], rows, terminal);
}

function runText(detail: Out<'run.show'>, { paint }: Presenting): string {
  const { run } = detail;
  const lines = [
    `${run.key} ${run.ticketKey}  ${paint('strong', run.status)}  ${plainText(run.title)}`,
    `project   ${run.projectName} (${run.repository})`,
    `base      ${run.base}`,
    `isolation ${run.isolation ?? 'nothing has run yet'}`,
    ...(run.branch ? [`branch    ${run.branch} at ${run.commit ?? ''}`] : []),
    ...(run.certificate ? [`proof     ${run.certificate}`] : []),
    ...(run.outcome ? [`outcome   ${plainText(run.outcome.reason)}`] : []),
    ...(run.paused ? [`paused    ${plainText(run.paused.reason)}; ${run.paused.next}`] : []),
    '',
    ...detail.steps.map((step) => {
      const ms = Date.parse(step.finishedAt) - Date.parse(step.startedAt);
      const attempt = step.attempt > 0 ? ` ${step.attempt}` : '';
      return `${String(step.seq).padStart(3)} ${`${step.state}${attempt}`.padEnd(14)} ${plainText(step.reason)} (${duration(ms)})`;
    }),
    ...detail.findings.map(
      (each) => `${each.severity} ${each.file}:${each.line} ${each.rule}: ${plainText(each.message)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

const LISTED = { suspects: 15, templates: 30, nearMisses: 10 } as const;

function faultsText(detail: Out<'run.show'>, { paint }: Presenting): string {
  const { search } = detail;
  if (search === null) return `${detail.run.key} has not searched yet\n`;
  const took = search.durationMs > 0 ? ` in ${duration(search.durationMs)}` : '';
  const head = `${detail.run.key}  ${plural(search.tried, 'candidate')} tried${took}, ${search.plausible} plausible, search ended: ${search.ending}`;
  return `${[head, ...faultSections(search, LISTED, paint)].join('\n')}\n`;
}

function logsText(output: Out<'run.logs'>, { paint }: Presenting): string {
  if (output.steps.length === 0) return 'no output is stored yet\n';
  return output.steps
    .map(
      (step) =>
        `${paint('strong', `── step ${step.seq} ${step.state} attempt ${step.attempt}`)}\n${plainText(step.text)}\n`,
    )
    .join('');
}
