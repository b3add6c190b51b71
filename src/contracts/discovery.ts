// Discoveries: what an agent finds while it works on something else, and what became of it (O51, O52).
import { z } from 'zod';

export const DISCOVERY_TYPES = [
  'bug',
  'optimization',
  'clarification_needed',
  'new_component',
  'security_issue',
  'performance_issue',
  'missing_requirement',
  'integration_issue',
  'technical_debt',
  'diagnostic_stuck',
  'diagnostic_failure',
] as const;
export const discoveryType = z.enum(DISCOVERY_TYPES);

export const discoveryResolution = z.enum(['open', 'in_progress', 'resolved', 'invalid']);

export const newDiscovery = z.strictObject({
  sourceTaskId: z.string().min(1),
  type: discoveryType,
  title: z.string().trim().min(1).max(200),
  description: z.string().max(20_000).default(''),
  /** Who found it. */
  by: z.string().min(1).max(200),
  /** The new task gets the priority one step above that of the source. */
  priorityBoost: z.boolean().default(false),
  /** Effort that resolving it will take, minutes; absent is unknown and asks a person. */
  estimateMinutes: z.int().min(1).max(100_000).optional(),
  /** Capabilities and files of the task to come. */
  capabilities: z.array(z.string().min(1).max(200)).max(50).default([]),
  files: z.array(z.string().min(1).max(1_000)).max(500).default([]),
  metadata: z.record(z.string(), z.json()).default({}),
});
export type NewDiscovery = z.input<typeof newDiscovery>;

export const discovery = z.strictObject({
  id: z.string(),
  /** `DSC-7` */
  key: z.string(),
  projectId: z.string(),
  ticketId: z.string(),
  sourceTaskId: z.string(),
  type: discoveryType,
  title: z.string(),
  description: z.string(),
  fingerprint: z.string(),
  depth: z.int().min(1),
  priorityBoost: z.boolean(),
  estimateMinutes: z.int().nullable(),
  resolution: discoveryResolution,
  /** Why a person has to decide first; null when there is a task, or was. */
  triage: z.string().nullable(),
  /** How often it was reported. */
  seen: z.int().min(1),
  metadata: z.record(z.string(), z.json()),
  discoveredBy: z.string(),
  discoveredAt: z.string(),
  resolvedBy: z.string().nullable(),
  resolvedAt: z.string().nullable(),
  note: z.string().nullable(),
  spawnedTaskIds: z.array(z.string()),
});
export type Discovery = z.infer<typeof discovery>;
