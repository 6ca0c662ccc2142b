#ifndef ROLE_STAGED_H
#define ROLE_STAGED_H

#include "base/err.h"

/*
 * Trust the roots that wait in HOME/trust/staged: each moves to HOME/trust.
 * They were checked before they were put there (RFC 9483 4.3.2); this is the
 * user's word.  ${said} is called with the name of each.  Returns their
 * number or -1; harmless to repeat.
 */
int	staged_accept(int homefd, void (*said)(const char *name),
	    struct err *e);

/* The same for the one at ${path}, "trust/staged/NAME", below HOME. */
int	staged_accept_one(int homefd, const char *path, struct err *e);

#endif
