-- Money: limits, and one row for every call of a model. What is spent is never stored; it is the sum of the rows.

create table budgets (
  id text primary key,
  scope text not null,
  -- Empty for the global scope.
  ref text not null,
  period text not null,
  -- Billionths of a US dollar; null for no limit, 0 for forbidden.
  limit_nanos bigint,
  limit_tokens bigint,
  -- How tight things are, kept because it gets better only after a while.
  state text not null,
  -- Since when it would be better than it is; null while it would not.
  better_since timestamp with time zone,
  set_by text not null,
  updated_at timestamp with time zone not null
);
create unique index budgets_scope_key on budgets (scope, ref, period);

create table charges (
  id text primary key,
  at timestamp with time zone not null,
  model text not null,
  provider text not null,
  role text not null,
  project_id text,
  ticket_id text,
  run_id text,
  agent_id text,
  phase text,
  -- Held back before the call; null when the price is unknown.
  reserved_nanos bigint,
  reserved_tokens bigint not null,
  -- Null until the call has ended: a call whose process died counts as what was held back for it.
  settled_at timestamp with time zone,
  -- Null when nobody can say.
  cost_nanos bigint,
  input_tokens bigint,
  cache_read_tokens bigint,
  cache_write_tokens bigint,
  output_tokens bigint,
  reasoning_tokens bigint
);
create index charges_at_idx on charges (at);
create index charges_provider_idx on charges (provider, at);
create index charges_project_idx on charges (project_id, at);
create index charges_ticket_idx on charges (ticket_id);
create index charges_run_idx on charges (run_id);
create index charges_agent_idx on charges (agent_id, at);
create index charges_phase_idx on charges (phase, at);
