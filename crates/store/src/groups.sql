-- Version 15. Of an open gate what would otherwise be made of its JSON at every reading of the queue: the digest of what is under review, the
-- key of the gates with the same change (null: nothing is under review), the digest of what its requester says, and whether anybody was shown all of it.
ALTER TABLE gate ADD COLUMN digest TEXT;
ALTER TABLE gate ADD COLUMN group_id TEXT;
ALTER TABLE gate ADD COLUMN context_digest TEXT;
ALTER TABLE gate ADD COLUMN is_wholly_seen INTEGER NOT NULL DEFAULT 0;
