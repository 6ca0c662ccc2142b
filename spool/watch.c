#include "spool/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inotifytools/inotifytools.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"

/*
 * CREATE, because a delivery by link() gives nothing else; DELETE, because
 * only then has such a file lost its second link.  The *_SELF ones
 * only wake us: what is watched is found by comparing inodes.
 */
#define WATCH_MASK	(IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | \
			IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_ONLYDIR | \
			IN_DONT_FOLLOW)
#define WATCH_DRAIN	32768	/* a busy writer must not keep us here */

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC	0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC	0xfe534d42
#endif

/* A directory; 0, 0 is nothing that is watched. */
struct spot {
	char	*path;
	dev_t	 dev;
	ino_t	 ino;
};

struct watch {
	struct spot	*v;
	size_t	 n;
	int	 every;		/* seconds */
	int	 polling;
	int	 begun;		/* the library is ours and initialised */
	int	 fd;		/* its descriptor, only to be polled */
};

/* Do changes made elsewhere reach inotify on the file system of ${path}? */
static int
is_remote(const char *path)
{
	static const unsigned long remote[] = { NFS_SUPER_MAGIC,
	    SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC,
	    FUSE_SUPER_MAGIC, V9FS_MAGIC };
	struct statfs fs;

	if (statfs(path, &fs) == -1)
		return 0;
	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == remote[i])
			return 1;
	return 0;
}

static int
any_remote(const struct watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (is_remote(w->v[i].path))
			return 1;
	return 0;
}

/* What is at the path now, which is no link to elsewhere. */
static void
find(const struct spot *p, dev_t *dev, ino_t *ino)
{
	struct stat st;
	int there = lstat(p->path, &st) == 0 && S_ISDIR(st.st_mode);

	*dev = there ? st.st_dev : 0;
	*ino = there ? st.st_ino : 0;
}

/*
 * The library shows no descriptor, but it gets the lowest free one.  It must
 * be known: a timeout of 0 blocks in the library for ever, and it must be
 * small, for the library select()s.
 */
static int
next_fd(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return fd < FD_SETSIZE ? fd : -1;
}

static int
is_inotify(int fd)
{
	char link[64], name[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, name, sizeof(name) - 1)) == -1)
		return 0;
	name[n] = '\0';
	return strstr(name, "inotify") != NULL;
}

static void
stop(struct watch *w)
{
	if (w->begun)
		inotifytools_cleanup();
	w->begun = 0;
	for (size_t i = 0; i < w->n; i++) {
		w->v[i].dev = 0;
		w->v[i].ino = 0;
	}
}

/* 0 it is watched, or is not there; -1 it cannot be watched. */
static int
start_one(struct spot *p)
{
	/* Inode first: if it is replaced now, the next look finds out. */
	find(p, &p->dev, &p->ino);
	if (p->ino == 0 || inotifytools_watch_file(p->path, WATCH_MASK))
		return 0;
	p->dev = 0;
	p->ino = 0;
	return inotifytools_error() == ENOENT ||
	    inotifytools_error() == ENOTDIR ? 0 : -1;
}

/*
 * Begin anew, with a new queue: events of a directory that was replaced would
 * still come under its old name.  -1 if inotify is refused.
 */
static int
start(struct watch *w)
{
	stop(w);
	if ((w->fd = next_fd()) == -1 || !inotifytools_initialize())
		return -1;
	w->begun = 1;
	if (!is_inotify(w->fd) || fcntl(w->fd, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	for (size_t i = 0; i < w->n; i++)
		if (start_one(&w->v[i]) == -1)
			return -1;
	return 0;
}

/* Is another directory at a path than the one watched?  Then watch that. */
static int
is_replaced(struct watch *w)
{
	size_t i;
	dev_t dev;
	ino_t ino;

	for (i = 0; i < w->n; i++) {
		find(&w->v[i], &dev, &ino);
		if (dev != w->v[i].dev || ino != w->v[i].ino)
			break;
	}
	if (i == w->n)
		return 0;
	if (any_remote(w) || start(w) == -1) {
		stop(w);
		w->polling = 1;
	}
	return 1;
}

static int
nap(int seconds)
{
	struct timespec t = { .tv_sec = seconds };

	return nanosleep(&t, NULL) == -1 ? -1 : 0;
}

/*
 * One event or failure: 1, 0 nothing in ${seconds}, -1 a signal.  The event
 * itself, an overflow too, says no more than "look".
 *
 * The library is only called while the kernel has events, so it never waits.
 * What it keeps in its own buffer comes first next time and does no harm.
 */
static int
ring(const struct watch *w, int seconds)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	int left = WATCH_DRAIN, r;

	if ((r = poll(&p, 1, seconds * 1000)) == -1)
		return errno == EINTR ? -1 : 1;
	if (r == 0)
		return 0;
	while (poll(&p, 1, 0) == 1 && --left > 0)
		if (inotifytools_next_event(1) == NULL)
			return inotifytools_error() == EINTR ? -1 : 1;
	return 1;
}

static struct watch *
make(const char *const *paths, size_t n)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->v = calloc(n, sizeof(*w->v))) == NULL) {
		watch_close(w);
		return NULL;
	}
	for (w->n = 0; w->n < n; w->n++)
		if ((w->v[w->n].path = strdup(paths[w->n])) == NULL) {
			watch_close(w);
			return NULL;
		}
	return w;
}

int
watch_open(const char *const *paths, size_t n, int seconds,
    struct watch **out, struct err *e)
{
	char shown[ESCAPE_SHORT];
	struct watch *w;
	struct stat st;

	*out = NULL;
	escape_short(shown, slice_str(paths[0]));
	if (lstat(paths[0], &st) == -1)
		return err_set(e, E_HOME, "%s: %s", shown, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(e, E_HOME, "%s: not a directory", shown);
	if ((w = make(paths, n)) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	w->every = seconds > 0 ? seconds : 1;
	if (any_remote(w) || start(w) == -1) {
		stop(w);
		w->polling = 1;
	}
	*out = w;
	return 0;
}

int
watch_is_polling(const struct watch *w)
{
	return w->polling;
}

/*
 * In slices of ${every}, because a directory that is replaced, or mounted
 * over, need not tell.
 */
int
watch_wait(struct watch *w, int seconds)
{
	int slice, r;

	do {
		slice = seconds < w->every ? seconds : w->every;
		if (w->polling) {
			r = nap(slice);
			return r == 0 && slice == w->every ? 1 : r;
		}
		if ((r = ring(w, slice)) == -1)
			return -1;
		/* Not a short circuit: the doorbell may have gone too. */
		if (is_replaced(w) || r == 1)
			return 1;
	} while ((seconds -= slice) > 0);
	return 0;
}

void
watch_close(struct watch *w)
{
	if (w == NULL)
		return;
	stop(w);
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i].path);
	free(w->v);
	free(w);
}
