#ifndef PKI_HASH_H
#define PKI_HASH_H

#include "pki/alg.h"

/*
 * A hash of what comes in pieces.  SHA-2 only: what else signs (EdDSA) has
 * to see all of it at once.
 */
struct hash_run;

/* Start one; the caller ends it with hash_end() or hash_drop().  E_CRYPTO. */
int	hash_begin(enum hash h, struct hash_run **out, struct err *e);
void	hash_add(struct hash_run *r, struct slice s);
/* The number of octets; 0 if the hash could not be computed.  Frees ${r}. */
size_t	hash_end(struct hash_run *r, uint8_t out[static HASH_MAX]);
/* Free ${r}, which may be NULL. */
void	hash_drop(struct hash_run *r);

#endif
