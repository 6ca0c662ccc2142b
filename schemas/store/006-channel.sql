-- The directory below out/ that an answer belongs into: that of the channel its
-- request came by.
ALTER TABLE outbox ADD COLUMN dir TEXT NOT NULL DEFAULT '';
