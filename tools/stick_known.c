/*
 * HOME/state/imported: a digest a line of what came from media, and of what
 * this home put there itself, which is not to come back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tools/stick.h"

#define SEEN_MAX	((size_t)256 << 20)

int
stick_known(const struct stick *s, struct stick_names *out, struct err *e)
{
	char hex[STICK_DIGEST + 1];
	struct buf b;
	int rc, dir;

	if ((dir = file_open_dir(s->fd, "state", 0700, e)) == -1)
		return -1;
	buf_init(&b, SEEN_MAX);
	rc = file_read_at(dir, "imported", SEEN_MAX, &b, e);
	if (rc == -1 && e->code == E_NOINPUT) {
		*e = (struct err){ 0 };
		rc = 0;
	}
	close(dir);
	/* A line that was cut is no line: its file is imported again. */
	for (size_t i = 0; rc == 0 && i + STICK_DIGEST < b.n;
	    i += STICK_DIGEST + 1) {
		if (b.p[i + STICK_DIGEST] != '\n') {
			rc = err_set(e, E_STORE, "state/imported is damaged at "
			    "byte %zu; without it, all is imported again, "
			    "which does no harm", i);
			break;
		}
		memcpy(hex, b.p + i, STICK_DIGEST);
		hex[STICK_DIGEST] = '\0';
		rc = stick_add(out, hex, e);
	}
	stick_sort(out);
	buf_release(&b);
	return rc;
}

/* All lines at once; a cut one of a run before is written over. */
int
stick_know(const struct stick *s, const struct stick_names *add,
    struct err *e)
{
	off_t at;
	int dir, fd, rc = 0;
	struct buf b;

	buf_init(&b, SEEN_MAX);
	for (size_t i = 0; i < add->n; i++)
		buf_printf(&b, "%s\n", add->v[i]);
	if ((dir = file_open_dir(s->fd, "state", 0700, e)) == -1) {
		buf_release(&b);
		return -1;
	}
	fd = openat(dir, "imported", O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	at = fd == -1 ? -1 : lseek(fd, 0, SEEK_END);
	if (at > 0)
		at -= at % (STICK_DIGEST + 1);
	if (at == -1 || lseek(fd, at, SEEK_SET) == -1 || buf_bad(&b) ||
	    file_write(fd, buf_slice(&b)) == -1 || fsync(fd) == -1)
		rc = err_set(e, E_IO, "state/imported: %s", strerror(errno));
	if (fd != -1 && close(fd) == -1 && rc == 0)
		rc = err_set(e, E_IO, "state/imported: %s", strerror(errno));
	if (rc == 0)
		rc = file_sync_dir(dir, "state", e);
	close(dir);
	buf_release(&b);
	return rc;
}
