-- Authorities: the CAs, what they intend, what they issued, what they revoked.

create table ceremony (
  id bigint generated always as identity primary key,
  purpose text not null,
  held_at timestamptz not null,
  rehearsal boolean not null default false,
  sample_witnesses boolean not null default false,
  record text not null
);

create table certification_authority (
  -- For example root-oca, issuing-oca, issuing-dca/0007.
  id text primary key,
  profile text not null check (profile in
    ('root-oca', 'issuing-oca', 'root-dca', 'issuing-dca', 'iki-root', 'iki-issuing')),
  issuer_id text not null references certification_authority,
  serial_number bytea not null unique,
  certificate bytea not null,
  key_label text not null,
  state text not null check (state in ('stock', 'released', 'active', 'retired', 'revoked')),
  -- Certificates counted against the cap: a chunk reserves its count when its intent is recorded.
  reserved integer not null default 0 check (reserved >= 0),
  released_at timestamptz,
  first_used_at timestamptz,
  retired_at timestamptz,
  ceremony_id bigint not null references ceremony
);
-- One Issuing DCA signs at a time.
create unique index one_active_issuing_dca on certification_authority (profile)
  where profile = 'issuing-dca' and state = 'active';

-- The recorded intent: one row a chunk and CA, all to-be-signed bytes together, so that a crash between
-- signing and publishing signs the same bytes again and nothing else.
create table issuing_intent (
  id bigint generated always as identity primary key,
  chunk_id bigint not null,
  authority_id text not null references certification_authority,
  recorded_at timestamptz not null,
  -- Where the search for the act that tells of this intent begins: nothing is signed that the ledger does not have.
  recorded_from_leaf bigint not null,
  to_be_signed bytea not null,
  positions integer[] not null,
  published_at timestamptz
);
alter table issuing_intent alter column to_be_signed set storage external;
create index issuing_intent_open on issuing_intent (chunk_id) where published_at is null;

-- A public key is certified once. Narrow on purpose: it is the only index with random keys.
create table certified_key (
  key_hash bytea primary key check (octet_length(key_hash) = 16),
  serial_number bytea not null
);

-- Append-only. Serial numbers are led by time-ordered bits, so inserts stay local.
create table certificate (
  serial_number bytea primary key check (octet_length(serial_number) = 16),
  kind text not null check (kind in ('device', 'organisation', 'iki', 'authority')),
  authority_id text not null references certification_authority,
  subject_identifier bytea check (octet_length(subject_identifier) = 8),
  role smallint,
  usage text not null check (usage in ('DS', 'KA', 'CA')),
  not_before timestamptz not null,
  -- Null: indefinite (99991231235959Z).
  not_after timestamptz,
  party_id bigint,
  lodged_at timestamptz not null,
  certificate bytea not null
);
create index certificate_by_subject on certificate (subject_identifier) where subject_identifier is not null;
create index certificate_by_role on certificate (role, usage) where kind in ('organisation', 'authority');

create table revocation (
  serial_number bytea primary key references certificate,
  authority_id text not null references certification_authority,
  revoked_at timestamptz not null,
  reason text not null,
  requested_by text not null
);
create index revocation_by_authority on revocation (authority_id, revoked_at);

-- A Device Certificate cannot be revoked; one that its Subscriber rejects is marked as not in use.
create table certificate_not_in_use (
  serial_number bytea primary key references certificate,
  since timestamptz not null,
  reason text not null,
  reported_by text not null
);

-- Every CRL and ARL ever published; numbers rise by one for each CA.
create table certificate_revocation_list (
  authority_id text not null references certification_authority,
  number bigint not null check (number > 0),
  this_update timestamptz not null,
  next_update timestamptz not null,
  entries integer not null,
  list bytea not null,
  primary key (authority_id, number)
);
alter table certificate_revocation_list alter column list set storage external;

-- Finds when any list was signed last, which every chunk asks: the clock may not be before it.
create index certificate_revocation_list_by_time on certificate_revocation_list (this_update);

-- Who released which Issuing DCAs. The ledger has salted hashes of the names, since a leaf holds no personal data.
create table stock_release (
  id bigint generated always as identity primary key,
  released_at timestamptz not null,
  authorities text[] not null,
  persons text[] not null,
  salt bytea not null
);
