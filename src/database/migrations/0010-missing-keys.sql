-- Keys of CAs that a worker looked for in its key store and did not find. Only workers open that store, so they write
-- down what a person must see to. A row tells of the last look that missed it; one that is old tells of nothing now.
create table missing_key (
  authority_id text primary key references certification_authority,
  seen_missing_at timestamptz not null
);
