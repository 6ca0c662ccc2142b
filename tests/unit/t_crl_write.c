#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "asn/oid.h"
#include "base/file.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "t_crl_file.h"
#include "tap.h"

#define CN_CA	"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "ca"
#define MANY	100000

#define T2026	1767225600
#define T2027	1798761600

static struct key *k;
static uint8_t key_id[20];

static const struct sigalg ecdsa = { .scheme = SIG_ECDSA,
	.hash = HASH_SHA256 };

/* Some entries out of an array, or numbered ones. */
struct source {
	int			 calls;		/* of rewind */
	uint32_t		 less;		/* fewer with each */
	const struct crl_entry	*v;
	uint32_t		 n, at;
	uint8_t			 serial[20];
	enum err_code		 fail;
};

static int
first(void *ctx, struct err *e)
{
	struct source *s = ctx;

	(void)e;
	s->at = s->less * (uint32_t)s->calls++;
	return 0;
}

static int
next_given(void *ctx, struct crl_entry *out, struct err *e)
{
	struct source *s = ctx;

	if (s->at == s->n)
		return s->fail != E_NONE ? err_set(e, s->fail, "no more") : 0;
	*out = s->v[s->at++];
	return 1;
}

/* 20 random-looking octets, the first bit set in every other one. */
static void
serial_of(uint32_t i, uint8_t b[static 20])
{
	for (uint32_t j = 0; j < 20; j++)
		b[j] = (uint8_t)((i * 2654435761u + j * 40503u) >> (j % 24));
	b[0] |= 1;
	memcpy(b + 16, &i, 4);
}

static int
next_numbered(void *ctx, struct crl_entry *out, struct err *e)
{
	static const int reasons[] = { 0, 1, 2, 3, 4, 5, 6, 9, 10 };
	struct source *s = ctx;

	(void)e;
	if (s->at == s->n)
		return 0;
	serial_of(s->at, s->serial);
	*out = (struct crl_entry){ SLICE(s->serial, 20), T2026 + s->at,
	    .reason = reasons[s->at % 9] };
	s->at++;
	return 1;
}

static struct crl_new
new_of(struct source *s)
{
	return (struct crl_new){ .issuer = SLICE_LIT(CN_CA),
	    .aki = SLICE(key_id, 20), .number = 300,
	    .this_update = T2026, .next_update = T2027,
	    .rewind = first, .next = s->v ? next_given : next_numbered, .ctx = s };
}

static enum err_code
write_new(const struct crl_new *n, struct buf *out)
{
	struct err e = { .code = E_NONE };

	buf_init(out, 64 << 20);
	if (crl_into(n, k, &ecdsa, out, &e) == -1)
		printf("# %s %s\n", err_name(e.code), e.detail);
	return e.code;
}

static enum err_code
write_entries(const struct crl_entry *v, uint32_t n, struct buf *out)
{
	struct source s = { .v = v, .n = n };
	struct crl_new c = new_of(&s);

	return write_new(&c, out);
}

static const struct crl_entry two[] = {
	{ SLICE_LIT("\xfe\x01"), T2026 - 1000, .reason = 1 },
	{ SLICE_LIT("\x00\x00\x07"), T2026 - 2000, .reason = 0 },
};

static void
test_fields(void)
{
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	struct buf b;
	int64_t when = 0;
	int reason = -1;

	ok(write_entries(two, 2, &b) == E_NONE &&
	    crl_open(buf_slice(&b), &c, &e) == 0 && crl_count(c) == 2,
	    "crl: what is written is read back");
	ok(slice_eq(crl_issuer(c), SLICE_LIT(CN_CA)) &&
	    slice_eq(crl_aki(c), SLICE(key_id, 20)) &&
	    slice_eq(crl_number(c), SLICE_LIT("\x01\x2c")) &&
	    crl_this_update(c) == T2026 && crl_next_update(c) == T2027 &&
	    !crl_not_understood(c), "crl: its fields are there");
	ok(crl_lookup(c, SLICE_LIT("\x00\xfe\x01"), &reason, &when) &&
	    reason == 1 && when == T2026 - 1000,
	    "crl: a serial with its first bit set is a positive INTEGER");
	ok(crl_lookup(c, SLICE_LIT("\x07"), &reason, &when) && reason == 0 &&
	    when == T2026 - 2000, "crl: leading zeros of a serial are dropped");
	ok(memmem(b.p, b.n, "\x55\x1d\x15\x04\x03\x0a\x01\x01", 8) != NULL &&
	    memmem(b.p, b.n, "\x0a\x01\x00", 3) == NULL,
	    "crl: a reason is an ENUMERATED, and 0 is left out");
	ok(crl_verify(c, key_spki(k), &e) == 0, "crl: its signature verifies");
	crl_free(c);
	buf_release(&b);
}

static void
oracle_ext(struct derw *w, enum oid id, size_t mark)
{
	derw_wrap(w, DER_OCTET_STRING, mark);
	derw_oid(w, oid_bytes(id));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
oracle_entries(struct derw *w, const struct crl_new *n, uint32_t count)
{
	size_t list = derw_mark(w), mark;
	struct crl_entry x;
	struct err e;

	for (uint32_t i = count; i-- > 0;) {
		((struct source *)n->ctx)->at = i;
		n->next(n->ctx, &x, &e);
		mark = derw_mark(w);
		if (x.reason != 0) {
			derw_int(w, DER_ENUMERATED, x.reason);
			oracle_ext(w, OID_CRL_REASON, mark);
			derw_wrap(w, DER_SEQUENCE, mark);
		}
		derw_time(w, x.when);
		derw_unsigned(w, DER_INTEGER, x.serial);
		derw_wrap(w, DER_SEQUENCE, mark);
	}
	if (count > 0)
		derw_wrap(w, DER_SEQUENCE, list);
}

/* tbsCertList written backwards in memory, as everything else is. */
static void
oracle(struct derw *w, const struct crl_new *n, uint32_t count)
{
	derw_int(w, DER_INTEGER, n->number);
	oracle_ext(w, OID_CRL_NUMBER, 0);
	size_t mark = derw_mark(w);
	derw_prim(w, DER_CTXP(0), n->aki);
	derw_wrap(w, DER_SEQUENCE, mark);
	oracle_ext(w, OID_AKI, mark);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_CTX(0), 0);
	oracle_entries(w, n, count);
	derw_time(w, n->next_update);
	derw_time(w, n->this_update);
	derw_raw(w, n->issuer);
	alg_write(w, &ecdsa);
	derw_int(w, DER_INTEGER, 1);
	derw_wrap(w, DER_SEQUENCE, 0);
}

/* How often the header of tbsCertList was shorter than that around it. */
static int crossed;

static int
same_tbs(const struct crl_new *n, uint32_t count)
{
	struct slice in, tbs = SLICE_NONE;
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	struct derw w;
	struct buf b;
	int same;

	derw_init(&w, 64 << 20);
	write_new(n, &b);
	oracle(&w, n, count);
	same = der_only(buf_slice(&b), DER_SEQUENCE, &in) == 0 &&
	    der_get_tlv(&in, DER_SEQUENCE, &tbs) == 0 &&
	    slice_eq(tbs, derw_slice(&w)) &&
	    crl_open(buf_slice(&b), &c, &e) == 0 &&
	    crl_verify(c, key_spki(k), &e) == 0;
	in.n += tbs.n;
	crossed += tbs.n < 256 ? in.n >= 256 : tbs.n < 65536 && in.n >= 65536;
	if (!same)
		printf("# %u entries: %zu bytes, %zu expected: %s\n", count,
		    tbs.n, derw_slice(&w).n, e.detail);
	crl_free(c);
	buf_release(&b);
	derw_release(&w);
	return same;
}

/* Also where the lengths of lengths change, and where that depends on how
 * long the signature is. */
static void
test_bytes(void)
{
	struct source s = { .v = two, .n = 2 };
	struct crl_new n = new_of(&s);
	static const uint8_t octets[20] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct crl_entry some[4];
	int same = same_tbs(&n, 2), around = 0, long_ones = 0;

	s = (struct source){ .n = 5000 };
	n = new_of(&s);
	ok(same && same_tbs(&n, 5000),
	    "crl: every octet is as if it was written in memory");
	for (uint32_t i = 0; i < 4 * 20; i++) {
		for (uint32_t j = 0; j < 4; j++)
			some[j] = (struct crl_entry){ SLICE(octets,
			    i / 20 > j ? 20 : i / 20 == j ? i % 20 + 1 : 1),
			    T2026, .reason = 0 };
		s = (struct source){ .v = some, .n = 4 };
		n = new_of(&s);
		around += same_tbs(&n, 4);
	}
	around = around == 80 ? crossed : 0;
	crossed = 0;
	/* 52 octets each: all is around 65536. */
	for (uint32_t i = 0; i < 60; i++) {
		s = (struct source){ .n = 1255 + i / 10 };
		n = new_of(&s);
		n.aki = SLICE(key_id, 1 + 2 * (i % 10));
		long_ones += same_tbs(&n, s.n);
	}
	ok(around > 0 && long_ones == 60 && crossed > 0, "crl: so it is where "
	    "lengths take another octet (%d, %d)", around, crossed);
}

static void
test_invalidity(void)
{
	struct crl_entry x[] = {
		{ SLICE_LIT("\x01"), T2026, 1, 1, T2026 - 5 },
		{ SLICE_LIT("\x02"), T2026, 0, 1, T2026 - 5 } };
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	struct buf b;
	int reason = -1;

	ok(write_entries(x, 2, &b) == E_NONE &&
	    crl_open(buf_slice(&b), &c, &e) == 0 && !crl_not_understood(c) &&
	    crl_lookup(c, SLICE_LIT("\x01"), &reason, NULL) && reason == 1 &&
	    memmem(b.p, b.n, "\x55\x1d\x18\x04\x11\x18\x0f"
	    "20251231235955Z", 22) != NULL, "crl: an invalidityDate is "
	    "beside the reason");
	crl_free(c);
	buf_release(&b);
}

/* What a store says of its newest CRL's file. */
static void
test_frame(void)
{
	static const size_t cuts[] = { 0, 1, 5, 20, 60, 100, 5000 };
	struct source s = { .n = 5000 };
	struct crl_new n = new_of(&s);
	int fd = memfd_create("crl", MFD_CLOEXEC), refused = 0;
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	off_t size;

	ok(crl_write(&n, k, &ecdsa, fd, &e) == 0 &&
	    crl_frame(fd, key_spki(k), &c, &e) == 0 && crl_count(c) == 0 &&
	    slice_eq(crl_number(c), SLICE_LIT("\x01\x2c")) &&
	    crl_this_update(c) == T2026 && crl_next_update(c) == T2027 &&
	    slice_eq(crl_issuer(c), SLICE_LIT(CN_CA)),
	    "crl: the frame of a long file has its fields");
	crl_free(c);
	size = lseek(fd, 0, SEEK_END);
	ok(pwrite(fd, "\x55", 1, size / 2) == 1 && crl_frame(fd, key_spki(k),
	    &c, &e) == -1 && e.code == E_PATH_SIG && c == NULL,
	    "crl: a frame around other entries is refused (E_PATH_SIG)");
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		refused += ftruncate(fd, (off_t)cuts[i]) == 0 &&
		    crl_frame(fd, key_spki(k), &c, &e) == -1 &&
		    e.code == E_CRL_SYNTAX;
	ok(refused == 7, "crl: so is a file that is cut (E_CRL_SYNTAX)");
	close(fd);
}

static void
test_empty(void)
{
	struct err e = { .code = E_NONE };
	struct crl *c = NULL;
	struct buf b;

	ok(write_entries(two, 0, &b) == E_NONE &&
	    crl_open(buf_slice(&b), &c, &e) == 0 && crl_count(c) == 0 &&
	    memmem(b.p, b.n, "\x30\x00", 2) == NULL,
	    "crl: with nobody on it the list is left out");
	crl_free(c);
	buf_release(&b);
}

static enum err_code
one(struct slice serial, int reason)
{
	struct crl_entry x = { serial, T2026, .reason = reason };
	struct buf b;
	enum err_code code = write_entries(&x, 1, &b);

	if (code != E_NONE && b.n != 0)
		code = E_NONE;
	buf_release(&b);
	return code;
}

static void
test_refused(void)
{
	static const uint8_t long_serial[21] = { 1 };
	struct source s = { .v = two, .n = 2, .fail = E_STORE };
	struct crl_new n = new_of(&s);
	struct buf b;

	ok(one(SLICE_LIT("\x01"), 7) == E_INTERNAL &&
	    one(SLICE_LIT("\x01"), 8) == E_INTERNAL &&
	    one(SLICE_LIT("\x01"), 11) == E_INTERNAL &&
	    one(SLICE_LIT("\x01"), -1) == E_INTERNAL &&
	    one(SLICE_LIT("\x01"), 10) == E_NONE,
	    "crl: a reason that there is not, or removeFromCRL, is refused");
	ok(one(SLICE_LIT("\x00"), 0) == E_INTERNAL &&
	    one(SLICE_LIT(""), 0) == E_INTERNAL &&
	    one(SLICE(long_serial, 21), 0) == E_INTERNAL &&
	    one(SLICE(long_serial, 20), 0) == E_NONE,
	    "crl: a serial of zero or of more than 20 octets is refused");
	ok(write_new(&n, &b) == E_STORE && b.n == 0,
	    "crl: no CRL is made when the entries cannot be read");
	s = (struct source){ .v = two, .n = 2, .less = 1 };
	n = new_of(&s);
	ok(write_new(&n, &b) == E_INTERNAL,
	    "crl: nor when they are others the second time");
	n = new_of(&s);
	n.next_update = T2026;
	ok(write_new(&n, &b) == E_INTERNAL, "crl: nextUpdate has to be later");
	n = new_of(&s);
	n.number = -1;
	ok(write_new(&n, &b) == E_INTERNAL, "crl: cRLNumber has to be from 0");
	n = new_of(&s);
	n.aki = SLICE_NONE;
	ok(write_new(&n, &b) == E_INTERNAL, "crl: AKI has to be known");
	n = new_of(&s);
	n.issuer = SLICE_LIT("\x30\x00");
	ok(write_new(&n, &b) == E_INTERNAL, "crl: and the issuer");
}

static double
cpu(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static int
all_found(const struct crl *c)
{
	uint8_t b[21] = { 0 };
	int reason, hits = 0;
	int64_t when;

	for (uint32_t i = 0; i < MANY; i++) {
		serial_of(i, b + 1);
		hits += crl_lookup(c, b[1] & 0x80 ? SLICE(b, 21) :
		    SLICE(b + 1, 20), &reason, &when) && when == T2026 + i;
	}
	return hits == MANY;
}

static void
test_many(void)
{
	struct err e = { .code = E_NONE };
	struct source s = { .n = MANY };
	struct crl_new n = new_of(&s);
	struct crl *c = NULL;
	struct buf b;
	double took = cpu();

	ok(write_new(&n, &b) == E_NONE, "crl: %d entries are written", MANY);
	took = cpu() - took;
	ok(took < 1.0, "crl: in under a second (%.0f ms, %zu bytes)",
	    took * 1e3, b.n);
	ok(crl_open(buf_slice(&b), &c, &e) == 0 && crl_count(c) == MANY &&
	    all_found(c), "crl: all of them are found in it");
	crl_free(c);
	buf_release(&b);
}

static const char script[] =
    "exec >$D/log 2>&1; cd $D &&"
    "openssl req -x509 -key key -out ca.pem -subj /CN=ca -days 30 -utf8 &&"
    "openssl crl -inform DER -in crl -CAfile ca.pem -verify -noout "
    "2>&1 | grep 'verify OK' &&"
    "openssl crl -inform DER -in crl -text -noout >text &&"
    "grep 'Key Compromise' text && grep -A1 'CRL Number' text | grep 300 &&"
    "test $(grep -c 'Serial Number' text) = 2 &&"
    "openssl crl -inform DER -in many -CAfile ca.pem -verify -noout "
    "2>&1 | grep 'verify OK'";

static void
put(const char *dir, const char *name, struct buf *b)
{
	struct err e = { .code = E_NONE };
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_deliver_path(path, buf_slice(b), 0600, FILE_NEW, &e) == -1)
		printf("# %s\n", e.detail);
	buf_release(b);
}

static void
test_openssl(void)
{
	char dir[] = "/tmp/t_crl_write.XXXXXX", cmd[64];
	struct err e = { .code = E_NONE };
	struct source s = { .n = 5000 };
	struct crl_new n = new_of(&s);
	struct buf b;

	if (mkdtemp(dir) == NULL)
		return;
	setenv("D", dir, 1);
	write_entries(two, 2, &b);
	put(dir, "crl", &b);
	write_new(&n, &b);
	put(dir, "many", &b);
	buf_init(&b, 65536);
	key_export(k, SLICE_NONE, &b, &e);
	put(dir, "key", &b);
	ok(system(script) == 0, "crl: openssl crl -verify takes them");
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "clean");
}

/* Each kind of key that a CA may have. */
static void
test_algorithms(void)
{
	static const char *const specs[] = { "rsa:2048", "rsa-pss:2048",
	    "ec:P-521", "ed25519", "ed448" };
	struct err e = { .code = E_NONE };
	int good = 0;

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct source s = { .v = two, .n = 2 };
		struct crl_new n = new_of(&s);
		struct crl *c = NULL;
		struct key *ca = NULL;
		struct sigalg a;
		struct buf b;

		buf_init(&b, 65536);
		if (key_generate(specs[i], &ca, &e) == 0) {
			a = alg_default(key_info(ca));
			good += crl_into(&n, ca, &a, &b, &e) == 0 &&
			    crl_open(buf_slice(&b), &c, &e) == 0 &&
			    crl_verify(c, key_spki(ca), &e) == 0;
		}
		crl_free(c);
		key_free(ca);
		buf_release(&b);
	}
	ok(good == 5, "crl: every kind of key signs one");
}

int
main(void)
{
	struct err e = { .code = E_NONE };

	if (key_generate("ec:P-256", &k, &e) == -1)
		return 1;
	cert_key_id(key_spki(k), key_id);
	test_fields();
	test_bytes();
	test_invalidity();
	test_frame();
	test_empty();
	test_refused();
	test_many();
	test_openssl();
	test_algorithms();
	key_free(k);
	return done();
}
