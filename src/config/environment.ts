// The only door to the process environment: a copy of it, and the directories that the platform gives us.
import envPaths from 'env-paths';

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where the user's own config.yaml lives. */
  readonly userDirectory: string;
  /** Where data goes when neither flag nor variable nor file says so. */
  readonly defaultHome: string;
}

/**
 * A frozen copy of the environment. Under root the data directory is `/var/lib/cambium`: root's own folders cannot
 * be traversed by the unprivileged users that run the database and the sandbox.
 */
export function readEnvironment(): Environment {
  const variables = Object.freeze({ ...process.env });
  const paths = envPaths('cambium', { suffix: '' });
  const isRoot = process.getuid?.() === 0;
  return { variables, userDirectory: paths.config, defaultHome: isRoot ? '/var/lib/cambium' : paths.data };
}
