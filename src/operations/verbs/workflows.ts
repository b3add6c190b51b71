// Verbs about phases and workflows.
import type { Verbs } from './verb.ts';

export const WORKFLOW_VERBS = {
  'phase.list': {
    effect: 'read',
    summary: 'The phases of a ticket, and where it could go now',
    load: async () => (await import('../phases.ts')).listPhases,
  },
  'phase.advance': {
    effect: 'write',
    summary: 'Ask a ticket to go on to the next phase',
    load: async () => (await import('../ticket-changes.ts')).advancePhase,
  },
  'phase.regress': {
    effect: 'write',
    summary: 'Send a ticket back to a phase it has been in',
    load: async () => (await import('../ticket-changes.ts')).regressPhase,
  },
  'workflow.list': {
    effect: 'read',
    summary: 'List the workflows of a repository',
    load: async () => (await import('../workflows.ts')).listWorkflows,
  },
  'workflow.validate': {
    effect: 'read',
    summary: 'Check workflow files and say what is wrong where',
    load: async () => (await import('../workflows.ts')).validateWorkflows,
  },
  'workflow.show': {
    effect: 'read',
    summary: 'Show a workflow',
    load: async () => (await import('../workflows.ts')).showWorkflow,
  },
  'workflow.export': {
    effect: 'read',
    summary: 'Give the text of a workflow version back as it was written',
    load: async () => (await import('../workflows.ts')).exportWorkflow,
  },
} as const satisfies Verbs;
