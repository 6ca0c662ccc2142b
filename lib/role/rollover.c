#include "role/rollover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/secret.h"
#include "role/engine_int.h"
#include "role/floor.h"

#define DAY	86400

struct rollover {
	int		 homefd, next;	/* directory certs/next */
	struct conf	*conf;
	struct certs	 old, chain, new_with_new;
	struct key	*old_key, *new_key;
	struct buf	 pass;		/* of the CA's key, and of the next */
	int64_t		 now;
};

static int
in_next(const struct rollover *r, const char *name)
{
	return faccessat(r->next, name, F_OK, 0) == 0;
}

static int
open_home(struct rollover *r, int homefd, struct err *e)
{
	const struct conf_home *h;
	char path[HOME_PATH];
	int certs;

	*r = (struct rollover){ .homefd = homefd, .next = -1,
	    .now = clock_now() };
	buf_init(&r->pass, SECRET_MAX);
	if (conf_load(homefd, "cmp.conf", &r->conf, e) == -1)
		return -1;
	h = &r->conf->home;
	if (strcmp(h->role, "ca") != 0)
		return err_set(e, E_CONF, "role is %s; only a CA has a "
		    "rollover", h->role);
	if (floor_check(homefd, r->now, e) == -1)
		return -1;
	if (certs_load(home_path(path, homefd, h->ca_cert), &r->old, e) == -1)
		return -1;
	if (r->old.n == 0 || !cert_is_self_signed(&r->old.v[0]))
		return err_set(e, E_KEY_CERT, "%.100s is not self-signed: the "
		    "key of a subordinate CA is for the CA above it to renew",
		    h->ca_cert);
	if (h->ca_chain != NULL && certs_load(home_path(path, homefd,
	    h->ca_chain), &r->chain, e) == -1)
		return -1;
	if (h->ca_pass != NULL && secret_read(home_path(path, homefd,
	    h->ca_pass), &r->pass, e) == -1)
		return -1;
	if ((certs = file_open_dir(homefd, "certs", 0700, e)) == -1)
		return -1;
	r->next = file_open_dir(certs, "next", 0700, e);
	close(certs);
	if (r->next == -1)
		return -1;
	if (!in_next(r, "new-with-new.pem"))
		return 0;
	return certs_load(home_path(path, homefd,
	    "certs/next/new-with-new.pem"), &r->new_with_new, e);
}

static void
close_home(struct rollover *r)
{
	if (r->next != -1)
		close(r->next);
	conf_free(r->conf);
	certs_free(&r->old);
	certs_free(&r->chain);
	certs_free(&r->new_with_new);
	key_free(r->old_key);
	key_free(r->new_key);
	buf_release(&r->pass);
}

/* Is what certs/next has in force already, from the rollover before? */
static int
is_active(const struct rollover *r)
{
	return r->new_with_new.n > 0 && slice_eq(r->new_with_new.v[0].der,
	    r->old.v[0].der);
}

/*
 * Once keys/next.key is the key of the CA it must not be there for the next
 * root, which would have the same key.
 */
static int
drop_key(struct rollover *r, struct err *e)
{
	int keys, rc = 0;

	if ((keys = file_open_dir(r->homefd, "keys", 0, e)) == -1)
		return -1;
	if (unlinkat(keys, "next.key", 0) == 0)
		rc = file_sync_dir(keys, "keys", e);
	else if (errno != ENOENT)
		rc = err_set(e, E_IO, "keys/next.key cannot be removed: %s; "
		    "it is the key of the CA now, so remove it",
		    strerror(errno));
	close(keys);
	return rc;
}

/* keys/next.key; one that an interrupted run has left is used. */
static int
make_key(struct rollover *r, const char *spec, struct err *e)
{
	char path[HOME_PATH], own[64], is[64];
	const struct conf_home *h = &r->conf->home;
	char pass[HOME_PATH];
	struct buf pem;
	int rc = -1;

	if (spec == NULL)
		spec = alg_key_spec(own, key_info(r->old_key));
	home_path(path, r->homefd, "keys/next.key");
	if (faccessat(r->homefd, "keys/next.key", F_OK, 0) == 0) {
		if (key_load(path, h->ca_pass == NULL ? NULL : home_path(pass,
		    r->homefd, h->ca_pass), &r->new_key, e) == -1)
			return err_wrap(e, "keys/next.key");
		if (slice_eq(key_spki(r->new_key), key_spki(r->old_key)))
			return err_set(e, E_EXISTS, "keys/next.key is the key "
			    "that the CA has already; remove it, and a new one "
			    "is made");
		if (strcasecmp(alg_key_spec(is, key_info(r->new_key)), spec))
			return err_set(e, E_EXISTS, "keys/next.key is there "
			    "already and is %s, not %.60s", is, spec);
		return 0;
	}
	buf_init(&pem, 1 << 16);
	if (key_generate(spec, &r->new_key, e) == 0 &&
	    key_export(r->new_key, buf_slice(&r->pass), &pem, e) == 0)
		rc = file_deliver_path(path, buf_slice(&pem), 0600, FILE_NEW,
		    e);
	buf_release(&pem);
	return rc;
}

/* One certificate of the CA's name into certs/next/${file}. */
static int
put_cert(struct rollover *r, const char *file, const struct key *subject,
    const struct key *issuer, int64_t from, int64_t to, struct err *e)
{
	struct sigalg alg = alg_default(key_info(issuer));
	const struct cert *old = &r->old.v[0];
	uint8_t serial[20], kid[20];
	struct tbs t = { .serial = SLICE(serial, sizeof(serial)), .ca = 1,
	    .issuer = old->subject, .subject = old->subject,
	    .spki = key_spki(subject), .path_len = old->path_len,
	    .ku = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	    .not_before = from, .not_after = to };
	struct buf der, pem;
	int rc = -1;

	do
		rand_bytes(serial, sizeof(serial));
	while ((serial[0] &= 0x7f) == 0);
	cert_key_id(key_spki(issuer), kid);
	if (subject != issuer)
		t.aki = issuer == r->old_key ? old->ski : SLICE(kid, 20);
	buf_init(&der, 1 << 16);
	buf_init(&pem, 1 << 17);
	if (cert_sign(&t, issuer, &alg, &der, e) == 0) {
		cert_pem(&pem, "CERTIFICATE", buf_slice(&der));
		rc = file_deliver(r->next, file, buf_slice(&pem), 0644,
		    FILE_REPLACE, e);
	}
	buf_release(&der);
	buf_release(&pem);
	return rc;
}

static int
put_old(struct rollover *r, struct err *e)
{
	struct buf pem;
	int rc;

	buf_init(&pem, 1 << 17);
	cert_pem(&pem, "CERTIFICATE", r->old.v[0].der);
	rc = file_deliver(r->next, "old.pem", buf_slice(&pem), 0644,
	    FILE_REPLACE, e);
	buf_release(&pem);
	return rc;
}

static int
make(struct rollover *r, const char *newkey, int64_t days, struct err *e)
{
	const struct conf_home *h = &r->conf->home;
	const struct cert *old = &r->old.v[0];
	char path[HOME_PATH], pass[HOME_PATH];
	int64_t from = r->now - 300;

	if (r->new_with_new.n > 0 && !is_active(r))
		return err_set(e, E_EXISTS, "certs/next has a new root already; "
		    "next: cmp-ca rollover --activate");
	if (newkey != NULL && key_spec_check(newkey, e) == -1)
		return -1;
	if (key_load(home_path(path, r->homefd, h->ca_key), h->ca_pass == NULL ?
	    NULL : home_path(pass, r->homefd, h->ca_pass), &r->old_key,
	    e) == -1)
		return err_wrap(e, "%.100s", h->ca_key);
	/* An activation may have been cut short at its last step. */
	if (is_active(r) && drop_key(r, e) == -1)
		return -1;
	/* What was served until now must not be mixed with what comes. */
	unlinkat(r->next, "new-with-new.pem", 0);
	if (make_key(r, newkey, e) == -1 || put_old(r, e) == -1 ||
	    put_cert(r, "new-with-old.pem", r->new_key, r->old_key, from,
	    old->not_after, e) == -1 ||
	    put_cert(r, "old-with-new.pem", r->old_key, r->new_key,
	    old->not_before, old->not_after, e) == -1)
		return -1;
	return put_cert(r, "new-with-new.pem", r->new_key, r->new_key, from,
	    r->now + days * DAY, e);
}

int
rollover_make(int homefd, const char *newkey, int64_t days, struct err *e)
{
	struct rollover r;
	int rc = -1;

	if (open_home(&r, homefd, e) == 0)
		rc = make(&r, newkey, days, e);
	close_home(&r);
	return rc;
}

/* --- and using it */

/* PEM of a file in certs/next. */
static int
add_file(struct rollover *r, const char *name, struct buf *out, struct err *e)
{
	return file_read_at(r->next, name, 1 << 17, out, e);
}

/* The links, the old root, and what was above it. */
static int
put_chain(struct rollover *r, const char *file, struct err *e)
{
	char path[HOME_PATH];
	struct buf pem;
	int rc = -1;

	buf_init(&pem, 1 << 20);
	if (add_file(r, "new-with-old.pem", &pem, e) == -1 ||
	    add_file(r, "old-with-new.pem", &pem, e) == -1)
		goto out;
	cert_pem(&pem, "CERTIFICATE", r->old.v[0].der);
	for (size_t i = 0; i < r->chain.n; i++)
		cert_pem(&pem, "CERTIFICATE", r->chain.v[i].der);
	rc = file_deliver_path(home_path(path, r->homefd, file),
	    buf_slice(&pem), 0644, FILE_REPLACE, e);
out:
	buf_release(&pem);
	return rc;
}

static int
copy(struct rollover *r, const char *from, const char *to, unsigned mode,
    struct err *e)
{
	char path[HOME_PATH], dest[HOME_PATH];
	struct buf b;
	int rc;

	buf_init(&b, 1 << 17);
	rc = file_read(home_path(path, r->homefd, from), b.max, &b, e);
	if (rc == 0)
		rc = file_deliver_path(home_path(dest, r->homefd, to),
		    buf_slice(&b), mode, FILE_NEW, e);
	buf_release(&b);
	return rc;
}

/* The three keys of cmp.conf that say who the CA is, in one step. */
static int
put_conf(struct rollover *r, const char *const v[3], struct err *e)
{
	static const char *const names[3] = { "key", "cert", "chain" };
	struct home_edit d;
	struct buf more;
	int rc;

	buf_init(&more, 1 << 20);
	rc = home_edit_begin(&d, r->homefd, e);
	for (int i = 0; rc == 0 && i < 3; i++) {
		buf_reset(&more);
		rc = conf_set(buf_slice(&d.text), names[i], v[i], &more, e);
		buf_reset(&d.text);
		buf_add_slice(&d.text, buf_slice(&more));
	}
	if (rc == 0)
		rc = buf_bad(&d.text) ? buf_err(&d.text, "cmp.conf", e) :
		    home_edit_save(&d, buf_slice(&d.text), e);
	home_edit_end(&d);
	buf_release(&more);
	return rc;
}

static int
activate(struct rollover *r, struct err *e)
{
	char hex[ESCAPE_SHORT], key[48], cert[48], chain[48];
	const char *const v[3] = { key, cert, chain };
	uint8_t hash[32];

	if (r->new_with_new.n == 0)
		return err_set(e, E_NOT_FOUND, "certs/next has no new root; "
		    "next: cmp-ca rollover");
	if (is_active(r))
		return drop_key(r, e) == -1 ? -1 : err_set(e, E_NOT_FOUND,
		    "the root in certs/next is in use already");
	if (r->now < r->new_with_new.v[0].not_before)
		return err_set(e, E_PATH_TIME, "the new root is not valid yet");
	alg_sha256(r->new_with_new.v[0].der, SLICE_NONE, hash);
	escape_hex_short(hex, SLICE(hash, 4));
	snprintf(key, sizeof(key), "keys/ca-%.8s.key", hex);
	snprintf(cert, sizeof(cert), "certs/ca-%.8s.pem", hex);
	snprintf(chain, sizeof(chain), "certs/ca-%.8s-chain.pem", hex);
	if (copy(r, "keys/next.key", key, 0600, e) == -1 ||
	    copy(r, "certs/next/new-with-new.pem", cert, 0644, e) == -1 ||
	    put_chain(r, chain, e) == -1 || put_conf(r, v, e) == -1)
		return -1;
	return drop_key(r, e);
}

int
rollover_activate(int homefd, struct err *e)
{
	struct rollover r;
	int rc = -1;

	if (open_home(&r, homefd, e) == 0)
		rc = activate(&r, e);
	close_home(&r);
	return rc;
}
