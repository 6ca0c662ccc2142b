#include "pki/hash.h"

#include <gnutls/crypto.h>
#include <stdlib.h>

struct hash_run {
	gnutls_hash_hd_t	 handle;
	size_t			 len;
	int			 bad;
};

static gnutls_digest_algorithm_t
digest_of(enum hash h)
{
	switch (h) {
	case HASH_SHA256:
		return GNUTLS_DIG_SHA256;
	case HASH_SHA384:
		return GNUTLS_DIG_SHA384;
	case HASH_SHA512:
		return GNUTLS_DIG_SHA512;
	default:
		return GNUTLS_DIG_UNKNOWN;
	}
}

int
hash_begin(enum hash h, struct hash_run **out, struct err *e)
{
	gnutls_digest_algorithm_t alg = digest_of(h);
	struct hash_run *r;

	*out = NULL;
	if (alg == GNUTLS_DIG_UNKNOWN)
		return err_set(e, E_CRYPTO, "a hash that is not SHA-2");
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	r->len = gnutls_hash_get_len(alg);
	if (gnutls_hash_init(&r->handle, alg) != 0) {
		free(r);
		return err_set(e, E_CRYPTO, "hash %s",
		    gnutls_digest_get_name(alg));
	}
	*out = r;
	return 0;
}

void
hash_add(struct hash_run *r, struct slice s)
{
	if (s.n > 0 && gnutls_hash(r->handle, s.p, s.n) != 0)
		r->bad = 1;
}

size_t
hash_end(struct hash_run *r, uint8_t out[static HASH_MAX])
{
	size_t n = r->bad ? 0 : r->len;

	gnutls_hash_deinit(r->handle, out);
	free(r);
	return n;
}

void
hash_drop(struct hash_run *r)
{
	if (r == NULL)
		return;
	gnutls_hash_deinit(r->handle, NULL);
	free(r);
}
