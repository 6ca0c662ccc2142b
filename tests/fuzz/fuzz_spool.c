/*
 * spool: a file whose name (up to the first newline) and content are the
 * input is dropped into in/.  It is claimed if its name is a candidate's,
 * and ends in done/ or bad/; else it stays where it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "spool/spool.h"
#include "tests/fuzz/fuzz.h"

static char home[256];
static int homefd = -1;
static struct spool *spool;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
clean_up(void)
{
	spool_close(spool);
	nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
setup(void)
{
	const char *dir = getenv("TMPDIR");
	struct err e = { 0 };

	snprintf(home, sizeof(home), "%s/fuzz-spool.XXXXXX",
	    dir != NULL ? dir : "/tmp");
	must(mkdtemp(home) != NULL);
	must((homefd = open(home, O_RDONLY | O_DIRECTORY)) != -1);
	must(spool_init(homefd, &e) == 0);
	must(spool_open(homefd, &spool, &e) == 0);
	atexit(clean_up);
}

static enum spool_shape
judge(struct slice head, size_t size)
{
	if (size == 0 || head.p[0] == 'p')
		return SPOOL_PARTIAL;
	return head.p[0] == 'b' ? SPOOL_BROKEN : SPOOL_COMPLETE;
}

static void
note(void *arg, const char *line, enum err_code code)
{
	struct slice s = slice_str(line);
	uint32_t cp;
	size_t n;

	(void)arg;
	must(code < E__COUNT);
	for (; s.n > 0; s = SLICE(s.p + n, s.n - n)) {
		must((n = escape_utf8(s, &cp)) != 0);
		must(!escape_deceptive(cp));
	}
}

/* Entries of a directory of the spool; with ${empty} they are removed. */
static size_t
entries(const char *dir, int empty)
{
	struct dirent *de;
	size_t n = 0;
	DIR *d;
	int fd;

	must((fd = openat(homefd, dir, O_RDONLY | O_DIRECTORY)) != -1);
	must((d = fdopendir(fd)) != NULL);
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		n++;
		if (empty)
			must(unlinkat(fd, de->d_name, 0) == 0);
	}
	closedir(d);
	return n;
}

static int
is_candidate(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' &&
	    strcasecmp(name + n - 4, ".pki") == 0;
}

/* 0 if no such file can be. */
static int
drop(const char *name, struct slice data)
{
	int in, fd;

	if (name[0] == '\0' || strchr(name, '/') != NULL ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	must((in = openat(homefd, "spool/in", O_RDONLY | O_DIRECTORY)) != -1);
	fd = openat(in, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	close(in);
	if (fd == -1)
		return 0;
	must(write(fd, data.p, data.n) == (ssize_t)data.n);
	close(fd);
	return 1;
}

static void
take(const char *name, struct slice data)
{
	struct spool_file f[2] = { { .fd = -1 }, { .fd = -1 } };
	struct err e = { 0 };
	size_t n = 0;
	int whole = data.n > 0 && data.n <= 4096 &&
	    judge(data, data.n) == SPOOL_COMPLETE;
	const struct spool_pass pass = { .judge = judge, .max_size = 4096,
	    .settle = 600, .now = 1000, .note = note };

	must(spool_claim(spool, &pass, f, 2, &n, &e) == 0);
	must(n == (size_t)(whole && is_candidate(name)));
	if (n == 0)
		return;
	must(slice_eq(buf_slice(&f[0].data), data));
	must(entries("spool/in", 0) == 0 && entries("spool/work", 0) == 1);
	if (data.p[data.n - 1] & 1) {
		must(spool_finish(spool, &f[0], &e) == 0);
		must(entries("spool/done", 0) == 1);
	} else {
		must(spool_reject(spool, &f[0], "no reason", &e) == 0);
		must(entries("spool/bad", 0) == 2);
	}
	spool_file_release(&f[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const dirs[] = { "spool/in", "spool/work",
	    "spool/done", "spool/bad", "spool/out", "spool/tmp" };
	const uint8_t *nl = n > 0 ? memchr(p, '\n', n) : NULL;
	size_t len = nl != NULL ? (size_t)(nl - p) : n;
	char name[NAME_MAX + 2] = "";
	struct slice data = nl != NULL ? SLICE(nl + 1, n - len - 1) :
	    SLICE(p, 0);

	if (spool == NULL)
		setup();
	if (len > NAME_MAX + 1 || data.n > 8192)
		return 0;
	if (len > 0)
		memcpy(name, p, len);
	if (!drop(name, data))
		return 0;
	take(name, data);
	must(entries("spool/work", 0) == 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		entries(dirs[i], 1);
	return 0;
}
