// The bundled sample: laid out afresh as a git repository with a short history, the same commits every time.
import { chmod, mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { createRepository, type NewCommit } from '#sandbox/new-repository.ts';

const sampleHistory = z.strictObject({
  schema: z.literal('cambium.sample/1'),
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  ticket: z.string(),
  author: z.strictObject({ name: z.string(), email: z.string() }),
  commits: z
    .array(z.strictObject({ message: z.string(), date: z.string(), files: z.record(z.string(), z.string()) }))
    .min(1),
});

export interface SampleParts {
  /** Directory of the sample's files and its history.json. */
  readonly sampleDirectory: string;
  /** Data directory; repositories go to `<home>/samples/`. */
  readonly home: string;
}

export interface Sample {
  /** Work tree of the fresh repository. */
  readonly path: string;
  /** The title that its ticket deserves. */
  readonly title: string;
}

/** A fresh repository of its own each time, so that earlier branches stay where their tickets point. */
export async function prepareSample(parts: SampleParts): Promise<Sample> {
  const text = await readFile(join(parts.sampleDirectory, 'history.json'), 'utf8');
  const history = sampleHistory.parse(JSON.parse(text));
  const samples = join(parts.home, 'samples');
  await mkdir(samples, { recursive: true, mode: 0o755 });
  const path = await mkdtemp(join(samples, `${history.name}-`));
  // The sandbox's user must be able to pass through.
  await chmod(path, 0o755);
  const commits: NewCommit[] = [];
  for (const { message, date, files } of history.commits) {
    const contents = new Map<string, Buffer>();
    for (const [inRepository, source] of Object.entries(files)) {
      contents.set(inRepository, await readFile(join(parts.sampleDirectory, source)));
    }
    commits.push({ message, dateIso: date, identity: history.author, files: contents });
  }
  await createRepository(path, commits);
  return { path, title: history.ticket };
}
