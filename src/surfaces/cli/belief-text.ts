// How far a proposed change is believed, in words: its probability, what else passes the tests, and the input that would decide.
import { plainText, plural } from '#foundation/text.ts';
import type { SolveReport } from '#operations/solve-report.ts';
import type { Paint } from './output.ts';

const LISTED = 3;
const PROPOSED = new Set<SolveReport['outcome']>(['fixed', 'waiting-human', 'paused']);

type Assessment = NonNullable<NonNullable<SolveReport['search']>['assessment']>;

/** What is known of the proposed change; null when no change is proposed or nothing is known. */
function assessmentOf(report: Pick<SolveReport, 'outcome' | 'search' | 'fault'>): Assessment | null {
  return PROPOSED.has(report.outcome) && report.fault !== null ? (report.search?.assessment ?? null) : null;
}

/** The tests are proven, the change is not. */
export function isUnproven(report: Pick<SolveReport, 'outcome' | 'search' | 'fault'>): boolean {
  return report.outcome === 'fixed' && assessmentOf(report)?.offered === 'candidate';
}

/** Foreign text is stripped of control characters. */
export function beliefLines(report: SolveReport, paint: Paint): string[] {
  const known = assessmentOf(report);
  if (known === null) return [];
  const p = `p = ${known.probability.toFixed(2)}`;
  const stated =
    known.offered === 'fix' ? paint('good', `fix (${p})`) : paint('bad', `plausible, unproven (${p})`);
  const lines = [`belief    ${stated}${behaviours(known)}`, `          ${plainText(known.explanation)}`];
  if (known.alternatives.length > 0) {
    lines.push('also pass');
    for (const other of known.alternatives.slice(0, LISTED))
      lines.push(`            ${plainText(other.reason)}`);
    const more = known.alternatives.length - LISTED;
    if (more > 0) lines.push(`            … and ${more} more`);
  }
  if (known.differs !== null) lines.push(...undecided(known, known.differs));
  if (known.suggestedTest !== null) lines.push(...suggestion(known.suggestedTest, paint));
  return lines;
}

function behaviours({ groups, inputs }: Assessment): string {
  if (inputs === 0) return ', not compared on further inputs';
  if (groups === 1) return `, nothing else that passes differs on ${plural(inputs, 'input')}`;
  return `, ${groups} ways to behave pass the tests`;
}

function undecided(known: Assessment, { call, results }: NonNullable<Assessment['differs']>): string[] {
  const [own, ...others] = results;
  const names = known.alternatives.map((one) => one.digest);
  const told = others.map(
    ({ digest, result }) => `change ${names.indexOf(digest) + 2}: ${plainText(result)}`,
  );
  return [
    `undecided ${plainText(call)}`,
    `            this change: ${plainText(own?.result ?? '')}; ${told.slice(0, LISTED).join('; ')}`,
  ];
}

function suggestion({ file, text }: NonNullable<Assessment['suggestedTest']>, paint: Paint): string[] {
  const where = file === null ? '' : `, for example in ${plainText(file)}`;
  const rows = plainText(text).trimEnd().split('\n');
  return [`decide by a test of your own${where}:`, ...rows.map((row) => paint('faint', `  ${row}`))];
}
