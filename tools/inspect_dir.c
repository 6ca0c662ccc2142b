/* A directory of messages as transactions in order, and what is odd. */
#include "tools/inspect_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tools/inspect_txn.h"
#include "tools/tool.h"

#define OUTPUT_MAX	(64u << 20)

struct dir {
	const char		*path;
	int			 fd;
	struct inspect_rec	*v;
	size_t			 n, cap;
	int			 rc;
};

static void
failed(struct dir *d, const char *name, const struct err *e)
{
	char t[TOOL_PATH];

	snprintf(t, sizeof(t), "%s%s%s", d->path,
	    d->path[0] != '\0' && d->path[strlen(d->path) - 1] == '/' ? "" :
	    "/", name);
	d->rc = tool_worse(d->rc, tool_fail(t, e));
}

static int
is_ours(int fd, const char *name)
{
	size_t n = strlen(name);
	struct stat st;

	return name[0] != '.' && n > 4 && strcmp(name + n - 4, ".pki") == 0 &&
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

static int
grow(struct dir *d, struct err *e)
{
	size_t cap = d->cap ? d->cap * 2 : 64;
	struct inspect_rec *v;

	if (d->n < d->cap)
		return 0;
	if ((v = reallocarray(d->v, cap, sizeof(*v))) == NULL)
		return err_set(e, E_NOMEM, "%zu files", d->n);
	d->v = v;
	d->cap = cap;
	return 0;
}

static int
add(struct dir *d, const char *name, struct slice in, struct err *e)
{
	struct inspect_rec *r;
	struct msg m;

	if (tool_shape(name, in, e) == -1 || msg_decode(in, &m, e) == -1 ||
	    grow(d, e) == -1)
		return -1;
	r = &d->v[d->n];
	inspect_txn_record(r, &m);
	if ((r->name = strdup(name)) == NULL)
		return err_set(e, E_NOMEM, "%s", name);
	d->n++;
	return 0;
}

static void
read_all(struct dir *d, DIR *dp)
{
	struct dirent *de;
	struct buf in;

	buf_init(&in, der_limits_genp.size + 1);
	while ((errno = 0, de = readdir(dp)) != NULL) {
		struct err e = { 0 };

		if (!is_ours(d->fd, de->d_name))
			continue;
		buf_reset(&in);
		if (file_read_at(d->fd, de->d_name, der_limits_genp.size,
		    &in, &e) == -1 ||
		    add(d, de->d_name, buf_slice(&in), &e) == -1)
			failed(d, de->d_name, &e);
	}
	if (errno != 0) {
		struct err e = { 0 };

		err_set(&e, E_IO, "%s", strerror(errno));
		failed(d, "", &e);
	}
	buf_release(&in);
}

static int
put(struct buf *out, struct err *e)
{
	if (buf_bad(out))
		return buf_err(out, "output", e);
	if (file_write(STDOUT_FILENO, buf_slice(out)) == -1)
		return err_set(e, E_IO, "standard output: %s",
		    strerror(errno));
	return 0;
}

static int
show_all(struct dir *d, int json, struct err *e)
{
	struct buf out;
	int odd, rc = 0;

	inspect_txn_sort(d->v, d->n);
	buf_init(&out, OUTPUT_MAX);
	for (size_t i = 0, n; i < d->n && rc == 0; i += n) {
		n = inspect_txn_length(d->v + i, d->n - i);
		buf_reset(&out);
		if (!json && i > 0)
			buf_add_u8(&out, '\n');
		odd = inspect_txn_show(&out, d->v + i, n, json, e);
		rc = odd == -1 ? -1 : put(&out, e);
		if (odd == 1)
			d->rc = tool_worse(d->rc, 1);
	}
	buf_release(&out);
	return rc;
}

int
inspect_dir(const char *path, int json)
{
	struct dir d = { .path = path };
	struct err e = { 0 };
	DIR *dp;

	if ((d.fd = file_open_dir(AT_FDCWD, path, 0, &e)) == -1)
		return tool_fail(path, &e);
	if ((dp = fdopendir(d.fd)) == NULL) {
		close(d.fd);
		err_set(&e, E_IO, "%s", strerror(errno));
		return tool_fail(path, &e);
	}
	read_all(&d, dp);
	if (show_all(&d, json, &e) == -1)
		d.rc = tool_worse(d.rc, tool_fail(path, &e));
	for (size_t i = 0; i < d.n; i++)
		free(d.v[i].name);
	free(d.v);
	closedir(dp);
	return d.rc;
}
