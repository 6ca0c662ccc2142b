#ifndef ROLE_APPROVAL_H
#define ROLE_APPROVAL_H

#include "role/engine_int.h"

/*
 * Approvals: messages nested in others that repeat their transactionID and
 * senderNonce, signed by registration authorities (RFC 9483 5.2.2.1).  The
 * signature on the outside says that an RA has looked at the message inside,
 * which is answered as if it had come by itself.
 */
struct approvals {
	/* Who signed, the outermost first; behind them who did so earlier. */
	struct policy_ra	 by[POLICY_APPROVALS];
	struct txn_approval	 row[POLICY_APPROVALS];	/* for the store */
	size_t			 text_at[POLICY_APPROVALS];	/* in ${keep} */
	size_t			 n;
	struct policy_ra	 earlier[POLICY_APPROVALS];
	size_t			 n_earlier;
	struct msg		 outer;		/* what has to be answered if
						 * they are not good */
	struct buf		 keep;		/* what rows point into */
	struct cert		 unknown;	/* whom an RA vouches for, ... */
	struct anchor		 vouched;	/* ... as an anchor */
};
void	approval_init(struct approvals *a);
void	approval_release(struct approvals *a);

/* How many may be around one message: one, or what is enough for all officers
 * of a rule that asks for several. */
unsigned approval_layers(const struct conf *c);

/*
 * Take ${der} out of its approvals: ${inner} is the message within, a part of
 * ${der}, or ${der} itself.  Each signature is verified and its maker has to
 * be an RA.  As many layers as a rule of cmp.conf has officers, else one.
 * E_NESTED, E_NEST_DEPTH, E_NOT_AUTHORIZED, E_NOT_CONFIRMED, E_PROT_*,
 * E_PATH_*, E_MESSAGE_TIME.
 */
int	approval_open(struct engine *en, struct slice der, const struct msg *m,
	    struct approvals *a, struct slice *inner, struct err *e);

/*
 * No anchor of ours is above the sender of ${m}, but RAs have approved: its
 * own certificate is what its protection is checked with, instead of the
 * anchors of ${ask}.  Whether any of them may vouch for it is for policy.  ${e}
 * is why there was no path, and stays if there is no such certificate.
 */
int	approval_vouch(struct approvals *a, const struct msg *m,
	    const struct verify_ask *ask, struct checked **out,
	    struct err *e);

/*
 * Who has approved the request ${held} of transaction ${txn} earlier, as far
 * as their certificates still count, into ${a->earlier}.
 */
int	approval_load(struct engine *en, int64_t txn, const struct msg *held,
	    struct approvals *a, struct err *e);

#endif
