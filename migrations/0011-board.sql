-- The board: an order inside columns in which there is always room for one more, and what its hot queries need.

drop index tickets_phase_idx;
alter table tickets rename column rank to old_rank;
-- Text keys in byte order (src/projects/rank.ts), the last digit of which is never a zero.
alter table tickets add column rank text collate "C";
update tickets t set rank = 'V' || lpad(o.place::text, 8, '0') || '1'
  from (select id, row_number() over (order by old_rank, number) as place from tickets) o where o.id = t.id;
alter table tickets alter column rank set not null;
alter table tickets drop column old_rank;

create index tickets_phase_idx on tickets (phase, rank);
create index tickets_project_phase_idx on tickets (project_id, phase, rank);
-- The newest of a column at its end.
create index tickets_since_idx on tickets (phase, phase_since);
create index tickets_rank_idx on tickets (rank);
create index tickets_blocked_idx on tickets (rank) where blocked is not null;
create index phase_history_at_idx on phase_history (at);
