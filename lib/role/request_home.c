/* What a request leaves in the home: anchors, CRLs and the new key. */
#include "role/request.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/secret.h"
#include "msg/crmf.h"
#include "pki/csr.h"
#include "pki/name.h"
#include "pki/san.h"
#include "role/engine_int.h"
#include "role/request_info.h"
#include "role/request_int.h"
#include "role/request_template.h"

/* A file in trust/ named after its content: giving it twice is no harm. */
static int
keep(int dirfd, struct slice content, struct slice named_by,
    const char *suffix, struct err *e)
{
	uint8_t hash[32];
	char hex[ESCAPE_SHORT], name[64];

	alg_sha256(named_by, SLICE_NONE, hash);
	escape_hex_short(hex, SLICE(hash, 8));
	snprintf(name, sizeof(name), "%.16s.%s", hex, suffix);
	return file_deliver(dirfd, name, content, 0644, FILE_NEW, e);
}

static int
keep_anchors(int dirfd, const char *file, struct err *e)
{
	struct certs c = { 0 };
	struct buf pem;
	int rc;

	if (certs_load(file, &c, e) == -1)
		return -1;
	buf_init(&pem, 1 << 16);
	rc = 0;
	for (size_t i = 0; rc == 0 && i < c.n; i++) {
		buf_reset(&pem);
		cert_pem(&pem, "CERTIFICATE", c.v[i].der);
		rc = keep(dirfd, buf_slice(&pem), c.v[i].der, "pem", e);
	}
	buf_release(&pem);
	certs_free(&c);
	return rc;
}

static int
keep_trust(struct making *k, struct err *e)
{
	struct crl *crl;
	int fd, rc = 0;

	if ((fd = file_open_dir(k->homefd, "trust", 0700, e)) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < k->ask->n_trust; i++)
		rc = keep_anchors(fd, k->ask->trust[i], e);
	for (size_t i = 0; rc == 0 && i < k->ask->n_crl; i++) {
		if ((rc = crl_load(k->ask->crl[i], &crl, e)) == -1)
			break;
		rc = keep(fd, crl_der(crl), crl_der(crl), "crl", e);
		crl_free(crl);
	}
	close(fd);
	return rc;
}

/* The trust of an RA is in its cmp.conf, not in all of trust/. */
static int
check_home(struct making *k, struct err *e)
{
	struct conf *c;
	int ra;

	if (k->ask->n_trust + k->ask->n_crl == 0 ||
	    faccessat(k->homefd, "cmp.conf", F_OK, 0) == -1)
		return 0;
	if (conf_load(k->homefd, "cmp.conf", &c, e) == -1)
		return -1;
	ra = strcmp(c->home.role, "ra") == 0;
	conf_free(c);
	return ra ? err_set(e, E_USAGE, "the home of an RA believes whom "
	    "[relay] of its cmp.conf says, so --trust and --crl have no use; "
	    "see: cmp-ca trust add --upstream") : 0;
}

int
request_home_upstream(struct making *k, struct buf *name, struct err *e)
{
	char path[HOME_PATH];
	struct certs c = { 0 };
	struct conf *conf;
	int rc = 0;

	if (k->homefd == -1 ||
	    faccessat(k->homefd, "cmp.conf", F_OK, 0) == -1)
		return 0;
	if (conf_load(k->homefd, "cmp.conf", &conf, e) == -1)
		return -1;
	if (strcmp(conf->home.role, "ra") == 0 && conf->home.upstream.n > 0) {
		rc = certs_load(home_path(path, k->homefd,
		    conf->home.upstream.v[0]), &c, e);
		if (rc == 0 && c.n > 0) {
			buf_add_slice(name, c.v[0].subject);
			rc = 1;
		}
		certs_free(&c);
	}
	conf_free(conf);
	return rc;
}

/* A directory becomes a device's home by its cmp.conf. */
int
request_home(struct making *k, struct err *e)
{
	static const char *const dirs[] = { "keys", "certs", "state" };
	struct buf conf;
	int fd, rc = 0;

	if (check_home(k, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if ((fd = file_open_dir(k->homefd, dirs[i], 0700, e)) == -1)
			return -1;
		/* Half a key of a run that was cut short is nobody's. */
		rc = file_sweep(fd, ".tmp.", e);
		close(fd);
		if (rc == -1)
			return -1;
	}
	if (faccessat(k->homefd, "cmp.conf", F_OK, 0) == -1) {
		buf_init(&conf, 1 << 16);
		conf_template(&conf, ROLE_EE);
		rc = file_deliver(k->homefd, "cmp.conf", buf_slice(&conf),
		    0644, FILE_NEW, e);
		buf_release(&conf);
	}
	return rc == 0 ? keep_trust(k, e) : -1;
}

/* "pump17-3f2a9c1b": the common name for people, the id against clashes. */
static void
key_name(struct making *k)
{
	char hex[ESCAPE_SHORT], word[48] = "key";
	struct slice cn;
	size_t n = 0;

	if (name_attribute(buf_slice(&k->subject), OID_CN, &cn)) {
		for (size_t i = 0; i < cn.n && n < 40; i++)
			if (isalnum(cn.p[i]) || (n > 0 && strchr(".-_",
			    cn.p[i]) != NULL && cn.p[i] != '\0'))
				word[n++] = (char)cn.p[i];
		if (n > 0)
			word[n] = '\0';
	}
	escape_hex_short(hex, SLICE(k->id, 4));
	snprintf(k->made->key_file, sizeof(k->made->key_file),
	    "keys/%s-%.8s.key", word, hex);
}

/* check_inputs() has loaded a key that exists already. */
int
request_key(struct making *k, struct err *e)
{
	struct buf pem, pass;
	int fd = -1, rc = -1;

	if (!(k->op->flags & OP_ENROLS))
		return 0;
	buf_init(&pem, 1 << 16);
	buf_init(&pass, SECRET_MAX);
	if (k->ask->on_behalf)
		request_behalf_file(k);
	else
		key_name(k);
	if (k->ask->csr != NULL) {
		rc = 0;		/* only its name, for the certificate's file */
		goto out;
	}
	if ((k->ask->newkey_pass != NULL &&
	    secret_read(k->ask->newkey_pass, &pass, e) == -1) ||
	    (k->new_key == NULL &&
	    key_generate(k->newkey, &k->new_key, e) == -1) ||
	    key_export(k->new_key, buf_slice(&pass), &pem, e) == -1 ||
	    (fd = file_open_dir(k->homefd, "keys", 0700, e)) == -1)
		goto out;
	rc = file_deliver(fd, strrchr(k->made->key_file, '/') + 1,
	    buf_slice(&pem), 0600, FILE_NEW, e);
out:
	if (fd != -1)
		close(fd);
	buf_release(&pem);
	buf_release(&pass);
	return rc;
}

