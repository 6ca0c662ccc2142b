/* Public keys as data: what a SubjectPublicKeyInfo says, and what fits it. */
#include "pki/alg.h"

#include <stdio.h>

#include "asn/oid.h"

#define RSA_MIN_BITS	2048
#define RSA_MAX_BITS	8192
#define RSA_MAX_E	32	/* octets: FIPS 186-5 allows less than 2^256 */

static const struct {
	enum oid	 oid;
	unsigned	 bits;
	size_t		 point;		/* 04 || x || y */
	enum hash	 hash;		/* of the same strength */
} curves[] = {
	[CURVE_NONE] = { OID_UNKNOWN, 0, 0, HASH_NONE },
	[CURVE_P256] = { OID_P256, 256, 65, HASH_SHA256 },
	[CURVE_P384] = { OID_P384, 384, 97, HASH_SHA384 },
	[CURVE_P521] = { OID_P521, 521, 133, HASH_SHA512 },
};
#define N_CURVES	(sizeof(curves) / sizeof(curves[0]))

/* A positive INTEGER off ${in}, without its sign octet. */
static int
positive(struct slice *in, struct slice *v)
{
	if (der_get(in, DER_INTEGER, v) == -1 || v->n == 0 || v->p[0] & 0x80)
		return -1;
	if (v->p[0] == 0)
		*v = SLICE(v->p + 1, v->n - 1);
	return v->n == 0 ? -1 : 0;
}

static unsigned
bits_of(struct slice v)
{
	unsigned bits = (unsigned)v.n * 8;

	for (uint8_t top = 0x80; top > 0 && !(v.p[0] & top); top >>= 1)
		bits--;
	return bits;
}

/* RSAPublicKey.  Nobody has walked the inside of the BIT STRING yet. */
static int
rsa_key(struct slice bits, struct keyinfo *k, struct err *e)
{
	struct slice in;

	if (der_walk_inner(bits, e) == -1)
		return err_wrap(e, "RSAPublicKey");
	if (der_only(bits, DER_SEQUENCE, &in) == -1 ||
	    positive(&in, &k->n) == -1 || positive(&in, &k->e) == -1 ||
	    in.n != 0)
		return err_set(e, E_SYNTAX, "RSAPublicKey is not a SEQUENCE of "
		    "two positive INTEGERs");
	k->bits = bits_of(k->n);
	if (!(k->n.p[k->n.n - 1] & 1))
		return err_set(e, E_ALG_PARAMS, "RSA modulus is even");
	if (!(k->e.p[k->e.n - 1] & 1) || (k->e.n == 1 && k->e.p[0] < 3))
		return err_set(e, E_ALG_PARAMS, "RSA exponent is even or less "
		    "than 3");
	return 0;
}

static int
ec_key(struct slice params, struct keyinfo *k, struct err *e)
{
	char t[OID_TEXT];
	struct slice oid;
	enum oid id;

	if (der_only(params, DER_OID, &oid) == -1)
		return err_set(e, E_ALG_PARAMS, "EC key: parameters are not "
		    "the OBJECT IDENTIFIER of a named curve");
	if ((id = oid_of(oid)) != OID_UNKNOWN)
		for (enum curve c = CURVE_P256; c < N_CURVES; c++)
			if (curves[c].oid == id)
				k->curve = c;
	if (k->curve == CURVE_NONE)
		return err_set(e, E_ALG_UNKNOWN, "EC key: curve %s, expected "
		    "P-256, P-384 or P-521", oid_text(t, oid));
	k->bits = curves[k->curve].bits;
	if (k->point.n != curves[k->curve].point || k->point.p[0] != 0x04)
		return err_set(e, E_ALG_PARAMS, "EC key: point of %zu octets, "
		    "expected %zu octets, uncompressed", k->point.n,
		    curves[k->curve].point);
	return 0;
}

static int
ed_key(struct slice params, size_t n, struct keyinfo *k, struct err *e)
{
	if (params.n != 0)
		return err_set(e, E_ALG_PARAMS, "Ed%s key: %zu bytes of "
		    "parameters, expected none", n == 32 ? "25519" : "448",
		    params.n);
	if (k->point.n != n)
		return err_set(e, E_ALG_PARAMS, "Ed%s key of %zu octets, "
		    "expected %zu", n == 32 ? "25519" : "448", k->point.n, n);
	return 0;
}

/* ${params} is what follows the OID in the AlgorithmIdentifier ${algid}. */
static int
by_family(struct slice algid, struct slice params, struct slice bits,
    struct keyinfo *k, struct err *e)
{
	struct slice v;

	switch (k->family) {
	case KEY_RSA:
		if (der_only(params, DER_NULL, &v) == -1 || v.n != 0)
			return err_set(e, E_ALG_PARAMS, "rsaEncryption: "
			    "parameters are not NULL");
		return rsa_key(bits, k, e);
	case KEY_RSA_PSS:
		/* Same form as in a signature; absent means unrestricted. */
		k->has_pss = params.n != 0;
		if (k->has_pss && alg_parse(algid, &k->pss, e) == -1)
			return -1;
		return rsa_key(bits, k, e);
	case KEY_EC:
		k->point = bits;
		return ec_key(params, k, e);
	case KEY_ED25519:
		k->bits = 256;
		k->point = bits;
		return ed_key(params, 32, k, e);
	default:
		k->bits = 456;
		k->point = bits;
		return ed_key(params, 57, k, e);
	}
}

static enum key_family
family_of(enum oid id)
{
	switch (id) {
	case OID_RSA:
		return KEY_RSA;
	case OID_RSA_PSS:
		return KEY_RSA_PSS;
	case OID_EC_PUBLIC_KEY:
		return KEY_EC;
	case OID_ED25519:
		return KEY_ED25519;
	case OID_ED448:
		return KEY_ED448;
	default:
		return KEY_NONE;
	}
}

int
alg_keyinfo(struct slice spki, struct keyinfo *k, struct err *e)
{
	char t[OID_TEXT];
	struct slice in, algid, params, oid, value, bits;

	*k = (struct keyinfo){ .family = KEY_NONE };
	if (der_only(spki, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &algid) == -1 ||
	    der_only(algid, DER_SEQUENCE, &params) == -1 ||
	    der_get(&params, DER_OID, &oid) == -1 ||
	    der_get(&in, DER_BIT_STRING, &value) == -1 || in.n != 0 ||
	    der_octets_of_bits(value, &bits) == -1)
		return err_set(e, E_SYNTAX, "SubjectPublicKeyInfo is not an "
		    "AlgorithmIdentifier and a BIT STRING of whole octets");
	k->family = family_of(oid_of(oid));
	if (k->family == KEY_NONE)
		return err_set(e, E_ALG_UNKNOWN, "public key of algorithm %s "
		    "%s, expected RSA, RSA-PSS, EC, Ed25519 or Ed448",
		    oid_text(t, oid), oid_name(oid_of(oid)));
	if (by_family(algid, params, bits, k, e) == -1) {
		*k = (struct keyinfo){ .family = KEY_NONE };
		return -1;
	}
	return 0;
}

int
alg_key_hash(struct slice spki, uint8_t out[static 32], struct err *e)
{
	char kind[32];
	struct keyinfo k;

	if (alg_keyinfo(spki, &k, e) == -1)
		return -1;
	snprintf(kind, sizeof(kind), "%s:", k.n.n > 0 ? "rsa" : k.family ==
	    KEY_EC ? oid_name(curves[k.curve].oid) : k.family == KEY_ED448 ?
	    "ed448" : "ed25519");
	alg_sha256(slice_str(kind), k.n.n > 0 ? k.n : k.point, out);
	return 0;
}

int
alg_key_same(struct slice a, struct slice b)
{
	struct err ignored = { 0 };
	uint8_t x[32], y[32];

	if (slice_eq(a, b))
		return 1;
	return alg_key_hash(a, x, &ignored) == 0 &&
	    alg_key_hash(b, y, &ignored) == 0 &&
	    slice_eq(SLICE(x, 32), SLICE(y, 32));
}

static int
scheme_fits(enum sig_scheme s, enum key_family f)
{
	switch (f) {
	case KEY_RSA:
		return s == SIG_RSA_PKCS1 || s == SIG_RSA_PSS;
	case KEY_RSA_PSS:
		return s == SIG_RSA_PSS;
	case KEY_EC:
		return s == SIG_ECDSA;
	case KEY_ED25519:
		return s == SIG_ED25519;
	case KEY_ED448:
		return s == SIG_ED448;
	default:
		return 0;
	}
}

static size_t
hash_len(enum hash h)
{
	return h == HASH_SHA256 ? 32 : h == HASH_SHA384 ? 48 : 64;
}

static int
rsa_fits(const struct sigalg *a, const struct keyinfo *k, struct err *e)
{
	char an[64], kn[64];

	if (k->bits < RSA_MIN_BITS || k->bits > RSA_MAX_BITS)
		return err_set(e, E_ALG_KEY, "%s key, expected %d to %d bits",
		    alg_key_name(kn, k), RSA_MIN_BITS, RSA_MAX_BITS);
	if (k->e.n > RSA_MAX_E)
		return err_set(e, E_ALG_KEY, "RSA exponent of %zu octets, at "
		    "most %d are allowed", k->e.n, RSA_MAX_E);
	if (a->scheme != SIG_RSA_PSS)
		return 0;
	/* RFC 8017 9.1.1: emBits is one less than the modulus. */
	if ((k->bits - 1 + 7) / 8 < hash_len(a->hash) + a->salt + 2)
		return err_set(e, E_ALG_KEY, "%s has no room in a key of %s",
		    alg_name(an, a), alg_key_name(kn, k));
	/* RFC 4055 3.3: same hash, and a salt at least as long. */
	if (k->has_pss && (a->hash != k->pss.hash || a->salt < k->pss.salt))
		return err_set(e, E_ALG_KEY, "%s, but the key is only for %s "
		    "or longer salts", alg_name(an, a), alg_name(kn, &k->pss));
	return 0;
}

int
alg_fits(const struct sigalg *a, const struct keyinfo *k, struct err *e)
{
	char an[64], kn[64];

	if (!scheme_fits(a->scheme, k->family))
		return err_set(e, E_ALG_KEY, "a key of %s does not make "
		    "signatures of %s", alg_key_name(kn, k), alg_name(an, a));
	if (k->family == KEY_RSA || k->family == KEY_RSA_PSS)
		return rsa_fits(a, k, e);
	return 0;
}

struct sigalg
alg_default(const struct keyinfo *k)
{
	struct sigalg a = { SIG_NONE, HASH_NONE, 0 };

	switch (k->family) {
	case KEY_RSA:
		return (struct sigalg){ SIG_RSA_PKCS1, HASH_SHA256, 0 };
	case KEY_RSA_PSS:
		a = (struct sigalg){ SIG_RSA_PSS, HASH_SHA256, 0 };
		if (k->has_pss)
			a = k->pss;
		if (a.salt < hash_len(a.hash))
			a.salt = (unsigned)hash_len(a.hash);
		return a;
	case KEY_EC:
		return (struct sigalg){ SIG_ECDSA, curves[k->curve].hash, 0 };
	case KEY_ED25519:
		return (struct sigalg){ SIG_ED25519, HASH_SHA512, 0 };
	case KEY_ED448:
		return (struct sigalg){ SIG_ED448, HASH_SHAKE256, 0 };
	default:
		return a;
	}
}

const char *
alg_key_name(char t[static 64], const struct keyinfo *k)
{
	switch (k->family) {
	case KEY_RSA:
		snprintf(t, 64, "RSA %u", k->bits);
		break;
	case KEY_RSA_PSS:
		snprintf(t, 64, "RSA-PSS %u", k->bits);
		break;
	case KEY_EC:
		snprintf(t, 64, "EC %s", oid_name(curves[k->curve].oid));
		break;
	case KEY_ED25519:
	case KEY_ED448:
		snprintf(t, 64, "%s", oid_name(k->family == KEY_ED448 ?
		    OID_ED448 : OID_ED25519));
		break;
	default:
		snprintf(t, 64, "unknown");
	}
	return t;
}

const char *
alg_key_spec(char t[static 64], const struct keyinfo *k)
{
	switch (k->family) {
	case KEY_RSA:
		snprintf(t, 64, "rsa:%u", k->bits);
		break;
	case KEY_RSA_PSS:
		snprintf(t, 64, "rsa-pss:%u", k->bits);
		break;
	case KEY_EC:
		snprintf(t, 64, "ec:%s", oid_name(curves[k->curve].oid));
		break;
	case KEY_ED448:
		snprintf(t, 64, "ed448");
		break;
	default:
		snprintf(t, 64, "ed25519");
	}
	return t;
}
