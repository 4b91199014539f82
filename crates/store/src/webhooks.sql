-- Version 4. What is told to webhooks. The event is written with what happened, in one transaction; a webhook's `seq` says up to which
-- event its deliveries were made from them, and rises in the transaction that makes them. So none is lost and none has no cause.
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
  body       TEXT    NOT NULL,
  UNIQUE (webhook, seq, kind, part),
  CHECK ((state = 'waiting') = (settled_at IS NULL))
) STRICT;
-- In the order of events; reminders are no part of it, they have times of their own.
CREATE INDEX delivery_next ON delivery (webhook, seq) WHERE state = 'waiting' AND kind <> 'gate_reminder';
CREATE INDEX delivery_reminder ON delivery (webhook, due_at) WHERE state = 'waiting' AND kind = 'gate_reminder';
CREATE INDEX delivery_settled ON delivery (webhook, settled_at) WHERE settled_at IS NOT NULL;
