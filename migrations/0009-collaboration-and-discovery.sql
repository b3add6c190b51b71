-- What agents say to each other, whose work goes to whom, and what was found along the way.

create table threads (
  id text primary key,
  number integer generated always as identity,
  -- handoff, review, consultation
  kind text not null,
  -- active, resolved, abandoned
  state text not null,
  subject text not null,
  project_id text,
  ticket_id text,
  task_id text,
  opened_by text not null,
  opened_at timestamp with time zone not null,
  -- Silence for longer than this abandons it.
  idle_seconds integer not null check (idle_seconds > 0),
  -- The end of the patience after the newest message.
  idle_until timestamp with time zone not null,
  closed_by text,
  closed_at timestamp with time zone,
  outcome text
);
create unique index threads_number_key on threads (number);
create index threads_open_idx on threads (state, idle_until);
create index threads_ticket_idx on threads (ticket_id);

create table thread_participants (
  thread_id text not null references threads (id),
  agent text not null,
  joined_at timestamp with time zone not null,
  primary key (thread_id, agent)
);
create index thread_participants_agent_idx on thread_participants (agent);

create table messages (
  thread_id text not null references threads (id),
  seq integer not null,
  sender text not null,
  -- Null is everybody in the thread but the sender.
  receiver text,
  body text not null,
  sent_at timestamp with time zone not null,
  primary key (thread_id, seq)
);

-- One row for each message and each who shall read it. `context` names what it was read into: asked again for the same
-- context, after a crash, the same messages come; no other context gets them.
create table message_readings (
  thread_id text not null,
  seq integer not null,
  reader text not null,
  context text,
  read_at timestamp with time zone,
  primary key (thread_id, seq, reader),
  foreign key (thread_id, seq) references messages (thread_id, seq)
);
create index message_readings_context_idx on message_readings (reader, context);

create table handoffs (
  id text primary key,
  number integer generated always as identity,
  thread_id text not null references threads (id),
  task_id text not null,
  project_id text,
  ticket_id text,
  from_agent text not null,
  -- Null: whoever comes first.
  to_agent text,
  reason text not null,
  -- What the next one needs to know: summary, decisions, open questions, files.
  package jsonb not null,
  -- offered, accepted, declined, withdrawn, timed-out
  state text not null,
  offered_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  decided_by text,
  decided_at timestamp with time zone,
  note text
);
create unique index handoffs_number_key on handoffs (number);
-- A task is offered to one audience at a time.
create unique index handoffs_open_key on handoffs (task_id) where state = 'offered';
create index handoffs_state_idx on handoffs (state, expires_at);

create table discoveries (
  id text primary key,
  number integer generated always as identity,
  project_id text not null,
  ticket_id text not null,
  source_task_id text not null,
  type text not null,
  title text not null,
  description text not null,
  -- Of type and words, without numbers and places that change from one sighting to the next.
  fingerprint text not null,
  -- 1 for what was found in planned work, one more for what was found in work that a discovery made.
  depth integer not null,
  priority_boost boolean not null,
  estimate_minutes integer,
  -- open, in_progress, resolved, invalid
  resolution text not null,
  -- Why it waits for a person before there is a task; null when it does not.
  triage text,
  seen integer not null,
  metadata jsonb not null,
  discovered_by text not null,
  discovered_at timestamp with time zone not null,
  resolved_by text,
  resolved_at timestamp with time zone,
  note text
);
create unique index discoveries_number_key on discoveries (number);
-- The same thing is open once in a project.
create unique index discoveries_open_key on discoveries (project_id, fingerprint)
  where resolution in ('open', 'in_progress');
create index discoveries_ticket_idx on discoveries (ticket_id);

create table discovery_tasks (
  discovery_id text not null references discoveries (id),
  task_id text not null,
  primary key (discovery_id, task_id)
);
create index discovery_tasks_task_idx on discovery_tasks (task_id);
