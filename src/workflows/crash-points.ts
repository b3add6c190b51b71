// The named places of a run where tests let the process die; in production passing one does nothing.

/** Before and after every side effect of the run engine, in the order of a run that goes well. */
export const CRASH_POINTS = [
  'start.before-commit',
  'start.after-commit',
  'claim.before-commit',
  'claim.after-commit',
  'workspace.before-prepare',
  'workspace.after-prepare',
  'workspace.after-reset',
  'step.before-work',
  'step.after-work',
  'tree.before-keep',
  'tree.after-keep',
  'coding.after-edit',
  'verifying.after-commit-object',
  'verifying.after-certificate',
  'branch.before-update',
  'branch.after-update',
  'move.half-written',
  'move.before-commit',
  'move.after-commit',
  'rest.before-cleanup',
  'rest.after-workspace-removed',
  'rest.after-refs-removed',
  'rest.before-job-completed',
  'rest.after-job-completed',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Called at each point with the state the run is in. */
export type CrashProbe = (point: CrashPoint, state: string) => void;
