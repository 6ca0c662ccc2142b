#ifndef PROT_VERIFY_INT_H
#define PROT_VERIFY_INT_H

#include "prot/verify.h"

/*
 * verify_mac.c: check the MAC of ${m} with the secret that ${ask} finds.
 * ${secret} owns what ${out->secret} points to.
 */
int	verify_mac(const struct msg *m, const struct verify_ask *ask,
	    struct shared *out, struct buf *secret, struct err *e);

/* The DER of ProtectedPart, from the bytes received; none if they are not held. */
int	verify_part(const struct msg *m, struct derw *w, struct err *e);

#endif
