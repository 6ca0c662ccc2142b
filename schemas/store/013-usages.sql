-- What the certificate would be good for: an operator approves that, too.
-- Rows of before have nothing here, which no certificate is the same as.
ALTER TABLE held ADD COLUMN usages TEXT NOT NULL DEFAULT '';
