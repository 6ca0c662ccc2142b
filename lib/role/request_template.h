#ifndef ROLE_REQUEST_TEMPLATE_H
#define ROLE_REQUEST_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"
#include "op/info.h"
#include "pki/alg.h"

/*
 * A request as a template of the CA wants it (RFC 9483 4.3.3): what it gives
 * is taken over, what it has empty is for us to fill in, what it does not
 * have is not asked for.
 */
struct request_template {
	struct buf	 der;		/* the file; ${t} points into it */
	struct info_template t;
	struct buf	 extensions;	/* to ask for as they are; no SAN */
	char		 spec[64];	/* first kind of key that we can make,
					 * "" if there is no keySpec */
};
void	request_template_init(struct request_template *r);
void	request_template_release(struct request_template *r);

/*
 * Read the file ${path}.  Extensions without a value, which nobody here can
 * fill in, are left out.  E_ANSWER_INFO, E_SYNTAX, E_DER_*;
 * E_TMPL_CA if it would have us ask for CA powers; E_TEMPLATE_KEY if it has
 * keySpec but no key that we can make.
 */
int	request_template_load(struct request_template *r, const char *path,
	    struct err *e);

/*
 * ${subject} (Name TLV) and ${san} (GeneralNames TLV) are what the user
 * gives and become what to ask for.  E_TEMPLATE: they contradict what the
 * template fixes, or it has no place for them; E_TEMPLATE_EMPTY: it has an
 * empty place that they do not fill, unless ${leave}, which leaves it out.
 * E_NAME_SYNTAX, E_TMPL_SAN, E_ANSWER_INFO: what comes out is no name that a
 * request may have.
 */
int	request_template_names(const struct request_template *r,
	    struct buf *subject, struct buf *san, int leave, struct err *e);

/* Does keySpec, if it is there, allow a key like ${k}?  E_TEMPLATE_KEY. */
int	request_template_key(const struct request_template *r,
	    const struct keyinfo *k, struct err *e);
/* The same of a SPEC for key_generate(). */
int	request_template_spec(const struct request_template *r,
	    const char *spec, struct err *e);

#endif
