#ifndef ROLE_INTAKE_H
#define ROLE_INTAKE_H

#include "role/approval.h"

/* A request on its way into a CA or RA: what it is verified with. */
struct intake {
	struct engine		*en;
	const struct msg	*msg;		/* its header has been checked */
	const struct op		*op;
	struct approvals	*approvals;	/* it came in */
	struct secret		*secret;
	struct buf		*known;		/* gets certificates seen before */
};

/*
 * Verify it against ${en->trust}, tickets, and, where no anchor is above its
 * sender, with its own certificate if RAs have approved it (approval_vouch()).
 * ${others}: how many transactions have its transactionID, for a message that
 * does not start one.  Errors of verify_msg(), E_TICKET_LOCKED.
 */
int	intake_verify(const struct intake *in, int *others,
	    struct checked **out, struct err *e);

#endif
