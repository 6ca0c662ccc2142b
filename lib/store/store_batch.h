#ifndef STORE_STORE_BATCH_H
#define STORE_STORE_BATCH_H

#include "store/store_relay.h"

/*
 * At an RA: messages that wait for a bundle, and bundles that wait for their
 * answer (RFC 9483 5.2.2.2).
 */

/* How much waits, and since when the first has. */
struct store_queue {
	size_t		 count;
	uint64_t	 bytes;
	int64_t		 oldest;
};
int	store_batch_queue(struct store *s, struct store_queue *q,
	    struct err *e);

/*
 * The first ${count} that wait, as far as they are not more than ${bytes} in
 * all, but one at least, become members of ${bundle} and are sent.
 */
int	store_batch_take(struct store *s, int64_t bundle, size_t count,
	    uint64_t bytes, int64_t now, struct err *e);

/* ${bundle} has been closed, with these in its header. */
int	store_batch_put(struct store *s, int64_t bundle,
	    struct slice transaction_id, struct slice nonce, int64_t now,
	    struct err *e);

/* The bundle that an answer with these belongs to: 1, 0 or -1.  ${answered}:
 * when its answer came, or 0. */
int	store_batch_find(struct store *s, struct slice transaction_id,
	    struct slice nonce, int64_t *bundle, int64_t *answered,
	    struct err *e);

/* Is there a bundle with this transactionID?  1, 0 or -1. */
int	store_batch_known(struct store *s, struct slice transaction_id,
	    struct err *e);

/* Is a message of ${txn} in ${bundle}?  1, 0 or -1. */
int	store_batch_has(struct store *s, int64_t bundle, int64_t txn,
	    struct err *e);

/*
 * The next row of ${bundle} after ${id} that has had no answer at all: 1, 0 or
 * -1.
 */
int	store_batch_lost(struct store *s, int64_t bundle, int64_t id,
	    struct store_relay *r, struct buf *keep, struct err *e);

/*
 * Among the answers to ${bundle} is one that was there before: what has polled
 * for more, of the transaction ${transaction_id}, is not lost but waits on.
 */
int	store_batch_wait(struct store *s, int64_t bundle,
	    struct slice transaction_id, struct err *e);

/* Its answer is there. */
int	store_batch_done(struct store *s, int64_t bundle, int64_t now,
	    struct err *e);

#endif
