#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "tap.h"

#define MAX_SIZE	1000
#define SPOOL_SETTLE	600
#define MANY		20000

static char top[] = "/tmp/t_spool.XXXXXX";
static int home = -1, notes;
static enum err_code noted;
static char last_note[2048];
static struct err e;

/* 'M', length, bytes: a message of the test. */
static enum spool_shape
judge(struct slice head, size_t size)
{
	if (head.p[0] != 'M')
		return SPOOL_BROKEN;
	if (head.n < 2 || size < head.p[1] + 2u)
		return SPOOL_PARTIAL;
	return size == head.p[1] + 2u ? SPOOL_COMPLETE : SPOOL_BROKEN;
}

static void
note(void *arg, const char *line, enum err_code code)
{
	(void)arg;
	notes++;
	noted = code;
	snprintf(last_note, sizeof(last_note), "%s", line);
}

static void
put(const char *dir, const char *name, const char *content)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "spool/%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || file_write(fd, slice_str(content)) == -1)
		abort();
	close(fd);
}

static int
there(const char *dir, const char *name)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof(path), "spool/%s/%s", dir, name);
	return lstat(path, &st) == 0;
}

static struct spool *
open_spool(void)
{
	struct spool *s = NULL;

	e = (struct err){ 0 };
	if (spool_open(home, &s, &e) == -1)
		printf("# %s\n", e.detail);
	return s;
}

static size_t
claim_at(struct spool *s, int64_t now, struct spool_file *f, size_t max)
{
	size_t n = 0;

	e = (struct err){ 0 };
	notes = 0;
	noted = E_NONE;
	if (spool_claim(s, &(struct spool_pass){ judge, MAX_SIZE, SPOOL_SETTLE,
	    now, 0, note, NULL, 0, NULL }, f, max, &n, &e) == -1) {
		printf("# %s\n", e.detail);
		return 999;
	}
	return n;
}

static size_t
claim(struct spool *s, struct spool_file *f, size_t max)
{
	return claim_at(s, time(NULL), f, max);
}

/* Claim the one file there is, and finish it. */
static int
one(struct spool *s, const char *name)
{
	struct spool_file f[2];
	int good;

	if (claim(s, f, 2) != 1)
		return 0;
	good = strcmp(f[0].name, name) == 0 && there("work", name) &&
	    spool_finish(s, &f[0], &e) == 0 && !there("work", name);
	spool_file_release(&f[0]);
	return good;
}

static int
discard(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag;
	return f->level < 2 ? 0 : remove(path);
}

static void
clean(void)
{
	if (nftw("spool", discard, 16, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

static int
discard_all(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static void
test_life(struct spool *s)
{
	struct spool_file f[4];

	ok(claim(s, f, 4) == 0, "spool: nothing is claimed from an empty in/");
	put("in", "b.pki", "M\001b");
	usleep(20000);	/* the tick of file times */
	put("in", "a.pki", "M\001a");
	ok(claim(s, f, 4) == 2 && there("work", "a.pki") && !there("in",
	    "a.pki"), "spool: complete files are claimed into work/");
	ok(strcmp(f[0].name, "b.pki") == 0 && slice_eq(buf_slice(&f[0].data),
	    slice_str("M\001b")), "spool: the oldest first, with its bytes");
	ok(spool_finish(s, &f[0], &e) == 0 && there("done", "b.pki"),
	    "spool: an answered file goes to done/");
	ok(spool_finish(s, &f[0], &e) == 0 && spool_sync_done(s, &e) == 0,
	    "spool: finishing again does no harm");
	ok(spool_return(s, &f[1], &e) == 0 && there("in", "a.pki"),
	    "spool: a returned file is in in/ again");
	spool_file_release(&f[0]);
	spool_file_release(&f[1]);
	ok(claim(s, f, 4) == 1, "spool: and is claimed again");
	ok(spool_reject(s, &f[0], "E_X: one\nline", &e) == 0 &&
	    there("bad", "a.pki") && there("bad", "a.pki.why"),
	    "spool: a rejected file goes to bad/ with its reason");
	spool_file_release(&f[0]);
	ok(spool_place(s, "", "x.pki", slice_str("A"), &e) == 0 &&
	    spool_place(s, "", "x.pki", slice_str("A"), &e) == 0 &&
	    spool_sync_out(s, &e) == 0 && there("out", "x.pki"),
	    "spool: an answer may be placed twice");
	ok(spool_place(s, "", "x.pki", slice_str("B"), &e) == -1 &&
	    e.code == E_EXISTS, "spool: not with other content (E_EXISTS)");
	ok(spool_place(s, "", "../x.pki", slice_str("A"), &e) == -1 &&
	    e.code == E_CREATE, "spool: an answer stays in out/ (E_CREATE)");
	clean();
}

static void
test_names(struct spool *s)
{
	static const char *const good[] = { "-rf.pki", "a b.pki", "A.PKI",
	    "a\nb.pki", "\033[31m.pki", "x..pki", "gr\303\274n.pki",
	    "\377\376.pki", "%s%n.pki", "$(touch PWNED).pki" };
	static const char *const no[] = { ".pki", ".a.pki", "a.pki.part",
	    "a.tmp", "a", "~a.pki~", "..a.pki", "a.pkix" };
	char longest[256];
	struct spool_file f[2];
	int bad = 0;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		put("in", good[i], "M\001x");
		bad += !one(s, good[i]);
	}
	ok(bad == 0, "spool: names are bytes, any is claimed");
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		put("in", no[i], "M\001x");
	ok(claim(s, f, 2) == 0 && notes == 0 && there("in", ".a.pki"),
	    "spool: dot files and other suffixes are invisible");
	memset(longest, 'n', 251);
	memcpy(longest + 251, ".pki", 5);
	put("in", longest, "M\001x");
	ok(one(s, longest), "spool: a name of 255 bytes is claimed");
	put("in", longest, "M\001x");
	ok(one(s, longest), "spool: also when it is taken in done/");
	put("in", longest, "broken");
	ok(claim(s, f, 2) == 0 && noted == E_FILE_FORMAT &&
	    !there("in", longest) && !there("work", longest),
	    "spool: and finds room in bad/");
	put("in", "\033\n.pki", "broken");
	ok(claim(s, f, 2) == 0 && strstr(last_note, "\\x1b\\x0a.pki: ") &&
	    strchr(last_note, '\n') == NULL,
	    "spool: names are escaped when they are reported");
	clean();
}

static void
test_odd(struct spool *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
	    .sun_path = "spool/in/sock.pki" };
	struct spool_file f[2];
	int fd;

	put("hold", "target", "M\001x");
	put("in", "plain.part", "M\001x");
	if (symlink("../hold/target", "spool/in/link.pki") ||
	    symlink("../hold", "spool/in/dirlink.pki") ||
	    symlink("nowhere", "spool/in/dangling.pki") ||
	    mkfifo("spool/in/fifo.pki", 0600) ||
	    mkdir("spool/in/dir.pki", 0700) ||
	    link("spool/in/plain.part", "spool/in/hard.pki") ||
	    (fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)))
		abort();
	ok(claim(s, f, 2) == 0 && notes == 7 && noted == E_FILE_TYPE,
	    "spool: whatever is not a plain file is reported (E_FILE_TYPE)");
	ok(claim(s, f, 2) == 0 && notes == 0, "spool: but only once");
	ok(there("in", "link.pki") && there("in", "dirlink.pki") &&
	    there("in", "dangling.pki") && there("in", "fifo.pki") &&
	    there("in", "dir.pki") && there("in", "hard.pki") &&
	    there("in", "sock.pki"), "spool: and left where it is");
	close(fd);
	clean();
}

static void
test_shapes(struct spool *s)
{
	char big[MAX_SIZE + 2];
	struct spool_file f[2];

	put("in", "a.pki", "");
	put("in", "b.pki", "M\005ab");
	ok(claim(s, f, 2) == 0 && spool_waiting(s) == 2 && notes == 0 &&
	    there("in", "a.pki"), "spool: empty and partial files wait");
	put("in", "b.pki", "M\005abcde");
	ok(one(s, "b.pki"), "spool: and are claimed once complete");
	ok(claim_at(s, time(NULL) + SPOOL_SETTLE - 10, f, 2) == 0 &&
	    spool_waiting(s) == 1, "spool: they wait for the settle time");
	ok(claim_at(s, time(NULL) + SPOOL_SETTLE + 1, f, 2) == 0 &&
	    noted == E_FILE_PARTIAL && there("bad", "a.pki") &&
	    there("bad", "a.pki.why") && spool_waiting(s) == 0,
	    "spool: and then go to bad/ (E_FILE_PARTIAL)");
	memset(big, 'M', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	put("in", "big.pki", big);
	ok(claim(s, f, 2) == 0 && noted == E_FILE_SIZE &&
	    there("bad", "big.pki"),
	    "spool: an over-large file goes to bad/ (E_FILE_SIZE)");
	put("in", "x.pki", "-----BEGIN");
	ok(claim(s, f, 2) == 0 && noted == E_FILE_FORMAT &&
	    there("bad", "x.pki"),
	    "spool: a broken file goes to bad/ (E_FILE_FORMAT)");
	put("in", "x.pki", "-----BEGIN");
	ok(claim(s, f, 2) == 0 && there("bad", "x.1.pki") &&
	    there("bad", "x.1.pki.why"), "spool: its namesake beside it");
	clean();
}

static void
test_collisions(struct spool *s)
{
	struct spool_file f[2];
	int bad = 0;

	put("in", "a.pki", "M\0011");
	ok(claim(s, f, 1) == 1, "spool: a file is being worked on");
	put("in", "a.pki", "M\0012");
	ok(claim(s, &f[1], 1) == 0 && there("in", "a.pki"),
	    "spool: its namesake stays in in/ meanwhile");
	spool_finish(s, &f[0], &e);
	spool_file_release(&f[0]);
	ok(one(s, "a.pki") && there("done", "a.pki") &&
	    there("done", "a.1.pki"), "spool: and is answered after it");
	for (int i = 2; i < 40; i++) {
		char name[32];

		put("in", "a.pki", "M\001x");
		bad += !one(s, "a.pki");
		snprintf(name, sizeof(name), "a.%d.pki", i);
		bad += !there("done", name);
	}
	ok(bad == 0, "spool: a name used for ever never overwrites");
	clean();
}

static struct spool *
test_restart(struct spool *s)
{
	struct spool_file f[4];
	struct spool *other = NULL;
	int fd = -1;

	ok(spool_open(home, &other, &e) == -1 && e.code == E_LOCKED &&
	    strstr(e.detail, "pid ") != NULL,
	    "spool: a second agent is refused, told the first (E_LOCKED)");
	ok(spool_lock(home, &fd, &e) == -1 && e.code == E_LOCKED && fd == -1,
	    "spool: so is a run on single files (E_LOCKED)");
	put("in", "a.pki", "M\001a");
	put("in", "b.pki", "M\001b");
	if (claim(s, f, 1) == 1)
		spool_file_release(&f[0]);
	put("tmp", "x", "x");
	put("out", ".tmp.y", "y");
	put("work", "broken.pki", "?");
	put("in", "twice.pki", "M\001t");
	if (link("spool/in/twice.pki", "spool/work/twice.pki"))
		abort();
	spool_close(s);

	s = open_spool();
	ok(!there("tmp", "x") && !there("out", ".tmp.y"),
	    "spool: what a crash left is removed at start");
	ok(claim(s, f, 4) == 3 && strcmp(f[0].name, "a.pki") == 0,
	    "spool: work/ is redone at start, then in/");
	ok(there("bad", "broken.pki"), "spool: judged like in/");
	ok(!there("in", "twice.pki") && there("work", "twice.pki"),
	    "spool: a claim cut in the middle is completed");
	for (int i = 0; i < 3; i++)
		spool_file_release(&f[i]);
	clean();
	return s;
}

static double
clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
test_many(struct spool *s)
{
	struct spool_file f[64];
	size_t total = 0, n;
	char name[32];
	double t;

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d.pki", i);
		put("in", name, "M\001x");
	}
	t = clock_s();
	while ((n = claim(s, f, 64)) > 0 && n <= 64)
		for (size_t i = 0; i < n; i++) {
			total += spool_finish(s, &f[i], &e) == 0;
			spool_file_release(&f[i]);
		}
	t = clock_s() - t;
	printf("# %.2f seconds\n", t);
	ok(total == MANY && rmdir("spool/in") == 0,
	    "spool: of 20,000 files none is lost or taken twice");
	ok(t < 30, "spool: in linear time");
	mkdir("spool/in", 0770);
}

/* What two subdirectories and in/ have, by turns. */
static void
test_subs(struct spool *s)
{
	static const char *const names[] = { "", "a", "b" };
	static const char *const bad[] = { "..", "x/y", ".x", "/" };
	struct spool_file f[8];
	char name[32];
	int good = 1;
	size_t n;

	for (size_t i = 0; i < 4; i++)
		good &= spool_subs(s, &bad[i], 1, 1, &e) == -1 &&
		    e.code == E_INTERNAL;
	ok(good, "subs: a name is not a path (E_INTERNAL)");
	ok(spool_subs(s, names, 3, 0, &e) == 0 && !there("in", "a") &&
	    claim(s, f, 8) == 0, "subs: they are not made unless asked for");
	ok(spool_subs(s, names, 3, 1, &e) == 0 && there("in", "a") &&
	    there("out", "b") && there("work", "b"), "subs: they are made");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "a/%d.pki", i);
		put("in", name, "M\001x");
	}
	put("in", "b/x.pki", "M\001x");
	put("in", "x.pki", "M\001x");
	n = claim(s, f, 3);
	ok(n == 3 && strcmp(f[0].sub, f[1].sub) != 0 &&
	    strcmp(f[1].sub, f[2].sub) != 0 && strcmp(f[0].sub, f[2].sub) != 0,
	    "subs: each has its turn, however full the others are");
	for (size_t i = 0; i < n; i++) {
		good &= spool_finish(s, &f[i], &e) == 0;
		spool_file_release(&f[i]);
	}
	n = claim(s, f, 1);
	ok(good && n == 1 && strcmp(f[0].sub, "a") == 0 &&
	    spool_return(s, &f[0], &e) == 0 && !there("work/a", f[0].name) &&
	    there("in/a", f[0].name), "subs: a file goes back where it came "
	    "from");
	spool_file_release(&f[0]);
	ok(spool_place(s, "b", "y.pki", slice_str("A"), &e) == 0 &&
	    spool_sync_out(s, &e) == 0 && there("out/b", "y.pki"),
	    "subs: an answer goes to the one that is named");
	ok(spool_place(s, "c", "y.pki", slice_str("A"), &e) == -1 &&
	    e.code == E_HOME, "subs: and to no other (E_HOME)");
}

int
main(void)
{
	struct spool *s;
	struct stat st;

	if (mkdtemp(top) == NULL || chdir(top) == -1 ||
	    (home = open(".", O_RDONLY | O_DIRECTORY)) == -1)
		return 1;
	ok(spool_open(home, &s, &e) == -1 && e.code == E_HOME && s == NULL,
	    "spool: a home without a spool is refused (E_HOME)");
	ok(spool_init(home, &e) == 0 && spool_init(home, &e) == 0,
	    "spool: init may be repeated");
	ok(stat("spool/in", &st) == 0 && (st.st_mode & 0777) == 0770 &&
	    stat("spool/work", &st) == 0 && (st.st_mode & 0777) == 0700,
	    "spool: only in/ and out/ are open to the group");
	if ((s = open_spool()) == NULL)
		return 1;
	test_life(s);
	test_names(s);
	test_odd(s);
	test_shapes(s);
	test_collisions(s);
	s = test_restart(s);
	test_many(s);
	spool_close(s);
	if ((s = open_spool()) == NULL)
		return 1;
	test_subs(s);
	spool_close(s);
	if (chdir("/") == -1 ||
	    nftw(top, discard_all, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return 1;
	return done();
}
