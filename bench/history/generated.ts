// Compares a change with the real fix on generated inputs: one made-up test file evaluates expressions and writes what they give.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Harvest, harvest } from './harvest.ts';
import { besideOf } from './later.ts';
import type { Stage, Texts } from './stage.ts';

const MAX_MILLISECONDS = 300;
const OUTPUT = 'cambium-generated.txt';

const entry = z.tuple([z.int(), z.string()]);

export interface GeneratedResult {
  /** Expressions whose value is steady with the real fix. */
  readonly compared: number;
  /** Those that give something else with the change, with both values. */
  readonly different: readonly {
    readonly expression: string;
    readonly real: string;
    readonly ours: string;
  }[];
}

/** Null when nothing could be generated or evaluated for the case. */
export async function generatedInputs(
  stage: Stage,
): Promise<((change: Texts) => Promise<GeneratedResult>) | null> {
  const files = new Map<string, string>();
  const expressions: string[] = [];
  for (const test of stage.item.tests) {
    const found = harvest(test, await stage.read(test), seedOf(stage.item.commit));
    if (found === null || found.expressions.length === 0) continue;
    files.set(
      besideOf(test, 'generated'),
      probeFile(found, { runner: stage.plan.runner, from: expressions.length }),
    );
    expressions.push(...found.expressions);
  }
  if (files.size === 0) return null;
  const real = await values(stage, files, new Map([[stage.item.source, stage.fixed]]));
  const again = await values(stage, files, new Map([[stage.item.source, stage.fixed]]));
  const steady = [...real].filter(([index, value]) => again.get(index) === value);
  if (steady.length === 0) return null;
  return async (change) => {
    const ours = await values(stage, files, change);
    const different = steady
      .filter(([index, value]) => ours.get(index) !== value)
      .map(([index, value]) => ({
        expression: expressions[index] ?? '',
        real: value,
        ours: ours.get(index) ?? 'no value: the run did not end well',
      }));
    return { compared: steady.length, different };
  };
}

function seedOf(commit: string): number {
  return createHash('sha256').update(commit).digest().readUInt32LE(0);
}

/** What each expression gave, by its index. */
async function values(stage: Stage, files: Texts, change: Texts): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const path of files.keys()) {
    const { written } = await stage.runAndRead([path], new Map([...files, ...change]), OUTPUT);
    if (written === null) continue;
    for (const line of written.split('\n').filter((one) => one.endsWith(']'))) {
      const read = entry.safeParse(JSON.parse(line));
      if (read.success) found.set(read.data[0], read.data[1]);
    }
  }
  return found;
}

/** A test file with one test that evaluates each expression twice and writes down what both gave alike. */
function probeFile({ head, esm, expressions }: Harvest, at: { runner: string; from: number }): string {
  const load = (name: string, from: string) =>
    esm ? `import * as ${name} from '${from}';` : `const ${name} = require('${from}');`;
  const own =
    at.runner === 'vitest' || at.runner === 'node'
      ? `${load('cambiumRunner', at.runner === 'node' ? 'node:test' : 'vitest')}\nconst cambiumTest = cambiumRunner.test;`
      : `const cambiumTest = ${at.runner === 'mocha' ? 'globalThis.it' : 'test'};`;
  const probes = expressions.map((text, index) => `  [${at.from + index}, async () => (${text})],`);
  return `// @ts-nocheck
${head}
${load('cambiumFiles', 'fs')}
${load('cambiumUtil', 'util')}
${own}
const cambiumShow = async (make) => {
  const settle = (value) => Promise.race([value, new Promise((done) => setTimeout(done, ${MAX_MILLISECONDS}, 'cambium: never settles'))]);
  try {
    const value = await settle(make());
    return cambiumUtil.inspect(value, { depth: 5, breakLength: Infinity, maxArrayLength: 100, maxStringLength: 2000, sorted: false });
  } catch (error) {
    return 'throws ' + String(error && error.name) + ': ' + String(error && error.message).slice(0, 300);
  }
};
const cambiumProbes = [
${probes.join('\n')}
];
cambiumTest('evaluates generated inputs', async () => {
  for (const [index, make] of cambiumProbes) {
    const first = await cambiumShow(make);
    if (first !== (await cambiumShow(make))) continue;
    cambiumFiles.appendFileSync('${OUTPUT}', JSON.stringify([index, first]) + '\\n');
  }
}, 60000);
`;
}
