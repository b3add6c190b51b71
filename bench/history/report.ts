// The totals of a run over real history, as Markdown: shares with their counts, by library and by failure class.
import { median, table } from '../measuring/figures.ts';
import { FAILURES, type Row } from './examine.ts';

const LINES_FIRST = 5;
const CLOSE = 10;

/** One line for the console while a run goes on. */
export function rowLine(row: Row): string {
  const name = `${row.repository} ${row.commit.slice(0, 10)}`.padEnd(36);
  if (row.unusable !== null) return `${name} unusable: ${row.unusable.slice(0, 140)}`;
  if (row.ending === '') return `${name} green with the fix`;
  const rate = Math.round(row.tried / Math.max(0.001, row.seconds));
  return [
    name,
    (row.failure ?? 'plausible, untold').padEnd(20),
    `${row.validation} ${row.ending}`.padEnd(18),
    `file ${row.fileRank ?? '-'}${row.filesFirst > 1 ? `/${row.filesFirst}` : ''}`,
    `line ${row.lineAveraged ?? '-'} (${row.lineBest ?? '-'})`,
    `${row.tried} tried ${row.seconds.toFixed(1)} s ${rate}/s`,
    `${row.plausible} plausible, fix at ${row.fixRank ?? '-'}`,
    row.best === null ? '' : `${row.best.template}: ${row.best.reason}`.slice(0, 100),
    row.notes.join('; ').slice(0, 160),
  ].join('  ');
}

/** `parts` groups repositories (development, held out, all). */
export function renderReport(rows: readonly Row[], parts: ReadonlyMap<string, readonly string[]>): string {
  const used = rows.filter(({ unusable }) => unusable === null);
  const groups = [...parts].map(([name, repositories]) => ({
    name,
    rows: used.filter(({ repository }) => repositories.includes(repository)),
  }));
  const columns = [...groups, { name: 'all', rows: used }].filter((group) => group.rows.length > 0);
  const head = ['measure', ...columns.map((group) => `${group.name} (${group.rows.length})`)];
  const measures = MEASURES.map(({ name, value }) => [name, ...columns.map((group) => value(group.rows))]);
  const libraries = [...new Set(rows.map(({ repository }) => repository))].map((repository) => {
    const own = used.filter((row) => row.repository === repository);
    const unusable =
      rows.length - rows.filter((row) => row.unusable === null || row.repository !== repository).length;
    return [
      repository,
      String(own.length),
      String(unusable),
      ...MEASURES.slice(0, 7).map(({ value }) => value(own)),
    ];
  });
  const failures = FAILURES.map((failure) => [
    failure,
    ...columns.map((group) => String(group.rows.filter((row) => row.failure === failure).length)),
  ]);
  return [
    table(head, measures),
    table(['library', 'cases', 'unusable', ...MEASURES.slice(0, 7).map(({ name }) => name)], libraries),
    table(['ended as', ...columns.map((group) => group.name)], failures),
  ].join('\n\n');
}

interface Measure {
  readonly name: string;
  readonly value: (rows: readonly Row[]) => string;
}

const MEASURES: readonly Measure[] = [
  { name: 'faulty file first', value: share((row) => row.fileRank === 1 && row.filesFirst === 1) },
  {
    name: `line in the first ${LINES_FIRST}, ties averaged`,
    value: share((row) => within(row.lineAveraged, LINES_FIRST)),
  },
  { name: 'plausible', value: share((row) => row.plausible > 0) },
  { name: 'plausible, all related tests green', value: share((row) => row.best?.relatedBroken.length === 0) },
  { name: 'behaves as the real fix at rank 1', value: share((row) => row.right === true) },
  { name: 'of those offered as a fix', value: (rows) => offered(rows) },
  { name: 'warm', value: share((row) => row.validation === 'warm') },
  { name: 'faulty file first or tied for it', value: share((row) => row.fileRank === 1) },
  {
    name: `line in the first ${LINES_FIRST}, best of a tie`,
    value: share((row) => within(row.lineBest, LINES_FIRST)),
  },
  {
    name: `line in the first ${CLOSE}, ties averaged`,
    value: share((row) => within(row.lineAveraged, CLOSE)),
  },
  { name: 'the real fix at rank 1', value: share((row) => row.fixRank === 1) },
  { name: 'the real fix in the list', value: share((row) => row.fixRank !== null) },
  {
    name: 'space or time left unsearched',
    value: share((row) => row.plausible === 0 && row.ending !== 'exhausted'),
  },
  { name: 'candidates tried, median', value: (rows) => middle(rows.map((row) => row.tried)) },
  { name: 'candidates a second where warm, median', value: (rows) => middle(warmRates(rows)) },
  { name: 'seconds, median', value: (rows) => median(rows.map((row) => row.seconds)).toFixed(1) },
];

function warmRates(rows: readonly Row[]): number[] {
  return rows
    .filter((row) => row.validation === 'warm' && row.seconds > 0)
    .map((row) => row.tried / row.seconds);
}

/** Behaving as the real fix, among the changes that the engine itself stands behind. */
function offered(rows: readonly Row[]): string {
  const own = rows.filter((row) => row.offered?.as === 'fix');
  return own.length === 0 ? '–' : `${own.filter((row) => row.right === true).length} of ${own.length}`;
}

function middle(values: readonly number[]): string {
  return values.length === 0 ? '–' : String(Math.round(median(values)));
}

function within(place: number | null, limit: number): boolean {
  return place !== null && place <= limit;
}

function share(holds: (row: Row) => boolean): (rows: readonly Row[]) => string {
  return (rows) => {
    const count = rows.filter(holds).length;
    return rows.length === 0 ? '–' : `${count} (${Math.round((100 * count) / rows.length)} %)`;
  };
}
