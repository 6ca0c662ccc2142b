/* Files without a name: what is too much for memory and nobody's business. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tools/nest.h"

#define BLOCK	65536
#define DIGEST	32

/* Not all file systems have files that never had a name. */
static int
unnamed(const char *dir)
{
	char path[TOOL_PATH];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd != -1 || snprintf(path, sizeof(path), "%s/.tmp.XXXXXX", dir) >=
	    (int)sizeof(path))
		return fd;
	if ((fd = mkostemp(path, O_CLOEXEC)) != -1)
		unlink(path);
	return fd;
}

int
nest_scratch(const char *dir, struct err *e)
{
	const char *dirs[] = { dir, "/var/tmp", "/tmp" };
	int fd = -1;

	for (size_t i = 0; fd == -1 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (dirs[i] != NULL)
			fd = unnamed(dirs[i]);
	if (fd == -1)
		return err_set(e, E_CREATE, "temporary file in %s: %s",
		    dir ? dir : "/var/tmp", strerror(errno));
	return fd;
}

int
nest_scratch_get(int fd, uint64_t at, void *p, size_t n, struct err *e)
{
	uint8_t *to = p;
	ssize_t r;

	while (n > 0) {
		if ((r = pread(fd, to, n, (off_t)at)) == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_set(e, E_IO, "temporary file: read: %s",
			    r == 0 ? "it is too short" : strerror(errno));
		to += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

int
nest_scratch_put(int fd, uint64_t at, const void *p, size_t n, struct err *e)
{
	const uint8_t *from = p;
	ssize_t w;

	while (n > 0) {
		if ((w = pwrite(fd, from, n, (off_t)at)) == -1) {
			if (errno == EINTR)
				continue;
			return err_set(e, E_IO, "temporary file: write: %s",
			    strerror(errno));
		}
		from += w;
		at += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

static int
unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
copy_all(int from, int to, uint64_t max, uint64_t *size, struct err *e)
{
	uint8_t block[BLOCK];
	ssize_t r;

	for (*size = 0;; *size += (uint64_t)r) {
		if ((r = read(from, block, sizeof(block))) == -1) {
			if (errno == EINTR) {
				r = 0;
				continue;
			}
			return err_set(e, E_IO, "read: %s", strerror(errno));
		}
		if (r == 0)
			return 0;
		if ((uint64_t)r > max - *size)
			return err_set(e, E_FILE_SIZE, "more than the %llu "
			    "bytes allowed; --max-size raises that",
			    (unsigned long long)max);
		if (nest_scratch_put(to, *size, block, (size_t)r, e) == -1)
			return -1;
	}
}

static int
copy_file(const char *file, int to, uint64_t max, struct err *e)
{
	int fd = STDIN_FILENO, rc = -1;
	struct stat before, after;
	uint64_t size;

	if (strcmp(file, "-") != 0 &&
	    (fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_set(e, E_NOINPUT, "%s", strerror(errno));
	if (fstat(fd, &before) == -1 || S_ISDIR(before.st_mode))
		err_set(e, E_FILE_TYPE, "not a file");
	else if (copy_all(fd, to, max, &size, e) == -1)
		rc = -1;
	else if (S_ISREG(before.st_mode) && (fstat(fd, &after) == -1 ||
	    !unchanged(&before, &after) || (fd != STDIN_FILENO &&
	    size != (uint64_t)before.st_size)))
		err_set(e, E_NEST_CHANGED, "the file changed while it was "
		    "read; wait until it is complete");
	else
		rc = 0;
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

int
nest_scratch_copy(const char *file, const char *dir, uint64_t max,
    struct err *e)
{
	int fd = nest_scratch(dir, e);

	if (fd != -1 && copy_file(file, fd, max, e) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
nest_seen_init(struct nest_seen *s, size_t max, const char *dir,
    struct err *e)
{
	for (s->slots = 1024; s->slots < 2 * (uint64_t)max;)
		s->slots *= 2;
	if ((s->fd = nest_scratch(dir, e)) == -1)
		return -1;
	if (ftruncate(s->fd, (off_t)(s->slots * DIGEST)) == -1)
		return err_set(e, E_IO, "temporary file: %s", strerror(errno));
	return 0;
}

int
nest_seen_add(struct nest_seen *s, const uint8_t digest[static 32],
    struct err *e)
{
	static const uint8_t empty[DIGEST];
	uint8_t there[DIGEST];
	uint64_t slot;

	memcpy(&slot, digest, sizeof(slot));
	for (;; slot++) {
		slot &= s->slots - 1;
		if (nest_scratch_get(s->fd, slot * DIGEST, there, DIGEST,
		    e) == -1)
			return -1;
		if (memcmp(there, digest, DIGEST) == 0)
			return 1;
		if (memcmp(there, empty, DIGEST) == 0)
			return nest_scratch_put(s->fd, slot * DIGEST, digest,
			    DIGEST, e);
	}
}

void
nest_seen_close(struct nest_seen *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}
