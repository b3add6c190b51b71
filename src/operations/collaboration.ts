// The operations of threads.
import { z } from 'zod';
import { message, thread, threadKind, threadState } from '#contracts/thread.ts';
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
