#include "spool/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inotifytools/inotifytools.h>
#include <linux/magic.h>
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
 * CREATE, because a delivery by link() gives nothing else.  The *_SELF ones
 * only wake us: what is watched is found by comparing inodes.
 */
#define WATCH_MASK	(IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | \
			IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_ONLYDIR)
#define WATCH_DRAIN	32768	/* a busy writer must not keep us here */

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC	0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC	0xfe534d42
#endif

struct watch {
	char	*path;
	int	 poll;		/* seconds */
	int	 polling;
	int	 begun;		/* the library is ours and initialised */
	dev_t	 dev;		/* what is watched; 0, 0 is nothing */
	ino_t	 ino;
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

/* The library select()s on a descriptor it does not show: is there room? */
static int
is_small_fd(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), small;

	small = fd != -1 && fd < FD_SETSIZE;
	if (fd != -1)
		close(fd);
	return small;
}

static void
stop(struct watch *w)
{
	if (w->begun)
		inotifytools_cleanup();
	w->begun = 0;
	w->dev = 0;
	w->ino = 0;
}

/*
 * Begin anew, with a new queue: events of a directory that was replaced would
 * still come under its old name.  -1 if inotify is refused.
 */
static int
start(struct watch *w)
{
	struct stat st;

	stop(w);
	if (!is_small_fd() || !inotifytools_initialize())
		return -1;
	w->begun = 1;
	/* Inode first: if it is replaced now, the next look finds out. */
	if (stat(w->path, &st) == -1)
		return 0;
	if (!inotifytools_watch_file(w->path, WATCH_MASK))
		return inotifytools_error() == ENOENT ||
		    inotifytools_error() == ENOTDIR ? 0 : -1;
	w->dev = st.st_dev;
	w->ino = st.st_ino;
	return 0;
}

/* Is another directory at ${path} than the one watched?  Then watch that. */
static int
is_replaced(struct watch *w)
{
	struct stat st;

	if (stat(w->path, &st) == -1)
		st.st_dev = 0, st.st_ino = 0;
	if (st.st_dev == w->dev && st.st_ino == w->ino)
		return 0;
	if (is_remote(w->path) || start(w) == -1) {
		stop(w);
		w->polling = 1;
	}
	return 1;
}

/* One second at least, so that a wait never spins. */
static int
nap(int seconds)
{
	struct timespec t = { .tv_sec = seconds > 0 ? seconds : 1 };

	return nanosleep(&t, NULL) == -1 ? -1 : 0;
}

/* One event or failure: 1, 0 nothing in ${seconds}, -1 a signal. */
static int
ring(int seconds)
{
	struct inotify_event *ev;
	int left = WATCH_DRAIN;

	/* The event itself, an overflow too, says no more than "look". */
	if ((ev = inotifytools_next_event(seconds)) == NULL) {
		if (inotifytools_error() == EINTR)
			return -1;
		return inotifytools_error() != 0;
	}
	while (ev != NULL && --left > 0)
		ev = inotifytools_next_event(0);
	return 1;
}

int
watch_open(const char *path, int poll, struct watch **out, struct err *e)
{
	char shown[ESCAPE_SHORT];
	struct watch *w;
	struct stat st;

	*out = NULL;
	escape_short(shown, slice_str(path));
	if (stat(path, &st) == -1)
		return err_set(e, E_HOME, "%s: %s", shown, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(e, E_HOME, "%s: not a directory", shown);
	if ((w = calloc(1, sizeof(*w))) == NULL ||
	    (w->path = strdup(path)) == NULL) {
		free(w);
		return err_set(e, E_NOMEM, "out of memory");
	}
	w->poll = poll > 0 ? poll : 1;
	if (is_remote(path) || start(w) == -1) {
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
 * In slices of ${poll}, because a directory that is replaced, or mounted
 * over, need not tell.
 */
int
watch_wait(struct watch *w, int seconds)
{
	int slice, r;

	do {
		slice = seconds < w->poll ? seconds : w->poll;
		if (w->polling) {
			r = nap(slice);
			return r == 0 && slice == w->poll ? 1 : r;
		}
		if ((r = ring(slice)) == -1)
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
	free(w->path);
	free(w);
}
