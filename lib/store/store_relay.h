#ifndef STORE_STORE_RELAY_H
#define STORE_STORE_RELAY_H

#include "store/store.h"

/*
 * What a registration authority has passed on, or is about to: one row for
 * each message that goes upstream.  Its sender's transaction is in the table
 * of transactions.
 *
 * A row is open until its answer is there.  A response belongs to the open
 * row whose transactionID it has, and whose nonce it returns as recipNonce.
 */
enum relay_state {		/* as in the store: do not renumber */
	RELAY_QUEUED = 1,	/* to leave with the next bundle */
	RELAY_SENT = 2,
	RELAY_WAITING = 3,	/* upstream said "waiting" */
	RELAY_ANSWERED = 4,
	RELAY_LOST = 5,		/* the answer to its bundle did not have one */
};

struct store_relay {
	int64_t		 id, txn;
	enum relay_state state;
	enum body	 body;
	const char	*rule;		/* [forward], of the transaction */
	struct slice	 transaction_id, nonce;	/* of what goes upstream */
	struct slice	 identity;	/* of the request it was made of */
	struct slice	 request;	/* that request, as it came */
	const char	*dir;		/* where its answer is to go */
	const char	*up;		/* name of the file that goes upstream */
	const char	*medium;	/* which it left on, "" if not known */
	int64_t		 bundle;	/* or 0 */
	int64_t		 created, sent;
};

/*
 * Make ${r}, and the message ${up} in the outbox for the directory ${dir},
 * part of the open commit, after store_put() has had the request's own
 * effects.  One that is RELAY_QUEUED is not delivered by itself.  ${r->id},
 * ${r->sent} are set; ${name} is what it is to be called, and became.
 */
int	store_relay_put(struct store *s, struct store_relay *r,
	    struct slice up, const char *dir, char name[static STORE_NAME],
	    int64_t now, struct err *e);

/*
 * The open row that a response with these belongs to: 1, 0 or -1.  Texts and
 * bytes are appended to ${keep}, to which the row then points.
 */
int	store_relay_find(struct store *s, struct slice transaction_id,
	    struct slice nonce, struct store_relay *r, struct buf *keep,
	    struct err *e);

/* Does an open row of another transaction than ${txn} have both of these, or
 * the first if ${nonce} is none?  An answer could not be told from that to it:
 * 1, 0 or -1. */
int	store_relay_taken(struct store *s, int64_t txn,
	    struct slice transaction_id, struct slice nonce, struct err *e);

/* The first row of transaction ${txn}: 1, 0 or -1. */
int	store_relay_first(struct store *s, int64_t txn, struct store_relay *r,
	    struct buf *keep, struct err *e);

/*
 * The message ${name} of the outbox, or none if that is "", answers row ${r},
 * whose state becomes ${state}; with ${all}, every open row of its
 * transaction.  Their requests, when they come again, get the first answer that
 * they had.
 */
int	store_relay_answered(struct store *s, const struct store_relay *r,
	    enum relay_state state, int all, const char *name,
	    struct err *e);

/* The answer ${name} of the outbox is that to ${identity}, too. */
int	store_relay_same(struct store *s, const uint8_t identity[static 32],
	    const char *name, struct err *e);

/* What a pollReq of ${txn} is answered with, appended: 1, 0 if there is
 * nothing yet, -1. */
int	store_relay_last(struct store *s, int64_t txn, struct buf *name,
	    struct buf *answer, struct err *e);

/* The request ${identity} has come again: what went upstream is to be
 * delivered once more, if it has no answer yet and left by itself. */
int	store_relay_again(struct store *s, const uint8_t identity[static 32],
	    struct err *e);

/* Open rows, oldest first, ${up} being the file of the bundle that one has
 * left in; ${each} returns 0, or -1 to stop. */
int	store_relays(struct store *s, int (*each)(void *arg,
	    const struct store_relay *r), void *arg, struct err *e);

/* Remember that the file ${up} left on ${medium}, with all that is in it. */
int	store_relay_left(struct store *s, const char *up, const char *medium,
	    int64_t now, struct err *e);

#endif
