#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"

static int
read_all(int fd, const char *shown, size_t max, struct buf *out, struct err *e)
{
	uint8_t block[16384];
	size_t total = 0;
	ssize_t r;

	for (;;) {
		if ((r = read(fd, block, sizeof(block))) == -1) {
			if (errno == EINTR)
				continue;
			return err_set(e, E_IO, "%s: read: %s", shown,
			    strerror(errno));
		}
		if (r == 0)
			break;
		total += (size_t)r;
		if (total > max)
			return err_set(e, E_FILE_SIZE, "%s: more than the "
			    "%zu bytes allowed", shown, max);
		buf_add(out, block, (size_t)r);
	}
	explicit_bzero(block, sizeof(block));
	if (buf_bad(out))
		return buf_err(out, shown, e);
	return 0;
}

int
file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
	struct stat st;
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", max, out, e);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_set(e, E_NOINPUT, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) == -1 || S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, E_FILE_TYPE, "%s: not a file", path);
	}
	rc = read_all(fd, path, max, out, e);
	close(fd);
	return rc;
}

int
file_read_at(int dirfd, const char *name, size_t max, struct buf *out,
    struct err *e)
{
	char shown[ESCAPE_SHORT];
	struct stat st;
	int fd, rc = -1;

	escape_short(shown, slice_str(name));
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1)
		return err_set(e, errno == ELOOP ? E_FILE_TYPE : E_NOINPUT,
		    "%s: open: %s", shown, strerror(errno));
	if (fstat(fd, &st) == -1)
		err_set(e, E_IO, "%s: stat: %s", shown, strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		err_set(e, E_FILE_TYPE, "%s: %s, expected a regular file with "
		    "one link", shown, S_ISREG(st.st_mode) ?
		    "has several hard links" : "not a regular file");
	else
		rc = read_all(fd, shown, max, out, e);
	close(fd);
	return rc;
}

int
file_write(int fd, struct slice data)
{
	ssize_t w;

	while (data.n > 0) {
		if ((w = write(fd, data.p, data.n)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		data.p += w;
		data.n -= (size_t)w;
	}
	return 0;
}

/* All of ${n} bytes, less at the end; -1. */
static ssize_t
read_full(int fd, uint8_t *p, size_t n)
{
	size_t have = 0;
	ssize_t r;

	while (have < n && (r = read(fd, p + have, n - have)) != 0) {
		if (r == -1 && errno != EINTR)
			return -1;
		have += r > 0 ? (size_t)r : 0;
	}
	return (ssize_t)have;
}

static int
same_bytes(int a, int b)
{
	uint8_t p[2][16384];
	ssize_t n;

	do {
		n = read_full(a, p[0], sizeof(p[0]));
		if (n == -1 || read_full(b, p[1], sizeof(p[1])) != n ||
		    memcmp(p[0], p[1], (size_t)n) != 0)
			return 0;
	} while (n > 0);
	return 1;
}

/* Is ${name} there already with exactly what ${tmp} has? */
static int
same_content(int dirfd, const char *name, const char *tmp)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int a = openat(dirfd, name, flags), b = openat(dirfd, tmp, flags);
	struct stat st, want;
	int same;

	same = a != -1 && b != -1 && fstat(a, &st) == 0 &&
	    fstat(b, &want) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    st.st_size == want.st_size && same_bytes(a, b);
	if (a != -1)
		close(a);
	if (b != -1)
		close(b);
	return same;
}

/* Not to be had now, or not at all? */
static enum err_code
cannot_create(int why)
{
	return why == ENOSPC || why == EDQUOT || why == EIO || why == EMFILE ||
	    why == ENFILE ? E_IO : E_CREATE;
}

/*
 * Put the written file ${tmp} in the place of ${name}.  ${compare}: the same
 * content there already is success.
 */
static int
publish(int dirfd, const char *tmp, const char *name, int compare,
    enum file_mode how, struct err *e)
{
	if (how == FILE_REPLACE) {
		if (renameat(dirfd, tmp, dirfd, name) == -1)
			return err_set(e, E_IO, "%s: rename: %s", name,
			    strerror(errno));
		return 0;
	}
	if (renameat2(dirfd, tmp, dirfd, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* Media without RENAME_NOREPLACE or links: O_EXCL did the checking. */
	if (errno == EINVAL || errno == ENOSYS) {
		if (linkat(dirfd, tmp, dirfd, name, 0) == 0) {
			unlinkat(dirfd, tmp, 0);
			return 0;
		}
		if ((errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP) &&
		    faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
		    renameat(dirfd, tmp, dirfd, name) == 0)
			return 0;
	}
	if (errno != EEXIST && errno != EPERM)
		return err_set(e, E_IO, "%s: rename: %s", name,
		    strerror(errno));
	if (!compare || !same_content(dirfd, name, tmp))
		return err_set(e, E_EXISTS, "%s: exists with other content; "
		    "move it away or choose another name", name);
	unlinkat(dirfd, tmp, 0);
	return 0;
}

static int
temporary(char t[static NAME_MAX + 1], const char *name, struct err *e)
{
	if (snprintf(t, NAME_MAX + 1, ".tmp.%s", name) > NAME_MAX)
		return err_set(e, E_CREATE, "%s: name is too long", name);
	return 0;
}

int
file_start(int dirfd, const char *name, unsigned mode, struct err *e)
{
	char tmp[NAME_MAX + 1];
	int fd;

	if (temporary(tmp, name, e) == -1)
		return -1;
	unlinkat(dirfd, tmp, 0);	/* left by a crash; ENOENT is usual */
	fd = openat(dirfd, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, mode);
	if (fd == -1)
		return err_set(e, cannot_create(errno), "%s: create: %s", name,
		    strerror(errno));
	return fd;
}

int
file_finish(int dirfd, const char *name, struct err *e)
{
	char tmp[NAME_MAX + 1];

	if (temporary(tmp, name, e) == -1)
		return -1;
	if (publish(dirfd, tmp, name, 0, FILE_REPLACE, e) == -1) {
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return file_sync_dir(dirfd, name, e);
}

void
file_forget(int dirfd, const char *name)
{
	struct err ignored = { 0 };
	char tmp[NAME_MAX + 1];

	if (temporary(tmp, name, &ignored) == 0)
		unlinkat(dirfd, tmp, 0);
}

struct writing {
	const char	*name;
	int		 fd;
};

static int
write_piece(void *arg, struct slice data, struct err *e)
{
	struct writing *w = arg;

	if (file_write(w->fd, data) == 0)
		return 0;
	return err_set(e, E_IO, "%s: write: %s", w->name, strerror(errno));
}

static int
give_whole(void *arg, file_piece piece, void *to, struct err *e)
{
	return piece(to, *(const struct slice *)arg, e);
}

static int
place(int dirfd, const char *name, file_give give, void *arg, unsigned mode,
    enum file_mode how, struct err *e)
{
	struct writing w = { .name = name };
	char tmp[NAME_MAX + 1];
	int rc;

	if (temporary(tmp, name, e) == -1 ||
	    (w.fd = file_start(dirfd, name, mode, e)) == -1)
		return -1;
	rc = give(arg, write_piece, &w, e);
	if (rc == 0 && fsync(w.fd) == -1)
		rc = err_set(e, E_IO, "%s: write: %s", name, strerror(errno));
	if (close(w.fd) == -1 && rc == 0)
		rc = err_set(e, E_IO, "%s: close: %s", name, strerror(errno));
	if (rc == 0)
		rc = publish(dirfd, tmp, name, 1, how, e);
	if (rc == -1)
		unlinkat(dirfd, tmp, 0);
	return rc;
}

int
file_place(int dirfd, const char *name, struct slice data, unsigned mode,
    enum file_mode how, struct err *e)
{
	return place(dirfd, name, give_whole, &data, mode, how, e);
}

int
file_place_each(int dirfd, const char *name, file_give give, void *arg,
    unsigned mode, struct err *e)
{
	return place(dirfd, name, give, arg, mode, FILE_NEW, e);
}

int
file_sync_dir(int dirfd, const char *what, struct err *e)
{
	/* EINVAL: some file systems cannot, and need not, sync directories. */
	if (fsync(dirfd) == -1 && errno != EINVAL)
		return err_set(e, E_IO, "%s: sync directory: %s", what,
		    strerror(errno));
	return 0;
}

int
file_deliver(int dirfd, const char *name, struct slice data, unsigned mode,
    enum file_mode how, struct err *e)
{
	if (file_place(dirfd, name, data, mode, how, e) == -1)
		return -1;
	return file_sync_dir(dirfd, name, e);
}

static int
deliver_path(const char *path, file_give give, void *arg, unsigned mode,
    enum file_mode how, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	int fd, rc;

	if (slash == NULL)
		snprintf(dir, sizeof(dir), ".");
	else if (snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) +
	    (slash == path), path) >= (int)sizeof(dir))
		return err_set(e, E_CREATE, "path is too long");
	if ((fd = file_open_dir(AT_FDCWD, dir, 0, e)) == -1)
		return -1;
	slash = slash ? slash + 1 : path;
	rc = place(fd, slash, give, arg, mode, how, e);
	if (rc == 0)
		rc = file_sync_dir(fd, slash, e);
	close(fd);
	return rc;
}

int
file_deliver_path(const char *path, struct slice data, unsigned mode,
    enum file_mode how, struct err *e)
{
	return deliver_path(path, give_whole, &data, mode, how, e);
}

int
file_deliver_path_each(const char *path, file_give give, void *arg,
    unsigned mode, struct err *e)
{
	return deliver_path(path, give, arg, mode, FILE_NEW, e);
}

/* Make the new entry ${name} durable: sync the directory it stands in. */
static int
sync_parent(int dirfd, const char *name, struct err *e)
{
	size_t n = strlen(name);
	char dir[PATH_MAX];
	int fd, rc;

	while (n > 0 && name[n - 1] == '/')
		n--;
	while (n > 0 && name[n - 1] != '/')
		n--;
	snprintf(dir, sizeof(dir), "%.*s", n > 0 ? (int)n : 1,
	    n > 0 ? name : ".");
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)		/* one that we may write to but not read */
		return errno == EACCES ? 0 : err_set(e, E_IO, "%s: open "
		    "directory: %s", dir, strerror(errno));
	rc = file_sync_dir(fd, name, e);
	close(fd);
	return rc;
}

int
file_open_dir(int dirfd, const char *name, unsigned mode, struct err *e)
{
	int fd;

	if (mode != 0 && mkdirat(dirfd, name, mode) == 0) {
		if (sync_parent(dirfd, name, e) == -1)
			return -1;
	} else if (mode != 0 && errno != EEXIST) {
		return err_set(e, cannot_create(errno), "%s: mkdir: %s", name,
		    strerror(errno));
	}
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_set(e, E_HOME, "%s: open directory: %s", name,
		    strerror(errno));
	return fd;
}

int
file_sweep(int dirfd, const char *prefix, struct err *e)
{
	struct dirent *ent;
	DIR *dir;
	int fd;

	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		err_set(e, E_HOME, "open directory: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	/* Directories stay: nothing of ours makes them. */
	while ((ent = readdir(dir)) != NULL)
		if (strncmp(ent->d_name, prefix, strlen(prefix)) == 0 &&
		    strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0)
			unlinkat(dirfd, ent->d_name, 0);
	closedir(dir);
	return 0;
}

int
file_settle(int dirfd, const char *name, struct slice data, struct err *e)
{
	char tmp[NAME_MAX + 1];

	if (temporary(tmp, name, e) == -1)
		return -1;
	return publish(dirfd, tmp, name, data.p != NULL, FILE_NEW, e);
}

int
file_sync_all(int dirfd, const char *what, struct err *e)
{
	if (syncfs(dirfd) == -1)
		return err_set(e, E_IO, "%s: sync: %s", what, strerror(errno));
	return 0;
}
