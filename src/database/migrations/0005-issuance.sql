-- Issuance: CSRs from receipt to delivery.

create table request_batch (
  id bigint generated always as identity primary key,
  certificate_kind text not null check (certificate_kind in ('device', 'organisation', 'iki')),
  reference text not null,
  party_id bigint,
  requested_by text not null,
  -- For an IKI credential: the officer or system that shall hold it, and in which hat.
  holder jsonb,
  received_at timestamptz not null,
  request_count integer not null check (request_count > 0)
);

-- A chunk is the unit of work: claimed by a session advisory lock, which PostgreSQL drops with the connection.
create table request_chunk (
  id bigint generated always as identity primary key,
  batch_id bigint not null references request_batch,
  first_position integer not null,
  request_count integer not null,
  -- Framed CSRs, in order.
  requests bytea not null,
  state text not null default 'received' check (state in ('received', 'recorded', 'finished', 'held')),
  outcomes jsonb,
  finished_at timestamptz
);
alter table request_chunk alter column requests set storage external;
create index request_chunk_open on request_chunk (id) where state in ('received', 'recorded');
create index request_chunk_of_batch on request_chunk (batch_id);
