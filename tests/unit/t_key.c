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
}

/* Both kinds of RSA key, every hash, salts shorter and longer than it. */
static void
pss_algorithms(const char *spec, struct key *k)
{
	static const unsigned salts[] = { 0, 20, 32, 48, 64, 100 };
	struct sigalg a = { SIG_RSA_PSS, HASH_NONE, 0 };
	enum err_code code;
	struct buf b;
	char t[64];

	for (size_t i = 0; i < 18; i++) {
		a.hash = HASH_SHA256 + i % 3;
		a.salt = salts[i / 3];
		alg_name(t, &a);
		code = sign(k, &a, &b);
		if (a.salt < 32 + 16 * (i % 3)) {
			ok(code == E_ALG_PARAMS,
			    "%s: does not sign with %s", spec, t);
			continue;
		}
		ok(code == E_NONE && verify(key_spki(k), &a, data,
		    buf_slice(&b)) == E_NONE, "%s: %s works", spec, t);
		a.salt--;
		ok(verify(key_spki(k), &a, data, buf_slice(&b)) == E_PROT_SIG,
		    "%s: and not with a shorter salt", spec);
		buf_release(&b);
	}
	a = (struct sigalg){ SIG_RSA_PSS, HASH_SHA256, 223 };
	ok(sign(k, &a, &b) == E_ALG_KEY, "%s: a salt that the key has no room "
	    "for is refused (E_ALG_KEY)", spec);
}

static void
ecdsa_forms(struct key *k)
{
	static const struct { const char *what; struct slice sig; } bad[] = {
		{ "r is zero", SLICE_LIT("\x30\x06\x02\x01\x00\x02\x01\x01") },
		{ "s is negative",
		    SLICE_LIT("\x30\x06\x02\x01\x01\x02\x01\x81") },
		{ "r is not minimal",
		    SLICE_LIT("\x30\x07\x02\x02\x00\x01\x02\x01\x01") },
		{ "s is missing", SLICE_LIT("\x30\x03\x02\x01\x01") },
		{ "a third number follows", SLICE_LIT("\x30\x09\x02\x01\x01"
		    "\x02\x01\x01\x02\x01\x01") },
		{ "bytes follow",
		    SLICE_LIT("\x30\x06\x02\x01\x01\x02\x01\x01\x00") },
		{ "the length is not minimal",
		    SLICE_LIT("\x30\x81\x06\x02\x01\x01\x02\x01\x01") },
	};
	struct sigalg a = { SIG_ECDSA, HASH_SHA256, 0 };
	struct buf b;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(verify(key_spki(k), &a, data, bad[i].sig) == E_PROT_SIG,
		    "ecdsa: refused if %s (E_PROT_SIG)", bad[i].what);
	for (a.hash = HASH_SHA256; a.hash <= HASH_SHA512; a.hash++) {
		ok(sign(k, &a, &b) == E_NONE && verify(key_spki(k), &a, data,
		    buf_slice(&b)) == E_NONE, "ecdsa: any hash, any curve");
		buf_release(&b);
	}
}

/* Keys that nobody may sign with. */
static void
bad_keys(struct key *ec, struct key *rsa, struct key *ed)
{
	struct sigalg a = alg_default(key_info(ec)), pkcs1;
	struct slice sig = SLICE_LIT("\x30\x06\x02\x01\x01\x02\x01\x01");
	uint8_t spki[1024];
	size_t n = key_spki(ec).n;

	memcpy(spki, key_spki(ec).p, n);
	spki[n - 1] ^= 1;
	ok(verify(SLICE(spki, n), &a, data, sig) == E_ALG_PARAMS,
	    "ec: a point off the curve is refused (E_ALG_PARAMS)");
	pkcs1 = alg_default(key_info(rsa));
	ok(verify(key_spki(ec), &pkcs1, data, sig) == E_ALG_KEY &&
	    verify(key_spki(rsa), &a, data, sig) == E_ALG_KEY &&
	    verify(key_spki(ed), &a, data, sig) == E_ALG_KEY,
	    "an algorithm of another kind of key is refused (E_ALG_KEY)");
	a = (struct sigalg){ SIG_RSA_PKCS1, HASH_SHAKE256, 0 };
	ok(verify(key_spki(rsa), &a, data, SLICE(spki, 256)) != E_NONE,
	    "rsa: a hash without a scheme does not verify");
}

static const char *
put(const char *name, struct slice s, unsigned mode)
{
	static char path[64];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_deliver_path(path, s, mode, FILE_REPLACE, &e) == -1 ||
	    chmod(path, mode) == -1)
		fprintf(stderr, "%s\n", e.detail);
	return path;
}

static void
loading(struct key *k)
{
	struct slice pem;
	struct err e = { 0 };
	char pass[64], path[64];
	struct key *back = NULL;
	struct buf b;

	if (mkdtemp(dir) == NULL)
		return;
	buf_init(&b, 65536);
	buf_add_str(&b, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
	    "-----END EC PARAMETERS-----\n");
	key_export(k, SLICE_LIT("s3cret"), &b, &e);
	pem = buf_slice(&b);
	snprintf(pass, sizeof(pass), "%s", put("p", SLICE_LIT("s3cret\n"), 0600));
	snprintf(path, sizeof(path), "%s", put("k", pem, 0600));
	ok(load(path, pass, &back, &e) == E_NONE &&
	    slice_eq(key_spki(back), key_spki(k)),
	    "load: an encrypted key after another PEM block is found");
	key_free(back);
	ok(load(path, NULL, &back, &e) == E_KEY_PASS &&
	    strstr(e.detail, path) && strstr(e.detail, "--key-pass FILE"),
	    "load: a missing passphrase says which key and what to do");
	chmod(path, 0640);
	ok(load(path, pass, &back, &e) == E_KEY_MODE,
	    "load: a key that others can read is refused (E_KEY_MODE)");
	ok(load(put("n", SLICE_LIT("no key"), 0600), NULL, &back, &e) ==
	    E_KEY_FILE, "load: what is not a key is refused (E_KEY_FILE)");
	ok(load(put("n", SLICE_LIT("-----BEGIN CERTIFICATE-----\n"), 0600),
	    NULL, &back, &e) == E_KEY_FILE && strstr(e.detail, "CERTIFICATE"),
	    "load: a certificate is called one");
	unlink(put("n", SLICE_NONE, 0600));
	unlink(path);
	unlink(pass);
	ok(load(path, NULL, &back, &e) == E_NOINPUT && back == NULL,
	    "load: an absent file is E_NOINPUT");
	ok(load("pkcs11:token=x", NULL, &back, &e) == E_KEY_FILE,
	    "load: a token is refused for now");
	rmdir(dir);
	buf_release(&b);
}

static void
specs(void)
{
	static const char *const bad[] = { "", "rsa", "rsa:", "rsa:1024",
	    "rsa:2047", "rsa:8200", "rsa:2048 ", "rsa:+2048", "rsa-pss:512",
	    "ec:P-224", "ec:p-256", "ED25519", "rsa:99999999999999999999" };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(key_spec_check(bad[i], &e) == -1 && e.code == E_USAGE,
		    "spec: \"%s\" is refused (E_USAGE)", bad[i]);
	for (size_t i = 0; i < N_KINDS; i++)
		ok(key_spec_check(kinds[i], &e) == 0,
		    "spec: \"%s\" is fine", kinds[i]);
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
	pss_algorithms(kinds[0], keys[0]);
	pss_algorithms(kinds[1], keys[1]);
	ecdsa_forms(keys[2]);
	ecdsa_forms(keys[4]);
	bad_keys(keys[2], keys[0], keys[5]);
	loading(keys[3]);
	specs();
	for (size_t i = 0; i < N_KINDS; i++)
		key_free(keys[i]);
	return done();
}
