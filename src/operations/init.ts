// The operation `project.init`: detect what a repository is, register it, and write a configuration that says so.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { projectProfile } from '#contracts/project.ts';
import { AppError } from '#foundation/errors.ts';
import { defineOperation } from './operation.ts';
import { detectAt } from './tree-files.ts';

export const initProject = defineOperation({
  input: z.strictObject({
    path: z.string().min(1).default('.'),
    /** Replace a configuration file that is already there. */
    force: z.boolean().default(false),
    /** Say what would be written, and write nothing. */
    dryRun: z.boolean().default(false),
  }),
  output: z.strictObject({
    repository: z.string(),
    file: z.string(),
    text: z.string(),
    written: z.boolean(),
    profile: projectProfile,
  }),
  handle: async (context, input) => {
    const place = await context.git.locate(resolve(context.cwd, input.path));
    const repository = place.topLevel;
    const commit = await context.git.resolveCommit(repository, 'HEAD');
    const wish = { testCommand: context.settings.tests.command ?? undefined, directory: place.prefix };
    const profile = await detectAt(context.git, { repository, commit }, wish);
    const file = join(repository, '.cambium', 'config.yaml');
    const text = configText(profile, place.prefix);
    const exists = await stat(file).then(
      () => true,
      () => false,
    );
    if (exists && !input.force && !input.dryRun) {
      throw new AppError('USAGE', {
        message: `${file} exists already`,
        next: 'cambium init --force replaces it',
      });
    }
    if (!input.dryRun) {
      await mkdir(join(repository, '.cambium'), { recursive: true });
      await writeFile(file, text);
      const origin = await context.git.originUrl(repository);
      await (await context.projects()).register({ path: repository, profile, origin });
    }
    return { repository, file, text, written: !input.dryRun, profile };
  },
});

function configText(profile: z.infer<typeof projectProfile>, directory: string): string {
  const found = profile.tests && `${JSON.stringify(profile.tests.argv.join(' '))} (${profile.tests.origin})`;
  const languages = profile.languages.map(({ name, files }) => `${name} (${files})`).join(', ') || 'none';
  return [
    '# Cambium reads this file; `cambium config show --origin` lists every key with its default.',
    `# Languages by source files: ${languages}.`,
    'tests:',
    `  # The command that runs the tests; null detects it each time. Now: ${found ?? 'none found, name one here'}`,
    '  command: null',
    `  directory: ${JSON.stringify(directory)}`,
    '',
  ].join('\n');
}
