#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn/oid.h"
#include "base/file.h"
#include "msg/msg.h"
#include "pki/mac.h"
#include "pki/mac_int.h"
#include "tap.h"

#define SALT	"saltsaltsaltsalt"
#define NONCE	"noncenonce!!"

/* What goes into an AlgorithmIdentifier, well formed or not. */
struct raw {
	enum oid	 kind, hash, mac;	/* OID_UNKNOWN hash: left out */
	int64_t		 iterations, key_n;	/* key_n -1: left out */
	struct slice	 salt, mac_params;
};

#define NUL	SLICE_LIT("\x05\x00")
static const struct raw good = { OID_PBMAC1, OID_HMAC_SHA256,
	OID_HMAC_SHA256, 1000, 32, SLICE_LIT(SALT), SLICE_LIT("\x05\x00") };
static const struct raw good_pbm = { OID_PBM, OID_SHA256, OID_HMAC_SHA256,
	500, -1, SLICE_LIT(SALT), SLICE_LIT("\x05\x00") };

static struct derw w;

static void
alg(enum oid id, struct slice params)
{
	size_t mark = derw_mark(&w);

	derw_raw(&w, params);
	derw_oid(&w, oid_bytes(id));
	derw_wrap(&w, DER_SEQUENCE, mark);
}

static void
raw_pbkdf2(const struct raw *r)
{
	size_t mark = derw_mark(&w);

	if (r->hash != OID_UNKNOWN)
		alg(r->hash, NUL);
	if (r->key_n != -1)
		derw_int(&w, DER_INTEGER, r->key_n);
	derw_int(&w, DER_INTEGER, r->iterations);
	derw_prim(&w, DER_OCTET_STRING, r->salt);
	derw_wrap(&w, DER_SEQUENCE, mark);
	derw_oid(&w, oid_bytes(OID_PBKDF2));
	derw_wrap(&w, DER_SEQUENCE, mark);
}

static struct slice
raw_write(const struct raw *r)
{
	derw_reset(&w);
	alg(r->mac, r->mac_params);
	if (r->kind == OID_PBM) {
		derw_int(&w, DER_INTEGER, r->iterations);
		alg(r->hash, NUL);
		derw_prim(&w, DER_OCTET_STRING, r->salt);
	} else {
		raw_pbkdf2(r);
	}
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_oid(&w, oid_bytes(r->kind));
	derw_wrap(&w, DER_SEQUENCE, 0);
	return derw_slice(&w);
}

static enum err_code
parse(struct raw r, struct mac *m)
{
	struct err e = { .code = E_NONE };

	mac_parse(raw_write(&r), m, &e);
	return e.code;
}

static int
is_hex(struct slice got, const char *want)
{
	char t[2 * MAC_MAX + 1] = "";

	for (size_t i = 0; i < got.n; i++)
		snprintf(t + 2 * i, 3, "%02x", got.p[i]);
	if (strcmp(t, want) != 0)
		printf("# %s\n", t);
	return strcmp(t, want) == 0;
}

/* Made with openssl kdf and openssl mac, or with Python's hashlib. */
static const struct vector {
	enum oid	 kind, hash, mac;
	int64_t		 key_n;
	struct slice	 params;
	const char	*tag, *what;
} vectors[] = {
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_HMAC_SHA256, 32, SLICE_LIT("\x05\0"),
	    "b2123516f83e662262690228918ac092abfdc913a1de02cd424e14439c0213a9",
	    "PBMAC1 of HMAC-SHA256" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_HMAC_SHA256, -1, SLICE_LIT(""),
	    "b2123516f83e662262690228918ac092abfdc913a1de02cd424e14439c0213a9",
	    "PBMAC1 without keyLength and NULL" },
	{ OID_PBMAC1, OID_HMAC_SHA384, OID_HMAC_SHA384, -1, SLICE_LIT("\x05\0"),
	    "4314039a58aa4f238c795f1e42ddb8cc95324980baad7566d28bb8b2838faec8"
	    "914e77e41a8e078596929da1ddccd13e", "PBMAC1 of HMAC-SHA384" },
	{ OID_PBMAC1, OID_HMAC_SHA512, OID_HMAC_SHA512, 64, SLICE_LIT("\x05\0"),
	    "f052785147845b5415058586f120b52df2adc2bce6602dc3056fe4d21bf1fdda"
	    "d5eac27d59df993501d287f9c5cda5efc4a7a739b8feb60d13380d865ce9e614",
	    "PBMAC1 of HMAC-SHA512" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_GMAC128, 16,
	    SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10"),
	    "12de3085a5a951ff5840d999346a26f2", "PBMAC1 of AES-GMAC-128" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_GMAC192, -1,
	    SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10"),
	    "e41a821316888437844c859e02429d48", "PBMAC1 of AES-GMAC-192" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_GMAC256, 32,
	    SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10"),
	    "34a81a64e44f9b4b95ced4aa76ffca02", "PBMAC1 of AES-GMAC-256" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_KMAC128, 32, SLICE_LIT(""),
	    "cdcc72ddeb7bab25d48058d8c3942babf79de7ccbd595add2707c3ca965d2489",
	    "PBMAC1 of KMAC128" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_KMAC128, -1,
	    SLICE_LIT("\x30\x07\x02\x02\x00\xa0\x04\x01" "C"),
	    "43698429518aa89997d219374b730081d75bb6c2",
	    "PBMAC1 of KMAC128 with its own length and customization" },
	{ OID_PBMAC1, OID_HMAC_SHA256, OID_KMAC256, -1, SLICE_LIT("\x30\x00"),
	    "15b99f666ef376d90503e295838e657dcfd570fd9a888303df2f9fd1121115ba"
	    "ce90d47283e7a53eb3d6cceba64630693c4ac39b3d164d87018bab96135a3446",
	    "PBMAC1 of KMAC256" },
	{ OID_PBM, OID_SHA1, OID_HMAC_SHA1, 0, SLICE_LIT("\x05\0"),
	    "411ec86132b4fb1ff0deff6c7ff79c4ae8996b4f", "PBM of SHA-1" },
	{ OID_PBM, OID_SHA1, OID_HMAC_SHA1_ALT, 0, SLICE_LIT(""),
	    "411ec86132b4fb1ff0deff6c7ff79c4ae8996b4f",
	    "PBM of SHA-1 by its other name" },
	{ OID_PBM, OID_SHA256, OID_HMAC_SHA256, 0, SLICE_LIT("\x05\0"),
	    "c32fa6ca7c6fb9a0a93a91f002be9908b0ca89b7969c5000351c6e0d2c920c05",
	    "PBM of SHA-256" },
	{ OID_PBM, OID_SHA384, OID_HMAC_SHA256, 0, SLICE_LIT("\x05\0"),
	    "b7191ab24bbd56c827eea34002d0d1ab42a5d43ce7250007776100dd61d12f8d",
	    "PBM of SHA-384" },
	{ OID_PBM, OID_SHA512, OID_HMAC_SHA256, 0, SLICE_LIT("\x05\0"),
	    "afb06e260e28b842a686967607ce8080df0d58bfb1f1db08cc9bda3ce1215a4b",
	    "PBM of SHA-512" },
	{ OID_PBM, OID_SHA256, OID_GMAC128, 0,
	    SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10"),
	    "7fe1401e31d2edab79c8d567f33e629d", "PBM of AES-GMAC-128" },
	{ OID_PBM, OID_SHA1, OID_GMAC192, 0,
	    SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10"),
	    "316432f99cb4804a423285c68a22ef0e",
	    "PBM of AES-GMAC-192, whose key is longer than SHA-1's hash" },
	{ OID_PBM, OID_SHA1, OID_GMAC256, 0,
	    SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10"),
	    "66c3db9460c0820b51db5af84ce6983b",
	    "PBM of AES-GMAC-256, so too" },
};
#define N_VECTORS	(sizeof(vectors) / sizeof(vectors[0]))

static void
test_vectors(void)
{
	const struct vector *v;
	struct err e = { .code = E_NONE };
	uint8_t out[MAC_MAX];
	struct mac m;
	size_t n;

	for (v = vectors; v < vectors + N_VECTORS; v++) {
		struct raw r = { v->kind, v->hash, v->mac,
		    v->kind == OID_PBM ? 500 : 1000, v->key_n,
		    SLICE_LIT(SALT), v->params };

		n = 0;
		if (parse(r, &m) == E_NONE)
			n = mac_compute(&m, SLICE_LIT("secret"),
			    SLICE_LIT("data"), out);
		ok(is_hex(SLICE(out, n), v->tag) && mac_verify(&m,
		    SLICE_LIT("secret"), SLICE_LIT("data"), SLICE(out, n),
		    &e) == 0, "mac: %s is as openssl makes it", v->what);
	}
}

/* Samples of SP 800-185. */
static void
test_kmac(void)
{
	static const char tag[] = "My Tagged Application";
	uint8_t key[32], data[200], out[64];

	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)(0x40 + i);
	for (int i = 0; i < 200; i++)
		data[i] = (uint8_t)i;
	mac_kmac(128, SLICE(key, 32), SLICE_NONE, SLICE(data, 4), 32, out);
	ok(is_hex(SLICE(out, 32), "e5780b0d3ea6f7d3a429c5706aa43a00"
	    "fadbd7d49628839e3187243f456ee14e"), "kmac: NIST sample 1");
	mac_kmac(128, SLICE(key, 32), SLICE_LIT(tag), SLICE(data, 4), 32, out);
	ok(is_hex(SLICE(out, 32), "3b1fba963cd8b0b59e8c1a6d71888b71"
	    "43651af8ba0a7070c0979e2811324aa5"), "kmac: NIST sample 2");
	mac_kmac(128, SLICE(key, 32), SLICE_LIT(tag), SLICE(data, 200), 32,
	    out);
	ok(is_hex(SLICE(out, 32), "1f5b4e6cca02209e0dcb5ca635b89a15"
	    "e271ecc760071dfd805faa38f9729230"), "kmac: NIST sample 3");
	mac_kmac(256, SLICE(key, 32), SLICE_LIT(tag), SLICE(data, 4), 64, out);
	ok(is_hex(SLICE(out, 64), "20c570c31346f703c9ac36c61c03cb64"
	    "c3970d0cfc787e9b79599d273a68d2f7f69d4cc3de9d104a351689f27cf6f595"
	    "1f0103f33f4f24871024d9c27773a8dd"), "kmac: NIST sample 4");
	mac_kmac(256, SLICE(key, 32), SLICE_NONE, SLICE(data, 200), 64, out);
	ok(is_hex(SLICE(out, 64), "75358cf39e41494e949707927cee0af2"
	    "0a3ff553904c86b08f21cc414bcfd691589d27cf5e15369cbbff8b9a4c2eb178"
	    "00855d0235ff635da82533ec6b759b69"), "kmac: NIST sample 5");
}

static enum err_code
iter(struct raw r, int64_t n)
{
	struct mac m;

	r.iterations = n;
	return parse(r, &m);
}

static enum err_code
salted(struct raw r, struct slice salt)
{
	struct mac m;

	r.salt = salt;
	return parse(r, &m);
}

static enum err_code
keyed(struct raw r, int64_t n)
{
	struct mac m;

	r.key_n = n;
	return parse(r, &m);
}

static enum err_code
hashed(struct raw r, enum oid id)
{
	struct mac m;

	r.hash = id;
	return parse(r, &m);
}

static enum err_code
maced(struct raw r, enum oid id)
{
	struct mac m;

	r.mac = id;
	return parse(r, &m);
}

static enum err_code
with_params(struct raw r, struct slice params)
{
	struct mac m;

	r.mac_params = params;
	return parse(r, &m);
}

static enum err_code
of_kind(struct raw r, enum oid id)
{
	struct mac m;

	r.kind = id;
	return parse(r, &m);
}

static void
test_limits(void)
{
	static const uint8_t long_salt[65];

	ok(iter(good, 99) == E_MAC_LIMIT &&
	    iter(good_pbm, 99) == E_MAC_LIMIT &&
	    iter(good, -1) == E_MAC_LIMIT &&
	    iter(good, 0) == E_MAC_LIMIT,
	    "mac: less than 100 iterations are refused (badAlg)");
	ok(iter(good, 1000001) == E_MAC_LIMIT &&
	    iter(good_pbm, 1000001) == E_MAC_LIMIT &&
	    iter(good, INT64_MAX) == E_MAC_LIMIT,
	    "mac: more than 1,000,000 iterations are refused (badAlg)");
	ok(iter(good, 100) == E_NONE &&
	    iter(good_pbm, 1000000) == E_NONE,
	    "mac: the bounds themselves are read");
	ok(salted(good, SLICE(long_salt, 7)) == E_MAC_LIMIT &&
	    salted(good_pbm, SLICE(long_salt, 0)) == E_MAC_LIMIT &&
	    salted(good, SLICE(long_salt, 65)) == E_MAC_LIMIT &&
	    salted(good_pbm, SLICE(long_salt, 65)) == E_MAC_LIMIT,
	    "mac: a salt of less than 8 or more than 64 octets is refused");
	ok(salted(good, SLICE(long_salt, 8)) == E_NONE &&
	    salted(good_pbm, SLICE(long_salt, 64)) == E_NONE,
	    "mac: a salt of 8 or 64 octets is read");
	ok(keyed(good, 19) == E_MAC_LIMIT &&
	    keyed(good, 65) == E_MAC_LIMIT &&
	    keyed(good, 20) == E_NONE && keyed(good, 64) == E_NONE,
	    "mac: keyLength has to be 20 to 64");
	ok(err_fail(E_MAC_LIMIT) == FAIL_BAD_ALG &&
	    err_fail(E_PROT_MAC) == FAIL_BAD_MESSAGE_CHECK,
	    "mac: limits are answered with badAlg, a wrong MAC with "
	    "badMessageCheck");
}

static void
test_refused(void)
{
	ok(hashed(good, OID_UNKNOWN) == E_ALG_UNKNOWN &&
	    hashed(good, OID_HMAC_SHA1) == E_ALG_UNKNOWN &&
	    maced(good, OID_HMAC_SHA1) == E_ALG_UNKNOWN &&
	    maced(good, OID_HMAC_SHA1_ALT) == E_ALG_UNKNOWN,
	    "mac: SHA-1 in PBMAC1 is refused, the default too (badAlg)");
	ok(hashed(good, OID_GMAC128) == E_ALG_UNKNOWN &&
	    hashed(good, OID_KMAC128) == E_ALG_UNKNOWN,
	    "mac: GMAC and KMAC are no prf (badAlg)");
	ok(hashed(good_pbm, OID_HMAC_SHA256) == E_ALG_UNKNOWN &&
	    hashed(good_pbm, OID_SHAKE256) == E_ALG_UNKNOWN &&
	    maced(good_pbm, OID_SHA256) == E_ALG_UNKNOWN &&
	    of_kind(good, OID_HMAC_SHA256) == E_ALG_UNKNOWN,
	    "mac: algorithms out of their place are refused (badAlg)");
	ok(with_params(good, SLICE_LIT("\x04\x00")) == E_ALG_PARAMS &&
	    with_params(good, SLICE_LIT("\x05\0\x05\0")) == E_ALG_PARAMS,
	    "mac: HMAC with other parameters than NULL is refused (badAlg)");
}

static enum err_code
with(enum oid mac, int64_t key_n, struct slice params)
{
	struct raw r = good;
	struct mac m;

	r.mac = mac;
	r.key_n = key_n;
	r.mac_params = params;
	return parse(r, &m);
}

static void
test_params(void)
{
	ok(with(OID_GMAC128, 16, SLICE_LIT("\x30\x0e\x04\x0c" NONCE)) ==
	    E_MAC_LIMIT && with(OID_GMAC128, 16, SLICE_LIT("\x30\x11\x04\x0c"
	    NONCE "\x02\x01\x0c")) == E_MAC_LIMIT,
	    "mac: an AES-GMAC of 12 octets is refused (badAlg)");
	ok(with(OID_GMAC128, 16, SLICE_LIT("\x30\x0a\x04\x05" "nonce\x02\x01"
	    "\x10")) == E_MAC_LIMIT && with(OID_GMAC128, 16, SLICE_LIT("\x30"
	    "\x16\x04\x11" "12345678901234567\x02\x01\x10")) == E_MAC_LIMIT,
	    "mac: an AES-GMAC nonce has to have 12 to 16 octets");
	ok(with(OID_GMAC128, 16, SLICE_LIT("")) == E_ALG_PARAMS &&
	    with(OID_GMAC128, 16, NUL) == E_ALG_PARAMS,
	    "mac: AES-GMAC without parameters is refused");
	ok(with(OID_GMAC128, 32, SLICE_LIT("\x30\x11\x04\x0c" NONCE
	    "\x02\x01\x10")) == E_MAC_LIMIT,
	    "mac: keyLength has to be that of AES-GMAC's key");
	ok(with(OID_KMAC128, 32, SLICE_LIT("\x30\x04\x02\x02\x01\x00")) ==
	    E_ALG_PARAMS && with(OID_KMAC256, 32, SLICE_LIT("\x30\x04\x02\x02"
	    "\x02\x00")) == E_ALG_PARAMS && with(OID_KMAC128, 32,
	    SLICE_LIT("\x30\x02\x04\x00")) == E_ALG_PARAMS,
	    "mac: KMAC with its defaults encoded is refused");
	ok(with(OID_KMAC128, 32, SLICE_LIT("\x30\x03\x02\x01\x78")) ==
	    E_MAC_LIMIT && with(OID_KMAC128, 32, SLICE_LIT("\x30\x04\x02\x02"
	    "\x02\x08")) == E_MAC_LIMIT && with(OID_KMAC128, 32,
	    SLICE_LIT("\x30\x04\x02\x02\x00\x81")) == E_MAC_LIMIT,
	    "mac: KMAC has to have whole octets, 16 to 64 of them");
	ok(with(OID_KMAC128, 32, NUL) == E_ALG_PARAMS,
	    "mac: KMAC with NULL is refused");
}

static void
test_verify(void)
{
	struct err e = { .code = E_NONE };
	uint8_t tag[MAC_MAX];
	struct mac m;
	size_t n;

	mac_new(&m, MAC_PBMAC1, MAC_HMAC_SHA256, 1000);
	n = mac_compute(&m, SLICE_LIT("secret"), SLICE_LIT("data"), tag);
	ok(mac_verify(&m, SLICE_LIT("secret"), SLICE_LIT("data"),
	    SLICE(tag, n), &e) == 0, "mac: what we made verifies");
	ok(mac_verify(&m, SLICE_LIT("secret"), SLICE_LIT("data"),
	    SLICE(tag, n - 1), &e) == -1 && e.code == E_PROT_MAC &&
	    mac_verify(&m, SLICE_LIT("secret"), SLICE_LIT("data"), SLICE_NONE,
	    &e) == -1, "mac: cut or empty it does not (badMessageCheck)");
	ok(mac_verify(&m, SLICE_LIT("Secret"), SLICE_LIT("data"),
	    SLICE(tag, n), &e) == -1 &&
	    mac_verify(&m, SLICE_NONE, SLICE_LIT("data"), SLICE(tag, n),
	    &e) == -1, "mac: nor with another secret, or none");
	ok(mac_verify(&m, SLICE_LIT("secret"), SLICE_LIT("date"),
	    SLICE(tag, n), &e) == -1, "mac: nor over other data");
	tag[n - 1] ^= 1;
	ok(mac_verify(&m, SLICE_LIT("secret"), SLICE_LIT("data"),
	    SLICE(tag, n), &e) == -1, "mac: nor with one bit changed");
	m.kind = MAC_NONE;
	ok(mac_verify(&m, SLICE_LIT("secret"), SLICE_LIT("data"), SLICE_NONE,
	    &e) == -1, "mac: no MAC verifies nothing");
}

static int
round_trip(enum mac_kind kind, enum mac_algo algo)
{
	struct err e = { .code = E_NONE };
	struct mac m, back;

	mac_new(&m, kind, algo, 10000);
	derw_reset(&w);
	mac_write(&w, &m);
	return der_walk(derw_slice(&w), &der_limits_message, 0, &e) == 0 &&
	    mac_parse(derw_slice(&w), &back, &e) == 0 &&
	    mac_same(&m, &back) && back.extra_n == m.extra_n &&
	    memcmp(back.extra, m.extra, m.extra_n) == 0;
}

static void
test_write(void)
{
	struct mac m, n;
	char t[MAC_TEXT];
	int good_n = 0;

	for (enum mac_algo a = MAC_HMAC_SHA256; a <= MAC_KMAC256; a++)
		good_n += round_trip(MAC_PBM, a) + round_trip(MAC_PBMAC1, a);
	ok(good_n == 16, "mac: what is written is read back the same");
	mac_new(&m, MAC_PBMAC1, MAC_HMAC_SHA256, 100000);
	mac_new(&n, MAC_PBMAC1, MAC_HMAC_SHA256, 100000);
	ok(m.salt_n == 16 && !mac_same(&m, &n), "mac: each salt is fresh");
	ok(strcmp(mac_name(t, &m), "PBMAC1(SHA-256,100000,hmacWithSHA256)") ==
	    0, "mac: it has a name for people");
	derw_reset(&w);
	memset(m.salt, 's', 16);
	mac_write(&w, &m);
	ok(slice_eq(derw_slice(&w), SLICE_LIT("\x30\x52\x06\x09\x2a\x86\x48"
	    "\x86\xf7\x0d\x01\x05\x0e\x30\x45\x30\x35\x06\x09\x2a\x86\x48\x86"
	    "\xf7\x0d\x01\x05\x0c\x30\x28\x04\x10ssssssssssssssss\x02\x03\x01"
	    "\x86\xa0\x02\x01\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02"
	    "\x09\x05\x00\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05"
	    "\x00")), "mac: the usual PBMAC1 byte for byte");
	mac_new(&m, MAC_PBM, MAC_GMAC128, 1000);
	n = m;
	mac_again(&n);
	ok(mac_same(&m, &n) && memcmp(m.extra, n.extra, 12) != 0,
	    "mac: again with the same parameters there is another nonce");
}

static int
is_bad(enum mac_hash hash, enum mac_algo algo, unsigned iterations)
{
	struct mac m;

	mac_new(&m, MAC_PBM, algo, iterations);
	m.hash = hash;
	derw_reset(&w);
	mac_write(&w, &m);
	return derw_bad(&w);
}

static void
test_never_written(void)
{
	ok(is_bad(MAC_SHA1, MAC_HMAC_SHA256, 1000) &&
	    is_bad(MAC_SHA256, MAC_HMAC_SHA1, 1000),
	    "mac: SHA-1 is never written");
	ok(is_bad(MAC_SHA256, MAC_HMAC_SHA256, 99) &&
	    is_bad(MAC_SHA256, MAC_HMAC_SHA256, 1000001) &&
	    !is_bad(MAC_SHA256, MAC_HMAC_SHA256, 1000000),
	    "mac: nor are iterations out of bounds");
}

/* Every bit turned over and every length cut: no crash, limits hold. */
static void
damage(const struct raw *r)
{
	struct err e = { .code = E_NONE };
	struct slice der = raw_write(r);
	uint8_t *copy;
	struct mac m;
	int bad = 0;

	for (size_t i = 0; i < der.n * 8; i++) {
		copy = malloc(der.n);
		memcpy(copy, der.p, der.n);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		if (mac_parse(SLICE(copy, der.n), &m, &e) == 0)
			bad += m.iterations < 100 || m.iterations > 1000000 ||
			    m.salt_n < 8 || m.salt_n > 64 || m.key_n > 64 ||
			    m.tag_n > 64;
		else
			bad += m.kind != MAC_NONE;
		free(copy);
	}
	for (size_t i = 0; i < der.n; i++) {
		copy = malloc(i + 1);
		memcpy(copy, der.p, i);
		bad += mac_parse(SLICE(copy, i), &m, &e) == 0;
		free(copy);
	}
	ok(bad == 0, "mac: a damaged %s is refused or within the limits",
	    oid_name(r->kind));
}

static const char script[] =
    "exec >$D/log 2>&1; cd $D && openssl genpkey -algorithm EC "
    "-pkeyopt ec_paramgen_curve:P-256 -out key &&"
    "req() { out=$1; shift; openssl cmp -cmd ir -server 127.0.0.1:9 "
    "-secret pass:hunter2 -ref r1 -newkey key -subject /CN=a "
    "-recipient /CN=ca -certout c -total_timeout 1 -reqout $out \"$@\";"
    "test -s $out; };"
    "req usual.pki && req sha2.pki -mac hmacWithSHA256 -digest sha512";

static int
check_file(const char *dir, const char *name, const char *want)
{
	struct err e = { .code = E_NONE };
	char path[256], t[MAC_TEXT];
	struct derw part;
	struct buf b;
	struct mac m;
	struct msg msg;
	int good_one = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	buf_init(&b, 65536);
	derw_init(&part, 65536);
	if (file_read(path, 65536, &b, &e) == 0 &&
	    msg_decode(buf_slice(&b), &msg, &e) == 0 &&
	    mac_parse(msg.hdr.protection_alg, &m, &e) == 0) {
		derw_raw(&part, msg.body_tlv);
		derw_raw(&part, msg.header_tlv);
		derw_wrap(&part, DER_SEQUENCE, 0);
		good_one = strcmp(mac_name(t, &m), want) == 0 &&
		    mac_verify(&m, SLICE_LIT("hunter2"), derw_slice(&part),
		    msg.protection, &e) == 0;
	}
	if (!good_one)
		printf("# %s %s\n", err_name(e.code), e.detail);
	derw_release(&part);
	buf_release(&b);
	return good_one;
}

static void
test_openssl(void)
{
	char dir[] = "/tmp/t_mac.XXXXXX", cmd[64];

	if (mkdtemp(dir) == NULL)
		return;
	setenv("D", dir, 1);
	ok(system(script) == 0, "openssl cmp made requests with a secret");
	ok(check_file(dir, "usual.pki", "PasswordBasedMac(SHA-256,500,"
	    "hmacWithSHA1)"), "mac: the request of openssl cmp verifies");
	ok(check_file(dir, "sha2.pki", "PasswordBasedMac(SHA-512,500,"
	    "hmacWithSHA256)"), "mac: so with -mac and -digest");
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "clean");
}

static void
test_cost(void)
{
	struct mac m;

	mac_new(&m, MAC_PBM, MAC_HMAC_SHA256, 500);
	ok(mac_cost(&m) == 500, "cost: PasswordBasedMac hashes once each time");
	mac_new(&m, MAC_PBMAC1, MAC_HMAC_SHA256, 500);
	ok(mac_cost(&m) == 1000, "cost: PBKDF2 hashes twice");
	m.key_n = 33;
	ok(mac_cost(&m) == 2000, "cost: and again for another block of key");
	m.key_n = 0;
	ok(mac_cost(&m) == 1000, "cost: without a keyLength it is the MAC's");
	m.algo = MAC_HMAC_SHA512;
	ok(mac_cost(&m) == 2000, "cost: which may be longer than the hash");
	m.hash = MAC_SHA512;
	ok(mac_cost(&m) == 4000, "cost: SHA-512 counts four times");
}

int
main(void)
{
	struct raw gmac = good;

	derw_init(&w, 65536);
	test_vectors();
	test_kmac();
	test_limits();
	test_refused();
	test_params();
	test_verify();
	test_cost();
	test_write();
	test_never_written();
	damage(&good);
	damage(&good_pbm);
	gmac.mac = OID_GMAC128;
	gmac.key_n = 16;
	gmac.mac_params = SLICE_LIT("\x30\x11\x04\x0c" NONCE "\x02\x01\x10");
	damage(&gmac);
	test_openssl();
	derw_release(&w);
	return done();
}
