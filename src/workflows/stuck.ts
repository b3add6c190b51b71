// Why work does not go on: judged from facts of the database alone, without asking whoever is stuck (O64, M41).
import type { Diagnosis } from '#contracts/stuck.ts';
import { plural } from '#foundation/text.ts';

/** The same action so often among the newest ones is a doom loop (spec §7.2). */
const LOOP = { times: 3, among: 10 };
/** More steps than this factor times the plan is scope creep (M41). */
const CREEP_FACTOR = 1.5;
const NAMED_FILES = 5;

/** Steps of a ticket's runs and tasks against what was planned. */
export interface Scope {
  readonly plannedSteps: number;
  readonly doneSteps: number;
  /** Empty when nobody planned files. */
  readonly plannedFiles: readonly string[];
  readonly changedFiles: readonly string[];
}

/** A task of the ticket that has not ended well. */
export interface StuckTask {
  readonly key: string;
  readonly state: 'blocked' | 'pending' | 'running' | 'failed';
  /** Keys of unfinished prerequisites. */
  readonly waitsFor: readonly string[];
  readonly tries: number;
  readonly lastError: string | null;
  readonly owner: string | null;
  /** It runs, and its lease is over. */
  readonly leaseOver: boolean;
  /** Key of a running task that owns one of its files, or name of a lock that it waits for. */
  readonly heldUpBy: string | null;
  /** Capabilities it needs that no living agent has all of; empty when one has. */
  readonly lacking: readonly string[];
  /** May not be taken before; ISO, null when it may be now. */
  readonly notBefore: string | null;
}

/** Everything that is known of a ticket without progress. */
export interface StuckFacts {
  readonly key: string;
  readonly blocked: { readonly by: string; readonly reason: string } | null;
  /** What a person has to decide; null when nobody has to. */
  readonly question: string | null;
  /** Keys of tickets that have to be done first. */
  readonly dependencies: readonly string[];
  /** Names of columns that the ticket could go to next and that are full. */
  readonly fullColumns: readonly string[];
  readonly tasks: readonly StuckTask[];
  /** Key of a run whose worker is alive; null when there is none. */
  readonly run: string | null;
  /** What was done, the newest last: equal texts are equal actions with equal results. */
  readonly actions: readonly string[];
  readonly scope: Scope;
}

/** Causes with evidence and an action each, the likeliest first; `idle` when nothing else explains it. */
export function diagnose(facts: StuckFacts): Diagnosis[] {
  const found = [...ofTicket(facts), ...facts.tasks.flatMap(ofTask), ...ofConduct(facts)];
  if (facts.fullColumns.length > 0) {
    found.push({
      cause: 'column-full',
      evidence: `it can go on only to ${facts.fullColumns.join(' or ')}, and there is no room`,
      action: 'cambium board shows what could leave there first',
    });
  }
  if (facts.run !== null) found.push(working(facts.run, `cambium run watch ${facts.run}`));
  if (found.length > 0) return found;
  const evidence = `${facts.key} has no task and no run under way, and nothing stands against a move`;
  return [{ cause: 'idle', evidence, action: `cambium phase advance ${facts.key}` }];
}

function ofTicket({ key, blocked, question, dependencies }: StuckFacts): Diagnosis[] {
  const found: Diagnosis[] = [];
  if (blocked) {
    const evidence = `${blocked.by} blocked it: ${blocked.reason}`;
    found.push({ cause: 'blocked', evidence, action: `cambium ticket unblock ${key}` });
  }
  if (question !== null) {
    found.push({ cause: 'waiting-human', evidence: question, action: `cambium ticket show ${key}` });
  }
  if (dependencies.length > 0) {
    const evidence = `${dependencies.join(', ')} must be done first`;
    found.push({ cause: 'waiting-dependency', evidence, action: `cambium ticket show ${dependencies[0]}` });
  }
  return found;
}

function ofTask(task: StuckTask): Diagnosis[] {
  const { key } = task;
  const show = `cambium task show ${key}`;
  if (task.state === 'failed') {
    const evidence = `${key} failed after ${plural(task.tries, 'try', 'tries')}: ${task.lastError ?? 'no error was told'}`;
    return [
      {
        cause: 'repeated-failure',
        evidence,
        action: `${show}, mend the cause, then cambium task retry ${key}`,
      },
    ];
  }
  if (task.state === 'running') {
    if (!task.leaseOver && task.heldUpBy !== null) return [waitsForLock(task, task.heldUpBy)];
    if (!task.leaseOver) return [working(key, `cambium task show ${key}`)];
    const evidence = `${task.owner ?? 'its worker'} holds ${key} and has not been heard of since its lease ended`;
    return [{ cause: 'dead-worker', evidence, action: 'cambium worker takes it over' }];
  }
  if (task.state === 'blocked') {
    const evidence = `${key} waits for ${task.waitsFor.join(', ') || 'a prerequisite'}`;
    const first = task.waitsFor[0];
    return [
      {
        cause: 'waiting-dependency',
        evidence,
        action: first === undefined ? show : `cambium task show ${first}`,
      },
    ];
  }
  if (task.lacking.length > 0) {
    const evidence = `no living agent has what ${key} needs: ${task.lacking.join(', ')}`;
    return [{ cause: 'no-capable-agent', evidence, action: 'start a worker with these capabilities' }];
  }
  if (task.heldUpBy !== null) return [waitsForLock(task, task.heldUpBy)];
  if (task.notBefore !== null) {
    const evidence = `${key} is tried again at ${task.notBefore}, after ${plural(task.tries, 'try', 'tries')}`;
    return [{ cause: 'back-off', evidence, action: show }];
  }
  const evidence = `${key} is ready, and nobody takes it`;
  return [{ cause: 'no-worker', evidence, action: 'cambium worker' }];
}

function waitsForLock({ key }: StuckTask, heldUpBy: string): Diagnosis {
  const evidence = `${key} waits for ${heldUpBy}`;
  return { cause: 'waiting-lock', evidence, action: 'cambium lock list' };
}

function working(key: string, action: string): Diagnosis {
  return {
    cause: 'working',
    evidence: `${key} is in the hands of a living worker that has told nothing since`,
    action,
  };
}

function ofConduct({ key, actions, scope }: StuckFacts): Diagnosis[] {
  const found: Diagnosis[] = [];
  const loop = findLoop(actions);
  if (loop !== null) {
    const evidence = `the same was done ${loop.times} times among the last ${Math.min(actions.length, LOOP.among)} steps: ${loop.action}`;
    found.push({
      cause: 'doom-loop',
      evidence,
      action: `cambium ticket block ${key} --reason "…", then another approach`,
    });
  }
  const creep = findCreep(scope);
  if (creep !== null)
    found.push({
      cause: 'scope-creep',
      evidence: creep,
      action: `cambium ticket show ${key}, then split it or plan anew`,
    });
  return found;
}

/** The action that occurs three times or more among the last ten, and how often; null when there is none. */
export function findLoop(
  actions: readonly string[],
): { readonly action: string; readonly times: number } | null {
  const counts = new Map<string, number>();
  for (const action of actions.slice(-LOOP.among)) counts.set(action, (counts.get(action) ?? 0) + 1);
  const [most] = [...counts].sort(([, one], [, other]) => other - one);
  return most !== undefined && most[1] >= LOOP.times ? { action: most[0], times: most[1] } : null;
}

/** In words how the work left its plan: too many steps, or files that nobody planned; null when it did not. */
export function findCreep({ plannedSteps, doneSteps, plannedFiles, changedFiles }: Scope): string | null {
  if (plannedSteps > 0 && doneSteps > plannedSteps * CREEP_FACTOR)
    return `${plural(doneSteps, 'step')} are done, and ${plannedSteps} were planned`;
  if (plannedFiles.length === 0) return null;
  const planned = plannedFiles.map((path) => path.replace(/\/+$/, ''));
  const strays = changedFiles.filter(
    (file) => !planned.some((path) => file === path || file.startsWith(`${path}/`)),
  );
  if (strays.length === 0) return null;
  const named = strays.slice(0, NAMED_FILES).join(', ');
  const rest = strays.length > NAMED_FILES ? ` and ${strays.length - NAMED_FILES} more` : '';
  return `nobody planned to change ${named}${rest}`;
}
