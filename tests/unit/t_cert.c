#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/cert.h"
#include "tap.h"

#define CN_CA	"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "ca"
#define CN_EE	"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "ee"
#define NO_NAME	"\x30\x00"
#define ALG	"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define ALG_384	"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"
#define ALG_ODD	"\x30\x04\x06\x02\x2a\x03"
#define BITS	"\x03\x03\x00\xaa\xbb"

#define T2026	1767225600
#define T2060	2840140800

/* A certificate by its parts, right or wrong; only the shape matters. */
struct parts {
	int		 version;	/* what [0] says; -1: no [0] */
	struct slice	 serial, inner, outer, issuer, subject;
	struct slice	 uid;		/* raw, after the key */
	struct slice	 exts;		/* content of Extensions */
};

static const struct parts good = { .version = 2, .serial = { (const uint8_t *)
    "\x05", 1 }, .inner = { (const uint8_t *)ALG, 12 },
    .outer = { (const uint8_t *)ALG, 12 },
    .issuer = { (const uint8_t *)CN_CA, 15 },
    .subject = { (const uint8_t *)CN_EE, 15 }, .exts = { NULL, 1 } };

static struct derw made, exts;

static void
write_tbs(struct derw *w, const struct parts *p)
{
	size_t mark = derw_mark(w), at;

	if (p->exts.p != NULL || p->exts.n == 0) {
		derw_raw(w, p->exts);
		derw_wrap(w, DER_SEQUENCE, mark);
		derw_wrap(w, DER_CTX(3), mark);
	}
	derw_raw(w, p->uid);
	at = derw_mark(w);
	derw_raw(w, SLICE_LIT(ALG BITS));
	derw_wrap(w, DER_SEQUENCE, at);
	derw_raw(w, p->subject);
	at = derw_mark(w);
	derw_time(w, T2060);
	derw_time(w, T2026);
	derw_wrap(w, DER_SEQUENCE, at);
	derw_raw(w, p->issuer);
	derw_raw(w, p->inner);
	derw_prim(w, DER_INTEGER, p->serial);
	if (p->version != -1) {
		at = derw_mark(w);
		derw_int(w, DER_INTEGER, p->version);
		derw_wrap(w, DER_CTX(0), at);
	}
	derw_wrap(w, DER_SEQUENCE, mark);
}

static struct slice
make(const struct parts *p)
{
	derw_reset(&made);
	derw_raw(&made, SLICE_LIT(BITS));
	derw_raw(&made, p->outer);
	write_tbs(&made, p);
	derw_wrap(&made, DER_SEQUENCE, 0);
	return derw_slice(&made);
}

static enum err_code
try(const struct parts *p, struct cert *c)
{
	struct err e = { .code = E_NONE };
	struct cert ignored;

	if (cert_open(make(p), c ? c : &ignored, &e) == 0)
		return E_NONE;
	return e.code;
}

/* Put one Extension before what is there. */
static void
ext_raw(struct slice oid, int critical, struct slice value)
{
	size_t mark = derw_mark(&exts);

	derw_prim(&exts, DER_OCTET_STRING, value);
	if (critical)
		derw_bool(&exts, 1);
	derw_oid(&exts, oid);
	derw_wrap(&exts, DER_SEQUENCE, mark);
}

/* The result for a certificate with this one extension. */
static enum err_code
try_ext(enum oid id, int critical, struct slice value, struct cert *c)
{
	struct parts p = good;

	derw_reset(&exts);
	ext_raw(oid_bytes(id), critical, value);
	p.exts = derw_slice(&exts);
	return try(&p, c);
}

static void
test_shape(void)
{
	struct parts p = good;
	struct cert c;

	ok(try(&good, &c) == E_NONE && c.version == 3 &&
	    c.not_before == T2026 && c.not_after == T2060 &&
	    c.sigalg.scheme == SIG_ECDSA && c.sig.n == 2,
	    "cert: a v3 certificate is read");
	ok(c.path_len == -1 && !c.has_bc && !c.has_ku && c.eku.p == NULL,
	    "cert: what is absent is absent in the view");
	p.version = -1;
	ok(try(&p, &c) == E_NONE && c.version == 1, "cert: v1 is read");
	p.version = 0;
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: an encoded v1 is refused");
	p.version = 1;
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: v2 is refused");
	p.version = 3;
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: v4 is refused");
	p = good;
	p.outer = SLICE_LIT(ALG_384);
	ok(try(&p, NULL) == E_CERT_SYNTAX,
	    "cert: inner and outer algorithm have to be the same");
	p.inner = p.outer = SLICE_LIT(ALG_ODD);
	ok(try(&p, &c) == E_NONE && c.sigalg.scheme == SIG_NONE &&
	    !cert_is_self_signed(&c),
	    "cert: an unknown algorithm is no error, only of no use");
	p = good;
	p.uid = SLICE_LIT("\x81\x02\x00\x01\x82\x02\x00\x02");
	ok(try(&p, NULL) == E_NONE, "cert: unique identifiers are tolerated");
	p.version = -1;
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: but not in v1");
}

static void
test_serial(void)
{
	static const char ones[] = "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
	struct parts p = good;

	p.serial = SLICE_LIT("\x00");
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: serial zero is refused");
	p.serial = SLICE_LIT("\x80");
	ok(try(&p, NULL) == E_CERT_SYNTAX,
	    "cert: a negative serial is refused");
	p.serial = SLICE(ones, 21);
	ok(try(&p, NULL) == E_NONE,
	    "cert: 20 octets and a sign octet are fine");
	p.serial = SLICE(ones, 22);
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: 21 octets are refused");
	p.serial = SLICE("\x7f\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
	    "\x01\x01\x01\x01\x01\x01\x01\x01", 21);
	ok(try(&p, NULL) == E_CERT_SYNTAX,
	    "cert: 21 octets without a sign octet are refused");
	p.serial = SLICE_LIT("\x00\x05");
	ok(try(&p, NULL) == E_DER_INTEGER, "cert: a padded serial is refused");
}

static void
test_names(void)
{
	struct parts p = good;

	p.issuer = SLICE_LIT(NO_NAME);
	ok(try(&p, NULL) == E_NAME_SYNTAX, "cert: an empty issuer is refused");
	p = good;
	p.subject = SLICE_LIT(NO_NAME);
	ok(try(&p, NULL) == E_NONE, "cert: an empty subject is read");
	p.subject = SLICE_LIT("\x30\x02\x31\x00");
	ok(try(&p, NULL) == E_NAME_SYNTAX, "cert: a bad subject is refused");
}

static void
test_exts(void)
{
	struct parts p = good;
	struct cert c;

	p.exts = SLICE_NONE;
	ok(try(&p, NULL) == E_CERT_SYNTAX,
	    "cert: empty Extensions are refused");
	derw_reset(&exts);
	ext_raw(SLICE_LIT("\x2a\x03"), 0, SLICE_LIT("x"));
	ext_raw(SLICE_LIT("\x2a\x04"), 1, SLICE_LIT("x"));
	ext_raw(SLICE_LIT("\x2a\x05"), 1, SLICE_LIT("x"));
	p.exts = derw_slice(&exts);
	ok(try(&p, &c) == E_NONE &&
	    slice_eq(c.unknown_critical, SLICE_LIT("\x2a\x05")),
	    "cert: the first unknown critical extension is noted");
	ext_raw(SLICE_LIT("\x2a\x03"), 0, SLICE_LIT("y"));
	p.exts = derw_slice(&exts);
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: a duplicate is refused");
	derw_reset(&exts);
	for (int i = 0; i < 65; i++)
		ext_raw(SLICE(((uint8_t[]){ 0x2a, (uint8_t)i }), 2), 0,
		    SLICE_LIT("x"));
	p.exts = derw_slice(&exts);
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: 65 extensions are refused");
	p.version = -1;
	ok(try(&p, NULL) == E_CERT_SYNTAX, "cert: no extensions in v1");
	ok(try_ext(OID_POLICIES, 1, SLICE_LIT("\x30\x04\x30\x02\x06\x00"),
	    NULL) == E_DER_OID, "cert: a known extension is walked");
	ok(try_ext(OID_SKI, 0, SLICE_LIT("\x04\x01" "a" "\x05\x00"),
	    NULL) == E_DER_TRAILING, "cert: no bytes after a known extension");
	ok(try_ext(OID_POLICIES, 1, SLICE_LIT("\x30\x05\x30\x03\x06\x01\x2a"),
	    &c) == E_NONE && c.unknown_critical.p == NULL,
	    "cert: critical certificatePolicies are understood");
	ok(try_ext(OID_INHIBIT_ANY, 1, SLICE_LIT("\x02\x01\x00"), &c) ==
	    E_NONE && c.unknown_critical.p != NULL,
	    "cert: critical inhibitAnyPolicy is not understood");
	ok(try_ext(OID_AIA, 1, SLICE_LIT("x"), &c) == E_NONE &&
	    c.unknown_critical.p != NULL,
	    "cert: a critical authorityInfoAccess is not understood");
}

static void
test_values(void)
{
	struct cert c;

	ok(try_ext(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x06\x01\x01\xff"
	    "\x02\x01\x02"), &c) == E_NONE && c.ca && c.path_len == 2,
	    "basicConstraints: cA and pathLenConstraint are read");
	ok(try_ext(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x00"), &c) ==
	    E_NONE && c.has_bc && !c.ca && c.path_len == -1,
	    "basicConstraints: empty is no CA");
	ok(try_ext(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x03\x01\x01\x00"),
	    NULL) == E_CERT_SYNTAX, "basicConstraints: cA FALSE is refused");
	ok(try_ext(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x03\x02\x01\x00"),
	    NULL) == E_CERT_SYNTAX,
	    "basicConstraints: pathLenConstraint needs cA");
	ok(try_ext(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x06\x01\x01\xff"
	    "\x02\x01\xff"), NULL) == E_CERT_SYNTAX,
	    "basicConstraints: a negative pathLenConstraint is refused");
	ok(try_ext(OID_KEY_USAGE, 1, SLICE_LIT("\x03\x02\x01\x06"), &c) ==
	    E_NONE && c.ku == (KU_KEY_CERT_SIGN | KU_CRL_SIGN),
	    "keyUsage: the bits are read");
	ok(try_ext(OID_KEY_USAGE, 1, SLICE_LIT("\x03\x02\x00\x06"), NULL) ==
	    E_CERT_SYNTAX, "keyUsage: trailing zero bits are refused");
	ok(try_ext(OID_KEY_USAGE, 1, SLICE_LIT("\x03\x01\x00"), NULL) ==
	    E_CERT_SYNTAX, "keyUsage: no bit is refused");
	ok(try_ext(OID_EKU, 0, SLICE_LIT("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05"
	    "\x07\x03\x1c"), &c) == E_NONE && cert_has_eku(&c, OID_KP_CMC_RA) &&
	    !cert_has_eku(&c, OID_KP_CMC_CA),
	    "extKeyUsage: a purpose is found");
	ok(try_ext(OID_EKU, 0, SLICE_LIT("\x30\x06\x06\x04\x55\x1d\x25\x00"),
	    &c) == E_NONE && !cert_has_eku(&c, OID_KP_CMC_RA),
	    "extKeyUsage: anyExtendedKeyUsage is no other purpose");
	ok(try_ext(OID_EKU, 0, SLICE_LIT("\x30\x00"), NULL) == E_CERT_SYNTAX,
	    "extKeyUsage: no purpose is refused");
	ok(try_ext(OID_SAN, 0, SLICE_LIT("\x30\x03\x82\x01" "a"), &c) ==
	    E_NONE && c.san.n == 5, "subjectAltName: is kept with its header");
	ok(try_ext(OID_SAN, 0, SLICE_LIT("\x30\x00"), NULL) == E_CERT_SYNTAX,
	    "subjectAltName: no entry is refused");
	ok(try_ext(OID_SAN, 0, SLICE_LIT("\x30\x03\x0c\x01" "a"), NULL) ==
	    E_CERT_SYNTAX, "subjectAltName: what is no GeneralName is refused");
	ok(try_ext(OID_SKI, 0, SLICE_LIT("\x04\x00"), NULL) == E_CERT_SYNTAX,
	    "subjectKeyIdentifier: empty is refused");
	ok(try_ext(OID_AKI, 0, SLICE_LIT("\x30\x0b\x80\x01" "k"
	    "\xa1\x03\x82\x01n" "\x82\x01\x05"), &c) ==
	    E_NONE && c.aki.n == 1 &&
	    c.aki_issuer.n == 3 && c.aki_serial.n == 1,
	    "authorityKeyIdentifier: all three parts are read");
	ok(try_ext(OID_AKI, 0, SLICE_LIT("\x30\x03\x82\x01\x05"), NULL) ==
	    E_CERT_SYNTAX, "authorityKeyIdentifier: a serial needs an issuer");
	ok(try_ext(OID_NAME_CONSTRAINTS, 1, SLICE_LIT("\x30\x00"), NULL) ==
	    E_CERT_SYNTAX, "nameConstraints: empty is refused");
}

/* Every byte cut off and every bit turned over: no crash, that is all. */
static void
test_damage(void)
{
	struct parts p = good;
	struct err e = { .code = E_NONE };
	struct slice der;
	struct cert c;
	uint8_t *copy;
	int n = 0;

	derw_reset(&exts);
	ext_raw(oid_bytes(OID_KEY_USAGE), 1, SLICE_LIT("\x03\x02\x01\x06"));
	ext_raw(oid_bytes(OID_SAN), 0, SLICE_LIT("\x30\x03\x82\x01" "a"));
	ext_raw(oid_bytes(OID_AKI), 0, SLICE_LIT("\x30\x03\x80\x01" "k"));
	p.exts = derw_slice(&exts);
	der = make(&p);
	copy = malloc(der.n);
	for (size_t i = 0; i < der.n * 8; i++) {
		memcpy(copy, der.p, der.n);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		n += cert_open(SLICE(copy, der.n), &c, &e) == 0;
	}
	free(copy);
	for (size_t i = 0; i < der.n; i++) {
		copy = malloc(i ? i : 1);
		memcpy(copy, der.p, i);
		n += cert_open(SLICE(copy, i), &c, &e) == 0 ? 100000 : 0;
		free(copy);
	}
	ok(n < 100000, "cert: a cut certificate is refused, a damaged one "
	    "does no harm");
}

static enum err_code
unpem(const char *text, size_t *n)
{
	struct err e = { .code = E_NONE };
	struct buf b;

	buf_init(&b, 4096);
	cert_unpem(slice_str(text), "CERTIFICATE", &b, &e);
	*n = b.n;
	buf_release(&b);
	return e.code;
}

#define BEGIN	"-----BEGIN CERTIFICATE-----\n"
#define END	"-----END CERTIFICATE-----\n"

static void
test_pem(void)
{
	size_t n;

	ok(unpem("text\n" BEGIN "MAMCAQU=\n" END, &n) == E_NONE && n == 5,
	    "pem: a block is found after text");
	ok(unpem(BEGIN "MAMC\r\nAQU=\r\n" END BEGIN "MAA= \n" END, &n) ==
	    E_NONE && n == 7, "pem: lines of any length, CRLF, blanks");
	ok(unpem("-----BEGIN X-----\n!\n-----END X-----\n" BEGIN "MAA=\n" END,
	    &n) == E_NONE && n == 2, "pem: other blocks are skipped");
	ok(unpem(BEGIN "MAA=\n", &n) == E_CERT_SYNTAX,
	    "pem: a missing END is refused");
	ok(unpem(BEGIN "MAA=\n-----END X-----\n", &n) == E_CERT_SYNTAX,
	    "pem: END of another label is refused");
	ok(unpem(BEGIN "MA!=\n" END, &n) == E_CERT_SYNTAX,
	    "pem: a character outside of base64 is refused");
	ok(unpem(BEGIN "MAB=\n" END, &n) == E_CERT_SYNTAX,
	    "pem: bits that nobody reads have to be zero");
	ok(unpem(BEGIN "MAA\n" END, &n) == E_CERT_SYNTAX,
	    "pem: a cut group is refused");
	ok(unpem(BEGIN "MA=A\n" END, &n) == E_CERT_SYNTAX &&
	    unpem(BEGIN "MAA=MAA=\n" END, &n) == E_CERT_SYNTAX &&
	    unpem(BEGIN "M===\n" END, &n) == E_CERT_SYNTAX,
	    "pem: padding stands at the end only");
	ok(unpem(BEGIN "MAAA\n" END, &n) == E_DER_LENGTH &&
	    unpem(BEGIN END, &n) == E_DER_LENGTH,
	    "pem: a block is exactly one DER value");
}

/* Keys and signatures from here on. */

static struct buf text;

static void
load_and_show(const char *dir, const char *name, struct slice der)
{
	struct err e = { .code = E_NONE };
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	buf_reset(&text);
	cert_pem(&text, "CERTIFICATE", der);
	if (file_deliver_path(path, buf_slice(&text), 0600, FILE_REPLACE,
	    &e) == -1)
		printf("# %s\n", e.detail);
}

static int
run(const char *fmt, const char *dir)
{
	char cmd[1024];
	size_t n = 0;

	/* "@" stands for the directory */
	for (; *fmt && n < sizeof(cmd) - 256; fmt++) {
		if (*fmt == '@')
			n += (size_t)snprintf(cmd + n, sizeof(cmd) - n, "%s",
			    dir);
		else
			cmd[n++] = *fmt;
	}
	cmd[n] = '\0';
	return system(cmd) == 0;
}

static const char *const crl_uris[] = { "http://ca.example/ca.crl",
    "http://ca2.example/ca.crl", NULL };
static const char *const ocsp_uris[] = { "http://ocsp.example/", NULL };
static const enum oid purposes[] = { OID_KP_CLIENT_AUTH, OID_KP_CMC_RA };

static const struct tbs ca_tbs = {
	.serial = { (const uint8_t *)"\xff\x01", 2 },
	.issuer = { (const uint8_t *)CN_CA, 15 },
	.subject = { (const uint8_t *)CN_CA, 15 },
	.not_before = T2026, .not_after = T2060, .ca = 1, .path_len = 0,
	.ku = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
};
static const struct tbs ee_tbs = {
	.serial = { (const uint8_t *)"\x01\x02\x03", 3 },
	.issuer = { (const uint8_t *)CN_CA, 15 },
	.subject = { (const uint8_t *)NO_NAME, 2 },
	.not_before = T2026, .not_after = T2060, .ca = 0, .path_len = -1,
	.ku = KU_DIGITAL_SIGNATURE, .eku = purposes, .n_eku = 2,
	.san = { (const uint8_t *)"\x30\x08\x82\x06" "a.test", 10 },
	.crl_dp = crl_uris, .aia_ocsp = ocsp_uris,
};

static void
test_view_of_ee(const struct cert *ee, const struct cert *ca, const char *spec)
{
	uint8_t id[20], h[HASH_MAX];
	struct err e = { .code = E_NONE };

	cert_key_id(ee->spki, id);
	ok(slice_eq(ee->ski, SLICE(id, 20)) && slice_eq(ee->aki, ca->ski) &&
	    slice_eq(ee->san, ee_tbs.san) && ee->ku == ee_tbs.ku &&
	    ee->has_bc && !ee->ca && cert_has_eku(ee, OID_KP_CMC_RA) &&
	    ee->crl_dp.p != NULL && ee->unknown_critical.p == NULL,
	    "cert_sign: %s: says what was asked for", spec);
	ok(!cert_is_self_signed(ee) && key_verify(ca->spki, &ee->sigalg,
	    ee->tbs, ee->sig, &e) == 0,
	    "cert_sign: %s: its signature is the issuer's", spec);
	ok(cert_hash(ee, h) >= 32, "cert_hash: %s: has a rule", spec);
}

static void
test_family(const char *spec, const char *dir)
{
	struct err e = { .code = E_NONE };
	struct tbs ct = ca_tbs, et = ee_tbs;
	struct key *ck = NULL, *ek = NULL;
	struct buf ca_der, ee_der;
	struct cert ca, ee;
	struct sigalg a;

	buf_init(&ca_der, 65536);
	buf_init(&ee_der, 65536);
	if (key_generate(spec, &ck, &e) == -1 ||
	    key_generate("ec:P-256", &ek, &e) == -1)
		goto out;
	a = alg_default(key_info(ck));
	ct.spki = key_spki(ck);
	et.spki = key_spki(ek);
	ok(cert_sign(&ct, ck, &a, &ca_der, &e) == 0 &&
	    cert_open(buf_slice(&ca_der), &ca, &e) == 0 &&
	    cert_is_self_signed(&ca) && ca.ca && ca.path_len == 0,
	    "cert_sign: %s: makes a CA", spec);
	et.aki = ca.ski;
	ok(cert_sign(&et, ck, &a, &ee_der, &e) == 0 &&
	    cert_open(buf_slice(&ee_der), &ee, &e) == 0,
	    "cert_sign: %s: makes a certificate", spec);
	test_view_of_ee(&ee, &ca, spec);
	load_and_show(dir, "ca.pem", ca.der);
	load_and_show(dir, "ee.pem", ee.der);
	ok(run("openssl verify -x509_strict -CAfile @/ca.pem @/ee.pem "
	    ">@/log 2>&1 || { sed 's/^/# /' @/log; false; }", dir),
	    "cert_sign: %s: openssl verify -x509_strict agrees", spec);
out:
	if (e.code != E_NONE)
		ok(0, "%s: %s %s", spec, err_name(e.code), e.detail);
	key_free(ck);
	key_free(ek);
	buf_release(&ca_der);
	buf_release(&ee_der);
}

static void
test_refused(void)
{
	static const char *const bad[] = { "http://a b/", NULL };
	struct err e = { .code = E_NONE };
	struct tbs t = ee_tbs;
	struct key *k = NULL;
	struct sigalg a;
	struct buf b;

	buf_init(&b, 65536);
	if (key_generate("ec:P-256", &k, &e) == -1)
		return;
	a = alg_default(key_info(k));
	t.spki = key_spki(k);
	t.serial = SLICE_LIT("\x00\x00");
	ok(cert_sign(&t, k, &a, &b, &e) == -1 && b.n == 0,
	    "cert_sign: refuses serial zero");
	t.serial = ee_tbs.serial;
	t.crl_dp = bad;
	ok(cert_sign(&t, k, &a, &b, &e) == -1 && e.code == E_CONF,
	    "cert_sign: refuses a URI with a blank");
	t.crl_dp = NULL;
	t.issuer = SLICE_LIT(NO_NAME);
	ok(cert_sign(&t, k, &a, &b, &e) == -1 && e.code == E_NAME_SYNTAX,
	    "cert_sign: refuses what it could not read back");
	t.issuer = ee_tbs.issuer;
	t.san = SLICE_LIT("\x30\x00");
	ok(cert_sign(&t, k, &a, &b, &e) == -1 && b.n == 0,
	    "cert_sign: refuses an empty subjectAltName");
	key_free(k);
	buf_release(&b);
}

static void
test_files(const char *dir)
{
	struct err e = { .code = E_NONE };
	struct certs c;
	char path[256];

	ok(run("cat @/ca.pem @/ee.pem >@/both.pem", dir) &&
	    run("openssl x509 -in @/ca.pem -outform DER -out @/ca.der", dir) &&
	    run("cat @/ca.der @/ca.der >@/two.der", dir) &&
	    run("openssl genpkey -quiet -algorithm ED25519 >@/key.pem", dir),
	    "files are there");
	snprintf(path, sizeof(path), "%s/both.pem", dir);
	ok(certs_load(path, &c, &e) == 0 && c.n == 2 && c.v[0].ca &&
	    !c.v[1].ca, "certs: two certificates from PEM, in order");
	certs_free(&c);
	snprintf(path, sizeof(path), "%s/ca.der", dir);
	ok(certs_load(path, &c, &e) == 0 && c.n == 1,
	    "certs: one certificate from DER");
	certs_free(&c);
	snprintf(path, sizeof(path), "%s/two.der", dir);
	ok(certs_load(path, &c, &e) == -1 && e.code == E_DER_TRAILING &&
	    c.n == 0, "certs: bytes after the DER are refused");
	snprintf(path, sizeof(path), "%s/key.pem", dir);
	ok(certs_load(path, &c, &e) == -1 && e.code == E_CERT_SYNTAX,
	    "certs: a file without certificates is refused");
	snprintf(path, sizeof(path), "%s/absent", dir);
	ok(certs_load(path, &c, &e) == -1 && e.code == E_NOINPUT,
	    "certs: an absent file is no input");
}

int
main(void)
{
	static const char *const specs[] = { "rsa:2048", "rsa-pss:2048",
	    "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448" };
	char dir[] = "/tmp/t_cert.XXXXXX";

	derw_init(&made, 1 << 16);
	derw_init(&exts, 1 << 16);
	buf_init(&text, 1 << 16);
	test_shape();
	test_serial();
	test_names();
	test_exts();
	test_values();
	test_damage();
	test_pem();
	if (mkdtemp(dir) == NULL)
		return 1;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		test_family(specs[i], dir);
	test_refused();
	test_files(dir);
	run("rm -rf @", dir);
	derw_release(&made);
	derw_release(&exts);
	buf_release(&text);
	return done();
}
