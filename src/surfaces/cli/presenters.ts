// How each operation's output reads as text, and which exit status it means.
import type { z } from 'zod';
import { ERRORS, EXIT } from '#foundation/errors.ts';
import { plainText, plural } from '#foundation/text.ts';
import type { OperationName, OperationOf } from '#operations/catalogue.ts';
import { outcomeOf, type SolveReport } from '#operations/solve-report.ts';
import { faultSections } from './faults-text.ts';
import type { Presentation } from './invocation.ts';
import { duration, type Paint, type Terminal, table, typeable } from './output.ts';
import { diffLines, solveText } from './solve-text.ts';

type Out<N extends OperationName> = z.output<OperationOf<N>['output']>;

export interface Presenting {
  readonly terminal: Terminal;
  readonly paint: Paint;
  /** How this user starts the program. */
  readonly program: string;
}

/** Presentations that are, or hold, foreign text, in which the word `cambium` is none of ours to change. */
const EXACT = new Set<Presentation>(['solve', 'diff', 'logs']);

/** The text of an output. The presentation says which operation it came from. */
export function present(presentation: Presentation, output: unknown, view: Presenting): string {
  const text = PRESENTERS[presentation](output as never, view);
  return EXACT.has(presentation) ? text : typeable(text, view.program);
}

type Presenter<O> = (output: O, view: Presenting) => string;

const PRESENTERS: { readonly [P in Presentation]: Presenter<never> } = {
  solve: ((output: SolveReport, view) => solveText(output, view)) satisfies Presenter<SolveReport>,
  init: initText satisfies Presenter<Out<'project.init'>>,
  tickets: ticketsText satisfies Presenter<Out<'ticket.list'>>,
  ticket: ticketText satisfies Presenter<Out<'ticket.show'>>,
  runs: ((output: Out<'run.list'>, view) => runsTable(output.runs, view)) satisfies Presenter<
    Out<'run.list'>
  >,
  run: runText satisfies Presenter<Out<'run.show'>>,
  watched: runText satisfies Presenter<Out<'run.watch'>>,
  faults: faultsText satisfies Presenter<Out<'run.show'>>,
  diff: ((output: Out<'run.diff'>, { paint }) =>
    output.diff === ''
      ? 'no change yet\n'
      : `${diffLines(output.diff, paint).join('\n')}\n`) satisfies Presenter<Out<'run.diff'>>,
  logs: logsText satisfies Presenter<Out<'run.logs'>>,
  requested: ((output: Out<'run.pause'>) =>
    `${output.key} is ${output.status}${output.request === null ? '' : `; asked to ${output.request}`}\n`) satisfies Presenter<
    Out<'run.pause'>
  >,
  worked: (() => 'stopped\n') satisfies Presenter<Out<'work'>>,
  verify: verifyText satisfies Presenter<Out<'verify'>>,
  doctor: doctorText satisfies Presenter<Out<'doctor'>>,
  config: configText satisfies Presenter<Out<'config.show'>>,
  origins: originsText satisfies Presenter<Out<'config.show'>>,
  database: databaseText satisfies Presenter<Out<'database.check'>>,
  migrated: migratedText satisfies Presenter<Out<'database.migrate'>>,
};

const SOLVE_EXITS: Readonly<Record<SolveReport['outcome'], number>> = {
  fixed: EXIT.ok,
  'no-change': EXIT.noChange,
  failed: EXIT.failed,
  limit: EXIT.limit,
  'waiting-human': EXIT.parked,
  paused: EXIT.parked,
  cancelled: EXIT.failed,
};

/** The exit status that an output means; 0 for everything that only shows. */
export function exitOf(presentation: Presentation, output: unknown, allowEmpty: boolean): number {
  switch (presentation) {
    case 'solve':
      return exitOfRun(output as SolveReport, allowEmpty);
    case 'watched': {
      const watched = output as Out<'run.watch'>;
      return exitOfRun({ outcome: outcomeOf(watched), code: watched.run.outcome?.code ?? null }, allowEmpty);
    }
    case 'verify':
      return (output as Out<'verify'>).confirmed ? EXIT.ok : EXIT.gate;
    case 'doctor':
      return (output as Out<'doctor'>).healthy ? EXIT.ok : EXIT.failed;
    case 'database':
      return (output as Out<'database.check'>).matches ? EXIT.ok : EXIT.unreachable;
    case 'migrated':
      return (output as Out<'database.migrate'>).problems.length === 0 ? EXIT.ok : EXIT.unreachable;
    default:
      return EXIT.ok;
  }
}

function exitOfRun({ outcome, code }: Pick<SolveReport, 'outcome' | 'code'>, allowEmpty: boolean): number {
  if (code !== null && code in ERRORS) return ERRORS[code as keyof typeof ERRORS].exit;
  return outcome === 'no-change' && allowEmpty ? EXIT.ok : SOLVE_EXITS[outcome];
}

function initText(output: Out<'project.init'>): string {
  const { profile } = output;
  const tests = profile.tests ? `${profile.tests.runner}: ${profile.tests.argv.join(' ')}` : 'none found';
  const head = output.written ? `wrote ${output.file}` : `would write ${output.file}:\n\n${output.text}`;
  return `${head}\nlanguage  ${profile.primary ?? 'none that can be repaired'}\ntests     ${plainText(tests)}\n\nnext: cambium solve\n`;
}

function ticketsText(output: Out<'ticket.list'>, { terminal }: Presenting): string {
  if (output.tickets.length === 0) return 'no tickets yet; cambium solve opens one\n';
  const rows = output.tickets.map((each) => [
    each.key,
    each.status,
    each.runs[0]?.key ?? '',
    each.projectName,
    each.title,
  ]);
  return table(['ID', 'STATUS', 'RUN', 'PROJECT', 'TITLE'], rows, terminal);
}

function ticketText(output: Out<'ticket.show'>, view: Presenting): string {
  const head = `${output.key}  ${output.status}  ${plainText(output.title)}\nproject  ${output.projectName} (${output.repository})\n`;
  return `${head}opened   ${output.createdAt}\n\n${runsTable(output.runs, view)}`;
}

function runsTable(runs: Out<'run.list'>['runs'], { terminal }: Presenting): string {
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

function verifyText(output: Out<'verify'>, { paint }: Presenting): string {
  const word = output.confirmed ? paint('good', 'confirmed') : paint('bad', 'not confirmed');
  const lines = [
    `${word}  ${output.verdict}  ${output.digest}`,
    `commit    ${output.commit} in ${output.repository}`,
    ...output.checks.map(
      (each) =>
        ` ${each.verdict === 'passed' ? paint('good', '✓') : paint('bad', '✗')} ${each.name.padEnd(10)} ${plainText(each.summary)}`,
    ),
    ...output.differences.map((each) => `${paint('bad', 'differs:')} ${plainText(each)}`),
    ...output.notes.map((each) => paint('faint', `note: ${plainText(each)}`)),
  ];
  return `${lines.join('\n')}\n`;
}

const MARKS = { ok: ['good', '✓'], warning: ['warn', '!'], failed: ['bad', '✗'] } as const;

function doctorText(output: Out<'doctor'>, { paint }: Presenting): string {
  const lines = output.checks.flatMap((each) => {
    const [tone, mark] = MARKS[each.status];
    const next = each.next === null ? [] : [`                    next: ${plainText(each.next)}`];
    return [` ${paint(tone, mark)} ${each.name.padEnd(15)}  ${plainText(each.summary)}`, ...next];
  });
  return `${lines.join('\n')}\n`;
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

function configText(output: Out<'config.show'>, { terminal }: Presenting): string {
  return table(
    ['KEY', 'VALUE', 'MEANING'],
    output.keys.map((key) => [key.path, shown(key.value), key.description]),
    terminal,
  );
}

function originsText(output: Out<'config.show'>): string {
  return output.keys
    .flatMap((key) => [
      `${key.path} = ${shown(key.value)}  (${key.origin})`,
      ...key.overrides.map((each) => `    overrides ${shown(each.value)}  (${each.origin})`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function databaseText(output: Out<'database.check'>, { paint }: Presenting): string {
  const head = `PostgreSQL ${output.version} at ${output.where}`;
  if (output.matches) return `${paint('good', 'ok')}  ${head}: the schema is the expected one\n`;
  const lines = [
    `${paint('bad', 'mismatch')}  ${head}`,
    ...output.problems.map((each) => `  ${each}`),
    ...output.pending.map((each) => `  pending migration ${each}`),
    output.pending.length > 0 ? 'next: cambium db migrate' : DRIFTED,
  ];
  return `${lines.join('\n')}\n`;
}

const DRIFTED =
  'next: no migration mends this; undo what was changed by hand, restore a backup, or name an empty database';

function migratedText({ applied, problems }: Out<'database.migrate'>): string {
  const done = applied.map((name) => `applied ${name}`);
  if (problems.length > 0)
    done.push('the schema still differs', ...problems.map((each) => `  ${each}`), DRIFTED);
  else if (done.length === 0) done.push('nothing to do: the schema is up to date');
  return `${done.join('\n')}\n`;
}
