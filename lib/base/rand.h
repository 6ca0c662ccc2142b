#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>

/*
 * Fill ${p} with ${n} random bytes from the kernel, blocking until its pool
 * is ready; abort if there are none, for nothing good can follow.  Nonces,
 * transactionIDs and serial numbers come from here; test programs replace
 * rand.o when they are linked.
 */
void	rand_bytes(void *p, size_t n);

#endif
