/* CRLs of a CA: when one is due, and making it. */
#include "role/crl.h"

#include <errno.h>
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
#define PEM_BLOCK	48000		/* whole lines of PEM */
#define BASE		INT64_C(1767225600)	/* 2026-01-01 */

struct entries {
	struct store		*store;
	int64_t			 alive;
	struct store_walk	*walk;
	size_t			 n;
};

static int
first_entry(void *ctx, struct err *e)
{
	struct entries *it = ctx;

	store_revoked_end(it->walk);
	it->walk = NULL;
	it->n = 0;
	return store_revoked(it->store, it->alive, &it->walk, e);
}

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
	    .reason = c.reason, .has_invalidity = c.has_invalidity,
	    .invalidity = c.invalidity };
	return 1;
}

/* What the file of the last CRL says, if there is one: it may be ahead of a
 * store that came from a backup. */
static void
look_at_file(const struct engine *en, struct store_crl *last)
{
	struct err ignored = { 0 };
	struct crl *c = NULL;
	int64_t n;
	int fd;

	fd = openat(en->homefd, "certs/" DER_FILE, O_RDONLY | O_CLOEXEC |
	    O_NONBLOCK);
	if (fd == -1)
		return;
	if (crl_frame(fd, en->ca_cert.v[0].spki, &c, &ignored) == 0) {
		if (der_int64_value(crl_number(c), &n) == 0 &&
		    n > last->number && n < INT64_MAX)
			last->number = n;
		if (crl_this_update(c) > last->this_update)
			last->this_update = crl_this_update(c);
	}
	crl_free(c);
	close(fd);
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

/* Not yet with its name, but durable. */
static int
close_synced(int fd, int rc, struct err *e)
{
	if (rc == 0 && fsync(fd) == -1)
		rc = err_set(e, E_IO, "CRL: sync: %s", strerror(errno));
	if (close(fd) == -1 && rc == 0)
		rc = err_set(e, E_IO, "CRL: close: %s", strerror(errno));
	return rc;
}

static int
build(struct engine *en, const struct store_crl *row, int64_t alive, int fd,
    size_t *n, struct err *e)
{
	const struct cert *ca = &en->ca_cert.v[0];
	struct sigalg alg = alg_default(key_info(en->ca_key));
	struct entries it = { .store = en->store, .alive = alive };
	struct crl_new c = { .issuer = ca->subject, .aki = ca->ski,
	    .number = row->number, .this_update = row->this_update,
	    .next_update = row->next_update, .rewind = first_entry,
	    .next = next_entry, .ctx = &it };
	int rc = crl_write(&c, en->ca_key, &alg, fd, e);

	store_revoked_end(it.walk);
	*n = it.n;
	return rc;
}

/* The DER in ${from} as PEM, piece by piece. */
static int
write_pem(int from, int to, struct err *e)
{
	uint8_t block[PEM_BLOCK];
	struct buf text;
	ssize_t r = 1;
	int rc = 0;

	buf_init(&text, 2 * PEM_BLOCK);
	buf_add_str(&text, "-----BEGIN X509 CRL-----\n");
	for (off_t at = 0; rc == 0 && r > 0; at += r) {
		r = pread(from, block, sizeof(block), at);
		if (r > 0)
			cert_pem_lines(&text, SLICE(block, (size_t)r));
		else if (r == 0)
			buf_add_str(&text, "-----END X509 CRL-----\n");
		if (r == -1 || file_write(to, buf_slice(&text)) == -1)
			rc = err_set(e, E_IO, PEM_FILE ": %s",
			    strerror(errno));
		else if (buf_bad(&text))
			rc = err_set(e, E_NOMEM, "out of memory");
		buf_reset(&text);
	}
	buf_release(&text);
	return rc;
}

/* Both files, under the names that nobody reads. */
static int
write_files(struct engine *en, const struct store_crl *row, int64_t alive,
    int dir, size_t *n, struct err *e)
{
	int der = file_start(dir, DER_FILE, 0644, e), pem = -1, rc = -1;

	if (der == -1)
		return -1;
	if (build(en, row, alive, der, n, e) == 0 &&
	    (pem = file_start(dir, PEM_FILE, 0644, e)) != -1)
		rc = close_synced(pem, write_pem(der, pem, e), e);
	return close_synced(der, rc, e);
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
prepare(struct engine *en, int dir, struct store_crl *row, size_t *n,
    struct err *e)
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
	    write_files(en, row, alive, dir, n, e) == -1 ||
	    put_row(en, row, *n, e) == -1)
		goto fail;
	return engine_commit(en, e);
fail:
	engine_abort(en);
	return -1;
}

/* The names appear when the number cannot be lost any more. */
static int
deliver(int dir, struct err *e)
{
	if (file_finish(dir, PEM_FILE, e) == -1)
		return -1;
	return file_finish(dir, DER_FILE, e);
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
	int stale = engine_stale(en), dir, rc = -1;

	if (check_ca(en, e) == -1 ||
	    (dir = file_open_dir(en->homefd, "certs", 0700, e)) == -1)
		return -1;
	if (file_sweep(dir, ".tmp.", e) == 0 &&
	    prepare(en, dir, &row, &made->entries, e) == 0 &&
	    deliver(dir, e) == 0)
		rc = mark_written(en, &row, e);
	if (rc == -1) {
		file_forget(dir, PEM_FILE);
		file_forget(dir, DER_FILE);
	}
	close(dir);
	/* What we wrote ourselves is no reason to read everything again. */
	ca_info_free(en);
	if (!stale)
		engine_stamp(en);
	made->number = row.number;
	made->this_update = row.this_update;
	made->next_update = row.next_update;
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
	/* crl-days may have been less when it was made. */
	return !last.written || clock_now() >= last.next_update ||
	    clock_now() >= last.this_update + h->crl_every || faccessat(en->homefd, "certs/" DER_FILE, F_OK, 0)
	    == -1;
}
