#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "spool/spool_int.h"

const char *const spool_dir_name[SPOOL_NDIRS] = {
	"in", "work", "out", "done", "bad", "tmp", "hold",
};

static char no_name[] = "";

/*
 * Make a directory with exactly ${mode}, whatever the umask: in one step, for
 * one that is there already keeps the mode its owner gave it.
 */
static int
make_dir(int dirfd, const char *name, mode_t mode, struct err *e)
{
	mode_t mask = umask(0);
	int fd = file_open_dir(dirfd, name, mode, e);

	umask(mask);
	if (fd == -1)
		return err_wrap(e, "spool");
	close(fd);
	return 0;
}

int
spool_init(int homefd, struct err *e)
{
	int fd, rc = 0;

	if ((fd = file_open_dir(homefd, "spool", 0700, e)) == -1)
		return -1;
	for (int d = 0; rc == 0 && d < SPOOL_NDIRS; d++)
		rc = make_dir(fd, spool_dir_name[d],
		    d == SPOOL_IN || d == SPOOL_OUT ? 0770 : 0700, e);
	close(fd);
	return rc;
}

static int
held(int fd, struct err *e)
{
	char pid[24] = "";
	ssize_t r;

	r = pread(fd, pid, sizeof(pid) - 1, 0);
	pid[r > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return err_set(e, E_LOCKED, "state/lock: another program (pid %s) "
	    "works in this home; wait for it or stop it, the lock needs no "
	    "removing", pid[0] != '\0' ? pid : "unknown");
}

static int
take_lock(int fd, struct err *e)
{
	char pid[24];
	int n;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			return held(fd, e);
		if (errno != EINTR)
			return err_set(e, E_IO, "state/lock: lock: %s",
			    strerror(errno));
	}
	/* The pid is for people; the lock itself is the kernel's. */
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (pwrite(fd, pid, (size_t)n, 0) != n || ftruncate(fd, n) == -1)
		return err_set(e, E_IO, "state/lock: write: %s",
		    strerror(errno));
	return 0;
}

int
spool_lock(int homefd, int *out, struct err *e)
{
	int dirfd, fd;

	*out = -1;
	if ((dirfd = file_open_dir(homefd, "state", 0700, e)) == -1)
		return -1;
	fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY, 0600);
	close(dirfd);
	if (fd == -1)
		return err_set(e, E_CREATE, "state/lock: open: %s",
		    strerror(errno));
	if (take_lock(fd, e) == -1) {
		close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

static int
sweep(struct spool *s, enum spool_dir d, const char *prefix, struct err *e)
{
	if (file_sweep(s->dir[d], prefix, e) == -1)
		return err_wrap(e, "spool/%s", spool_dir_name[d]);
	return 0;
}

static int
open_dirs(struct spool *s, int homefd, struct err *e)
{
	int fd, rc = 0;

	if ((fd = file_open_dir(homefd, "spool", 0, e)) == -1)
		return err_set(e, E_HOME, "this home has no directory spool/; "
		    "name the FILEs that are to be handled");
	for (int d = 0; rc == 0 && d < SPOOL_NDIRS; d++)
		if ((s->dir[d] = file_open_dir(fd, spool_dir_name[d], 0,
		    e)) == -1)
			rc = err_wrap(e, "spool");
	close(fd);
	return rc;
}

int
spool_open(int homefd, struct spool **out, struct err *e)
{
	struct spool *s;
	int rc = -1;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	s->lock = -1;
	for (int d = 0; d < SPOOL_NDIRS; d++)
		s->dir[d] = -1;
	s->way[0].name = no_name;
	s->way[0].pass = SPOOL_WORK;
	s->n_ways = 1;
	if (spool_lock(homefd, &s->lock, e) == -1 ||
	    open_dirs(s, homefd, e) == -1 ||
	    sweep(s, SPOOL_TMP, "", e) == -1 ||
	    sweep(s, SPOOL_OUT, ".tmp.", e) == -1 ||
	    sweep(s, SPOOL_BAD, ".tmp.", e) == -1)
		goto out;
	s->way[0].in = s->dir[SPOOL_IN];
	s->way[0].work = s->dir[SPOOL_WORK];
	s->way[0].out = s->dir[SPOOL_OUT];
	*out = s;
	s = NULL;
	rc = 0;
out:
	spool_close(s);
	return rc;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	spool_way_clear(s);
	spool_list_release(&s->way[0]);
	for (int d = 0; d < SPOOL_NDIRS; d++)
		if (s->dir[d] != -1)
			close(s->dir[d]);
	if (s->lock != -1)
		close(s->lock);
	free(s);
}

static int
give_whole(void *arg, file_piece piece, void *to, struct err *e)
{
	return piece(to, *(const struct slice *)arg, e);
}

int
spool_place(struct spool *s, const char *sub, const char *name,
    struct slice data, struct err *e)
{
	return spool_place_each(s, sub, name, give_whole, &data, e);
}

int
spool_place_each(struct spool *s, const char *sub, const char *name,
    file_give give, void *arg, struct err *e)
{
	char shown[ESCAPE_SHORT], t[SPOOL_WHERE];
	struct spool_way *w = spool_way(s, sub);

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return err_set(e, E_CREATE, "%s: not a name for an answer",
		    escape_short(shown, slice_str(name)));
	if (w == NULL || (w->out == -1 && !spool_way_open(s, w, SPOOL_OUT)))
		return err_set(e, E_HOME, "spool/out/%s: %s; the answer %s "
		    "waits for it", escape_short(shown, slice_str(sub)),
		    w == NULL ? "is not configured" : "is not there", name);
	w->placed = 1;
	if (file_place_each(w->out, name, give, arg, 0640, e) == -1)
		return err_wrap(e, "spool/%s", spool_where(t, w, SPOOL_OUT));
	return 0;
}

int
spool_sync_out(struct spool *s, struct err *e)
{
	char t[SPOOL_WHERE];

	for (size_t i = 0; i < s->n_ways; i++) {
		struct spool_way *w = &s->way[i];

		if (i > 0 && !w->placed)
			continue;
		if (file_sync_dir(w->out, spool_where(t, w, SPOOL_OUT),
		    e) == -1)
			return err_wrap(e, "spool");
		w->placed = 0;
		if (i > 0) {
			close(w->out);
			w->out = -1;
		}
	}
	return 0;
}

int
spool_finish(struct spool *s, const struct spool_file *f, struct err *e)
{
	return spool_move(s, spool_way(s, f->sub), SPOOL_WORK, f->name,
	    SPOOL_DONE, e);
}

static int
sync_work(struct spool *s, struct err *e)
{
	char t[SPOOL_WHERE];

	for (size_t i = 0; i < s->n_ways; i++) {
		struct spool_way *w = &s->way[i];

		if (i > 0 && !w->moved)
			continue;
		if (file_sync_dir(w->work, spool_where(t, w, SPOOL_WORK),
		    e) == -1)
			return err_wrap(e, "spool");
		w->moved = 0;
	}
	return 0;
}

int
spool_sync_done(struct spool *s, struct err *e)
{
	if (file_sync_dir(s->dir[SPOOL_DONE], "spool/done", e) == -1)
		return -1;
	return sync_work(s, e);
}

/* NAME.why: one line, whatever ${why} contains. */
static int
place_why(struct spool *s, const char *as, const char *why, struct err *e)
{
	char name[NAME_MAX + 1];
	struct buf b;
	int rc;

	snprintf(name, sizeof(name), "%.*s.why", SPOOL_BAD_NAME, as);
	buf_init(&b, 4096);
	for (size_t i = 0; i < 4000 && why[i] != '\0'; i++)
		buf_add_u8(&b, (uint8_t)why[i] < 0x20 || why[i] == 0x7f ?
		    ' ' : (uint8_t)why[i]);
	buf_add_u8(&b, '\n');
	rc = file_place(s->dir[SPOOL_BAD], name, buf_slice(&b), 0600,
	    FILE_REPLACE, e);
	/* The text names the file, and its name is a peer's. */
	if (rc == -1) {
		buf_reset(&b);
		escape_text(&b, slice_str(e->detail), sizeof(e->detail));
		err_set(e, e->code, "spool/bad: %s", buf_str(&b) != NULL ?
		    buf_str(&b) : "cannot write the reason");
	}
	buf_release(&b);
	return rc;
}

/* The reason first: whatever is in bad/ has one, also after a crash. */
int
spool_reject(struct spool *s, const struct spool_file *f, const char *why,
    struct err *e)
{
	char as[NAME_MAX + 1], shown[ESCAPE_SHORT], t[SPOOL_WHERE];
	struct spool_way *w = spool_way(s, f->sub);

	spool_free_name(s->dir[SPOOL_BAD], f->name, SPOOL_BAD_NAME, as, NULL);
	if (place_why(s, as, why, e) == -1)
		return -1;
	w->moved = 1;
	if (spool_rename(w->work, f->name, s->dir[SPOOL_BAD], as) == -1 &&
	    errno != ENOENT)
		return err_set(e, E_IO, "%s: move from %s/ to bad/: %s",
		    escape_short(shown, slice_str(f->name)),
		    spool_where(t, w, SPOOL_WORK), strerror(errno));
	if (file_sync_dir(s->dir[SPOOL_BAD], "spool/bad", e) == -1)
		return -1;
	return sync_work(s, e);
}

int
spool_return(struct spool *s, const struct spool_file *f, struct err *e)
{
	struct spool_way *w = spool_way(s, f->sub);
	char t[SPOOL_WHERE];

	if (spool_move(s, w, SPOOL_WORK, f->name, SPOOL_IN, e) == -1)
		return -1;
	if (file_sync_dir(w->in, spool_where(t, w, SPOOL_IN), e) == -1)
		return err_wrap(e, "spool");
	return sync_work(s, e);
}
