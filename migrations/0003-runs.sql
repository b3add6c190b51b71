-- Runs with their checkpoint, the steps they made, and the certificates they were given or refused.
-- `version` is the compare-and-set of every write, `epoch` fences off the owner of an earlier lease.

create table runs (
  id text primary key,
  number integer not null,
  ticket_id text not null references tickets (id),
  project_id text not null references projects (id),
  base text not null,
  options jsonb not null,
  state text not null,
  attempt integer not null,
  step_count integer not null,
  checkpoint jsonb not null,
  version integer not null,
  epoch integer not null,
  owner jsonb,
  lease_until timestamp with time zone,
  job_id text,
  request text,
  paused jsonb,
  decision jsonb,
  running_ms bigint not null,
  outcome jsonb,
  cleaned boolean not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  finished_at timestamp with time zone
);
create unique index runs_number_key on runs (number);
create index runs_ticket_idx on runs (ticket_id);
create index runs_uncleaned_idx on runs (cleaned);

create table steps (
  run_id text not null references runs (id),
  seq integer not null,
  state text not null,
  attempt integer not null,
  input jsonb not null,
  output jsonb not null,
  log text not null,
  tree text,
  next_state text not null,
  reason text not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone not null,
  primary key (run_id, seq)
);

create table certificates (
  digest text primary key,
  run_id text not null references runs (id),
  ticket_id text not null references tickets (id),
  body jsonb not null,
  created_at timestamp with time zone not null
);
create index certificates_run_idx on certificates (run_id);
create index certificates_ticket_idx on certificates (ticket_id);
