// Gives a test run a directory for its database servers, and stops whatever was started in it.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { stopEmbedded } from '#database/embedded.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { SERVER_NAMES } from './servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Directory of this run's servers. */
    storageDirectory: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp('/tmp/cambium-test-');
  // The servers run as another user when the tests run as root.
  await chmod(directory, 0o755);
  project.provide('storageDirectory', directory);
  return async () => {
    const clock = createSystemClock();
    for (const name of SERVER_NAMES) await stopEmbedded({ home: join(directory, name), clock });
    await rm(directory, { recursive: true, force: true });
  };
}
