// Blind reading of what the engine offered for real faults: makes the sheet for readers, and evaluates two readings.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT } from '#foundation/errors.ts';
import { row } from './history/examine.ts';
import { answers, evaluate, type SheetEntry, sheetOf } from './history/sheet.ts';

const USAGE = `Usage: node bench/read-history.ts sheet ROWS DIR [--all]
       node bench/read-history.ts evaluate ROWS DIR READING1 READING2
  ROWS     what bench/real-history.ts wrote with --out
  DIR      gets sheet.md, for readers, and key.json, which readers must not see
  READING  JSON object: the id of an entry, then "both", "a", "b" or "neither" (which of the two mends the fault)
  --all    also entries that later tests or generated inputs have already refused`;

const INSTRUCTION = `# Which of the two mends the fault?

Each entry names a fault and shows two changes of the same code, one of them the developers' own, in random order. For each, read both and answer
with one word: \`both\` mend the fault as described without breaking other behaviour that a user relies on, only \`a\`, only \`b\`, or \`neither\`.
A change that only suits the inputs that a test happens to use does not mend it. Write a JSON object from ids to answers.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
});
const [verb, rowsPath, directory, ...readings] = positionals;
if (!rowsPath || !directory || (verb === 'evaluate' ? readings.length !== 2 : verb !== 'sheet')) {
  console.error(USAGE);
  process.exit(EXIT.usage);
}
const lines = (await readFile(rowsPath, 'utf8')).split('\n').filter((line) => line !== '');
const rows = [
  ...new Map(lines.map((line) => row.parse(JSON.parse(line))).map((one) => [one.commit, one])).values(),
];
const keyPath = join(directory, 'key.json');

if (verb === 'sheet') {
  const wanted = rows.filter(({ right, best }) => best !== null && (values.all || right !== false));
  const entries = sheetOf(wanted, Number(values.seed));
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, 'sheet.md'),
    `${INSTRUCTION}\n${entries.map(({ text }) => text).join('\n')}`,
  );
  await writeFile(keyPath, JSON.stringify(entries, null, 1));
  console.log(
    `${entries.length} entries; ${rows.filter(({ best }) => best?.sameProgram).length} more are the real fix itself`,
  );
} else {
  const key = JSON.parse(await readFile(keyPath, 'utf8')) as SheetEntry[];
  const [first = '{}', second = '{}'] = await Promise.all(readings.map((path) => readFile(path, 'utf8')));
  const reading = evaluate(key, answers.parse(JSON.parse(first)), answers.parse(JSON.parse(second)));
  const used = rows.filter(({ unusable }) => unusable === null);
  const right = used.filter(
    ({ best, right: behaves, commit }) =>
      best?.sameProgram === true || (behaves !== false && reading.bothRight.includes(commit)),
  );
  const share = ((100 * right.length) / used.length).toFixed(1);
  console.log(
    `${right.length} of ${used.length} (${share} %) right at rank 1: behaves as the real fix, and two readings agree\n` +
      `${reading.read} read, ${reading.bothRight.length} right for both, ${reading.disputed.length} disputed; ` +
      `agreement ${(100 * reading.agreement).toFixed(0)} %, kappa ${reading.kappa.toFixed(2)}`,
  );
  for (const { repository, commit, best } of right)
    console.log(`${repository} ${commit.slice(0, 10)} ${best?.template}`);
}
