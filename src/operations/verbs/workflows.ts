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
  'phase.gate': {
    effect: 'write',
    summary: 'Evaluate the gate of the phase that a ticket is in',
    load: async () => (await import('../gates.ts')).gatePhase,
  },
  'phase.decide': {
    effect: 'write',
    summary: 'Give the word that the gate of a ticket waits for',
    load: async () => (await import('../gates.ts')).decidePhase,
  },
  'ticket.work': {
    effect: 'write',
    summary: 'Carry a ticket on through its phases until it rests',
    load: async () => (await import('../gates.ts')).workTicket,
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
