#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn/oid.h"
#include "base/file.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "tap.h"

#define CN_CA	"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "ca"
#define ALG	"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define BITS	"\x03\x03\x00\xaa\xbb"
#define MANY	100000

#define T2026	1767225600
#define T2027	1798761600

static struct derw w;

static void
ext_raw(struct derw *d, struct slice oid, int critical, struct slice value)
{
	size_t mark = derw_mark(d);

	derw_prim(d, DER_OCTET_STRING, value);
	if (critical)
		derw_bool(d, 1);
	derw_oid(d, oid);
	derw_wrap(d, DER_SEQUENCE, mark);
}

/* One revoked serial with raw content of Extensions, or SLICE_NONE. */
static void
entry(struct slice serial, int64_t when, struct slice exts)
{
	size_t mark = derw_mark(&w);

	if (exts.p != NULL)
		derw_prim(&w, DER_SEQUENCE, exts);
	derw_time(&w, when);
	derw_prim(&w, DER_INTEGER, serial);
	derw_wrap(&w, DER_SEQUENCE, mark);
}

/* Put the rest of a tbsCertList around the entries written since ${mark}. */
static void
finish(int v2, size_t mark, size_t entries)
{
	if (entries != derw_mark(&w))
		derw_wrap(&w, DER_SEQUENCE, entries);
	derw_time(&w, T2027);
	derw_time(&w, T2026);
	derw_raw(&w, SLICE_LIT(ALG CN_CA));
	if (v2)
		derw_int(&w, DER_INTEGER, 1);
	derw_wrap(&w, DER_SEQUENCE, mark);
}

static void
sign_with(struct slice bits)
{
	struct slice tbs = derw_slice(&w);
	struct buf copy;

	buf_init(&copy, 64 << 20);
	buf_add_slice(&copy, tbs);
	derw_reset(&w);
	derw_raw(&w, bits);
	derw_raw(&w, SLICE_LIT(ALG));
	derw_raw(&w, buf_slice(&copy));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_release(&copy);
}

/* A CRL of one entry ${serial} and the given raw extensions. */
static enum err_code
try(int v2, struct slice crl_exts, struct slice entry_exts, struct crl **out)
{
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	size_t at;

	derw_reset(&w);
	if (crl_exts.p != NULL) {
		derw_prim(&w, DER_SEQUENCE, crl_exts);
		derw_wrap(&w, DER_CTX(0), 0);
	}
	at = derw_mark(&w);
	entry(SLICE_LIT("\x05"), T2026, entry_exts);
	finish(v2, 0, at);
	sign_with(SLICE_LIT(BITS));
	crl_open(derw_slice(&w), &c, &e);
	if (out)
		*out = c;
	else
		crl_free(c);
	return e.code;
}

/* The same, asked whether it is understood: 1, 0, or -1 if not read. */
static int
understood(enum oid id, int in_entry, int critical, struct slice value)
{
	struct derw d;
	struct crl *c = NULL;
	int is = -1;

	derw_init(&d, 4096);
	ext_raw(&d, id == OID_UNKNOWN ? SLICE_LIT("\x2a\x03") : oid_bytes(id),
	    critical, value);
	if (in_entry)
		try(1, SLICE_NONE, derw_slice(&d), &c);
	else
		try(1, derw_slice(&d), SLICE_NONE, &c);
	if (c != NULL)
		is = !crl_not_understood(c);
	crl_free(c);
	derw_release(&d);
	return is;
}

static void
test_shape(void)
{
	struct crl *c = NULL;
	int64_t when = 0;
	int reason = -1;

	ok(try(0, SLICE_NONE, SLICE_NONE, &c) == E_NONE && crl_count(c) == 1,
	    "crl: v1 is read");
	ok(crl_this_update(c) == T2026 && crl_next_update(c) == T2027 &&
	    slice_eq(crl_issuer(c), SLICE_LIT(CN_CA)) &&
	    crl_aki(c).p == NULL && crl_number(c).p == NULL,
	    "crl: its fields are there");
	ok(crl_lookup(c, SLICE_LIT("\x05"), &reason, &when) && reason == 0 &&
	    when == T2026 && crl_lookup(c, SLICE_LIT("\x05"), NULL, NULL),
	    "crl: the serial on it is found");
	ok(!crl_lookup(c, SLICE_LIT("\x06"), NULL, NULL) &&
	    !crl_lookup(c, SLICE_LIT("\x04"), NULL, NULL) &&
	    !crl_lookup(c, SLICE_LIT("\x05\x05"), NULL, NULL) &&
	    !crl_lookup(c, SLICE_NONE, NULL, NULL),
	    "crl: other serials are not");
	crl_free(c);
	ok(try(0, SLICE_LIT("\x30\x00"), SLICE_NONE, NULL) == E_CRL_SYNTAX &&
	    try(0, SLICE_NONE, SLICE_LIT("\x30\x00"), NULL) == E_CRL_SYNTAX,
	    "crl: extensions in v1 are refused");
	ok(try(1, SLICE_LIT(""), SLICE_NONE, NULL) == E_CRL_SYNTAX &&
	    try(1, SLICE_NONE, SLICE_LIT(""), NULL) == E_CRL_SYNTAX,
	    "crl: empty extensions are refused");
	ok(try(1, SLICE_LIT("\x30\x07\x06\x02\x2a\x03\x04\x01x\x30\x07\x06\x02"
	    "\x2a\x03\x04\x01y"), SLICE_NONE, NULL) == E_CRL_SYNTAX,
	    "crl: a duplicate extension is refused");
}

static void
test_understood(void)
{
	ok(understood(OID_CRL_NUMBER, 0, 0, SLICE_LIT("\x02\x01\x07")) == 1,
	    "crl: cRLNumber is understood");
	ok(understood(OID_CRL_NUMBER, 0, 0, SLICE_LIT("\x02\x01\xff")) == -1,
	    "crl: a negative cRLNumber is refused");
	ok(understood(OID_AKI, 0, 0, SLICE_LIT("\x30\x03\x80\x01k")) == 1,
	    "crl: authorityKeyIdentifier is understood");
	ok(understood(OID_DELTA_CRL, 0, 1, SLICE_LIT("\x02\x01\x07")) == 0,
	    "crl: a delta is not understood");
	ok(understood(OID_DELTA_CRL, 0, 0, SLICE_LIT("\x02\x01\x07")) == 0,
	    "crl: nor a delta that does not say critical");
	ok(understood(OID_ISSUING_DP, 0, 1, SLICE_LIT("\x30\x00")) == 0,
	    "crl: issuingDistributionPoint is not understood");
	ok(understood(OID_UNKNOWN, 0, 1, SLICE_LIT("x")) == 0 &&
	    understood(OID_UNKNOWN, 0, 0, SLICE_LIT("x")) == 1,
	    "crl: an unknown extension matters if critical");
	ok(understood(OID_UNKNOWN, 1, 1, SLICE_LIT("x")) == 0 &&
	    understood(OID_UNKNOWN, 1, 0, SLICE_LIT("x")) == 1,
	    "crl: so in an entry");
	ok(understood(OID_CERT_ISSUER, 1, 1, SLICE_LIT("\x30\x00")) == 0,
	    "crl: certificateIssuer is not understood");
	ok(understood(OID_CRL_REASON, 1, 0, SLICE_LIT("\x0a\x01\x01")) == 1,
	    "crl: a reason is understood");
	ok(understood(OID_CRL_REASON, 1, 0, SLICE_LIT("\x0a\x01\x08")) == 0,
	    "crl: removeFromCRL is not understood");
	ok(understood(OID_CRL_REASON, 1, 0, SLICE_LIT("\x0a\x01\x07")) == -1 &&
	    understood(OID_CRL_REASON, 1, 0, SLICE_LIT("\x0a\x01\x0b")) == -1,
	    "crl: a reason that there is not is refused");
	ok(understood(OID_INVALIDITY_DATE, 1, 0,
	    SLICE_LIT("\x18\x0f" "20260101000000Z")) == 1 &&
	    understood(OID_INVALIDITY_DATE, 1, 0,
	    SLICE_LIT("\x18\x0f" "20261301000000Z")) == -1,
	    "crl: invalidityDate is a time");
}

/* Serial ${i}: even numbers, of two to five octets, in no order. */
static struct slice
serial_of(uint32_t i, uint8_t b[static 8])
{
	uint32_t v = i * 2654435761u & ~1u;

	b[0] = 0x01;
	for (int j = 0; j < 4; j++)
		b[1 + j] = (uint8_t)(v >> (24 - 8 * j));
	return SLICE(b, 5);
}

static void
write_many(void)
{
	uint8_t b[8];

	derw_reset(&w);
	for (uint32_t i = 0; i < MANY; i++)
		entry(serial_of(i * 2, b), T2026 + i,
		    SLICE_LIT("\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01"
		    "\x04"));
	finish(1, 0, 0);
}

static void
check_many(const struct crl *c)
{
	int reason, hits = 0, misses = 0;
	int64_t when;
	uint8_t b[8];

	for (uint32_t i = 0; i < MANY; i++) {
		if (crl_lookup(c, serial_of(i * 2, b), &reason, &when) &&
		    reason == 4)
			hits += when >= T2026 && when < T2026 + MANY;
		b[4] |= 1;
		misses += !crl_lookup(c, SLICE(b, 5), NULL, NULL);
	}
	ok(hits == MANY, "crl: all of %d serials are found", MANY);
	ok(misses == MANY, "crl: none of %d others is", MANY);
}

static void
test_many(void)
{
	struct err e = { .code = E_NONE };
	struct sigalg ecdsa = { .scheme = SIG_ECDSA, .hash = HASH_SHA256 };
	struct key *k = NULL, *other = NULL;
	struct crl *c = NULL;
	struct derw bits;
	struct buf sig;

	buf_init(&sig, 1024);
	derw_init(&bits, 1024);
	write_many();
	if (key_generate("ec:P-256", &k, &e) == -1 ||
	    key_generate("ec:P-256", &other, &e) == -1 ||
	    key_sign(k, &ecdsa, derw_slice(&w), &sig, &e) == -1)
		goto out;
	derw_bits(&bits, DER_BIT_STRING, buf_slice(&sig));
	sign_with(derw_slice(&bits));
	ok(crl_open(derw_slice(&w), &c, &e) == 0 && crl_count(c) == MANY &&
	    slice_eq(crl_der(c), derw_slice(&w)),
	    "crl: %d entries are read", MANY);
	if (c == NULL)
		goto out;
	check_many(c);
	ok(crl_verify(c, key_spki(k), &e) == 0, "crl: its signature verifies");
	ok(crl_verify(c, key_spki(other), &e) == -1 && e.code == E_PATH_SIG,
	    "crl: and does not with another key");
	e.code = E_NONE;
out:
	if (e.code != E_NONE)
		ok(0, "%s %s", err_name(e.code), e.detail);
	crl_free(c);
	key_free(k);
	key_free(other);
	derw_release(&bits);
	buf_release(&sig);
}

static void
test_twice(void)
{
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	int64_t when = 0;

	derw_reset(&w);
	entry(SLICE_LIT("\x05"), T2026 + 2, SLICE_NONE);
	entry(SLICE_LIT("\x07"), T2026, SLICE_NONE);
	entry(SLICE_LIT("\x05"), T2026 + 1, SLICE_NONE);
	finish(0, 0, 0);
	sign_with(SLICE_LIT(BITS));
	ok(crl_open(derw_slice(&w), &c, &e) == 0 &&
	    crl_lookup(c, SLICE_LIT("\x05"), NULL, &when) &&
	    when == T2026 + 1, "crl: of two entries the first counts");
	crl_free(c);
}

/* Every bit turned over and every length cut: no crash, that is all. */
static void
test_damage(void)
{
	struct err e = { .code = E_NONE };
	struct slice der;
	struct crl *c;
	uint8_t *copy;
	int cut = 0;

	try(1, SLICE_LIT("\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x07"),
	    SLICE_LIT("\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x04"),
	    NULL);
	der = derw_slice(&w);
	copy = malloc(der.n);
	for (size_t i = 0; i < der.n * 8; i++) {
		memcpy(copy, der.p, der.n);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		crl_open(SLICE(copy, der.n), &c, &e);
		crl_free(c);
	}
	for (size_t i = 0; i < der.n; i++) {
		crl_open(SLICE(der.p, i), &c, &e);
		cut += c != NULL;
		crl_free(c);
	}
	free(copy);
	ok(cut == 0, "crl: a cut CRL is refused, a damaged one does no harm");
}

/* What openssl makes, in PEM and DER. */
static const char script[] =
    "exec >$D/log 2>&1; cd $D && touch index && echo 01 >number &&"
    "printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\ncrlnumber=number\\n"
    "default_md=sha256\\ndefault_crl_days=30\\ncrl_extensions=x\\n"
    "[x]\\nauthorityKeyIdentifier=keyid\\n' >cnf &&"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out ca.pem "
    "-subj /CN=ca -days 30 &&"
    "openssl req -newkey rsa:2048 -nodes -keyout k2 -subj /CN=ee |"
    "openssl x509 -req -CA ca.pem -CAkey key -set_serial 0xfe01 "
    "-out ee.pem &&"
    "openssl ca -config cnf -keyfile key -cert ca.pem "
    "-gencrl -out empty.pem &&"
    "openssl ca -config cnf -keyfile key -cert ca.pem "
    "-revoke ee.pem -crl_reason keyCompromise &&"
    "openssl ca -config cnf -keyfile key -cert ca.pem "
    "-gencrl -out crl.pem &&"
    "openssl crl -in crl.pem -outform DER -out crl.der";

static struct crl *
load(const char *dir, const char *name)
{
	struct err e = { .code = E_NONE };
	char path[256];
	struct crl *c;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (crl_load(path, &c, &e) == -1)
		printf("# %s: %s\n", err_name(e.code), e.detail);
	return c;
}

static void
test_openssl(const char *dir)
{
	struct err e = { .code = E_NONE };
	struct crl *c, *der, *empty;
	struct certs ca;
	char path[256];
	int reason = 0;

	setenv("D", dir, 1);
	snprintf(path, sizeof(path), "%s/ca.pem", dir);
	ok(system(script) == 0 && certs_load(path, &ca, &e) == 0,
	    "openssl made a CA and a CRL");
	if (ca.n == 0)
		return;
	c = load(dir, "crl.pem");
	der = load(dir, "crl.der");
	empty = load(dir, "empty.pem");
	ok(c && der && slice_eq(crl_der(c), crl_der(der)),
	    "crl: PEM and DER are the same");
	ok(c && crl_verify(c, ca.v[0].spki, &e) == 0 &&
	    slice_eq(crl_issuer(c), ca.v[0].subject) &&
	    slice_eq(crl_aki(c), ca.v[0].ski) &&
	    slice_eq(crl_number(c), SLICE_LIT("\x02")) &&
	    !crl_not_understood(c), "crl: of openssl verifies");
	ok(c && crl_lookup(c, SLICE_LIT("\x00\xfe\x01"), &reason, NULL) &&
	    reason == 1, "crl: what openssl revoked is found");
	ok(empty && crl_count(empty) == 0 &&
	    !crl_lookup(empty, SLICE_LIT("\x00\xfe\x01"), NULL, NULL),
	    "crl: an empty one has nobody");
	ok(load(dir, "ca.pem") == NULL && load(dir, "absent") == NULL,
	    "crl: other files are refused");
	crl_free(c);
	crl_free(der);
	crl_free(empty);
	certs_free(&ca);
}

int
main(void)
{
	char dir[] = "/tmp/t_crl.XXXXXX", cmd[64];

	derw_init(&w, 64 << 20);
	test_shape();
	test_understood();
	test_twice();
	test_many();
	test_damage();
	if (mkdtemp(dir) == NULL)
		return 1;
	test_openssl(dir);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (system(cmd) != 0)
		return 1;
	derw_release(&w);
	return done();
}
