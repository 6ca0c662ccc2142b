/*
 * Time and randomness that stand still, linked into test programs in the
 * place of lib/base/clock.o and rand.o:
 *
 *	FIXED_CLOCK	seconds since 1970 (default 2026-01-02T03:04:05Z)
 *	FIXED_SEED	what the random bytes follow from (default 1)
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rand.h"

static uint64_t
number(const char *name, uint64_t dflt)
{
	const char *s = getenv(name);

	return s != NULL ? strtoull(s, NULL, 10) : dflt;
}

int64_t
clock_now(void)
{
	return (int64_t)number("FIXED_CLOCK", 1767323045);
}

/* splitmix64 */
void
rand_bytes(void *p, size_t n)
{
	static uint64_t x;
	uint8_t *out = p;
	uint64_t z;

	if (x == 0)
		x = number("FIXED_SEED", 1) * 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < n; i++) {
		z = (x += 0x9e3779b97f4a7c15u);
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		out[i] = (uint8_t)(z ^ (z >> 31));
	}
}
