-- Documents of the SMKI Repository (SEC L5.1), every version of each, and how fast the repository answers.

create table repository_document (
  -- As it stands in addresses.
  name text primary key check (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(name) <= 80),
  title text not null
);

create table repository_document_version (
  document text not null references repository_document,
  version text not null check (version ~ '^(0|[1-9][0-9]{0,3})(\.(0|[1-9][0-9]{0,3})){0,3}$'),
  media_type text not null,
  octets integer not null check (octets > 0),
  parts integer not null check (parts > 0),
  sha256 bytea not null check (octet_length(sha256) = 32),
  lodged_at timestamptz not null,
  lodged_by text not null,
  -- Who it was lodged for: the operator lodges for the PMA and the Code Administrator.
  lodged_for text not null check (lodged_for in ('dcc', 'pma', 'code-administrator')),
  -- Under which the Service Desk, or the PMA, has what led to it. May name persons: not in the ledger.
  reference text,
  primary key (document, version)
);

create table repository_document_part (
  document text not null,
  version text not null,
  position integer not null check (position >= 0),
  octets bytea not null,
  primary key (document, version, position),
  foreign key (document, version) references repository_document_version
);
alter table repository_document_part alter column octets set storage external;

-- A version never changes or goes.
create trigger append_only before update or delete or truncate on repository_document
  for each statement execute function ledger_append_only();
create trigger append_only before update or delete or truncate on repository_document_version
  for each statement execute function ledger_append_only();
create trigger append_only before update or delete or truncate on repository_document_part
  for each statement execute function ledger_append_only();

-- A version has as many parts as it says; they come in its own transaction, so that none can be added later.
create function repository_document_part_belongs() returns trigger language plpgsql as $$
begin
  if new.position >= (select parts from repository_document_version v
                      where v.document = new.document and v.version = new.version) then
    raise exception 'a part beyond the end of its document' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger belongs before insert on repository_document_part
  for each row execute function repository_document_part_belongs();

-- Requests answered, by minute and interface, against the target that was in force (SEC L8.4). Counted in memory and
-- added every few seconds.
create table repository_response (
  minute timestamptz not null,
  interface text not null check (interface in ('web-service', 'json-api', 'lists')),
  target_milliseconds integer not null,
  requests bigint not null,
  within_target bigint not null,
  -- Of those not within the target: a failure of the service.
  failed bigint not null,
  total_milliseconds bigint not null,
  slowest_milliseconds integer not null,
  primary key (minute, interface, target_milliseconds)
);
