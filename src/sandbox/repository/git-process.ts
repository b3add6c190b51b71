// One call of the git binary with everything switched off that a repository could make it execute.
import { spawn } from 'node:child_process';
import { AppError, type ErrorCode, errorMessage } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';

export interface GitCall {
  readonly args: readonly string[];
  /** Directory to find the repository from; not needed with `gitDirectory`. */
  readonly directory?: string;
  readonly gitDirectory?: string;
  readonly workTree?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Output beyond this ends the call with COMMAND_FAILED. */
  readonly maxOutputBytes?: number;
  /** Likewise a call that takes longer; ten minutes by default, for the largest check-outs. */
  readonly wallMs?: number;
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 67_108_864;
const MAX_ERROR_BYTES = 65_536;
const WALL_MS = 600_000;

/** Settings that name programs, or start them; the command line wins over every file. */
const SAFE_SETTINGS = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.pager=cat',
  'core.editor=:',
  'core.sshCommand=/bin/false',
  'core.askPass=/bin/false',
  'core.attributesFile=/dev/null',
  'core.quotePath=false',
  'commit.gpgSign=false',
  'log.showSignature=false',
  'gpg.program=/bin/false',
  'credential.helper=',
  'protocol.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'advice.addEmbeddedRepo=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
  // As root, git refuses trees that belong to the sandbox's identity; what it would trust is switched off above.
  'safe.directory=*',
  'safe.bareRepository=explicit',
].flatMap((setting) => ['-c', setting]);

const SAFE_ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
  HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  // A partial clone fetches missing objects by a command that its configuration names.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_PAGER: 'cat',
  GIT_EDITOR: ':',
  GIT_ASKPASS: '/bin/false',
  GIT_SSH_COMMAND: '/bin/false',
} as const;

/** Calls git and returns whatever it answered. Throws only when it cannot be started or says too much. */
export async function askGit(call: GitCall): Promise<GitAnswer> {
  const place = [
    ...(call.directory === undefined ? [] : ['-C', call.directory]),
    ...(call.gitDirectory === undefined ? [] : [`--git-dir=${call.gitDirectory}`]),
    ...(call.workTree === undefined ? [] : [`--work-tree=${call.workTree}`]),
  ];
  const wallMs = call.wallMs ?? WALL_MS;
  const child = spawn('git', ['--no-pager', ...place, ...SAFE_SETTINGS, ...call.args], {
    cwd: '/',
    env: { ...SAFE_ENVIRONMENT, ...call.env },
    stdio: 'pipe',
    // A pipe in place of one of git's own files would make it wait for ever.
    timeout: wallMs,
    killSignal: 'SIGKILL',
  });
  const limit = call.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  const out: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= limit) out.push(chunk);
    else child.kill('SIGKILL');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < MAX_ERROR_BYTES) stderr += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(notInstalled(error)));
    child.once('close', resolve);
  });
  if (bytes > limit) {
    throw new AppError('COMMAND_FAILED', {
      message: `git ${call.args[0]} gave more than ${limit} bytes`,
      details: { args: call.args, limitBytes: limit },
    });
  }
  if (code === null && child.killed) {
    throw new AppError('COMMAND_FAILED', {
      message: `git ${call.args[0]} took longer than ${wallMs} ms and was stopped`,
      details: { args: call.args, wallMs },
    });
  }
  return { code: code ?? 128, stdout: Buffer.concat(out), stderr };
}

/** Calls git and throws by what it complained about unless it succeeded. */
export async function callGit(call: GitCall): Promise<Buffer> {
  const answer = await askGit(call);
  if (answer.code === 0) return answer.stdout;
  throw gitFailure(call, answer);
}

/** The error of a failed call: a full disk and missing rights have codes of their own. */
export function gitFailure(call: GitCall, answer: GitAnswer): AppError {
  const said = clip(plainText(answer.stderr).trim(), 600).text;
  // An opened file that cannot be written is reported without the system's reason.
  const code: ErrorCode =
    /No space left on device|Disk quota exceeded|unable to write file|out of disk ?space/i.test(said)
      ? 'DISK_FULL'
      : /Permission denied|Read-only file system|insufficient permission/.test(said)
        ? 'NOT_WRITABLE'
        : 'COMMAND_FAILED';
  return new AppError(code, {
    message: `git ${call.args[0]} failed: ${said || `exit status ${answer.code}`}`,
    details: { args: call.args, exitCode: answer.code },
  });
}

function notInstalled(error: Error): AppError {
  return new AppError('COMMAND_FAILED', {
    message: `git cannot be started: ${errorMessage(error)}`,
    next: 'apt-get install git',
    cause: error,
  });
}
