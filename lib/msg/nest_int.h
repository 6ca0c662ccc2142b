#ifndef MSG_NEST_INT_H
#define MSG_NEST_INT_H

#include "msg/nest.h"

/* Shared by nest.c and nest_look.c only. */

/*
 * Tag and length that ${in} begins with: their size, 0 if they are not DER
 * or not there.  The value need not be there.
 */
size_t	nest_frame(struct slice in, uint64_t *len);

/* What the headers of the members say, all together. */
struct nest_facts {
	size_t		 count;
	size_t		 up, down;	/* requests, responses */
	size_t		 same_id, same_both;	/* as in the outer header */
	unsigned	 layers;	/* most approvals around one member */
	struct err	 within;	/* the first thing wrong deeper down */
};

/* Add what member ${der}, which has not been walked, says. */
void	nest_look(struct nest_facts *f, const struct hdr *outer,
	    struct slice der);

/* nest_check() */
int	nest_judge(const struct nest_facts *f, unsigned layers,
	    struct err *e);

#endif
