/*
 * limits: messages as large as we take, shaped to be slow.  Walk, decode,
 * print and lint together stay below a second of CPU; anything quadratic in
 * a megabyte would take minutes.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "msg/body.h"
#include "msg/lint.h"
#include "msg/print.h"
#include "tests/unit/tap.h"

#define SIZE	(1u << 20)
#define OUT_MAX	(64u << 20)
#ifdef __SANITIZE_ADDRESS__
#define CPU_MAX	10.0	/* a sanitizer's own share */
#else
#define CPU_MAX	1.0
#endif

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
found(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	(void)level;
	(void)code;
	(void)section;
	(void)text;
	++*(size_t *)arg;
}

/* All that an inspector and an agent do before any key is touched. */
static void
look_at(struct slice der, const char *what)
{
	double start = cpu(), took;
	struct err e = { 0 };
	size_t n = 0;
	struct buf out;
	struct msg m;
	int rc;

	buf_init(&out, OUT_MAX);
	rc = msg_decode(der, &m, &e);
	if (rc == 0) {
		(void)body_check(&m, &e);
		print_text(&out, &m);
		print_json(&out, &m);
		(void)lint_msg(&m, found, &n);
	}
	took = cpu() - start;
	ok(rc == 0 && der.n <= SIZE, "limits: %s is taken (%zu bytes) %s",
	    what, der.n, e.detail);
	ok(took < CPU_MAX, "limits: %s is seen through in %.0f ms", what,
	    took * 1000);
	ok(!buf_bad(&out), "limits: %s is shown in %zu bytes", what, out.n);
	buf_release(&out);
}

static uint8_t filler[SIZE];

static void
put_name(struct derw *w, size_t rdns, size_t attrs, size_t len)
{
	size_t all = derw_mark(w), rdn, one;

	for (size_t i = 0; i < rdns; i++) {
		rdn = derw_mark(w);
		for (size_t k = 0; k < attrs; k++) {
			one = derw_mark(w);
			derw_prim(w, DER_UTF8_STRING, SLICE(filler, len));
			derw_oid(w, oid_bytes(OID_CN));
			derw_wrap(w, DER_SEQUENCE, one);
		}
		derw_wrap(w, DER_SET, rdn);
	}
	derw_wrap(w, DER_SEQUENCE, all);
}

/* Extensions with each of what a certificate may have many of. */
static void
put_exts(struct derw *w, size_t size)
{
	static const enum oid ids[] = { OID_SAN, OID_EKU, OID_CRL_DP,
	    OID_NAME_CONSTRAINTS, OID_POLICIES };
	size_t all = derw_mark(w), one;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		one = derw_mark(w);
		while (derw_mark(w) - one < size / 5) {
			if (ids[i] == OID_SAN)
				derw_prim(w, DER_CTXP(2), SLICE(filler, 10));
			else if (ids[i] == OID_EKU)
				derw_oid(w, oid_bytes(OID_KP_CLIENT_AUTH));
			else
				derw_prim(w, DER_SEQUENCE, SLICE_NONE);
			if (derw_mark(w) - one > 900 * 12)
				break;
		}
		derw_wrap(w, DER_SEQUENCE, one);
		derw_wrap(w, DER_OCTET_STRING, one);
		derw_oid(w, oid_bytes(ids[i]));
		derw_wrap(w, DER_SEQUENCE, one);
	}
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_CTX(3), all);
}

static void
put_alg(struct derw *w)
{
	size_t m = derw_mark(w);

	derw_oid(w, SLICE_LIT("\x2b\x65\x70"));
	derw_wrap(w, DER_SEQUENCE, m);
}

/* A certificate of about ${size} bytes; in names or in extensions. */
static void
put_cert(struct derw *w, size_t size, size_t rdns)
{
	size_t cert = derw_mark(w), m;

	derw_bits(w, DER_BIT_STRING, SLICE(filler, 64));
	put_alg(w);
	m = derw_mark(w);
	if (rdns == 0)
		put_exts(w, size);
	{
		size_t k = derw_mark(w);

		derw_bits(w, DER_BIT_STRING, SLICE(filler, 32));
		put_alg(w);
		derw_wrap(w, DER_SEQUENCE, k);
		put_name(w, rdns ? rdns : 1, 1, rdns ? size / 2 / rdns : 5);
		k = derw_mark(w);
		derw_time(w, 1900000000);
		derw_time(w, 1700000000);
		derw_wrap(w, DER_SEQUENCE, k);
		put_name(w, rdns ? rdns : 1, 1, rdns ? size / 2 / rdns : 5);
		put_alg(w);
		derw_int(w, DER_INTEGER, 5);
		k = derw_mark(w);
		derw_int(w, DER_INTEGER, 2);
		derw_wrap(w, DER_CTX(0), k);
	}
	derw_wrap(w, DER_SEQUENCE, m);
	derw_wrap(w, DER_SEQUENCE, cert);
}

struct shape {
	const char	*what;
	size_t		 rdns, attrs, len;	/* of the sender */
	size_t		 certs, cert_size, cert_rdns;
	size_t		 texts, text_len;
	size_t		 infos, info_len;
	size_t		 requests, request_len;
};

static void
put_header(struct derw *w, const struct shape *s)
{
	size_t all = derw_mark(w), m = all, one;

	for (size_t i = 0; i < s->infos; i++) {
		one = derw_mark(w);
		derw_prim(w, DER_OCTET_STRING, SLICE(filler, s->info_len));
		derw_oid(w, SLICE_LIT("\x2a\x03\x04"));
		derw_wrap(w, DER_SEQUENCE, one);
	}
	if (s->infos > 0) {
		derw_wrap(w, DER_SEQUENCE, m);
		derw_wrap(w, DER_CTX(8), m);
	}
	m = derw_mark(w);
	for (size_t i = 0; i < s->texts; i++)
		derw_prim(w, DER_UTF8_STRING, SLICE(filler, s->text_len));
	if (s->texts > 0) {
		derw_wrap(w, DER_SEQUENCE, m);
		derw_wrap(w, DER_CTX(7), m);
	}
	m = derw_mark(w);
	put_alg(w);
	derw_wrap(w, DER_CTX(1), m);
	m = derw_mark(w);
	put_name(w, 1, 1, 5);
	derw_wrap(w, DER_CTX(4), m);
	m = derw_mark(w);
	put_name(w, s->rdns, s->attrs, s->len);
	derw_wrap(w, DER_CTX(4), m);
	derw_int(w, DER_INTEGER, 2);
	derw_wrap(w, DER_SEQUENCE, all);
}

/* CertReqMessages with names and keys of ${request_len} bytes. */
static void
put_body(struct derw *w, const struct shape *s)
{
	size_t all = derw_mark(w), one, m;

	for (size_t i = 0; i < s->requests; i++) {
		one = derw_mark(w);
		m = derw_mark(w);
		put_name(w, 1, 1, s->request_len);
		derw_wrap(w, DER_CTX(5), m);
		derw_wrap(w, DER_SEQUENCE, m);
		derw_int(w, DER_INTEGER, (int64_t)i);
		derw_wrap(w, DER_SEQUENCE, one);
		derw_wrap(w, DER_SEQUENCE, one);
	}
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_CTX(0), all);
}

static void
try_shape(const struct shape *s)
{
	struct derw w;
	size_t m;

	derw_init(&w, 2 * SIZE);
	for (size_t i = 0; i < s->certs; i++)
		put_cert(&w, s->cert_size, s->cert_rdns);
	if (s->certs > 0) {
		derw_wrap(&w, DER_SEQUENCE, 0);
		derw_wrap(&w, DER_CTX(1), 0);
	}
	m = derw_mark(&w);
	derw_bits(&w, DER_BIT_STRING, SLICE(filler, 64));
	derw_wrap(&w, DER_CTX(0), m);
	put_body(&w, s);
	put_header(&w, s);
	derw_wrap(&w, DER_SEQUENCE, 0);
	look_at(derw_slice(&w), s->what);
	derw_release(&w);
}

static const struct shape shapes[] = {
	{ "a sender of 1,000 RDNs", .rdns = 1000, .attrs = 1, .len = 1000 },
	{ "a sender of 1,000 attributes in one RDN", .rdns = 1,
	    .attrs = 1000, .len = 1000 },
	{ "a sender of 1,000 RDNs of 80 attributes", .rdns = 1000,
	    .attrs = 80, .len = 1 },
	{ "a sender of a megabyte in one value", .rdns = 1, .attrs = 1,
	    .len = 1000000 },
	{ "32 certificates of 30 KB in extensions", .rdns = 1, .attrs = 1,
	    .len = 5, .certs = 32, .cert_size = 30000 },
	{ "32 certificates of 30 KB in names of 900 RDNs", .rdns = 1,
	    .attrs = 1, .len = 5, .certs = 32, .cert_size = 12000,
	    .cert_rdns = 900 },
	{ "32 certificates with names of 2 KB", .rdns = 16, .attrs = 1,
	    .len = 60, .certs = 32, .cert_size = 1920, .cert_rdns = 16 },
	{ "1,000 texts", .rdns = 1, .attrs = 1, .len = 5, .texts = 1000,
	    .text_len = 1000 },
	{ "1,000 elements of generalInfo", .rdns = 1, .attrs = 1, .len = 5,
	    .infos = 1000, .info_len = 1000 },
	{ "1,000 requests", .rdns = 1, .attrs = 1, .len = 5,
	    .requests = 1000, .request_len = 1000 },
};

/* As many elements as a megabyte holds, and the caps on each side. */
static void
test_walk(void)
{
	struct err e = { 0 };
	struct derw w;
	double start;
	size_t m, n = 0;

	derw_init(&w, 2 * SIZE);
	while (derw_mark(&w) < SIZE - 3000) {
		m = derw_mark(&w);
		for (int i = 0; i < 1000; i++)
			derw_null(&w);
		derw_wrap(&w, DER_SEQUENCE, m);
		n += 1001;
	}
	derw_wrap(&w, DER_SEQUENCE, 0);
	start = cpu();
	ok(der_walk(derw_slice(&w), &der_limits_message, 0, &e) == 0 &&
	    cpu() - start < CPU_MAX, "limits: %zu elements are walked in %.0f ms",
	    n, (cpu() - start) * 1000);
	derw_reset(&w);
	derw_prim(&w, DER_OCTET_STRING, SLICE(filler, SIZE - 4));
	ok(derw_slice(&w).n == SIZE + 1 && der_walk(derw_slice(&w),
	    &der_limits_message, 0, &e) == -1 && e.code == E_FILE_SIZE,
	    "limits: one byte more than a megabyte is refused (E_FILE_SIZE)");
	derw_release(&w);
}

int
main(void)
{
	memset(filler, 'a', sizeof(filler));
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		try_shape(&shapes[i]);
	/* The same with bytes that have to be escaped. */
	memset(filler, 0x01, sizeof(filler));
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		try_shape(&shapes[i]);
	test_walk();

	return done();
}
