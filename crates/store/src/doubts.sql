-- Version 10. What the timer of an open gate does at zero as the gate stands, and the doubt that keeps it from approving; null is what
-- was agreed on, without a doubt. And the doubt that a timer was stopped for.
ALTER TABLE gate ADD COLUMN held_because TEXT;
ALTER TABLE gate ADD COLUMN at_zero TEXT;
ALTER TABLE gate ADD COLUMN doubt TEXT;
