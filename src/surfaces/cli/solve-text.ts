// The end of a run in words: what was wrong, the diff, the tests before and after, the proof, and what to do next.
import { plainText, plural } from '#foundation/text.ts';
import type { SolveReport } from '#operations/solve-report.ts';
import { beliefLines, isUnproven } from './belief-text.ts';
import { faultSections } from './faults-text.ts';
import { duration, type Paint, typeable } from './output.ts';

const HEADLINES: Readonly<Record<SolveReport['outcome'], string>> = {
  fixed: 'fixed and proven',
  'no-change': 'nothing to change',
  failed: 'not solved',
  limit: 'stopped at a limit',
  'waiting-human': 'waits for your decision',
  paused: 'paused',
  cancelled: 'cancelled',
};
const GOOD = new Set<SolveReport['outcome']>(['fixed', 'no-change']);
/** Endings in which a person or a model takes over: they are told what the search knows. */
const UNSOLVED = new Set<SolveReport['outcome']>(['failed', 'limit']);
const LISTED = { suspects: 5, templates: 8, nearMisses: 3 } as const;
const LISTED_TESTS = 8;
/** The file's name holds all of it. */
const SHOWN_DIGEST_CHARS = 19;

/** The report for a person (or a log). Foreign text is stripped of control characters. */
export function solveText(report: SolveReport, view: { paint: Paint; program: string }): string {
  const { paint } = view;
  const tone = GOOD.has(report.outcome) ? 'good' : 'bad';
  const title = plainText(report.title).replace(/\s+/g, ' ');
  const headline = isUnproven(report) ? 'tests pass, plausible, unproven' : HEADLINES[report.outcome];
  const lines = [`${report.ticket} ${report.run}  ${paint(tone, headline)}  ${title}`];
  for (const note of report.notes) lines.push(paint('faint', `note: ${plainText(note)}`));
  if (report.reason !== '') lines.push(typeable(plainText(report.reason), view.program));
  lines.push('', ...faultLines(report), ...beliefLines(report, paint));
  lines.push(...testLines(report), ...proofLines(report, paint));
  if (UNSOLVED.has(report.outcome) && report.search !== null)
    lines.push(...faultSections(report.search, LISTED, paint));
  if (report.diff) lines.push('', ...diffLines(report.diff, paint));
  if (report.next.length > 0) {
    lines.push('');
    const width = Math.max(...report.next.map((each) => each.purpose.length));
    for (const { purpose, command } of report.next)
      lines.push(`${purpose.padEnd(width)}  ${paint('strong', typeable(command, view.program))}`);
  }
  return `${lines.join('\n')}\n`;
}

function faultLines(report: SolveReport): string[] {
  const lines: string[] = [];
  if (report.fault) lines.push(`fault     ${plainText(report.fault.reason)}`);
  if (report.since) lines.push(`since     ${plainText(report.since)}`);
  if (report.candidatesTried > 0) {
    const tried = `${plural(report.candidatesTried, 'candidate')} tried in ${plural(report.attempts, 'attempt')}`;
    lines.push(`search    ${tried}, ${duration(report.runningMs)} in all`);
  }
  return lines;
}

function testLines({ testsBefore, testsAfter }: SolveReport): string[] {
  const lines: string[] = [];
  const counts = (tests: { passed: number; failed: number; skipped: number }): string =>
    `${tests.passed} passed, ${tests.failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`;
  if (testsBefore) {
    lines.push(`before    ${counts(testsBefore)}`);
    for (const id of testsBefore.failing.slice(0, LISTED_TESTS)) lines.push(`            ✗ ${plainText(id)}`);
    const more = testsBefore.failing.length - LISTED_TESTS;
    if (more > 0) lines.push(`            … and ${more} more`);
  }
  if (testsAfter) lines.push(`after     ${counts(testsAfter)}`);
  return lines;
}

function proofLines(report: SolveReport, paint: Paint): string[] {
  const lines: string[] = [];
  if (report.branch)
    lines.push(`branch    ${report.branch} at ${report.commit?.slice(0, 10) ?? 'no commit'}`);
  if (report.certificate) {
    const { verdict, digest, path, reasons } = report.certificate;
    lines.push(
      `proof     ${paint(verdict === 'passed' ? 'good' : 'bad', verdict)} ${digest.slice(0, SHOWN_DIGEST_CHARS)}…`,
      `          ${path}`,
    );
    for (const reason of reasons) lines.push(`            ${plainText(reason)}`);
  }
  if (report.isolation) lines.push(`isolation ${report.isolation}`);
  return lines;
}

/** A diff with additions and removals coloured. */
export function diffLines(diff: string, paint: Paint): string[] {
  return plainText(diff)
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line.startsWith('+') && !line.startsWith('+++')) return paint('good', line);
      if (line.startsWith('-') && !line.startsWith('---')) return paint('bad', line);
      return line.startsWith('@@') ? paint('faint', line) : line;
    });
}
