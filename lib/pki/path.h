#ifndef PKI_PATH_H
#define PKI_PATH_H

#include "pki/cert.h"
#include "pki/crl.h"

/*
 * Certification paths: building and RFC 5280 section 6 validation, with the
 * caller's anchors, time and CRLs.  Fail-closed: what is not understood is
 * refused, and a certificate whose status is asked for and cannot be known
 * is refused.
 */
#define PATH_MAX_CERTS	10	/* target and intermediates */
#define PATH_MAX_POOL	64	/* certificates considered as intermediates */
#define PATH_MAX_SIGS	32	/* signatures checked before giving up */

/* One trust anchor with what is configured for it. */
struct anchor {
	const struct cert	*cert;
	struct crl *const	*crls;	/* of anyone below it; may be NULL */
	size_t			 n_crls;
	/*
	 * Without CRLs no status is checked.  With CRLs every certificate
	 * below the anchor has to be "good" by one that is signed by its
	 * issuer (with cRLSign), in date, and understood.
	 */
};

struct path_ask {
	const struct cert	*target;
	const struct cert	*pool;		/* unordered; may hold anything */
	size_t			 n_pool;
	const struct anchor	*anchors;
	size_t			 n_anchors;
	int64_t			 now;
	uint32_t		 ku;	/* bits the target must have if it has
					 * keyUsage at all; 0: not asked */
	enum oid		 eku;	/* the target must carry it itself;
					 * OID_UNKNOWN: not asked */
};

struct path {
	const struct anchor	*anchor;
	const struct cert	*certs[PATH_MAX_CERTS];	/* target first */
	size_t			 n;	/* 0: the target is the anchor itself */
};

/*
 * Find a valid path from the target to one of the anchors.  A target that is
 * byte for byte an anchor is valid (a pinned certificate), if in date.
 * Unordered, duplicate, unrelated and malformed-key certificates in the pool
 * do no harm; work is bounded by the limits above.
 *
 * On failure ${e} has the reason that came closest to an anchor: E_PATH_*.
 */
int	path_find(const struct path_ask *ask, struct path *out, struct err *e);

#endif
