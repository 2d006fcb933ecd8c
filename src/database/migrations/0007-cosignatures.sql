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
create index ledger_cosignature_by_witness on ledger_cosignature (witness, size desc);

create trigger append_only before update or delete or truncate on ledger_cosignature
  for each statement execute function ledger_append_only();

-- Which witnesses give no cosignature at present, and why: one row each, for people. Nothing is decided by it.
create table ledger_witness_failure (
  witness text not null,
  key_id text not null,
  -- A code of the catalogue of errors, and its sentence.
  code text not null,
  message text not null,
  since timestamptz not null,
  primary key (witness, key_id)
);
