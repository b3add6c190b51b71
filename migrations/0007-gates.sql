-- What the host found at the gates of phases, what agents said of their own work, whom it asked, and how far the work
-- on each ticket has come. Artefacts are outputs of phases (0006); what a verdict rests on stands in its body.

create table gate_results (
  ticket_id text not null references tickets (id),
  -- The move (phase_history.seq) by which the ticket came into the phase.
  visit integer not null,
  -- Evaluations of a visit are numbered from 1.
  iteration integer not null,
  phase text not null,
  -- The version of the workflow whose checks these were.
  workflow text not null references workflow_versions (digest),
  commit_id text not null,
  status text not null check (status in ('not_configured', 'waiting', 'blocked', 'ready')),
  verdict text check (verdict in ('passed', 'refused')),
  body jsonb not null,
  at timestamp with time zone not null,
  primary key (ticket_id, visit, iteration),
  check (coalesce(verdict = 'passed', false) = (status = 'ready')),
  check (coalesce(verdict = 'refused', false) = (status = 'blocked'))
);

create function gate_results_are_final() returns trigger language plpgsql as $$
begin
  raise exception 'results of gates are never changed or removed' using errcode = 'restrict_violation';
end;
$$;
create trigger gate_results_are_final before update or delete or truncate on gate_results
  for each statement execute function gate_results_are_final();

-- What agents say. Nothing decides by it.
create table gate_claims (
  ticket_id text not null references tickets (id),
  visit integer not null,
  -- Of author and statement: the same thing said twice is one claim.
  digest text not null,
  author text not null,
  statement text not null,
  claimed_at timestamp with time zone not null,
  primary key (ticket_id, visit, digest)
);

create table approvals (
  id text primary key,
  ticket_id text not null references tickets (id),
  visit integer not null,
  phase text not null,
  -- The check or stop that asks.
  asked_by text not null,
  commit_id text not null,
  -- Asked again after nobody had answered: from 1.
  round integer not null,
  -- Who may decide; empty for anybody.
  deciders text[] not null,
  question text not null,
  state text not null check (state in ('pending', 'approved', 'rejected', 'expired')),
  expires_at timestamp with time zone not null,
  decided_by text,
  note text not null default '',
  decided_at timestamp with time zone,
  created_at timestamp with time zone not null,
  check ((state in ('approved', 'rejected')) = (decided_by is not null)),
  check ((state = 'pending') = (decided_at is null)),
  -- Whoever writes: a yes after its time is no yes.
  check (state <> 'approved' or decided_at < expires_at)
);
create unique index approvals_question_key on approvals (ticket_id, visit, asked_by, commit_id, round);
create index approvals_pending_idx on approvals (state, expires_at);

create function approvals_are_decided_once() returns trigger language plpgsql as $$
begin
  raise exception 'approval % is % already', old.id, old.state using errcode = 'restrict_violation';
end;
$$;
create trigger approvals_are_decided_once before update or delete on approvals for each row
  when (old.state <> 'pending') execute function approvals_are_decided_once();

create table phase_drives (
  ticket_id text primary key references tickets (id),
  visit integer not null,
  step text not null check (step in ('enter', 'body', 'collect', 'gate', 'move')),
  -- Commit that the ticket's work starts from, and the newest one of its work.
  base text not null,
  commit_id text not null,
  -- Where the visit began: each try of the phase's body begins there.
  from_commit text not null,
  branch text,
  run_id text references runs (id),
  -- Tries of the phase's body that did not lead through the gate.
  tries integer not null,
  not_before timestamp with time zone,
  -- {kind, reason, next}: it goes on when somebody says so or has decided.
  rest jsonb,
  -- Grows with each owner; an older one's writes no longer match.
  epoch integer not null,
  owner jsonb,
  lease_until timestamp with time zone,
  updated_at timestamp with time zone not null
);
create index phase_drives_due_idx on phase_drives (lease_until, not_before) where rest is null;
