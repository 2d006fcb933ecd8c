-- What witnesses say of checkpoints (C2SP tlog-cosignature).

-- A witness's statement that the checkpoint of this size extends whatever it has seen of the ledger before. The
-- line is kept as it was given: whoever checks it needs nothing but the line and the checkpoint's note.
create table ledger_cosignature (
  size bigint not null references ledger_checkpoint,
  -- The witness's key, by name and id (C2SP signed-note, "Signatures").
  witness text not null,
  key_id text not null check (key_id ~ '^[0-9a-f]{8}$'),
  line text not null,
  -- By the witness's clock; the cosignature covers it.
  cosigned_at timestamptz not null,
  primary key (size, witness, key_id)
);
-- How far each witness has come.
create index ledger_cosignature_by_witness on ledger_cosignature (witness, key_id, size desc);

create trigger append_only before update or delete or truncate on ledger_cosignature
  for each statement execute function ledger_append_only();

-- How each configured witness is doing: one row a witness, for people. Nothing is decided by it.
create table ledger_witness_state (
  witness text not null,
  key_id text not null,
  asked_at timestamptz not null,
  -- Why the last request gave no cosignature, as a code of the catalogue of errors and a sentence; null when it did.
  failure_code text,
  failure text,
  failing_since timestamptz,
  primary key (witness, key_id)
);
