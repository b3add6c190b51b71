// How learned patterns and their evidence read as text.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const MEMORY_PRESENTERS = {
  patterns: patternsText,
  pattern: patternText,
  patternRetired: retiredText,
};

type Pattern = Out<'memory.pattern'>['pattern'];

function patternsText({ enabled, patterns }: Out<'memory.patterns'>, { terminal }: Presenting): string {
  const off = enabled ? '' : 'learning is switched off (learning.enabled): searches use none of these\n';
  if (patterns.length === 0) return `${off}nothing was learned yet: an accepted fix becomes a pattern\n`;
  const rows = patterns.map((pattern) => [
    pattern.key,
    `${line(pattern.before)} → ${line(pattern.after) || 'left out'}`,
    `${pattern.accepted} / ${pattern.refused}`,
    String(pattern.tried),
    pattern.origin,
    pattern.retiredAt === null ? '' : 'retired',
  ]);
  return `${off}${table(['PATTERN', 'CHANGE', 'ACCEPTED / REFUSED', 'TRIED', 'FROM', ''], rows, terminal)}`;
}

function patternText({ pattern, evidence }: Out<'memory.pattern'>, { terminal }: Presenting): string {
  const rows = evidence.map(({ outcome, count, runId, ticketId, commit, certificate, at }) => [
    outcome,
    String(count),
    at.slice(0, 10),
    runId,
    ticketId,
    commit?.slice(0, 12) ?? '-',
    certificate?.slice(0, 19) ?? '-',
  ]);
  const list = table(['OUTCOME', 'COUNT', 'DAY', 'RUN', 'TICKET', 'COMMIT', 'CERTIFICATE'], rows, terminal);
  return `${head(pattern)}\n${list}`;
}

function retiredText({ pattern }: Out<'memory.retire'>): string {
  return `${pattern.key} is retired: searches are not handed it any more\n`;
}

function head({ key, family, kind, before, after, accepted, refused, ...pattern }: Pattern): string {
  const retired =
    pattern.retiredAt === null
      ? ''
      : `retired on ${pattern.retiredAt.slice(0, 10)}${pattern.retiredWhy === '' ? '' : `: ${plainText(pattern.retiredWhy)}`}\n`;
  return `${key}  ${family}, ${kind}, from ${pattern.origin} (${pattern.template})
  ${line(before)}
→ ${line(after) || '(left out)'}
accepted ${accepted}, refused ${refused}, tried ${pattern.tried}, matched ${pattern.seen}
${retired}`;
}

function line(text: string): string {
  return plainText(text).replaceAll('\n', ' ⏎ ');
}
