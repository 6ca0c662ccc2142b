/* Profiles: what a template may fill in, and which keys are certified. */
#include <gmp.h>
#include <string.h>

#include "pki/key.h"
#include "pki/name.h"
#include "pki/san.h"
#include "policy/profile.h"
#include "tests/unit/tap.h"

#define NOW	INT64_C(1790000000)
#define DAY	INT64_C(86400)

static struct err e;
static struct conf *conf;
static const struct conf_profile *prof;
static struct cert issuer;
static struct cert_template tmpl;
static struct wish wish;

/* Everything that templates point to, until the next begin(). */
static struct buf ca_name, name, key_tlv;
static struct derw exts;

static void
profile(const char *keys)
{
	char text[512];

	conf_free(conf);
	conf = NULL;
	snprintf(text, sizeof(text), "[profile default]\n%s", keys);
	if (conf_parse(slice_str(text), "t.conf", &conf, &e) == -1)
		printf("Bail out! %s\n", e.detail);
	prof = conf_profile(conf, "default", 7);
}

/* A SubjectPublicKeyInfo as it stands in a template: [6]. */
static void
retag(struct buf *spki)
{
	spki->p[0] = DER_CTX(6);
}

/* A good template: CN=x, a P-256 key, nothing else. */
static void
begin(void)
{
	struct key *k;

	tmpl = (struct cert_template){ .has_version = 0 };
	if (key_tlv.n == 0) {
		if (key_generate("ec:P-256", &k, &e) == -1)
			printf("Bail out! %s\n", e.detail);
		buf_add_slice(&key_tlv, key_spki(k));
		retag(&key_tlv);
		key_free(k);
	}
	buf_reset(&name);
	name_parse("CN=x,O=E", &name, &e);
	tmpl.subject = buf_slice(&name);
	tmpl.public_key = buf_slice(&key_tlv);
	derw_reset(&exts);
	issuer = (struct cert){ .subject = buf_slice(&ca_name),
		.not_before = NOW - 1000 * DAY, .not_after = NOW + 3000 * DAY,
		.ski = SLICE_LIT("01234567890123456789") };
}

/* Ask for extension ${id}; earlier ones come after it. */
static void
ask(enum oid id, int critical, struct slice value)
{
	size_t mark = derw_mark(&exts);

	derw_prim(&exts, DER_OCTET_STRING, value);
	if (critical)
		derw_bool(&exts, 1);
	derw_oid(&exts, oid_bytes(id));
	derw_wrap(&exts, DER_SEQUENCE, mark);
	tmpl.extensions = derw_slice(&exts);
}

static void
ask_ku(uint32_t ku)
{
	struct derw w;

	derw_init(&w, 64);
	derw_named_bits(&w, DER_BIT_STRING, ku);
	ask(OID_KEY_USAGE, 1, derw_slice(&w));
	derw_release(&w);
}

static void
ask_eku(enum oid a, enum oid b)
{
	struct derw w;

	derw_init(&w, 64);
	if (b != OID_UNKNOWN)
		derw_oid(&w, oid_bytes(b));
	if (a != OID_UNKNOWN)
		derw_oid(&w, oid_bytes(a));
	derw_wrap(&w, DER_SEQUENCE, 0);
	ask(OID_EKU, 0, derw_slice(&w));
	derw_release(&w);
}

static void
ask_san(const char *a, const char *b)
{
	struct buf in;
	struct derw w;

	buf_init(&in, 1024);
	derw_init(&w, 1024);
	if (san_parse(a, &in, &e) == -1 ||
	    (b != NULL && san_parse(b, &in, &e) == -1))
		printf("# %s\n", e.detail);
	derw_raw(&w, buf_slice(&in));
	derw_wrap(&w, DER_SEQUENCE, 0);
	ask(OID_SAN, 0, derw_slice(&w));
	derw_release(&w);
	buf_release(&in);
}

static enum err_code
applied(void)
{
	e = (struct err){ 0 };
	wish_release(&wish);
	if (profile_apply(prof, &tmpl, &issuer, NOW, &wish, &e) == -1)
		printf("# %s: %s\n", err_name(e.code), e.detail);
	return e.code;
}

static void
plain(void)
{
	struct tbs t;

	profile("");
	begin();
	ok(applied() == E_NONE && !wish.mods && wish.n_eku == 1 &&
	    wish.ku == KU_DIGITAL_SIGNATURE && wish.san.n == 0 &&
	    wish.not_before == NOW - 300 && wish.not_after == NOW + 365 * DAY,
	    "profile: fills in what the template leaves open");
	ok(wish.spki.n == key_tlv.n && wish.spki.p[0] == DER_SEQUENCE &&
	    slice_eq(buf_slice(&wish.subject), buf_slice(&name)),
	    "profile: key and subject are those of the template");
	profile_tbs(prof, &wish, &issuer, SLICE_LIT("\x01"), &t);
	ok(t.ca == 0 && t.path_len == -1 && t.crl_dp == NULL && t.n_eku == 1 &&
	    t.san.p == NULL && slice_eq(t.aki, issuer.ski) &&
	    slice_eq(t.issuer, issuer.subject), "profile: what is signed says so");
	profile("crl-dp = http://a/ http://b/\nocsp = http://c/\n");
	profile_tbs(prof, &wish, &issuer, SLICE_LIT("\x01"), &t);
	ok(t.crl_dp != NULL && strcmp(t.crl_dp[1], "http://b/") == 0 &&
	    t.crl_dp[2] == NULL && t.aia_ocsp != NULL &&
	    t.aia_ca_issuers == NULL, "profile: locations are the profile's");
	profile("");
}

static void
fields(void)
{
	struct buf other;

	buf_init(&other, 1024);
	begin();
	tmpl.has_version = 1;
	tmpl.version = 2;
	ok(applied() == E_NONE, "template: version 2 is fine");
	tmpl.version = 0;
	ok(applied() == E_TMPL_VERSION, "template: version 0 is refused");
	begin();
	tmpl.serial = SLICE_LIT("\x01");
	ok(applied() == E_TMPL_FIELD, "template: serialNumber is refused");
	begin();
	tmpl.signing_alg = SLICE_LIT("");
	ok(applied() == E_TMPL_FIELD, "template: signingAlg is refused");
	begin();
	tmpl.subject_uid = SLICE_LIT("\0x");
	ok(applied() == E_TMPL_FIELD, "template: unique ids are refused");
	begin();
	name_parse("cn=plant  ca,O=Example", &other, &e);
	tmpl.issuer = buf_slice(&other);
	ok(applied() == E_NONE, "template: our own name as issuer is fine");
	buf_reset(&other);
	name_parse("CN=Other", &other, &e);
	tmpl.issuer = buf_slice(&other);
	ok(applied() == E_NONE && wish.mods,
	    "template: another issuer is replaced, and that is a change");
	begin();
	tmpl.public_key = SLICE_NONE;
	ok(applied() == E_TMPL_KEY, "template: a missing key is refused");
	buf_release(&other);
}

static void
subjects(void)
{
	begin();
	tmpl.subject = SLICE_NONE;
	ok(applied() == E_TMPL_SUBJECT, "subject: a missing one is refused");
	tmpl.subject = SLICE_LIT("\x30\x00");
	ok(applied() == E_TMPL_NO_NAME, "subject: NULL-DN alone names nobody");
	ask_san("dns:a.example", NULL);
	ok(applied() == E_TMPL_SUBJECT, "subject: NULL-DN with a SAN is refused "
	    "unless the profile allows it");
	profile("empty-subject = yes\n");
	ok(applied() == E_NONE && name_is_empty(buf_slice(&wish.subject)),
	    "subject: NULL-DN with a SAN is fine if the profile allows it");
	profile("");
	tmpl.subject = SLICE_LIT("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03"
	    "\x0c\x01\x07");
	ok(applied() == E_TMPL_SUBJECT, "subject: a control character is refused");
}

static void
sans(void)
{
	begin();
	ask_san("dns:a.example", "ip:10.0.0.7");
	ok(applied() == E_NONE && !wish.mods && wish.san.n == 2 + 11 + 6 &&
	    slice_eq(SLICE(wish.san.p, 2), SLICE_LIT("\x30\x11")),
	    "san: allowed entries are written anew");
	begin();
	ask_san("dn:CN=x", NULL);
	ok(applied() == E_TMPL_SAN, "san: a kind outside the profile is refused");
	profile("san = dn\nmax-san = 1\n");
	ok(applied() == E_NONE && wish.san.p[2] == DER_CTX(4),
	    "san: a directoryName is explicit");
	begin();
	ask_san("dn:CN=x", "dn:CN=y");
	ok(applied() == E_TMPL_SAN, "san: more than max-san is refused");
	profile("");
	begin();
	ask_san("dns:*.example", NULL);
	ok(applied() == E_TMPL_SAN, "san: a wildcard is refused");
	profile("wildcard = yes\n");
	ok(applied() == E_NONE, "san: a wildcard is fine if the profile says so");
	profile("");
	begin();
	ask(OID_SAN, 0, SLICE_LIT("\x30\x00"));
	ok(applied() == E_TMPL_SAN, "san: an empty one is refused");
	begin();
	ask(OID_SAN, 0, SLICE_LIT("\x30\x03\x82\x01"));
	ok(applied() != E_NONE, "san: a cut one is refused");
	begin();
	ask(OID_SAN, 0, SLICE_LIT("\x30\x06\xa0\x04\x06\x02\x2a\x03"));
	ok(applied() == E_TMPL_SAN, "san: otherName is refused");
}

static void
usages(void)
{
	profile("key-usage = digitalSignature keyAgreement keyEncipherment\n"
	    "eku = clientAuth serverAuth\n");
	begin();
	ok(applied() == E_NONE && !wish.mods && wish.n_eku == 2 &&
	    wish.ku == (KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT),
	    "keyUsage: an EC key gets those of the profile that fit it");
	ask_ku(KU_DIGITAL_SIGNATURE);
	ok(applied() == E_NONE && !wish.mods && wish.ku == KU_DIGITAL_SIGNATURE,
	    "keyUsage: fewer may be asked for");
	begin();
	ask_ku(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
	ok(applied() == E_NONE && wish.mods && wish.ku == KU_DIGITAL_SIGNATURE &&
	    strstr(wish.mods_text, "nonRepudiation left out") != NULL,
	    "keyUsage: what is not allowed is left out, and said");
	begin();
	ask_ku(KU_DATA_ENCIPHERMENT);
	ok(applied() == E_NONE && wish.mods &&
	    wish.ku == (KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT),
	    "keyUsage: if nothing is left the profile's own are given");
	begin();
	ask_ku(KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN);
	ok(applied() == E_TMPL_CA, "keyUsage: keyCertSign is refused");
	begin();
	ask_ku(KU_CRL_SIGN);
	ok(applied() == E_TMPL_CA, "keyUsage: cRLSign is refused");
	begin();
	ask_ku(0);
	ok(applied() == E_TMPL_EXT, "keyUsage: no bit at all is refused");
	begin();
	ask(OID_KEY_USAGE, 1, SLICE_LIT("\x03\x02\x00\x80"));
	ok(applied() != E_NONE, "keyUsage: trailing zero bits are refused");

	begin();
	ask_eku(OID_KP_SERVER_AUTH, OID_UNKNOWN);
	ok(applied() == E_NONE && !wish.mods && wish.n_eku == 1 &&
	    wish.eku[0] == OID_KP_SERVER_AUTH, "eku: fewer may be asked for");
	begin();
	ask_eku(OID_KP_SERVER_AUTH, OID_KP_EMAIL);
	ok(applied() == E_NONE && wish.mods && wish.n_eku == 1,
	    "eku: what is not allowed is left out");
	begin();
	ask_eku(OID_KP_EMAIL, OID_UNKNOWN);
	ok(applied() == E_NONE && wish.mods && wish.n_eku == 2,
	    "eku: if nothing is left the profile's own are given");
	begin();
	ask_eku(OID_UNKNOWN, OID_UNKNOWN);
	ok(applied() == E_TMPL_EXT, "eku: an empty one is refused");
	profile("");
}

static void
powers(void)
{
	static const enum oid bad[] = { OID_KP_ANY, OID_KP_OCSP_SIGNING,
		OID_KP_CMC_CA, OID_KP_CMC_RA, OID_KP_CM_KGA };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin();
		ask_eku(OID_KP_CLIENT_AUTH, bad[i]);
		ok(applied() == E_TMPL_CA, "eku: %s is refused", oid_name(bad[i]));
	}
	begin();
	ask(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x03\x01\x01\xff"));
	ok(applied() == E_TMPL_CA, "basicConstraints: cA is refused");
	begin();
	ask(OID_BASIC_CONSTRAINTS, 1, SLICE_LIT("\x30\x00"));
	ok(applied() == E_NONE && !wish.mods, "basicConstraints: an end entity "
	    "may say that it is one");
	begin();
	ask(OID_BASIC_CONSTRAINTS, 0, SLICE_LIT("\x30\x03\x01\x01\x00"));
	ok(applied() == E_DER_DEFAULT, "basicConstraints: an encoded default is "
	    "refused");
	begin();
	ask(OID_BASIC_CONSTRAINTS, 0, SLICE_LIT("\x30\x03\x02\x01\x00"));
	ok(applied() == E_TMPL_EXT, "basicConstraints: pathLen alone is refused");
}

static void
extensions(void)
{
	begin();
	ask(OID_POLICIES, 0, SLICE_LIT("\x30\x06\x30\x04\x06\x02\x2a\x03"));
	ok(applied() == E_NONE && wish.mods, "extension: policies are left out");
	begin();
	ask(OID_NAME_CONSTRAINTS, 1, SLICE_LIT("\x30\x00"));
	ok(applied() == E_TMPL_EXT, "extension: an unknown critical one is "
	    "refused");
	begin();
	ask(OID_SKI, 0, SLICE_LIT("\x04\x01x"));
	ok(applied() == E_NONE && wish.mods, "extension: a key id is ours to give");
	begin();
	ask_ku(KU_DIGITAL_SIGNATURE);
	ask_ku(KU_DIGITAL_SIGNATURE);
	ok(applied() == E_TMPL_EXT, "extension: twice the same is refused");
	begin();
	tmpl.extensions = SLICE_LIT("");
	ok(applied() == E_TMPL_EXT, "extension: an empty list is refused");
	begin();
	ask(OID_POLICIES, 0, SLICE_LIT("\x30\x06\x30"));
	ok(applied() != E_NONE, "extension: what is no DER is refused, also where "
	    "it would be left out");
	begin();
	for (int i = 0; i < 33; i++)
		ask((enum oid)(OID_RSA + i), 0,
		    SLICE_LIT("\x05\x00"));
	ok(applied() == E_TMPL_EXT, "extension: too many are refused");
	begin();
	for (int i = 0; i < 30; i++)
		ask((enum oid)(OID_RSA + i), 0, SLICE_LIT("\x05\x00"));
	ok(applied() == E_NONE && wish.mods &&
	    strlen(wish.mods_text) == sizeof(wish.mods_text) - 1,
	    "extension: a long list of changes is cut");
}

static void
ask_time(int64_t from, int64_t to)
{
	begin();
	tmpl.has_not_before = from != 0;
	tmpl.not_before = from;
	tmpl.has_not_after = to != 0;
	tmpl.not_after = to;
}

static void
validity(void)
{
	profile("validity = 10d\nmax-validity = 100d\nbackdate = 1h\n");
	ask_time(NOW, NOW + 50 * DAY);
	ok(applied() == E_NONE && !wish.mods && wish.not_before == NOW &&
	    wish.not_after == NOW + 50 * DAY,
	    "validity: within the profile it is as asked");
	ask_time(NOW - DAY, NOW + 101 * DAY);
	ok(applied() == E_NONE && wish.mods && wish.not_before == NOW - 3600 &&
	    wish.not_after == NOW + 100 * DAY, "validity: outside it is clipped");
	ask_time(NOW + 95 * DAY, 0);
	ok(applied() == E_NONE && !wish.mods && wish.not_before == NOW + 95 * DAY
	    && wish.not_after == NOW + 100 * DAY,
	    "validity: a late start does not lengthen it");
	ask_time(NOW + 101 * DAY, 0);
	ok(applied() == E_TMPL_VALIDITY, "validity: none is left: refused");
	ask_time(0, NOW - 1);
	ok(applied() == E_TMPL_VALIDITY, "validity: over already: refused");
	ask_time(NOW + 2 * DAY, NOW + DAY);
	ok(applied() == E_TMPL_VALIDITY, "validity: backwards is refused");
	ask_time(0, 0);
	issuer.not_after = NOW + 5 * DAY;
	ok(applied() == E_NONE && wish.mods && wish.not_after == NOW + 5 * DAY,
	    "validity: does not pass the issuer's");
	ask_time(0, NOW + 4 * DAY);
	issuer.not_after = NOW + 5 * DAY;
	ok(applied() == E_NONE && !wish.mods && wish.not_after == NOW + 4 * DAY,
	    "validity: an issuer that ends later changes nothing");
	ask_time(0, 0);
	issuer.not_before = NOW - 60;
	ok(applied() == E_NONE && !wish.mods && wish.not_before == NOW - 60,
	    "validity: does not begin before the issuer's");
	issuer.not_after = NOW - 1;
	ok(applied() == E_TMPL_VALIDITY, "validity: an expired issuer gives none");
	profile("");
}

/* A SubjectPublicKeyInfo of p*q and exponent ${x} through the profile. */
static enum err_code
rsa(const mpz_t p, const mpz_t q, unsigned long x)
{
	uint8_t bytes[1100], xb[8];
	size_t n, mark;
	struct derw w;
	mpz_t m;

	mpz_init(m);
	mpz_mul(m, p, q);
	derw_init(&w, 4096);
	for (int i = 0; i < 8; i++)
		xb[i] = (uint8_t)((uint64_t)x >> (56 - 8 * i));
	derw_unsigned(&w, DER_INTEGER, SLICE(xb, 8));
	mpz_export(bytes, &n, 1, 1, 1, 0, m);
	derw_unsigned(&w, DER_INTEGER, SLICE(bytes, n));
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_u8(&w, 0);
	derw_wrap(&w, DER_BIT_STRING, 0);
	mark = derw_mark(&w);
	derw_null(&w);
	derw_oid(&w, oid_bytes(OID_RSA));
	derw_wrap(&w, DER_SEQUENCE, mark);
	derw_wrap(&w, DER_SEQUENCE, 0);
	e = (struct err){ 0 };
	if (profile_key(&prof->keys, derw_slice(&w), &e) == -1)
		printf("# %s: %s\n", err_name(e.code), e.detail);
	derw_release(&w);
	mpz_clear(m);
	return e.code;
}

/* A prime of ${bits} bits that starts with two ones, from ${seed}. */
static void
prime(mpz_t p, unsigned bits, unsigned seed)
{
	mpz_t r;

	mpz_init_set_ui(r, seed);
	for (int i = 0; i < 12; i++) {
		mpz_mul(r, r, r);
		mpz_add_ui(r, r, 0x9e3779b9u + seed);
	}
	mpz_set(p, r);
	mpz_fdiv_r_2exp(p, p, bits - 2);
	mpz_setbit(p, bits - 1);
	mpz_setbit(p, bits - 2);
	mpz_nextprime(p, p);
	mpz_clear(r);
}

/* k * M + (65537^a mod M), M the product of the primes up to 701. */
static void
roca(mpz_t p, unsigned seed)
{
	mpz_t m, g;

	mpz_inits(m, g, NULL);
	mpz_primorial_ui(m, 701);
	mpz_set_ui(g, 65537);
	mpz_powm_ui(g, g, seed, m);
	prime(p, 1024, seed);
	mpz_fdiv_q(p, p, m);
	mpz_mul(p, p, m);
	mpz_add(p, p, g);
	while (!mpz_probab_prime_p(p, 5))
		mpz_add(p, p, m);
	mpz_clears(m, g, NULL);
}

static void
weak_keys(void)
{
	mpz_t p, q, r;

	mpz_inits(p, q, r, NULL);
	prime(p, 1024, 3001);
	prime(q, 1024, 70003);
	ok(rsa(p, q, 65537) == E_NONE, "key: a good RSA key is fine");
	ok(rsa(p, q, 4294967295ul) == E_NONE, "key: exponents go up to 2^32");
	ok(rsa(p, q, 3) == E_TMPL_KEY_WEAK, "key: exponent 3 is refused");
	ok(rsa(p, q, 4294967297ul) == E_TMPL_KEY_WEAK,
	    "key: an exponent above 2^32 is refused");
	mpz_nextprime(r, p);
	ok(rsa(p, r, 65537) == E_TMPL_KEY_WEAK, "key: close primes are refused");
	ok(rsa(p, p, 65537) == E_TMPL_KEY_WEAK, "key: a square is refused");
	mpz_set_ui(r, 65521);
	mpz_mul(r, r, q);
	ok(rsa(p, r, 65537) == E_TMPL_KEY_WEAK, "key: a small factor is refused");
	mpz_set_ui(r, 65537);
	mpz_mul(r, r, q);
	ok(rsa(p, r, 65537) == E_NONE, "key: one above 2^16 is not looked for");
	mpz_mul_2exp(r, p, 1);
	ok(rsa(r, q, 65537) != E_NONE, "key: an even modulus is refused");
	prime(r, 512, 99);
	ok(rsa(p, r, 65537) == E_TMPL_KEY, "key: RSA 1536 is not in the profile");
	roca(p, 12345);
	roca(q, 54321);
	ok(rsa(p, q, 65537) == E_TMPL_KEY_WEAK, "key: ROCA is refused");
	mpz_clears(p, q, r, NULL);
}

static void
kinds(void)
{
	profile("keys = rsa:3072-4096 ed25519 ec:P-384\n");
	begin();
	ok(applied() == E_TMPL_KEY, "key: a curve that is not listed is refused");
	profile("keys = ec:P-256\n");
	ok(applied() == E_NONE, "key: one that is listed is fine");
	begin();
	tmpl.public_key = SLICE_LIT("\xa6\x05\x30\x03\x06\x01\x2a");
	ok(applied() != E_NONE, "key: what is no key is refused");
	profile("key-usage = keyEncipherment\n");
	begin();
	ok(applied() == E_TMPL_KEY, "key: one without a use is refused");
	profile("");
}

int
main(void)
{
	buf_init(&ca_name, 4096);
	buf_init(&name, 4096);
	buf_init(&key_tlv, 4096);
	derw_init(&exts, 1 << 16);
	name_parse("CN=Plant CA,O=Example", &ca_name, &e);
	plain();
	fields();
	subjects();
	sans();
	usages();
	powers();
	extensions();
	validity();
	kinds();
	weak_keys();
	wish_release(&wish);
	conf_free(conf);
	buf_release(&ca_name);
	buf_release(&name);
	buf_release(&key_tlv);
	derw_release(&exts);
	return done();
}
