-- A person may take a learned pattern out of use. Its evidence stays, and says no less.

alter table patterns add column retired_at timestamp with time zone;
alter table patterns add column retired_why text not null default '';
