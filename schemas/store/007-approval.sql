-- The certificate that began a transaction (SHA-256): a key may have several.
ALTER TABLE txn ADD COLUMN signer_hash BLOB NOT NULL DEFAULT x'';
