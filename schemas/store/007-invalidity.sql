-- Since when a revoked certificate is not to be trusted, if whoever revoked it
-- said so: invalidityDate of the CRL's entry.
ALTER TABLE cert ADD COLUMN invalid_since INTEGER;
