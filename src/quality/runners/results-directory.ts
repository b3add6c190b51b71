// The directory through which a sandboxed runner hands over its report; what comes back is untrusted.
import { chmod, constants, copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDirectory } from '#sandbox/remove.ts';
import { makeScratch } from '#sandbox/scratch.ts';

/** Largest report that is read, bytes. */
export const MAX_REPORT_BYTES = 32 * 1024 * 1024;

export interface ReportText {
  /** Decoded with replacement; empty when there is no report. */
  readonly text: string;
  /** True when the report was larger than `MAX_REPORT_BYTES` and only its head was read. */
  readonly cut: boolean;
  /** Set when something lies there that is no plain file. */
  readonly problem: string | null;
}

export interface ResultsDirectory extends AsyncDisposable {
  readonly path: string;
  /** Reads a report without following links and without waiting on pipes. */
  read(name: string): Promise<ReportText>;
}

/** A fresh directory with the reporters in it; the sandbox gives it to whom it runs commands as. */
export async function createResultsDirectory(assets: readonly string[]): Promise<ResultsDirectory> {
  const path = makeScratch('results');
  for (const asset of assets) {
    const target = join(path, asset);
    await copyFile(new URL(`./inside/${asset}`, import.meta.url), target);
    await chmod(target, 0o644);
  }
  return {
    path,
    read: (name) => readReport(join(path, name)),
    [Symbol.asyncDispose]: () => removeDirectory(path),
  };
}

async function readReport(path: string): Promise<ReportText> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    await using handle = await open(path, flags);
    const { size } = await handle.stat().then((stats) => ({ size: stats.isFile() ? stats.size : -1 }));
    if (size < 0) return { text: '', cut: false, problem: 'the test report is not a plain file' };
    const bytes = Buffer.alloc(Math.min(size, MAX_REPORT_BYTES));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const text = bytes.subarray(0, filled).toString('utf8');
    return { text, cut: size > MAX_REPORT_BYTES, problem: null };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT') return { text: '', cut: false, problem: null };
    return { text: '', cut: false, problem: `the test report cannot be read (${String(code ?? error)})` };
  }
}
