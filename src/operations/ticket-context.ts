// The operations on what a ticket knows: show it packed for a step or item by item, add to it, withdraw from it.
import { z } from 'zod';
import { contextItem, contextPackage } from '#contracts/context.ts';
import { contextKind } from '#contracts/workflow.ts';
import { defineOperation } from './operation.ts';

const DEFAULT_TOKENS = 2_000;
const MOST_TOKENS = 200_000;

const one = { ticket: z.string().min(1) };

export const showContext = defineOperation({
  input: z.strictObject({
    ...one,
    /** Text of the step that it is for; empty for the whole ticket. */
    step: z.string().max(20_000).default(''),
    budgetTokens: z.int().min(1).max(MOST_TOKENS).default(DEFAULT_TOKENS),
  }),
  output: z.strictObject({ key: z.string(), package: contextPackage, items: z.array(contextItem) }),
  handle: async (context, { ticket: ref, step, budgetTokens }) => {
    const { tickets, ticketContext } = await context.ticketing();
    const ticket = await tickets.show(ref);
    return {
      key: ticket.key,
      package: await ticketContext.pack(ticket.id, { step, budgetTokens }),
      items: await ticketContext.items(ticket.id),
    };
  },
});

export const addContext = defineOperation({
  input: z.strictObject({
    ...one,
    kind: contextKind,
    subject: z.string().max(200).default(''),
    text: z.string().min(1).max(4_000),
  }),
  output: contextItem,
  handle: async (context, { ticket: ref, ...said }) => {
    const { tickets, ticketContext } = await context.ticketing();
    const source = {
      kind: context.actor.kind === 'person' ? ('person' as const) : ('task' as const),
      ref: context.actor.name,
    };
    const [item] = await ticketContext.record(await tickets.show(ref), [{ ...said, source }]);
    return item as z.output<typeof contextItem>;
  },
});

export const withdrawContext = defineOperation({
  input: z.strictObject({ ...one, item: z.string().min(1), reason: z.string().max(2_000).default('') }),
  output: contextItem,
  handle: async (context, { ticket: ref, item, reason }) => {
    const { tickets, ticketContext } = await context.ticketing();
    return ticketContext.withdraw(await tickets.show(ref), item, { by: context.actor.name, reason });
  },
});
