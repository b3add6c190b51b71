// The commands of `thread`, `handoff` and `discovery`.
import { type Command, Option } from 'commander';
import { countArgument, durationArgument } from '../arguments.ts';
import type { Act } from './act.ts';

type Options = Readonly<Record<string, unknown>>;

const THREAD_STATES = ['active', 'resolved', 'abandoned'];
const HANDOFF_STATES = ['offered', 'accepted', 'declined', 'withdrawn', 'timed-out'];
const RESOLUTIONS = ['open', 'in_progress', 'resolved', 'invalid'];

export function addCollaborationCommands(program: Command, act: Act): void {
  addThreads(program.command('thread').summary('threads between agents').helpCommand(false), act);
  addHandoffs(program.command('handoff').summary('tasks that change hands').helpCommand(false), act);
  addDiscoveries(
    program.command('discovery').summary('what was found along the way').helpCommand(false),
    act,
  );
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

function addHandoffs(handoff: Command, act: Act): void {
  handoff
    .command('list')
    .summary('list handoffs, newest first')
    .addOption(new Option('--state <state>').choices(HANDOFF_STATES))
    .option('--agent <agent>', 'only those that the agent has to do with')
    .action((options: Options, command: Command) => {
      const input = { state: options['state'] ?? null, agent: options['agent'] ?? null };
      return act({ operation: 'handoff.list', input, present: 'handoffs' }, command);
    });
  handoff
    .command('offer')
    .summary('offer a task to another agent')
    .argument('<task>', 'TSK-n')
    .requiredOption('--from <agent>', 'who holds it')
    .option('--to <agent>', 'who shall take it; without it whoever comes first')
    .requiredOption('--reason <text>', 'why')
    .requiredOption('--summary <text>', 'what the next one needs to know')
    .option('--decision <text>', 'what was decided; may be given again', gather, [])
    .option('--question <text>', 'what is open; may be given again', gather, [])
    .option('--file <path>', 'a file that matters; may be given again', gather, [])
    .option('--timeout <time>', 'how long the offer stands', durationArgument, 3_600_000)
    .action((taskId: string, options: Options, command: Command) =>
      act(
        {
          operation: 'handoff.offer',
          input: {
            taskId,
            from: options['from'],
            to: options['to'] ?? null,
            reason: options['reason'],
            package: {
              summary: options['summary'],
              decisions: options['decision'],
              questions: options['question'],
              files: options['file'],
            },
            timeoutSeconds: Math.max(1, Math.round(Number(options['timeout']) / 1000)),
          },
          present: 'handoff',
        },
        command,
      ),
    );
  for (const [verb, operation, summary] of [
    ['accept', 'handoff.accept', 'take over a task that is on offer, with its locks'],
    ['decline', 'handoff.decline', 'decline a handoff, or withdraw it'],
  ] as const) {
    handoff
      .command(verb)
      .summary(summary)
      .argument('<handoff>', 'HOF-n')
      .requiredOption('--as <agent>', 'on whose behalf')
      .option('--note <text>', 'what to say with it', '')
      .action((ref: string, options: Options, command: Command) => {
        const input = { handoff: ref, by: options['as'], note: options['note'] };
        return act({ operation, input, present: 'handoff' }, command);
      });
  }
}

function addDiscoveries(discovery: Command, act: Act): void {
  discovery
    .command('list')
    .summary('list discoveries, newest first')
    .option('--ticket <ticket>', 'only those of a ticket')
    .addOption(new Option('--resolution <state>').choices(RESOLUTIONS))
    .option('--waiting', 'only those that wait for a person')
    .action((options: Options, command: Command) => {
      const input = {
        ticket: options['ticket'] ?? null,
        resolution: options['resolution'] ?? null,
        waiting: options['waiting'] === true,
      };
      return act({ operation: 'discovery.list', input, present: 'discoveries' }, command);
    });
  discovery
    .command('record')
    .summary('record what was found and make a task of it')
    .argument('<task>', 'TSK-n in which it was found')
    .argument('<title>', 'what was found, in a line')
    .requiredOption('--type <type>', 'bug, technical_debt, missing_requirement, security_issue and more')
    .option('--description <text>', 'more about it', '')
    .option('--by <agent>', 'who found it', 'command line')
    .option('--boost', 'the new task is one step more urgent than the one it was found in')
    .option('--minutes <n>', 'effort that it will take', countArgument)
    .option('--file <path>', 'a file that it is about; may be given again', gather, [])
    .action((sourceTaskId: string, title: string, options: Options, command: Command) =>
      act(
        {
          operation: 'discovery.record',
          input: {
            sourceTaskId,
            title,
            type: options['type'],
            description: options['description'],
            by: options['by'],
            priorityBoost: options['boost'] === true,
            files: options['file'],
            ...(options['minutes'] === undefined ? {} : { estimateMinutes: options['minutes'] }),
          },
          present: 'discoveryRecorded',
        },
        command,
      ),
    );
  discovery
    .command('resolve')
    .summary('approve a discovery that waits, or end one')
    .argument('<discovery>', 'DSC-n')
    .addArgument(discovery.createArgument('<answer>').choices(['approved', 'resolved', 'invalid']))
    .option('--note <text>', 'what became of it', '')
    .action((ref: string, answer: string, options: Options, command: Command) => {
      const input = { discovery: ref, answer, note: options['note'] };
      return act({ operation: 'discovery.resolve', input, present: 'discovery' }, command);
    });
}
