/*
 * Public keys to be certified: listed by the profile, and sound.
 *
 * An RSA modulus is looked at for the mistakes that are known to have been
 * made: a small factor, two primes close to each other (Fermat), and primes
 * of the form k*M + 65537^a mod M (ROCA, CVE-2017-15361).
 */
#include "policy/profile.h"

#include <gmp.h>
#include <stdio.h>
#include <threads.h>

#include "policy/conf_impl.h"

#define FACTOR_MAX	65536
#define FERMAT_ROUNDS	100

/* The product of all small primes: made once, it costs as much as the rest. */
static once_flag small_once = ONCE_FLAG_INIT;
static mpz_t small_primes;

static void
make_small_primes(void)
{
	mpz_init(small_primes);
	mpz_primorial_ui(small_primes, FACTOR_MAX);
}

static int
has_small_factor(const mpz_t n)
{
	mpz_t g;
	int found;

	call_once(&small_once, make_small_primes);
	mpz_init(g);
	mpz_gcd(g, small_primes, n);
	found = mpz_cmp_ui(g, 1) != 0;
	mpz_clear(g);
	return found;
}

/* n = a^2 - b^2 with a near sqrt(n)? */
static int
has_close_primes(const mpz_t n)
{
	mpz_t a, b, step;
	int found = 0;

	mpz_inits(a, b, step, NULL);
	mpz_sqrt(a, n);
	mpz_mul(b, a, a);
	if (mpz_cmp(b, n) < 0) {
		mpz_add_ui(a, a, 1);
		mpz_mul(b, a, a);
	}
	mpz_sub(b, b, n);
	for (int i = 0; i < FERMAT_ROUNDS && !found; i++) {
		found = mpz_perfect_square_p(b);
		mpz_mul_2exp(step, a, 1);
		mpz_add_ui(step, step, 1);
		mpz_add(b, b, step);
		mpz_add_ui(a, a, 1);
	}
	mpz_clears(a, b, step, NULL);
	return found;
}

/* Is ${r} a power of 65537 modulo the prime ${p}? */
static int
is_power(unsigned long r, unsigned long p)
{
	unsigned long x = 1;

	do {
		if (x == r)
			return 1;
		x = x * (65537 % p) % p;
	} while (x != 1);
	return 0;
}

static int
has_roca(const mpz_t n)
{
	static const unsigned char primes[] = { 3, 5, 7, 11, 13, 17, 19, 23,
		29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
		97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151,
		157, 163, 167 };

	for (size_t i = 0; i < sizeof(primes); i++)
		if (!is_power(mpz_fdiv_ui(n, primes[i]), primes[i]))
			return 0;
	return 1;
}

/* Odd, 65537 to 2^32. */
static int
exponent_ok(struct slice e)
{
	uint64_t v = 0;

	if (e.n == 0 || e.n > 4)
		return 0;
	for (size_t i = 0; i < e.n; i++)
		v = v << 8 | e.p[i];
	return (v & 1) == 1 && v >= 65537;
}

static const char *
rsa_flaw(const struct keyinfo *k)
{
	const char *flaw = NULL;
	mpz_t n;

	if (!exponent_ok(k->e))
		return "exponent is not an odd number from 65537 to 2^32";
	mpz_init(n);
	mpz_import(n, k->n.n, 1, 1, 1, 0, k->n.p);
	if (mpz_even_p(n))
		flaw = "modulus is even";
	else if (has_roca(n))
		flaw = "modulus has the ROCA fingerprint (CVE-2017-15361)";
	else if (has_small_factor(n))
		flaw = "modulus has a factor below 2^16";
	else if (has_close_primes(n))
		flaw = "primes of the modulus are too close to each other";
	mpz_clear(n);
	return flaw;
}

static int
listed(const struct conf_list *keys, const struct keyinfo *k)
{
	struct conf_keyspec s;

	for (size_t i = 0; i < keys->n; i++) {
		if (conf_keyspec(keys->v[i], &s) == -1 ||
		    s.family != k->family || s.curve != k->curve)
			continue;
		if (s.max == 0 || (k->bits >= s.min && k->bits <= s.max))
			return 1;
	}
	return 0;
}

/* "ec:P-256 ed25519", cut to fit. */
static const char *
list_text(char t[static 256], const struct conf_list *l)
{
	size_t n = 0;

	t[0] = '\0';
	for (size_t i = 0; i < l->n && n < 255; i++)
		n += (size_t)snprintf(t + n, 256 - n, "%s%s", i ? " " : "",
		    l->v[i]);
	return t;
}

int
profile_key(const struct conf_list *keys, struct slice spki, struct err *e)
{
	char name[64], list[256];
	const char *flaw;
	struct keyinfo k;

	if (alg_keyinfo(spki, &k, e) == -1) {
		if (e->code == E_SYNTAX)
			e->code = E_TMPL_KEY;
		return err_wrap(e, "publicKey");
	}
	if (!listed(keys, &k))
		return err_set(e, E_TMPL_KEY, "publicKey is %s, the profile "
		    "allows %s", alg_key_name(name, &k), list_text(list, keys));
	if (k.family != KEY_RSA && k.family != KEY_RSA_PSS)
		return 0;
	if ((flaw = rsa_flaw(&k)) != NULL)
		return err_set(e, E_TMPL_KEY_WEAK, "publicKey is %s: %s",
		    alg_key_name(name, &k), flaw);
	return 0;
}
