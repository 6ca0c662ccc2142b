#ifndef ROLE_RELAY_H
#define ROLE_RELAY_H

#include "op/op.h"
#include "prot/protect.h"

/*
 * The ways in which a registration authority passes a message on (RFC 9483
 * 5.2): one function for each direction, with no code for any operation.
 * Pure: bytes in, bytes out.
 */

/* A message that goes up, and who passes it on. */
struct relay_ask {
	const struct conf_rule	*rule;		/* its [forward] */
	const struct op		*op;
	enum body		 first;		/* of its transaction, ... */
	int			 wants_key;	/* ... for a key made centrally */
	const struct op_request	*request;	/* verified and taken apart */
	struct slice		 der;		/* as it came, ... */
	struct slice		 whole;		/* ... with approvals around */
	const struct signer	*signer;
	/* certProfile for a message that names none and loses its own
	 * protection: that of its ticket, or none. */
	struct slice		 profile;
	int64_t			 now;
};

/*
 * How it is passed on, which is not always what its rule says: an update
 * keeps its own protection, and so does a request for a key, which is
 * encrypted for whoever signed it (5.2.3); so does a revocation, which
 * upstream would do for us, whoever's certificate it is about (5.3.2); a MAC cannot.
 * What follows a first request goes as that did: an RA that answers for
 * a device that upstream does not know answers for all it says.
 * E_FORWARD_MAC.
 */
int	relay_mode(const struct relay_ask *a, enum conf_mode *mode,
	    struct err *e);

/* The message to send upstream instead of ${a->der}, appended to ${out}.
 * transactionID and nonces stay.  E_NAME_SYNTAX, E_NOMEM, what signs. */
int	relay_up(const struct relay_ask *a, enum conf_mode mode,
	    struct buf *out, struct err *e);

/*
 * The answer ${m} of upstream as its requester is to get it, appended to
 * ${out}: with a MAC by ${mac} if it has one, else as it is, or with our
 * protection if ${rule} says so.  ${to} is the requester, a GeneralName.
 */
int	relay_down(const struct conf_rule *rule, const struct msg *m,
	    struct slice to, const struct shared *mac,
	    const struct signer *signer, struct buf *out, struct err *e);

/*
 * relay_template.c: CertReqMessages like that of ${q}, with what ${rule} adds
 * to the names, and raVerified as its proof of possession (5.2.3.2).  ${out}
 * is empty before.  E_TOO_LARGE, E_NAME_SYNTAX, relay_template_check().
 */
int	relay_template(const struct conf_rule *rule, const struct cert_req *q,
	    struct slice spki, struct derw *out, struct err *e);

/*
 * Are the CertReqMessages ${content} one request with raVerified, the key
 * ${spki}, the names of ${q} as policy_forward() judged them and what ${rule}
 * adds, and its other extensions, and nothing more?  relay_template() asks this
 * of the bytes it wrote: whoever signs raVerified vouches for each of them.
 * E_TMPL_SUBJECT, E_TMPL_SAN, E_TMPL_EXT, E_TMPL_KEY, E_INTERNAL.
 */
int	relay_template_check(const struct conf_rule *rule,
	    const struct cert_req *q, struct slice spki, struct slice content,
	    struct err *e);

#endif
