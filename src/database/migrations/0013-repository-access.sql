-- Who may use the SMKI Repository beside the holders of IKI credentials: users of its web service (an API key) and of
-- its file transfer (an SSH key), what each forecast, and how much it asks.

create table repository_user (
  id bigint generated always as identity primary key,
  party_id bigint not null references party,
  -- What the Party calls the person or system that uses it.
  name text not null,
  -- Requests in 24 hours that the user forecast (SMKI Repository Code of Connection 4); null until it has.
  forecast_requests integer check (forecast_requests > 0),
  registered_at timestamptz not null,
  ended_at timestamptz,
  -- Wrong credentials until then count no more: an administrator has looked.
  unlocked_at timestamptz
);
-- A name that ended may be given again.
create unique index repository_user_name on repository_user (party_id, name) where ended_at is null;

create table repository_credential (
  id bigint generated always as identity primary key,
  user_id bigint not null references repository_user,
  kind text not null check (kind in ('api-key', 'ssh-key')),
  -- SHA-256 of the API key, or of the SSH public key's blob.
  digest bytea not null check (octet_length(digest) = 32),
  -- The SSH public key's blob (RFC 4253 6.6); an API key is kept nowhere.
  public_key bytea,
  granted_at timestamptz not null,
  ended_at timestamptz,
  check ((kind = 'ssh-key') = (public_key is not null))
);
create unique index repository_credential_digest on repository_credential (kind, digest) where ended_at is null;
create index repository_credential_of_user on repository_credential (user_id);

-- Wrong credentials that were given for a user. None is recorded while the user is locked.
create table repository_wrong_credential (
  user_id bigint not null references repository_user,
  at timestamptz not null
);
create index repository_wrong_credential_of_user on repository_wrong_credential (user_id, at);

-- Requests by user, UTC day and interface. Counted in memory and added every few seconds.
create table repository_usage (
  user_id bigint not null references repository_user,
  day date not null,
  interface text not null check (interface in ('web-service', 'file-transfer')),
  requests bigint not null,
  primary key (user_id, day, interface)
);
