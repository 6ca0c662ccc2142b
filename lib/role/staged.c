/* New roots that wait for the user's word. */
#include "role/staged.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/cert.h"

static int
accept_one(int trust, int staged, const char *name, struct err *e)
{
	struct certs c = { 0 };
	struct buf pem;
	int rc = -1;

	buf_init(&pem, 1 << 16);
	if (file_read_at(staged, name, pem.max, &pem, e) == -1 ||
	    certs_import(buf_slice(&pem), name, &c, e) == -1)
		goto out;
	if (c.n != 1 || !c.v[0].ca || !cert_is_self_signed(&c.v[0]))
		err_set(e, E_CERT_SYNTAX, "trust/staged/%.100s is not one root "
		    "certificate", name);
	else if (file_deliver(trust, name, buf_slice(&pem), 0644, FILE_NEW,
	    e) == 0 && unlinkat(staged, name, 0) == 0)
		rc = file_sync_dir(staged, "trust/staged", e);
	else if (e->code == E_NONE)
		err_set(e, E_CREATE, "trust/staged/%.100s: %s", name,
		    strerror(errno));
out:
	certs_free(&c);
	buf_release(&pem);
	return rc;
}

static int
is_pem(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".pem") == 0;
}

int
staged_accept(int homefd, void (*said)(const char *name), struct err *e)
{
	struct dirent *ent;
	int trust, fd, n = 0;
	DIR *d;

	if ((trust = file_open_dir(homefd, "trust", 0700, e)) == -1)
		return -1;
	fd = file_open_dir(trust, "staged", 0700, e);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		if (fd != -1) {
			err_set(e, E_HOME, "trust/staged: %s", strerror(errno));
			close(fd);
		}
		close(trust);
		return -1;
	}
	while (n != -1 && (ent = readdir(d)) != NULL) {
		if (!is_pem(ent->d_name))
			continue;
		if (accept_one(trust, fd, ent->d_name, e) == -1) {
			n = -1;
			break;
		}
		said(ent->d_name);
		n++;
	}
	closedir(d);
	close(trust);
	return n;
}

int
staged_accept_one(int homefd, const char *path, struct err *e)
{
	int trust, fd = -1, rc = -1;

	if ((trust = file_open_dir(homefd, "trust", 0700, e)) == -1)
		return -1;
	if ((fd = file_open_dir(trust, "staged", 0700, e)) != -1)
		rc = accept_one(trust, fd, strrchr(path, '/') + 1, e);
	if (fd != -1)
		close(fd);
	close(trust);
	return rc;
}
