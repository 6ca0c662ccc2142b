#ifndef TOOLS_MKREQ_H
#define TOOLS_MKREQ_H

#include "role/request.h"

/*
 * Do the operands from argv[at] on and the options in ${a} make a request?
 * Sets ${a->op} and ${a->info}.  0, or what tool_usage() returns.
 */
int	mkreq_check(struct request_ask *a, int argc, char **argv, int at);

#endif
