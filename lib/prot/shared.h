#ifndef PROT_SHARED_H
#define PROT_SHARED_H

#include "base/buf.h"
#include "pki/mac.h"

/* What a user says of a shared secret: RFC 9483 4.1.5. */

/*
 * The secret in the file ${path} into ${out}, which the caller releases; a
 * slip's digits are checked.  E_KEY_PASS, E_SECRET_DIGITS.
 */
int	shared_load(const char *path, struct buf *out, struct err *e);

/*
 * Fresh parameters for ${kind}, "pbmac1" (or NULL) or "pbm", and a look at
 * the reference ${ref}: 1 to 128 octets.  E_USAGE.
 */
int	shared_mac(const char *kind, const char *ref, struct mac *m,
	    struct err *e);

#endif
