/* cmp-ca clock: the floor below which the clock may not fall. */
#include <stdio.h>
#include <unistd.h>

#include "asn/der.h"
#include "base/clock.h"
#include "spool/spool.h"
#include "store/store.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] clock [--accept]\n"
"\n"
"Prints our time and the latest of the audit trail.\n"
"  --accept           the clock is right: go on from this time, whatever was\n"
"                     before; the audit trail says so\n";

static int
accept_now(struct store *s, struct err *e)
{
	struct effects f = { .event = STORE_CLOCK_ACCEPTED,
	    .detail = "an operator says that the clock is right" };
	struct store_row row = { .effects = &f, .now = clock_now() };
	char name[STORE_NAME];

	if (store_begin(s, e) == -1)
		return -1;
	if (store_put(s, &row, name, e) == -1) {
		store_rollback(s);
		return -1;
	}
	return store_commit(s, e);
}

static int
run(int fd, int accept, struct err *e)
{
	char t[DER_TIME_TEXT];
	struct store *s = NULL;
	int64_t last;
	int lock = -1, rc;

	if ((accept && spool_lock(fd, &lock, e) == -1) ||
	    store_open(fd, accept ? STORE_WRITE : STORE_READ, &s, e) == -1)
		rc = -1;
	else
		rc = store_floor(s, &last, e);
	if (rc != -1) {
		printf("clock: %s\n", der_time_text(t, clock_now()));
		printf("audit: %s\n", rc == 1 ? der_time_text(t, last) :
		    "empty");
		rc = accept ? accept_now(s, e) : 0;
	}
	store_close(s);
	if (lock != -1)
		close(lock);
	return rc;
}

int
ca_clock(const char *home, int argc, char **argv)
{
	int accept = 0, fd, rc;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "accept", 0, OPT_FLAG, &accept },
	};
	struct err e = { 0 };

	if (tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) != argc)
		return tool_usage("clock takes no operand");
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	rc = run(fd, accept, &e) == -1 ? tool_fail(home, &e) : 0;
	close(fd);
	return rc;
}
