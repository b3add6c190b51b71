// Whether the phases of a workflow fit together: every one can be reached and left, and no gate is shut for ever.
import type { GateCheck } from '#contracts/gate.ts';
import { type Phase, phaseOf, type Workflow } from '#contracts/workflow.ts';
import { nearest } from '#foundation/text.ts';
import type { YamlPath } from './yaml-text.ts';

/** A problem with the meaning of a file, at the path of the value that has to change. */
export interface SenseProblem {
  readonly path: YamlPath;
  readonly message: string;
  readonly suggestion: string;
}

/** Everything that does not make sense; empty when a ticket can live by this workflow. */
export function senseProblems(workflow: Workflow): SenseProblem[] {
  const named = [...twice(workflow), ...unknownNames(workflow)];
  // Ways through the phases say nothing sensible while their names do not stand.
  if (named.length > 0) return named;
  return [
    ...ends(workflow),
    ...ways(workflow),
    ...workflow.phases.flatMap((phase, at) => [
      ...transitions(phase, at),
      ...columns(workflow, phase, at),
      ...advance(workflow, phase, at),
      ...tasks(phase, at),
      ...conditions(workflow, phase, at),
      ...gates(workflow, phase, at),
    ]),
  ];
}

function twice({ phases, board_columns }: Workflow): SenseProblem[] {
  const repeated = (values: readonly (string | number)[], base: string, key: string): SenseProblem[] =>
    values.flatMap((value, at) => {
      const first = values.indexOf(value);
      if (first === at) return [];
      const what = `${base}[${first}]`;
      return [
        {
          path: [base, at, key],
          message: `${key} ${JSON.stringify(value)} is taken by ${what} already`,
          suggestion: `give one of the two another ${key}`,
        },
      ];
    });
  return [
    ...repeated(
      phases.map(({ id }) => id),
      'phases',
      'id',
    ),
    ...repeated(
      phases.map(({ order }) => order),
      'phases',
      'order',
    ),
    ...repeated(
      board_columns.map(({ id }) => id),
      'board_columns',
      'id',
    ),
  ];
}

function unknownNames(workflow: Workflow): SenseProblem[] {
  const phases = workflow.phases.map(({ id }) => id);
  const columns = workflow.board_columns.map(({ id }) => id);
  const absent = (
    path: YamlPath,
    what: string,
    [word, known]: readonly [string, readonly string[]],
  ): SenseProblem[] => {
    if (known.includes(word)) return [];
    const meant = nearest(word, known);
    const suggestion = meant ? `did you mean "${meant}"?` : `there are ${known.join(', ')}`;
    return [{ path, message: `${what} ${JSON.stringify(word)}, which does not exist`, suggestion }];
  };
  return [
    ...absent(['initial_phase'], 'initial_phase names the phase', [workflow.initial_phase, phases]),
    ...workflow.phases.flatMap((phase, at) => [
      ...phase.allowed_transitions.flatMap((to, place) =>
        absent(['phases', at, 'allowed_transitions', place], `${phase.id} leads to`, [to, phases]),
      ),
      ...absent(['phases', at, 'board_column'], `${phase.id} is shown in the column`, [
        phase.board_column,
        columns,
      ]),
    ]),
  ];
}

function ends(workflow: Workflow): SenseProblem[] {
  const found: SenseProblem[] = [];
  if (!workflow.phases.some(({ is_terminal }) => is_terminal)) {
    found.push({
      path: ['phases'],
      message: 'no phase is the end, so that no ticket would ever be done',
      suggestion: 'add `is_terminal: true` to the last phase',
    });
  }
  const first = phaseOf(workflow, workflow.initial_phase);
  if (first?.is_terminal) {
    found.push({
      path: ['initial_phase'],
      message: `tickets would begin at the end: ${first.id} is terminal`,
      suggestion: 'name the phase where work begins',
    });
  }
  return found;
}

/** Phases that no ticket comes to, and phases from which none comes to an end. */
function ways(workflow: Workflow): SenseProblem[] {
  const { phases, initial_phase } = workflow;
  const reached = closure([initial_phase], (id) => phaseOf(workflow, id)?.allowed_transitions ?? []);
  const finals = phases.filter(({ is_terminal }) => is_terminal).map(({ id }) => id);
  const ending = closure(finals, (id) =>
    phases.filter((each) => each.allowed_transitions.includes(id)).map((each) => each.id),
  );
  return phases.flatMap((phase, at): SenseProblem[] => {
    if (!reached.has(phase.id)) {
      return [
        {
          path: ['phases', at, 'id'],
          message: `no way leads from ${initial_phase} to ${phase.id}`,
          suggestion: `add ${phase.id} to the allowed_transitions of the phase before it, or remove it`,
        },
      ];
    }
    if (finals.length === 0 || ending.has(phase.id) || phase.allowed_transitions.length === 0) return [];
    return [
      {
        path: ['phases', at, 'allowed_transitions'],
        message: `from ${phase.id} no way leads to an end: its phases go round in a circle`,
        suggestion: `let one of them lead to ${finals.join(' or ')}`,
      },
    ];
  });
}

function closure(start: readonly string[], next: (id: string) => readonly string[]): Set<string> {
  const seen = new Set(start);
  for (const id of seen) for (const one of next(id)) seen.add(one);
  return seen;
}

function transitions(phase: Phase, at: number): SenseProblem[] {
  const path = ['phases', at, 'allowed_transitions'];
  const list = phase.allowed_transitions;
  const own = list.indexOf(phase.id);
  const again = list.findIndex((to, place) => list.indexOf(to) !== place);
  const found: SenseProblem[] = [];
  if (phase.is_terminal && list.length > 0) {
    found.push({
      path,
      message: `${phase.id} is the end and yet leads to ${list.join(', ')}`,
      suggestion: 'remove either `is_terminal` or `allowed_transitions`',
    });
  }
  if (!phase.is_terminal && list.length === 0) {
    found.push({
      path,
      message: `a ticket would be stuck in ${phase.id}: it leads nowhere and is not the end`,
      suggestion: 'add `allowed_transitions`, or `is_terminal: true`',
    });
  }
  if (own >= 0) {
    const message = `${phase.id} leads to itself`;
    found.push({ path: [...path, own], message, suggestion: 'remove it; a ticket stays without a move' });
  }
  if (again >= 0) {
    found.push({ path: [...path, again], message: `${list[again]} stands twice`, suggestion: 'keep one' });
  }
  return found;
}

function columns(workflow: Workflow, phase: Phase, at: number): SenseProblem[] {
  const column = workflow.board_columns.find(({ id }) => id === phase.board_column);
  if (!column || column.terminal === phase.is_terminal) return [];
  const words = phase.is_terminal
    ? `${phase.id} is the end, but its column ${column.id} is not terminal`
    : `${phase.id} is not the end, but its column ${column.id} is terminal`;
  const suggestion = `give ${phase.id} another board_column, or change \`terminal\` of ${column.id}`;
  return [{ path: ['phases', at, 'board_column'], message: words, suggestion }];
}

function advance(workflow: Workflow, phase: Phase, at: number): SenseProblem[] {
  if (!phase.auto_advance) return [];
  const on = phase.allowed_transitions.some((to) => (phaseOf(workflow, to)?.order ?? 0) > phase.order);
  if (on) return [];
  const message = `${phase.id} is to go on by itself, but leads to no phase of a higher order`;
  return [
    { path: ['phases', at, 'auto_advance'], message, suggestion: 'remove auto_advance, or check `order`' },
  ];
}

function tasks(phase: Phase, at: number): SenseProblem[] {
  const path = ['phases', at, 'tasks'];
  if (phase.body === 'tasks' && phase.tasks.length === 0) {
    const message = `${phase.id} is done by its tasks, but declares none`;
    return [{ path: ['phases', at, 'body'], message, suggestion: 'add `tasks:`, or `body: none`' }];
  }
  if (phase.body !== 'tasks' && phase.tasks.length > 0) {
    const message = `${phase.id} declares tasks that nobody would do: its body is ${phase.body}`;
    return [{ path, message, suggestion: 'add `body: tasks`' }];
  }
  const ids = phase.tasks.map(({ id }) => id);
  return phase.tasks.flatMap((task, place): SenseProblem[] => {
    const where = [...path, place];
    if (ids.indexOf(task.id) !== place) {
      return [
        { path: [...where, 'id'], message: `the task ${task.id} stands twice`, suggestion: 'rename one' },
      ];
    }
    const alien = task.depends_on.findIndex((id) => !ids.includes(id));
    if (alien >= 0) {
      const meant = nearest(task.depends_on[alien] ?? '', ids);
      const message = `${task.id} depends on ${JSON.stringify(task.depends_on[alien])}, which does not exist`;
      const suggestion = meant ? `did you mean "${meant}"?` : `there are ${ids.join(', ')}`;
      return [{ path: [...where, 'depends_on', alien], message, suggestion }];
    }
    const before = closure(
      [...task.depends_on],
      (id) => phase.tasks.find((one) => one.id === id)?.depends_on ?? [],
    );
    if (!before.has(task.id)) return [];
    const message = `${task.id} waits for itself, by way of ${task.depends_on.join(', ')}`;
    return [{ path: [...where, 'depends_on'], message, suggestion: 'break the circle' }];
  });
}

function conditions(workflow: Workflow, phase: Phase, at: number): SenseProblem[] {
  const slots = workflow.phases.flatMap(({ expected_outputs }) => expected_outputs.map(({ type }) => type));
  const found: SenseProblem[] = [];
  if (phase.id === workflow.initial_phase && phase.entry.length > 0) {
    found.push({
      path: ['phases', at, 'entry'],
      message: `nobody enters ${phase.id}: tickets begin there, and its entry conditions are never asked`,
      suggestion: 'make them exit conditions of this phase',
    });
  }
  for (const rule of ['entry', 'exit'] as const) {
    for (const [place, condition] of phase[rule].entries()) {
      if (typeof condition === 'string' || !('has_output' in condition)) continue;
      if (slots.includes(condition.has_output)) continue;
      const meant = nearest(condition.has_output, slots);
      found.push({
        path: ['phases', at, rule, place, 'has_output'],
        message: `no phase yields an output ${JSON.stringify(condition.has_output)}`,
        suggestion: meant ? `did you mean "${meant}"?` : 'add it to the expected_outputs of a phase',
      });
    }
  }
  return found;
}

/** Checks that no tree could ever pass, and gates that are never asked. */
function gates(workflow: Workflow, phase: Phase, at: number): SenseProblem[] {
  const found: SenseProblem[] = [];
  const lists = [
    ...phase.gate.map((check, place) => ({ check, path: ['phases', at, 'gate', place] })),
    ...phase.done_definitions.map(({ check }, place) => ({
      check,
      path: ['phases', at, 'done_definitions', place, 'check'],
    })),
  ];
  if (phase.is_terminal && lists.length + phase.expected_outputs.length > 0) {
    found.push({
      path: ['phases', at, 'id'],
      message: `the checks of ${phase.id} are never asked: it is the end, and nothing follows it`,
      suggestion: 'move them to the phase before',
    });
  }
  for (const { check, path } of lists) {
    const why = impossible(workflow, phase, check);
    if (why) found.push({ path, message: `this gate can never open: ${why[0]}`, suggestion: why[1] });
  }
  for (const [place, { pattern, validation_rule }] of phase.expected_outputs.entries()) {
    const count = validation_rule?.min_count ?? 1;
    if (count < 2 || isGlob(pattern)) continue;
    found.push({
      path: ['phases', at, 'expected_outputs', place, 'validation_rule', 'min_count'],
      message: `this gate can never open: ${pattern} is one file, and ${count} are expected`,
      suggestion: 'write a glob such as docs/*.md, or lower min_count',
    });
  }
  return found;
}

function impossible(workflow: Workflow, phase: Phase, check: GateCheck): readonly [string, string] | null {
  if (check.type === 'file' && check.min_count > 1 && !isGlob(check.path)) {
    return [
      `${check.path} is one file, and ${check.min_count} are expected`,
      'write a glob, or lower min_count',
    ];
  }
  if (check.type === 'certificate' && !ranBefore(workflow, phase)) {
    return [
      'it asks for a certificate, and no run is made in this phase or before it',
      'add `body: run` to the phase in which the code is changed',
    ];
  }
  return null;
}

/** A run is made in the phase itself, or in one that can come before it. */
function ranBefore(workflow: Workflow, phase: Phase): boolean {
  const before = closure([phase.id], (id) =>
    workflow.phases.filter((each) => each.allowed_transitions.includes(id)).map((each) => each.id),
  );
  return workflow.phases.some(({ id, body }) => body === 'run' && before.has(id));
}

function isGlob(pattern: string): boolean {
  return /[*?[{]/.test(pattern);
}
