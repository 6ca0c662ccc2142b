#include <string.h>

#include "asn/oid.h"
#include "pki/alg.h"
#include "tap.h"

#define B(s)	SLICE_LIT(s)

/* OIDs as TLVs. */
#define SHA1	"\x06\x05\x2b\x0e\x03\x02\x1a"
#define SHA256	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define SHA384	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02"
#define MGF1	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
#define RSA_X(x) "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" x
#define ECDSA_X(x) "\x06\x08\x2a\x86\x48\xce\x3d\x04" x
#define H0	"\xa0\x0d\x30\x0b" SHA256
#define H0_NULL	"\xa0\x0f\x30\x0d" SHA256 "\x05\x00"
#define M1	"\xa1\x1a\x30\x18" MGF1 "\x30\x0b" SHA256
#define M1_NULL	"\xa1\x1c\x30\x1a" MGF1 "\x30\x0d" SHA256 "\x05\x00"
#define S2(n)	"\xa2\x03\x02\x01" n
#define PSS	RSA_X("\x0a")

static const struct {
	enum err_code	 want;
	struct slice	 der;
	const char	*name, *what;
} parses[] = {
	{ E_NONE, B("\x30\x0d" RSA_X("\x0b") "\x05\x00"),
	    "sha256WithRSAEncryption", "RSA with NULL" },
	{ E_NONE, B("\x30\x0b" RSA_X("\x0d")), "sha512WithRSAEncryption",
	    "RSA without parameters" },
	{ E_NONE, B("\x30\x0a" ECDSA_X("\x03\x03")), "ecdsa-with-SHA384",
	    "ECDSA" },
	{ E_NONE, B("\x30\x05\x06\x03\x2b\x65\x70"), "Ed25519", "Ed25519" },
	{ E_NONE, B("\x30\x05\x06\x03\x2b\x65\x71"), "Ed448", "Ed448" },
	{ E_NONE, B("\x30\x3d" PSS "\x30\x30" H0 M1 S2("\x20")),
	    "RSASSA-PSS(SHA-256,32)", "PSS without NULLs" },
	{ E_NONE, B("\x30\x41" PSS "\x30\x34" H0_NULL M1_NULL S2("\x20")),
	    "RSASSA-PSS(SHA-256,32)", "PSS with NULLs" },
	{ E_NONE, B("\x30\x3f" PSS "\x30\x32" H0_NULL M1 S2("\x00")),
	    "RSASSA-PSS(SHA-256,0)", "PSS with one NULL and no salt" },
	{ E_NONE, B("\x30\x38" PSS "\x30\x2b" H0 M1),
	    "RSASSA-PSS(SHA-256,20)", "PSS with the default salt" },
	{ E_ALG_PARAMS, B("\x30\x0d" RSA_X("\x0b") "\x04\x00"), "",
	    "RSA with something else than NULL" },
	{ E_ALG_PARAMS, B("\x30\x0f" RSA_X("\x0b") "\x05\x00\x05\x00"), "",
	    "RSA with two NULLs" },
	{ E_ALG_PARAMS, B("\x30\x0c" ECDSA_X("\x03\x02") "\x05\x00"), "",
	    "ECDSA with NULL" },
	{ E_ALG_PARAMS, B("\x30\x07\x06\x03\x2b\x65\x70\x05\x00"), "",
	    "Ed25519 with NULL" },
	{ E_ALG_PARAMS, B("\x30\x0b" PSS), "", "PSS without parameters" },
	{ E_ALG_PARAMS, B("\x30\x0d" PSS "\x05\x00"), "", "PSS with NULL" },
	{ E_ALG_PARAMS, B("\x30\x0d" PSS "\x30\x00"), "",
	    "PSS with the defaults (SHA-1)" },
	{ E_ALG_PARAMS, B("\x30\x34" PSS "\x30\x27\xa0\x09\x30\x07" SHA1 M1), "", "PSS with SHA-1" },
	{ E_ALG_PARAMS, B("\x30\x21" PSS "\x30\x14" H0 S2("\x20")), "",
	    "PSS with MGF1 of SHA-1" },
	{ E_ALG_PARAMS, B("\x30\x3d" PSS "\x30\x30" H0 "\xa1\x1a\x30\x18" MGF1
	    "\x30\x0b" SHA384 S2("\x20")), "", "PSS with two hashes" },
	{ E_ALG_PARAMS, B("\x30\x3d" PSS "\x30\x30" H0 M1 S2("\x14")), "",
	    "PSS with the default salt encoded" },
	{ E_ALG_PARAMS, B("\x30\x3d" PSS "\x30\x30" H0 M1 S2("\xff")), "",
	    "PSS with a negative salt" },
	{ E_ALG_PARAMS, B("\x30\x42" PSS "\x30\x35" H0 M1 S2("\x20")
	    "\xa3\x03\x02\x01\x01"), "", "PSS with the default trailer" },
	{ E_ALG_PARAMS, B("\x30\x42" PSS "\x30\x35" H0 M1 S2("\x20")
	    "\xa3\x03\x02\x01\x02"), "", "PSS with another trailer" },
	{ E_ALG_PARAMS, B("\x30\x40" PSS "\x30\x33" H0 M1
	    "\xa2\x06\x02\x04\x7f\xff\xff\xff"), "", "PSS with a huge salt" },
	{ E_ALG_UNKNOWN, B("\x30\x0d" RSA_X("\x05") "\x05\x00"), "",
	    "RSA with SHA-1" },
	{ E_ALG_UNKNOWN, B("\x30\x0d" RSA_X("\x04") "\x05\x00"), "",
	    "RSA with MD5" },
	{ E_ALG_UNKNOWN, B("\x30\x0d" RSA_X("\x01") "\x05\x00"), "",
	    "a kind of key" },
	{ E_ALG_UNKNOWN, B("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), "",
	    "ECDSA with SHA-1" },
	{ E_SYNTAX, B("\x30\x00"), "", "an empty SEQUENCE" },
	{ E_SYNTAX, B("\x05\x00"), "", "no SEQUENCE" },
};

static void
parsing(void)
{
	struct sigalg a;
	struct err e;
	char t[64];
	int rc;

	for (size_t i = 0; i < sizeof(parses) / sizeof(parses[0]); i++) {
		e = (struct err){ 0 };
		rc = alg_parse(parses[i].der, &a, &e);
		ok(e.code == parses[i].want && (rc == 0) ==
		    (parses[i].want == E_NONE), "parse: %s: %s",
		    parses[i].what, parses[i].want == E_NONE ? "accepted" :
		    err_name(parses[i].want));
		if (rc == 0)
			ok(strcmp(alg_name(t, &a), parses[i].name) == 0,
			    "parse: it is called %s", parses[i].name);
		else
			ok(a.scheme == SIG_NONE, "parse: and nothing is left");
	}
}

static void
writing(void)
{
	static const struct sigalg all[] = {
		{ SIG_RSA_PKCS1, HASH_SHA256, 0 },
		{ SIG_RSA_PKCS1, HASH_SHA384, 0 },
		{ SIG_RSA_PKCS1, HASH_SHA512, 0 },
		{ SIG_RSA_PSS, HASH_SHA256, 32 }, { SIG_RSA_PSS, HASH_SHA384, 0 },
		{ SIG_RSA_PSS, HASH_SHA512, 20 },
		{ SIG_RSA_PSS, HASH_SHA512, 222 },
		{ SIG_ECDSA, HASH_SHA256, 0 }, { SIG_ECDSA, HASH_SHA384, 0 },
		{ SIG_ECDSA, HASH_SHA512, 0 },
		{ SIG_ED25519, HASH_SHA512, 0 }, { SIG_ED448, HASH_SHAKE256, 0 },
	};
	struct err e = { 0 };
	struct sigalg a;
	struct derw w;
	char t[64];

	derw_init(&w, 256);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		derw_reset(&w);
		alg_write(&w, &all[i]);
		ok(der_walk_inner(derw_slice(&w), &e) == 0 &&
		    alg_parse(derw_slice(&w), &a, &e) == 0 &&
		    a.scheme == all[i].scheme && a.hash == all[i].hash &&
		    a.salt == all[i].salt, "write: %s comes back",
		    alg_name(t, &all[i]));
	}
	derw_reset(&w);
	alg_write(&w, &all[3]);
	ok(slice_eq(derw_slice(&w), B("\x30\x41" PSS "\x30\x34" H0_NULL M1_NULL
	    S2("\x20"))), "write: PSS has the bytes of RFC 4055 section 6");
	derw_reset(&w);
	alg_write(&w, &all[0]);
	ok(slice_eq(derw_slice(&w), B("\x30\x0d" RSA_X("\x0b") "\x05\x00")),
	    "write: RSA has NULL parameters");
	a = (struct sigalg){ SIG_NONE, HASH_NONE, 0 };
	derw_reset(&w);
	alg_write(&w, &a);
	ok(derw_bad(&w), "write: no algorithm cannot be written");
	derw_release(&w);
}

/* An RSA key of ${bits} with last octet ${low} and exponent ${ex}. */
static struct slice
rsa(struct derw *w, enum oid oid, unsigned bits, uint8_t low, uint8_t ex,
    struct slice params)
{
	uint8_t n[2048];
	size_t mark;

	memset(n, 0xa5, sizeof(n));
	n[0] = (uint8_t)(0xff >> (8 - bits % 8) % 8);
	n[(bits + 7) / 8 - 1] = low;
	derw_reset(w);
	derw_unsigned(w, DER_INTEGER, SLICE(&ex, 1));
	derw_unsigned(w, DER_INTEGER, SLICE(n, (bits + 7) / 8));
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_u8(w, 0);
	derw_wrap(w, DER_BIT_STRING, 0);
	mark = derw_mark(w);
	derw_raw(w, params);
	derw_oid(w, oid_bytes(oid));
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_SEQUENCE, 0);
	return derw_slice(w);
}

static enum err_code
info(struct slice spki, struct keyinfo *k)
{
	struct err e = { 0 };

	return alg_keyinfo(spki, k, &e) == 0 ? E_NONE : e.code;
}

static enum err_code
fits(enum sig_scheme s, enum hash h, unsigned salt, const struct keyinfo *k)
{
	struct sigalg a = { s, h, salt };
	struct err e = { 0 };

	return alg_fits(&a, k, &e) == 0 ? E_NONE : e.code;
}

static void
rsa_keys(struct derw *w)
{
	struct slice null = B("\x05\x00"),
	    pss = B("\x30\x30" H0 M1 S2("\x20"));
	struct keyinfo k;
	char t[64];

	ok(info(rsa(w, OID_RSA, 2048, 1, 3, null), &k) == E_NONE &&
	    k.bits == 2048 && k.n.n == 256 && k.e.n == 1 &&
	    strcmp(alg_key_name(t, &k), "RSA 2048") == 0,
	    "key: RSA is read and named");
	ok(fits(SIG_RSA_PKCS1, HASH_SHA256, 0, &k) == E_NONE &&
	    fits(SIG_RSA_PSS, HASH_SHA512, 190, &k) == E_NONE,
	    "fits: RSA signs in both ways");
	ok(fits(SIG_RSA_PSS, HASH_SHA512, 191, &k) == E_ALG_KEY,
	    "fits: a salt needs room");
	ok(fits(SIG_ECDSA, HASH_SHA256, 0, &k) == E_ALG_KEY &&
	    fits(SIG_NONE, HASH_NONE, 0, &k) == E_ALG_KEY,
	    "fits: RSA makes no ECDSA");
	ok(info(rsa(w, OID_RSA, 2047, 1, 3, null), &k) == E_NONE &&
	    k.bits == 2047 &&
	    fits(SIG_RSA_PKCS1, HASH_SHA256, 0, &k) == E_ALG_KEY,
	    "fits: RSA of 2047 bits is too small");
	ok(info(rsa(w, OID_RSA, 8200, 1, 3, null), &k) == E_NONE &&
	    fits(SIG_RSA_PKCS1, HASH_SHA256, 0, &k) == E_ALG_KEY,
	    "fits: RSA of 8200 bits is too big");
	ok(info(rsa(w, OID_RSA, 2048, 2, 3, null), &k) == E_ALG_PARAMS,
	    "key: an even modulus is refused");
	ok(info(rsa(w, OID_RSA, 2048, 1, 4, null), &k) == E_ALG_PARAMS &&
	    info(rsa(w, OID_RSA, 2048, 1, 1, null), &k) == E_ALG_PARAMS,
	    "key: exponents 4 and 1 are refused");
	ok(info(rsa(w, OID_RSA, 2048, 1, 0, null), &k) == E_SYNTAX &&
	    k.family == KEY_NONE, "key: exponent 0 is refused");
	ok(info(rsa(w, OID_RSA, 2048, 1, 3, SLICE_NONE), &k) == E_ALG_PARAMS,
	    "key: rsaEncryption without NULL is refused");
	ok(info(rsa(w, OID_RSA_PSS, 3072, 1, 3, SLICE_NONE), &k) == E_NONE &&
	    !k.has_pss && fits(SIG_RSA_PSS, HASH_SHA384, 0, &k) == E_NONE &&
	    fits(SIG_RSA_PKCS1, HASH_SHA256, 0, &k) == E_ALG_KEY,
	    "key: RSA-PSS without parameters signs with any PSS, nothing else");
	ok(info(rsa(w, OID_RSA_PSS, 3072, 1, 3, pss), &k) == E_NONE &&
	    k.has_pss && fits(SIG_RSA_PSS, HASH_SHA256, 32, &k) == E_NONE &&
	    fits(SIG_RSA_PSS, HASH_SHA256, 33, &k) == E_NONE &&
	    fits(SIG_RSA_PSS, HASH_SHA256, 31, &k) == E_ALG_KEY &&
	    fits(SIG_RSA_PSS, HASH_SHA384, 48, &k) == E_ALG_KEY,
	    "key: RSA-PSS with parameters asks for its hash and its salt");
	ok(alg_default(&k).salt == 32 && alg_default(&k).hash == HASH_SHA256,
	    "default: RSA-PSS signs as its parameters say");
	ok(info(rsa(w, OID_RSA_PSS, 3072, 1, 3, B("\x30\x00")), &k) ==
	    E_ALG_PARAMS, "key: RSA-PSS for SHA-1 is refused");
}

/* The key that this SPKI is of, as 32 bytes; all zero: none. */
static struct slice
hash_of(struct slice spki, uint8_t out[static 32])
{
	struct err e = { 0 };

	if (alg_key_hash(spki, out, &e) == -1)
		memset(out, 0, 32);
	return SLICE(out, 32);
}

static void
one_key(struct derw *w)
{
	struct slice null = B("\x05\x00"), pss = B("\x30\x30" H0 M1 S2("\x20")),
	    pss4 = B("\x30\x30" H0 M1 S2("\x40"));
	uint8_t want[32], h[32], none[32] = { 0 };
	struct slice key = hash_of(rsa(w, OID_RSA, 2048, 1, 3, null), want);

	ok(memcmp(want, none, 32) != 0 && slice_eq(key, hash_of(rsa(w,
	    OID_RSA_PSS, 2048, 1, 3, SLICE_NONE), h)),
	    "key hash: RSA-PSS is the same key as RSA");
	ok(slice_eq(key, hash_of(rsa(w, OID_RSA_PSS, 2048, 1, 3, pss), h)) &&
	    slice_eq(key, hash_of(rsa(w, OID_RSA_PSS, 2048, 1, 3, pss4), h)),
	    "key hash: with whatever parameters");
	ok(slice_eq(key, hash_of(rsa(w, OID_RSA, 2048, 1, 5, null), h)),
	    "key hash: another exponent does not make it another key");
	ok(!slice_eq(key, hash_of(rsa(w, OID_RSA, 2048, 3, 3, null), h)) &&
	    !slice_eq(key, hash_of(rsa(w, OID_RSA, 2056, 1, 3, null), h)),
	    "key hash: another modulus does");
	ok(slice_eq(SLICE(none, 32), hash_of(rsa(w, OID_RSA, 2048, 1, 3,
	    SLICE_NONE), h)) && !alg_key_same(B("x"), B("y")) &&
	    alg_key_same(B("x"), B("x")), "key hash: what is no key has none");
}

/* A key with ${point} and ${params} after the OID. */
static struct slice
other(struct derw *w, enum oid oid, struct slice params, struct slice point)
{
	size_t mark;

	derw_reset(w);
	derw_bits(w, DER_BIT_STRING, point);
	mark = derw_mark(w);
	derw_raw(w, params);
	derw_oid(w, oid_bytes(oid));
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_SEQUENCE, 0);
	return derw_slice(w);
}

static void
one_point(struct derw *w)
{
	uint8_t point[65] = { 0x04, 1 }, a[32], b[32], none[32] = { 0 };
	struct slice p256 = B("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
	struct slice key;

	key = hash_of(other(w, OID_EC_PUBLIC_KEY, p256, SLICE(point, 65)), a);
	ok(memcmp(a, none, 32) != 0 && slice_eq(key, hash_of(other(w,
	    OID_EC_PUBLIC_KEY, p256, SLICE(point, 65)), b)),
	    "key hash: of a point");
	point[64] = 1;
	ok(!slice_eq(key, hash_of(other(w, OID_EC_PUBLIC_KEY, p256,
	    SLICE(point, 65)), b)), "key hash: another point is another key");
	key = hash_of(other(w, OID_ED25519, SLICE_NONE, SLICE(point, 32)), a);
	ok(memcmp(a, none, 32) != 0 && !slice_eq(key, hash_of(other(w,
	    OID_ED448, SLICE_NONE, SLICE(point, 57)), b)),
	    "key hash: of Ed25519 and Ed448");
}

static void
other_keys(struct derw *w)
{
	static const struct { enum oid curve; const char *name; size_t n;
	    enum hash hash; } ec[] = {
		{ OID_P256, "EC P-256", 65, HASH_SHA256 },
		{ OID_P384, "EC P-384", 97, HASH_SHA384 },
		{ OID_P521, "EC P-521", 133, HASH_SHA512 },
	};
	uint8_t point[134] = { 4 }, p[16];
	struct slice c = SLICE_NONE;
	struct keyinfo k;
	char t[64];

	for (size_t i = 0; i < 3; i++) {
		c = oid_bytes(ec[i].curve);
		p[0] = DER_OID;
		p[1] = (uint8_t)c.n;
		memcpy(p + 2, c.p, c.n);
		c = SLICE(p, c.n + 2);
		point[0] = 4;
		ok(info(other(w, OID_EC_PUBLIC_KEY, c, SLICE(point, ec[i].n)),
		    &k) == E_NONE && strcmp(alg_key_name(t, &k), ec[i].name)
		    == 0 && alg_default(&k).hash == ec[i].hash &&
		    fits(SIG_ECDSA, HASH_SHA512, 0, &k) == E_NONE,
		    "key: %s is read, and any hash fits", ec[i].name);
		ok(info(other(w, OID_EC_PUBLIC_KEY, c, SLICE(point, ec[i].n +
		    1)), &k) == E_ALG_PARAMS && info(other(w,
		    OID_EC_PUBLIC_KEY, c, SLICE(point, ec[i].n - 1)), &k) ==
		    E_ALG_PARAMS && info(other(w, OID_EC_PUBLIC_KEY, c,
		    SLICE_NONE), &k) == E_ALG_PARAMS,
		    "key: %s of a wrong size is refused", ec[i].name);
		point[0] = 2;
		ok(info(other(w, OID_EC_PUBLIC_KEY, c, SLICE(point, ec[i].n / 2
		    + 1)), &k) == E_ALG_PARAMS, "key: %s compressed is refused",
		    ec[i].name);
	}
	ok(info(other(w, OID_EC_PUBLIC_KEY, B("\x06\x05\x2b\x81\x04\x00\x0a"),
	    SLICE(point, 65)), &k) == E_ALG_UNKNOWN,
	    "key: secp256k1 is refused (E_ALG_UNKNOWN)");
	ok(info(other(w, OID_EC_PUBLIC_KEY, B("\x30\x00"), SLICE(point, 65)),
	    &k) == E_ALG_PARAMS && info(other(w, OID_EC_PUBLIC_KEY, B("\x05\x00"),
	    SLICE(point, 65)), &k) == E_ALG_PARAMS,
	    "key: curves that are not named are refused");
	ok(info(other(w, OID_ED25519, SLICE_NONE, SLICE(point, 32)), &k) ==
	    E_NONE && alg_default(&k).hash == HASH_SHA512,
	    "key: Ed25519 is read");
	ok(info(other(w, OID_ED448, SLICE_NONE, SLICE(point, 57)), &k) ==
	    E_NONE && alg_default(&k).hash == HASH_SHAKE256,
	    "key: Ed448 is read");
	ok(info(other(w, OID_ED25519, B("\x05\x00"), SLICE(point, 32)), &k) ==
	    E_ALG_PARAMS && info(other(w, OID_ED448, SLICE_NONE,
	    SLICE(point, 32)), &k) == E_ALG_PARAMS,
	    "key: EdDSA with parameters or of a wrong size is refused");
	ok(info(other(w, OID_SHA256, SLICE_NONE, SLICE(point, 32)), &k) ==
	    E_ALG_UNKNOWN, "key: what is no key is refused");
	ok(info(B("\x30\x00"), &k) == E_SYNTAX, "key: no fields are E_SYNTAX");
}

static int
hash_is(enum hash h, struct slice want)
{
	uint8_t out[HASH_MAX];

	return alg_hash(h, B("abc"), out) == want.n &&
	    slice_eq(SLICE(out, want.n), want);
}

static void
hashing(void)
{
	struct sigalg ed = { SIG_ED448, HASH_SHAKE256, 0 };
	struct sigalg none = { SIG_NONE, HASH_NONE, 0 };
	struct slice want = B("\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40"
	    "\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff"
	    "\x61\xf2\x00\x15\xad");
	uint8_t out[HASH_MAX];

	ok(hash_is(HASH_SHA256, want), "hash: SHA-256 of abc");
	ok(alg_hash(HASH_SHA384, B("abc"), out) == 48 && out[0] == 0xcb,
	    "hash: SHA-384 has 48 octets");
	ok(alg_hash(HASH_SHA512, B("abc"), out) == 64 && out[0] == 0xdd,
	    "hash: SHA-512 has 64 octets");
	ok(hash_is(HASH_SHAKE256, B("\x48\x33\x66\x60\x13\x60\xa8\x77\x1c\x68"
	    "\x63\x08\x0c\xc4\x11\x4d\x8d\xb4\x45\x30\xf8\xf1\xe1\xee\x4f\x94"
	    "\xea\x37\xe7\x8b\x57\x39\xd5\xa1\x5b\xef\x18\x6a\x53\x86\xc7\x57"
	    "\x44\xc0\x52\x7e\x1f\xaa\x9f\x87\x26\xe4\x62\xa1\x2a\x4f\xeb\x06"
	    "\xbd\x88\x01\xe7\x51\xe4")), "hash: SHAKE256 of abc, 64 octets");
	ok(alg_hash(HASH_NONE, B("abc"), out) == 0, "hash: none is none");
	alg_sha256(B("a"), B("bc"), out);
	ok(slice_eq(SLICE(out, 32), want), "hash: two slices are one");
	alg_sha256(SLICE_NONE, B("abc"), out);
	ok(slice_eq(SLICE(out, 32), want), "hash: an absent slice is empty");
	ok(alg_cert_hash(&ed) == HASH_SHAKE256 &&
	    alg_cert_hash(&none) == HASH_NONE, "hash: of certHash, by rule");
	ok(alg_hash_parse(B("\x30\x0b" SHA256)) == HASH_SHA256 &&
	    alg_hash_parse(B("\x30\x0d" SHA384 "\x05\x00")) == HASH_SHA384 &&
	    alg_hash_parse(B("\x30\x07" SHA1)) == HASH_NONE &&
	    alg_hash_parse(B("\x30\x0d" SHA384 "\x04\x00")) == HASH_NONE &&
	    alg_hash_parse(SLICE_NONE) == HASH_NONE,
	    "hash: identifiers with NULL or nothing are read, no SHA-1");
}

int
main(void)
{
	struct derw w;

	derw_init(&w, 4096);
	parsing();
	writing();
	rsa_keys(&w);
	one_key(&w);
	one_point(&w);
	other_keys(&w);
	derw_release(&w);
	hashing();
	return done();
}
