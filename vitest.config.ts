// Tests: one PostgreSQL of each kind a run, started when the first test asks for it and stopped at the end.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**', 'node_modules/**'],
    globalSetup: ['./test/support/global-setup.ts'],
    pool: 'forks',
    // Two even on two cores, where one would be the default: tests wait for processes more than they compute.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    unstubEnvs: true,
    restoreMocks: true,
  },
});
