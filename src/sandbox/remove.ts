// Removing a directory in which foreign code was at work.
import { rm } from 'node:fs/promises';
import { hostCommand } from './process/host-command.ts';

/**
 * Removes it with everything inside; nothing happens when it is not there. Foreign code may have made directories
 * that Node cannot walk: too deep, or without the right to enter. @throws AppError COMMAND_FAILED.
 */
export async function removeDirectory(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch {
    await hostCommand('/bin/chmod', ['-R', 'u+rwx', '--', directory]).catch(() => undefined);
    await hostCommand('/bin/rm', ['-rf', '--one-file-system', '--', directory]);
  }
}
