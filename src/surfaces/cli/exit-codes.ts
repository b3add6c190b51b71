// The topic `cambium help exit-codes`: what each exit status means, from the one table of codes.
import { EXIT } from '#foundation/errors.ts';

export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'the goal is reached'],
  [EXIT.failed, 'failed: the run ended without a proven fix, or something broke'],
  [EXIT.usage, 'usage: a wrong argument or input, or an answer is needed and nobody is there to ask'],
  [EXIT.config, 'the configuration is not valid'],
  [EXIT.forbidden, 'not allowed: no permission, or no isolation and no consent to work without'],
  [EXIT.parked, 'parked: waits for approval, for input or for `cambium run resume`'],
  [EXIT.limit, 'a limit was reached: attempts, time or no progress'],
  [EXIT.gate, 'a gate or the tests refused: no certificate, or it could not be reproduced'],
  [EXIT.noChange, 'finished, but there was nothing to change (`--allow-empty` makes this 0)'],
  [EXIT.unreachable, 'the database or server cannot be reached'],
  [130, 'interrupted from the keyboard (SIGINT); the run is paused, not lost'],
  [141, 'nobody reads the output any more (a closed pipe); the run is paused, not lost'],
  [143, 'ended by SIGTERM or SIGHUP; the run is paused, not lost'],
];

/** The help topic as text. */
export function exitCodesTopic(): string {
  const rows = EXIT_MEANINGS.map(([code, meaning]) => `${String(code).padStart(5)}  ${meaning}\n`).join('');
  return `Exit codes\n\n${rows}`;
}
