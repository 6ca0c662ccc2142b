/*
 * bench_ir HOME CERT KEY GROUPS: CPU time of a CA for a signed ir, beside
 * that of the bare public-key operations that it needs: three verifications
 * with two keys imported, two signatures, with the same library.
 *
 * Both take turns within one run and one commit, since the speed of a shared
 * machine changes from second to second.  What the store takes is measured
 * around its functions, which the linker wraps (see the Makefile).
 */
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "role/engine.h"
#include "tests/bench/requests.h"

#define GROUP	256
#define TURN	32
#define GROUPS	64

struct cost {
	double	 user, all;	/* microseconds */
};

static double in_store;

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* int store_X(...) with its time added to in_store. */
#define TIMED(name, params, args) \
	int __real_##name params; \
	int __wrap_##name params; \
	int __wrap_##name params \
	{ \
		double since = cpu(); \
		int rc = __real_##name args; \
		in_store += cpu() - since; \
		return rc; \
	}
TIMED(store_begin, (struct store *s, struct err *e), (s, e))
TIMED(store_commit, (struct store *s, struct err *e), (s, e))
TIMED(store_savepoint, (struct store *s, struct err *e), (s, e))
TIMED(store_release, (struct store *s, struct err *e), (s, e))
TIMED(store_answer, (struct store *s, const uint8_t *i, struct buf *n,
    struct buf *a, struct err *e), (s, i, n, a, e))
TIMED(store_txn, (struct store *s, struct slice p, struct slice i,
    struct txn *t, struct err *e), (s, p, i, t, e))
TIMED(store_key, (struct store *s, const uint8_t *h, struct buf *n, int *r,
    struct err *e), (s, h, n, r, e))
TIMED(store_serial_taken, (struct store *s, struct slice n, struct err *e),
    (s, n, e))
TIMED(store_put, (struct store *s, const struct store_row *r, char *n,
    struct err *e), (s, r, n, e))

static double
micro(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void
start(struct cost *c)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	c->user -= micro(u.ru_utime);
	c->all -= cpu();
}

static void
stop(struct cost *c)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	c->user += micro(u.ru_utime);
	c->all += cpu();
}

/* --- the floor */

struct floor_keys {
	gnutls_privkey_t	 key;
	gnutls_pubkey_t		 anchor;
	gnutls_datum_t		 spki, data, sig;
};
static uint8_t data[600];

static void
must(int rc)
{
	if (rc < 0)
		BAIL("%s", gnutls_strerror(rc));
}

static void
floor_open(struct floor_keys *f)
{
	f->data = (gnutls_datum_t){ data, sizeof(data) };
	must(gnutls_privkey_init(&f->key));
	must(gnutls_pubkey_init(&f->anchor));
	must(gnutls_privkey_generate(f->key, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_pubkey_import_privkey(f->anchor, f->key, 0, 0));
	must(gnutls_pubkey_export2(f->anchor, GNUTLS_X509_FMT_DER, &f->spki));
	must(gnutls_privkey_sign_data2(f->key, GNUTLS_SIGN_ECDSA_SHA256, 0,
	    &f->data, &f->sig));
}

static void
floor_close(struct floor_keys *f)
{
	gnutls_privkey_deinit(f->key);
	gnutls_pubkey_deinit(f->anchor);
	gnutls_free(f->spki.data);
	gnutls_free(f->sig.data);
}

static void
floor_verify(struct floor_keys *f)
{
	gnutls_pubkey_t k;

	must(gnutls_pubkey_init(&k));
	must(gnutls_pubkey_import(k, &f->spki, GNUTLS_X509_FMT_DER));
	must(gnutls_pubkey_verify_data2(k, GNUTLS_SIGN_ECDSA_SHA256, 0,
	    &f->data, &f->sig));
	gnutls_pubkey_deinit(k);
}

static void
floor_sign(struct floor_keys *f)
{
	gnutls_datum_t s;

	must(gnutls_privkey_sign_data2(f->key, GNUTLS_SIGN_ECDSA_SHA256, 0,
	    &f->data, &s));
	gnutls_free(s.data);
}

static void
floor_one(struct floor_keys *f)
{
	floor_verify(f);	/* protection */
	must(gnutls_pubkey_verify_data2(f->anchor, GNUTLS_SIGN_ECDSA_SHA256, 0,
	    &f->data, &f->sig));	/* the device's certificate */
	floor_verify(f);	/* proof of possession */
	floor_sign(f);		/* the certificate */
	floor_sign(f);		/* the answer */
}

/* --- the engine */

static void
engine_one(struct engine *en, struct slice der)
{
	struct outcome o;

	outcome_init(&o);
	engine_handle(en, NULL, der, &o);
	if (o.verdict != VERDICT_ANSWERED)
		BAIL("%s: %s", err_name(o.err.code), o.err.detail);
	outcome_release(&o);
}

static void
group(struct engine *en, struct floor_keys *f, const struct buf *v,
    struct cost *ours, struct cost *least)
{
	struct err e = { 0 };

	start(ours);
	if (engine_begin(en, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
	stop(ours);
	for (size_t i = 0; i < GROUP; i += TURN) {
		start(least);
		for (size_t j = 0; j < TURN; j++)
			floor_one(f);
		stop(least);
		start(ours);
		for (size_t j = i; j < i + TURN; j++)
			engine_one(en, buf_slice(&v[j]));
		stop(ours);
	}
	start(ours);
	if (engine_commit(en, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
	stop(ours);
}

static int
order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), order);
	return v[n / 2];
}

static void
line(const char *what, double *ours, double *least, double *ratio, size_t n)
{
	printf("%-34s %7.0f us %7.0f us   %5.2f\n", what, median(ours, n),
	    median(least, n), median(ratio, n));
}

static void
run(struct engine *en, struct requester *r, size_t groups)
{
	static double all[3][GROUPS], user[3][GROUPS], bare[3][GROUPS];
	struct cost ours, least;
	struct floor_keys f;
	struct buf v[GROUP];
	unsigned serial = 0;

	floor_open(&f);
	for (size_t g = 0; g < groups + 1; g++) {
		size_t k = g == 0 ? 0 : g - 1;	/* the first is for warmth */

		for (size_t i = 0; i < GROUP; i++) {
			buf_init(&v[i], 1 << 20);
			requester_make(r, serial++, &v[i]);
		}
		ours = least = (struct cost){ 0 };
		in_store = 0;
		group(en, &f, v, &ours, &least);
		all[0][k] = ours.all / GROUP;
		user[0][k] = ours.user / GROUP;
		bare[0][k] = (ours.all - in_store) / GROUP;
		all[1][k] = bare[1][k] = least.all / GROUP;
		user[1][k] = least.user / GROUP;
		all[2][k] = ours.all / least.all;
		user[2][k] = ours.user / least.user;
		bare[2][k] = (ours.all - in_store) / least.all;
		for (size_t i = 0; i < GROUP; i++)
			buf_release(&v[i]);
	}
	line("user+sys", all[0], all[1], all[2], groups);
	line("user", user[0], user[1], user[2], groups);
	line("user+sys without the store", bare[0], bare[1], bare[2], groups);
	floor_close(&f);
}

int
main(int argc, char **argv)
{
	struct requester r;
	struct err e = { 0 };
	struct engine *en;
	size_t groups;
	int fd;

	if (argc != 5 || (groups = strtoul(argv[4], NULL, 10)) < 1 ||
	    groups > GROUPS)
		BAIL("usage: bench_ir HOME CERT KEY GROUPS");
	requester_open(&r, argv[2], argv[3]);
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		BAIL("%s: no home", argv[1]);
	if (engine_open(fd, STORE_WRITE, &en, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
	run(en, &r, groups);
	engine_close(en);
	close(fd);
	certs_free(&r.cert);
	key_free(r.key);
	return 0;
}
