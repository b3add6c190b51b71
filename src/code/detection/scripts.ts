// Resolves a test script of package.json (or a --test line) to the command that really runs the tests.
import type { TestRunnerKind } from '#contracts/tests.ts';
import { isLinter, runnerOf, unwrap } from './commands.ts';
import { joinWords, type Segment, splitChain } from './shell-words.ts';

export interface ResolvedCommand {
  readonly runner: TestRunnerKind;
  readonly argv: string[];
  readonly notes: string[];
}

type Scripts = Readonly<Record<string, string>>;

interface Command {
  readonly env: readonly string[];
  readonly words: readonly string[];
  readonly globs: boolean;
}

const MAX_DEPTH = 8;
/** Scripts that each call several others multiply with every level. */
const MAX_EXPANSIONS = 200;
const NO_TEST = /no test specified/i;

/** True for what `npm init` writes: a script that is not a test. */
export function isPlaceholder(script: string): boolean {
  return NO_TEST.test(script) || script.trim() === '' || /^exit \d+$/.test(script.trim());
}

/**
 * The runner behind a command line. Scripts named in it (`npm run x`, `yarn x`) are followed with their
 * pre-scripts; linters are left out with a note; a build before the tests stays, as a shell prefix.
 */
export function resolveCommand(line: string, scripts: Scripts): ResolvedCommand {
  const notes: string[] = [];
  const chain = expandLine(line, { scripts, notes, depth: 0, spent: { expansions: 0 } });
  if (chain === null) {
    if (/\|\|/.test(line))
      notes.push(`"${line}" goes on after a failure (||); its exit status is taken as it comes.`);
    return { runner: 'command', argv: ['sh', '-c', line], notes };
  }
  const kept = chain.filter((command) => {
    if (!isLinter(command.words)) return true;
    notes.push(`"${joinWords(command.words)}" is not a test and is left out.`);
    return false;
  });
  const commands = kept.length > 0 ? kept : chain;
  const at = mainRun(commands);
  if (at < 0) return plainCommand(commands, notes);
  const command = commands[at] as Command;
  for (const later of commands.slice(at + 1))
    notes.push(`"${joinWords(later.words)}" comes after the tests and is not run.`);
  const before = commands.slice(0, at).filter((earlier) => runnerOf(earlier.words) === 'command');
  for (const earlier of commands.slice(0, at))
    if (!before.includes(earlier))
      notes.push(`"${joinWords(earlier.words)}" runs only a part of the tests and is left out.`);
  return { runner: runnerOf(command.words), argv: withPrefix(before, words(command)), notes };
}

/** Of several runs of tests, the first among those with the fewest filters: `vitest run` rather than `vitest run types`. */
function mainRun(commands: readonly Command[]): number {
  let best = -1;
  let fewest = Number.POSITIVE_INFINITY;
  commands.forEach(({ words }, index) => {
    const filters = runnerOf(words) === 'command' ? fewest : filtersOf(words);
    if (filters >= fewest) return;
    best = index;
    fewest = filters;
  });
  return best;
}

/** Words after the runner's own that choose files or names; a benchmark chooses everything away. */
function filtersOf(words: readonly string[]): number {
  const rest = words.slice(1).filter((word) => !/^(?:run|watch|dev|-m|pytest|unittest|discover)$/.test(word));
  if (rest[0] === 'bench') return Number.MAX_SAFE_INTEGER;
  return rest.filter((word) => !word.startsWith('-') || word === '--typecheck.only').length;
}

const FAN_OUT = [
  /^npm (?:run )?(?:test|t)\b.*(?: --workspaces| -ws)\b/,
  /^pnpm (?:.*)(?:-r|--recursive|--filter)\b.*\btest\b/,
  /^yarn workspaces (?:foreach\b.*|run )\btest\b/,
  /^(?:lerna|turbo|nx|wsrun|ultra|moon)\b.*\btest\b/,
];

/** True for a command that has every package of a workspace run its own tests. */
export function isFanOut(argv: readonly string[]): boolean {
  const line = argv[0] === 'sh' ? (argv[2] ?? '') : joinWords(argv);
  return FAN_OUT.some((pattern) => pattern.test(line));
}

interface Expansion {
  readonly scripts: Scripts;
  readonly notes: string[];
  readonly depth: number;
  /** Lines expanded so far, counted over the whole tree of calls. */
  readonly spent: { expansions: number };
}

/** A line as plain commands; null when it needs a shell, or scripts call each other without end. */
function expandLine(line: string, expansion: Expansion): Command[] | null {
  expansion.spent.expansions += 1;
  if (expansion.depth > MAX_DEPTH || expansion.spent.expansions > MAX_EXPANSIONS) return null;
  const segments = splitChain(line);
  if (segments === null) return null;
  const commands: Command[] = [];
  for (const segment of segments) {
    const expanded = expandSegment(segment, expansion);
    if (expanded === null) return null;
    commands.push(...expanded);
  }
  return commands;
}

function expandSegment(segment: Segment, expansion: Expansion): Command[] | null {
  const { env, words: inner, dropped } = unwrap(segment.words);
  for (const tool of dropped) expansion.notes.push(`Coverage by ${tool} is left out.`);
  const call = scriptCall(inner, expansion.scripts);
  if (call === null) return [{ env, words: inner, globs: segment.globs }];
  const commands: Command[] = [];
  for (const name of call.names) {
    const script = Object.hasOwn(expansion.scripts, name) ? expansion.scripts[name] : undefined;
    if (script === undefined) return [{ env, words: inner, globs: segment.globs }];
    const before = Object.hasOwn(expansion.scripts, `pre${name}`)
      ? expansion.scripts[`pre${name}`]
      : undefined;
    const line = [script, ...call.args.map((word) => joinWords([word]))].join(' ');
    for (const text of before === undefined ? [line] : [before, line]) {
      const inside = expandLine(text, { ...expansion, depth: expansion.depth + 1 });
      if (inside === null) return null;
      commands.push(...inside.map((command) => ({ ...command, env: [...env, ...command.env] })));
    }
  }
  return commands;
}

interface ScriptCall {
  readonly names: readonly string[];
  readonly args: readonly string[];
}

/** `npm run x -- a`, `npm test`, `yarn x`, `pnpm run x`, `node --run x`, `run-s a b`: which scripts it starts. */
function scriptCall(command: readonly string[], scripts: Scripts): ScriptCall | null {
  const [tool = '', ...rest] = command;
  if (tool === 'run-s' || tool === 'npm-run-all') {
    const names = rest.filter((word) => !word.startsWith('-'));
    const known = names.length > 0 && names.every((name) => Object.hasOwn(scripts, name));
    return known ? { names, args: [] } : null;
  }
  if (tool === 'node' && rest[0] === '--run' && rest[1] !== undefined)
    return { names: [rest[1]], args: rest.slice(2).filter((word) => word !== '--') };
  if (!['npm', 'pnpm', 'yarn', 'bun'].includes(tool)) return null;
  const plain = rest.filter((word) => !/^(-s|--silent|--quiet|-q|--if-present)$/.test(word));
  const explicit = plain[0] === 'run' || plain[0] === 'run-script';
  const name = explicit ? plain[1] : plain[0] === 't' || plain[0] === 'tst' ? 'test' : plain[0];
  if (name === undefined || !Object.hasOwn(scripts, name)) return null;
  if (tool === 'npm' && !explicit && name !== 'test') return null;
  if (tool === 'bun' && !explicit) return null;
  const args = plain.slice(explicit ? 2 : 1);
  return { names: [name], args: args.filter((word, at) => !(word === '--' && at === args.indexOf('--'))) };
}

function words(command: Command): string[] {
  return command.env.length === 0 ? [...command.words] : ['env', ...command.env, ...command.words];
}

function plainCommand(commands: readonly Command[], notes: string[]): ResolvedCommand {
  const [only] = commands;
  if (only && commands.length === 1 && !only.globs) return { runner: 'command', argv: words(only), notes };
  const text = commands.map((command) =>
    command.globs ? words(command).join(' ') : joinWords(words(command)),
  );
  return { runner: 'command', argv: ['sh', '-c', text.join(' && ')], notes };
}

/** Commands to run before the runner, in a form whose tail is still the runner's own words. */
function withPrefix(before: readonly Command[], runner: string[]): string[] {
  if (before.length === 0) return runner;
  const text = before.map((command) =>
    command.globs ? words(command).join(' ') : joinWords(words(command)),
  );
  return ['sh', '-c', `${text.join(' && ')} && exec "$@"`, 'sh', ...runner];
}
