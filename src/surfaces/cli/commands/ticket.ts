// The commands of `ticket`: open, look, move, change; by name, or many at once by a filter.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { countArgument, durationArgument } from '../arguments.ts';
import type { Presentation } from '../presenters.ts';
import type { Act } from './act.ts';

type Flags = Record<string, unknown>;

const PRIORITIES = ['low', 'medium', 'high', 'critical'];
const KINDS = ['bug', 'feature', 'change', 'chore', 'spike', 'security'];
const RISKS = ['low', 'medium', 'high'];
const STATUSES = ['open', 'active', 'waiting-human', 'blocked', 'done', 'failed', 'cancelled', 'rejected'];
const CONTEXT_KINDS = ['constraint', 'decision', 'risk', 'artefact', 'note'];

export function addTicketCommands(program: Command, act: Act): void {
  const ticket = program.command('ticket').summary('wanted work and where it stands').helpCommand(false);
  addReading(ticket, act);
  addCreate(ticket, act);
  addMove(ticket, act);
  addEdit(ticket, act);
  addMarks(ticket, act);
  addDecisions(ticket, act);
  addDepend(ticket, act);
  addContext(ticket, act);
}

function addReading(ticket: Command, act: Act): void {
  filtered(
    ticket
      .command('list')
      .summary('list tickets, newest first')
      .option('--limit <n>', 'how many', countArgument, 50)
      .option('--before <ticket>', 'only older ones than TKT-n', numberArgument),
  ).action((options: Flags, command: Command) =>
    act(
      {
        operation: 'ticket.list',
        input: {
          filter: filterOf(options) ?? {},
          limit: options['limit'],
          before: options['before'] ?? null,
        },
        present: 'tickets',
      },
      command,
    ),
  );
  ticket
    .command('work')
    .summary('carry a ticket on through its phases until it rests')
    .argument('<ticket>', 'TKT-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'ticket.work', input: { ticket: key }, present: 'worked' }, command),
    );
  ticket
    .command('show')
    .summary('show a ticket: where it stands, how it came there, its runs')
    .argument('<ticket>', 'TKT-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'ticket.show', input: { ticket: key }, present: 'ticket' }, command),
    );
}

function fields(command: Command): Command {
  return command
    .addOption(new Option('--priority <level>').choices(PRIORITIES))
    .addOption(new Option('--kind <kind>').choices(KINDS))
    .addOption(new Option('--risk <risk>', 'how much harm a mistake would do').choices(RISKS))
    .option('--deadline <time>', 'when it has to be done: 2026-12-24T18:00:00Z')
    .option('--estimate <minutes>', 'effort expected, minutes', countArgument)
    .option('--parent <ticket>', 'the ticket that it is a part of');
}

function fieldsOf(options: Flags): Flags {
  return given({
    priority: options['priority'],
    kind: options['kind'],
    risk: options['risk'],
    deadline: options['deadline'],
    estimateMinutes: options['estimate'],
  });
}

/** Without what was not said: an operation takes absent for unchanged. */
function given(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

function addCreate(ticket: Command, act: Act): void {
  fields(
    ticket
      .command('create')
      .summary('open a ticket')
      .argument('<title>', 'what is wanted, in a line')
      .option('--description <text>', 'what is wanted, in full')
      .option('--path <path>', 'path inside the repository', '.')
      .option('--workflow <name>', 'the phases that it passes', 'software-development'),
  )
    .option('--label <label...>', 'words to find it by')
    .option('--depends-on <ticket...>', 'tickets that have to be done first')
    .option('--approval <time>', 'wait for approval for so long; silence means no', durationArgument)
    .action((title: string, options: Flags, command: Command) => {
      const approvalMs = options['approval'] as number | undefined;
      return act(
        {
          operation: 'ticket.create',
          input: {
            title,
            ...given({ description: options['description'] }),
            path: options['path'],
            workflow: options['workflow'],
            fields: { ...fieldsOf(options), ...given({ labels: options['label'] }) },
            parent: options['parent'] ?? null,
            dependsOn: options['dependsOn'] ?? [],
            approveWithinSeconds: approvalMs === undefined ? null : Math.ceil(approvalMs / 1000),
          },
          present: 'opened',
        },
        command,
      );
    });
}

function addMove(ticket: Command, act: Act): void {
  chosen(
    ticket
      .command('move')
      .summary('ask for a move to another phase')
      .requiredOption('--to <phase>', 'the phase to go to')
      .option('--reason <text>', 'why; kept in the history', '')
      .option('--fast-track', 'go on around the gate; needs a reason, and is recorded')
      .option('--pivot', 'go back to any earlier phase; later outputs no longer count')
      .option('--force', 'go anywhere; needs a reason, and is recorded')
      .option('--artefact <digest...>', 'what the move rests on'),
  ).action((tickets: string[], options: Flags, command: Command) => {
    const kinds = ['fast-track', 'pivot', 'force'].filter((kind) => options[camel(kind)] === true);
    if (kinds.length > 1) command.error(`error: --${kinds.join(' and --')} exclude each other`);
    return act(
      {
        operation: 'ticket.move',
        input: {
          ...selectionOf(tickets, options),
          to: options['to'],
          kind: kinds[0] ?? null,
          reason: options['reason'],
          artefacts: options['artefact'] ?? [],
        },
        present: 'outcomes',
      },
      command,
    );
  });
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}

function addEdit(ticket: Command, act: Act): void {
  const edit = ticket
    .command('edit')
    .summary('change what tickets say of themselves')
    .option('--title <text>', 'another title')
    .option('--description <text>', 'another description')
    .option('--set-priority <level>', PRIORITIES.join(', '))
    .option('--set-kind <kind>', KINDS.join(', '))
    .option('--set-risk <risk>', RISKS.join(', '))
    .option('--set-parent <ticket>', 'the ticket that it is a part of, or none')
    .option('--deadline <time>', 'when it has to be done, or none')
    .option('--estimate <minutes>', 'effort expected, minutes', countArgument)
    .option('--add-label <label...>', 'further words to find it by')
    .option('--remove-label <label...>', 'words to take away')
    .option('--workflow <name>', 'for a ticket from before there were workflows');
  chosen(edit).action((tickets: string[], options: Flags, command: Command) => {
    const orNone = (value: unknown) => (value === 'none' ? null : value);
    const set = given({
      title: options['title'],
      description: options['description'],
      priority: options['setPriority'],
      kind: options['setKind'],
      risk: options['setRisk'],
      parent: orNone(options['setParent']),
      deadline: orNone(options['deadline']),
      estimateMinutes: options['estimate'],
      addLabels: options['addLabel'],
      removeLabels: options['removeLabel'],
      workflow: options['workflow'],
    });
    return act(
      { operation: 'ticket.edit', input: { ...selectionOf(tickets, options), set }, present: 'outcomes' },
      command,
    );
  });
}

function addMarks(ticket: Command, act: Act): void {
  for (const [name, summary] of [
    ['block', 'hold tickets where they stand'],
    ['unblock', 'let held tickets go on'],
    ['cancel', 'end tickets without doing them'],
  ] as const) {
    chosen(ticket.command(name).summary(summary).option('--reason <text>', 'why', '')).action(
      (tickets: string[], options: Flags, command: Command) =>
        act(
          {
            operation: `ticket.${name}`,
            input: { ...selectionOf(tickets, options), reason: options['reason'] },
            present: 'outcomes',
          },
          command,
        ),
    );
  }
}

function addDecisions(ticket: Command, act: Act): void {
  for (const [name, decision] of [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const) {
    ticket
      .command(name)
      .summary(`${name} tickets that wait for a person`)
      .argument('<ticket...>', 'TKT-n')
      .option('--note <text>', 'why', '')
      .action((tickets: string[], options: Flags, command: Command) =>
        act(
          {
            operation: 'ticket.decide',
            input: { tickets, decision, note: options['note'] },
            present: 'outcomes',
          },
          command,
        ),
      );
  }
}

function addDepend(ticket: Command, act: Act): void {
  ticket
    .command('depend')
    .summary('let a ticket wait for another one')
    .argument('<ticket>', 'TKT-n')
    .requiredOption('--on <ticket>', 'the one that has to be done first')
    .option('--remove', 'no longer wait for it')
    .action((key: string, options: Flags, command: Command) =>
      act(
        {
          operation: 'ticket.depend',
          input: { ticket: key, on: options['on'], remove: options['remove'] === true },
          present: 'depends',
        },
        command,
      ),
    );
}

function addContext(ticket: Command, act: Act): void {
  ticket
    .command('context')
    .summary('show or add to what a ticket knows')
    .argument('<ticket>', 'TKT-n')
    .option('--step <text>', 'only what has to do with this step')
    .option('--budget <tokens>', 'room for it, tokens', countArgument)
    .option('--items', 'item by item, with the withdrawn ones')
    .addOption(new Option('--add <kind>', 'add an item').choices(CONTEXT_KINDS))
    .option('--subject <words>', 'what the item is about')
    .option('--text <text>', 'what the item says')
    .option('--withdraw <item>', 'say that an item no longer holds')
    .option('--reason <text>', 'why it no longer holds', '')
    .action((key: string, options: Flags, command: Command) => {
      const invocation = contextWish(key, options);
      return act(invocation, command);
    });
}

function contextWish(ticket: string, options: Flags): Parameters<Act>[0] {
  if (options['add'] !== undefined) {
    const said = given({ subject: options['subject'], text: options['text'] });
    const input = { ticket, kind: options['add'], ...said };
    return { operation: 'ticket.context.add', input, present: 'contextItem' };
  }
  if (options['withdraw'] !== undefined) {
    const input = { ticket, item: options['withdraw'], reason: options['reason'] };
    return { operation: 'ticket.context.withdraw', input, present: 'contextItem' };
  }
  const wish = given({ step: options['step'], budgetTokens: options['budget'] });
  const present: Presentation = options['items'] === true ? 'contextItems' : 'contextPackage';
  return { operation: 'ticket.context', input: { ticket, ...wish }, present };
}

/** Options that choose tickets. */
function filtered(command: Command): Command {
  return command
    .option('--project <path>', 'tickets of one repository')
    .addOption(new Option('--status <status...>', 'tickets that stand so').choices(STATUSES))
    .option('--phase <phase>', 'tickets in a phase')
    .addOption(new Option('--priority <level>', 'tickets of a priority').choices(PRIORITIES))
    .addOption(new Option('--kind <kind>', 'tickets of a kind').choices(KINDS))
    .option('--label <label>', 'tickets with a label')
    .option('--parent <ticket>', 'parts of a ticket')
    .option('--text <words>', 'tickets whose text holds these words');
}

/** Tickets by name, or many by a filter, with a look before. */
function chosen(command: Command): Command {
  return filtered(command.argument('[ticket...]', 'TKT-n; or choose them by the options below')).option(
    '--dry-run',
    'say what would be done, and do nothing',
  );
}

function selectionOf(tickets: readonly string[], options: Flags): Flags {
  return { tickets, filter: filterOf(options), dryRun: options['dryRun'] === true };
}

/** Null where no option chooses anything. */
function filterOf(options: Flags): Flags | null {
  const filter = given({
    project: options['project'],
    statuses: options['status'],
    phase: options['phase'],
    priority: options['priority'],
    kind: options['kind'],
    label: options['label'],
    parent: options['parent'],
    text: options['text'],
  });
  return Object.keys(filter).length === 0 ? null : filter;
}

function numberArgument(text: string): number {
  const number = /^(?:tkt-)?(\d{1,9})$/i.exec(text)?.[1];
  if (number === undefined) throw new InvalidArgumentError('It is a ticket such as TKT-38.');
  return Number(number);
}
