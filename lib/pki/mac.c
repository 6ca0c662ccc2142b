/* Keys from secrets, and MACs with them.  nettle computes. */
#include "pki/mac.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/nettle-meta.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "base/secret.h"
#include "pki/mac_int.h"

#define FRESH_SALT	16
#define FRESH_NONCE	12	/* RFC 9044 3 */

const struct mac_row mac_rows[] = {
	[MAC_HMAC_SHA1] = { OID_HMAC_SHA1, MAC_HMAC_SHA1, MAC_PARAMS_NULL,
	    MAC_SHA1, 20, 20 },
	[MAC_HMAC_SHA256] = { OID_HMAC_SHA256, MAC_HMAC_SHA256,
	    MAC_PARAMS_NULL, MAC_SHA256, 32, 32 },
	[MAC_HMAC_SHA384] = { OID_HMAC_SHA384, MAC_HMAC_SHA384,
	    MAC_PARAMS_NULL, MAC_SHA384, 48, 48 },
	[MAC_HMAC_SHA512] = { OID_HMAC_SHA512, MAC_HMAC_SHA512,
	    MAC_PARAMS_NULL, MAC_SHA512, 64, 64 },
	[MAC_GMAC128] = { OID_GMAC128, MAC_GMAC128, MAC_PARAMS_GMAC,
	    MAC_SHA256, 16, 16 },
	[MAC_GMAC192] = { OID_GMAC192, MAC_GMAC192, MAC_PARAMS_GMAC,
	    MAC_SHA256, 16, 24 },
	[MAC_GMAC256] = { OID_GMAC256, MAC_GMAC256, MAC_PARAMS_GMAC,
	    MAC_SHA256, 16, 32 },
	[MAC_KMAC128] = { OID_KMAC128, MAC_KMAC128, MAC_PARAMS_KMAC,
	    MAC_SHA256, 32, 32 },
	[MAC_KMAC256] = { OID_KMAC256, MAC_KMAC256, MAC_PARAMS_KMAC,
	    MAC_SHA256, 64, 64 },
	{ OID_HMAC_SHA1_ALT, MAC_HMAC_SHA1, MAC_PARAMS_NULL, MAC_SHA1, 20,
	    20 },
};
const size_t mac_n_rows = sizeof(mac_rows) / sizeof(mac_rows[0]);

typedef void pbkdf2_fn(size_t key_n, const uint8_t *key, unsigned iterations,
    size_t salt_n, const uint8_t *salt, size_t n, uint8_t *out);

static const struct {
	const struct nettle_hash	*hash;
	pbkdf2_fn			*pbkdf2;
	const char			*name;
} hashes[] = {
	[MAC_SHA1] = { &nettle_sha1, pbkdf2_hmac_sha1, "SHA-1" },
	[MAC_SHA256] = { &nettle_sha256, pbkdf2_hmac_sha256, "SHA-256" },
	[MAC_SHA384] = { &nettle_sha384, pbkdf2_hmac_sha384, "SHA-384" },
	[MAC_SHA512] = { &nettle_sha512, pbkdf2_hmac_sha512, "SHA-512" },
};

union hash_ctx {
	struct sha1_ctx		 sha1;
	struct sha256_ctx	 sha256;
	struct sha512_ctx	 sha512;	/* and SHA-384 */
};

/* ${a} || ${b}, hashed; returns the length. */
static size_t
hash2(enum mac_hash id, struct slice a, struct slice b,
    uint8_t out[static MAC_MAX])
{
	const struct nettle_hash *h = hashes[id].hash;
	union hash_ctx ctx;

	h->init(&ctx);
	h->update(&ctx, a.n, a.p);
	if (b.n > 0)
		h->update(&ctx, b.n, b.p);
	h->digest(&ctx, h->digest_size, out);
	explicit_bzero(&ctx, sizeof(ctx));
	return h->digest_size;
}

/*
 * The owf is applied iterationCount times in all, the first of them to
 * secret and salt: RFC 4210 5.1.3.1, and what peers do.  The pseudo code of
 * RFC 4211 4.4 can be read as one more.
 */
static size_t
base_key(const struct mac *m, struct slice secret, uint8_t out[static MAC_MAX])
{
	size_t n = hash2(m->hash, secret, SLICE(m->salt, m->salt_n), out);

	for (unsigned i = 1; i < m->iterations; i++)
		hash2(m->hash, SLICE(out, n), SLICE_NONE, out);
	return n;
}

/*
 * HMAC and KMAC take the whole BASEKEY.  A MAC with a key of fixed size takes
 * its first octets; if it is too short, it goes on with OWF("1" || BASEKEY),
 * of which one is enough for 32 octets from any hash.
 */
static size_t
pbm_key(const struct mac *m, struct slice secret, uint8_t key[static MAC_MAX])
{
	const struct mac_row *row = &mac_rows[m->algo];
	size_t n = base_key(m, secret, key);
	uint8_t more[MAC_MAX];

	if (row->params != MAC_PARAMS_GMAC)
		return n;
	if (row->key_n > n) {
		hash2(m->hash, SLICE_LIT("1"), SLICE(key, n), more);
		memcpy(key + n, more, row->key_n - n);
		explicit_bzero(more, sizeof(more));
	}
	return row->key_n;
}

static unsigned
key_size(const struct mac *m)
{
	return m->key_n != 0 ? m->key_n : mac_rows[m->algo].key_n;
}

static size_t
pbmac1_key(const struct mac *m, struct slice secret,
    uint8_t key[static MAC_MAX])
{
	size_t n = key_size(m);

	hashes[m->hash].pbkdf2(secret.n, secret.p, m->iterations, m->salt_n,
	    m->salt, n, key);
	return n;
}

static void
hmac(const struct mac *m, struct slice key, struct slice data,
    uint8_t out[static MAC_MAX])
{
	const struct nettle_hash *h = hashes[mac_rows[m->algo].hash].hash;
	union hash_ctx outer, inner, state;

	hmac_set_key(&outer, &inner, &state, h, key.n, key.p);
	h->update(&state, data.n, data.p);
	hmac_digest(&outer, &inner, &state, h, m->tag_n, out);
	explicit_bzero(&outer, sizeof(outer));
	explicit_bzero(&inner, sizeof(inner));
	explicit_bzero(&state, sizeof(state));
}

/* GCM with nothing to encrypt: ${data} is what it authenticates besides. */
static void
gmac(const struct mac *m, struct slice key, struct slice data,
    uint8_t out[static MAC_MAX])
{
	const struct nettle_cipher *c = m->algo == MAC_GMAC128 ?
	    &nettle_aes128 : m->algo == MAC_GMAC192 ? &nettle_aes192 :
	    &nettle_aes256;
	union { struct aes128_ctx a; struct aes192_ctx b;
	    struct aes256_ctx c; } aes;
	struct gcm_key gkey;
	struct gcm_ctx gcm;

	c->set_encrypt_key(&aes, key.p);
	gcm_set_key(&gkey, &aes, c->encrypt);
	gcm_set_iv(&gcm, &gkey, m->extra_n, m->extra);
	gcm_update(&gcm, &gkey, data.n, data.p);
	gcm_digest(&gcm, &gkey, &aes, c->encrypt, m->tag_n, out);
	explicit_bzero(&aes, sizeof(aes));
	explicit_bzero(&gkey, sizeof(gkey));
	explicit_bzero(&gcm, sizeof(gcm));
}

size_t
mac_compute(const struct mac *m, struct slice secret, struct slice data,
    uint8_t out[static MAC_MAX])
{
	uint8_t bytes[MAC_MAX] = { 0 };
	struct slice key = SLICE(bytes, m->kind == MAC_PBM ?
	    pbm_key(m, secret, bytes) : pbmac1_key(m, secret, bytes));

	switch (mac_rows[m->algo].params) {
	case MAC_PARAMS_NULL:
		hmac(m, key, data, out);
		break;
	case MAC_PARAMS_GMAC:
		gmac(m, key, data, out);
		break;
	case MAC_PARAMS_KMAC:
		mac_kmac(m->algo == MAC_KMAC128 ? 128 : 256, key,
		    SLICE(m->extra, m->extra_n), data, m->tag_n, out);
		break;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return m->tag_n;
}

int
mac_verify(const struct mac *m, struct slice secret, struct slice data,
    struct slice tag, struct err *e)
{
	uint8_t made[MAC_MAX];
	char t[MAC_TEXT];
	int same;

	if (m->kind == MAC_NONE)
		return err_set(e, E_PROT_MAC, "there is no MAC to check");
	same = secret_eq(SLICE(made, mac_compute(m, secret, data, made)), tag);
	explicit_bzero(made, sizeof(made));
	if (!same)
		return err_set(e, E_PROT_MAC, "MAC of %zu octets does not "
		    "verify: expected %u of %s with the shared secret", tag.n,
		    m->tag_n, mac_name(t, m));
	return 0;
}

uint64_t
mac_cost(const struct mac *m)
{
	unsigned size = (unsigned)hashes[m->hash].hash->digest_size;
	uint64_t n = m->iterations;

	if (m->kind == MAC_PBMAC1)
		n *= 2 * ((key_size(m) + size - 1) / size);
	return size > 32 ? 4 * n : n;
}

void
mac_new(struct mac *m, enum mac_kind kind, enum mac_algo algo,
    unsigned iterations)
{
	*m = (struct mac){ .kind = kind, .hash = MAC_SHA256, .algo = algo,
	    .iterations = iterations, .tag_n = mac_rows[algo].tag_n,
	    .salt_n = FRESH_SALT };
	if (kind == MAC_PBMAC1)
		m->key_n = mac_rows[algo].key_n;
	rand_bytes(m->salt, m->salt_n);
	mac_again(m);
}

void
mac_again(struct mac *m)
{
	if (mac_rows[m->algo].params != MAC_PARAMS_GMAC)
		return;
	m->extra_n = FRESH_NONCE;
	rand_bytes(m->extra, m->extra_n);
}

int
mac_same(const struct mac *a, const struct mac *b)
{
	return a->kind == b->kind && a->hash == b->hash &&
	    a->algo == b->algo && a->iterations == b->iterations &&
	    a->key_n == b->key_n && a->tag_n == b->tag_n &&
	    slice_eq(SLICE(a->salt, a->salt_n), SLICE(b->salt, b->salt_n)) &&
	    (mac_rows[a->algo].params == MAC_PARAMS_GMAC ||
	    slice_eq(SLICE(a->extra, a->extra_n),
	    SLICE(b->extra, b->extra_n)));
}

const char *
mac_name(char t[static MAC_TEXT], const struct mac *m)
{
	if (m->kind == MAC_NONE)
		snprintf(t, MAC_TEXT, "none");
	else
		snprintf(t, MAC_TEXT, "%s(%s,%u,%s)",
		    m->kind == MAC_PBM ? "PasswordBasedMac" : "PBMAC1",
		    hashes[m->hash].name, m->iterations,
		    oid_name(mac_rows[m->algo].oid));
	return t;
}
