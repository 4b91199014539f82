-- Version 7. When somebody noted that a job failed: until then it stands in the queue. What failed before this was counted is history.
ALTER TABLE job ADD COLUMN acknowledged_at INTEGER;
-- state.json says so too, and is owed.
UPDATE job SET acknowledged_at = status_since, published_seq = min(published_seq, last_event_seq - 1) WHERE status = 'failed';
