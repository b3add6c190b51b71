// Asks the project's own TypeScript what each of several versions of it says: runs inside the sandbox, reads one JSON object
// on standard input and writes one JSON line a version. The tree itself is not written to: a version is a folder of links.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TypeQuestion {
  /** Absolute: the package that has the configuration. */
  readonly directory: string;
  /** Name of the configuration in it. */
  readonly configuration: string;
  /** Changed texts by path from `directory`; the first version is the unchanged one. */
  readonly versions: readonly Readonly<Record<string, string>>[];
  /** One version at most, milliseconds. */
  readonly limitMs: number;
}

export interface TypeAnswer {
  readonly version: number;
  /** File, code and words of each error, without its line; null when the compiler gave no answer. */
  readonly errors: readonly string[] | null;
}

const ERROR = /^(\S.*?)\(\d+,\d+\): error (TS\d+): (.*)$/;
/** Errors of the configuration or of the command line have no place. */
const PLACELESS = /^error (TS\d+): (.*)$/;

/** A folder in which everything leads to the tree, but for the changed files and the folders that hold them. */
function linked(directory: string, shadow: string, texts: Readonly<Record<string, string>>): void {
  const apart = new Set(
    Object.keys(texts).flatMap((path) =>
      path.split('/').map((_, at, parts) => parts.slice(0, at + 1).join('/')),
    ),
  );
  const fill = (inside: string) => {
    mkdirSync(join(shadow, inside), { recursive: true });
    for (const name of readdirSync(join(directory, inside))) {
      const path = inside === '' ? name : `${inside}/${name}`;
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
      if (text !== undefined) writeFileSync(join(shadow, path), text);
      else if (apart.has(path)) fill(path);
      else if (name !== '.git') symlinkSync(join(directory, path), join(shadow, path));
    }
  };
  fill('');
}

/** The compiler of the package or of a folder above it, as far as the tree goes. */
function compilerFor(directory: string): string | null {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, 'node_modules/typescript/bin/tsc');
    if (existsSync(path)) return path;
    if (at === dirname(at)) return null;
  }
}

function errorsOf(output: string): string[] {
  return output.split('\n').flatMap((line) => {
    const placed = ERROR.exec(line);
    if (placed !== null) return [`${placed[1]} ${placed[2]} ${placed[3]}`];
    const other = PLACELESS.exec(line);
    return other === null ? [] : [`${other[1]} ${other[2]}`];
  });
}

function answer(question: TypeQuestion, compiler: string, scratch: string): void {
  const { configuration, directory, versions, limitMs } = question;
  versions.forEach((texts, version) => {
    const shadow = join(scratch, String(version));
    linked(directory, shadow, texts);
    const options = ['--noEmit', '--pretty', 'false', '-p', configuration];
    const { status, stdout } = spawnSync(process.execPath, [compiler, ...options], {
      cwd: shadow,
      timeout: limitMs,
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    const errors = status === null ? null : errorsOf(stdout);
    // Ended badly without a word about why: nothing is known.
    const told = status !== 0 && errors?.length === 0 ? null : errors;
    process.stdout.write(`${JSON.stringify({ version, errors: told } satisfies TypeAnswer)}\n`);
  });
}

if (import.meta.main) {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const question = JSON.parse(Buffer.concat(chunks).toString('utf8')) as TypeQuestion;
  const compiler = compilerFor(question.directory);
  const scratch = mkdtempSync(join(tmpdir(), 'cambium-types-'));
  try {
    if (compiler !== null) answer(question, compiler, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
