// Every verb of the product, once: its effect, one line of what it does, and where its code is. Cheap to load.

export type Effect = 'read' | 'write';

/** `load` is dynamic so that asking for the version or for help loads no database driver. */
export const CATALOGUE = {
  'project.init': {
    effect: 'write',
    summary: 'Write .cambium/config.yaml for a repository after detecting its language and tests',
    load: async () => (await import('./init.ts')).initProject,
  },
  solve: {
    effect: 'write',
    summary: 'Turn the failing tests of a repository into a proven fix on a branch of its own',
    load: async () => (await import('./solve.ts')).solve,
  },
  'ticket.list': {
    effect: 'read',
    summary: 'List tickets with their derived status',
    load: async () => (await import('./tickets.ts')).listTickets,
  },
  'ticket.show': {
    effect: 'read',
    summary: 'Show a ticket and its runs',
    load: async () => (await import('./tickets.ts')).showTicket,
  },
  'run.list': {
    effect: 'read',
    summary: 'List runs',
    load: async () => (await import('./runs.ts')).listRuns,
  },
  'run.show': {
    effect: 'read',
    summary: 'Show a run: steps, faults, attempts, certificate',
    load: async () => (await import('./runs.ts')).showRun,
  },
  'run.watch': {
    effect: 'read',
    summary: 'Follow the events of a run until it rests',
    load: async () => (await import('./runs.ts')).watchRun,
  },
  'run.diff': {
    effect: 'read',
    summary: 'The change of a run as a unified diff',
    load: async () => (await import('./runs.ts')).diffRun,
  },
  'run.logs': {
    effect: 'read',
    summary: 'The stored output of the commands of a run, step by step',
    load: async () => (await import('./runs.ts')).logsOfRun,
  },
  'run.pause': {
    effect: 'write',
    summary: 'Ask a run to pause at its last checkpoint',
    load: async () => (await import('./run-control.ts')).pauseRun,
  },
  'run.cancel': {
    effect: 'write',
    summary: 'Stop a run for good and remove what it made',
    load: async () => (await import('./run-control.ts')).cancelRun,
  },
  'run.resume': {
    effect: 'write',
    summary: 'Go on with a paused or interrupted run from its exact step',
    load: async () => (await import('./run-control.ts')).resumeRun,
  },
  'run.decide': {
    effect: 'write',
    summary: 'Approve or reject a run that waits for a person',
    load: async () => (await import('./run-control.ts')).decideRun,
  },
  work: {
    effect: 'write',
    summary: 'Work on queued runs and on runs whose worker died',
    load: async () => (await import('./run-control.ts')).work,
  },
  verify: {
    effect: 'read',
    summary: 'Re-run the checks of a certificate on its exact commit and compare',
    load: async () => (await import('./verify.ts')).verify,
  },
  doctor: {
    effect: 'read',
    summary: 'Check everything that Cambium needs on this machine',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  'config.show': {
    effect: 'read',
    summary: 'Show the configuration and where each value comes from',
    load: async () => (await import('./show-config.ts')).showConfig,
  },
  'database.check': {
    effect: 'read',
    summary: 'Compare the database schema with the one this version expects',
    load: async () => (await import('./database.ts')).checkDatabase,
  },
  'database.migrate': {
    effect: 'write',
    summary: 'Apply the pending migrations',
    load: async () => (await import('./database.ts')).migrateDatabase,
  },
} as const satisfies Record<string, { effect: Effect; summary: string; load: () => Promise<unknown> }>;

export type OperationName = keyof typeof CATALOGUE;

/** The operation of a name, with its types. */
export type OperationOf<N extends OperationName> = Awaited<ReturnType<(typeof CATALOGUE)[N]['load']>>;
