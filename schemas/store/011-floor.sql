-- The latest time that any row of the audit trail has, since an operator has
-- last said that the clock is right: the floor for the clock.
CREATE TABLE floor (
	id		INTEGER PRIMARY KEY CHECK (id = 1),
	time		INTEGER NOT NULL
) STRICT;

INSERT INTO floor SELECT 1, max(time) FROM audit WHERE id >=
	(SELECT coalesce(max(id), 0) FROM audit WHERE event = 'clock-accepted')
	HAVING count(*) > 0;
