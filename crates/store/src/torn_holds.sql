-- Version 17. Of a file that was brought up while the steps 8 and 14 did not guard against a torn payload: its indexes of holds are those of
-- every other file.
DROP INDEX event_held;
DROP INDEX event_held_at;
CREATE INDEX event_held ON event (seq) WHERE type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold';
CREATE INDEX event_held_at ON event (ts) WHERE type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold';
