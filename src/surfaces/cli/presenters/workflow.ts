// How phases and workflows read as text.
import { plainText, plural } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const WORKFLOW_PRESENTERS = {
  phases: phasesText,
  workflows: workflowsText,
  validated: validatedText,
  workflow: workflowText,
  exported: ({ source }: Out<'workflow.export'>) => source,
};

const STANDING = { here: '▶', visited: '✓', ahead: ' ' } as const;

function phasesText(output: Out<'phase.list'>, { paint }: Presenting): string {
  const lines = output.phases.flatMap((phase) => {
    const open = phase.leadsThere && phase.objections.length === 0;
    const way = phase.leadsThere
      ? open
        ? paint('good', ` ${phase.kind}`)
        : paint('warn', ` ${phase.kind}, refused now`)
      : '';
    const head = ` ${STANDING[phase.standing]} ${phase.id.padEnd(20)} ${phase.column.padEnd(12)}${way}`;
    return [
      head.trimEnd(),
      ...phase.objections.map(({ reason, next }) => `       ${plainText(reason)}; ${plainText(next)}`),
    ];
  });
  const guide = output.guide.trim() === '' ? [] : ['', plainText(output.guide.trim())];
  const outputs = output.outputs.map(
    ({ phase, slot, version, supersededIn }) =>
      `   output ${phase}/${slot} version ${version}${supersededIn === null ? '' : ', superseded'}`,
  );
  return `${[`${output.key} in ${output.workflow}`, ...lines, ...outputs, ...guide].join('\n')}\n`;
}

function workflowsText(output: Out<'workflow.list'>, { terminal }: Presenting): string {
  const rows = output.workflows.map((each) => [
    each.name,
    each.kind,
    each.problems.length > 0 ? plural(each.problems.length, 'problem') : plural(each.phases.length, 'phase'),
    each.description || each.origin,
  ]);
  return table(['NAME', 'FROM', 'STATE', 'DESCRIPTION'], rows, terminal);
}

function validatedText(output: Out<'workflow.validate'>, { paint }: Presenting): string {
  return output.files
    .flatMap(({ origin, problems }) =>
      problems.length === 0
        ? [` ${paint('good', '✓')} ${origin}`]
        : [` ${paint('bad', '✗')} ${origin}`, ...problems.map((each) => `   ${plainText(each)}`)],
    )
    .map((line) => `${line}\n`)
    .join('');
}

function workflowText(output: Out<'workflow.show'>, { terminal, paint }: Presenting): string {
  const { workflow, origin, digest, problems } = output;
  const rows = workflow.phases.map((phase) => [
    phase.id,
    phase.board_column,
    phase.body === 'none' ? '' : phase.body,
    [...phase.gate.map(({ type }) => type), ...phase.done_definitions.map(({ check }) => check.type)].join(
      ', ',
    ),
    phase.is_terminal ? 'the end' : phase.allowed_transitions.join(', '),
  ]);
  const head = [
    `${workflow.name}  ${plainText(workflow.description)}`,
    paint('faint', `${origin}  ${digest}`),
    ...problems.map((each) => paint('warn', `the file is broken now: ${plainText(each)}`)),
    '',
  ];
  return `${head.join('\n')}\n${table(['PHASE', 'COLUMN', 'BODY', 'GATE', 'LEADS TO'], rows, terminal)}`;
}
