/* Checking signatures: one at a time, with exactly the algorithm asked for. */
#include "pki/key.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>

#include "pki/key_int.h"

static gnutls_sign_algorithm_t
by_hash(enum hash h, gnutls_sign_algorithm_t s256,
    gnutls_sign_algorithm_t s384, gnutls_sign_algorithm_t s512)
{
	switch (h) {
	case HASH_SHA256:
		return s256;
	case HASH_SHA384:
		return s384;
	case HASH_SHA512:
		return s512;
	default:
		return GNUTLS_SIGN_UNKNOWN;
	}
}

gnutls_sign_algorithm_t
key_gnutls_sign(const struct sigalg *a, int pss_key)
{
	switch (a->scheme) {
	case SIG_RSA_PKCS1:
		return by_hash(a->hash, GNUTLS_SIGN_RSA_SHA256,
		    GNUTLS_SIGN_RSA_SHA384, GNUTLS_SIGN_RSA_SHA512);
	case SIG_RSA_PSS:
		if (pss_key)
			return by_hash(a->hash, GNUTLS_SIGN_RSA_PSS_SHA256,
			    GNUTLS_SIGN_RSA_PSS_SHA384,
			    GNUTLS_SIGN_RSA_PSS_SHA512);
		return by_hash(a->hash, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256,
		    GNUTLS_SIGN_RSA_PSS_RSAE_SHA384,
		    GNUTLS_SIGN_RSA_PSS_RSAE_SHA512);
	case SIG_ECDSA:
		return by_hash(a->hash, GNUTLS_SIGN_ECDSA_SHA256,
		    GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_SIGN_ECDSA_SHA512);
	case SIG_ED25519:
		return GNUTLS_SIGN_EDDSA_ED25519;
	case SIG_ED448:
		return GNUTLS_SIGN_EDDSA_ED448;
	default:
		return GNUTLS_SIGN_UNKNOWN;
	}
}

int
key_pss_spki(const struct sigalg *a, gnutls_x509_spki_t *out)
{
	gnutls_digest_algorithm_t dig;
	int rc;

	if ((rc = gnutls_x509_spki_init(out)) != 0)
		return rc;
	dig = gnutls_sign_get_hash_algorithm(key_gnutls_sign(a, 1));
	gnutls_x509_spki_set_rsa_pss_params(*out, dig, a->salt);
	return 0;
}

/* A strictly positive, minimal INTEGER off ${in}. */
static int
positive(struct slice *in)
{
	struct slice v;

	if (der_get(in, DER_INTEGER, &v) == -1 || v.n == 0 ||
	    v.p[0] & 0x80 || (v.n == 1 && v.p[0] == 0))
		return -1;
	return v.n > 1 && v.p[0] == 0 && !(v.p[1] & 0x80) ? -1 : 0;
}

/* Has ${sig} the one form that a signature of ${a} by ${k} can have? */
static int
well_formed(const struct sigalg *a, const struct keyinfo *k, struct slice sig)
{
	struct slice in;

	switch (a->scheme) {
	case SIG_RSA_PKCS1:
	case SIG_RSA_PSS:
		return sig.n == k->n.n;
	case SIG_ECDSA:
		return der_only(sig, DER_SEQUENCE, &in) == 0 &&
		    positive(&in) == 0 && positive(&in) == 0 && in.n == 0;
	case SIG_ED25519:
		return sig.n == 64;
	case SIG_ED448:
		/* S is below 2^446; nettle 3.8 does not look at its last octet. */
		return sig.n == 114 && sig.p[113] == 0;
	default:
		return 0;
	}
}

/*
 * Salt lengths other than the hash's are only checked if the key says so;
 * with its parameters set any rsaEncryption key turns into id-RSASSA-PSS.
 */
static int
set_pss(gnutls_pubkey_t pub, const struct sigalg *a)
{
	gnutls_x509_spki_t spki = NULL;
	int rc;

	if ((rc = key_pss_spki(a, &spki)) == 0)
		rc = gnutls_pubkey_set_spki(pub, spki, 0);
	gnutls_x509_spki_deinit(spki);
	return rc;
}

/*
 * Is the point of ${k} on its curve?  GnuTLS only finds out when it verifies,
 * and then says no more than that the signature is bad.
 */
static int
on_curve(const struct keyinfo *k)
{
	const struct ecc_curve *c = k->curve == CURVE_P256 ?
	    nettle_get_secp_256r1() : k->curve == CURVE_P384 ?
	    nettle_get_secp_384r1() : nettle_get_secp_521r1();
	size_t n = k->point.n / 2;
	struct ecc_point p;
	mpz_t x, y;
	int on;

	mpz_init(x);
	mpz_init(y);
	mpz_import(x, n, 1, 1, 0, 0, k->point.p + 1);
	mpz_import(y, n, 1, 1, 0, 0, k->point.p + 1 + n);
	ecc_point_init(&p, c);
	on = ecc_point_set(&p, x, y);
	ecc_point_clear(&p);
	mpz_clear(x);
	mpz_clear(y);
	return on;
}

static int
import(struct slice spki, gnutls_pubkey_t *pub, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)spki.p, (unsigned)spki.n };
	int rc;

	if ((rc = gnutls_pubkey_init(pub)) != 0)
		return err_set(e, E_NOMEM, "out of memory");
	if ((rc = gnutls_pubkey_import(*pub, &d, GNUTLS_X509_FMT_DER)) != 0)
		return err_set(e, E_ALG_PARAMS, "public key is not valid: %s",
		    gnutls_strerror(rc));
	return 0;
}

static int
verify(gnutls_pubkey_t pub, const struct sigalg *a, const gnutls_datum_t *d,
    int is_hash, struct slice sig)
{
	gnutls_datum_t s = { (unsigned char *)sig.p, (unsigned)sig.n };
	gnutls_sign_algorithm_t how = key_gnutls_sign(a, 1);
	int rc;

	if (a->scheme == SIG_RSA_PSS && (rc = set_pss(pub, a)) != 0)
		return rc;
	return is_hash ? gnutls_pubkey_verify_hash2(pub, how, 0, d, &s) :
	    gnutls_pubkey_verify_data2(pub, how, 0, d, &s);
}

/* Verification failed with ${rc} of GnuTLS: say why. */
static int
failed(int rc, const struct sigalg *a, const struct keyinfo *k, struct err *e)
{
	char an[64], kn[64];

	alg_key_name(kn, k);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return err_set(e, E_NOMEM, "out of memory");
	if (k->family == KEY_EC && !on_curve(k))
		return err_set(e, E_ALG_PARAMS, "public key of %s is not a "
		    "point on the curve", kn);
	return err_set(e, E_PROT_SIG, "signature of %s by a key of %s does "
	    "not verify (%s)", alg_name(an, a), kn, gnutls_strerror(rc));
}

int
key_verify_datum(struct slice spki, const struct sigalg *a,
    const gnutls_datum_t *d, int is_hash, struct slice sig, struct err *e)
{
	gnutls_pubkey_t pub = NULL;
	struct keyinfo k;
	char t[64];
	int rc;

	if (alg_keyinfo(spki, &k, e) == -1 || alg_fits(a, &k, e) == -1)
		return -1;
	if (!well_formed(a, &k, sig))
		return err_set(e, E_PROT_SIG, "%zu octets are not the form of "
		    "a signature of %s", sig.n, alg_name(t, a));
	if ((rc = import(spki, &pub, e)) == 0 &&
	    (rc = verify(pub, a, d, is_hash, sig)) < 0)
		failed(rc, a, &k, e);
	gnutls_pubkey_deinit(pub);
	return rc < 0 ? -1 : 0;
}

int
key_verify(struct slice spki, const struct sigalg *a, struct slice data,
    struct slice sig, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)data.p, (unsigned)data.n };

	if (data.n > UINT_MAX)
		return err_set(e, E_PROT_SIG, "%zu bytes are too many for a "
		    "signature", data.n);
	return key_verify_datum(spki, a, &d, 0, sig, e);
}
