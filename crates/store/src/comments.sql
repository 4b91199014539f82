-- Version 11. What was said about lines when the former attempt was rejected, as JSON; null where nothing was.
ALTER TABLE attempt ADD COLUMN comments TEXT;
