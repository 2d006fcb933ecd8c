-- The ledger: every act is a leaf of one Merkle tree (RFC 9162) with tiles and checkpoints as in C2SP.

-- Acts that are durable and have no leaf yet. Without an index, and with no row that transactions share:
-- thousands of them record at once. The sequencer empties it. The identity gives cause before effect; its
-- values commit out of order, so nobody may ask for those after the last one seen.
create table ledger_inbox (
  id bigint generated always as identity,
  entry bytea not null
);
-- Every row is deleted within a second, so a share of the table's size says nothing about when to clean it.
alter table ledger_inbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);

-- The entries, numbered from 0 without a gap. The bytes are the whole truth: no column repeats a part of
-- them, since a column that no leaf hash covers could be changed unseen.
create table ledger_entry (
  leaf bigint primary key check (leaf >= 0),
  entry bytea not null
);

-- The tree: runs of up to 256 hashes. Only the rightmost tile of a level ever changes, by becoming wider.
create table ledger_tile (
  level smallint not null check (level >= 0),
  index bigint not null check (index >= 0),
  hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (level, index)
);
-- Hashes do not compress; trying costs time.
alter table ledger_tile alter column hashes set storage external;

-- Every checkpoint that was signed, as a signed note. When it was signed is for people; no signature covers it.
create table ledger_checkpoint (
  size bigint primary key check (size >= 0),
  note text not null,
  signed_at timestamptz not null
);

-- A guard against accidents. Whoever can switch it off is found by verification.
create function ledger_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger append_only before update or delete or truncate on ledger_entry
  for each statement execute function ledger_append_only();
create trigger append_only before update or delete or truncate on ledger_checkpoint
  for each statement execute function ledger_append_only();
