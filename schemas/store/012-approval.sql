-- Which registration authorities have approved a request (RFC 9483 5.2.2.1):
-- evidence, kept for ever.  key: SHA-256 of the SubjectPublicKeyInfo.
CREATE TABLE approval (
	txn		INTEGER NOT NULL REFERENCES txn (id),
	key		BLOB NOT NULL,
	rules		TEXT NOT NULL,
	signer		BLOB NOT NULL,
	time		INTEGER NOT NULL,
	message		BLOB NOT NULL,
	PRIMARY KEY (txn, key)
) STRICT, WITHOUT ROWID;

-- "2 of a b c", if that is what a request waits for.
ALTER TABLE held ADD COLUMN quorum TEXT NOT NULL DEFAULT '';

-- The certificate that began a transaction (SHA-256): a key may have several.
ALTER TABLE txn ADD COLUMN signer_hash BLOB NOT NULL DEFAULT x'';
