-- Version 14. The record is asked for by time: without these all of it would be read for the decisions and holds of a week.
-- A document or payload that was torn has no time and no kind, and must not keep anybody from opening the file.
CREATE INDEX decision_at ON decision (CASE WHEN json_valid(document) THEN document ->> '$.at' END);
CREATE INDEX event_held_at ON event (ts) WHERE type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold';
