#ifndef TOOLS_MKREQ_H
#define TOOLS_MKREQ_H

#include "op/op.h"
#include "role/request.h"

/* Do the options of cmp-mkreq go together?  0, or 64 and it is said. */
int	mkreq_check(const struct request_ask *ask, const struct op *op);

#endif
