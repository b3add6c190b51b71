// A command with an expected exit status, run by the host in a clean tree of the exact commit.
import type { CommandResult } from '#contracts/command.ts';
import type { GateEvidence } from '#contracts/gate.ts';
import { clip, plainText } from '#foundation/text.ts';
import { inCleanWorkspace } from '../host-run.ts';
import { type CheckContext, observed, passed, type RunCheck, refused } from './check.ts';
import { inFreshTree, lineOf, wordsOf } from './reproduce.ts';
import { touchedCommand } from './untouched.ts';

const TOLD_CHARS = 400;

export const runCommandCheck: RunCheck<'command'> = async (context, check, signal) => {
  const reproduce = inFreshTree(context.subject, check.directory, lineOf(check.run));
  const touched = check.allow_changes ? [] : await touchedCommand(context, check.run, check.directory);
  if (touched.length > 0) return refused(touched, { reproduce });
  const result = await runHere(context, check, { signal });
  const seen = { reproduce, evidence: [outputOf(result)] };
  const problem = problemOf(result, check);
  return problem === null
    ? passed(`${lineOf(check.run)} ended with ${check.exit}.`, seen)
    : refused([`${lineOf(check.run)} ${problem}.${lastWords(result)}`], seen);
};

interface Ran {
  readonly run: string | readonly string[];
  readonly directory: string;
  readonly time_limit_seconds: number;
}

/** Runs words of a check in a workspace of their own. */
export function runHere(
  { parts, subject }: CheckContext,
  { run, directory, time_limit_seconds }: Ran,
  { stdin = '', signal }: { readonly stdin?: string; readonly signal?: AbortSignal | undefined },
): Promise<CommandResult> {
  const limits = { ...subject.limits, wallMs: time_limit_seconds * 1_000 };
  return inCleanWorkspace(
    parts,
    subject,
    (workspace) => parts.sandbox.run({ workspace, directory, argv: wordsOf(run), stdin, limits }, signal),
    signal,
  );
}

export function outputOf(result: CommandResult): GateEvidence {
  return observed('output', `${result.stdout}\u0000${result.stderr}`);
}

/** Why the command's end is not the wanted one; null when it is. */
export function problemOf(
  result: CommandResult,
  wanted: { readonly exit: number; readonly time_limit_seconds: number },
): string | null {
  if (result.ending === 'timed-out') return `did not end within ${wanted.time_limit_seconds} s`;
  if (result.ending === 'signalled') return `was ended by ${result.signal ?? 'a signal'}`;
  if (result.ending !== 'exited') return `was stopped (${result.ending})`;
  if (result.exitCode === wanted.exit) return null;
  const missing = result.exitCode === 127 ? ': the program was not found' : '';
  return `ended with ${result.exitCode}, not with ${wanted.exit}${missing}`;
}

/** The end of what the command said, for people. */
export function lastWords(result: CommandResult): string {
  const text = plainText(`${result.stdout}\n${result.stderr}`).trim();
  return text === '' ? '' : ` It said: ${clip(text.slice(-TOLD_CHARS), TOLD_CHARS).text}`;
}
