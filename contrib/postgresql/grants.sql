-- What the role `holdpoint` may do, see roles.sql. Nobody may delete a decision or an event, and of a decision only the number may change
-- at which it is owed to its run directory.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO holdpoint;
GRANT INSERT ON finished, host, job, attempt, gate, artifact, version, version_piece, event, decision, leader, webhook, delivery, submission TO holdpoint;
GRANT UPDATE ON head, host, job, attempt, gate, artifact, leader, webhook, delivery TO holdpoint;
GRANT UPDATE (event_seq) ON decision TO holdpoint;
GRANT DELETE ON finished, artifact, delivery, submission TO holdpoint;
