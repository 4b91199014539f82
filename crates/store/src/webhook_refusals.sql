-- Version 6. How many of a delivery's failed attempts the receiver itself refused: only these may end it early.
ALTER TABLE delivery ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
