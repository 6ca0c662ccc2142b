#include "store/store_int.h"

#include <string.h>

#include <nettle/sha2.h>

int
store_key(struct store *s, const uint8_t key_hash[static 32],
    struct buf *subject, int *revoked, struct err *e)
{
	struct store_use u;
	int rc, found = 0;

	*revoked = 0;
	store_use(s, STMT_CERT_KEY, "SELECT subject, revoked_at IS NOT NULL "
	    "FROM cert WHERE key_hash = ? ORDER BY rowid DESC", &u);
	store_bind(&u, SLICE(key_hash, 32));
	while ((rc = store_step(&u, e)) == 1) {
		if (!found)	/* of the newest */
			buf_add_slice(subject, store_col(&u, 0));
		*revoked |= store_col_int(&u, 1) != 0;
		found = 1;
	}
	if (rc == -1)
		return -1;
	if (buf_bad(subject))
		return buf_err(subject, "subject", e);
	return found;
}

int
store_key_fill(struct store *s, int (*hash)(struct slice der,
    uint8_t out[static 32]), struct err *e)
{
	uint8_t key[32];
	struct store_use u;
	int64_t row;
	int rc, good;

	for (;;) {
		store_use(s, STMT_CERT_UNHASHED, "SELECT rowid, der FROM cert "
		    "WHERE key_hash IS NULL LIMIT 1", &u);
		if ((rc = store_step(&u, e)) != 1)
			return rc;
		row = store_col_int(&u, 0);
		good = hash(store_col(&u, 1), key) == 0;
		store_end(&u);
		store_use(s, STMT_CERT_HASHED, "UPDATE cert SET key_hash = ? "
		    "WHERE rowid = ?", &u);
		store_bind(&u, good ? SLICE(key, sizeof(key)) : SLICE_NONE);
		store_bind_int(&u, row);
		if (store_run(&u, e) == -1)
			return -1;
	}
}

int
store_serial_taken(struct store *s, struct slice serial, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_CERT_SERIAL, "SELECT 1 FROM cert WHERE serial = ?",
	    &u);
	store_bind(&u, serial);
	rc = store_step(&u, e);
	store_end(&u);
	return rc;
}

/* 1: TXN_CONFIRM. */
#define COLUMNS	"serial, subject, der, not_before, not_after, profile, " \
		"revoked_at IS NOT NULL, revoked_at, reason, first_issued, " \
		"EXISTS (SELECT 1 FROM txn WHERE txn.id = cert.txn " \
		"AND state = 1), txn"

static void
load(struct store_use *u, struct store_cert *c)
{
	*c = (struct store_cert){
		.serial = store_col(u, 0),
		.subject = store_col(u, 1),
		.der = store_col(u, 2),
		.not_before = store_col_int(u, 3),
		.not_after = store_col_int(u, 4),
		.profile = store_col_text(u, 5),
		.revoked = store_col_int(u, 6) != 0,
		.revoked_at = store_col_int(u, 7),
		.reason = (int)store_col_int(u, 8),
		.first_issued = store_col_int(u, 9),
		.unconfirmed = store_col_int(u, 10) != 0,
		.txn = store_col_int(u, 11),
	};
}

int
store_certs(struct store *s, int (*each)(void *arg,
    const struct store_cert *c), void *arg, struct err *e)
{
	struct store_use u;
	struct store_cert c;
	int rc;

	store_use(s, STMT_CERT_LIST, "SELECT " COLUMNS " FROM cert "
	    "ORDER BY rowid", &u);
	while ((rc = store_step(&u, e)) == 1) {
		load(&u, &c);
		if (each(arg, &c) == -1) {
			rc = -1;
			break;
		}
	}
	store_end(&u);
	return rc;
}

int
store_cert(struct store *s, struct slice serial, struct store_cert *c,
    struct buf *keep, struct err *e)
{
	size_t at = keep->n, n[3];
	struct store_use u;
	int rc;

	store_use(s, STMT_CERT_GET, "SELECT " COLUMNS " FROM cert "
	    "WHERE serial = ?", &u);
	store_bind(&u, serial);
	if ((rc = store_step(&u, e)) == 1) {
		load(&u, c);
		n[0] = c->subject.n;
		n[1] = c->der.n;
		n[2] = strlen(c->profile) + 1;
		buf_add_slice(keep, c->subject);
		buf_add_slice(keep, c->der);
		buf_add(keep, c->profile, n[2]);
		if (buf_bad(keep)) {
			rc = buf_err(keep, "certificate", e);
		} else {
			c->serial = serial;
			c->subject = SLICE(keep->p + at, n[0]);
			c->der = SLICE(keep->p + at + n[0], n[1]);
			c->profile = (const char *)keep->p + at + n[0] + n[1];
		}
	}
	store_end(&u);
	return rc;
}

int
store_put_cert(struct store *s, const struct txn_cert *c, int64_t txn,
    struct err *e)
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	struct store_use u;

	/* One number, one spelling, or UNIQUE does not find it. */
	if (c->serial.n == 0 || c->serial.p[0] == 0)
		return err_set(e, E_INTERNAL, "serial number has leading zeros");
	sha256_init(&ctx);
	sha256_update(&ctx, c->spki.n, c->spki.p);
	sha256_digest(&ctx, sizeof(hash), hash);
	store_use(s, STMT_CERT_INSERT, "INSERT INTO cert (serial, spki_hash, "
	    "subject, not_before, not_after, profile, der, first_issued, txn, "
	    "key_hash) VALUES (?,?,?,?,?,?,?,?,?,?)", &u);
	store_bind(&u, c->serial);
	store_bind(&u, SLICE(hash, sizeof(hash)));
	store_bind(&u, c->subject);
	store_bind_int(&u, c->not_before);
	store_bind_int(&u, c->not_after);
	store_bind_text(&u, c->profile == NULL ? "" : c->profile);
	store_bind(&u, c->der);
	store_bind_int(&u, c->first_issued);
	if (txn == 0)
		store_bind_null(&u);
	else
		store_bind_int(&u, txn);
	if (c->key_hash.n == 0)
		store_bind_null(&u);
	else
		store_bind(&u, c->key_hash);
	return store_run(&u, e);
}

int
store_put_revoke(struct store *s, const struct effects *f, int64_t at,
    struct err *e)
{
	struct store_use u;

	/*
	 * Revoked once is revoked since then; the reason only gets worse, to
	 * keyCompromise, cACompromise or aACompromise.
	 */
	store_use(s, STMT_CERT_REVOKE, "UPDATE cert SET "
	    "revoked_at = coalesce(revoked_at, ?1), reason = CASE "
	    "WHEN revoked_at IS NULL OR ?2 IN (1, 2, 10) THEN ?2 "
	    "ELSE reason END, invalid_since = coalesce(?3, invalid_since) "
	    "WHERE serial = ?4", &u);
	store_bind_int(&u, at);
	store_bind_int(&u, f->revoke_reason);
	if (f->has_invalidity)
		store_bind_int(&u, f->invalidity);
	else
		store_bind_null(&u);
	store_bind(&u, buf_slice(&f->txn->serial));
	if (store_run(&u, e) == -1)
		return -1;
	if (store_changes(s) != 1)
		return err_set(e, E_STORE, "state/cmp.db: the certificate to "
		    "revoke is not there");
	return 0;
}
