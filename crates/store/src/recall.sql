-- Version 12. Until when a decision may be taken back, and what it will do then; and the decision that was taken back, in the place of
-- whose gate this one opened. Both as JSON.
ALTER TABLE gate ADD COLUMN recall TEXT;
ALTER TABLE gate ADD COLUMN recalls TEXT;
CREATE INDEX gate_recall ON gate (job_id) WHERE recall IS NOT NULL;
