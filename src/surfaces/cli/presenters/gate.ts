// How gates, and the way of a ticket through its phases, read as text.
import { plainText } from '#foundation/text.ts';
import type { Out, Presenting } from './presenter.ts';

export const GATE_PRESENTERS = { gate: gateText, worked: workedText };

const MARKS = { passed: ['good', '✓'], refused: ['bad', '✗'], waiting: ['warn', '…'] } as const;
const WORDS = {
  not_configured: 'has no gate',
  waiting: 'the gate waits',
  blocked: 'the gate is shut',
  ready: 'the gate is open',
} as const;

type View = Out<'phase.gate'>;

/** Each check with its outcome, its reason, and the command that shows the same. */
function gateText(output: View, { paint }: Presenting): string {
  const { gate, phase } = output;
  if (gate === null) return `${output.ticket} in ${phase ?? 'no phase'}: the gate was not evaluated yet\n`;
  const head = `${output.ticket} in ${gate.phase} at ${gate.commit.slice(0, 12)}: ${WORDS[gate.status]} (evaluation ${gate.iteration})`;
  const width = Math.max(0, ...gate.checks.map((check) => check.name.length));
  const checks = gate.checks.flatMap(({ name, outcome, reason, reproduce }) => {
    const [colour, mark] = MARKS[outcome];
    const shown = ` ${paint(colour, mark)} ${plainText(name).padEnd(width)}  ${plainText(reason)}`;
    const again = outcome === 'refused' && reproduce !== null;
    return again ? [shown, `   ${' '.repeat(width)}  $ ${plainText(reproduce)}`] : [shown];
  });
  const claims = output.claims.map(({ by, statement }) => `   ${plainText(by)}: ${plainText(statement)}`);
  const said = claims.length === 0 ? [] : [' claimed, and no evidence:', ...claims];
  return `${[head, ...checks, ...said].join('\n')}\n`;
}

/** Where the ticket rests, why, and what would carry it on. */
function workedText(output: View, view: Presenting): string {
  const { rest } = output;
  const gate = output.gate === null || rest?.kind === 'done' ? '' : gateText(output, view);
  const where = `${output.ticket} rests in ${output.phase ?? 'no phase'}`;
  if (rest === null) return `${gate}${output.ticket} is in ${output.phase ?? 'no phase'} and can go on\n`;
  if (rest.kind === 'done') return `${view.paint('good', '✓')} ${plainText(rest.reason)}\n`;
  return `${gate}${where}: ${plainText(rest.reason)}\nnext: ${plainText(rest.next)}\n`;
}
