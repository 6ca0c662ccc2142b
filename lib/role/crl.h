#ifndef ROLE_CRL_H
#define ROLE_CRL_H

#include "role/engine.h"

/*
 * The CRL of a CA: certs/ca.crl (DER) and certs/ca.crl.pem.
 *
 * The number is kept in the store before the files are written, so it never
 * goes back; after a crash in between a new CRL is due.  Called with no
 * commit open.
 */
struct crl_made {
	int64_t	number, this_update, next_update;
	size_t	entries;
};

/*
 * Make and write one now.  It has every revoked certificate that had not
 * expired when the CRL before it was made.  E_KEY_CERT if the CA certificate
 * is not for CRLs.
 */
int	crl_make(struct engine *en, struct crl_made *made, struct err *e);

/*
 * Is one due by cmp.conf (crl-after-revoke, crl-every), or because the last
 * one has not been written to its end?  1, 0, -1.
 */
int	crl_due(struct engine *en, struct err *e);

#endif
