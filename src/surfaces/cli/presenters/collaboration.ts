// How threads read as text.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const COLLABORATION_PRESENTERS = {
  threads: threadsText,
  thread: threadText,
  posted: postedText,
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
