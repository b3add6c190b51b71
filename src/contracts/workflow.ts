// A workflow: the phases a ticket passes, what must hold between them, and the board they are seen on (O2, O5).
// Keys are those of the YAML, so that the file, the export and the code use the same words.
import { z } from 'zod';
import { type GateCheck, gate, gateCheck } from './gate.ts';

const TEXT_CHARS = 2_000;
const PROMPT_CHARS = 20_000;
const PHASES = 50;

const id = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    'expected a letter, then letters, digits, `-` or `_`, at most 64 in all',
  );
const text = z.string().trim().max(TEXT_CHARS);
const relative = z
  .string()
  .min(1)
  .max(1_000)
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'expected a path or glob inside the repository, without `..`');

export const CONTEXT_KINDS = ['constraint', 'decision', 'risk', 'artefact', 'note'] as const;
/** What a ticket's context is made of, in order of priority (O12). */
export const contextKind = z.enum(CONTEXT_KINDS);
export type ContextKind = z.infer<typeof contextKind>;

/** A fact about the ticket, looked at inside the transaction that moves it. */
export const condition = z.union([
  z.enum(['approved', 'dependencies_done']),
  z.strictObject({ has_context: contextKind.describe('At least one item of this kind is in the context') }),
  z.strictObject({ has_output: id.describe('A stored output of this type still counts') }),
]);
export type Condition = z.infer<typeof condition>;

const doneDefinition = z.strictObject({
  text: text.min(1).describe('What is meant, for people'),
  check: gateCheck.describe('What the host runs to see whether it is so'),
});

const expectedOutput = z.strictObject({
  type: id.describe('Name of the slot in which the output is kept'),
  pattern: relative.describe('Path or glob in the repository'),
  required: z.boolean().default(true),
  validation_rule: z
    .strictObject({
      min_count: z.int().min(1).max(10_000).default(1),
      min_chars: z.int().min(0).max(1_000_000).default(1),
      matches: z.string().min(1).max(1_000).optional(),
      headings: z.array(z.string().trim().min(1).max(200)).max(50).default([]),
    })
    .optional()
    .describe('What each file must keep; without it a file that is not empty is enough'),
});

/** When a person is asked: never, for tickets of high risk, or always (M18). */
const stop = z.enum(['never', 'risky', 'always']);

const declaredTask = z.strictObject({
  id,
  task_type: id.default('work'),
  description: text.min(1),
  priority: z.enum(['low', 'medium', 'high', 'critical']).default('medium'),
  depends_on: z.array(id).max(100).default([]),
  required_capabilities: z.array(id).max(20).default([]),
  owned_files: z.array(relative).max(200).default([]),
});

export const phase = z.strictObject({
  id,
  name: text.min(1).optional().describe('What people call it; the id when absent'),
  description: text.default(''),
  order: z.int().min(0).max(1_000).describe('Place in the sequence; a move to a lower one is a step back'),
  allowed_transitions: z
    .array(id)
    .max(PHASES)
    .default([])
    .describe('Phases that may follow, the preferred one first'),
  is_terminal: z.boolean().default(false),
  entry: z.array(condition).max(20).default([]).describe('What must hold before a ticket comes in'),
  exit: z.array(condition).max(20).default([]).describe('What must hold before a ticket goes on'),
  done_definitions: z.array(doneDefinition).max(50).default([]),
  expected_outputs: z.array(expectedOutput).max(50).default([]),
  phase_prompt: z.string().max(PROMPT_CHARS).default(''),
  next_steps_guide: z.string().max(PROMPT_CHARS).default(''),
  gate: gate.default([]),
  board_column: id,
  human: z
    .strictObject({
      before: stop.default('never'),
      after: stop.default('never'),
      question: text.default('').describe('What the person is asked'),
    })
    .default({ before: 'never', after: 'never', question: '' }),
  auto_advance: z.boolean().default(false).describe('Go on to the first later phase once the gate is open'),
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(10).default(3),
      backoff_seconds: z.int().min(0).max(60).default(1).describe('Doubled after each failure, at most 60'),
    })
    .default({ attempts: 3, backoff_seconds: 1 }),
  body: z
    .enum(['run', 'tasks', 'none'])
    .default('none')
    .describe('What is done here: a run of the state machine, the declared tasks, or nothing by itself'),
  tasks: z.array(declaredTask).max(200).default([]),
});
export type Phase = z.infer<typeof phase>;

export const boardColumn = z.strictObject({
  id,
  name: text.min(1).optional().describe('The id when absent'),
  colour: z.enum(['gray', 'blue', 'yellow', 'green', 'red', 'purple']).default('gray'),
  wip_limit: z
    .int()
    .min(1)
    .max(10_000)
    .nullable()
    .default(null)
    .describe('Tickets in it at once; null: any number'),
  terminal: z.boolean().default(false),
});

export const workflow = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,63}$/,
      'expected a small letter, then small letters, digits or `-`, at most 64 in all',
    ),
  description: text.default(''),
  initial_phase: id,
  phases: z.array(phase).min(1).max(PHASES),
  board_columns: z.array(boardColumn).min(1).max(30),
});
export type Workflow = z.infer<typeof workflow>;

/** Where the ticket would go, and how much harm a mistake would do: they decide whether a person is asked (M18). */
export interface StopFacts {
  readonly risk: 'low' | 'medium' | 'high';
  /** The phase that would follow; null while it is open which. */
  readonly next: Phase | null;
}

/** Everything the host looks at before a ticket goes on from a phase: gate, done definitions, outputs, people. */
export function checksOf(of: Phase, { risk, next }: StopFacts): readonly GateCheck[] {
  const outputs = of.expected_outputs
    .filter((output) => output.required)
    .map((output) =>
      gateCheck.parse({
        type: 'file',
        name: `output ${output.type}`,
        path: output.pattern,
        ...output.validation_rule,
      }),
    );
  const asked = (when: z.infer<typeof stop>): boolean =>
    when === 'always' || (when === 'risky' && risk === 'high');
  const person = (name: string): GateCheck => gateCheck.parse({ type: 'approval', name });
  return [
    ...of.gate,
    ...of.done_definitions.map(({ text: name, check }) => ({ name: name.slice(0, 80), ...check })),
    ...outputs,
    ...(asked(of.human.after) ? [person(`person after ${of.id}`)] : []),
    ...(next && asked(next.human.before) ? [person(`person before ${next.id}`)] : []),
  ];
}

/** The phase of an id; undefined when the workflow has none. */
export function phaseOf(of: Workflow, phaseId: string): Phase | undefined {
  return of.phases.find((each) => each.id === phaseId);
}
