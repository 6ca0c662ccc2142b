/* What anybody can send without end does not fill the store. */
#include "store/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define DAY	86400
#define START	1000000

static char home[] = "/tmp/t_unverified.XXXXXX";
static struct store *s;
static struct err e;
static char last_detail[256];
static int64_t rows;

static void
identity(uint8_t id[static 32], int i)
{
	memset(id, 0, 32);
	memcpy(id, &i, sizeof(i));
}

static int
put(int i, int unverified, enum err_code code, int64_t now)
{
	struct effects f = { .event = "refused", .detail = "no path" };
	char name[STORE_NAME], final[STORE_NAME];
	uint8_t id[32];
	struct store_row row = { .identity = id, .effects = &f,
	    .answer = SLICE_LIT("answer"), .dir = "usb", .name = name,
	    .code = code, .unverified = unverified, .now = now };

	identity(id, i);
	snprintf(name, sizeof(name), "%08d-2-error.pki", i);
	return store_put(s, &row, final, &e);
}

static int
known(int i)
{
	struct buf name, answer;
	uint8_t id[32];
	int rc;

	buf_init(&name, STORE_NAME);
	buf_init(&answer, 4096);
	identity(id, i);
	rc = store_answer(s, id, &name, &answer, &e);
	if (rc == 1 && !slice_eq(buf_slice(&answer), SLICE_LIT("answer")))
		rc = -1;
	buf_release(&name);
	buf_release(&answer);
	return rc;
}

static int
count(void *arg, const struct store_answer *a, struct err *err)
{
	(void)err;
	*(int *)arg += strcmp(a->dir, "usb") == 0;
	return 0;
}

static int
waiting(void)
{
	int n = 0;

	return store_outbox(s, count, &n, &e) == -1 ? -1 : n;
}

static int
see(void *arg, const struct store_audit *a)
{
	(void)arg;
	rows++;
	snprintf(last_detail, sizeof(last_detail), "%s %s", a->code,
	    a->detail);
	return 0;
}

static int64_t
audit_rows(void)
{
	rows = 0;
	return store_audit(s, see, NULL, &e) == -1 ? -1 : rows;
}

static void
test_answers(void)
{
	int good = put(0, 0, E_NOT_AUTHORIZED, START) == 0;

	for (int i = 1; i <= STORE_UNVERIFIED; i++)
		good &= put(i, 1, E_PATH_NONE, START) == 0;
	ok(good && store_forget(s, &e) == 0 && known(1) == 1,
	    "unverified: the last of them are known, and their answers");
	for (int i = 1; i <= 3; i++)
		good &= put(STORE_UNVERIFIED + i, 1, E_PATH_NONE, START) == 0;
	ok(good && waiting() == STORE_UNVERIFIED + 4,
	    "unverified: nothing is forgotten before it could be delivered");
	ok(store_forget(s, &e) == 1 && known(3) == 0 && known(4) == 1 &&
	    known(STORE_UNVERIFIED + 3) == 1 &&
	    waiting() == STORE_UNVERIFIED + 1,
	    "unverified: more than the last are forgotten with their answers");
	ok(known(0) == 1, "unverified: what was verified is kept for ever");
	ok(put(1, 1, E_PATH_NONE, START) == 0 && known(1) == 1,
	    "unverified: what was forgotten can be refused again");
	ok(store_forget(s, &e) == 1 && store_forget(s, &e) == 0,
	    "unverified: to forget twice is to forget once");
}

static void
test_audit(void)
{
	uint8_t head[32];
	int64_t n, before = audit_rows();
	int next = 10000;

	ok(before == 2 && strcmp(last_detail, "E_PATH_NONE no path") == 0,
	    "unverified: of one code the audit trail lists the first");
	put(next++, 1, E_PROT_SIG, START);
	put(next++, 1, E_PROT_SIG, START + DAY - 1);
	ok(audit_rows() == before + 1,
	    "unverified: another code has its own first");
	put(next++, 1, E_PROT_SIG, START + DAY);
	ok(audit_rows() == before + 2 && strcmp(last_detail, "E_PROT_SIG "
	    "no path (after 1 more, not listed)") == 0,
	    "unverified: a day later the next is listed, with how many came "
	    "between");
	put(next++, 1, E_PROT_SIG, START);
	ok(audit_rows() == before + 3,
	    "unverified: a clock that was set back lists at once");
	put(next, 0, E_PROT_SIG, START);
	ok(audit_rows() == before + 4 &&
	    store_audit_check(s, &n, head, &e) == 0 && n == before + 4,
	    "unverified: what is verified is always listed, and the trail is "
	    "sound");
}

int
main(void)
{
	char cmd[80];
	int fd;

	if (mkdtemp(home) == NULL || (fd = open(home, O_RDONLY |
	    O_DIRECTORY)) == -1 ||
	    store_open(fd, STORE_CREATE, &s, &e) == -1)
		return 99;
	ok(store_forget(s, &e) == -1 && e.code == E_INTERNAL,
	    "unverified: nothing is forgotten outside a commit");
	if (store_begin(s, &e) == -1)
		return 99;
	test_answers();
	test_audit();
	ok(store_commit(s, &e) == 0 && known(1) == 1,
	    "unverified: what was kept is there after the commit");
	store_close(s);
	close(fd);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", home);
	if (system(cmd) != 0)
		printf("# %s is left\n", home);
	return done();
}
