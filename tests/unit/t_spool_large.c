/* Files that are too large to be held, in and out. */
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define SMALL	100
#define LARGE	300000

static char top[] = "/tmp/t_spool_large.XXXXXX";
static int home;
static struct spool *s;
static struct err e;
static enum err_code noted;
static char line[400];

/* The first byte says what it is. */
static enum spool_shape
judge(struct slice head, size_t size)
{
	return size == 0 || head.p[0] == '?' ? SPOOL_PARTIAL : SPOOL_COMPLETE;
}

static int
large(struct slice head)
{
	return head.n > 1000 && head.p[0] == 'L';
}

static void
note(void *arg, const char *text, enum err_code code)
{
	(void)arg;
	noted = code;
	snprintf(line, sizeof(line), "%s", text);
}

static void
put(const char *name, char first, size_t n)
{
	char path[200], block[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/spool/%s", top, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	memset(block, 'x', sizeof(block));
	block[0] = first;
	for (size_t some; n > 0; n -= some, block[0] = 'x') {
		some = n < sizeof(block) ? n : sizeof(block);
		if (write(fd, block, some) != (ssize_t)some)
			abort();
	}
	close(fd);
}

static int
there(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/spool/%s", top, name);
	return access(path, F_OK) == 0;
}

static size_t
claim(struct spool_file *f, int dry)
{
	const struct spool_pass pass = { .judge = judge, .max_size = SMALL,
	    .max_large = LARGE, .large = large, .settle = 600, .now = 0,
	    .dry = dry, .note = note };
	size_t n = 0;

	e = (struct err){ 0 };
	noted = E_NONE;
	line[0] = '\0';
	return spool_claim(s, &pass, f, 4, &n, &e) == 0 ? n : 99;
}

static int
is_copy(const struct spool_file *f, size_t size)
{
	struct stat st;
	char c[2];

	return f->fd != -1 && f->data.n == 0 && fstat(f->fd, &st) == 0 &&
	    st.st_size == (off_t)size && st.st_nlink == 0 &&
	    pread(f->fd, c, 1, 0) == 1 && c[0] == 'L' &&
	    pread(f->fd, c + 1, 1, (off_t)size - 1) == 1 && c[1] == 'x';
}

static void
t_in(void)
{
	struct spool_file f[4];
	size_t n;

	put("in/a.pki", 'L', LARGE);
	n = claim(f, 0);
	ok(n == 1 && is_copy(&f[0], LARGE) && strcmp(f[0].name, "a.pki") == 0 &&
	    there("work/a.pki"), "a large file that may be is claimed, and "
	    "read from a copy without a name");
	put("work/a.pki", 'M', 5);
	ok(is_copy(&f[0], LARGE), "what becomes of the file then is no matter");
	ok(spool_finish(s, &f[0], &e) == 0 && there("done/a.pki"),
	    "it goes its way like others");
	spool_file_release(&f[0]);
	put("in/a.pki", 'L', LARGE);
	put("in/b.pki", 'L', LARGE);
	put("in/c.pki", 's', 9);
	for (int i = 0; i < 2; i++) {
		n = claim(f, 0);
		for (size_t k = 0; k < n; k++) {
			spool_finish(s, &f[k], &e);
			spool_file_release(&f[k]);
		}
		ok(n >= 1 && n <= 2 && (i == 1 || there("in/a.pki") ||
		    there("in/b.pki")), "there is one copy at a time");
	}
	while (claim(f, 0) == 1) {
		spool_finish(s, &f[0], &e);
		spool_file_release(&f[0]);
	}
	ok(!there("in/a.pki") && !there("in/b.pki") && !there("in/c.pki"),
	    "and all get their turn");
}

static void
t_not(void)
{
	struct spool_file f[4];

	put("in/d.pki", 'L', LARGE + 1);
	ok(claim(f, 0) == 0 && noted == E_FILE_SIZE && there("bad/d.pki") &&
	    strstr(line, "max-bundle") != NULL, "larger than that is bad");
	put("in/e.pki", 's', SMALL + 1);
	ok(claim(f, 0) == 0 && noted == E_FILE_SIZE && there("bad/e.pki") &&
	    strstr(line, "max-size") != NULL, "as is what may not be large");
	put("in/f.pki", 'L', 900);
	ok(claim(f, 0) == 0 && noted == E_FILE_SIZE && there("bad/f.pki"),
	    "what is said of it counts, not what it calls itself");
}

static void
t_dry(void)
{
	struct spool_file f[4];

	put("in/g.pki", 'L', LARGE);
	ok(claim(f, 1) == 1 && is_copy(&f[0], LARGE) && there("in/g.pki"),
	    "it can be looked at where it lies");
	spool_file_release(&f[0]);
}

/* --- out */

struct giving {
	int		 pieces, stop;
	const char	*text;
};

static int
give(void *arg, file_piece piece, void *to, struct err *err)
{
	struct giving *g = arg;

	for (int i = 0; i < g->pieces; i++) {
		if (i == g->stop)
			return err_set(err, E_STORE, "no more");
		if (piece(to, slice_str(g->text), err) == -1)
			return -1;
	}
	return 0;
}

static void
t_out(void)
{
	struct giving g = { 50000, -1, "0123456789" };
	struct stat st;
	char path[200];

	snprintf(path, sizeof(path), "%s/spool/out/a.pki", top);
	ok(spool_place_each(s, "", "a.pki", give, &g, &e) == 0 &&
	    stat(path, &st) == 0 && st.st_size == 500000,
	    "an answer is written in pieces");
	ok(spool_place_each(s, "", "a.pki", give, &g, &e) == 0,
	    "the same again is success");
	g.text = "012345678x";
	ok(spool_place_each(s, "", "a.pki", give, &g, &e) == -1 &&
	    e.code == E_EXISTS, "another of that name is not");
	g = (struct giving){ 49999, -1, "0123456789" };
	ok(spool_place_each(s, "", "a.pki", give, &g, &e) == -1 &&
	    e.code == E_EXISTS, "nor one that is shorter");
	g = (struct giving){ 50, 49, "0123456789" };
	ok(spool_place_each(s, "", "b.pki", give, &g, &e) == -1 &&
	    e.code == E_STORE && !there("out/b.pki") &&
	    !there("out/.tmp.b.pki"), "one that ends in the middle leaves "
	    "nothing");
}

static int
discard(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

int
main(void)
{
	if (mkdtemp(top) == NULL || (home = open(top, O_RDONLY |
	    O_DIRECTORY)) == -1 || spool_init(home, &e) == -1 ||
	    spool_open(home, &s, &e) == -1)
		return 1;
	t_in();
	t_not();
	t_out();
	t_dry();
	spool_close(s);
	close(home);
	nftw(top, discard, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
