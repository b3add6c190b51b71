// The order of ready tasks (O23): a score between 0 and 1 in SQL, and the two columns that let an index follow it.
import type { ScoreRules } from '#contracts/task.ts';

/** Tasks of a ticket that are counted for fairness; more than this weigh as much. */
const TURNS = 50;
const DEPENDANTS = 10;
const TRIES = 3;

/**
 * Expressions over a row of `tasks` that is called `t`. The numbers are the rules' own, so that a plan can be kept.
 * `base` is the part of the score that does not move with time. Age grows alike for all, so the order of two tasks
 * that are younger than an hour never changes: `rank` is that order, in seconds.
 */
export interface Scoring {
  readonly turns: number;
  /** Seconds of age that weigh as much as a whole point. */
  readonly secondsForOne: number;
  /** The score now. */
  readonly score: string;
  /** Sets what follows from becoming ready: for `update tasks t set …`. */
  readonly ready: string;
  /** The same for one that was taken before: it keeps its age and its turn. */
  readonly again: string;
  /** Base of a row `r` that is being inserted. */
  readonly fresh: string;
  /** Base with another number of dependants. */
  readonly withDependants: (dependants: string) => string;
  /** How near a deadline must be to count, as an interval. */
  readonly window: string;
}

export function createScoring(rules: ScoreRules): Scoring {
  const base = (of: { priority: string; dependants: string; tries: string; turn: string }): string => `(
    ${rules.priority} * case ${of.priority} when 'critical' then 1 when 'high' then 0.75 when 'normal' then 0.5 else 0.25 end
    + ${rules.dependants} * least(${of.dependants}, ${DEPENDANTS}) / ${DEPENDANTS}.0
    + ${rules.retry} * least(${of.tries}, ${TRIES}) / ${TRIES}.0
    - ${rules.fairness} * ${of.turn})::float8`;
  const row = { priority: 't.priority', dependants: 't.dependants', tries: 't.tries', turn: 't.turn' };
  const turn = `(select count(*)::integer from (select 1 from tasks o where o.ticket_id = t.ticket_id
    and o.state in ('pending', 'running') and o.id <> t.id limit ${TURNS}) others)`;
  const ready = base({ ...row, turn });
  const secondsForOne = rules.ageFullMs / 1000 / rules.age;
  const window = `interval '${rules.deadlineWindowMs} ms'`;
  const near = `t.deadline <= now() + ${window}`;
  const urgency = `case when ${near} then least(1, greatest(0,
    1 - date_part('epoch', t.deadline - now()) * 1000 / ${rules.deadlineWindowMs})) else 0 end`;
  const age = `least(1, date_part('epoch', now() - t.ready_at) * 1000 / ${rules.ageFullMs})`;
  return {
    turns: TURNS,
    secondsForOne,
    window,
    score: `greatest(
      case when t.ready_at <= now() - interval '${rules.floorAfterMs} ms' then ${rules.floor} else 0 end,
      (t.base + ${rules.age} * ${age} + ${rules.deadline} * ${urgency})
        * case when ${near} then ${rules.deadlineFactor} else 1 end)`,
    ready: `ready_at = now(), turn = ${turn}, base = ${ready},
      rank = date_part('epoch', greatest(now(), t.not_before)) - ${secondsForOne} * ${ready}`,
    again: `base = ${base(row)},
      rank = date_part('epoch', greatest(coalesce(t.ready_at, now()), t.not_before)) - ${secondsForOne} * ${base(row)}`,
    fresh: base({ priority: 'r.p', dependants: '0', tries: '0', turn: 'r.turn' }),
    withDependants: (dependants) => base({ ...row, dependants }),
  };
}
