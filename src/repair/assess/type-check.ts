// Which plausible changes bring type errors in, asked of the project's own compiler in the sandbox where the project has one.
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '#sandbox/runner.ts';
import { applyEdits } from '../edits.ts';
import type { Idea } from '../enumerate.ts';
import type { TypeAnswer, TypeQuestion } from '../harness/javascript-types.ts';
import type { RepairRequest } from '../request.ts';
import type { SourceFile } from '../sources.ts';

export interface TypeCheckParts {
  readonly sandbox: Sandbox;
  readonly request: Pick<RepairRequest, 'workspace' | 'plan'>;
  readonly files: readonly SourceFile[];
}

/** How many type errors each change adds; without those that nothing is known of. */
export type TypeErrors = ReadonlyMap<Idea, number>;

export interface TypeChecker {
  /** Best first; as many as the time allows. Empty where the project is not type-checked. */
  check(changes: readonly Idea[], budgetMs: number, signal?: AbortSignal): Promise<TypeErrors>;
}

const CONFIGURATIONS = ['tsconfig.json', 'jsconfig.json'] as const;
const MAX_CHANGES = 6;
/** With less time than this, a compiler would hardly start. */
const LEAST_MS = 1_500;
const INSIDE = '/opt/cambium-repair';
const NOTHING: TypeErrors = new Map();
const COMPILER_BYTES = 2_147_483_648;

export function createTypeChecker(parts: TypeCheckParts): TypeChecker {
  return {
    check: async (changes, budgetMs, signal) => {
      const configuration = changes.length > 1 && budgetMs >= LEAST_MS ? await configurationOf(parts) : null;
      if (configuration === null) return NOTHING;
      const asked = changes.filter((one) => isChecked(one.file, configuration)).slice(0, MAX_CHANGES);
      const texts = asked.map((one) => changedText(one, parts));
      const versions = [{}, ...texts];
      const answers = await ask(parts, { configuration: configuration.name, versions, budgetMs }, signal);
      const base = answers.get(0);
      if (base === undefined) return NOTHING;
      const found = new Map<Idea, number>();
      asked.forEach((one, index) => {
        const errors = answers.get(index + 1);
        if (errors !== undefined) found.set(one, added(base, errors));
      });
      return found;
    },
  };
}

interface Configuration {
  readonly name: string;
  /** Plain JavaScript is checked too. */
  readonly javascript: boolean;
}

/** Of the package whose tests run; null when it has none. */
async function configurationOf({ request }: TypeCheckParts): Promise<Configuration | null> {
  for (const name of CONFIGURATIONS) {
    const text = await request.workspace.read(inPackage(request, name)).catch(() => null);
    if (text !== null) return { name, javascript: /"checkJs"\s*:\s*true/.test(text) };
  }
  return null;
}

function inPackage({ plan }: TypeCheckParts['request'], name: string): string {
  return plan.directory === '.' ? name : `${plan.directory}/${name}`;
}

function isChecked(file: string, { javascript }: Configuration): boolean {
  return /\.[cm]?tsx?$/.test(file) || (javascript && /\.[cm]?jsx?$/.test(file));
}

/** Changed texts by path from the package's folder; files outside it stay as they are. */
function changedText(idea: Idea, { files, request }: TypeCheckParts): Record<string, string> {
  const text = files.find((file) => file.path === idea.file)?.text ?? '';
  const prefix = inPackage(request, '');
  const path = idea.file.startsWith(prefix) ? idea.file.slice(prefix.length) : '';
  return path === '' ? {} : { [path]: applyEdits(text, idea.edits) };
}

interface Asked {
  readonly configuration: string;
  readonly versions: TypeQuestion['versions'];
  readonly budgetMs: number;
}

async function ask(
  { sandbox, request }: TypeCheckParts,
  { configuration, versions, budgetMs }: Asked,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const host = fileURLToPath(new URL('../harness', import.meta.url)).replace(/\/$/, '');
  const onHost = sandbox.rung === 'none';
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const question: TypeQuestion = {
    directory: sandbox.insidePath(request.workspace, request.plan.directory),
    configuration,
    versions,
    limitMs: Math.floor(budgetMs),
  };
  const result = await sandbox.run(
    {
      workspace: request.workspace,
      argv: [
        sandbox.nodePath,
        '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
        `${onHost ? host : INSIDE}/javascript-types.${ending}`,
      ],
      stdin: JSON.stringify(question),
      readOnly: onHost ? [] : [{ host, inside: INSIDE }],
      limits: { wallMs: Math.ceil(budgetMs), memoryBytes: COMPILER_BYTES },
    },
    signal,
  );
  // What was answered before the time was over counts.
  const answers = new Map<number, readonly string[]>();
  for (const line of result.stdout.split('\n')) {
    const one = answerIn(line);
    if (one?.errors != null) answers.set(one.version, one.errors);
  }
  return answers;
}

function answerIn(line: string): TypeAnswer | null {
  try {
    return line.startsWith('{') ? (JSON.parse(line) as TypeAnswer) : null;
  } catch {
    return null;
  }
}

/** Errors that the unchanged program has not, each as often as it is there more. */
function added(base: readonly string[], errors: readonly string[]): number {
  const left = [...base];
  return errors.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}
