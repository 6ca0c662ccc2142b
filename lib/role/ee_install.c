/* The end entity: what an answer brought becomes files. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "msg/poll.h"
#include "op/enrol.h"
#include "pki/name.h"
#include "role/ee_int.h"
#include "role/staged.h"

/* Certificate and what is between it and the anchor, as PEM. */
static void
pem_chain(struct step *s, const struct cert *cert, struct buf *out)
{
	struct path_ask ask = { .target = cert,
	    .anchors = ee_trust(s->en)->anchors,
	    .n_anchors = ee_trust(s->en)->n_anchors, .now = s->en->now };
	struct err ignored = { 0 };
	struct path path;

	cert_pem(out, "CERTIFICATE", cert->der);
	ask.pool = checked_pool(s->checked, &ask.n_pool);
	if (path_find(&ask, &path, &ignored) == -1)
		return;
	for (size_t i = 1; i < path.n; i++)
		cert_pem(out, "CERTIFICATE", path.certs[i]->der);
}

/* keys/NAME.key belongs to certs/NAME.pem; without a key of ours, that is
 * what the request has said. */
static int
cert_file(const struct txn *t, char name[static 256])
{
	const char *p = (const char *)t->key_file.p;
	size_t n = t->key_file.n;

	if (n > 10 && n <= 200 && memcmp(p, "certs/", 6) == 0) {
		snprintf(name, 256, "%.*s", (int)n - 6, p + 6);
		return 0;
	}
	if (n < 10 || n > 200 || memcmp(p, "keys/", 5) != 0)
		return -1;
	snprintf(name, 256, "%.*s.pem", (int)n - 9, p + 5);
	return 0;
}

/* A CRL is only ever replaced by one that is not older. */
static int
is_older(int dirfd, const char *name, const struct op_file *f)
{
	struct crl *held = NULL, *got = NULL;
	struct err ignored = { 0 };
	struct buf old;
	int older;

	buf_init(&old, (size_t)256 << 20);
	older = file_read_at(dirfd, name, old.max, &old, &ignored) == 0 &&
	    crl_open(buf_slice(&old), &held, &ignored) == 0 &&
	    crl_open(buf_slice(&f->content), &got, &ignored) == 0 &&
	    crl_this_update(got) < crl_this_update(held);
	crl_free(held);
	crl_free(got);
	buf_release(&old);
	return older;
}

/* Below HOME, in directories that are made. */
static int
install_file(struct engine *en, const struct op_file *f, struct err *e)
{
	const char *name = f->name, *slash;
	int fd = dup(en->homefd), next, rc = -1;
	char dir[64];

	while (fd != -1 && (slash = strchr(name, '/')) != NULL) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - name), name);
		next = file_open_dir(fd, dir, 0700, e);
		close(fd);
		fd = next;
		name = slash + 1;
	}
	if (fd == -1)
		return -1;
	if (buf_bad(&f->content))
		buf_err(&f->content, f->name, e);
	else if (f->is_crl && is_older(fd, name, f))
		err_set(e, E_ANSWER_CRL, "%.100s is newer than the CRL of "
		    "this answer", f->name);
	else
		rc = file_deliver(fd, name, buf_slice(&f->content), 0644,
		    FILE_REPLACE, e);
	close(fd);
	return rc;
}

/* It was good once, but things have changed since. */
static int
no_more(struct outcome *o, struct err *e)
{
	if (err_fail(e->code) == FAIL_SYSTEM_FAILURE)
		return -1;
	o->err = *e;
	o->verdict = VERDICT_NO;
	return 0;
}

/* A new root is trusted by the user's word, or once for all by cmp.conf. */
static int
install_root(struct step *s, const struct op_file *f, struct outcome *o,
    struct err *e)
{
	size_t n = strlen(o->note);

	if (!s->en->conf->home.accept_roots) {
		snprintf(o->next, sizeof(o->next), "compare its sha256 with "
		    "what the CA says, then: cmp-process --accept");
		return 0;
	}
	if (staged_accept_one(s->en->homefd, f->name, e) == -1)
		return -1;
	snprintf(o->note + n, sizeof(o->note) - n, ", moved to trust/ as "
	    "accept-roots says");
	return 0;
}

/* What is no certificate of ours: judged again, as it was when it came. */
static int
install_files(struct step *s, struct outcome *o, struct err *e)
{
	struct op_result *r = &s->result;
	size_t n;

	if (s->txn.state == TXN_FAILED)
		return 0;
	if (ee_accept(s, e) == -1)
		return no_more(o, e);
	snprintf(o->note, sizeof(o->note), "%s", r->note);
	for (size_t i = 0; i < r->n_files; i++) {
		if (install_file(s->en, &r->files[i], e) == -1)
			return e->code == E_ANSWER_CRL ? no_more(o, e) : -1;
		n = strlen(o->note);
		snprintf(o->note + n, sizeof(o->note) - n, "%s%s",
		    i == 0 ? ": " : ", ", r->files[i].name);
		if (r->files[i].is_root && install_root(s, &r->files[i], o,
		    e) == -1)
			return -1;
	}
	return 0;
}

/*
 * The root that a MAC vouches for, if there was no anchor: before the
 * certificate, so that none is ever there without the other.
 */
static int
install_anchor(struct step *s, char name[static 64], struct err *e)
{
	struct engine *en = s->en;
	char hex[ESCAPE_SHORT];
	uint8_t hash[32];
	struct cert root;
	struct buf pem;
	int fd, rc;

	name[0] = '\0';
	if (ee_trust(en)->n_anchors > 0 ||
	    (rc = enrol_root(s->checked, en->now, &root, e)) == 0)
		return 0;
	if (rc == -1 || (fd = file_open_dir(en->homefd, "trust", 0700, e)) ==
	    -1)
		return -1;
	alg_sha256(root.der, SLICE_NONE, hash);
	snprintf(name, 64, "%.16s.pem", escape_hex_short(hex, SLICE(hash, 8)));
	buf_init(&pem, 1 << 16);
	cert_pem(&pem, "CERTIFICATE", root.der);
	rc = file_deliver(fd, name, buf_slice(&pem), 0644, FILE_NEW, e);
	buf_release(&pem);
	close(fd);
	if (rc == -1)
		return -1;
	trust_release(&en->trust);
	return trust_load_dir(&en->trust, en->homefd, e);
}

static int
install(struct step *s, struct outcome *o, struct err *e)
{
	char name[256], subject[NAME_TEXT], root[64];
	struct cert cert;
	struct buf pem;
	int fd, rc = -1;

	if (s->txn.cert.n == 0 || cert_file(&s->txn, name) == -1)
		return 0;
	if (cert_parse(buf_slice(&s->txn.cert), &cert, e) == -1 ||
	    install_anchor(s, root, e) == -1)
		return -1;
	if ((fd = file_open_dir(s->en->homefd, "certs", 0700, e)) == -1)
		return -1;
	buf_init(&pem, 1 << 20);
	pem_chain(s, &cert, &pem);
	if (buf_bad(&pem))
		buf_err(&pem, "chain", e);
	else
		rc = file_deliver(fd, name, buf_slice(&pem), 0644, FILE_REPLACE,
		    e);
	if (rc == 0)
		snprintf(o->note, sizeof(o->note), "installed certs/%s for "
		    "\"%.120s\"%s%s", name, name_short(subject, cert.subject),
		    root[0] ? ", and as its root trust/" : "", root);
	buf_release(&pem);
	close(fd);
	return rc;
}

/* Of an RA: is it an answer to what this home has asked for itself? */
static int
is_own(struct step *s, struct err *e)
{
	struct txn t;
	int rc;

	if (s->en->role == ROLE_EE)
		return 1;
	if (msg_is_request(s->msg.body))
		return 0;
	txn_init(&t);
	rc = store_txn(s->en->store, SLICE_NONE, s->msg.hdr.transaction_id, &t,
	    e);
	txn_release(&t);
	return rc;
}

int
engine_install(struct engine *en, struct slice der, struct outcome *o,
    struct err *e)
{
	struct step s;
	int rc = 0, own;

	/* pkiConf brings nothing: its certificate was installed with the ip. */
	if (en->role == ROLE_CA || (o->verdict != VERDICT_TAKEN &&
	    o->verdict != VERDICT_REPEATED))
		return 0;
	ee_step_init(&s, en, o);
	if (msg_decode(der, &s.msg, e) == -1 || (own = is_own(&s, e)) == -1 ||
	    (own && ee_verify(&s, e) == -1))
		rc = -1;
	else if (!own)
		rc = 0;
	else if (s.msg.body == BODY_ERROR)
		rc = 0;
	else if (s.msg.body != BODY_PKICONF)
		rc = ee_enrols(s.txn.body) ? install(&s, o, e) :
		    install_files(&s, o, e);
	ee_step_release(&s);
	return rc;
}
