// Whether a change leaves alone what judges it; the same reading of git's objects as for certificates.
import type { TestPlan } from '#contracts/tests.ts';
import { namedFiles } from '../configuration-changes.ts';
import { findTampering } from '../tampering.ts';
import { listed } from '../verdict.ts';
import type { CheckContext } from './check.ts';
import { wordsOf } from './reproduce.ts';

/** Why the change must not be judged by these tests: what it deleted, weakened or steered; empty when nothing. */
export async function touchedTests(context: CheckContext, plan: TestPlan): Promise<string[]> {
  const { git } = context.parts;
  const { findings } = await findTampering(git, { ...context.subject, plan });
  if (findings.length === 0) return [];
  const told = findings.map(({ file, kind, detail }) => `${file} (${kind}: ${detail})`);
  return [`The change touches the tests that judge it: ${listed(told)}.`];
}

/**
 * Why the change must not be judged by this command: it changed a file that the command names, or scripts and
 * configuration that tools read by themselves. What a named script runs in turn is not followed.
 */
export async function touchedCommand(
  context: CheckContext,
  run: string | readonly string[],
  directory: string,
): Promise<string[]> {
  const { subject, parts } = context;
  const { repository, base, commit } = subject;
  const argv = [
    'sh',
    ...wordsOf(run)
      .flatMap((word) => word.split(/[\s;&|()<>"'`=]+/))
      .filter(Boolean),
  ];
  const plan: TestPlan = { runner: 'command', argv, directory, origin: 'gate' };
  const { findings } = await findTampering(parts.git, { repository, base, commit, plan });
  const changed = (await parts.git.changedFiles(repository, base, commit)).map((file) => file.path);
  const named = namedFiles({ plan, configuration: new Map(), paths: new Set(changed) });
  const told = [
    ...[...named].map((path) => `${path} (the command names it)`),
    ...findings
      .filter(({ kind, file }) => kind === 'configuration' && !named.has(file))
      .map(({ file, detail }) => `${file} (${detail})`),
  ];
  return told.length === 0 ? [] : [`The change touches what this check runs: ${listed(told)}.`];
}
