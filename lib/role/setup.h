#ifndef ROLE_SETUP_H
#define ROLE_SETUP_H

#include "base/err.h"

/* Making the home of a CA, or of an RA. */
struct setup_ask {
	int		 ra;
	const char	*name;			/* RFC 4514, for a new one */
	const char	*newkey;		/* SPEC, for a new one */
	const char	*key, *cert, *chain;	/* an existing one */
	const char	*key_pass;		/* absolute: stays where it is */
	const char	*protect_newkey;	/* SPEC; default: as the CA's */
	const char	*protect_key;		/* instead: a file, plain; copied */
	const char	*days;			/* of a new certificate */
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

/*
 * The same of an RA: its key, and a certificate with digitalSignature and
 * cmcRA that signs itself, for others to pin, or both as they are given.
 * ${without} gets 1 if a given certificate has no cmcRA: then nobody takes it
 * for an RA who does not pin it, nor its raVerified.
 */
int	setup_ra(int homefd, const struct setup_ask *ask, int *without,
	    struct err *e);

#endif
