-- Version 16. What was done under the name of a submission: whoever asks again under the same name, because the answer was lost on the way,
-- gets the same answer and has nothing done twice. Kept for a week.
CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    -- The digest of the command: another one under the same name is a mistake.
    command TEXT NOT NULL,
    -- What its changes brought about, in JSON.
    applied TEXT NOT NULL,
    at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_at ON submission (at_us);
