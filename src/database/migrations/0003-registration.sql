-- Registration: Parties, what was allocated to them, their officers and their IKI credentials.

create table party (
  id bigint generated always as identity primary key,
  name text not null unique,
  company_number text,
  -- The identifier under which the Code Administrator lists the Party.
  signifier text unique,
  categories text[] not null,
  registered_at timestamptz not null,
  left_at timestamptz
);

-- The Remote Party Roles (GBCS, two hexadecimal digits) for which a Party may hold Organisation Certificates.
create table party_role (
  party_id bigint not null references party,
  role smallint not null check (role between 0 and 255),
  primary key (party_id, role)
);

-- An EUI-64 identifier belongs to one Party (SEC Appendix M 2.3.1.3).
create table party_identifier (
  entity_identifier bytea primary key check (octet_length(entity_identifier) = 8),
  party_id bigint not null references party
);

-- Ranges of EUI-64 identifiers, for devices that a Party makes or is responsible for. No two overlap.
create table party_range (
  party_id bigint not null references party,
  identifiers numrange not null,
  exclude using gist (identifiers with &&)
);

-- Approval as Authorised Subscriber, separately for each Certificate Policy.
create table authorised_subscriber (
  party_id bigint not null references party,
  certificate_policy text not null check (certificate_policy in ('device', 'organisation')),
  approved_at timestamptz not null,
  primary key (party_id, certificate_policy)
);

create table officer (
  id bigint generated always as identity primary key,
  party_id bigint not null references party,
  name text not null,
  office text not null check (office in ('senior-responsible-officer', 'authorised-responsible-officer')),
  appointed_at timestamptz not null,
  left_at timestamptz
);

-- An IKI Certificate together with who holds it and in which hat. One certificate, one hat (SEC Appendix M 2.3).
create table iki_credential (
  serial_number bytea primary key check (octet_length(serial_number) = 16),
  party_id bigint not null references party,
  officer_id bigint references officer,
  system_name text,
  subscriber_for text not null check (subscriber_for in ('device', 'organisation')),
  granted_at timestamptz not null,
  ended_at timestamptz,
  -- The holder is an officer or a system, never both and never neither.
  check ((officer_id is null) <> (system_name is null))
);
create index iki_credential_of_party on iki_credential (party_id);
