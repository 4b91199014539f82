-- Version 8. Holds are counted for the figures: without this they would be looked for in the whole log.
CREATE INDEX event_held ON event (seq) WHERE type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold';
