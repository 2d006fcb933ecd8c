-- The bulk files of the SMKI Repository that were published. Their octets lie in files; a row is written when those are
-- durable, so that a file without a row is half made, or left over, and nobody gets to see it.

create table extract (
  -- Of its folder, for example full-2026-11-23-000000012345.
  name text primary key check (name ~ '^(full|delta)-\d{4}-\d{2}-\d{2}-\d{12,16}$'),
  kind text not null check (kind in ('full', 'delta')),
  -- What it tells of: the leaves from here to before `size`. A full one begins at 0.
  from_size bigint not null check (from_size >= 0),
  size bigint not null check (size >= from_size),
  made_at timestamptz not null,
  -- The octets of manifest.json.
  manifest text not null,
  -- Its files were deleted, having been kept for as long as the settings say.
  removed_at timestamptz
);
create index extract_by_size on extract (size, made_at);
