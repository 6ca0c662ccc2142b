#ifndef TOOLS_INSPECT_ODD_H
#define TOOLS_INSPECT_ODD_H

#include "msg/emit.h"
#include "tools/inspect_txn.h"

/*
 * Append what is odd about the transaction of ${n} messages at ${v}, in
 * order, a line each to ${out}, or as objects to ${em} if it is not NULL.
 * Returns how much there is.
 */
size_t	inspect_odd(struct buf *out, struct emit *em,
	    const struct inspect_rec *v, size_t n);

#endif
