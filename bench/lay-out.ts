// Lays out a benchmark set as git repositories: node bench/lay-out.ts SET TARGET [--check] [--only NAME]…
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, readCaseFile } from './cases/case.ts';
import { readJavaScriptCase } from './cases/javascript.ts';
import { readCheckCase, readQuixBugsCase } from './cases/python.ts';
import { checkCase, layOut } from './cases/repository.ts';

const USAGE = `Usage: node bench/lay-out.ts SET TARGET [--check] [--only NAME]…
  SET     folder of cases, each with buggy.*, fixed.* and test.*
  TARGET  where the repositories go; those of an earlier layout are replaced
  --check run each case's tests on this machine: the bug must fail, the reference must pass`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});
const [from, to] = positionals;
if (!from || !to) {
  console.error(USAGE);
  process.exit(2);
}

const set = resolve(from);
const target = resolve(to);
await mkdir(target, { recursive: true });
const names = await caseNames(set);
const wanted = values.only ?? names;
const broken: string[] = [];
for (const name of names.filter((each) => wanted.includes(each))) {
  const item = await readCase(name, join(set, name));
  const directory = join(target, name);
  await rm(directory, { recursive: true, force: true });
  await layOut(item, directory);
  if (!values.check) continue;
  const { buggyFails, fixedPasses } = await checkCase(item, directory);
  if (!buggyFails || !fixedPasses) {
    broken.push(name);
    console.log(
      `${name}: ${buggyFails ? '' : 'the bug passes; '}${fixedPasses ? '' : 'the reference fails'}`,
    );
  }
}
const count = names.filter((each) => wanted.includes(each)).length;
console.log(`${basename(set)}: ${count} laid out${values.check ? `, ${count - broken.length} hold` : ''}`);
process.exitCode = broken.length > 0 ? 1 : 0;

async function caseNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function readCase(name: string, directory: string): Promise<Case> {
  if ((await readCaseFile(directory, 'buggy.js')) !== null) return readJavaScriptCase(name, directory);
  const tests = await readCaseFile(directory, 'test.py');
  return tests !== null && /^def check\(/m.test(tests)
    ? readCheckCase(name, directory)
    : readQuixBugsCase(name, directory);
}
