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
	int		 has_invalidity;
	int64_t		 invalidity;	/* invalidityDate (RFC 5280 5.3.2) */
};

/*
 * Where entries come from: 1 with the next one in ${out}, 0 after the last,
 * -1 with ${e}.  ${out->serial} has to stay valid until the next call only.
 * They are written in this order.
 */
typedef int crl_write_fn(void *ctx, struct crl_entry *out, struct err *e);
/* Begin again with the first one: they are walked two or three times, and
 * have to be the same each time. */
typedef int crl_rewind_fn(void *ctx, struct err *e);

/* What a CRL to be signed says. */
struct crl_new {
	struct slice	 issuer;	/* Name TLV, copied verbatim */
	struct slice	 aki;		/* the issuer's SKI */
	int64_t		 number;	/* from 0 */
	int64_t		 this_update, next_update;
	crl_rewind_fn	*rewind;
	crl_write_fn	*next;
	void		*ctx;
};

/*
 * Build and sign a CRL of version 2 (RFC 5280 5) with ${k} and ${a}, and
 * write its DER to the empty file ${fd}, open for reading and writing, whose
 * content is nothing to be used if this fails.  cRLNumber and
 * authorityKeyIdentifier are in it, and nothing critical.  Time is linear in
 * the result; memory does not grow with it, but for EdDSA, where the file is
 * mapped.  Serials that are zero or too long, a reason that there is not,
 * removeFromCRL, no issuer or no AKI, entries that are not the same each
 * time, and nextUpdate not after thisUpdate are E_INTERNAL; more than
 * crl_open() reads is E_FILE_SIZE.  What was written has been read back.
 */
int	crl_write(const struct crl_new *n, const struct key *k,
	    const struct sigalg *a, int fd, struct err *e);

#endif
