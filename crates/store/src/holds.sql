-- Version 3. A person's hold of a gate's timer, and since when holds and leases stop it without a break.
ALTER TABLE gate ADD COLUMN hold TEXT;
ALTER TABLE gate ADD COLUMN stopped_at INTEGER;
-- A lease that is live while the schema changes stops its timer from its own beginning.
UPDATE gate SET stopped_at = CAST(unixepoch(json_extract(lease, '$.taken_at'), 'subsec') * 1000000 AS INTEGER)
WHERE state = 'open' AND lease IS NOT NULL AND on_timeout IS NOT NULL;
