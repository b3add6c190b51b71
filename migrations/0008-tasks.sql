-- The one durable queue: tasks in a graph, who holds them, and who may. pg-boss's tables are left where they are in a
-- database that has them; nothing reads them any more.

create type task_state as enum ('blocked', 'pending', 'running', 'completed', 'failed', 'cancelled', 'skipped');
create type task_priority as enum ('critical', 'high', 'normal', 'low');

-- Few and small checks: PostgreSQL reads each of them anew for every statement that writes, and a claim is one.
create table tasks (
  id text primary key,
  number bigint generated always as identity,
  type text not null,
  project_id text,
  ticket_id text,
  run_id text,
  -- At most one task of a type with this key has not ended.
  key text,
  payload jsonb not null,
  state task_state not null,
  -- Why it stands where it stands, for people: the last error, who cancelled it, which prerequisite skipped it.
  reason text,
  priority task_priority not null,
  deadline timestamptz,
  -- Capabilities that whoever takes it must have.
  needs text[] not null,
  -- Files that it owns while it runs: no other running task of the project owns any of them.
  files text[] not null,
  -- Part of the ticket's budget that it may use.
  budget_share double precision,
  -- Longest a try may run, milliseconds.
  timeout_ms bigint not null,
  retry_limit integer not null,
  retry_base_ms bigint not null,
  retry_max_ms bigint not null,
  -- Times it was taken and not given back.
  tries integer not null default 0,
  -- Prerequisites that are not settled; a task may only be taken when there is none.
  waiting_for integer not null default 0,
  -- Tasks that wait for this one.
  dependants integer not null default 0,
  -- How many tasks of its ticket were ready before it, for fairness between tickets.
  turn integer not null default 0,
  -- The part of the score that does not move with time, and the place in the queue that follows from it (src/queue/scoring.ts).
  base double precision not null default 0,
  rank double precision not null default 0,
  not_before timestamptz not null,
  ready_at timestamptz,
  -- Fencing number: grows each time the task is taken; an older holder's word no longer counts.
  token integer not null default 0,
  owner text,
  agent_id text,
  -- The database's own clock decides.
  lease_until timestamptz,
  -- Somebody asked to cancel it while it ran: its holder has until then to stop by itself.
  cancel_by timestamptz,
  result jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  -- Who runs has a lease, who waits has something to wait for, and what has ended says when.
  check (case state
    when 'running' then lease_until is not null and owner is not null and waiting_for = 0 and ended_at is null
    when 'pending' then lease_until is null and waiting_for = 0 and ended_at is null
    when 'blocked' then lease_until is null and waiting_for > 0 and ended_at is null
    else lease_until is null and ended_at is not null end)
);
create unique index tasks_number_key on tasks (number);
create unique index tasks_live_key on tasks (type, key) where state in ('blocked', 'pending', 'running');
-- The three orders in which a claim looks for the best task.
create index tasks_by_rank on tasks (type, rank, not_before) where state = 'pending';
create index tasks_by_base on tasks (type, base desc, ready_at, not_before) where state = 'pending';
create index tasks_by_deadline on tasks (type, deadline, not_before) where state = 'pending' and deadline is not null;
create index tasks_by_lease on tasks (lease_until) where state = 'running';
-- Partial, so that a task without one costs nothing here: every change of state writes each index anew.
create index tasks_by_ticket on tasks (ticket_id, state) where ticket_id is not null;
create index tasks_by_run on tasks (run_id) where run_id is not null;
create index tasks_dead on tasks (number) where state = 'failed';
create index tasks_by_agent on tasks (agent_id) where state = 'running' and agent_id is not null;
create index tasks_by_end on tasks (ended_at) where ended_at is not null;

-- The state machine of tasks: every pair that is not named here is refused, whoever writes.
create function task_moves() returns trigger language plpgsql as $$
begin
  if (case old.state
    when 'blocked' then new.state in ('pending', 'skipped', 'cancelled')
    when 'pending' then new.state in ('blocked', 'running', 'cancelled')
    when 'running' then new.state in ('pending', 'completed', 'failed', 'cancelled')
    when 'completed' then false
    else new.state in ('pending', 'blocked') end) then
    return new;
  end if;
  raise exception 'task % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
end;
$$;
create trigger tasks_states before update of state on tasks
  for each row when (old.state <> new.state) execute function task_moves();

create table task_edges (
  task_id text not null references tasks (id) on delete cascade,
  needs_id text not null references tasks (id) on delete cascade,
  -- What becomes of the task when its prerequisite fails, is cancelled or skipped.
  policy text not null check (policy in ('block', 'skip', 'run')),
  settled boolean not null default false,
  primary key (task_id, needs_id),
  check (task_id <> needs_id)
);
create index task_edges_by_need on task_edges (needs_id);

-- Tries that did not end well; the good one stands in the task itself.
create table task_tries (
  task_id text not null references tasks (id) on delete cascade,
  token integer not null,
  owner text not null,
  outcome text not null check (outcome in ('failed', 'expired', 'cancelled', 'reassigned')),
  error text not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  primary key (task_id, token)
);

-- Files of running tasks. The key is what keeps two of them apart, not a look beforehand.
create table task_files (
  project_id text not null,
  path text not null,
  task_id text not null references tasks (id) on delete cascade,
  primary key (project_id, path)
);
create index task_files_by_task on task_files (task_id);

create table schedules (
  id text primary key,
  name text not null,
  kind text not null check (kind in ('cron', 'interval', 'once')),
  -- The cron pattern, the interval in milliseconds, or the instant.
  spec text not null,
  time_zone text not null,
  -- What to do about times that passed while nobody looked.
  misfire text not null check (misfire in ('skip', 'once', 'all')),
  catch_up integer not null check (catch_up > 0),
  task jsonb not null,
  -- Null when it will not fire again.
  next_at timestamptz,
  last_at timestamptz,
  created_at timestamptz not null
);
create unique index schedules_name_key on schedules (name);
create index schedules_due on schedules (next_at);

-- One row for each time that a schedule fired: the key makes it once, whoever looks.
create table schedule_firings (
  schedule_id text not null references schedules (id) on delete cascade,
  due_at timestamptz not null,
  task_id text not null,
  primary key (schedule_id, due_at)
);

create table agents (
  id text primary key,
  number bigint generated always as identity,
  name text not null,
  type text not null,
  phase text not null,
  capabilities text[] not null,
  capacity integer not null check (capacity > 0),
  tags text[] not null,
  state text not null check (
    state in ('spawning', 'idle', 'running', 'degraded', 'failed', 'quarantined', 'terminated')
  ),
  health text not null check (health in ('healthy', 'late', 'degraded', 'unresponsive')),
  -- Whether it takes new tasks; said by people, heeded by the agent.
  intake text not null check (intake in ('open', 'paused', 'draining')),
  reason text,
  version text not null,
  owner text not null,
  -- Ed25519, SPKI, base64: each heartbeat is signed with its other half.
  public_key text not null,
  metadata jsonb not null,
  heartbeat_seq bigint not null default 0,
  heartbeat_at timestamptz not null,
  lease_until timestamptz not null,
  baseline jsonb,
  anomaly jsonb,
  anomalies_in_row integer not null default 0,
  restarts timestamptz[] not null default '{}',
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'terminated') = (ended_at is not null))
);
create unique index agents_name_key on agents (name);
create unique index agents_number_key on agents (number);
create index agents_by_state on agents (state, lease_until);

create function agent_state_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'agent % cannot go from % to %', old.name, old.state, new.state using errcode = 'check_violation';
end;
$$;
create trigger agents_states before update of state on agents for each row
  when (old.state <> new.state and not (
    (old.state = 'spawning' and new.state in ('idle', 'failed', 'terminated'))
    or (old.state = 'idle' and new.state in ('running', 'degraded', 'quarantined', 'terminated'))
    or (old.state = 'running' and new.state in ('idle', 'failed', 'degraded', 'quarantined'))
    or (old.state in ('degraded', 'failed', 'quarantined') and new.state in ('idle', 'terminated'))
    or (old.state = 'degraded' and new.state in ('failed', 'quarantined'))
    or (old.state = 'failed' and new.state = 'quarantined')
  )) execute function agent_state_is_final();

-- What each agent made of tasks by capability: the search learns from it.
create table agent_outcomes (
  agent_id text not null references agents (id) on delete cascade,
  capability text not null,
  succeeded integer not null default 0,
  failed integer not null default 0,
  cost_usd double precision not null default 0,
  primary key (agent_id, capability)
);

create sequence lock_tokens;
-- A resource that is locked, in one mode at a time.
create table locks (
  resource text primary key,
  mode text not null check (mode in ('exclusive', 'shared')),
  unique (resource, mode)
);
-- Who holds it. The reference keeps shared and exclusive holders apart, the index two exclusive ones: no code can be
-- wrong about it.
create table lock_holders (
  resource text not null,
  mode text not null,
  holder text not null,
  task_id text,
  token bigint not null default nextval('lock_tokens'),
  acquired_at timestamptz not null,
  until timestamptz not null,
  primary key (resource, holder),
  foreign key (resource, mode) references locks (resource, mode)
);
create unique index lock_holders_exclusive on lock_holders (resource) where mode = 'exclusive';
create index lock_holders_by_holder on lock_holders (holder);
-- Who waits for what: the edges of the graph in which a deadlock is a cycle.
create table lock_waits (
  holder text primary key,
  resource text not null,
  mode text not null,
  since timestamptz not null,
  until timestamptz not null
);

drop table job_leases;
