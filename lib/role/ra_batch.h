#ifndef ROLE_RA_BATCH_H
#define ROLE_RA_BATCH_H

#include "role/engine_int.h"

/*
 * Messages in bundles, at the RA (RFC 9483 5.2.2.2): what waits leaves as one
 * nested message with a transactionID of its own; its answer, another nested
 * message, has an answer for each, or has lost some.
 */

/*
 * Close bundles as long as one is full by [relay] batch-count, batch-size or
 * batch-wait, or with ${flush} as long as anything waits: within the open
 * commit.  How many, or -1.
 */
int	ra_batch_due(struct engine *en, int flush, struct err *e);

/*
 * The answer to a bundle, in three steps that each are within a commit.
 *
 * ra_batch_begin(): to which of ours?  ${outer} has been verified.  1, or 0
 * if it was answered already, or -1 with E_ANSWER_UNKNOWN.
 * Between, each member goes through ra_handle(), with ${en->batch} set to
 * ${*bundle}; one that answers nothing in it is E_BATCH_EXTRA and dropped.
 * ra_batch_end(): who has had no answer is told so.
 */
int	ra_batch_begin(struct engine *en, const struct msg *outer,
	    int64_t *bundle, struct err *e);
int	ra_batch_end(struct engine *en, int64_t bundle, struct err *e);

/*
 * Is ${m}, which was verified, an error message that answers a bundle of ours?
 * Then it is one to each message in it: 1, 0 or -1.  E_ANSWER_TAKEN,
 * E_ANSWER_WAITING: nobody is told anything.
 */
int	ra_batch_error(struct engine *en, const struct msg *m,
	    struct outcome *o, struct err *e);

#endif
