// Verbs about repositories, proofs, the machine, the configuration and the database.
import type { Verbs } from './verb.ts';

export const CARE_VERBS = {
  'project.init': {
    effect: 'write',
    summary: 'Write .cambium/config.yaml for a repository after detecting its language and tests',
    load: async () => (await import('../init.ts')).initProject,
  },
  verify: {
    effect: 'read',
    summary: 'Re-run the checks of a certificate on its exact commit and compare',
    load: async () => (await import('../verify.ts')).verify,
  },
  doctor: {
    effect: 'read',
    summary: 'Check everything that Cambium needs on this machine',
    load: async () => (await import('../doctor.ts')).doctor,
  },
  'config.show': {
    effect: 'read',
    summary: 'Show the configuration and where each value comes from',
    load: async () => (await import('../show-config.ts')).showConfig,
  },
  'database.check': {
    effect: 'read',
    summary: 'Compare the database schema with the one this version expects',
    load: async () => (await import('../database.ts')).checkDatabase,
  },
  'database.migrate': {
    effect: 'write',
    summary: 'Apply the pending migrations',
    load: async () => (await import('../database.ts')).migrateDatabase,
  },
} as const satisfies Verbs;
