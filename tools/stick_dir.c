/* Directories and names, for cmp-spool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "pki/alg.h"
#include "tools/stick.h"

#define NAMES_MAX	1000000

int
stick_add(struct stick_names *n, const char *name, struct err *e)
{
	char **v;

	if (n->n == NAMES_MAX)
		return err_set(e, E_FILE_SIZE, "more than %d files", NAMES_MAX);
	if ((n->n & (n->n - 1)) == 0) {		/* a power of two: it is full */
		v = realloc(n->v, (n->n ? 2 * n->n : 1) * sizeof(*v));
		if (v == NULL)
			return err_set(e, E_NOMEM, "out of memory");
		n->v = v;
	}
	if ((n->v[n->n] = strdup(name)) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	n->n++;
	return 0;
}

void
stick_names_free(struct stick_names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i]);
	free(n->v);
	*n = (struct stick_names){ 0 };
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
stick_sort(struct stick_names *n)
{
	if (n->n > 0)
		qsort(n->v, n->n, sizeof(n->v[0]), by_name);
}

int
stick_has(const struct stick_names *n, const char *name)
{
	return n->n > 0 && bsearch(&name, n->v, n->n, sizeof(n->v[0]),
	    by_name) != NULL;
}

static int
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return name[0] != '.' && n > k && strcasecmp(name + n - k, end) == 0;
}

int
stick_list(int dirfd, const char *end, struct stick_names *out, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *ent;
	DIR *dir;

	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		err_set(e, E_IO, "open directory: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	errno = 0;
	while (rc == 0 && (ent = readdir(dir)) != NULL) {
		if (ends_in(ent->d_name, end))
			rc = stick_add(out, ent->d_name, e);
		errno = 0;
	}
	if (rc == 0 && errno != 0)
		rc = err_set(e, E_IO, "read directory: %s", strerror(errno));
	closedir(dir);
	stick_sort(out);
	return rc;
}

int
stick_check(const char *name, struct err *e)
{
	char shown[ESCAPE_SHORT];

	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '\\' || *p == 0x7f)
			return err_set(e, E_FILE_TYPE, "%s: its name has "
			    "controls or a backslash", escape_short(shown,
			    slice_str(name)));
	return 0;
}

int
stick_open(const struct stick *s, const char *name, const char *sub,
    unsigned mode, char shown[static STICK_WHERE], struct err *e)
{
	int fd, below;

	snprintf(shown, STICK_WHERE, "spool/%s%s%s", name, sub[0] ? "/" : "",
	    sub);
	if ((fd = file_open_dir(s->spool, name, mode, e)) == -1)
		return err_wrap(e, "%s", shown);
	if (sub[0] == '\0')
		return fd;
	below = file_open_dir(fd, sub, mode, e);
	close(fd);
	return below == -1 ? err_wrap(e, "%s", shown) : below;
}

void
stick_digest(struct slice data, char hex[static STICK_DIGEST + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t h[32];

	alg_sha256(data, SLICE_NONE, h);
	for (size_t i = 0; i < sizeof(h); i++) {
		hex[2 * i] = digits[h[i] >> 4];
		hex[2 * i + 1] = digits[h[i] & 15];
	}
	hex[STICK_DIGEST] = '\0';
}

/* "a-1-ir.pki" the second time is "a-1-ir.2.pki": it ends as it did. */
static int
numbered(const char *name, int i, char into[static 256])
{
	const char *dot = strrchr(name, '.');
	size_t n = dot == NULL ? strlen(name) : (size_t)(dot - name);
	int r;

	r = i == 1 ? snprintf(into, 256, "%s", name) :
	    snprintf(into, 256, "%.*s.%d%s", (int)n, name, i, dot ? dot : "");
	return r < 0 || r > NAME_MAX ? -1 : 0;
}

int
stick_move(int from, int to, const char *name, char into[static 256],
    struct err *e)
{
	char shown[ESCAPE_SHORT];

	for (int i = 1; i < 10000 && numbered(name, i, into) == 0; i++) {
		if (renameat2(from, name, to, into, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno == EINVAL || errno == ENOSYS) {
			/* No such flag here: a link never replaces. */
			if (linkat(from, name, to, into, 0) == 0)
				return unlinkat(from, name, 0) == 0 ? 0 :
				    err_set(e, E_IO, "%s: %s", escape_short(
				    shown, slice_str(name)), strerror(errno));
		}
		if (errno != EEXIST)
			return err_set(e, E_IO, "%s: rename: %s",
			    escape_short(shown, slice_str(name)),
			    strerror(errno));
	}
	return err_set(e, E_EXISTS, "%s: is there too often", escape_short(
	    shown, slice_str(name)));
}
