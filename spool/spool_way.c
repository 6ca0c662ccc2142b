/* Subdirectories of in/, work/ and out/. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "spool/spool_int.h"

struct spool_way *
spool_way(struct spool *s, const char *sub)
{
	for (size_t i = 0; i < s->n_ways; i++)
		if (strcmp(s->way[i].name, sub) == 0)
			return &s->way[i];
	return NULL;
}

int
spool_way_fd(const struct spool *s, const struct spool_way *w,
    enum spool_dir d)
{
	switch (d) {
	case SPOOL_IN:
		return w->in;
	case SPOOL_WORK:
		return w->work;
	case SPOOL_OUT:
		return w->out;
	default:
		return s->dir[d];
	}
}

const char *
spool_where(char t[static SPOOL_WHERE], const struct spool_way *w,
    enum spool_dir d)
{
	int own = w->name[0] != '\0' && (d == SPOOL_IN || d == SPOOL_WORK ||
	    d == SPOOL_OUT);

	snprintf(t, SPOOL_WHERE, "%s%s%s", spool_dir_name[d], own ? "/" : "",
	    own ? w->name : "");
	return t;
}

/* Files move by rename, so work/ has to be on the same file system. */
static const char *
unfit(const struct spool *s, int fd)
{
	struct stat st, work;

	if (fstat(fd, &st) == -1 || fstat(s->dir[SPOOL_WORK], &work) == -1)
		return strerror(errno);
	return st.st_dev == work.st_dev ? NULL : "left alone: is on another "
	    "file system than the spool";
}

int
spool_way_open(struct spool *s, struct spool_way *w, enum spool_dir d)
{
	int *fd = d == SPOOL_IN ? &w->in : d == SPOOL_OUT ? &w->out : &w->work;
	const char *why = NULL;
	char t[SPOOL_WHERE];
	struct stat st;

	if (w->name[0] == '\0')
		return 1;
	if (*fd != -1)
		close(*fd);
	*fd = openat(s->dir[d], w->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	if (*fd == -1 && errno == ENOENT)
		return 0;
	if (*fd == -1)
		why = errno == ENOTDIR || errno == ELOOP ? "left alone: "
		    "expected a directory, no link" : strerror(errno);
	else if ((why = unfit(s, *fd)) == NULL)
		return 1;
	if (fstatat(s->dir[d], w->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		spool_note_once(s, &s->way[0], spool_where(t, w, d),
		    E_FILE_TYPE, &st, why);
	if (*fd != -1)
		close(*fd);
	*fd = -1;
	return 0;
}

static void
release(struct spool_way *w)
{
	spool_list_release(w);
	if (w->in != -1)
		close(w->in);
	if (w->work != -1)
		close(w->work);
	if (w->out != -1)
		close(w->out);
	free(w->name);
}

void
spool_way_clear(struct spool *s)
{
	while (s->n_ways > 1)
		release(&s->way[--s->n_ways]);
	s->turn = 0;
}

/* Absent ones; what is there already is looked at when it is opened. */
static int
make(const struct spool *s, const struct spool_way *w, enum spool_dir d,
    struct err *e)
{
	mode_t mask = umask(0);
	int rc = mkdirat(s->dir[d], w->name, d == SPOOL_WORK ? 0700 : 0770);
	int saved = errno;
	char t[SPOOL_WHERE];

	umask(mask);
	if (rc == 0)
		return file_sync_dir(s->dir[d], spool_dir_name[d], e);
	if (saved == EEXIST)
		return 0;
	return err_set(e, saved == ENOSPC ? E_IO : E_CREATE,
	    "spool/%s: mkdir: %s", spool_where(t, w, d), strerror(saved));
}

static int
add(struct spool *s, const char *name, int mk, struct err *e)
{
	static const enum spool_dir dirs[] = { SPOOL_IN, SPOOL_WORK,
	    SPOOL_OUT };
	struct spool_way *w = &s->way[s->n_ways];

	if (s->n_ways == SPOOL_SUBS || name[0] == '.' ||
	    strchr(name, '/') != NULL || strlen(name) > NAME_MAX)
		return err_set(e, E_INTERNAL, "spool: cannot have a directory "
		    "of that name, or no more of them");
	*w = (struct spool_way){ .in = -1, .work = -1, .out = -1,
	    .pass = SPOOL_WORK, .name = strdup(name) };
	if (w->name == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	s->n_ways++;
	for (size_t i = 0; mk && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (make(s, w, dirs[i], e) == -1)
			return -1;
	spool_way_open(s, w, SPOOL_WORK);
	/* What a crash left there. */
	return mk && spool_way_open(s, w, SPOOL_OUT) ?
	    file_sweep(w->out, ".tmp.", e) : 0;
}

int
spool_subs(struct spool *s, const char *const *names, size_t n, int mk,
    struct err *e)
{
	spool_way_clear(s);
	for (size_t i = 0; i < n; i++)
		if (spool_way(s, names[i]) == NULL &&
		    add(s, names[i], mk, e) == -1)
			return -1;
	return 0;
}
