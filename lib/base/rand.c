#include "base/rand.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

void
rand_bytes(void *p, size_t n)
{
	uint8_t *at = p;
	ssize_t r;

	while (n > 0) {
		if ((r = getrandom(at, n, 0)) == -1) {
			if (errno == EINTR)
				continue;
			abort();
		}
		at += r;
		n -= (size_t)r;
	}
}
