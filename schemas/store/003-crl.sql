-- CRLs made: numbers never go back.  written: its files are in certs/.
-- revoked: how many certificates were revoked then, to see that more are.
CREATE TABLE crl (
	number		INTEGER PRIMARY KEY,
	this_update	INTEGER NOT NULL,
	next_update	INTEGER NOT NULL,
	revoked		INTEGER NOT NULL,
	written		INTEGER NOT NULL
) STRICT;

CREATE INDEX cert_revoked ON cert (revoked_at) WHERE revoked_at IS NOT NULL;
