// A change that the project's own type checker objects to comes after one that it does not, and is never called a fix.
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { createManualClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createAssessor } from '#repair/assess/assess.ts';
import { readConfidence } from '#repair/assess/confidence.ts';
import { createTypeChecker } from '#repair/assess/type-check.ts';
import type { Idea } from '#repair/enumerate.ts';
import type { RepairRequest } from '#repair/request.ts';
import { readSources } from '#repair/sources.ts';
import { createSandbox } from '#sandbox/runner.ts';

const SOURCE = `export interface Item { readonly id: number; readonly label: string }
export const first = (items: readonly Item[]): string => items[0]!.label;
export const wrong: number = 'an error that was there before';
`;
const PLAIN =
  '/** @param {{ label: string }[]} items @returns {string} */\nexport const first = (items) => items[0].label;\n';
const CONFIGURATION = { strict: true, module: 'nodenext', types: [], skipLibCheck: true, noEmit: true };

interface Project {
  readonly file: string;
  readonly text: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly directory?: string;
}

async function assessed({ file, text, options = {}, directory = '.' }: Project) {
  const root = await mkdtemp(join(tmpdir(), 'cambium-types-test-'));
  try {
    const configuration = JSON.stringify({
      compilerOptions: { ...CONFIGURATION, ...options },
      include: ['src'],
    });
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, directory, 'tsconfig.json'), configuration);
    await writeFile(join(root, file), text);
    await symlink(resolve('node_modules'), join(root, 'node_modules'));
    const workspace = { root, mounts: [], read: (path: string) => readFile(join(root, path), 'utf8') };
    const { files } = await readSources([file], 'javascript', { workspace, pointers: [] });
    const plan = { runner: 'vitest', argv: [], directory, origin: 'test' } as const;
    const request = { workspace, plan, failing: [{}], passing: [], seed: 1 } as unknown as RepairRequest;
    const clock = createManualClock();
    const sandbox = createSandbox({ rung: 'none', clock, log: createLog({ level: 'silent' }) });
    const table = readConfidence().javascript;
    const own = createAssessor({
      request,
      family: 'javascript',
      files,
      observer: null,
      types: createTypeChecker({ sandbox, request, files }),
      tally: { near: () => ({ tried: 5, passed: 3 }) },
      confidence: { ...table, fix: { ...table.fix, intercept: 20 } },
      clock,
      deadlineMs: 60_000,
    });
    const at = text.indexOf('.label');
    const ideas = ['.id', '.label.trim()'].map(
      (member, index): Idea => ({
        template: index === 0 ? 'member' : 'wrap',
        kind: '',
        bits: index,
        cost: index,
        file,
        edits: [{ start: at, end: at + '.label'.length, text: member }],
        reason: member,
      }),
    );
    const ordered = await own.order(ideas);
    const toCandidate = (idea: Idea) => ({
      digest: idea.reason,
      template: idea.template,
      reason: idea.reason,
      edits: idea.edits.map((edit) => ({ ...edit, file })),
    });
    const saidOf = (list: readonly Idea[]) => own.assess(list, { toCandidate, confirmed: true });
    return {
      order: ordered.map((one) => one.reason),
      good: saidOf(ordered),
      bad: saidOf(ideas),
      left: (await readdir(root)).sort(),
    };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test('a cheaper change that adds a type error comes second and is no fix; errors that were there before count for nobody', async () => {
  const found = await assessed({ file: 'src/items.ts', text: SOURCE });
  expect(found.order).toEqual(['.label.trim()', '.id']);
  expect(found.good).toMatchObject({ offered: 'fix', open: [] });
  expect(found.bad?.offered).toBe('candidate');
  expect(found.bad?.open).toContain('The project’s type checker reports 1 new error with it');
  expect(found.left).toEqual(['node_modules', 'src', 'tsconfig.json']);
}, 60_000);

test('a package of a larger tree is checked with its own configuration, and JavaScript where the project checks it', async () => {
  const inside = await assessed({ file: 'packages/a/src/items.ts', text: SOURCE, directory: 'packages/a' });
  expect(inside.order).toEqual(['.label.trim()', '.id']);
  const plain = { file: 'src/items.js', text: PLAIN };
  const checked = await assessed({ ...plain, options: { allowJs: true, checkJs: true } });
  expect(checked.order).toEqual(['.label.trim()', '.id']);
  const unchecked = await assessed({ ...plain, options: { allowJs: true } });
  expect(unchecked.order).toEqual(['.id', '.label.trim()']);
  expect(unchecked.bad?.offered).toBe('fix');
}, 60_000);
