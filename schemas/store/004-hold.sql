-- Requests that wait for an operator.  A row lives as long as its request
-- waits; what was decided stands in the audit trail.
CREATE TABLE held (
	txn		INTEGER PRIMARY KEY REFERENCES txn (id),
	digest		BLOB NOT NULL,
	request		BLOB NOT NULL,
	signer		BLOB NOT NULL,
	subject		BLOB NOT NULL,
	san		BLOB NOT NULL,
	spki		BLOB NOT NULL,
	not_before	INTEGER NOT NULL,
	not_after	INTEGER NOT NULL,
	profile		TEXT NOT NULL,
	changes		TEXT NOT NULL,
	why		TEXT NOT NULL,
	reason		TEXT NOT NULL DEFAULT '',
	polled		BLOB NOT NULL DEFAULT x''
) STRICT;

-- At the device: senderNonce of the request whose answer is delayed, and
-- when to ask again.
ALTER TABLE txn ADD COLUMN first_nonce BLOB NOT NULL DEFAULT x'';
ALTER TABLE txn ADD COLUMN check_at INTEGER NOT NULL DEFAULT 0;
