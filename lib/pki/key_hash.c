/* Signatures over what was hashed in pieces. */
#include "pki/key.h"

#include <gnutls/crypto.h>

#include "pki/key_int.h"

/* Is ${hash} one that ${a} is calculated over? */
static int
check(const struct sigalg *a, struct slice hash, struct err *e)
{
	gnutls_digest_algorithm_t alg =
	    gnutls_sign_get_hash_algorithm(key_gnutls_sign(a, 1));
	size_t n = (size_t)gnutls_hash_get_len(alg);
	char t[64];

	if (a->scheme == SIG_ED25519 || a->scheme == SIG_ED448)
		return err_set(e, E_ALG_PARAMS, "%s signs the data, not its "
		    "hash", alg_name(t, a));
	if (hash.n == 0 || hash.n != n)
		return err_set(e, E_ALG_PARAMS, "%s of a hash of %zu octets, "
		    "expected %zu", alg_name(t, a), hash.n, n);
	return 0;
}

int
key_sign_hash(const struct key *k, const struct sigalg *a, struct slice hash,
    struct buf *out, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)hash.p, (unsigned)hash.n };

	if (check(a, hash, e) == -1)
		return -1;
	return key_sign_datum(k, a, &d, 1, out, e);
}

int
key_verify_hash(struct slice spki, const struct sigalg *a, struct slice hash,
    struct slice sig, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)hash.p, (unsigned)hash.n };

	if (check(a, hash, e) == -1)
		return -1;
	return key_verify_datum(spki, a, &d, 1, sig, e);
}
