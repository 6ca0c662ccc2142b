#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/escape.h"
#include "spool/spool_int.h"

void
spool_note(struct spool *s, const struct spool_way *w, const char *name,
    enum err_code code, const char *text)
{
	struct buf b;
	const char *line;

	if (s->round.note == NULL)
		return;
	buf_init(&b, 4096);
	if (w->name[0] != '\0')
		buf_printf(&b, "%s/", w->name);
	escape_text(&b, slice_str(name), NAME_MAX);
	buf_printf(&b, ": %s", text);
	if ((line = buf_str(&b)) != NULL)
		s->round.note(s->round.arg, line, code);
	buf_release(&b);
}

void
spool_note_once(struct spool *s, const struct spool_way *w, const char *name,
    enum err_code code, const struct stat *st, const char *text)
{
	if (s->round.note == NULL)
		return;
	for (size_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].dev == st->st_dev &&
		    s->seen[i].ino == st->st_ino)
			return;
	/* A directory full of such files must not fill the log. */
	if (s->n_seen == SPOOL_SEEN)
		return;
	s->seen[s->n_seen].dev = st->st_dev;
	s->seen[s->n_seen++].ino = st->st_ino;
	spool_note(s, w, name, code, text);
	if (s->n_seen == SPOOL_SEEN)
		spool_note(s, w, name, code,
		    "further files of this kind are not reported");
}

const char *
spool_odd(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return st->st_nlink == 1 ? NULL : "left alone: has a second "
		    "hard link, expected a file with one";
	case S_IFLNK:
		return "left alone: a symbolic link, expected a file";
	case S_IFDIR:
		return "left alone: a directory, expected a file";
	case S_IFIFO:
		return "left alone: a FIFO, expected a file";
	case S_IFSOCK:
		return "left alone: a socket, expected a file";
	default:
		return "left alone: a device, expected a file";
	}
}

static int
is_candidate(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && n <= NAME_MAX && name[0] != '.' &&
	    strcasecmp(name + n - 4, ".pki") == 0;
}

static int
by_age(const void *a, const void *b)
{
	const struct spool_cand *x = a, *y = b;

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	if (x->nsec != y->nsec)
		return x->nsec < y->nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void
forget(struct spool_way *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->cand[i].name);
	w->n = w->at = 0;
}

/* 1, 0 there is no such directory, -1. */
static int
begin(struct spool *s, struct spool_way *w, struct err *e)
{
	char t[SPOOL_WHERE];
	int fd;

	w->waiting = 0;
	if (!spool_way_open(s, w, w->pass))
		return 0;
	/* A new description: the position in a directory is shared by dup(). */
	fd = openat(spool_way_fd(s, w, w->pass), ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	if (fd == -1 || (w->stream = fdopendir(fd)) == NULL) {
		err_set(e, E_IO, "%s/: open directory: %s",
		    spool_where(t, w, w->pass), strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	return 1;
}

/* Room for one more: doubled at each power of two. */
static int
reserve(struct spool_way *w)
{
	struct spool_cand *p;

	if (w->n > 0 && (w->n & (w->n - 1)) != 0)
		return 0;
	p = reallocarray(w->cand, w->n ? w->n * 2 : 1, sizeof(*p));
	if (p == NULL)
		return -1;
	w->cand = p;
	return 0;
}

static int
add(struct spool *s, struct spool_way *w, const char *name, struct err *e)
{
	int dirfd = spool_way_fd(s, w, w->pass);
	struct stat st;
	char *copy;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;	/* taken away meanwhile */
	if (w->pass == SPOOL_WORK && st.st_nlink == 2) {
		spool_mend(s, w, name, &st);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return 0;
	}
	if (spool_odd(&st) != NULL) {
		spool_note_once(s, w, name, E_FILE_TYPE, &st, spool_odd(&st));
		return 0;
	}
	if (reserve(w) == -1 || (copy = strdup(name)) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	w->cand[w->n++] = (struct spool_cand){
	    st.st_mtim.tv_sec, st.st_mtim.tv_nsec, copy };
	return 0;
}

/*
 * A directory in in/ that nobody named may hold what somebody waits for, and
 * one in work/ what was claimed when it still had its name.
 */
static void
look_at_dir(struct spool *s, struct spool_way *w, const struct dirent *d)
{
	char t[SPOOL_WHERE];
	struct stat st;

	if (w->name[0] != '\0' || d->d_name[0] == '.' ||
	    (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN) ||
	    strlen(d->d_name) > NAME_MAX || spool_way(s, d->d_name) != NULL ||
	    fstatat(spool_way_fd(s, w, w->pass), d->d_name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISDIR(st.st_mode))
		return;
	if (w->pass == SPOOL_WORK && !s->round.dry &&
	    unlinkat(w->work, d->d_name, AT_REMOVEDIR) == 0)
		return;
	snprintf(t, sizeof(t), "%s/%s", spool_dir_name[w->pass], d->d_name);
	spool_note_once(s, w, t, E_NONE, &st, "left alone: a directory that is "
	    "not configured");
}

/* Read names until the batch is full or the directory is at its end. */
static int
fill(struct spool *s, struct spool_way *w, struct err *e)
{
	size_t max = SPOOL_BATCH / s->n_ways;
	char t[SPOOL_WHERE];
	struct dirent *d;

	forget(w);
	while (w->n < max) {
		errno = 0;
		if ((d = readdir(w->stream)) == NULL)
			break;
		if (!is_candidate(d->d_name))
			look_at_dir(s, w, d);
		else if (add(s, w, d->d_name, e) == -1)
			return -1;
	}
	if (w->n < max && errno != 0)
		return err_set(e, E_IO, "%s/: read directory: %s",
		    spool_where(t, w, w->pass), strerror(errno));
	if (w->n > 1)
		qsort(w->cand, w->n, sizeof(*w->cand), by_age);
	return 0;
}

int
spool_list_idle(const struct spool_way *w)
{
	return w->stream == NULL;
}

int
spool_list_next(struct spool *s, struct spool_way *w, const char **name,
    struct err *e)
{
	int rc;

	if (w->stream == NULL && (rc = begin(s, w, e)) != 1)
		return rc;
	if (w->at == w->n && fill(s, w, e) == -1) {
		spool_list_release(w);
		return -1;
	}
	if (w->n == 0) {
		spool_list_release(w);
		return 0;
	}
	*name = w->cand[w->at++].name;
	return 1;
}

void
spool_list_release(struct spool_way *w)
{
	forget(w);
	free(w->cand);
	w->cand = NULL;
	if (w->stream != NULL)
		closedir(w->stream);
	w->stream = NULL;
}
