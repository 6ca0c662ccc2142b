/* Private keys: files, making, signing.  GnuTLS holds them. */
#include "pki/key.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/secret.h"
#include "pki/key_int.h"

#define KEY_FILE_MAX	65536

struct key {
	gnutls_privkey_t	 priv;
	struct buf		 spki;
	struct keyinfo		 info;	/* points into ${spki} */
};

static const char pem_begin[] = "-----BEGIN ";
static const char pem_key[] = "PRIVATE KEY-----";

/* Secrets pass through what GnuTLS allocates. */
static void
free_secret(gnutls_datum_t *d)
{
	if (d->data != NULL)
		explicit_bzero(d->data, d->size);
	gnutls_free(d->data);
	d->data = NULL;
}

/*
 * GnuTLS leaves the hash's NULL out of RSASSA-PSS parameters, others put it
 * in: write them as alg_write() does, to be the same bytes as in their
 * certificates.
 */
static void
rewrite_pss(struct key *k)
{
	struct slice in, bits = SLICE_NONE;
	struct derw w;

	derw_init(&w, KEY_FILE_MAX);
	if (der_only(buf_slice(&k->spki), DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_SEQUENCE, NULL) == 0)
		bits = in;
	derw_raw(&w, bits);
	alg_write(&w, &k->info.pss);
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_reset(&k->spki);
	buf_add_slice(&k->spki, derw_slice(&w));
	derw_release(&w);
}

/* Fill in the public half of ${k}. */
static int
publish(struct key *k, struct err *e)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_pubkey_t pub = NULL;
	struct err why = { 0 };
	int rc;

	if ((rc = gnutls_pubkey_init(&pub)) == 0 &&
	    (rc = gnutls_pubkey_import_privkey(pub, k->priv, 0, 0)) == 0)
		rc = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &der);
	if (rc == 0)
		buf_add(&k->spki, der.data, der.size);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(pub);
	if (rc != 0)
		return err_set(e, E_KEY_FILE, "public half of the key: %s",
		    gnutls_strerror(rc));
	if (buf_bad(&k->spki))
		return buf_err(&k->spki, "public key", e);
	if (alg_keyinfo(buf_slice(&k->spki), &k->info, &why) == -1)
		return err_set(e, E_KEY_FILE, "%s", why.detail);
	if (!k->info.has_pss)
		return 0;
	rewrite_pss(k);
	return alg_keyinfo(buf_slice(&k->spki), &k->info, e);
}

static int
new_key(struct key **k, struct err *e)
{
	if ((*k = calloc(1, sizeof(**k))) == NULL ||
	    gnutls_privkey_init(&(*k)->priv) != 0)
		return err_set(e, E_NOMEM, "out of memory");
	buf_init(&(*k)->spki, KEY_FILE_MAX);
	return 0;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	gnutls_privkey_deinit(k->priv);
	buf_release(&k->spki);
	free(k);
}

/*
 * The PEM block of a private key within ${data}: there may be parameters or
 * certificates before it.  1 if found.
 */
static int
find_pem(struct slice data, struct slice *block)
{
	const uint8_t *key, *at;
	size_t n = sizeof(pem_begin) - 1;

	key = memmem(data.p, data.n, pem_key, sizeof(pem_key) - 1);
	if (key == NULL)
		return 0;
	for (at = key; at > data.p && at[-1] != '\n'; at--)
		continue;
	if ((size_t)(key - at) < n || memcmp(at, pem_begin, n) != 0)
		return 0;
	*block = SLICE(at, data.n - (size_t)(at - data.p));
	return 1;
}

/* EncryptedPrivateKeyInfo starts with an AlgorithmIdentifier. */
static int
is_encrypted_der(struct slice data)
{
	struct slice in, alg;

	return der_get(&data, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_SEQUENCE, &alg) == 0 && der_peek(alg, DER_OID) &&
	    der_get(&in, DER_OCTET_STRING, NULL) == 0 && in.n == 0;
}

static int
is_encrypted_pem(struct slice block)
{
	static const char pkcs8[] = "-----BEGIN ENCRYPTED ";
	static const char old[] = "\nProc-Type: 4,ENCRYPTED";

	return (block.n > sizeof(pkcs8) &&
	    memcmp(block.p, pkcs8, sizeof(pkcs8) - 1) == 0) ||
	    memmem(block.p, block.n, old, sizeof(old) - 1) != NULL;
}

/* What ${data} is instead of a key, for people. */
static int
not_a_key(struct slice data, struct err *e)
{
	char t[ESCAPE_SHORT];
	const uint8_t *end, *at = memmem(data.p, data.n, pem_begin,
	    sizeof(pem_begin) - 1);

	if (at == NULL)
		return err_set(e, E_KEY_FILE, "%zu bytes that are neither PEM "
		    "nor the DER of a private key", data.n);
	at += sizeof(pem_begin) - 1;
	data = SLICE(at, data.n - (size_t)(at - data.p));
	if ((end = memmem(data.p, data.n, "-----", 5)) != NULL)
		data.n = (size_t)(end - data.p);
	return err_set(e, E_KEY_FILE, "PEM of \"%s\", expected a \"PRIVATE "
	    "KEY\"", escape_short(t, data));
}

/* An import of an encrypted key failed with ${rc}: whose fault was it? */
static int
not_opened(int rc, struct err *e)
{
	if (rc == GNUTLS_E_UNKNOWN_CIPHER_TYPE ||
	    rc == GNUTLS_E_UNKNOWN_HASH_ALGORITHM)
		return err_set(e, E_KEY_FILE, "key is encrypted in a way we "
		    "do not read (%s), expected PBES2 with AES: "
		    "openssl pkcs8 -topk8 -v2 aes256 makes one",
		    gnutls_strerror(rc));
	return err_set(e, E_KEY_PASS, "the passphrase does not open the key; "
	    "give the file with the right one (--key-pass FILE); a key "
	    "encrypted with scrypt is not read");
}

/* GnuTLS takes a C string: a NUL would cut the passphrase. */
static int
pass_string(struct slice pass, struct buf *b, struct err *e)
{
	if (pass.n > 0 && memchr(pass.p, '\0', pass.n) != NULL)
		return err_set(e, E_KEY_PASS, "passphrase has a NUL byte, "
		    "expected text");
	buf_add_slice(b, pass);
	if (buf_str(b) == NULL)
		return buf_err(b, "passphrase", e);
	return 0;
}

static int
import(struct key *k, struct slice data, struct slice pass, struct err *e)
{
	struct slice block = data;
	gnutls_datum_t d;
	struct buf b;
	int pem = find_pem(data, &block), rc,
	    crypted = pem ? is_encrypted_pem(block) : is_encrypted_der(data);

	if (crypted && pass.n == 0)
		return err_set(e, E_KEY_PASS, "key is encrypted and there is "
		    "no passphrase; give the file that has it "
		    "(--key-pass FILE)");
	buf_init(&b, SECRET_MAX + 1);
	if (pass_string(pass, &b, e) == -1) {
		buf_release(&b);
		return -1;
	}
	d = (gnutls_datum_t){ (unsigned char *)block.p, (unsigned)block.n };
	rc = gnutls_privkey_import_x509_raw(k->priv, &d, pem ?
	    GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER, crypted ?
	    buf_str(&b) : NULL, crypted ? 0 : GNUTLS_PKCS_PLAIN);
	buf_release(&b);
	if (rc == 0)
		return 0;
	if (crypted)
		return not_opened(rc, e);
	if (!pem)
		return not_a_key(data, e);
	return err_set(e, E_KEY_FILE, "private key is damaged or of an "
	    "unknown kind: %s", gnutls_strerror(rc));
}

int
key_import(struct slice data, struct slice pass, struct key **out,
    struct err *e)
{
	struct key *k;

	*out = NULL;
	if (data.n > KEY_FILE_MAX)
		return err_set(e, E_KEY_FILE, "%zu bytes, expected a key of "
		    "at most %d", data.n, KEY_FILE_MAX);
	if (new_key(&k, e) == -1 || import(k, data, pass, e) == -1 ||
	    publish(k, e) == -1) {
		key_free(k);
		return -1;
	}
	*out = k;
	return 0;
}

static int
check_mode(const char *path, struct err *e)
{
	struct stat st;

	/* What is absent, or standard input, is for file_read(). */
	if (strcmp(path, "-") == 0 || stat(path, &st) == -1 ||
	    !S_ISREG(st.st_mode) || (st.st_mode & 066) == 0)
		return 0;
	return err_set(e, E_KEY_MODE, "%s: mode %04o lets others at the key, "
	    "expected 0600; chmod 600 it, and replace the key if others may "
	    "have read it", path, (unsigned)st.st_mode & 07777);
}

int
key_load(const char *path, const char *passfile, struct key **out,
    struct err *e)
{
	struct buf data, pass;
	int rc = -1;

	*out = NULL;
	buf_init(&data, KEY_FILE_MAX);
	buf_init(&pass, SECRET_MAX);
	if (strncasecmp(path, "pkcs11:", 7) == 0) {
		err_set(e, E_KEY_FILE, "%s: keys in tokens are not supported "
		    "yet, expected the name of a file", path);
		goto out;
	}
	if (check_mode(path, e) == -1 ||
	    file_read(path, KEY_FILE_MAX, &data, e) == -1)
		goto out;
	if (passfile != NULL && secret_read(passfile, &pass, e) == -1)
		goto out;
	if (key_import(buf_slice(&data), buf_slice(&pass), out, e) == -1) {
		err_wrap(e, "%s", path);
		goto out;
	}
	rc = 0;
out:
	buf_release(&data);
	buf_release(&pass);
	return rc;
}

struct spec {
	gnutls_pk_algorithm_t	 pk;
	unsigned		 bits;
};

static const struct {
	const char	*name;
	struct spec	 spec;
} specs[] = {
	{ "ec:P-256", { GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) } },
	{ "ec:P-384", { GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1) } },
	{ "ec:P-521", { GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1) } },
	{ "ed25519", { GNUTLS_PK_EDDSA_ED25519,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519) } },
	{ "ed448", { GNUTLS_PK_EDDSA_ED448,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED448) } },
};

/* "rsa:3072": 1 if it is an RSA spec, and its size is fine. */
static int
rsa_spec(const char *spec, const char *prefix, struct spec *out)
{
	size_t n = strlen(prefix);
	char *end;
	unsigned long bits;

	if (strncmp(spec, prefix, n) != 0 || spec[n] < '1' || spec[n] > '9')
		return 0;
	bits = strtoul(spec + n, &end, 10);
	out->bits = (unsigned)bits;
	return *end == '\0' && bits >= 2048 && bits <= 8192 && bits % 8 == 0;
}

static int
parse_spec(const char *spec, struct spec *out, struct err *e)
{
	char t[ESCAPE_SHORT];

	out->pk = GNUTLS_PK_RSA;
	if (rsa_spec(spec, "rsa:", out))
		return 0;
	out->pk = GNUTLS_PK_RSA_PSS;
	if (rsa_spec(spec, "rsa-pss:", out))
		return 0;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		if (strcmp(spec, specs[i].name) == 0) {
			*out = specs[i].spec;
			return 0;
		}
	}
	return err_set(e, E_USAGE, "kind of key \"%s\", expected rsa:BITS or "
	    "rsa-pss:BITS (2048 to 8192, a multiple of 8), ec:P-256, "
	    "ec:P-384, ec:P-521, ed25519 or ed448",
	    escape_short(t, slice_str(spec)));
}

int
key_spec_check(const char *spec, struct err *e)
{
	struct spec ignored;

	return parse_spec(spec, &ignored, e);
}

int
key_generate(const char *spec, struct key **out, struct err *e)
{
	struct key *k = NULL;
	struct spec s;
	int rc;

	*out = NULL;
	if (parse_spec(spec, &s, e) == -1)
		return -1;
	if (new_key(&k, e) == -1)
		goto fail;
	if ((rc = gnutls_privkey_generate(k->priv, s.pk, s.bits, 0)) != 0) {
		err_set(e, E_CRYPTO, "making a key of %s: %s", spec,
		    gnutls_strerror(rc));
		goto fail;
	}
	if (publish(k, e) == -1)
		goto fail;
	*out = k;
	return 0;
fail:
	key_free(k);
	return -1;
}

int
key_export(const struct key *k, struct slice pass, struct buf *out,
    struct err *e)
{
	gnutls_x509_privkey_t x = NULL;
	gnutls_datum_t pem = { NULL, 0 };
	struct buf b;
	int rc;

	buf_init(&b, SECRET_MAX + 1);
	if (pass_string(pass, &b, e) == -1) {
		buf_release(&b);
		return -1;
	}
	if ((rc = gnutls_privkey_export_x509(k->priv, &x)) == 0)
		rc = gnutls_x509_privkey_export2_pkcs8(x, GNUTLS_X509_FMT_PEM,
		    pass.n > 0 ? buf_str(&b) : NULL, pass.n > 0 ?
		    GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, &pem);
	if (rc == 0)
		buf_add(out, pem.data, pem.size);
	buf_release(&b);
	free_secret(&pem);
	gnutls_x509_privkey_deinit(x);
	if (rc != 0)
		return err_set(e, E_CRYPTO, "writing a key: %s",
		    gnutls_strerror(rc));
	if (buf_bad(out))
		return buf_err(out, "key", e);
	return 0;
}

struct slice
key_spki(const struct key *k)
{
	return buf_slice(&k->spki);
}

const struct keyinfo *
key_info(const struct key *k)
{
	return &k->info;
}

/*
 * GnuTLS salts as long as the hash, or as the key's parameters say.  For a
 * longer salt it wants the parameters changed: on a copy, the key is const.
 */
static int
salted_copy(const struct key *k, const struct sigalg *a,
    gnutls_privkey_t *out)
{
	gnutls_x509_privkey_t x = NULL;
	gnutls_x509_spki_t spki = NULL;
	int rc;

	if ((rc = gnutls_privkey_init(out)) == 0 &&
	    (rc = gnutls_privkey_export_x509(k->priv, &x)) == 0 &&
	    (rc = gnutls_privkey_import_x509(*out, x,
	    GNUTLS_PRIVKEY_IMPORT_COPY)) == 0 &&
	    (rc = key_pss_spki(a, &spki)) == 0)
		rc = gnutls_privkey_set_spki(*out, spki, 0);
	gnutls_x509_spki_deinit(spki);
	gnutls_x509_privkey_deinit(x);
	return rc;
}

static unsigned
hash_len(const struct sigalg *a)
{
	return a->hash == HASH_SHA256 ? 32 : a->hash == HASH_SHA384 ? 48 : 64;
}

/* The salt that GnuTLS makes without being told. */
static unsigned
usual_salt(const struct key *k, const struct sigalg *a)
{
	unsigned n = hash_len(a);

	return k->info.has_pss && k->info.pss.salt > n ? k->info.pss.salt : n;
}

static int
can_sign(const struct key *k, const struct sigalg *a, struct err *e)
{
	char t[64];

	if (alg_fits(a, &k->info, e) == -1)
		return -1;
	/* GnuTLS would make the salt longer, and not say so. */
	if (a->scheme == SIG_RSA_PSS && a->salt < hash_len(a))
		return err_set(e, E_ALG_PARAMS, "%s: signatures with a salt "
		    "shorter than the hash are checked but not made",
		    alg_name(t, a));
	return 0;
}

int
key_sign_datum(const struct key *k, const struct sigalg *a,
    const gnutls_datum_t *d, int is_hash, struct buf *out, struct err *e)
{
	gnutls_privkey_t copy = NULL, priv;
	gnutls_sign_algorithm_t how;
	gnutls_datum_t sig = { NULL, 0 };
	int rc = 0;
	char t[64];

	if (can_sign(k, a, e) == -1)
		return -1;
	if (a->scheme == SIG_RSA_PSS && a->salt != usual_salt(k, a))
		rc = salted_copy(k, a, &copy);
	priv = copy ? copy : k->priv;
	how = key_gnutls_sign(a, copy || k->info.family == KEY_RSA_PSS);
	if (rc == 0)
		rc = is_hash ? gnutls_privkey_sign_hash2(priv, how, 0, d,
		    &sig) : gnutls_privkey_sign_data2(priv, how, 0, d, &sig);
	if (rc == 0)
		buf_add(out, sig.data, sig.size);
	gnutls_free(sig.data);
	gnutls_privkey_deinit(copy);
	if (rc != 0)
		return err_set(e, E_CRYPTO, "signing with %s: %s",
		    alg_name(t, a), gnutls_strerror(rc));
	if (buf_bad(out))
		return buf_err(out, "signature", e);
	return 0;
}

int
key_sign(const struct key *k, const struct sigalg *a, struct slice data,
    struct buf *out, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)data.p, (unsigned)data.n };

	if (data.n > UINT_MAX)
		return err_set(e, E_CRYPTO, "%zu bytes to sign", data.n);
	return key_sign_datum(k, a, &d, 0, out, e);
}
