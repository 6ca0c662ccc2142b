#ifndef ROLE_RA_CERT_H
#define ROLE_RA_CERT_H

#include "pki/csr.h"
#include "role/engine.h"

/* In the place of a profile: no request can name it. */
#define RA_CERT_PROFILE	"(ra)"

/*
 * Give a registration authority a certificate of this CA: subject and key of
 * ${csr}, whose proof of possession is checked; digitalSignature and cmcRA,
 * and nothing else that ${csr} asks for; good for ${days}, at most as long as
 * the CA's own.  Its DER is appended to ${out}, and it stands in the store
 * like every other.  In a commit of its own.  Only an operator does this: no
 * profile gives cmcRA.  E_CSR_SIG, E_TMPL_KEY, E_TMPL_KEY_WEAK,
 * E_TMPL_KEY_USED, E_TMPL_SUBJECT, E_CLOCK.
 */
int	ra_cert_issue(struct engine *en, const struct csr *csr, int64_t days,
	    struct buf *out, struct err *e);

#endif
