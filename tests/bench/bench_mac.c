/*
 * bench_mac HOME N: CPU time of a CA for a message with the reference of a
 * ticket and a wrong secret, beside one with a reference that nobody has.
 * Whoever guesses references is to learn nothing from the difference.
 *
 * Both take turns within one run, N of each; medians.  The iterations are the
 * fewest that are read, where other work shows most, and what we make.
 */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "role/engine.h"
#include "tests/bench/requests.h"

#define RUNS	1000
#define EACH	10	/* wrong MACs to a ticket: fewer than lock it */

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
must(int good, const struct err *e)
{
	if (!good)
		BAIL("%s: %s", err_name(e->code), e->detail);
}

static void
add_ticket(struct engine *en, const char *ref)
{
	struct store_ticket t = { .ref = slice_str(ref), .subject = "CN=*",
	    .san = "", .profile = "default", .uses_left = 1,
	    .created = clock_now() };
	struct err e = { 0 };

	must(store_ticket_add(engine_store(en), &t, slice_str("the secret of "
	    "this ticket, which is not used"), &e) == 1, &e);
}

/* The time for an ir with a MAC that is wrong. */
static double
one(struct engine *en, const char *ref, const struct mac *mac)
{
	struct shared s = { .reference = slice_str(ref), .secret =
	    slice_str("another one"), .mac = *mac };
	uint8_t id[16], nonce[16];
	struct err e = { 0 };
	struct outcome o;
	struct draft d;
	struct buf der;
	double since;

	draft_init(&d);
	outcome_init(&o);
	buf_init(&der, 1 << 20);
	rand_bytes(id, sizeof(id));
	rand_bytes(nonce, sizeof(nonce));
	d.body = BODY_IR;
	d.transaction_id = SLICE(id, sizeof(id));
	d.sender_nonce = SLICE(nonce, sizeof(nonce));
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	must(protect_mac(&d, &s, SLICE_NONE, &der, &e) == 0, &e);
	since = cpu();
	engine_handle(en, NULL, buf_slice(&der), &o);
	since = cpu() - since;
	if (o.err.code != E_PROT_MAC)
		BAIL("%s: %s", err_name(o.err.code), o.err.detail);
	draft_release(&d);
	outcome_release(&o);
	buf_release(&der);
	return since;
}

static void
run(struct engine *en, unsigned iterations, size_t n)
{
	static double v[2][RUNS];
	char known[32], unknown[32];
	struct mac mac;

	mac_new(&mac, MAC_PBMAC1, MAC_HMAC_SHA256, iterations);
	for (size_t i = 0; i < n; i++) {
		snprintf(known, sizeof(known), "k%u-%zu", iterations, i / EACH);
		snprintf(unknown, sizeof(unknown), "u%u-%zu", iterations,
		    i / EACH);
		if (i % EACH == 0)
			add_ticket(en, known);
		v[0][i] = one(en, known, &mac);
		v[1][i] = one(en, unknown, &mac);
	}
	qsort(v[0], n, sizeof(double), order);
	qsort(v[1], n, sizeof(double), order);
	printf("PBMAC1, %6u iterations %18.0f us %7.0f us   %5.2f\n",
	    iterations, v[0][n / 2], v[1][n / 2], v[0][n / 2] / v[1][n / 2]);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	struct engine *en;
	size_t n;
	int fd;

	if (argc != 3 || (n = strtoul(argv[2], NULL, 10)) < 1 || n > RUNS)
		BAIL("usage: bench_mac HOME N");
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		BAIL("%s: no home", argv[1]);
	must(engine_open(fd, STORE_WRITE, &en, &e) == 0 &&
	    engine_begin(en, &e) == 0, &e);
	run(en, MAC_ITERATIONS_MIN, n);
	run(en, 100000, n);
	must(engine_commit(en, &e) == 0, &e);
	engine_close(en);
	close(fd);
	return 0;
}
