#ifndef TOOLS_MKREQ_H
#define TOOLS_MKREQ_H

#include "role/request.h"

/*
 * Do the operands from argv[at] on and the options in ${a} make a request?
 * Sets ${a->op} and ${a->info}.  0, or what tool_usage() returns.
 */
int	mkreq_check(struct request_ask *a, int argc, char **argv, int at);

/*
 * cmp-mkreq --on-behalf: a request for each PKCS#10 file of ${a->csr}, a file
 * or a directory; one that is bad does not stop the others.  The worst exit
 * status.
 */
int	mkreq_behalf(struct request_ask *a, const char *home, const char *out,
	    int dry);

/*
 * cmp-mkreq list and poll: which requests of ${home} have no answer yet, and
 * the pollReq of the one whose transactionID begins with ${id} (NULL: of the
 * only one) again, to ${out}.  The exit status.
 */
int	mkreq_list(const char *home, int json);
int	mkreq_poll(const char *home, const char *id, const char *out, int dry);

#endif
