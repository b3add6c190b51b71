// From the text of a workflow file to a workflow, or to everything that is wrong with it, each with its place.
import { type Workflow, workflow } from '#contracts/workflow.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import { senseProblems } from './sense.ts';
import { shapeProblems } from './shape.ts';
import { type Problem, readYamlText } from './yaml-text.ts';

const MAX_CHARS = 262_144;

/** Parses a workflow. Problems come in the order of the file. */
export function parseWorkflow(text: string): Result<Workflow, readonly Problem[]> {
  if (text.length > MAX_CHARS) {
    const message = `the file holds more than ${MAX_CHARS} characters`;
    return err([{ line: 1, column: 1, message, suggestion: 'move long prompts out of the workflow' }]);
  }
  const yaml = readYamlText(text);
  if (!('value' in yaml)) return err(yaml);
  const shape = shapeProblems(workflow, yaml);
  if (shape.length > 0) return err(inOrder(shape));
  const parsed = workflow.parse(yaml.value);
  const sense = senseProblems(parsed).map(({ path, ...said }) => ({ ...yaml.place(path), ...said }));
  return sense.length > 0 ? err(inOrder(sense)) : ok(parsed);
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
