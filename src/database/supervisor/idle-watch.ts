// Stops a server that nobody uses: a detached shell of about one megabyte that counts the server's clients.
import { spawn } from 'node:child_process';
import { CHILD_ENVIRONMENT } from './cluster.ts';
import { spawnAs } from './identity.ts';
import type { Places } from './places.ts';

const PAUSE_SECONDS = 5;

/*
 * Every process that has the database open keeps a connection, and the server gives each connection a child whose
 * title holds "[local]": that is the truth about use, whoever was killed how. Before it stops the server, the shell
 * puts a marker down and counts again; a process that connects looks for the marker afterwards. So either the shell
 * sees the newcomer, or the newcomer sees the marker and waits for the next server: nobody is cut off.
 * Where clients cannot be counted, the server is left alone.
 */
const SCRIPT = `
server=$1 data=$2 marker=$3 idle=$4 pause=$5
busy() {
  if [ -r "/proc/$server/task/$server/children" ]; then
    read -r children < "/proc/$server/task/$server/children"
    set --
    for child in $children; do set -- "$@" "/proc/$child/cmdline"; done
    [ $# -gt 0 ] || return 0
    grep -qs '\\[local\\]' "$@"
  elif command -v ps > /dev/null; then
    ps -A -o ppid= -o args= | grep -q "^ *$server .*\\[local\\]"
  else
    return 0
  fi
}
running() {
  current=
  read -r current < "$data/postmaster.pid"
  [ "$current" = "$server" ] && kill -0 "$server"
}
quiet=0
while sleep "$pause"; do
  running || exit 0
  if busy; then quiet=0; continue; fi
  quiet=$((quiet + pause))
  [ "$quiet" -ge "$idle" ] || continue
  echo $$ > "$marker"
  if busy; then rm -f "$marker"; quiet=0; continue; fi
  kill -INT "$server"
  while running; do sleep 1; done
  rm -f "$marker"
  exit 0
done
`;

export interface IdleWatch {
  readonly places: Places;
  readonly pid: number;
  readonly idleStopSeconds: number;
}

/** Sets the watcher on a server that was just started; 0 seconds for none. */
export function watchIdle({ places, pid, idleStopSeconds }: IdleWatch): void {
  if (idleStopSeconds <= 0) return;
  const pause = Math.max(1, Math.min(PAUSE_SECONDS, Math.floor(idleStopSeconds)));
  const facts = [pid, places.data, places.stopping, Math.ceil(idleStopSeconds), pause].map(String);
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'cambium-idle-watch', ...facts], {
    cwd: '/',
    env: CHILD_ENVIRONMENT,
    detached: true,
    stdio: 'ignore',
    ...spawnAs(places.identity),
  });
  // Without a shell the server just never stops by itself; doctor shows it.
  child.once('error', () => undefined);
  child.unref();
}
