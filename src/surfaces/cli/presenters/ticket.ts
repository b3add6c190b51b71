// How tickets read as text.
import { plainText } from '#foundation/text.ts';
import { type Paint, table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';
import { runsTable } from './run.ts';

type Row = Out<'ticket.create'>;

export const TICKET_PRESENTERS = {
  tickets: ticketsText,
  ticket: ticketText,
  opened: openedText,
  outcomes: outcomesText,
  depends: ({ ticket, on, holds }: Out<'ticket.depend'>) =>
    `${ticket} ${holds ? 'waits' : 'no longer waits'} for ${on}\n`,
  contextPackage: packageText,
  contextItems: itemsText,
  contextItem: (item: Out<'ticket.context.add'>) =>
    `${item.id}  ${item.withdrawn ? 'withdrawn' : item.kind}  ${plainText(item.text)}\n`,
};

const TONES = { done: 'good', failed: 'bad', rejected: 'bad', cancelled: 'faint', blocked: 'warn' } as const;

function openedText(row: Row, { paint }: Presenting): string {
  const alike = row.duplicates.flatMap(({ key, title, score, advice, next }) => {
    const words = advice === 'merge' ? 'reads the same as' : 'reads much like';
    return [
      `${paint('warn', `${row.key} ${words} ${key}`)} (${score.toFixed(3)}): ${plainText(title)}`,
      `next: ${advice === 'merge' ? 'keep one of them: ' : 'look whether it is the same: '}${next}`,
    ];
  });
  const head = `${row.key} is open in ${row.phase} of ${row.workflowName}: ${plainText(row.title)}`;
  return [head, ...alike].map((line) => `${line}\n`).join('');
}

function statusOf(row: Pick<Row, 'status'>, paint: Paint): string {
  const tone = row.status in TONES ? TONES[row.status as keyof typeof TONES] : null;
  return tone === null ? row.status : paint(tone, row.status);
}

function ticketsText(output: Out<'ticket.list'>, { terminal }: Presenting): string {
  if (output.tickets.length === 0) return 'no tickets; cambium solve or cambium ticket create opens one\n';
  const rows = output.tickets.map((each) => [
    each.key,
    each.status,
    each.phase ?? '',
    each.priority,
    each.run ?? '',
    each.projectName,
    each.title,
  ]);
  return table(['ID', 'STATUS', 'PHASE', 'PRIORITY', 'RUN', 'PROJECT', 'TITLE'], rows, terminal);
}

function ticketText(output: Out<'ticket.show'>, view: Presenting): string {
  const { paint } = view;
  const line = (name: string, value: string | null | undefined): string[] =>
    value ? [`${name.padEnd(10)}${plainText(value)}`] : [];
  const { approval, blocked, cancelled } = output;
  const lines = [
    `${output.key}  ${statusOf(output, paint)}  ${plainText(output.title)}`,
    ...line('project', `${output.projectName} (${output.repository})`),
    ...line('phase', output.phase && `${output.phase} of ${output.workflowName}, since ${output.phaseSince}`),
    ...line('kind', `${output.kind}, priority ${output.priority}, risk ${output.risk}`),
    ...line('labels', output.labels.join(', ')),
    ...line('deadline', output.deadline),
    ...line('estimate', output.estimateMinutes === null ? null : `${output.estimateMinutes} min`),
    ...line('part of', output.parent),
    ...line('waits for', output.dependsOn.join(', ')),
    ...line('needed by', output.dependants.join(', ')),
    ...line(
      'approval',
      approval &&
        `${approval.state}${approval.state === 'pending' ? ` until ${approval.deadline}` : ` by ${approval.by}`}`,
    ),
    ...line('blocked', blocked && `${blocked.reason} (${blocked.by}, ${blocked.since})`),
    ...line(
      'cancelled',
      cancelled && `${cancelled.reason || 'without a reason'} (${cancelled.by}, ${cancelled.at})`,
    ),
    ...line('opened', output.createdAt),
    ...(output.description === '' ? [] : ['', plainText(output.description)]),
    '',
    ...output.history.map((move) => {
      const around = move.overridden.map(({ rule }) => rule).join(', ');
      const way = move.from === null ? `opened in ${move.to}` : `${move.kind} ${move.from} → ${move.to}`;
      const said = move.reason === '' ? '' : `: ${plainText(move.reason)}`;
      const bypass = around === '' ? '' : paint('warn', ` (around ${around})`);
      return `${String(move.seq).padStart(3)} ${move.at}  ${way}, ${plainText(move.actor.name)}${said}${bypass}`;
    }),
    '',
  ];
  return `${lines.join('\n')}\n${runsTable(output.runs, view)}`;
}

const MARKS = { done: ['good', '✓'], would: ['faint', '·'], refused: ['bad', '✗'] } as const;

function outcomesText({ dryRun, results }: Out<'ticket.move'>, { paint }: Presenting): string {
  if (results.length === 0) return 'no ticket is meant by that\n';
  const lines = results.flatMap((each) => {
    const [tone, mark] = MARKS[each.outcome];
    const next = each.next === null ? [] : [`       next: ${plainText(each.next)}`];
    return [` ${paint(tone, mark)} ${each.key}  ${plainText(each.text)}`, ...next];
  });
  const refused = results.filter(({ outcome }) => outcome === 'refused').length;
  const sum = `${results.length - refused} ${dryRun ? 'would be changed' : 'changed'}, ${refused} refused`;
  return `${[...lines, ...(results.length > 1 || dryRun ? [sum] : [])].join('\n')}\n`;
}

function packageText({ key, package: packed }: Out<'ticket.context'>, { paint }: Presenting): string {
  if (packed.items.length === 0 && packed.omitted === 0) {
    return `${key} knows nothing yet; cambium ticket context ${key} --add note --text "…"\n`;
  }
  const notes = [
    `about ${packed.tokens} of ${packed.budgetTokens} tokens, ${packed.omitted} left out`,
    ...(packed.fits ? [] : ['the constraints alone are longer than the budget']),
  ];
  return `${plainText(packed.text)}\n${paint('faint', notes.join('; '))}\n`;
}

function itemsText({ items }: Out<'ticket.context'>, { terminal }: Presenting): string {
  const rows = items.map((item) => [
    item.id,
    item.withdrawn ? 'withdrawn' : item.kind,
    item.phase ?? '',
    `${item.source.kind} ${item.source.ref}`,
    item.subject,
    item.text,
  ]);
  return table(['ID', 'KIND', 'PHASE', 'SOURCE', 'SUBJECT', 'TEXT'], rows, terminal);
}
