/* Files that are too large to be held. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "spool/spool_int.h"

#define BLOCK	65536

/* A file without a name in tmp/, which is swept when the spool is opened. */
static int
unnamed(struct spool *s, struct err *e)
{
	static const char name[] = "large";
	int tmp = s->dir[SPOOL_TMP];
	int fd = openat(tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd == -1) {		/* not on all file systems */
		unlinkat(tmp, name, 0);
		fd = openat(tmp, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
		    O_NOFOLLOW, 0600);
		if (fd != -1)
			unlinkat(tmp, name, 0);
	}
	if (fd == -1)
		err_set(e, E_IO, "tmp: create: %s", strerror(errno));
	return fd;
}

/* The content of ${from}, which may still grow: up to ${max} bytes. */
static int
copy(int from, int to, size_t max, struct err *e)
{
	uint8_t block[BLOCK];
	size_t size = 0;
	ssize_t r;

	while ((r = read(from, block, sizeof(block))) != 0) {
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_set(e, E_IO, "read: %s", strerror(errno));
		if ((size_t)r > max - size)
			return err_set(e, E_FILE_SIZE, "more than %zu bytes",
			    max);
		size += (size_t)r;
		if (file_write(to, SLICE(block, r)) == -1)
			return err_set(e, E_IO, "tmp: write: %s",
			    strerror(errno));
	}
	return 0;
}

/* What the copy is, not the file: that may be another one by now. */
static int
judge(struct spool *s, int fd, struct err *e)
{
	uint8_t head[SPOOL_HEAD];
	ssize_t r = pread(fd, head, sizeof(head), 0);
	struct stat st;

	if (r == -1 || fstat(fd, &st) == -1)
		return err_set(e, E_IO, "tmp: read: %s", strerror(errno));
	return s->round.large(SLICE(head, r)) &&
	    s->round.judge(SLICE(head, r), (size_t)st.st_size) ==
	    SPOOL_COMPLETE;
}

int
spool_copy(struct spool *s, int dirfd, const char *name,
    struct spool_file *f, struct err *e)
{
	struct stat st;
	int from, rc = -1;

	if (s->round.large == NULL)
		return 0;
	from = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NOFOLLOW | O_NONBLOCK);
	if (from == -1)
		return err_set(e, errno == ENOENT ? E_NOINPUT : E_IO,
		    "open: %s", strerror(errno));
	if (fstat(from, &st) == -1 || spool_odd(&st) != NULL)
		err_set(e, E_FILE_TYPE, "not a plain file");
	else if ((f->fd = unnamed(s, e)) != -1 &&
	    copy(from, f->fd, s->round.max_large, e) == 0)
		rc = judge(s, f->fd, e);
	close(from);
	if (rc != 1 && f->fd != -1) {
		close(f->fd);
		f->fd = -1;
	}
	return rc;
}
