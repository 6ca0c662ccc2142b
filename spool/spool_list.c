#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/escape.h"
#include "spool/spool_int.h"

void
spool_note(struct spool *s, const char *name, enum err_code code,
    const char *text)
{
	struct buf b;
	const char *line;

	if (s->round.note == NULL)
		return;
	buf_init(&b, 4096);
	escape_text(&b, slice_str(name), NAME_MAX);
	buf_printf(&b, ": %s", text);
	if ((line = buf_str(&b)) != NULL)
		s->round.note(s->round.arg, line, code);
	buf_release(&b);
}

void
spool_note_once(struct spool *s, const char *name, const struct stat *st,
    const char *text)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].dev == st->st_dev &&
		    s->seen[i].ino == st->st_ino)
			return;
	/* A directory full of such files must not fill the log. */
	if (s->n_seen == SPOOL_SEEN)
		return;
	s->seen[s->n_seen].dev = st->st_dev;
	s->seen[s->n_seen++].ino = st->st_ino;
	spool_note(s, name, E_FILE_TYPE, text);
	if (s->n_seen == SPOOL_SEEN)
		spool_note(s, name, E_FILE_TYPE,
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
forget(struct spool *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->cand[i].name);
	s->n = s->at = 0;
}

static int
begin(struct spool *s, struct err *e)
{
	int fd;

	/* A new description: the position in a directory is shared by dup(). */
	fd = openat(s->dir[s->pass], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (s->stream = fdopendir(fd)) == NULL) {
		err_set(e, E_IO, "%s/: open directory: %s",
		    spool_dir_name[s->pass], strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	s->waiting = 0;
	return 0;
}

/* Room for one more: doubled at each power of two. */
static int
reserve(struct spool *s)
{
	struct spool_cand *p;

	if (s->n > 0 && (s->n & (s->n - 1)) != 0)
		return 0;
	p = reallocarray(s->cand, s->n ? s->n * 2 : 1, sizeof(*p));
	if (p == NULL)
		return -1;
	s->cand = p;
	return 0;
}

static int
add(struct spool *s, const char *name, struct err *e)
{
	int dirfd = s->dir[s->pass];
	struct stat st;
	char *copy;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;	/* taken away meanwhile */
	if (s->pass == SPOOL_WORK && st.st_nlink == 2) {
		spool_mend(s, name, &st);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return 0;
	}
	if (spool_odd(&st) != NULL) {
		spool_note_once(s, name, &st, spool_odd(&st));
		return 0;
	}
	if (reserve(s) == -1 || (copy = strdup(name)) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	s->cand[s->n++] = (struct spool_cand){
	    st.st_mtim.tv_sec, st.st_mtim.tv_nsec, copy };
	return 0;
}

/* Read names until the batch is full or the directory is at its end. */
static int
fill(struct spool *s, struct err *e)
{
	struct dirent *d;

	forget(s);
	while (s->n < SPOOL_BATCH) {
		errno = 0;
		if ((d = readdir(s->stream)) == NULL)
			break;
		if (is_candidate(d->d_name) && add(s, d->d_name, e) == -1)
			return -1;
	}
	if (s->n < SPOOL_BATCH && errno != 0)
		return err_set(e, E_IO, "%s/: read directory: %s",
		    spool_dir_name[s->pass], strerror(errno));
	if (s->n > 1)
		qsort(s->cand, s->n, sizeof(*s->cand), by_age);
	return 0;
}

int
spool_list_idle(const struct spool *s)
{
	return s->stream == NULL;
}

int
spool_list_next(struct spool *s, const char **name, struct err *e)
{
	if (s->stream == NULL && begin(s, e) == -1)
		return -1;
	if (s->at == s->n && fill(s, e) == -1) {
		spool_list_release(s);
		return -1;
	}
	if (s->n == 0) {
		spool_list_release(s);
		return 0;
	}
	*name = s->cand[s->at++].name;
	return 1;
}

void
spool_list_release(struct spool *s)
{
	forget(s);
	free(s->cand);
	s->cand = NULL;
	if (s->stream != NULL)
		closedir(s->stream);
	s->stream = NULL;
}
