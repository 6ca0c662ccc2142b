/* AlgorithmIdentifiers of MACs.  Every limit is here, before any hashing. */
#include "pki/mac.h"

#include <string.h>

#include "pki/alg.h"
#include "pki/mac_int.h"

#define KEY_MIN		20	/* RFC 9579 5 */
#define KEY_MAX		64
#define NONCE_MIN	12	/* RFC 9044 3: 12 is for everybody */
#define NONCE_MAX	16
#define GMAC_TAG	16	/* RFC 9045 4.4 */
#define KMAC_TAG_MIN	128	/* bits */
#define KMAC_TAG_MAX	512

/* OID and what follows it, of AlgorithmIdentifier TLV ${algid}. */
static enum oid
identifier(struct slice algid, struct slice *params)
{
	struct slice in, oid;

	*params = SLICE_NONE;
	if (der_only(algid, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return OID_UNKNOWN;
	*params = in;
	return oid_of(oid);
}

static int
absent_or_null(struct slice in)
{
	struct slice v;

	return in.n == 0 || (der_only(in, DER_NULL, &v) == 0 && v.n == 0);
}

/* Take an INTEGER from ${min} to ${max} off ${in}. */
static int
number(struct slice *in, const char *what, int64_t min, int64_t max,
    unsigned *out, struct err *e)
{
	int64_t v;

	if (!der_peek(*in, DER_INTEGER))
		return err_set(e, E_ALG_PARAMS, "%s is missing or not an "
		    "INTEGER", what);
	if (der_int64(in, &v) == -1)
		return err_set(e, E_MAC_LIMIT, "%s is a huge number, expected "
		    "%lld to %lld", what, (long long)min, (long long)max);
	if (v < min || v > max)
		return err_set(e, E_MAC_LIMIT, "%s is %lld, expected %lld to "
		    "%lld", what, (long long)v, (long long)min,
		    (long long)max);
	*out = (unsigned)v;
	return 0;
}

static int
salt(struct slice *in, struct mac *m, struct err *e)
{
	struct slice v;

	if (der_get(in, DER_OCTET_STRING, &v) == -1)
		return err_set(e, E_ALG_PARAMS, "salt is missing or not an "
		    "OCTET STRING");
	if (v.n < MAC_SALT_MIN || v.n > MAC_SALT_MAX)
		return err_set(e, E_MAC_LIMIT, "salt has %zu octets, expected "
		    "%d to %d", v.n, MAC_SALT_MIN, MAC_SALT_MAX);
	memcpy(m->salt, v.p, v.n);
	m->salt_n = v.n;
	return 0;
}

static int
iterations(struct slice *in, struct mac *m, struct err *e)
{
	return number(in, "iterationCount", MAC_ITERATIONS_MIN,
	    MAC_ITERATIONS_MAX, &m->iterations, e);
}

/* RFC 9044 3; its default length of 12 is not enough for RFC 9045 4.4. */
static int
gmac_params(struct slice params, struct mac *m, struct err *e)
{
	struct slice in, v;

	if (der_only(params, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OCTET_STRING, &v) == -1)
		return err_set(e, E_ALG_PARAMS, "AES-GMAC: nonce is missing");
	if (v.n < NONCE_MIN || v.n > NONCE_MAX)
		return err_set(e, E_MAC_LIMIT, "AES-GMAC: nonce has %zu "
		    "octets, expected %d to %d", v.n, NONCE_MIN, NONCE_MAX);
	memcpy(m->extra, v.p, v.n);
	m->extra_n = v.n;
	if (in.n == 0)
		return err_set(e, E_MAC_LIMIT, "AES-GMAC: length is the "
		    "default of 12, expected %d", GMAC_TAG);
	if (number(&in, "AES-GMAC: length", GMAC_TAG, GMAC_TAG, &m->tag_n,
	    e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_ALG_PARAMS, "AES-GMAC: unexpected "
		    "element");
	return 0;
}

static int
kmac_length(struct slice *in, struct mac *m, struct err *e)
{
	unsigned bits;

	if (!der_peek(*in, DER_INTEGER))
		return 0;
	if (number(in, "KMAC: kMACOutputLength", KMAC_TAG_MIN, KMAC_TAG_MAX,
	    &bits, e) == -1)
		return -1;
	if (bits % 8 != 0)
		return err_set(e, E_MAC_LIMIT, "KMAC: kMACOutputLength is %u, "
		    "expected a multiple of 8", bits);
	if (bits == m->tag_n * 8)
		return err_set(e, E_ALG_PARAMS, "KMAC: kMACOutputLength is "
		    "the default and encoded");
	m->tag_n = bits / 8;
	return 0;
}

/* RFC 8702 3.4: both are optional, and so is the SEQUENCE. */
static int
kmac_params(struct slice params, struct mac *m, struct err *e)
{
	struct slice in, v;

	if (params.n == 0)
		return 0;
	if (der_only(params, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_ALG_PARAMS, "KMAC: parameters are not a "
		    "SEQUENCE");
	if (kmac_length(&in, m, e) == -1)
		return -1;
	if (der_opt(&in, DER_OCTET_STRING, &v)) {
		if (v.n == 0)
			return err_set(e, E_ALG_PARAMS, "KMAC: "
			    "customizationString is the default and encoded");
		if (v.n > MAC_EXTRA_MAX)
			return err_set(e, E_MAC_LIMIT, "KMAC: "
			    "customizationString has %zu octets, expected at "
			    "most %d", v.n, MAC_EXTRA_MAX);
		memcpy(m->extra, v.p, v.n);
		m->extra_n = v.n;
	}
	if (in.n != 0)
		return err_set(e, E_ALG_PARAMS, "KMAC: unexpected element");
	return 0;
}

static int
unknown(struct slice algid, const char *what, struct err *e)
{
	char t[OID_TEXT];
	struct slice in, oid;

	if (der_only(algid, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return err_set(e, E_ALG_PARAMS, "%s is missing or not an "
		    "AlgorithmIdentifier", what);
	return err_set(e, E_ALG_UNKNOWN, "%s: %s %s is not supported here",
	    what, oid_text(t, oid), oid_name(oid_of(oid)));
}

/* The MAC itself; SHA-1 only if ${sha1}. */
static int
algo(struct slice algid, int sha1, struct mac *m, struct err *e)
{
	const struct mac_row *row = mac_rows;
	struct slice params;
	enum oid id = identifier(algid, &params);

	while (row < mac_rows + mac_n_rows && row->oid != id)
		row++;
	if (id == OID_UNKNOWN || row == mac_rows + mac_n_rows ||
	    (row->algo == MAC_HMAC_SHA1 && !sha1))
		return unknown(algid, "mac", e);
	m->algo = row->algo;
	m->tag_n = row->tag_n;
	switch (row->params) {
	case MAC_PARAMS_GMAC:
		return gmac_params(params, m, e);
	case MAC_PARAMS_KMAC:
		return kmac_params(params, m, e);
	case MAC_PARAMS_NULL:
		break;
	}
	if (!absent_or_null(params))
		return err_set(e, E_ALG_PARAMS, "%s: %zu bytes of parameters, "
		    "expected NULL", oid_name(row->oid), params.n);
	return 0;
}

static int
owf(struct slice algid, struct mac *m, struct err *e)
{
	struct slice params;

	if (identifier(algid, &params) == OID_SHA1 && absent_or_null(params)) {
		m->hash = MAC_SHA1;
		return 0;
	}
	switch (alg_hash_parse(algid)) {
	case HASH_SHA256:
		m->hash = MAC_SHA256;
		return 0;
	case HASH_SHA384:
		m->hash = MAC_SHA384;
		return 0;
	case HASH_SHA512:
		m->hash = MAC_SHA512;
		return 0;
	default:
		return unknown(algid, "owf", e);
	}
}

static int
pbm(struct slice params, struct mac *m, struct err *e)
{
	struct slice in, hash, mac;

	m->kind = MAC_PBM;
	if (der_only(params, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_ALG_PARAMS, "PBMParameter is missing or "
		    "not a SEQUENCE");
	if (salt(&in, m, e) == -1)
		return -1;
	if (der_get_tlv(&in, DER_SEQUENCE, &hash) == -1)
		return err_set(e, E_ALG_PARAMS, "owf is missing");
	if (iterations(&in, m, e) == -1)
		return -1;
	if (der_get_tlv(&in, DER_SEQUENCE, &mac) == -1 || in.n != 0)
		return err_set(e, E_ALG_PARAMS, "mac is missing, or not the "
		    "last");
	return owf(hash, m, e) == -1 || algo(mac, 1, m, e) == -1 ? -1 : 0;
}

/* The prf of PBKDF2: an HMAC.  Its default is that of SHA-1. */
static int
prf(struct slice *in, struct mac *m, struct err *e)
{
	struct slice alg, params;
	enum oid id;

	if (der_get_tlv(in, DER_SEQUENCE, &alg) == -1)
		return err_set(e, E_ALG_UNKNOWN, "prf is the default of "
		    "hmacWithSHA1, expected hmacWithSHA256, 384 or 512");
	id = identifier(alg, &params);
	if (id == OID_HMAC_SHA256)
		m->hash = MAC_SHA256;
	else if (id == OID_HMAC_SHA384)
		m->hash = MAC_SHA384;
	else if (id == OID_HMAC_SHA512)
		m->hash = MAC_SHA512;
	else
		return unknown(alg, "prf", e);
	if (!absent_or_null(params))
		return err_set(e, E_ALG_PARAMS, "prf: %zu bytes of "
		    "parameters, expected NULL", params.n);
	return 0;
}

static int
key_length(struct slice *in, struct mac *m, struct err *e)
{
	const struct mac_row *row = &mac_rows[m->algo];
	int fixed = row->params == MAC_PARAMS_GMAC;

	if (!der_peek(*in, DER_INTEGER))
		return 0;
	return number(in, "keyLength", fixed ? row->key_n : KEY_MIN,
	    fixed ? row->key_n : KEY_MAX, &m->key_n, e);
}

static int
pbkdf2(struct slice algid, struct mac *m, struct err *e)
{
	struct slice params, in;

	if (identifier(algid, &params) != OID_PBKDF2)
		return unknown(algid, "keyDerivationFunc", e);
	if (der_only(params, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_ALG_PARAMS, "PBKDF2-params are missing or "
		    "not a SEQUENCE");
	if (salt(&in, m, e) == -1 || iterations(&in, m, e) == -1 ||
	    key_length(&in, m, e) == -1 || prf(&in, m, e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_ALG_PARAMS, "PBKDF2-params: unexpected "
		    "element");
	return 0;
}

static int
pbmac1(struct slice params, struct mac *m, struct err *e)
{
	struct slice in, kdf, mac;

	m->kind = MAC_PBMAC1;
	if (der_only(params, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &kdf) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &mac) == -1 || in.n != 0)
		return err_set(e, E_ALG_PARAMS, "expected keyDerivationFunc "
		    "and messageAuthScheme");
	/* The MAC first: keyLength has to fit it. */
	return algo(mac, 0, m, e) == -1 || pbkdf2(kdf, m, e) == -1 ? -1 : 0;
}

int
mac_parse(struct slice algid, struct mac *m, struct err *e)
{
	struct slice params;
	int rc;

	*m = (struct mac){ .kind = MAC_NONE };
	switch (identifier(algid, &params)) {
	case OID_PBM:
		rc = pbm(params, m, e);
		break;
	case OID_PBMAC1:
		rc = pbmac1(params, m, e);
		break;
	default:
		return unknown(algid, "protectionAlg", e);
	}
	if (rc == 0)
		return 0;
	err_wrap(e, "%s", m->kind == MAC_PBM ? "PasswordBasedMac" : "PBMAC1");
	*m = (struct mac){ .kind = MAC_NONE };
	return -1;
}

static void
write_gmac(struct derw *w, const struct mac *m)
{
	size_t mark = derw_mark(w);

	derw_int(w, DER_INTEGER, m->tag_n);
	derw_prim(w, DER_OCTET_STRING, SLICE(m->extra, m->extra_n));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_kmac(struct derw *w, const struct mac *m)
{
	size_t mark = derw_mark(w);

	if (m->extra_n != 0)
		derw_prim(w, DER_OCTET_STRING, SLICE(m->extra, m->extra_n));
	if (m->tag_n != mac_rows[m->algo].tag_n)
		derw_int(w, DER_INTEGER, (int64_t)m->tag_n * 8);
	if (derw_mark(w) != mark)
		derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_algo(struct derw *w, const struct mac *m)
{
	const struct mac_row *row = &mac_rows[m->algo];
	size_t mark = derw_mark(w);

	switch (row->params) {
	case MAC_PARAMS_NULL:
		derw_null(w);
		break;
	case MAC_PARAMS_GMAC:
		write_gmac(w, m);
		break;
	case MAC_PARAMS_KMAC:
		write_kmac(w, m);
		break;
	}
	derw_oid(w, oid_bytes(row->oid));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_null(struct derw *w, enum oid id)
{
	size_t mark = derw_mark(w);

	derw_null(w);
	derw_oid(w, oid_bytes(id));
	derw_wrap(w, DER_SEQUENCE, mark);
}

/* RFC 5754 2: the parameters of a hash are left out. */
static void
write_owf(struct derw *w, enum mac_hash h)
{
	size_t mark = derw_mark(w);

	derw_oid(w, oid_bytes(h == MAC_SHA256 ? OID_SHA256 :
	    h == MAC_SHA384 ? OID_SHA384 : OID_SHA512));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_pbm(struct derw *w, const struct mac *m)
{
	size_t mark = derw_mark(w);

	write_algo(w, m);
	derw_int(w, DER_INTEGER, m->iterations);
	write_owf(w, m->hash);
	derw_prim(w, DER_OCTET_STRING, SLICE(m->salt, m->salt_n));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_pbkdf2(struct derw *w, const struct mac *m)
{
	size_t mark = derw_mark(w);

	write_null(w, m->hash == MAC_SHA256 ? OID_HMAC_SHA256 :
	    m->hash == MAC_SHA384 ? OID_HMAC_SHA384 : OID_HMAC_SHA512);
	if (m->key_n != 0)
		derw_int(w, DER_INTEGER, m->key_n);
	derw_int(w, DER_INTEGER, m->iterations);
	derw_prim(w, DER_OCTET_STRING, SLICE(m->salt, m->salt_n));
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_oid(w, oid_bytes(OID_PBKDF2));
	derw_wrap(w, DER_SEQUENCE, mark);
}

void
mac_write(struct derw *w, const struct mac *m)
{
	size_t mark = derw_mark(w), inner;

	if (m->kind == MAC_NONE || m->hash == MAC_SHA1 ||
	    m->algo == MAC_HMAC_SHA1 || m->iterations < MAC_ITERATIONS_MIN ||
	    m->iterations > MAC_ITERATIONS_MAX) {
		w->bad = BUF_FULL;
		return;
	}
	if (m->kind == MAC_PBM) {
		write_pbm(w, m);
		derw_oid(w, oid_bytes(OID_PBM));
	} else {
		inner = derw_mark(w);
		write_algo(w, m);
		write_pbkdf2(w, m);
		derw_wrap(w, DER_SEQUENCE, inner);
		derw_oid(w, oid_bytes(OID_PBMAC1));
	}
	derw_wrap(w, DER_SEQUENCE, mark);
}
