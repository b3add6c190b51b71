// The board: tickets in columns that are views of their phases, and the figures that follow from phase history (O55, O56).
import { z } from 'zod';
import { priority } from './ticket.ts';

export const laneKind = z.enum(['none', 'project', 'priority']);
export type LaneKind = z.infer<typeof laneKind>;

export const boardCard = z.strictObject({
  id: z.string(),
  key: z.string(),
  title: z.string(),
  priority,
  projectName: z.string(),
  phase: z.string(),
  /** Why it is blocked; null when it is not. */
  blocked: z.string().nullable(),
  /** Since when it stands in its phase. */
  since: z.string().nullable(),
});
export type BoardCard = z.infer<typeof boardCard>;

const cell = z.strictObject({
  column: z.string(),
  cards: z.array(boardCard),
  /** Tickets of the cell that are not among `cards`. */
  more: z.int(),
});
export type BoardCell = z.infer<typeof cell>;

export const boardColumnView = z.strictObject({
  id: z.string(),
  name: z.string(),
  colour: z.string(),
  terminal: z.boolean(),
  phases: z.array(z.string()),
  /** Tickets of a project in it at once; null for any number. */
  wipLimit: z.int().nullable(),
  /** Tickets in its phases; those that are blocked count, and are shown in the column of the blocked. */
  count: z.int(),
  blocked: z.int(),
});
export type BoardColumnView = z.infer<typeof boardColumnView>;

export const wipViolation = z.strictObject({
  projectName: z.string(),
  column: z.string(),
  count: z.int(),
  limit: z.int(),
});

export const board = z.strictObject({
  /** Null for all projects. */
  projectName: z.string().nullable(),
  columns: z.array(boardColumnView),
  lanes: z.array(z.strictObject({ name: z.string(), cells: z.array(cell) })),
  /** Tickets that keep no workflow, and so have no column. */
  outside: z.int(),
  violations: z.array(wipViolation),
  /** When this was read. */
  at: z.string(),
});
export type Board = z.infer<typeof board>;

/** A figure over `n` tickets; null where there are too few to say one. */
const spread = z.strictObject({
  n: z.int(),
  p50Ms: z.number().nullable(),
  p85Ms: z.number().nullable(),
});
export type Spread = z.infer<typeof spread>;

export const boardStats = z.strictObject({
  projectName: z.string().nullable(),
  days: z.int(),
  /** Below this many tickets no figure is given. */
  floor: z.int(),
  /** From leaving the first phase to the end, of tickets that came to the end within `days`. */
  cycle: spread,
  throughput: z.strictObject({ n: z.int(), perWeek: z.number().nullable() }),
  /** Of tickets that are in it now: how long they are. */
  ages: z.array(z.strictObject({ column: z.string(), age: spread, oldest: z.string().nullable() })),
  violations: z.array(wipViolation),
});
export type BoardStats = z.infer<typeof boardStats>;
