/* CRLs of a CA: when one is due, and making it. */
#include "role/crl.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "pki/crl.h"
#include "pki/crl_write.h"
#include "role/ca_info.h"
#include "role/engine_int.h"

#define DER_FILE	"ca.crl"
#define PEM_FILE	"ca.crl.pem"
#define CRL_MAX		((size_t)256 << 20)
#define PEM_MAX		((size_t)384 << 20)
#define BASE		INT64_C(1767225600)	/* 2026-01-01 */

struct entries {
	struct store_walk	*walk;
	size_t			 n;
};

static int
next_entry(void *ctx, struct crl_entry *out, struct err *e)
{
	struct entries *it = ctx;
	struct store_cert c;
	int rc = store_revoked_next(it->walk, &c, e);

	if (rc != 1)
		return rc;
	it->n++;
	*out = (struct crl_entry){ .serial = c.serial, .when = c.revoked_at,
	    .reason = c.reason };
	return 1;
}

/* What the file of the last CRL says, if there is one: it may be ahead of a
 * store that came from a backup. */
static void
look_at_file(const struct engine *en, struct store_crl *last)
{
	struct err ignored = { 0 };
	char path[HOME_PATH];
	struct crl *c;
	int64_t n;

	if (crl_load(home_path(path, en->homefd, "certs/" DER_FILE), &c,
	    &ignored) == -1)
		return;
	if (crl_verify(c, en->ca_cert.v[0].spki, &ignored) == 0) {
		if (der_int64_value(crl_number(c), &n) == 0 &&
		    n > last->number && n < INT64_MAX)
			last->number = n;
		if (crl_this_update(c) > last->this_update)
			last->this_update = crl_this_update(c);
	}
	crl_free(c);
}

static int
check_ca(const struct engine *en, struct err *e)
{
	const struct cert *ca;

	if (en->role != ROLE_CA)
		return err_set(e, E_CONF, "cmp.conf: role is \"%s\"; only a CA "
		    "makes CRLs", en->conf->home.role);
	ca = &en->ca_cert.v[0];
	if (ca->has_ku && !(ca->ku & KU_CRL_SIGN))
		return err_set(e, E_KEY_CERT, "%.100s: keyUsage has no "
		    "cRLSign, so nobody would accept a CRL of this CA",
		    en->conf->home.ca_cert);
	if (ca->ski.n == 0)
		return err_set(e, E_KEY_CERT, "%.100s has no "
		    "subjectKeyIdentifier, which a CRL has to name",
		    en->conf->home.ca_cert);
	return 0;
}

static int64_t
max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int
build(struct engine *en, const struct store_crl *row, int64_t alive,
    struct buf *der, size_t *n, struct err *e)
{
	const struct cert *ca = &en->ca_cert.v[0];
	struct sigalg alg = alg_default(key_info(en->ca_key));
	struct entries it = { .n = 0 };
	struct crl_new c = { .issuer = ca->subject, .aki = ca->ski,
	    .number = row->number, .this_update = row->this_update,
	    .next_update = row->next_update, .next = next_entry, .ctx = &it };
	int rc = -1;

	if (store_revoked(en->store, alive, &it.walk, e) == 0)
		rc = crl_write(&c, en->ca_key, &alg, der, e);
	store_revoked_end(it.walk);
	*n = it.n;
	return rc;
}

static int
put_row(struct engine *en, const struct store_crl *row, size_t n,
    struct err *e)
{
	struct effects f = { .event = "crl" };
	struct store_row r = { .effects = &f, .now = en->now };
	char name[STORE_NAME], t[DER_TIME_TEXT];

	snprintf(f.detail, sizeof(f.detail), "number %" PRId64 " with %zu "
	    "entries, nextUpdate %s", row->number, n,
	    der_time_text(t, row->next_update));
	return store_crl_put(en->store, row, e) == -1 ? -1 :
	    store_put(en->store, &r, name, e);
}

/* The number, what is revoked, and the CRL of it: one commit. */
static int
prepare(struct engine *en, struct store_crl *row, struct buf *der,
    size_t *n, struct err *e)
{
	struct store_crl last;
	int64_t alive;

	if (engine_begin(en, e) == -1)
		return -1;
	if (store_crl_last(en->store, &last, e) == -1)
		goto fail;
	alive = last.number == -1 ? INT64_MIN : last.this_update;
	look_at_file(en, &last);
	*row = (struct store_crl){
		.number = max(last.number + 1, (en->now - BASE) / 60),
		.this_update = max(en->now, last.this_update),
	};
	row->next_update = row->this_update + en->conf->home.crl_days;
	if (store_revoked_count(en->store, &row->revoked, e) == -1 ||
	    build(en, row, alive, der, n, e) == -1 ||
	    put_row(en, row, *n, e) == -1)
		goto fail;
	return engine_commit(en, e);
fail:
	engine_abort(en);
	return -1;
}

static int
deliver(struct engine *en, struct slice der, struct err *e)
{
	int fd, stale = engine_stale(en), rc = -1;
	struct buf pem;

	if ((fd = file_open_dir(en->homefd, "certs", 0700, e)) == -1)
		return -1;
	buf_init(&pem, PEM_MAX);
	cert_pem(&pem, "X509 CRL", der);
	if (buf_bad(&pem))
		buf_err(&pem, "CRL", e);
	else if (file_sweep(fd, ".tmp.", e) == 0 && file_deliver(fd,
	    PEM_FILE, buf_slice(&pem), 0644, FILE_REPLACE, e) == 0)
		rc = file_deliver(fd, DER_FILE, der, 0644, FILE_REPLACE, e);
	buf_release(&pem);
	close(fd);
	ca_info_free(en);
	/* What we wrote ourselves is no reason to read everything again. */
	if (!stale)
		engine_stamp(en);
	return rc;
}

static int
mark_written(struct engine *en, struct store_crl *row, struct err *e)
{
	row->written = 1;
	if (engine_begin(en, e) == -1)
		return -1;
	if (store_crl_put(en->store, row, e) == 0)
		return engine_commit(en, e);
	engine_abort(en);
	return -1;
}

int
crl_make(struct engine *en, struct crl_made *made, struct err *e)
{
	struct store_crl row = { .number = 0 };
	struct buf der;
	int rc = -1;

	if (check_ca(en, e) == -1)
		return -1;
	buf_init(&der, CRL_MAX);
	if (prepare(en, &row, &der, &made->entries, e) == 0 &&
	    deliver(en, buf_slice(&der), e) == 0)
		rc = mark_written(en, &row, e);
	made->number = row.number;
	made->this_update = row.this_update;
	made->next_update = row.next_update;
	buf_release(&der);
	return rc;
}

int
crl_due(struct engine *en, struct err *e)
{
	const struct conf_home *h = &en->conf->home;
	struct err ignored = { 0 };
	struct store_crl last;
	int64_t revoked;

	/* A CA that cannot have CRLs is told so when it is asked for one. */
	if (en->role != ROLE_CA || check_ca(en, &ignored) == -1)
		return 0;
	if (store_crl_last(en->store, &last, e) == -1 ||
	    store_revoked_count(en->store, &revoked, e) == -1)
		return -1;
	if (h->crl_after_revoke && revoked != last.revoked)
		return 1;
	if (last.number == -1)
		return 0;
	return !last.written || clock_now() >= last.this_update +
	    h->crl_every || faccessat(en->homefd, "certs/" DER_FILE, F_OK, 0)
	    == -1;
}
