-- Version 18: where an attempt's supervisor was started. Null: here, for a file is the record of one host.
ALTER TABLE attempt ADD COLUMN host TEXT;
