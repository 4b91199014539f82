-- Version 2. Decisions of run directories that were removed before the database was lost: a rebuilt one knows them by their links
-- only, and the chain goes on behind them.
CREATE TABLE lost_decision (
  seq    INTEGER PRIMARY KEY,
  job_id TEXT    NOT NULL,
  hash   TEXT    NOT NULL
) STRICT;
