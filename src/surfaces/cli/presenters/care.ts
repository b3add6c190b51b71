// How proofs, the machine, the configuration and the database read as text.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const CARE_PRESENTERS = {
  init: initText,
  verify: verifyText,
  doctor: doctorText,
  config: configText,
  origins: originsText,
  database: databaseText,
  migrated: migratedText,
};

function initText(output: Out<'project.init'>): string {
  const { profile } = output;
  const tests = profile.tests ? `${profile.tests.runner}: ${profile.tests.argv.join(' ')}` : 'none found';
  const head = output.written ? `wrote ${output.file}` : `would write ${output.file}:\n\n${output.text}`;
  return `${head}\nlanguage  ${profile.primary ?? 'none that can be repaired'}\ntests     ${plainText(tests)}\n\nnext: cambium solve\n`;
}

function verifyText(output: Out<'verify'>, { paint }: Presenting): string {
  const word = output.confirmed ? paint('good', 'confirmed') : paint('bad', 'not confirmed');
  const lines = [
    `${word}  ${output.verdict}  ${output.digest}`,
    `commit    ${output.commit} in ${output.repository}`,
    ...output.checks.map(
      (each) =>
        ` ${each.verdict === 'passed' ? paint('good', '✓') : paint('bad', '✗')} ${each.name.padEnd(10)} ${plainText(each.summary)}`,
    ),
    ...output.differences.map((each) => `${paint('bad', 'differs:')} ${plainText(each)}`),
    ...output.notes.map((each) => paint('faint', `note: ${plainText(each)}`)),
  ];
  return `${lines.join('\n')}\n`;
}

const MARKS = { ok: ['good', '✓'], warning: ['warn', '!'], failed: ['bad', '✗'] } as const;

function doctorText(output: Out<'doctor'>, { paint }: Presenting): string {
  const lines = output.checks.flatMap((each) => {
    const [tone, mark] = MARKS[each.status];
    const next = each.next === null ? [] : [`                    next: ${plainText(each.next)}`];
    return [` ${paint(tone, mark)} ${each.name.padEnd(15)}  ${plainText(each.summary)}`, ...next];
  });
  return `${lines.join('\n')}\n`;
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

function configText(output: Out<'config.show'>, { terminal }: Presenting): string {
  return table(
    ['KEY', 'VALUE', 'MEANING'],
    output.keys.map((key) => [key.path, shown(key.value), key.description]),
    terminal,
  );
}

function originsText(output: Out<'config.show'>): string {
  return output.keys
    .flatMap((key) => [
      `${key.path} = ${shown(key.value)}  (${key.origin})`,
      ...key.overrides.map((each) => `    overrides ${shown(each.value)}  (${each.origin})`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function databaseText(output: Out<'database.check'>, { paint }: Presenting): string {
  const head = `PostgreSQL ${output.version} at ${output.where}`;
  if (output.matches) return `${paint('good', 'ok')}  ${head}: the schema is the expected one\n`;
  const lines = [
    `${paint('bad', 'mismatch')}  ${head}`,
    ...output.problems.map((each) => `  ${each}`),
    ...output.pending.map((each) => `  pending migration ${each}`),
    output.pending.length > 0 ? 'next: cambium db migrate' : DRIFTED,
  ];
  return `${lines.join('\n')}\n`;
}

const DRIFTED =
  'next: no migration mends this; undo what was changed by hand, restore a backup, or name an empty database';

function migratedText({ applied, problems }: Out<'database.migrate'>): string {
  const done = applied.map((name) => `applied ${name}`);
  if (problems.length > 0)
    done.push('the schema still differs', ...problems.map((each) => `  ${each}`), DRIFTED);
  else if (done.length === 0) done.push('nothing to do: the schema is up to date');
  return `${done.join('\n')}\n`;
}
