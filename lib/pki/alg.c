/* Signature algorithms: their identifiers, names and hashes. */
#include "pki/alg.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <stdio.h>

#include "asn/oid.h"

#define PSS_DEFAULT_SALT	20	/* RFC 4055 3.1 */
#define PSS_MAX_SALT		1024	/* a modulus of 8192 bits */

enum alg_params { PARAMS_ABSENT, PARAMS_NULL, PARAMS_PSS };

static const struct {
	enum oid	 oid;
	enum sig_scheme	 scheme;
	enum hash	 hash;
	enum alg_params	 params;
} algs[] = {
	{ OID_RSA_SHA256, SIG_RSA_PKCS1, HASH_SHA256, PARAMS_NULL },
	{ OID_RSA_SHA384, SIG_RSA_PKCS1, HASH_SHA384, PARAMS_NULL },
	{ OID_RSA_SHA512, SIG_RSA_PKCS1, HASH_SHA512, PARAMS_NULL },
	{ OID_RSA_PSS, SIG_RSA_PSS, HASH_NONE, PARAMS_PSS },
	{ OID_ECDSA_SHA256, SIG_ECDSA, HASH_SHA256, PARAMS_ABSENT },
	{ OID_ECDSA_SHA384, SIG_ECDSA, HASH_SHA384, PARAMS_ABSENT },
	{ OID_ECDSA_SHA512, SIG_ECDSA, HASH_SHA512, PARAMS_ABSENT },
	/* RFC 9481 3.3: the hash that certHash takes. */
	{ OID_ED25519, SIG_ED25519, HASH_SHA512, PARAMS_ABSENT },
	{ OID_ED448, SIG_ED448, HASH_SHAKE256, PARAMS_ABSENT },
};
#define N_ALGS	(sizeof(algs) / sizeof(algs[0]))

static const struct {
	enum oid			 oid;
	gnutls_digest_algorithm_t	 digest;
	size_t				 len;
} hashes[] = {
	[HASH_NONE] = { OID_UNKNOWN, GNUTLS_DIG_UNKNOWN, 0 },
	[HASH_SHA256] = { OID_SHA256, GNUTLS_DIG_SHA256, 32 },
	[HASH_SHA384] = { OID_SHA384, GNUTLS_DIG_SHA384, 48 },
	[HASH_SHA512] = { OID_SHA512, GNUTLS_DIG_SHA512, 64 },
	[HASH_SHAKE256] = { OID_SHAKE256, GNUTLS_DIG_UNKNOWN, 64 },
};
#define N_HASHES	(sizeof(hashes) / sizeof(hashes[0]))

/* Is ${in}, what follows the OID, nothing or a NULL? */
static int
absent_or_null(struct slice in)
{
	struct slice v;

	return in.n == 0 || (der_only(in, DER_NULL, &v) == 0 && v.n == 0);
}

enum hash
alg_hash_parse(struct slice algid)
{
	struct slice in, oid;
	enum oid id;

	if (der_only(algid, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return HASH_NONE;
	if ((id = oid_of(oid)) == OID_UNKNOWN)
		return HASH_NONE;
	for (enum hash h = HASH_SHA256; h < N_HASHES; h++)
		if (hashes[h].oid == id)
			return (h == HASH_SHAKE256 ? in.n == 0 :
			    absent_or_null(in)) ? h : HASH_NONE;
	return HASH_NONE;
}

/* The hash of MGF1 in AlgorithmIdentifier TLV ${algid}, or HASH_NONE. */
static enum hash
mgf1_hash(struct slice algid)
{
	struct slice in, oid;

	if (der_only(algid, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1 || oid_of(oid) != OID_MGF1)
		return HASH_NONE;
	return alg_hash_parse(in);
}

/*
 * RSASSA-PSS-params (RFC 4055 3.1).  Hash and MGF have to be there, for
 * their defaults are SHA-1; salt and trailer must not be if they are the
 * defaults (X.690 11.5), and there is no trailer other than the default.
 */
static int
pss_params(struct slice params, struct sigalg *a, struct err *e)
{
	struct slice in, v;
	int64_t salt = PSS_DEFAULT_SALT;

	if (der_only(params, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_ALG_PARAMS, "RSASSA-PSS: parameters are "
		    "missing or not a SEQUENCE");
	a->hash = der_opt(&in, DER_CTX(0), &v) ? alg_hash_parse(v) : HASH_NONE;
	if (a->hash == HASH_NONE || a->hash == HASH_SHAKE256)
		return err_set(e, E_ALG_PARAMS, "RSASSA-PSS: hashAlgorithm is "
		    "not SHA-256, SHA-384 or SHA-512 (the default is SHA-1)");
	if (!der_opt(&in, DER_CTX(1), &v) || mgf1_hash(v) != a->hash)
		return err_set(e, E_ALG_PARAMS, "RSASSA-PSS: "
		    "maskGenAlgorithm is not MGF1 with the same hash");
	if (der_opt(&in, DER_CTX(2), &v) && (der_int64(&v, &salt) == -1 ||
	    v.n != 0 || salt < 0 || salt > PSS_MAX_SALT ||
	    salt == PSS_DEFAULT_SALT))
		return err_set(e, E_ALG_PARAMS, "RSASSA-PSS: saltLength is "
		    "not 0 to %d, or is the default encoded", PSS_MAX_SALT);
	if (in.n != 0)
		return err_set(e, E_ALG_PARAMS, "RSASSA-PSS: %zu bytes after "
		    "saltLength; trailerField has to be the default and "
		    "left out", in.n);
	a->salt = (unsigned)salt;
	return 0;
}

static int
parse_row(size_t row, struct slice params, struct sigalg *a, struct err *e)
{
	a->scheme = algs[row].scheme;
	a->hash = algs[row].hash;
	switch (algs[row].params) {
	case PARAMS_PSS:
		return pss_params(params, a, e);
	case PARAMS_NULL:
		if (absent_or_null(params))
			return 0;
		break;
	case PARAMS_ABSENT:
		if (params.n == 0)
			return 0;
		break;
	}
	return err_set(e, E_ALG_PARAMS, "%s: %zu bytes of parameters, "
	    "expected %s", oid_name(algs[row].oid), params.n,
	    algs[row].params == PARAMS_NULL ? "NULL" : "none");
}

int
alg_parse(struct slice algid, struct sigalg *a, struct err *e)
{
	char t[OID_TEXT];
	struct slice in, oid;
	enum oid id;

	*a = (struct sigalg){ SIG_NONE, HASH_NONE, 0 };
	if (der_only(algid, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return err_set(e, E_SYNTAX, "AlgorithmIdentifier is not a "
		    "SEQUENCE that starts with an OBJECT IDENTIFIER");
	id = oid_of(oid);
	for (size_t i = 0; i < N_ALGS; i++) {
		if (algs[i].oid != id)
			continue;
		if (parse_row(i, in, a, e) == 0)
			return 0;
		*a = (struct sigalg){ SIG_NONE, HASH_NONE, 0 };
		return -1;
	}
	return err_set(e, E_ALG_UNKNOWN, "%s%s%s is not a signature algorithm "
	    "of RFC 9481 section 3 that we support", oid_text(t, oid),
	    oid_name(id)[0] != '\0' ? " " : "", oid_name(id));
}

/* RFC 4055 section 6 writes NULL, and some readers compare those bytes. */
static void
write_hash(struct derw *w, enum hash h)
{
	size_t mark = derw_mark(w);

	derw_null(w);
	derw_oid(w, oid_bytes(hashes[h].oid));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_pss(struct derw *w, const struct sigalg *a)
{
	size_t all = derw_mark(w), mark = all;

	if (a->salt != PSS_DEFAULT_SALT) {
		derw_int(w, DER_INTEGER, a->salt);
		derw_wrap(w, DER_CTX(2), mark);
	}
	mark = derw_mark(w);
	write_hash(w, a->hash);
	derw_oid(w, oid_bytes(OID_MGF1));
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_CTX(1), mark);
	mark = derw_mark(w);
	write_hash(w, a->hash);
	derw_wrap(w, DER_CTX(0), mark);
	derw_wrap(w, DER_SEQUENCE, all);
}

/* The row of ${a}; N_ALGS if there is none. */
static size_t
row_of(const struct sigalg *a)
{
	size_t i;

	for (i = 0; i < N_ALGS; i++)
		if (algs[i].scheme == a->scheme && (algs[i].hash == a->hash ||
		    a->scheme == SIG_RSA_PSS))
			break;
	return i;
}

void
alg_write(struct derw *w, const struct sigalg *a)
{
	size_t row = row_of(a), mark = derw_mark(w);

	if (row == N_ALGS) {
		w->bad = BUF_FULL;
		return;
	}
	if (algs[row].params == PARAMS_PSS)
		write_pss(w, a);
	else if (algs[row].params == PARAMS_NULL)
		derw_null(w);
	derw_oid(w, oid_bytes(algs[row].oid));
	derw_wrap(w, DER_SEQUENCE, mark);
}

const char *
alg_name(char t[static 64], const struct sigalg *a)
{
	size_t row = row_of(a);

	if (row == N_ALGS)
		snprintf(t, 64, "unknown");
	else if (a->scheme == SIG_RSA_PSS)
		snprintf(t, 64, "RSASSA-PSS(%s,%u)",
		    oid_name(hashes[a->hash].oid), a->salt);
	else
		snprintf(t, 64, "%s", oid_name(algs[row].oid));
	return t;
}

enum hash
alg_cert_hash(const struct sigalg *a)
{
	return a->scheme == SIG_NONE ? HASH_NONE : a->hash;
}

static void
shake256(struct slice data, size_t n, uint8_t *out)
{
	struct sha3_256_ctx ctx;

	sha3_256_init(&ctx);
	sha3_256_update(&ctx, data.n, data.p);
	sha3_256_shake(&ctx, n, out);
}

size_t
alg_hash(enum hash h, struct slice data, uint8_t out[static HASH_MAX])
{
	if (h == HASH_NONE)
		return 0;
	if (h == HASH_SHAKE256)
		shake256(data, hashes[h].len, out);
	else if (gnutls_hash_fast(hashes[h].digest, data.p, data.n, out) != 0)
		return 0;
	return hashes[h].len;
}

void
alg_sha256(struct slice a, struct slice b, uint8_t out[static 32])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, a.n, a.p);
	sha256_update(&ctx, b.n, b.p);
	sha256_digest(&ctx, 32, out);
}
