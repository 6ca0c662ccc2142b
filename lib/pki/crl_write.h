#ifndef PKI_CRL_WRITE_H
#define PKI_CRL_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "pki/alg.h"
#include "pki/key.h"

/* One revoked certificate. */
struct crl_entry {
	struct slice	 serial;	/* unsigned big-endian, 1 to 20 octets */
	int64_t		 when;
	int		 reason;	/* CRLReason; 0 is left out */
};

/*
 * Where entries come from, in any order: 1 with the next one in ${out}, 0
 * after the last, -1 with ${e}.  ${out->serial} has to stay valid until the
 * next call only.  They are written with the last one first.
 */
typedef int crl_write_fn(void *ctx, struct crl_entry *out, struct err *e);

/* What a CRL to be signed says. */
struct crl_new {
	struct slice	 issuer;	/* Name TLV, copied verbatim */
	struct slice	 aki;		/* the issuer's SKI */
	int64_t		 number;	/* from 0 */
	int64_t		 this_update, next_update;
	crl_write_fn	*next;
	void		*ctx;
};

/*
 * Build and sign a CRL of version 2 (RFC 5280 5) with ${k} and ${a}; append
 * its DER to ${out}, whose maximum limits it too.  cRLNumber and
 * authorityKeyIdentifier are in it, and nothing critical.  Time and memory
 * are linear in the result.  Serials that are zero or too long, a reason
 * that there is not, removeFromCRL, no issuer or no AKI, and nextUpdate not
 * after thisUpdate are E_INTERNAL.  The result has been parsed back.
 */
int	crl_write(const struct crl_new *n, const struct key *k,
	    const struct sigalg *a, struct buf *out, struct err *e);

#endif
