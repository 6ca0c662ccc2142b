/* Requests that wait for an operator. */
#include "store/store_int.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

static int
forget(struct store *s, int64_t txn, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_HELD_DELETE, "DELETE FROM held WHERE txn = ?", &u);
	store_bind_int(&u, txn);
	return store_run(&u, e);
}

int
store_put_held(struct store *s, const struct effects *f, int64_t txn,
    struct err *e)
{
	const struct txn_hold *h = &f->hold;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	struct store_use u;

	if (f->unhold)
		return forget(s, txn, e);
	sha256_init(&ctx);
	sha256_update(&ctx, h->request.n, h->request.p);
	sha256_digest(&ctx, sizeof(digest), digest);
	store_use(s, STMT_HELD_INSERT, "INSERT INTO held (txn, digest, "
	    "request, signer, subject, san, spki, not_before, not_after, "
	    "profile, changes, why, quorum, usages) "
	    "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &u);
	store_bind_int(&u, txn);
	store_bind(&u, SLICE(digest, sizeof(digest)));
	store_bind(&u, h->request);
	store_bind(&u, h->signer);
	store_bind(&u, h->subject);
	store_bind(&u, h->san);
	store_bind(&u, h->spki);
	store_bind_int(&u, h->not_before);
	store_bind_int(&u, h->not_after);
	store_bind_text(&u, h->profile);
	store_bind_text(&u, h->changes);
	store_bind_text(&u, h->why);
	store_bind_text(&u, h->quorum == NULL ? "" : h->quorum);
	store_bind_text(&u, h->usages == NULL ? "" : h->usages);
	return store_run(&u, e);
}

/*
 * Polling as often as one likes shall not fill the disk: of the answers to
 * pollReqs that are delivered only the last one is kept.  An earlier pollReq
 * that comes again is known, and has had its answer.
 */
int
store_put_polled(struct store *s, int64_t txn, const uint8_t *identity,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_POLL_EMPTY, "UPDATE outbox SET answer = x'' "
	    "WHERE delivered = 1 AND id = (SELECT outbox FROM seen "
	    "WHERE identity = (SELECT polled FROM held WHERE txn = ?))", &u);
	store_bind_int(&u, txn);
	if (store_run(&u, e) == -1)
		return -1;
	store_use(s, STMT_POLL_SET, "UPDATE held SET polled = ? "
	    "WHERE txn = ?", &u);
	store_bind(&u, SLICE(identity, 32));
	store_bind_int(&u, txn);
	return store_run(&u, e);
}

int
store_held(struct store *s, int64_t txn, struct buf *request,
    struct buf *reason, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_HELD_GET, "SELECT request, reason FROM held "
	    "WHERE txn = ?", &u);
	store_bind_int(&u, txn);
	if ((rc = store_step(&u, e)) == 1) {
		buf_add_slice(request, store_col(&u, 0));
		buf_add_str(reason, store_col_text(&u, 1));
	}
	store_end(&u);
	if (rc == 1 && (buf_bad(request) || buf_str(reason) == NULL))
		return buf_err(buf_bad(request) ? request : reason,
		    "held request", e);
	return rc;
}

int
store_held_shown(struct store *s, int64_t txn, struct txn_hold *h,
    struct buf *keep, struct err *e)
{
	size_t at = keep->n;
	struct store_use u;
	const char *profile, *usages, *changes;
	int rc;

	*h = (struct txn_hold){ .not_before = 0 };
	store_use(s, STMT_HELD_SHOWN, "SELECT subject, san, spki, not_before, "
	    "not_after, profile, usages, changes FROM held WHERE txn = ?", &u);
	store_bind_int(&u, txn);
	if ((rc = store_step(&u, e)) == 1) {
		h->subject = store_col(&u, 0);
		h->san = store_col(&u, 1);
		h->spki = store_col(&u, 2);
		h->not_before = store_col_int(&u, 3);
		h->not_after = store_col_int(&u, 4);
		profile = store_col_text(&u, 5);
		usages = store_col_text(&u, 6);
		changes = store_col_text(&u, 7);
		buf_add_slice(keep, h->subject);
		buf_add_slice(keep, h->san);
		buf_add_slice(keep, h->spki);
		buf_add(keep, profile, strlen(profile) + 1);
		buf_add(keep, usages, strlen(usages) + 1);
		buf_add(keep, changes, strlen(changes) + 1);
		if (!buf_bad(keep)) {
			h->subject.p = keep->p + at;
			h->san.p = h->subject.p + h->subject.n;
			h->spki.p = h->san.p + h->san.n;
			h->profile = (const char *)h->spki.p + h->spki.n;
			h->usages = h->profile + strlen(h->profile) + 1;
			h->changes = h->usages + strlen(h->usages) + 1;
		}
	}
	store_end(&u);
	return rc == 1 && buf_bad(keep) ? buf_err(keep, "held request", e) : rc;
}

static void
load(struct store_use *u, struct store_held *h)
{
	*h = (struct store_held){
		.txn = store_col_int(u, 0),
		.created = store_col_int(u, 1),
		.state = (enum txn_state)store_col_int(u, 2),
		.transaction_id = store_col(u, 3),
		.digest = store_col(u, 4),
		.request = store_col(u, 5),
		.signer = store_col(u, 6),
		.subject = store_col(u, 7),
		.san = store_col(u, 8),
		.spki = store_col(u, 9),
		.not_before = store_col_int(u, 10),
		.not_after = store_col_int(u, 11),
		.body = (enum body)store_col_int(u, 12),
		.profile = store_col_text(u, 13),
		.changes = store_col_text(u, 14),
		.why = store_col_text(u, 15),
		.reason = store_col_text(u, 16),
		.quorum = store_col_text(u, 17),
		.usages = store_col_text(u, 18),
	};
}

int
store_helds(struct store *s, int (*each)(void *arg,
    const struct store_held *h), void *arg, struct err *e)
{
	struct store_held h;
	struct store_use u;
	int rc;

	store_use(s, STMT_HELD_LIST, "SELECT txn, created, state, "
	    "transaction_id, digest, request, signer, held.subject, held.san, "
	    "held.spki, not_before, not_after, body, profile, changes, why, "
	    "reason, quorum, usages FROM held JOIN txn ON txn.id = held.txn ORDER BY txn", &u);
	while ((rc = store_step(&u, e)) == 1) {
		load(&u, &h);
		if (h.body < 0 || h.body >= BODY__COUNT)
			rc = err_set(e, E_STORE, "state/cmp.db: transaction "
			    "%lld is damaged", (long long)h.txn);
		else if (each(arg, &h) == -1)
			rc = -1;
		if (rc == -1)
			break;
	}
	store_end(&u);
	return rc;
}

/* The decision on the row of ${txn}: 1 made, 0 there is nothing to decide. */
static int
decide(struct store *s, int64_t txn, const char *reason, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_HELD_DECIDE, "UPDATE txn SET state = ? "
	    "WHERE id = ? AND state = ?", &u);
	store_bind_int(&u, reason == NULL ? TXN_APPROVED : TXN_REFUSED);
	store_bind_int(&u, txn);
	store_bind_int(&u, TXN_HELD);
	if (store_run(&u, e) == -1)
		return -1;
	if (store_changes(s) != 1)
		return 0;
	if (reason != NULL && store_ticket_back(s, txn, e) == -1)
		return -1;
	store_use(s, STMT_HELD_REASON, "UPDATE held SET reason = ? "
	    "WHERE txn = ?", &u);
	store_bind_text(&u, reason == NULL ? "" : reason);
	store_bind_int(&u, txn);
	return store_run(&u, e) == -1 ? -1 : store_changes(s);
}

int
store_decide(struct store *s, int64_t txn, const char *reason,
    const char *digest, int64_t now, struct err *e)
{
	struct txn t = { .id = txn };
	struct effects f = { .txn = &t };
	struct store_row row = { .effects = &f, .now = now };

	if (store_inside(s, e) == -1)
		return -1;
	switch (decide(s, txn, reason, e)) {
	case -1:
		return -1;
	case 0:
		return err_set(e, E_NOT_FOUND, "no request is held there, or "
		    "it has been decided already");
	}
	snprintf(f.event, sizeof(f.event), "%s", reason == NULL ? "approved" :
	    "rejected");
	snprintf(f.detail, sizeof(f.detail), "request %.64s%s%.160s", digest,
	    reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
	return store_put_audit(s, &row, e);
}
