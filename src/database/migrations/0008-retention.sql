-- What a restore leaves behind, and what has been archived.

-- Each restore of the estate from a back-up.
create table restoration (
  id bigint generated always as identity primary key,
  restored_at timestamptz not null,
  -- The moment that the back-up shows.
  taken_at timestamptz not null,
  -- SHA-256 of the back-up's manifest.
  manifest bytea not null check (octet_length(manifest) = 32),
  -- Set where acts after that moment may have been lost: the ledger goes on under another origin from here.
  former_origin text,
  -- Numbers of Issuing DCAs up to this one may have been given out after that moment.
  issuing_dca_floor integer not null check (issuing_dca_floor >= 0),
  -- The same of CAs that took the place of a revoked one.
  replacement_floor integer not null check (replacement_floor >= 0)
);

-- The next list of a CA has a higher number than this one: lists that were published after the back-up are not known.
create table list_number_floor (
  authority_id text primary key references certification_authority,
  number bigint not null check (number > 0)
);

-- Records that were moved from the database to a file, which is durable before they are pruned.
create table archive (
  id bigint primary key,
  made_at timestamptz not null,
  -- Every record in it was finished before this.
  finished_before timestamptz not null,
  first_finished_at timestamptz not null,
  last_finished_at timestamptz not null,
  intents integer not null,
  chunks integer not null,
  octets bigint not null,
  -- SHA-256 of the file of records; the ledger has it too.
  digest bytea not null check (octet_length(digest) = 32),
  destroyed_at timestamptz,
  destroyed_by text
);

-- Null: on line. Set: the octets are empty here, and stand in that archive.
alter table issuing_intent add column archive_id bigint references archive;
alter table request_chunk add column archive_id bigint references archive;
