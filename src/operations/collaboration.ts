// The operations of threads, handoffs and discoveries.
import { z } from 'zod';
import { discovery, discoveryResolution, newDiscovery } from '#contracts/discovery.ts';
import {
  handoff,
  handoffState,
  message,
  newHandoff,
  thread,
  threadKind,
  threadState,
} from '#contracts/thread.ts';
import { defineOperation } from './operation.ts';

const name = z.string().min(1).max(200);
const given = <T>(key: string, value: T | null): Record<string, T> =>
  value === null ? {} : { [key]: value };

export const listThreads = defineOperation({
  input: z.strictObject({
    state: threadState.nullable().default(null),
    participant: name.nullable().default(null),
  }),
  output: z.strictObject({ threads: z.array(thread) }),
  handle: async (context, input) => {
    const { threads } = await context.collaboration();
    await threads.sweep();
    return {
      threads: await threads.list({
        ...given('state', input.state),
        ...given('participant', input.participant),
      }),
    };
  },
});

export const showThread = defineOperation({
  input: z.strictObject({ thread: z.string().min(1) }),
  output: z.strictObject({ thread, messages: z.array(message) }),
  handle: async (context, input) => (await context.collaboration()).threads.show(input.thread),
});

export const postMessage = defineOperation({
  input: z.strictObject({
    /** An open thread; null opens one. */
    thread: z.string().min(1).nullable().default(null),
    kind: threadKind.default('consultation'),
    subject: z.string().min(1).max(200).nullable().default(null),
    /** Who is in a new thread. */
    participants: z.array(name).max(50).default([]),
    /** One participant; null for all of them. */
    receiver: name.nullable().default(null),
    body: z.string().min(1).max(20_000),
    /** On whose behalf; the one who asks when absent. */
    sender: name.nullable().default(null),
  }),
  output: message,
  handle: async (context, input) => {
    const { threads, db } = await context.collaboration();
    const sender = input.sender ?? context.actor.name;
    return db.transaction(async (q) => {
      const target =
        input.thread ??
        (
          await threads.open(q, {
            kind: input.kind,
            subject: input.subject ?? input.body.slice(0, 80),
            by: sender,
            participants: input.participants,
          })
        ).id;
      return threads.post(q, { thread: target, sender, body: input.body, receiver: input.receiver });
    });
  },
});

export const listHandoffs = defineOperation({
  input: z.strictObject({
    state: handoffState.nullable().default(null),
    agent: name.nullable().default(null),
  }),
  output: z.strictObject({ handoffs: z.array(handoff) }),
  handle: async (context, input) => {
    const { handoffs } = await context.collaboration();
    await handoffs.lapse();
    return {
      handoffs: await handoffs.list({ ...given('state', input.state), ...given('agent', input.agent) }),
    };
  },
});

export const offerHandoff = defineOperation({
  input: newHandoff,
  output: handoff,
  handle: async (context, input) => (await context.collaboration()).handoffs.offer(input),
});

const answer = z.strictObject({
  handoff: z.string().min(1),
  by: name,
  note: z.string().max(2_000).default(''),
});

export const acceptHandoff = defineOperation({
  input: answer,
  output: handoff,
  handle: async (context, input) => (await context.collaboration()).handoffs.accept(input),
});

export const declineHandoff = defineOperation({
  input: answer,
  output: handoff,
  handle: async (context, input) => (await context.collaboration()).handoffs.decline(input),
});

export const listDiscoveries = defineOperation({
  input: z.strictObject({
    ticket: z.string().min(1).nullable().default(null),
    resolution: discoveryResolution.nullable().default(null),
    /** Only those that wait for a person. */
    waiting: z.boolean().default(false),
  }),
  output: z.strictObject({ discoveries: z.array(discovery) }),
  handle: async (context, { ticket, ...input }) => {
    const { tickets } = await context.ticketing();
    const { discoveries } = await context.collaboration();
    const ticketId = ticket === null ? null : (await tickets.show(ticket)).id;
    return {
      discoveries: await discoveries.list({
        ...given('ticketId', ticketId),
        ...given('resolution', input.resolution),
        waiting: input.waiting,
      }),
    };
  },
});

export const recordDiscovery = defineOperation({
  input: newDiscovery,
  output: z.strictObject({ outcome: z.enum(['branched', 'known', 'waits']), discovery }),
  handle: async (context, input) => (await context.collaboration()).discoveries.record(input),
});

export const resolveDiscovery = defineOperation({
  input: z.strictObject({
    discovery: z.string().min(1),
    /** `approved`: its task may be made. */
    answer: z.enum(['approved', 'resolved', 'invalid']),
    note: z.string().max(2_000).default(''),
  }),
  output: discovery,
  handle: async (context, input) => {
    const { discoveries } = await context.collaboration();
    const by = context.actor.name;
    return input.answer === 'approved'
      ? discoveries.approve({ discovery: input.discovery, by })
      : discoveries.resolve({ ...input, resolution: input.answer, by });
  },
});
