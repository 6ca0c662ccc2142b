-- Bundles (RFC 9483 5.2.2.2).  A bundle is an outbox row: answer has what
-- stands before its members, suffix what stands behind them.  The members are
-- outbox rows of their own, which are not delivered alone.  identity: that of
-- the bundle that it answers, or what else its maker knows it by; passed: how
-- many messages of that have been handled; outbox: its row, once it is
-- complete.
ALTER TABLE outbox ADD COLUMN bundle INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN suffix BLOB NOT NULL DEFAULT x'';

CREATE TABLE bundle (
	id		INTEGER PRIMARY KEY,
	identity	BLOB NOT NULL UNIQUE,
	members		INTEGER NOT NULL,
	bytes		INTEGER NOT NULL,
	passed		INTEGER NOT NULL DEFAULT 0,
	outbox		INTEGER REFERENCES outbox (id)
) STRICT;

CREATE TABLE part (
	bundle		INTEGER NOT NULL REFERENCES bundle (id),
	member		INTEGER NOT NULL REFERENCES outbox (id),
	n		INTEGER NOT NULL,
	PRIMARY KEY (bundle, member)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX part_order ON part (bundle, n);
