// How threads, handoffs and discoveries read as text.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const COLLABORATION_PRESENTERS = {
  threads: threadsText,
  thread: threadText,
  posted: postedText,
  handoffs: handoffsText,
  handoff: handoffText,
  discoveries: discoveriesText,
  discovery: (output: Out<'discovery.resolve'>) => discoveryText(output),
  discoveryRecorded: recordedText,
};

function threadsText({ threads }: Out<'thread.list'>, { terminal }: Presenting): string {
  if (threads.length === 0) return 'no threads\n';
  const rows = threads.map((each) => [
    each.key,
    each.kind,
    each.state,
    each.participants.join(', '),
    each.subject,
  ]);
  return table(['ID', 'KIND', 'STATE', 'WITH', 'SUBJECT'], rows, terminal);
}

function threadText({ thread, messages }: Out<'thread.show'>, { paint }: Presenting): string {
  const end = thread.closedAt === null ? '' : `  ${plainText(thread.outcome ?? '')}`;
  const lines = [
    `${thread.key}  ${thread.kind}  ${paint('strong', thread.state)}  ${plainText(thread.subject)}${end}`,
    `with  ${plainText(thread.participants.join(', '))}`,
    ...messages.flatMap(({ seq, sender, receiver, body, sentAt }) => [
      '',
      paint(
        'faint',
        `${seq}  ${plainText(sender)}${receiver === null ? '' : ` to ${plainText(receiver)}`}  ${sentAt}`,
      ),
      ...plainText(body)
        .split('\n')
        .map((line) => `   ${line}`),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function postedText(message: Out<'thread.post'>): string {
  return `said as message ${message.seq}; cambium thread show ${message.threadId} shows all\n`;
}

function handoffsText({ handoffs }: Out<'handoff.list'>, { terminal }: Presenting): string {
  if (handoffs.length === 0) return 'no handoffs\n';
  const rows = handoffs.map((each) => [
    each.key,
    each.state,
    each.from,
    each.decidedBy ?? each.to ?? 'anybody',
    each.expiresAt,
    each.reason,
  ]);
  return table(['ID', 'STATE', 'FROM', 'TO', 'UNTIL', 'REASON'], rows, terminal);
}

function handoffText(each: Out<'handoff.accept'>): string {
  const who = each.decidedBy === null ? (each.to ?? 'anybody') : each.decidedBy;
  return `${each.key} ${each.state}: ${plainText(each.from)} → ${plainText(who)}, task ${each.taskId}\n`;
}

function discoveriesText({ discoveries }: Out<'discovery.list'>, { terminal }: Presenting): string {
  if (discoveries.length === 0) return 'no discoveries\n';
  const rows = discoveries.map((each) => [
    each.key,
    each.type,
    each.triage === null ? each.resolution : 'waits',
    String(each.seen),
    each.title,
    each.triage ?? '',
  ]);
  return table(['ID', 'TYPE', 'STATE', 'SEEN', 'TITLE', 'WAITS BECAUSE'], rows, terminal);
}

function discoveryText(each: Out<'discovery.resolve'>): string {
  const tasks = each.spawnedTaskIds.length === 0 ? '' : `; task ${each.spawnedTaskIds.join(', ')}`;
  return `${each.key} ${each.resolution}: ${plainText(each.title)}${tasks}\n`;
}

function recordedText({ outcome, discovery }: Out<'discovery.record'>): string {
  if (outcome === 'known')
    return `${discovery.key} was known already and is counted (${discovery.seen} times)\n`;
  if (outcome === 'branched') return discoveryText(discovery);
  return `${discovery.key} waits for a person: ${discovery.triage}\nnext: cambium discovery resolve ${discovery.key} approved\n`;
}
