-- A database of schema 18, as holdpoint left it: never edited.
CREATE TABLE job (
  id             TEXT    NOT NULL PRIMARY KEY,
  status         TEXT    NOT NULL,
  stage          TEXT,
  slug           TEXT    NOT NULL,
  is_manual      INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  status_since   INTEGER NOT NULL,
  last_event_seq INTEGER NOT NULL DEFAULT 0,
  published_seq  INTEGER NOT NULL DEFAULT 0,
  created_by     TEXT    NOT NULL,
  intent         TEXT    NOT NULL,
  params         TEXT    NOT NULL,
  cfg            TEXT    NOT NULL,
  stages         TEXT    NOT NULL
, acknowledged_at INTEGER) STRICT;
CREATE INDEX job_created ON job (created_at, id);
CREATE INDEX job_status ON job (status, created_at, id);
CREATE INDEX job_owed ON job (last_event_seq) WHERE last_event_seq > published_seq;
CREATE TABLE attempt (
  job_id     TEXT    NOT NULL REFERENCES job (id),
  stage      TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  queued_at  INTEGER NOT NULL,
  started_at INTEGER,
  ended_at   INTEGER,
  outcome    TEXT,
  notes      TEXT,
  patch      TEXT, comments TEXT, host TEXT,
  UNIQUE (job_id, stage, number)
) STRICT;
CREATE INDEX attempt_queued ON attempt (queued_at) WHERE state = 'queued';
CREATE INDEX attempt_running ON attempt (queued_at) WHERE state = 'running';
CREATE TABLE gate (
  job_id            TEXT    NOT NULL REFERENCES job (id),
  stage             TEXT    NOT NULL,
  attempt           INTEGER NOT NULL,
  state             TEXT    NOT NULL,
  opened_at         INTEGER NOT NULL,
  on_timeout        TEXT,
  deadline          INTEGER,
  overdue_since     INTEGER,
  held_by_policy_at INTEGER,
  added_us          INTEGER NOT NULL DEFAULT 0,
  max_hold_s        INTEGER NOT NULL,
  added_lines       INTEGER NOT NULL,
  removed_lines     INTEGER NOT NULL,
  files             INTEGER NOT NULL,
  is_new            INTEGER NOT NULL,
  is_binary         INTEGER NOT NULL,
  is_seen           INTEGER NOT NULL,
  settled_by        TEXT,
  settled_at        INTEGER,
  lease             TEXT,
  policy            TEXT    NOT NULL,
  artifacts         TEXT    NOT NULL,
  seen              TEXT    NOT NULL, hold TEXT, stopped_at INTEGER, boot TEXT, boot_offset_us INTEGER, context TEXT, heartbeat TEXT, held_because TEXT, at_zero TEXT, doubt TEXT, recall TEXT, recalls TEXT, calls TEXT, digest TEXT, group_id TEXT, context_digest TEXT, is_wholly_seen INTEGER NOT NULL DEFAULT 0,
  UNIQUE (job_id, stage, attempt),
  CHECK ((on_timeout IS NULL) = (deadline IS NULL)),
  CHECK ((state = 'open') = (settled_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX gate_open ON gate (job_id, stage) WHERE state = 'open';
CREATE TABLE artifact (
  job_id     TEXT    NOT NULL REFERENCES job (id),
  path       TEXT    NOT NULL,
  stage      TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  digest     TEXT    NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  former     TEXT,
  UNIQUE (job_id, path)
) STRICT;
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  ts      INTEGER NOT NULL,
  job_id  TEXT    NOT NULL REFERENCES job (id),
  type    TEXT    NOT NULL,
  stage   TEXT,
  status  TEXT    NOT NULL,
  message TEXT    NOT NULL,
  payload TEXT    NOT NULL
) STRICT;
CREATE INDEX event_job ON event (job_id);
CREATE TABLE decision (
  seq       INTEGER PRIMARY KEY,
  job_id    TEXT    NOT NULL REFERENCES job (id),
  stage     TEXT    NOT NULL,
  attempt   INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  hash      TEXT    NOT NULL,
  document  TEXT    NOT NULL,
  UNIQUE (job_id, stage, attempt)
) STRICT;
CREATE TABLE leader (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  epoch  INTEGER NOT NULL,
  holder TEXT
) STRICT;
CREATE TABLE lost_decision (
  seq    INTEGER PRIMARY KEY,
  job_id TEXT    NOT NULL,
  hash   TEXT    NOT NULL
) STRICT;
CREATE TABLE webhook (
  name      TEXT    NOT NULL PRIMARY KEY,
  seq       INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  lost      INTEGER NOT NULL DEFAULT 0,
  fault     TEXT
) STRICT;
CREATE TABLE delivery (
  webhook    TEXT    NOT NULL REFERENCES webhook (name),
  seq        INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  part       INTEGER NOT NULL,
  id         TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  due_at     INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  settled_at INTEGER,
  fault      TEXT,
  body       TEXT    NOT NULL, refusals INTEGER NOT NULL DEFAULT 0,
  UNIQUE (webhook, seq, kind, part),
  CHECK ((state = 'waiting') = (settled_at IS NULL))
) STRICT;
CREATE INDEX delivery_next ON delivery (webhook, seq) WHERE state = 'waiting' AND kind <> 'gate_reminder';
CREATE INDEX delivery_reminder ON delivery (webhook, due_at) WHERE state = 'waiting' AND kind = 'gate_reminder';
CREATE INDEX delivery_settled ON delivery (webhook, settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX gate_recall ON gate (job_id) WHERE recall IS NOT NULL;
CREATE INDEX decision_at ON decision (CASE WHEN json_valid(document) THEN document ->> '$.at' END);
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
CREATE INDEX event_held ON event (seq) WHERE type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold';
CREATE INDEX event_held_at ON event (ts) WHERE type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold';
PRAGMA application_id = 1751934064;
PRAGMA user_version = 18;
