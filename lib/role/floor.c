/* The clock of a CA does not go back, and does not leap. */
#include "role/floor.h"

#include "asn/der.h"

#define BACK	300
#define JUMP	(366 * 86400)

static int
check(struct store *s, int64_t now, struct err *e)
{
	char ours[DER_TIME_TEXT], then[DER_TIME_TEXT];
	int64_t last;
	int rc = store_floor(s, &last, e);

	if (rc != 1)
		return rc;
	if (now >= last - BACK && now <= last + JUMP)
		return 0;
	return err_set(e, E_CLOCK, "our clock says %s, the audit trail "
	    "was at %s already; set the clock, or if it is right: cmp-ca "
	    "clock --accept", der_time_text(ours, now),
	    der_time_text(then, last));
}

int
floor_begin(struct store *s, int64_t now, struct err *e)
{
	if (store_begin(s, e) == -1)
		return -1;
	if (check(s, now, e) == 0)
		return 0;
	store_rollback(s);
	return -1;
}

int
floor_check(int homefd, int64_t now, struct err *e)
{
	struct store *s;
	int rc;

	if (store_open(homefd, STORE_WRITE, &s, e) == -1)
		return -1;
	rc = check(s, now, e);
	store_close(s);
	return rc;
}
