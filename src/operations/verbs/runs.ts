// Verbs about runs.
import type { Verbs } from './verb.ts';

export const RUN_VERBS = {
  solve: {
    effect: 'write',
    summary: 'Turn the failing tests of a repository into a proven fix on a branch of its own',
    load: async () => (await import('../solve.ts')).solve,
  },
  'run.list': {
    effect: 'read',
    summary: 'List runs',
    load: async () => (await import('../runs.ts')).listRuns,
  },
  'run.show': {
    effect: 'read',
    summary: 'Show a run: steps, faults, attempts, certificate',
    load: async () => (await import('../runs.ts')).showRun,
  },
  'run.watch': {
    effect: 'read',
    summary: 'Follow the events of a run until it rests',
    load: async () => (await import('../runs.ts')).watchRun,
  },
  'run.diff': {
    effect: 'read',
    summary: 'The change of a run as a unified diff',
    load: async () => (await import('../runs.ts')).diffRun,
  },
  'run.logs': {
    effect: 'read',
    summary: 'The stored output of the commands of a run, step by step',
    load: async () => (await import('../runs.ts')).logsOfRun,
  },
  'run.pause': {
    effect: 'write',
    summary: 'Ask a run to pause at its last checkpoint',
    load: async () => (await import('../run-control.ts')).pauseRun,
  },
  'run.cancel': {
    effect: 'write',
    summary: 'Stop a run for good and remove what it made',
    load: async () => (await import('../run-control.ts')).cancelRun,
  },
  'run.resume': {
    effect: 'write',
    summary: 'Go on with a paused or interrupted run from its exact step',
    load: async () => (await import('../run-control.ts')).resumeRun,
  },
  'run.decide': {
    effect: 'write',
    summary: 'Approve or reject a run that waits for a person',
    load: async () => (await import('../run-control.ts')).decideRun,
  },
  work: {
    effect: 'write',
    summary: 'Work on queued runs and on runs whose worker died',
    load: async () => (await import('../run-control.ts')).work,
  },
} as const satisfies Verbs;
