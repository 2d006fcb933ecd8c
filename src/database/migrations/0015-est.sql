-- The allowance of EST is counted for each Party over the last 24 hours.
create index request_batch_est on request_batch (party_id, received_at) where channel = 'est';
