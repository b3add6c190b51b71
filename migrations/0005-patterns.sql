-- Learned patterns: rewrites with their regression case, and the evidence for and against them. Nothing is counted
-- in a column: every number that is shown or used is derived from the rows of evidence.

create table patterns (
  id text primary key,
  number integer not null,
  -- Of family, kind, before and after: the same form learned twice is one pattern.
  digest text not null,
  family text not null,
  kind text not null,
  before text not null,
  after text not null,
  removes boolean not null,
  -- Template of the change that it was first learned from.
  template text not null,
  case_before text not null,
  case_after text not null,
  -- Key of the run that it was first learned from.
  origin text not null,
  created_at timestamp with time zone not null
);
create unique index patterns_number_key on patterns (number);
create unique index patterns_digest_key on patterns (digest);
create index patterns_family_idx on patterns (family);

create table pattern_evidence (
  pattern_id text not null references patterns (id),
  run_id text not null,
  -- seen, tried, plausible, accepted, rejected, reverted
  outcome text not null,
  -- Digest of the change, or empty for what is said of a whole search.
  change text not null,
  ticket_id text not null,
  project_id text not null,
  commit text,
  certificate text,
  -- Places (seen) or candidates (tried); 1 for the others.
  count integer not null,
  parent_kind text not null,
  error_class text not null,
  at timestamp with time zone not null,
  primary key (pattern_id, run_id, outcome, change)
);
create index pattern_evidence_run_idx on pattern_evidence (run_id);
create index pattern_evidence_commit_idx on pattern_evidence (commit);

create table template_outcomes (
  run_id text not null,
  change text not null,
  -- accepted, rejected, reverted
  outcome text not null,
  project_id text not null,
  family text not null,
  template text not null,
  kind text not null,
  commit text,
  at timestamp with time zone not null,
  primary key (run_id, change, outcome, template)
);
create index template_outcomes_family_idx on template_outcomes (family);
create index template_outcomes_commit_idx on template_outcomes (commit);
