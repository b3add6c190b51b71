// The commands of `thread`.
import { type Command, Option } from 'commander';
import type { Act } from './act.ts';

type Options = Readonly<Record<string, unknown>>;

const THREAD_STATES = ['active', 'resolved', 'abandoned'];

export function addCollaborationCommands(program: Command, act: Act): void {
  addThreads(program.command('thread').summary('threads between agents').helpCommand(false), act);
}

function gather(item: string, list: readonly string[]): string[] {
  return [...list, item];
}

function addThreads(thread: Command, act: Act): void {
  thread
    .command('list')
    .summary('list threads, newest first')
    .addOption(new Option('--state <state>').choices(THREAD_STATES))
    .option('--participant <agent>', 'only those that the agent is in')
    .action((options: Options, command: Command) => {
      const input = { state: options['state'] ?? null, participant: options['participant'] ?? null };
      return act({ operation: 'thread.list', input, present: 'threads' }, command);
    });
  thread
    .command('show')
    .summary('show the messages of a thread')
    .argument('<thread>', 'THR-n')
    .action((ref: string, _options: Options, command: Command) =>
      act({ operation: 'thread.show', input: { thread: ref }, present: 'thread' }, command),
    );
  thread
    .command('post')
    .summary('say something in a thread, or open one')
    .argument('<text>', 'what to say')
    .option('--thread <thread>', 'THR-n; without it a thread is opened')
    .option('--to <agent>', 'only to one of the thread')
    .option('--with <agent>', 'who is in a new thread; may be given again', gather, [])
    .option('--subject <text>', 'what a new thread is about')
    .addOption(new Option('--kind <kind>').choices(['handoff', 'review', 'consultation']))
    .option('--as <agent>', 'on whose behalf')
    .action((body: string, options: Options, command: Command) =>
      act(
        {
          operation: 'thread.post',
          input: {
            thread: options['thread'] ?? null,
            kind: options['kind'] ?? 'consultation',
            subject: options['subject'] ?? null,
            participants: [...(options['with'] as string[]), ...(options['to'] ? [options['to']] : [])],
            receiver: options['to'] ?? null,
            sender: options['as'] ?? null,
            body,
          },
          present: 'posted',
        },
        command,
      ),
    );
}
