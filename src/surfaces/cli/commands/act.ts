// What every command does with its words: it hands one invocation to whoever runs it.
import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';

/** Runs the invocation with the options of `command`, the global ones included, and keeps its exit status. */
export type Act = (
  invocation: Pick<Invocation, 'operation' | 'input' | 'present'>,
  command: Command,
) => Promise<void>;
