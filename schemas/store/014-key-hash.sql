-- alg_key_hash(): a key is its numbers, whatever algorithm they are said to be
-- for.  NULL: not known yet, filled in before the first look.
ALTER TABLE cert ADD COLUMN key_hash BLOB;
DROP INDEX cert_key;
CREATE INDEX cert_key ON cert (key_hash);
