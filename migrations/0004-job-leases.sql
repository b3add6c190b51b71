-- Who holds a job of the queue, until when, and for the how manyth time. The jobs themselves are pg-boss's tables.

create table job_leases (
  job_id uuid primary key,
  queue text not null,
  owner text not null,
  -- Grows each time the job is taken, so that an older holder's word no longer counts.
  epoch integer not null,
  -- Null when nobody holds it; the database's own clock decides.
  until timestamptz
);
create index job_leases_by_end on job_leases (until);
