-- Version 8. Why a gate is asked for, as JSON; null where its requester says nothing.
ALTER TABLE gate ADD COLUMN context TEXT;
