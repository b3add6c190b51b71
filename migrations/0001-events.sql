-- The journal: events that are never changed, numbered without gaps in the order of their commits.

create table journal_head (
  -- One row. Writers update it first and so queue up until each has committed: number order is commit order.
  id integer primary key default 1 check (id = 1),
  seq bigint not null
);
insert into journal_head (seq) values (0);

create table events (
  seq bigint primary key,
  at timestamptz not null,
  type text not null,
  schema integer not null,
  project_id text,
  ticket_id text,
  run_id text,
  payload jsonb not null
);
create index events_by_run on events (run_id, seq);
create index events_by_ticket on events (ticket_id, seq);
create index events_by_project on events (project_id, seq);

create function events_are_final() returns trigger language plpgsql as $$
begin
  raise exception 'events are never changed or removed' using errcode = 'restrict_violation';
end;
$$;
create trigger events_are_final before update or delete or truncate on events
  for each statement execute function events_are_final();

create function events_were_added() returns trigger language plpgsql as $$
begin
  perform pg_notify('journal', '');
  return null;
end;
$$;
create trigger events_were_added after insert on events
  for each statement execute function events_were_added();
