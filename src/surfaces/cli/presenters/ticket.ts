// How tickets read as text.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';
import { runsTable } from './run.ts';

export const TICKET_PRESENTERS = { tickets: ticketsText, ticket: ticketText };

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
