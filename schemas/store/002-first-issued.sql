-- When the first certificate of a line of updates was issued: a stolen key
-- shall not renew itself for ever.
ALTER TABLE cert ADD COLUMN first_issued INTEGER NOT NULL DEFAULT 0;
UPDATE cert SET first_issued = not_before;
