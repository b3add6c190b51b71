// What is told about a new ticket that reads like one there is (O65). Nothing is ever refused for it.
import { z } from 'zod';

export const duplicate = z.strictObject({
  /** The ticket that is there. */
  key: z.string(),
  title: z.string(),
  /** How alike they read, 0 to 1. */
  score: z.number(),
  /** `ask`: a person should look; `merge`: it is proposed to keep one of the two. */
  advice: z.enum(['ask', 'merge']),
  /** A command. */
  next: z.string(),
});
export type Duplicate = z.infer<typeof duplicate>;
