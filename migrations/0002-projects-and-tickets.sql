-- Projects are repositories under care; tickets are wanted work on them. A ticket's status is never stored:
-- it is derived from its newest run.

create table projects (
  id text primary key,
  name text not null,
  path text not null,
  origin text,
  profile jsonb not null,
  created_at timestamp with time zone not null,
  last_analyzed_at timestamp with time zone not null
);
create unique index projects_path_key on projects (path);

create table tickets (
  id text primary key,
  number integer not null,
  project_id text not null references projects (id),
  title text not null,
  description text not null,
  created_at timestamp with time zone not null
);
create unique index tickets_number_key on tickets (number);
create index tickets_project_idx on tickets (project_id);
