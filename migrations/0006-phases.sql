-- Where tickets stand: workflow versions, the phase a ticket is in, how it came there, what it yielded and what it
-- knows. Status and board column are never stored; they are derived from the phase and the newest run.

create table workflow_versions (
  -- Of the source text: whoever began with a version keeps it.
  digest text primary key,
  name text not null,
  source text not null,
  -- The file it was read from, as its reader named it.
  origin text not null,
  created_at timestamp with time zone not null
);
create index workflow_versions_name_idx on workflow_versions (name, created_at);

alter table tickets
  add column priority text not null default 'medium',
  add column kind text not null default 'change',
  add column risk text not null default 'low',
  add column labels text[] not null default '{}',
  add column deadline timestamp with time zone,
  add column parent_id text references tickets (id),
  add column estimate_minutes integer,
  -- Null for tickets from before there were workflows.
  add column workflow text references workflow_versions (digest),
  add column phase text,
  add column phase_since timestamp with time zone,
  -- Order inside a column of the board.
  add column rank double precision not null default 0,
  -- {reason, by, since}: lies over the phase and is none itself.
  add column blocked jsonb,
  -- {reason, by, at}
  add column cancelled jsonb,
  -- {state, deadline, by, note, at}: pending beyond its deadline means no.
  add column approval jsonb,
  -- Compare-and-set of every write.
  add column version integer not null default 0,
  add column updated_at timestamp with time zone;
update tickets set updated_at = created_at, rank = number;
alter table tickets alter column updated_at set not null;
create index tickets_phase_idx on tickets (phase, rank);
create index tickets_parent_idx on tickets (parent_id);
create index tickets_labels_idx on tickets using gin (labels);

create table ticket_dependencies (
  ticket_id text not null references tickets (id),
  depends_on text not null references tickets (id),
  created_at timestamp with time zone not null,
  primary key (ticket_id, depends_on)
);
create index ticket_dependencies_on_idx on ticket_dependencies (depends_on);

create table phase_history (
  ticket_id text not null references tickets (id),
  -- Moves of a ticket are numbered from 1; the first one has no `from`.
  seq integer not null,
  from_phase text,
  to_phase text not null,
  workflow text not null references workflow_versions (digest),
  -- opened, advance, regress, fast-track, force, pivot; the last three go around rules.
  kind text not null,
  reason text not null,
  -- {kind, name, authority}
  actor jsonb not null,
  -- What stood against the move and was gone around: [{rule, reason}]
  overridden jsonb not null,
  -- Digests or paths that the move rests on.
  artefacts jsonb not null,
  at timestamp with time zone not null,
  primary key (ticket_id, seq)
);

create table phase_outputs (
  ticket_id text not null references tickets (id),
  phase text not null,
  -- Type of the expected output.
  slot text not null,
  version integer not null,
  -- Move (phase_history.seq) during which it was made.
  made_in integer not null,
  digest text not null,
  path text,
  content jsonb not null,
  collected_by text not null,
  at timestamp with time zone not null,
  -- The pivot (phase_history.seq) after which it no longer counts; it stays readable.
  superseded_in integer,
  primary key (ticket_id, phase, slot, version)
);

create table context_items (
  id text primary key,
  ticket_id text not null references tickets (id),
  phase text,
  kind text not null,
  subject text not null,
  text text not null,
  -- Where it comes from: {kind, ref}
  source jsonb not null,
  -- Of kind, subject and text: the same thing said twice is one item.
  digest text not null,
  at timestamp with time zone not null,
  -- {reason, by, at} of whoever said that it no longer holds.
  withdrawn jsonb
);
create unique index context_items_digest_key on context_items (ticket_id, digest);
