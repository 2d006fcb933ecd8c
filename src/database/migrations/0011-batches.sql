-- One pipeline for every channel: uploads in parts, approval, the check of what was uploaded, turns, and times.

alter table request_batch
  add column channel text not null default 'api'
    check (channel in ('api', 'command', 'ad-hoc', 'batched', 'portal-single', 'portal-batch', 'est')),
  -- Where the batch as a whole stands. From `released` on, its chunks say how far it has come.
  add column stage text not null default 'released'
    check (stage in ('uploading', 'pending', 'rejected', 'approved', 'tampered', 'released')),
  -- The last sign of life of an upload: one that has none for long is removed.
  add column touched_at timestamptz,
  -- Every entry of the ledger about this batch has this leaf or a later one.
  add column received_from_leaf bigint,
  -- Receipt in the sense of SEC Appendix M 1.2, for batches. For a single CSR: request_chunk.checked_at.
  add column accepted_at timestamptz,
  -- Approved, rejected or found to be altered.
  add column decided_at timestamptz,
  add column decided_by text,
  -- Free text, which may name persons: not in the ledger.
  add column decision_reason text,
  -- When the answer was sent in the same connection; null where it waits to be fetched.
  add column sent_at timestamptz,
  -- Fetching, against what Appendix N section 3.1.3 asks of the Parties. Counted, never refused.
  add column first_fetched_at timestamptz,
  add column last_polled_at timestamptz,
  add column polls integer not null default 0,
  add column early_polls integer not null default 0,
  add column frequent_polls integer not null default 0,
  add column repeated_polls integer not null default 0;

alter table request_batch drop constraint request_batch_request_count_check;
-- How many there are is known at the end of an upload.
alter table request_batch add check (request_count > 0 or stage = 'uploading' and request_count = 0);
-- The few that are neither released nor refused.
create index request_batch_unreleased on request_batch (stage, id)
  where stage in ('uploading', 'pending', 'approved', 'tampered');

alter table request_chunk
  -- The client's IDs of the CSRs, framed UTF-8, in order; null for a channel without.
  add column client_ids bytea,
  -- Waits for the processing window.
  add column windowed boolean not null default false,
  -- The chunk's turn. Null: not to be worked on.
  add column released_at timestamptz,
  -- When the checks of all its CSRs were over.
  add column checked_at timestamptz;

update request_chunk set released_at = batch.received_at
from request_batch batch
where batch.id = batch_id and state <> 'finished';

drop index request_chunk_open;
create index request_chunk_open on request_chunk (windowed, released_at, batch_id, id)
  where state in ('received', 'recorded') and released_at is not null;
create index request_chunk_held on request_chunk (id) where state = 'held';

-- What came in of late is asked for by times and allowances; rows come in the order of their receipt.
create index request_batch_received on request_batch using brin (received_at) with (autosummarize = on);
create index request_batch_polled on request_batch (last_polled_at) where channel = 'batched';

-- How long each answered batch, or single CSR, took: from its last octet, and as Appendix M 1.2 defines receipt and
-- sending. Worked out from what stands in the rows, so that it cannot differ from them.
create view response_time as
select batch.id as batch_id, batch.channel, batch.certificate_kind, batch.party_id, batch.request_count,
  batch.received_at, accepted_at, sent_at,
  sent_at - batch.received_at as since_last_octet, sent_at - accepted_at as since_accepted
from (
  select batch.id, batch.channel, batch.certificate_kind, batch.party_id, batch.request_count, batch.received_at,
    coalesce(batch.accepted_at, chunk.checked_at) as accepted_at,
    coalesce(batch.sent_at, chunk.finished_at) as sent_at
  from request_batch batch
  cross join lateral (
    select max(checked_at) as checked_at, max(finished_at) as finished_at, bool_and(state = 'finished') as is_finished
    from request_chunk where batch_id = batch.id
  ) chunk
  -- One that was told that there is no certificate yet was answered then, whatever became of it later.
  where batch.stage = 'released' and (chunk.is_finished or batch.sent_at is not null)
) batch;
