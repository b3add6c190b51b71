// The named places of the work on a ticket where tests let the process die; in production passing one does nothing.

/** Before and after every effect of a visit to a phase, in the order of a visit that goes well. */
export const DRIVE_POINTS = [
  'drive.claimed',
  'enter.before-commit',
  'enter.after-commit',
  'body.before-start',
  'body.half-started',
  'body.after-start',
  'body.after-run',
  'body.after-commit',
  'collect.before-commit',
  'collect.half-written',
  'collect.after-commit',
  'gate.before-evaluation',
  'gate.after-evaluation',
  'gate.half-written',
  'gate.after-commit',
  'move.half-written',
  'move.before-commit',
  'move.after-commit',
  'rest.before-commit',
  'rest.after-commit',
] as const;
export type DrivePoint = (typeof DRIVE_POINTS)[number];

/** Called at each point with the phase that the ticket is in. */
export type DriveProbe = (point: DrivePoint, phase: string) => void;
