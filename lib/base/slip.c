#include "base/slip.h"

#include <string.h>

#include "base/rand.h"

#define DIGITS	26	/* random */
#define ALL	28	/* with the check digits */
#define PRIME	1021u	/* 31 and 32^n - 1 are no multiples of it */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/*
 * The digits as a number in base 32 modulo a prime: changing one digit or
 * exchanging two neighbours changes it.
 */
static unsigned
check(const uint8_t *v)
{
	unsigned sum = 0;

	for (int i = 0; i < DIGITS; i++)
		sum = (sum * 32 + v[i]) % PRIME;
	return sum;
}

static void
print(const uint8_t v[static ALL], char t[static SLIP_TEXT])
{
	size_t n = 4;

	memcpy(t, "CMP1", 4);
	for (size_t i = 0; i < ALL; i++) {
		if (i % 4 == 0)
			t[n++] = '-';
		t[n++] = alphabet[v[i]];
	}
	t[n] = '\0';
}

void
slip_make(char t[static SLIP_TEXT])
{
	uint8_t v[ALL];
	unsigned sum;

	rand_bytes(v, sizeof(v));
	for (int i = 0; i < DIGITS; i++)
		v[i] &= 31;
	sum = check(v);
	v[DIGITS] = (uint8_t)(sum / 32);
	v[DIGITS + 1] = (uint8_t)(sum % 32);
	print(v, t);
	explicit_bzero(v, sizeof(v));
}

void
slip_name(char t[static SLIP_NAME])
{
	uint8_t v[SLIP_NAME - 1];

	rand_bytes(v, sizeof(v));
	for (size_t i = 0; i < sizeof(v); i++)
		t[i] = alphabet[v[i] & 31];
	t[sizeof(v)] = '\0';
}

/* The value of a digit, -1 for what is none, -2 for what may be left out. */
static int
digit(uint8_t c)
{
	const char *at;

	if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n')
		return -2;
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
	at = c == '\0' ? NULL : strchr(alphabet, c);
	return at == NULL ? -1 : (int)(at - alphabet);
}

/* Take "CMP1" off ${in}, with what may stand in between: 1 or 0. */
static int
take_mark(struct slice *in)
{
	static const char upper[] = "CMP", lower[] = "cmp";
	size_t n = 0;

	for (; n < 4 && in->n > 0; in->p++, in->n--) {
		if (n == 3 ? digit(in->p[0]) == 1 : in->p[0] == upper[n] ||
		    in->p[0] == lower[n])
			n++;
		else if (digit(in->p[0]) != -2)
			return 0;
	}
	return n == 4;
}

int
slip_mend(struct buf *secret, struct err *e)
{
	struct slice in = buf_slice(secret);
	uint8_t v[ALL] = { 0 };
	char text[SLIP_TEXT];
	size_t n = 0;
	int d;

	if (!take_mark(&in))
		return 0;
	for (size_t i = 0; i < in.n; i++) {
		if ((d = digit(in.p[i])) == -2)
			continue;
		if (d == -1)
			return err_set(e, E_SECRET_DIGITS, "digit %zu after "
			    "CMP1 is none that a slip has (there is no U); "
			    "compare it with the slip", n + 1);
		if (n < ALL)
			v[n] = (uint8_t)d;
		n++;
	}
	if (n != ALL)
		return err_set(e, E_SECRET_DIGITS, "%zu digits after CMP1, a "
		    "slip has %d in seven groups of four", n, ALL);
	if (check(v) != v[DIGITS] * 32u + v[DIGITS + 1])
		return err_set(e, E_SECRET_DIGITS, "the check digits do not "
		    "fit: something was mistyped; compare it with the slip");
	print(v, text);
	explicit_bzero(v, sizeof(v));
	buf_reset(secret);
	buf_add_str(secret, text);
	explicit_bzero(text, sizeof(text));
	return buf_bad(secret) ? buf_err(secret, "shared secret", e) : 0;
}

unsigned
slip_bits(struct slice secret)
{
	uint8_t seen[256] = { 0 };
	uint64_t kinds = 0, power = 1;
	unsigned sevenths = 0;

	for (size_t i = 0; i < secret.n; i++) {
		kinds += !seen[secret.p[i]];
		seen[secret.p[i]] = 1;
	}
	/* log2(kinds) in sevenths, rounded down: 256^7 is 2^56. */
	for (int i = 0; i < 7; i++)
		power *= kinds;
	while (power > 1) {
		power >>= 1;
		sevenths++;
	}
	return (unsigned)(secret.n * sevenths / 7);
}
