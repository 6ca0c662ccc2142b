/* cmp-mkreq --on-behalf: requests of others, signed by an RA. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "role/request.h"
#include "spool/spool.h"
#include "tools/mkreq.h"
#include "tools/tool.h"

/* The files of --csr; one that is refused is NULL afterwards. */
struct files {
	char	**v;
	size_t	  n, bad;
	int	  rc;		/* the worst exit status */
};

static int
is_request(const char *name)
{
	static const char *const ends[] = { ".csr", ".pem", ".der", ".p10" };
	const char *end = strrchr(name, '.');

	if (name[0] == '.' || end == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcasecmp(end, ends[i]) == 0)
			return 1;
	return 0;
}

static int
add(struct files *f, const char *dir, const char *name, struct err *e)
{
	char path[TOOL_PATH], **v;
	size_t n = strlen(dir);

	if (snprintf(path, sizeof(path), "%s%s%s", dir, n == 0 ||
	    dir[n - 1] == '/' ? "" : "/", name) >= (int)sizeof(path))
		return err_set(e, E_NOINPUT, "path is too long");
	v = realloc(f->v, (f->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	f->v = v;
	if ((f->v[f->n] = strdup(path)) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	f->n++;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
list(struct files *f, const char *csr, struct err *e)
{
	struct dirent *d;
	DIR *dir;
	int rc = 0;

	if (!tool_is_dir(csr))
		return add(f, "", csr, e);
	if ((dir = opendir(csr)) == NULL)
		return err_set(e, E_NOINPUT, "%.200s: %s", csr,
		    strerror(errno));
	while (rc == 0 && (d = readdir(dir)) != NULL)
		if (is_request(d->d_name))
			rc = add(f, csr, d->d_name, e);
	closedir(dir);
	if (rc == 0 && f->n == 0)
		return err_set(e, E_NOINPUT, "%.200s has no file whose name "
		    "ends in .csr, .pem, .der or .p10", csr);
	if (rc == 0)
		qsort(f->v, f->n, sizeof(f->v[0]), by_name);
	return rc;
}

static void
refuse(struct files *f, size_t i, const struct err *e)
{
	f->rc = tool_worse(f->rc, tool_fail(NULL, e));
	free(f->v[i]);
	f->v[i] = NULL;
	f->bad++;
}

/* Before anything is made: which of them can be asked for? */
static void
check(struct files *f, struct request_ask *a, int dry)
{
	char names[REQUEST_NAMES];
	struct err e;

	for (size_t i = 0; i < f->n; i++) {
		e = (struct err){ 0 };
		a->csr = f->v[i];
		if (request_check_names(a, names, &e) == -1)
			refuse(f, i, &e);
		else if (dry)
			tool_say("%s: would make %s for \"%s\"", a->csr, a->op,
			    names);
	}
}

static int
make_one(int fd, struct request_ask *a, const char *out, const char *home,
    struct err *e)
{
	struct request_made made;
	char shown[TOOL_PATH];
	int rc = -1;

	request_made_init(&made);
	if (request_make(fd, a, &made, e) == 0 && tool_put(out, made.name,
	    buf_slice(&made.message), shown, e) == 0) {
		tool_say("%s: %s for \"%s\"%s%s; the certificate will be %s/%s",
		    a->csr, a->op, made.names, shown[0] ? " written to " : "",
		    shown, home ? home : ".", made.key_file);
		rc = 0;
	}
	request_made_release(&made);
	return rc;
}

static int
make(struct files *f, struct request_ask *a, const char *home,
    const char *out, struct err *e)
{
	struct err one;
	int fd, lock = -1;

	if ((fd = tool_home(home, 1, e)) == -1)
		return -1;
	if (spool_lock(fd, &lock, e) == -1) {
		close(fd);
		return -1;
	}
	for (size_t i = 0; i < f->n; i++) {
		if ((a->csr = f->v[i]) == NULL)
			continue;
		one = (struct err){ 0 };
		if (make_one(fd, a, out, home, &one) == -1)
			refuse(f, i, &one);
	}
	close(lock);
	close(fd);
	return 0;
}

static void
summary(const struct files *f, const struct request_ask *a, const char *home,
    int dry)
{
	size_t good = f->n - f->bad;

	tool_say("%s%zu of %zu requests%s", dry ? "would make " : "made ",
	    good, f->n, f->bad > 0 ? "; the others are refused" : "");
	if (a->n_allow_subject + a->n_allow_san == 0 && good > 0)
		tool_say("no --allow-subject or --allow-san: their names are "
		    "for you to check, before they go to the CA");
	if (!dry && good > 0)
		tool_say("next: bring them to the CA, and its answers to: "
		    "cmp-process -C %s FILE...", home ? home : ".");
}

int
mkreq_behalf(struct request_ask *a, const char *home, const char *out, int dry)
{
	const char *csr = a->csr;
	struct files f = { .rc = 0 };
	struct err e = { 0 };
	int rc = -1;

	a->csr = NULL;
	if (list(&f, csr, &e) == -1 || request_check(a, &e) == -1)
		goto out;
	/* A request each, so they need names. */
	if (tool_is_dir(csr) && out == NULL)
		out = "./";
	if (tool_is_dir(csr) && !tool_is_dir(out)) {
		err_set(&e, E_USAGE, "-o is \"%.200s\", requests for a "
		    "directory of --csr need a directory there", out);
		goto out;
	}
	if (!dry && tool_can_put(out, 0, &e) == -1)
		goto out;
	check(&f, a, dry);
	if (f.bad == f.n || dry)
		rc = 0;
	else
		rc = make(&f, a, home, out, &e);
	if (rc == 0)
		summary(&f, a, home, dry);
out:
	for (size_t i = 0; i < f.n; i++)
		free(f.v[i]);
	free(f.v);
	return rc == -1 ? tool_worse(f.rc, tool_fail(NULL, &e)) : f.rc;
}
