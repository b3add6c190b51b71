// Takes a plan's command apart: what a shell or `env` does first, and the runner's own words.

export interface PlanWords {
  /** `sh -c '… exec "$@"' sh` and `env A=b`, to be put before the runner's words again. */
  readonly head: readonly string[];
  readonly words: readonly string[];
}

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
// Dependencies' programs come first, as under `npm run`; the shell also turns a missing program into status 127.
const WITH_PATH = 'PATH="$1:$PATH"; export PATH; shift; exec "$@"';

/** The runner's words behind the prefixes that detection writes. */
export function planWords(argv: readonly string[]): PlanWords {
  let at = 0;
  if (argv[0] === 'sh' && argv[1] === '-c' && argv[2]?.endsWith('exec "$@"')) at = 4;
  if (argv[at] === 'env') {
    at += 1;
    while (ASSIGNMENT.test(argv[at] ?? '')) at += 1;
  }
  return { head: argv.slice(0, at), words: argv.slice(at) };
}

/** The head with a variable's value extended at its front, where the head sets that variable itself. */
export function extendVariable(head: readonly string[], name: string, value: string): string[] {
  return head.map((word) =>
    word.startsWith(`${name}=`) ? `${name}=${value}:${word.slice(name.length + 1)}` : word,
  );
}

/** A command that finds programs in `directories` first. */
export function withSearchPath(argv: readonly string[], directories: readonly string[]): string[] {
  return ['sh', '-c', WITH_PATH, 'sh', directories.join(':'), ...argv];
}
