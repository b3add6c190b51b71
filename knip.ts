// What counts as used: everything reachable from the command, the scripts, the benchmarks and the tests.
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/main.ts',
    'scripts/*.ts',
    'bench/*.ts',
    'test/**/*.test.ts',
    // Started by their path inside the sandbox.
    'src/repair/harness/javascript.ts',
    'src/repair/harness/javascript-worker.ts',
  ],
  project: ['bin/**/*.js', 'src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts'],
  ignore: ['examples/**'],
  ignoreBinaries: ['mkfifo', 'mount', 'umount'],
  // Dead is what nothing uses; what its own file uses is alive, exported or not.
  ignoreExportsUsedInFile: true,
  ignoreDependencies: [
    // Runners that the suites start as a user's repository would.
    'jest',
    'mocha',
  ],
};

export default config;
