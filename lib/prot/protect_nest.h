#ifndef PROT_PROTECT_NEST_H
#define PROT_PROTECT_NEST_H

#include "prot/protect.h"

/*
 * Sign a nested message (RFC 9483 5.2.2) whose members are not held.  ${d}
 * has the header as for protect_sign(); its body is not looked at.
 *
 * ${piece} gives the members, whole PKIMessages one after another in pieces
 * of any length: 1, 0 after the last, -1.  It is asked until it returns 0,
 * once; what it gave must be ${members_size} bytes, else E_NEST_CHANGED.
 * The message is ${prefix}, the members, ${suffix}.  That the members which
 * the caller writes are those that were signed is for the caller.
 * EdDSA signs nothing that is not held: with such a key all members are.
 */
int	protect_nest(struct draft *d, const struct signer *s,
	    uint64_t members_size,
	    int (*piece)(void *arg, struct slice *next, struct err *e),
	    void *arg, struct buf *prefix, struct buf *suffix, struct err *e);

/*
 * Put an approval around ${inner} (RFC 9483 5.2.2.1): a nested message with
 * its transactionID, senderNonce and recipNonce, to its recipient, and
 * ${inner} in it bit for bit; messageTime is ${now}.  Appended to ${out}.
 */
int	protect_wrap(const struct msg *inner, const struct signer *s,
	    int64_t now, struct buf *out, struct err *e);

#endif
