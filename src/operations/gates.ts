// The operations around gates: evaluate one, carry a ticket on through its phases, give the word that it waits for.
import { z } from 'zod';
import { driveView } from '#workflows/driver.ts';
import { defineOperation } from './operation.ts';

const ticket = z.string().min(1);

export const gatePhase = defineOperation({
  input: z.strictObject({ ticket }),
  output: driveView,
  handle: async (context, { ticket: ref }, { signal }) => (await context.driver()).evaluate(ref, signal),
});

export const workTicket = defineOperation({
  input: z.strictObject({ ticket }),
  output: driveView,
  handle: async (context, { ticket: ref }, { signal }) => (await context.driver()).drive(ref, signal),
});

export const decidePhase = defineOperation({
  input: z.strictObject({ ticket, decision: z.enum(['approved', 'rejected']), note: z.string().default('') }),
  output: driveView,
  handle: async (context, { ticket: ref, decision, note }) =>
    (await context.driver()).decide(ref, { decision, note, actor: context.actor }),
});
