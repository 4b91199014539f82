-- Version 9. Why a gate is asked for, and what sign of life its requester promised, as JSON; null where nothing is said.
ALTER TABLE gate ADD COLUMN context TEXT;
ALTER TABLE gate ADD COLUMN heartbeat TEXT;
