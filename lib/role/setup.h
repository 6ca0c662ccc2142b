#ifndef ROLE_SETUP_H
#define ROLE_SETUP_H

#include "base/err.h"

/* Making a CA's home. */
struct setup_ask {
	const char	*name;			/* RFC 4514, for a new CA */
	const char	*newkey;		/* SPEC, for a new CA */
	const char	*key, *cert, *chain;	/* an existing one */
	const char	*key_pass;		/* absolute: stays where it is */
	const char	*protect_newkey;	/* SPEC; default: as the CA's */
	const char	*protect_key;		/* instead: a file, plain; copied */
	const char	*days;			/* of a new CA certificate */
};

/* Is everything in ${ask} well formed and readable?  Changes nothing. */
int	setup_check(const struct setup_ask *ask, struct err *e);

/*
 * Make HOME of ${homefd} a CA: keys/, certs/, trust/, state/ with the store,
 * cmp.conf with every key commented, the CA's key and certificate (new, or a
 * copy of what is given), and a CMP protection key and certificate of its own
 * (digitalSignature, subjectKeyIdentifier, cmcCA) issued by the CA.
 *
 * A home that has a cmp.conf is E_EXISTS: nothing is ever overwritten.  What
 * an interrupted run has left is taken up again by the next.
 */
int	setup_ca(int homefd, const struct setup_ask *ask, struct err *e);

#endif
