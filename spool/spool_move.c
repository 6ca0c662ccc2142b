#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "spool/spool_int.h"

static int
is_taken(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT;
}

/*
 * File systems without RENAME_NOREPLACE.  The new entry is made durable
 * before the old one goes: in between the file has two names, and
 * spool_mend() knows that.
 */
static int
rename_old(int from, const char *name, int to, const char *as)
{
	int saved;

	if (linkat(from, name, to, as, 0) == 0) {
		fsync(to);
		if (unlinkat(from, name, 0) == 0)
			return 0;
		/* Not moved, then: with two names nobody would touch it. */
		saved = errno;
		unlinkat(to, as, 0);
		errno = saved;
		return -1;
	}
	if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	/* No links either (FAT).  There is one agent: nobody races us. */
	if (is_taken(to, as)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from, name, to, as);
}

int
spool_rename(int from, const char *name, int to, const char *as)
{
	if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return rename_old(from, name, to, as);
}

/* "long-na.12.pki": the suffix and the number stay whole. */
static void
numbered(char out[static NAME_MAX + 1], const char *name, unsigned k,
    size_t limit)
{
	char tail[32] = "";
	size_t n = strlen(name), suffix = n < 4 ? n : 4, stem = n - suffix;

	if (k > 0)
		snprintf(tail, sizeof(tail), ".%u", k);
	if (stem + strlen(tail) + suffix > limit)
		stem = limit - suffix - strlen(tail);
	snprintf(out, NAME_MAX + 1, "%.*s%s%s", (int)stem, name, tail,
	    name + n - suffix);
}

/*
 * Peers that use one name for ever would make a search one by one quadratic:
 * double the number until one is free, then halve the gap.
 */
void
spool_free_name(int dirfd, const char *name, size_t limit,
    char got[static NAME_MAX + 1], char last[NAME_MAX + 1])
{
	unsigned taken = 0, is_free = 1, mid;

	if (last != NULL)
		last[0] = '\0';
	numbered(got, name, 0, limit);
	if (!is_taken(dirfd, got))
		return;
	for (;; is_free *= 2) {
		numbered(got, name, is_free, limit);
		if (!is_taken(dirfd, got))
			break;
		taken = is_free;
		if (is_free > UINT_MAX / 4)
			break;
	}
	while (is_free - taken > 1) {
		mid = taken + (is_free - taken) / 2;
		numbered(got, name, mid, limit);
		if (is_taken(dirfd, got))
			taken = mid;
		else
			is_free = mid;
	}
	numbered(got, name, is_free, limit);
	if (last != NULL)
		numbered(last, name, taken, limit);
}

int
spool_move(struct spool *s, struct spool_way *w, enum spool_dir from,
    const char *name, enum spool_dir to, struct err *e)
{
	char as[NAME_MAX + 1], shown[ESCAPE_SHORT], t[2][SPOOL_WHERE];
	int src = spool_way_fd(s, w, from), dest = spool_way_fd(s, w, to);
	int tries = 16;

	w->moved = 1;

	/* Only in/ has other writers, who may take the name we found free. */
	do {
		spool_free_name(dest, name, NAME_MAX, as, NULL);
		if (spool_rename(src, name, dest, as) == 0)
			return 0;
	} while (errno == EEXIST && --tries > 0);
	if (errno == ENOENT)
		return 0;
	return err_set(e, E_IO, "%s: move from %s/ to %s/: %s",
	    escape_short(shown, slice_str(name)), spool_where(t[0], w, from),
	    spool_where(t[1], w, to), strerror(errno));
}

static int
is_same(int dirfd, const char *name, const struct stat *st)
{
	struct stat other;

	return name[0] != '\0' &&
	    fstatat(dirfd, name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
	    other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

void
spool_mend(struct spool *s, const struct spool_way *w, const char *name,
    const struct stat *st)
{
	char next[NAME_MAX + 1], last[NAME_MAX + 1];

	if (!S_ISREG(st->st_mode) || st->st_nlink != 2)
		return;
	if (is_same(w->in, name, st)) {
		unlinkat(w->in, name, 0);
		return;
	}
	for (enum spool_dir d = SPOOL_DONE; d <= SPOOL_BAD; d++) {
		spool_free_name(s->dir[d], name, d == SPOOL_BAD ?
		    SPOOL_BAD_NAME : NAME_MAX, next, last);
		if (is_same(s->dir[d], last[0] != '\0' ? last : name, st)) {
			unlinkat(w->work, name, 0);
			return;
		}
	}
}
