// Small programs of the system that Cambium itself needs on the host; arguments only, no shell, no environment.
import { execFile } from 'node:child_process';
import { AppError } from '#foundation/errors.ts';

const WALL_MS = 120_000;

/** Runs a program to its end. Throws COMMAND_FAILED with what it complained about. */
export async function hostCommand(file: string, args: readonly string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(file, args, { env: { LC_ALL: 'C' }, cwd: '/', timeout: WALL_MS }, (error, _stdout, stderr) => {
      if (!error) return resolve();
      const message = `${file} failed: ${stderr.trim() || error.message}`.slice(0, 600);
      reject(new AppError('COMMAND_FAILED', { message, cause: error }));
    });
  });
}
