#include "spool/watch.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static char top[] = "/tmp/t_watch.XXXXXX";

static void
put(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, "x", 1) != 1 || close(fd) == -1)
		abort();
}

static int
discard(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
watch_one(const char *path, struct watch **w, struct err *e)
{
	return watch_open(&path, 1, 1, w, e);
}

static void
test_events(struct watch *w)
{
	double t;

	put("tmp/a");
	ok(watch_wait(w, 0) == 0, "watch: another directory does not ring");
	rename("tmp/a", "in/a.pki");
	ok(watch_wait(w, 5) == 1, "watch: a rename into the directory rings");
	put("tmp/b");
	ok(link("tmp/b", "in/b.pki") == 0 && watch_wait(w, 5) == 1,
	    "watch: a link into the directory rings");
	put("in/c.pki");
	ok(watch_wait(w, 5) == 1, "watch: a file written there rings");
	t = now();
	ok(watch_wait(w, 0) == 0 && now() - t < 0.5,
	    "watch: many events are one ring, and no time is no wait");
	t = now();
	ok(watch_wait(w, 1) == 0 && now() - t > 0.9,
	    "watch: with nothing new the time runs out");
}

static void
test_overflow(struct watch *w)
{
	char a[32], b[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(a, sizeof(a), "in/%d", i & 1);
		snprintf(b, sizeof(b), "in/%d", !(i & 1));
		if (i == 0)
			put(a);
		rename(a, b);
	}
	ok(watch_wait(w, 5) == 1, "watch: an overflow rings");
	while (watch_wait(w, 0) == 1)
		;
	put("in/after.pki");
	ok(watch_wait(w, 5) == 1, "watch: it still rings after an overflow");
}

static void
test_replaced(struct watch *w)
{
	rename("in", "old");
	mkdir("in", 0700);
	ok(watch_wait(w, 5) == 1, "watch: a replaced directory rings");
	while (watch_wait(w, 0) == 1)
		;
	put("old/x.pki");
	ok(watch_wait(w, 0) == 0, "watch: the old directory does not ring");
	put("in/x.pki");
	ok(watch_wait(w, 5) == 1, "watch: the new directory rings");

	unlink("in/x.pki");
	rmdir("in");
	ok(watch_wait(w, 5) == 1, "watch: a removed directory rings");
	while (watch_wait(w, 0) == 1)
		;
	mkdir("in", 0700);
	ok(watch_wait(w, 5) == 1, "watch: its return rings");
	while (watch_wait(w, 0) == 1)
		;
	put("in/y.pki");
	ok(watch_wait(w, 5) == 1 && !watch_is_polling(w),
	    "watch: and is watched, not polled");
}

static void
test_signal(struct watch *w)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	double t = now();

	sigaction(SIGALRM, &sa, NULL);
	while (watch_wait(w, 0) == 1)
		;
	alarm(1);
	ok(watch_wait(w, 10) == -1 && now() - t < 5,
	    "watch: a signal ends the wait");
}

static void
test_refused(void)
{
	struct watch *w = NULL;
	struct err e = { 0 };

	ok(watch_one("absent", &w, &e) == -1 && e.code == E_HOME &&
	    w == NULL, "watch: an absent directory is refused (E_HOME)");
	put("file");
	ok(watch_one("file", &w, &e) == -1 && e.code == E_HOME,
	    "watch: a file is refused (E_HOME)");
}

static void
test_polling(void)
{
	struct watch *w = NULL;
	struct err e = { 0 };
	int fds[2048], n = 0;
	double t;

	/* A descriptor select() cannot take makes it poll. */
	while (n < 2048 && (fds[n] = dup(0)) != -1 && fds[n] < 1023)
		n++;
	if (n == 2048 || fds[n] == -1) {
		ok(1, "watch: polling # SKIP too few descriptors");
	} else {
		ok(watch_one("in", &w, &e) == 0 && watch_is_polling(w),
		    "watch: where inotify is of no use, it polls");
		t = now();
		ok(watch_wait(w, 10) == 1 && now() - t < 3,
		    "watch: polling looks after each interval");
		watch_close(w);
		n++;
	}
	while (n-- > 0)
		if (fds[n] != -1)
			close(fds[n]);
}

/* The second comes late, goes, and comes again. */
static void
test_two(void)
{
	const char *paths[] = { "in", "in/sub" };
	struct err e = { 0 };
	struct watch *w;

	ok(watch_open(paths, 2, 1, &w, &e) == 0,
	    "watch: only the first directory has to be there");
	if (w == NULL)
		return;
	while (watch_wait(w, 0) == 1)
		;
	ok(mkdir("in/sub", 0700) == 0 && watch_wait(w, 5) == 1,
	    "watch: another that comes rings");
	watch_wait(w, 1);
	put("in/sub/a");
	ok(watch_wait(w, 5) == 1, "watch: and a file in it does");
	while (watch_wait(w, 0) == 1)
		;
	rename("in/sub", "tmp/sub");
	ok(symlink("../tmp", "in/sub") == 0 && watch_wait(w, 5) == 1,
	    "watch: its replacement rings");
	while (watch_wait(w, 0) == 1)
		;
	put("tmp/not-ours");
	ok(watch_wait(w, 1) == 0, "watch: what a link points at is not watched");
	watch_close(w);
}

int
main(void)
{
	struct watch *w = NULL;
	struct err e = { 0 };

	if (mkdtemp(top) == NULL || chdir(top) == -1 || mkdir("in", 0700) ||
	    mkdir("tmp", 0700))
		return 1;
	ok(watch_one("in", &w, &e) == 0 && !watch_is_polling(w),
	    "watch: a local directory is watched");
	if (w == NULL)
		return 1;
	test_events(w);
	test_overflow(w);
	test_replaced(w);
	test_signal(w);
	watch_close(w);
	test_refused();
	test_polling();
	ok(watch_one("in", &w, &e) == 0 && !watch_is_polling(w),
	    "watch: can be opened again");
	put("in/z.pki");
	ok(watch_wait(w, 5) == 1, "watch: and rings again");
	watch_close(w);
	test_two();
	if (chdir("/") == -1 || nftw(top, discard, 16, FTW_DEPTH | FTW_PHYS))
		return 1;
	return done();
}
