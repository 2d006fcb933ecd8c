-- Lists of any size: what is asked each second does not depend on it, and every list can be made again as it was.

-- The number of the CA's list on which a revocation first stood; null while it is on none. Each list has what the one
-- before it had, and after that what it lists first: so this column says exactly what any list had, whichever
-- transactions were open while it was made.
alter table revocation add column listed_in bigint check (listed_in > 0);

-- Octets are kept of each CA's current list only: a list of 100,000 entries has 4 MB, and one may be made each second.
-- Any other is made again, octet for octet, from the revocations, its row and its signature.
alter table certificate_revocation_list alter column list drop not null;
alter table certificate_revocation_list add column signature bytea;
alter table certificate_revocation_list add check (list is not null or signature is not null);

-- Lists from before this migration keep their octets. What stands on the current one was written in this order.
update revocation set listed_in = newest.number
from (
  select distinct on (authority_id) authority_id, number, list, entries,
    (select count(*) from revocation every where every.authority_id = each.authority_id) as revocations
  from certificate_revocation_list each
  order by authority_id, number desc
) newest
where newest.authority_id = revocation.authority_id
  -- As many entries as revocations: all are on it. Otherwise some wait for the next one, and are not in its octets.
  and (newest.entries = newest.revocations or position(revocation.serial_number in newest.list) > 0);

-- In the order of the lists, those on none last: one index to see whether any waits, and to read all of them.
drop index revocation_by_authority;
create index revocation_by_list on revocation (authority_id, listed_in, revoked_at, serial_number);
