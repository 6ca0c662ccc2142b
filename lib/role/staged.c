/* New roots that wait for the user's word. */
#include "role/staged.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/cert.h"

/* The root ${r->name} of ${staged}: its PEM, and what is to be seen of it. */
static int
look(int staged, struct staged *r, struct buf *pem, struct err *e)
{
	struct certs c = { 0 };
	int rc = -1;

	if (file_read_at(staged, r->name, pem->max, pem, e) == -1 ||
	    certs_import(buf_slice(pem), r->name, &c, e) == -1)
		return -1;
	if (c.n != 1 || !c.v[0].ca || !cert_is_self_signed(&c.v[0])) {
		err_set(e, E_CERT_SYNTAX, "trust/staged/%.100s is not one root "
		    "certificate", r->name);
	} else {
		name_short(r->subject, c.v[0].subject);
		alg_sha256(c.v[0].der, SLICE_NONE, r->hash);
		r->not_before = c.v[0].not_before;
		r->not_after = c.v[0].not_after;
		rc = 0;
	}
	certs_free(&c);
	return rc;
}

/* ${seen}: what it has to be, or NULL. */
static int
accept_one(int trust, int staged, const char *name, const struct staged *seen,
    struct err *e)
{
	struct staged r;
	struct buf pem;
	int rc = -1;

	snprintf(r.name, sizeof(r.name), "%s", name);
	buf_init(&pem, 1 << 16);
	if (look(staged, &r, &pem, e) == -1)
		goto out;
	if (seen != NULL && memcmp(r.hash, seen->hash, sizeof(r.hash)) != 0)
		err_set(e, E_CERT_SYNTAX, "trust/staged/%.100s has changed "
		    "while it was looked at", name);
	else if (file_deliver(trust, name, buf_slice(&pem), 0644, FILE_NEW,
	    e) == 0 && unlinkat(staged, name, 0) == 0)
		rc = file_sync_dir(staged, "trust/staged", e);
	else if (e->code == E_NONE)
		err_set(e, E_CREATE, "trust/staged/%.100s: %s", name,
		    strerror(errno));
out:
	buf_release(&pem);
	return rc;
}

static int
is_pem(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".pem") == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct staged *)a)->name,
	    ((const struct staged *)b)->name);
}

/* All of ${d}, whose descriptor is ${fd}. */
static int
list(DIR *d, int fd, struct staged out[static STAGED_MAX], struct err *e)
{
	struct dirent *ent;
	struct buf pem;
	int n = 0, rc = 0;

	buf_init(&pem, 1 << 16);
	while (rc == 0 && (ent = readdir(d)) != NULL) {
		if (!is_pem(ent->d_name))
			continue;
		if (n == STAGED_MAX) {
			rc = err_set(e, E_HOME, "trust/staged has more than %d "
			    "roots; remove what you do not trust", STAGED_MAX);
			break;
		}
		snprintf(out[n].name, sizeof(out[n].name), "%s", ent->d_name);
		buf_reset(&pem);
		rc = look(fd, &out[n++], &pem, e);
	}
	buf_release(&pem);
	if (rc == 0)
		qsort(out, (size_t)n, sizeof(out[0]), by_name);
	return rc == -1 ? -1 : n;
}

/* HOME/trust, and staged in it. */
static int
open_both(int homefd, int *trust, int *staged, struct err *e)
{
	*staged = -1;
	if ((*trust = file_open_dir(homefd, "trust", 0700, e)) == -1)
		return -1;
	if ((*staged = file_open_dir(*trust, "staged", 0700, e)) != -1)
		return 0;
	close(*trust);
	return -1;
}

int
staged_list(int homefd, struct staged out[static STAGED_MAX], struct err *e)
{
	int trust, fd, n;
	DIR *d;

	if (open_both(homefd, &trust, &fd, e) == -1)
		return -1;
	close(trust);
	if ((d = fdopendir(fd)) == NULL) {
		err_set(e, E_HOME, "trust/staged: %s", strerror(errno));
		close(fd);
		return -1;
	}
	n = list(d, fd, out, e);
	closedir(d);
	return n;
}

static int
accept_at(int homefd, const char *name, const struct staged *seen,
    struct err *e)
{
	int trust, fd, rc;

	if (open_both(homefd, &trust, &fd, e) == -1)
		return -1;
	rc = accept_one(trust, fd, name, seen, e);
	close(fd);
	close(trust);
	return rc;
}

int
staged_accept(int homefd, const struct staged *r, struct err *e)
{
	return accept_at(homefd, r->name, r, e);
}

int
staged_accept_one(int homefd, const char *path, struct err *e)
{
	return accept_at(homefd, strrchr(path, '/') + 1, NULL, e);
}
