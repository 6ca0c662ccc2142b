-- The store of a home: state/cmp.db.
--
-- How to change the format:
--
-- 1. Leave every numbered file that was ever released as it is, this one too.
-- 2. Add the next number: 002-what-changes.sql.  It turns a store of version
--    1 into one of version 2, with CREATE, ALTER TABLE ... ADD COLUMN (give
--    it a DEFAULT), or a new table filled from the old one.  The Makefile
--    finds it; the position of a file in the sorted list is its version, so
--    leave no number out.
-- 3. A file runs once, in one transaction together with its user_version.
--    It contains no BEGIN, COMMIT or PRAGMA.
-- 4. There is no way back.  A program refuses a store newer than itself.
-- 5. Never renumber what the rows hold: states and bodies (txn.h, msg.h) and
--    what the audit hash covers (store_audit.c).
--
-- Times are seconds since 1970.  Empty buffers are x'', never NULL: UNIQUE
-- takes two NULLs for different.  Each random key costs one more page a
-- commit, so there is no index that no message needs.

CREATE TABLE txn (
	id		INTEGER PRIMARY KEY,
	transaction_id	BLOB NOT NULL,
	peer		BLOB NOT NULL,
	state		INTEGER NOT NULL,
	body		INTEGER NOT NULL,
	cert_req_id	INTEGER NOT NULL,
	confirm_by	INTEGER NOT NULL,
	explicit_asked	INTEGER NOT NULL,
	created		INTEGER NOT NULL,
	messages	INTEGER NOT NULL,
	our_nonce	BLOB NOT NULL,
	peer_nonce	BLOB NOT NULL,
	serial		BLOB NOT NULL,
	cert		BLOB NOT NULL,
	signer_certs	BLOB NOT NULL,
	subject		BLOB NOT NULL,
	san		BLOB NOT NULL,
	key_file	BLOB NOT NULL,
	cert_file	BLOB NOT NULL,
	sign_key_file	BLOB NOT NULL,
	chain_file	BLOB NOT NULL,
	pass_file	BLOB NOT NULL,
	spki		BLOB NOT NULL,
	UNIQUE (transaction_id, peer)
) STRICT;

-- Few rows: those that wait for a certConf.
CREATE INDEX txn_confirm ON txn (confirm_by) WHERE state = 1;

CREATE TABLE cert (
	serial		BLOB NOT NULL PRIMARY KEY,
	spki_hash	BLOB NOT NULL,
	subject		BLOB NOT NULL,
	not_before	INTEGER NOT NULL,
	not_after	INTEGER NOT NULL,
	profile		TEXT NOT NULL,
	txn		INTEGER REFERENCES txn (id),
	revoked_at	INTEGER,
	reason		INTEGER,
	der		BLOB NOT NULL
) STRICT;

CREATE INDEX cert_key ON cert (spki_hash);

CREATE TABLE outbox (
	id		INTEGER PRIMARY KEY AUTOINCREMENT,
	name		TEXT NOT NULL UNIQUE,
	delivered	INTEGER NOT NULL,
	answer		BLOB NOT NULL
) STRICT;

CREATE INDEX outbox_waiting ON outbox (id) WHERE delivered = 0;

-- Identities of requests, for ever.  No outbox row: there was no answer.
CREATE TABLE seen (
	identity	BLOB NOT NULL PRIMARY KEY,
	outbox		INTEGER REFERENCES outbox (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
	id		INTEGER PRIMARY KEY,
	time		INTEGER NOT NULL,
	code		TEXT NOT NULL,
	event		TEXT NOT NULL,
	detail		TEXT NOT NULL,
	txn		INTEGER NOT NULL,
	prev		BLOB NOT NULL,
	hash		BLOB NOT NULL
) STRICT;
