// Who sits at the command line, for the records of what is done there.
import { userInfo } from 'node:os';
import { type Actor, AUTHORITY } from '#contracts/move.ts';

/** Whoever starts the program may read and write its database: the rights of the owner, under the name of the account. */
export function personHere(): Actor {
  const name = accountName() ?? 'command line';
  return { kind: 'person', name, authority: AUTHORITY.guardian };
}

function accountName(): string | null {
  try {
    return userInfo().username || null;
  } catch {
    // An account without an entry, as in many containers.
    return null;
  }
}
