-- Version 7. When somebody noted that a job failed: until then it stands in the queue. What failed before this was counted is history.
ALTER TABLE job ADD COLUMN acknowledged_at INTEGER;
UPDATE job SET acknowledged_at = status_since WHERE status = 'failed';
