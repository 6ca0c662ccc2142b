-- Shared secrets with which devices may enrol (RFC 9483 4.1.5), and with
-- which one a transaction began.  Secrets are kept as they are: a MAC cannot
-- be checked with less.  san: one pattern a line.  expires 0: never;
-- uses_left -1: without limit.
CREATE TABLE ticket (
	ref		BLOB NOT NULL PRIMARY KEY,
	secret		BLOB NOT NULL,
	subject		TEXT NOT NULL,
	san		TEXT NOT NULL,
	profile		TEXT NOT NULL,
	expires		INTEGER NOT NULL,
	uses_left	INTEGER NOT NULL,
	failures	INTEGER NOT NULL,
	locked		INTEGER NOT NULL,
	created		INTEGER NOT NULL
) STRICT;

ALTER TABLE txn ADD COLUMN mac_alg BLOB NOT NULL DEFAULT x'';
ALTER TABLE txn ADD COLUMN mac_ref BLOB NOT NULL DEFAULT x'';
ALTER TABLE txn ADD COLUMN secret_file BLOB NOT NULL DEFAULT x'';
