-- The directory below out/ that an answer belongs into: that of the channel its
-- request came by.
ALTER TABLE outbox ADD COLUMN dir TEXT NOT NULL DEFAULT '';

-- Answers to messages that are not verified, which anybody can make without
-- end: only the last are kept, and forgotten with their identity.
CREATE TABLE unverified (
	outbox		INTEGER PRIMARY KEY,
	identity	BLOB NOT NULL UNIQUE
) STRICT;

-- For each code of such a message: when the audit trail got its last row, and
-- how many there were since.
CREATE TABLE unlisted (
	code		TEXT NOT NULL PRIMARY KEY,
	since		INTEGER NOT NULL,
	more		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- seen without its reference to outbox: to forget one answer, all of it would
-- be searched for others.
CREATE TABLE seen_new (
	identity	BLOB NOT NULL PRIMARY KEY,
	outbox		INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO seen_new SELECT identity, outbox FROM seen;
DROP TABLE seen;
ALTER TABLE seen_new RENAME TO seen;
