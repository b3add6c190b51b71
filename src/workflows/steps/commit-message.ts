// The message of the proposed commit: what was changed and why, then the metadata as git trailers (S29).
import type { Plan } from '#agents/roles.ts';
import { plainText, plural } from '#foundation/text.ts';
import type { StepContext } from './step.ts';

const SUBJECT_CHARS = 72;
const WIDTH = 72;

/** Nothing that a test or a coder wrote can add a trailer: their text stays in single-line paragraphs of the body. */
export function commitMessage({ run, ticket, hands }: StepContext, plan: Plan): string {
  const { candidate, isolation } = run.checkpoint;
  const stated = candidate?.stated ?? '';
  const title = oneLine(ticket.title);
  const subject = title.length > SUBJECT_CHARS ? `${title.slice(0, SUBJECT_CHARS - 1)}…` : title;
  const trailers: [string, string][] = [
    ['Cambium-Ticket', ticket.key],
    ['Cambium-Run', run.key],
    ['Cambium-Attempt', String(run.attempt)],
    ['Cambium-Coder', oneLine(hands.coder.name)],
    ['Cambium-Template', oneLine(candidate?.template ?? 'unknown')],
    ...(stated === '' ? [] : [['Cambium-Confidence', oneLine(stated)] satisfies [string, string]]),
    ['Cambium-Tests-Fixed', String(plan.failing.length)],
    ['Cambium-Base', run.base],
    ['Cambium-Isolation', isolation ?? hands.rung],
    ['Cambium-Autonomy', 'proposed on a branch, not merged'],
    ['Cambium-Time', run.createdAt],
  ];
  return [
    subject,
    '',
    wrapped(oneLine(candidate?.reason ?? '')),
    '',
    wrapped(
      `Makes ${plural(plan.failing.length, 'failing test')} pass.${isUnproven(stated) ? UNPROVEN : ''}`,
    ),
    '',
    ...trailers.map(([name, value]) => `${name}: ${value}`),
    '',
  ].join('\n');
}

const UNPROVEN = ' Other small changes pass the same tests: plausible, not proven beyond them.';

function isUnproven(stated: string): boolean {
  return stated.startsWith('plausible');
}

function oneLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim() || 'Fix the failing tests';
}

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
