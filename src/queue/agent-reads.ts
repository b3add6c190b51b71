// Reading the registry: agents as they are shown, and the best fit for a wish (O15).

const COLUMNS = `a.id, a.name, a.type, a.phase, a.state, a.health, a.intake, a.reason, a.capabilities, a.capacity,
  (select count(*)::integer from tasks t where t.agent_id = a.id and t.state = 'running') as running,
  a.tags, a.version, a.owner, a.heartbeat_at as "heartbeatAt", a.lease_until as "leaseUntil", a.anomaly,
  (select count(*)::integer from unnest(a.restarts) r where r > now() - interval '1 hour') as restarts,
  coalesce((select jsonb_agg(jsonb_build_object('capability', o.capability, 'succeeded', o.succeeded, 'failed', o.failed,
    'costUsd', o.cost_usd) order by o.capability) from agent_outcomes o where o.agent_id = a.id), '[]') as outcomes`;

/** `$1` id or name, null for all; `$2` at most. Those that live come first. */
export const READ = `select ${COLUMNS} from agents a where $1::text is null or a.id = $1 or a.name = $1
  order by a.ended_at is not null, a.number limit $2`;

/**
 * `$1` capabilities in lower case, `$2` at most. Matched of required, + .2 when idle, + .2 when healthy, + .05 for each
 * free slot up to five; and what was learned: up to ± .2 by the success rate (three imagined tries at one half until
 * there are real ones) and up to − .1 by cost against the dearest. Only living agents that take new tasks and have
 * a free slot.
 */
export const BEST_FIT = `
  with fit as (
    select a.*, (select count(*) from unnest($1::text[]) c where c = any(a.capabilities))::float8 as matched,
      a.capacity - (select count(*) from tasks t where t.agent_id = a.id and t.state = 'running') as free,
      coalesce((select sum(o.succeeded)::float8 from agent_outcomes o where o.agent_id = a.id and o.capability = any($1)), 0) as good,
      coalesce((select sum(o.failed)::float8 from agent_outcomes o where o.agent_id = a.id and o.capability = any($1)), 0) as bad,
      coalesce((select sum(o.cost_usd) / nullif(sum(o.succeeded + o.failed), 0)
        from agent_outcomes o where o.agent_id = a.id and o.capability = any($1)), 0) as cost
    from agents a where a.state in ('idle', 'running', 'degraded') and a.intake = 'open' and a.health <> 'unresponsive'
      and a.lease_until > now()
  )
  select ${COLUMNS}, round((case when cardinality($1::text[]) = 0 then 1 else a.matched / cardinality($1::text[]) end
      + case when a.state = 'idle' then 0.2 else 0 end + case when a.health = 'healthy' then 0.2 else 0 end
      + 0.05 * least(a.free, 5) + 0.4 * ((a.good + 1.5) / (a.good + a.bad + 3) - 0.5)
      - 0.1 * coalesce(a.cost / nullif((select max(cost) from fit), 0), 0))::numeric, 4)::float8 as score
  from fit a where a.free > 0 and (cardinality($1::text[]) = 0 or a.matched > 0)
  order by score desc, a.number limit $2`;
