-- Bundles that an RA has sent upstream, and waits for the answer to: their
-- transactionID and senderNonce.  The messages in them are rows of relay.
CREATE TABLE batch (
	bundle		INTEGER PRIMARY KEY REFERENCES bundle (id),
	transaction_id	BLOB NOT NULL,
	nonce		BLOB NOT NULL,
	created		INTEGER NOT NULL,
	answered	INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX relay_bundle ON relay (bundle) WHERE bundle > 0;
CREATE INDEX relay_queue ON relay (id) WHERE state = 1;
CREATE INDEX batch_id ON batch (transaction_id);
