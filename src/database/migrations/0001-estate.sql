-- What this database is for. One row, written at the first start; a database is live or test for ever.
create table estate (
  only_row    boolean     primary key default true check (only_row),
  environment text        not null check (environment in ('test', 'live')),
  -- The edition of the rules in force when the estate was founded.
  edition     text        not null,
  created_at  timestamptz not null
);

-- The row is never changed or removed, not even by a statement typed by hand.
create function refuse_change_of_estate() returns trigger language plpgsql as $$
begin
  raise exception 'the estate is never changed';
end
$$;

create trigger estate_is_for_ever before update or delete on estate
  for each row execute function refuse_change_of_estate();

create trigger estate_is_never_emptied before truncate on estate
  for each statement execute function refuse_change_of_estate();
