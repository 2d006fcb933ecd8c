-- Ceremonies that can stop half-way: what was done up to now stands here, step by step.

-- The purpose in one word, as the command has it; earlier releases wrote what it is for.
update ceremony set purpose = case purpose
  when 'found the key hierarchies' then 'found'
  when 'fill the stock of Issuing DCAs' then 'stock'
  when 'renew the ARLs' then 'arl'
  when 'revoke a CA' then 'revoke'
  else purpose end;

alter table ceremony
  -- begun: what it makes is in the key stores and the journal only; held: its one transaction has committed;
  -- recorded: its record is signed; abandoned: given up for good. It is unfinished while it has no record.
  add column state text not null default 'begun' check (state in ('begun', 'held', 'recorded', 'abandoned')),
  add column environment text check (environment in ('test', 'live')),
  add column begun_at timestamptz,
  -- What it was asked to make, with everything that was left open settled.
  add column request jsonb not null default '{}',
  -- SHA-256 over the terms (names, policies, lifetimes) that it began under: it goes on under no others.
  add column terms text,
  -- Whole notes.
  add column checkpoint_before text,
  add column checkpoint_after text,
  add column recorded_at timestamptz,
  alter column held_at drop not null,
  alter column record drop not null;

-- Earlier releases kept a ceremony from its transaction on. One that stopped before its record was signed is held.
update ceremony set record = null where record = '';
update ceremony set begun_at = held_at, recorded_at = case when record is null then null else held_at end,
  state = case when record is null then 'held' else 'recorded' end,
  request = jsonb_build_object('purpose', purpose), environment = (select environment from estate);
alter table ceremony alter column begun_at set not null, alter column environment set not null, alter column state drop default;
alter table ceremony
  add constraint ceremony_record_by_state check (case state
    when 'recorded' then record is not null and held_at is not null
    when 'held' then record is null and held_at is not null
    when 'begun' then record is null and held_at is null
    when 'abandoned' then held_at is null end);
-- Two at once would each destroy the keys that the other one makes.
create unique index one_ceremony_under_way on ceremony (state) where state = 'begun';

-- Who was in the room: at the beginning, and again each time that it went on.
create table ceremony_sitting (
  ceremony_id bigint not null references ceremony,
  number integer not null check (number > 0),
  kind text not null check (kind in ('begin', 'resume', 'abandon')),
  begun_at timestamptz not null,
  operator text not null,
  witnesses text[] not null,
  -- The witnesses are made up, for a demonstration.
  sample boolean not null,
  software text not null,
  -- Where the keys live: which file, which token.
  key_stores text,
  primary key (ceremony_id, number)
);

-- The journal: a step stands here when it is done, with what it made. Only ever inserted into.
create table ceremony_step (
  ceremony_id bigint not null,
  number integer not null check (number > 0),
  sitting integer not null,
  name text not null,
  words text not null,
  at timestamptz not null,
  -- Public: a public key, octets to be signed, a certificate, a list of labels.
  artefact bytea,
  primary key (ceremony_id, number),
  unique (ceremony_id, name),
  foreign key (ceremony_id, sitting) references ceremony_sitting
);
