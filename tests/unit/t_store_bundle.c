/* Bundles grow over commits, leave as a whole, and nothing of them goes. */
#include "store/store_bundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define START	1000000

static char home[] = "/tmp/t_store_bundle.XXXXXX";
static struct store *s;
static struct err e;
static struct buf got;

static void
identity(uint8_t id[static 32], int i)
{
	memset(id, 0, 32);
	memcpy(id, &i, sizeof(i));
}

/* The answer to request ${i} as a row of its own, "<i>;". */
static int
put(int i, int later, int unverified)
{
	struct effects f = { .event = "issued" };
	char name[STORE_NAME], final[STORE_NAME], text[16];
	uint8_t id[32];
	struct store_row row = { .identity = id, .effects = &f, .name = name,
	    .later = later, .code = unverified ? E_PATH_NONE : E_NONE,
	    .unverified = unverified, .now = START };

	identity(id, i);
	snprintf(text, sizeof(text), "%d;", i);
	row.answer = slice_str(text);
	snprintf(name, sizeof(name), "%08d-2-ip.pki", i);
	return store_put(s, &row, final, &e);
}

static int
add(int64_t bundle, int i)
{
	char name[STORE_NAME];

	snprintf(name, sizeof(name), "%08d-2-ip.pki", i);
	return store_bundle_add(s, bundle, name, &e);
}

static int
piece(void *arg, struct slice data, struct err *err)
{
	(void)arg;
	(void)err;
	buf_add_slice(&got, data);
	return 0;
}

static int
stop(void *arg, struct slice data, struct err *err)
{
	(void)data;
	++*(int *)arg;
	return err_set(err, E_IO, "disk full");
}

static int
each(void *arg, const struct store_answer *a, struct err *err)
{
	++*(int *)arg;
	buf_add_str(&got, a->dir);
	buf_add_str(&got, "/");
	buf_add_str(&got, a->name);
	buf_add_str(&got, "=");
	return store_answer_each(s, a, piece, NULL, err);
}

static int
is(const char *want)
{
	int same = slice_eq(buf_slice(&got), slice_str(want));

	if (!same)
		printf("# got %.*s\n", (int)got.n, (const char *)got.p);
	buf_reset(&got);
	return same;
}

/* What waits in the outbox, as text in ${got}; returns how many. */
static int
waiting(void)
{
	int n = 0;

	return store_outbox(s, each, &n, &e) == 0 ? n : -1;
}

static int
reopen(void)
{
	int fd = open(home, O_RDONLY | O_DIRECTORY), rc;

	store_close(s);
	rc = store_open(fd, STORE_WRITE, &s, &e);
	close(fd);
	return rc;
}

static int64_t
opened(int i, int want)
{
	uint8_t id[32];
	int64_t bundle = -1;

	identity(id, i);
	return store_bundle_open(s, id, &bundle, &e) == want ? bundle : -1;
}

static int64_t
t_grow(void)
{
	uint64_t bytes;
	size_t n;
	int64_t b = 0, again;

	ok(store_begin(s, &e) == 0 && (b = opened(1000, 0)) > 0 &&
	    put(1, 1, 0) == 0 && add(b, 1) == 1 && put(2, 1, 0) == 0 &&
	    add(b, 2) == 1 && add(b, 1) == 0 && store_commit(s, &e) == 0,
	    "a member that is there already is there once");
	ok(store_begin(s, &e) == 0 && put(3, 1, 0) == 0 && add(b, 3) == 1 &&
	    (store_rollback(s), 1) && reopen() == 0 &&
	    store_bundle_total(s, b, &bytes, &n, &e) == 0 && n == 2 &&
	    bytes == 4,
	    "what was not committed is not a member after a restart");
	ok(store_begin(s, &e) == 0 && store_bundle_pass(s, b, 2, &e) == 0 &&
	    store_commit(s, &e) == 0 && reopen() == 0 &&
	    store_bundle_passed(s, b, &n, &e) == 0 && n == 2 &&
	    store_bundle_passed(s, b + 1, &n, &e) == -1 &&
	    e.code == E_NOT_FOUND, "how far it has come is kept");
	ok(waiting() == 0 && is(""), "members are not delivered alone, nor a "
	    "bundle that is not complete");
	ok(store_begin(s, &e) == 0 && (again = opened(1000, 1)) == b &&
	    add(b, 1) == 0 && add(b, 2) == 0 && put(3, 1, 0) == 0 &&
	    add(b, 3) == 1 && store_commit(s, &e) == 0 &&
	    store_bundle_parts(s, b, piece, NULL, &e) == 0 && is("1;2;3;"),
	    "after a restart the same bundle goes on, in the same order");
	return b;
}

static void
t_close(int64_t b)
{
	char name[STORE_NAME], other[STORE_NAME];
	uint8_t id[32];
	struct buf n, answer;
	uint64_t size;
	struct store_answer a;
	struct buf keep;
	int calls = 0;

	buf_init(&n, STORE_NAME);
	buf_init(&answer, 4096);
	buf_init(&keep, 4096);
	identity(id, 1000);
	ok(store_begin(s, &e) == 0 && store_bundle_close(s, b,
	    SLICE_LIT("("), SLICE_LIT(")"), "usb", "abc-2-nested.pki", START,
	    name, &e) == 0 && store_commit(s, &e) == 0 && waiting() == 1 &&
	    is("usb/abc-2-nested.pki=(1;2;3;)"),
	    "a complete bundle is delivered as one");
	ok(reopen() == 0 && waiting() == 1 &&
	    is("usb/abc-2-nested.pki=(1;2;3;)"),
	    "and the same bytes again after a restart");
	ok(store_answer(s, id, &n, &answer, &e) == 1 && answer.n == 0 &&
	    slice_eq(buf_slice(&n), slice_str(name)),
	    "it is the answer to its identity, by name only");
	ok(store_answer_find(s, name, &a, &keep, &e) == 1 &&
	    store_answer_size(s, &a, &size, &e) == 0 && size == 8 &&
	    store_delivered(s, a.id, &e) == 0 && waiting() == 0 && is("") &&
	    store_answer_each(s, &a, piece, NULL, &e) == 0 && is("(1;2;3;)"),
	    "by its name it is found when it was delivered, too");
	ok(store_answer_each(s, &a, stop, &calls, &e) == -1 && calls == 1 &&
	    e.code == E_IO, "who takes the pieces may stop");
	calls = 0;
	ok(store_bundle_parts(s, b, stop, &calls, &e) == -1 && calls == 1 &&
	    e.code == E_IO && store_bundle_parts(s, b, piece, NULL, &e) == 0 &&
	    is("1;2;3;"), "after which they begin anew");
	ok(store_begin(s, &e) == 0 && put(4, 1, 0) == 0 && add(b, 4) == -1 &&
	    e.code == E_INTERNAL && store_bundle_close(s, b, SLICE_LIT("["),
	    SLICE_LIT("]"), "", "x", START, other, &e) == -1 &&
	    e.code == E_INTERNAL && (store_rollback(s), 1),
	    "a bundle that was closed neither grows nor is closed again");
	buf_release(&n);
	buf_release(&answer);
	buf_release(&keep);
}

static void
t_wrong(void)
{
	uint64_t bytes;
	size_t n;
	int64_t b;
	uint8_t id[32];

	identity(id, 2000);
	ok(store_bundle_open(s, id, &b, &e) == -1 && e.code == E_INTERNAL,
	    "a bundle is begun within a commit");
	ok(store_begin(s, &e) == 0 && (b = opened(2000, 0)) > 0 &&
	    add(b, 77) == -1 && e.code == E_NOT_FOUND &&
	    store_bundle_add(s, b, "abc-2-nested.pki", &e) == -1 &&
	    e.code == E_INTERNAL && add(b + 1, 1) == -1 &&
	    e.code == E_INTERNAL && store_bundle_total(s, b + 1, &bytes, &n,
	    &e) == -1 && e.code == E_NOT_FOUND && (store_rollback(s), 1),
	    "no member that is not there, no bundle in a bundle, no member "
	    "of none");
	ok(reopen() == 0 && store_begin(s, &e) == 0 &&
	    (b = opened(2000, 0)) > 0 && add(b, 1) == 1 &&
	    store_commit(s, &e) == 0 &&
	    store_bundle_parts(s, b, piece, NULL, &e) == 0 && is("1;"),
	    "a message may be in two bundles");
}

static int
known(int i)
{
	struct buf n, answer;
	uint8_t id[32];
	int rc;

	buf_init(&n, STORE_NAME);
	buf_init(&answer, 4096);
	identity(id, i);
	rc = store_answer(s, id, &n, &answer, &e);
	if (rc == 1)
		buf_add_slice(&got, buf_slice(&answer));
	buf_release(&n);
	buf_release(&answer);
	return rc;
}

/* Answers to what is not verified go when there are many of them. */
static void
t_unverified(void)
{
	int64_t b;
	int good;

	good = store_begin(s, &e) == 0 && (b = opened(3000, 0)) > 0 &&
	    put(5000, 1, 1) == 0 && add(b, 5000) == 1 && put(5001, 1, 1) == 0;
	for (int i = 0; good && i < STORE_UNVERIFIED + 1; i++)
		good = put(6000 + i, 1, 1) == 0;
	ok(good && store_forget(s, &e) == 1 && known(5001) == 0 && is("") &&
	    known(5000) == 1 && is("5000;") &&
	    store_bundle_parts(s, b, piece, NULL, &e) == 0 && is("5000;") &&
	    store_commit(s, &e) == 0,
	    "what was not verified stays when it is in a bundle");
}

int
main(void)
{
	char cmd[64];
	int fd;

	if (mkdtemp(home) == NULL || (fd = open(home, O_RDONLY |
	    O_DIRECTORY)) == -1)
		return 1;
	if (store_open(fd, STORE_CREATE, &s, &e) == -1)
		return 1;
	close(fd);
	buf_init(&got, 1 << 16);
	t_close(t_grow());
	t_wrong();
	t_unverified();
	buf_release(&got);
	store_close(s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", home);
	return system(cmd) != 0 || done();
}
