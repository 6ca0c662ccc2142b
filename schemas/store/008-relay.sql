-- What a registration authority passes on (RFC 9483 5.2): a row for each
-- message that goes upstream, until long after its answer.  up: the message as
-- it goes; nonce: its senderNonce, which the answer repeats; identity: of the
-- request it was made of, which will get that answer; dir: where to.
CREATE TABLE relay (
	id		INTEGER PRIMARY KEY,
	txn		INTEGER NOT NULL REFERENCES txn (id),
	state		INTEGER NOT NULL,
	body		INTEGER NOT NULL,
	rule		TEXT NOT NULL,
	transaction_id	BLOB NOT NULL,
	nonce		BLOB NOT NULL,
	identity	BLOB NOT NULL,
	request		BLOB NOT NULL,
	dir		TEXT NOT NULL,
	up		INTEGER NOT NULL REFERENCES outbox (id),
	answer		INTEGER NOT NULL DEFAULT 0,
	bundle		INTEGER NOT NULL DEFAULT 0,
	created		INTEGER NOT NULL,
	sent		INTEGER NOT NULL DEFAULT 0,
	medium		TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX relay_txn ON relay (txn);
-- Few rows: those that have no answer yet.
CREATE INDEX relay_open ON relay (transaction_id) WHERE state < 4;

-- At an RA: the directory below out/ where answers to a transaction go, and the
-- row of the outbox that a pollReq is answered with, or 0.
ALTER TABLE txn ADD COLUMN answer_dir BLOB NOT NULL DEFAULT x'';
ALTER TABLE txn ADD COLUMN last_answer INTEGER NOT NULL DEFAULT 0;
