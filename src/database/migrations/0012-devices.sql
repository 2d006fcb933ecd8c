-- Devices: the Smart Metering Inventory, as far as certificates depend on it. A Device that is not here is not in the
-- inventory, which is a state of its own.
create table device (
  device_id bytea primary key check (octet_length(device_id) = 8),
  device_type text not null,
  -- Null for Type 2 Devices, which have none.
  smi_status text,
  status_since timestamptz not null,
  -- Parties; they are never deleted.
  import_supplier bigint,
  gas_supplier bigint,
  manufacturer text,
  model text,
  hardware_version text,
  firmware_version text,
  changed_at timestamptz not null,
  -- The change that made it so; see device_history.
  change_id bigint not null
);
create index device_by_import_supplier on device (import_supplier, device_id) where import_supplier is not null;
create index device_by_gas_supplier on device (gas_supplier, device_id) where gas_supplier is not null;

-- What was so before, from when until when: a row for each change, none for a Device that never changed. A change is one
-- Device put, or one file: its number is drawn from this table's identity under the lock of the inventory, so that the
-- numbers rise in the order of the commits, and the act in the ledger names it.
create table device_history (
  id bigint generated always as identity primary key,
  device_id bytea not null check (octet_length(device_id) = 8),
  since timestamptz not null,
  until timestamptz not null,
  device_type text not null,
  smi_status text,
  status_since timestamptz not null,
  import_supplier bigint,
  gas_supplier bigint,
  manufacturer text,
  model text,
  hardware_version text,
  firmware_version text,
  -- The change that made it so.
  change_id bigint not null
);
create index device_history_of_device on device_history (device_id, id);

-- Limits of single Devices, which may stand for a Device that is not in the inventory.
create table device_certificate_limit (
  device_id bytea primary key check (octet_length(device_id) = 8),
  certificates integer not null check (certificates > 0),
  reason text not null,
  -- The ledger has the SHA-256 of it and the reason, since a leaf holds no text that may name a person.
  salt bytea not null,
  set_by text not null,
  set_at timestamptz not null
);

-- Which Devices the certificates that stand recorded to be signed are for: 8 octets each, as often as there are
-- certificates for it. Numbered under one lock, so that the numbers rise in the order of the commits.
create table device_claim (
  id bigint generated always as identity primary key,
  chunk_id bigint not null,
  devices bytea not null,
  open boolean not null default true
);
alter table device_claim alter column devices set storage external;
create index device_claim_open on device_claim (chunk_id) where open;
