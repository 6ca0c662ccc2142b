#ifndef PROT_VERIFY_H
#define PROT_VERIFY_H

#include "msg/msg.h"
#include "pki/path.h"
#include "prot/protect.h"

/*
 * A message whose header and protection have been checked, and who made it.
 * Only verify_msg() makes one: acting on an unverified message does not
 * compile.
 */
struct checked;

/*
 * How much may be computed for MACs that turn out to be wrong, as
 * mac_cost() counts: anybody can write messages that cost much.  Whoever
 * owns it puts ${spent} back to 0 from time to time.
 */
struct verify_budget {
	uint64_t	 most, spent;
};

/* Against what a message is verified. */
struct verify_ask {
	const struct anchor	*anchors;
	size_t			 n_anchors;
	int64_t			 now;
	int64_t			 time_past, time_future; /* messageTime, 0: any */
	/*
	 * Certificates that may be the signer's or its chain's beside
	 * extraCerts: consecutive TLVs, no trust in them.
	 */
	struct slice		 known;
	/*
	 * The signer answers requests: it has to be an anchor itself, or
	 * carry cmcCA or cmcRA (RFC 9483 3.4).
	 */
	int			 answers;
	/*
	 * MACs: append the secret that ${reference} stands for to ${out}: 1,
	 * 0 if there is none, -1.  NULL: a MAC is E_PROT_KIND.
	 */
	int	(*secret)(void *arg, struct slice reference, struct buf *out,
		    struct err *e);
	void			*secret_arg;
	/*
	 * NULL: no limit.  A MAC that would exceed it is not looked at:
	 * E_MAC_BUDGET.  One that verifies costs nothing, and the first
	 * that does not is always within it.
	 */
	struct verify_budget	*budget;
};

/*
 * The checks of RFC 9483 3.5 that need no transaction: pvno, transactionID,
 * senderNonce, protection, senderKID, sender, certification path, keyUsage,
 * messageTime.  ${m} and everything in ${ask} have to outlive ${out}, which
 * the caller frees with checked_free().
 *
 * Signatures are checked over the bytes received.  extraCerts may be in any
 * order, with duplicates and strangers.
 *
 * A MAC needs no certificate; its parameters are limited before anything is
 * computed.  An unknown reference and a wrong secret are the same E_PROT_MAC
 * after the same work (RFC 9483 4.1.5).
 */
int	verify_msg(const struct msg *m, const struct verify_ask *ask,
	    struct checked **out, struct err *e);

/* Only the header's part of it, for messages that will not verify. */
int	verify_header(const struct msg *m, struct err *e);

/* Is the protection of ${m} a MAC made with a shared secret? */
int	verify_is_mac(const struct msg *m);
/* The reference of that secret, which nobody has proven.  E_SENDER_KID. */
int	verify_reference(const struct msg *m, struct slice *out,
	    struct err *e);

void			 checked_free(struct checked *c);
const struct msg	*checked_msg(const struct checked *c);
/* Who signed it and the path to its anchor; both NULL for a MAC. */
const struct cert	*checked_signer(const struct checked *c);
const struct path	*checked_path(const struct checked *c);
/* With what a MAC was made; NULL for a signature. */
const struct shared	*checked_mac(const struct checked *c);
/* All certificates that came with it and could be read. */
const struct cert	*checked_pool(const struct checked *c, size_t *n);
/* The verified sender: SHA-256 of the signer's SubjectPublicKeyInfo, or of
 * "mac:" and the reference. */
const uint8_t		*checked_peer(const struct checked *c);
/* SHA-256(SHA-256(header || body) || peer): what "the same request" means. */
const uint8_t		*checked_identity(const struct checked *c);

/*
 * The identity that ${m} had if it was ever verified: whoever signed it, be
 * its certificate expired or trusted no more.  Only good for finding the
 * answer that was given then.  0, or -1 if nobody in sight signed it.
 */
int	verify_identity(const struct msg *m, const struct verify_ask *ask,
	    uint8_t out[static 32]);

/* The identity of a message with no verified sender. */
void	verify_identity_none(const struct msg *m, uint8_t out[static 32]);

#endif
