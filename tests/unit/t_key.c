#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asn/oid.h"
#include "base/file.h"
#include "pki/key.h"
#include "tap.h"

static const char *const kinds[] = { "rsa:2048", "rsa-pss:2048", "ec:P-256",
    "ec:P-384", "ec:P-521", "ed25519", "ed448" };
#define N_KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static struct key *keys[N_KINDS];
static const struct slice data = { (const uint8_t *)"to be signed", 12 };
static char dir[] = "/tmp/t_key.XXXXXX";

/* The codes that calls end with. */
static enum err_code
verify(struct slice spki, const struct sigalg *a, struct slice d,
    struct slice sig)
{
	struct err e = { 0 };

	return key_verify(spki, a, d, sig, &e) == 0 ? E_NONE : e.code;
}

static enum err_code
sign(const struct key *k, const struct sigalg *a, struct buf *out)
{
	struct err e = { 0 };

	buf_init(out, 4096);
	return key_sign(k, a, data, out, &e) == 0 ? E_NONE : e.code;
}

static enum err_code
import(struct slice text, struct slice pass, struct key **k)
{
	struct err e = { 0 };

	return key_import(text, pass, k, &e) == 0 ? E_NONE : e.code;
}

static enum err_code
load(const char *path, const char *pass, struct key **k, struct err *e)
{
	*e = (struct err){ 0 };
	return key_load(path, pass, k, e) == 0 ? E_NONE : e->code;
}

/* Every kind: made, signs, verifies, does not verify what was changed. */
static void
round_trip(const char *spec, struct key *k)
{
	struct sigalg a = alg_default(key_info(k));
	struct slice spki = key_spki(k), sig;
	char t[64];
	struct buf b;

	alg_name(t, &a);
	ok(sign(k, &a, &b) == E_NONE, "%s: signs with %s", spec, t);
	sig = buf_slice(&b);
	ok(verify(spki, &a, data, sig) == E_NONE,
	    "%s: its signature verifies", spec);
	ok(verify(spki, &a, SLICE(data.p, data.n - 1), sig) == E_PROT_SIG,
	    "%s: other data does not verify (E_PROT_SIG)", spec);
	ok(verify(spki, &a, data, SLICE(sig.p, sig.n - 1)) == E_PROT_SIG,
	    "%s: a cut signature does not verify", spec);
	ok(verify(spki, &a, data, SLICE_NONE) == E_PROT_SIG,
	    "%s: no signature does not verify", spec);
	b.p[b.n - 1] ^= 1;
	ok(verify(spki, &a, data, sig) == E_PROT_SIG,
	    "%s: a changed signature does not verify", spec);
	buf_release(&b);
}

static void
files(const char *spec, struct key *k)
{
	struct err e = { 0 };
	struct key *back = NULL;
	struct buf pem;

	buf_init(&pem, 65536);
	ok(key_export(k, SLICE_NONE, &pem, &e) == 0 &&
	    import(buf_slice(&pem), SLICE_NONE, &back) == E_NONE &&
	    slice_eq(key_spki(back), key_spki(k)) &&
	    key_info(back)->family == key_info(k)->family,
	    "%s: comes back from its PEM", spec);
	key_free(back);
	buf_reset(&pem);
	ok(key_export(k, SLICE_LIT("pass word"), &pem, &e) == 0 &&
	    memmem(pem.p, pem.n, "BEGIN ENCRYPTED PRIVATE KEY", 27) != NULL &&
	    import(buf_slice(&pem), SLICE_LIT("pass word"), &back) == E_NONE &&
	    slice_eq(key_spki(back), key_spki(k)),
	    "%s: comes back from its encrypted PEM", spec);
	key_free(back);
	ok(import(buf_slice(&pem), SLICE_LIT("pass worD"), &back) ==
	    E_KEY_PASS && back == NULL,
	    "%s: a wrong passphrase is refused (E_KEY_PASS)", spec);
	ok(import(buf_slice(&pem), SLICE_NONE, &back) == E_KEY_PASS,
	    "%s: a missing passphrase is refused (E_KEY_PASS)", spec);
	buf_release(&pem);
}

static void
rsa_algorithms(void)
{
	static const enum hash hashes[] = { HASH_SHA256, HASH_SHA384,
	    HASH_SHA512 };
	static const unsigned salts[] = { 0, 1, 20, 32, 48, 64, 190 };
	struct sigalg a;
	struct buf b;
	char t[64];

	for (size_t i = 0; i < 3; i++) {
		a = (struct sigalg){ SIG_RSA_PKCS1, hashes[i], 0 };
		ok(sign(keys[0], &a, &b) == E_NONE && verify(key_spki(keys[0]),
		    &a, data, buf_slice(&b)) == E_NONE, "rsa: %s works",
		    alg_name(t, &a));
		a.hash = hashes[(i + 1) % 3];
		ok(verify(key_spki(keys[0]), &a, data, buf_slice(&b)) ==
		    E_PROT_SIG, "rsa: and is not taken for %s", alg_name(t, &a));
		a = (struct sigalg){ SIG_RSA_PSS, hashes[i], 32 };
		ok(verify(key_spki(keys[0]), &a, data, buf_slice(&b)) ==
		    E_PROT_SIG, "rsa: nor for %s", alg_name(t, &a));
		buf_release(&b);
	}
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < 21; i++) {
			a = (struct sigalg){ SIG_RSA_PSS, hashes[i % 3],
			    salts[i / 3] };
			enum err_code rc = sign(keys[k], &a, &b);
			ok(a.hash != HASH_SHA256 && a.salt == 190 ? rc == E_NONE || rc == E_ALG_KEY :
			    rc == E_NONE && verify(key_spki(keys[k]),
			    &a, data, buf_slice(&b)) == E_NONE,
			    "%s: %s works %d", kinds[k], alg_name(t, &a), rc);
			a.salt++;
			ok(verify(key_spki(keys[k]), &a, data, buf_slice(&b))
			    != E_NONE, "%s: another salt length does not "
			    "verify", kinds[k]);
			buf_release(&b);
		}
	}
}

int
main(void)
{
	struct err e = { 0 };

	for (size_t i = 0; i < N_KINDS; i++) {
		ok(key_generate(kinds[i], &keys[i], &e) == 0,
		    "%s: a key is made", kinds[i]);
		round_trip(kinds[i], keys[i]);
		files(kinds[i], keys[i]);
	}
	rsa_algorithms();
	for (size_t i = 0; i < N_KINDS; i++)
		key_free(keys[i]);
	(void)dir; (void)load;
	return done();
}
