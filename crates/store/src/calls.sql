-- Version 13. The last calls of a timer as JSON: which comes next, which was said, whether any reached somebody; null has none.
ALTER TABLE gate ADD COLUMN calls TEXT;
