#ifndef TOOLS_INSPECT_TXN_H
#define TOOLS_INSPECT_TXN_H

#include "base/buf.h"
#include "base/err.h"
#include "msg/msg.h"

#define INSPECT_MARK	16	/* octets of a digest: enough to tell apart */

/* What is kept of a message: nothing in it points into the message. */
struct inspect_rec {
	char		*name;
	enum body	 body;
	uint8_t		 id[TXID_MAX];	/* cut; ${id_mark} is of the whole */
	size_t		 id_n;
	uint8_t		 id_mark[INSPECT_MARK];
	int		 has_id, has_sent, has_answers, has_time;
	uint8_t		 sent[INSPECT_MARK];	/* of senderNonce */
	uint8_t		 answers[INSPECT_MARK];	/* of recipNonce */
	uint8_t		 digest[32];	/* of header and body */
	int64_t		 time;
	int		 implicit;	/* implicitConfirm */
	int		 has_status, has_fail, has_cert, bad_body;
	int64_t		 status;
	uint32_t	 fail;
	int64_t		 check_after;
};

/* Make a record of ${m}, without a name. */
void	inspect_txn_record(struct inspect_rec *r, const struct msg *m);

/* By transactionID, and within it by time and name. */
void	inspect_txn_sort(struct inspect_rec *v, size_t n);

/* How many of the ${n} at ${v} are of the first one's transaction. */
size_t	inspect_txn_length(const struct inspect_rec *v, size_t n);

/* Does ${r} carry the nonce of ${q}?  Which of all does ${i} answer? */
int	inspect_txn_answers(const struct inspect_rec *r,
	    const struct inspect_rec *q);
#define INSPECT_NONE		SIZE_MAX
size_t	inspect_txn_answered_by(const struct inspect_rec *v, size_t n,
	    size_t i);

#define INSPECT_ORDER_MAX	4096	/* messages that are compared */

/*
 * Append the transaction of ${n} messages at ${v}, put in order: an answer
 * follows what it answers, else the time decides.  1 if something about it
 * is odd, 0, or -1 with E_NOMEM.
 */
int	inspect_txn_show(struct buf *out, struct inspect_rec *v, size_t n,
	    int json, struct err *e);

#endif
