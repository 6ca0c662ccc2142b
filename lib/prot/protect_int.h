#ifndef PROT_PROTECT_INT_H
#define PROT_PROTECT_INT_H

#include "prot/protect.h"

/* Shared by protect.c and protect_nest.c only. */

/* protection with ${sig}, and extraCerts: what follows the body. */
void	protect_tail(struct derw *w, struct slice sig,
	    const struct signer *s);

#endif
