#include "store/store_relay.h"

#include <string.h>

#include "store/store_relay_int.h"

int
store_relay_put(struct store *s, struct store_relay *r, struct slice up,
    const char *dir, char name[static STORE_NAME], int64_t now, struct err *e)
{
	struct store_row row = { .answer = up, .dir = dir, .name = name,
	    .later = r->state == RELAY_QUEUED, .now = now };
	char final[STORE_NAME];
	struct store_use u;
	int64_t out;

	if (store_inside(s, e) == -1)
		return -1;
	if (store_put_outbox(s, &row, final, &out, e) == -1) {
		s->broken = 1;
		return -1;
	}
	memcpy(name, final, sizeof(final));
	r->created = now;
	r->sent = r->state == RELAY_QUEUED ? 0 : now;
	store_use(s, STMT_RELAY_INSERT, "INSERT INTO relay (txn, state, body, "
	    "rule, transaction_id, nonce, identity, request, dir, up, created, "
	    "sent) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", &u);
	store_bind_int(&u, r->txn);
	store_bind_int(&u, r->state);
	store_bind_int(&u, r->body);
	store_bind_text(&u, r->rule);
	store_bind(&u, r->transaction_id);
	store_bind(&u, r->nonce);
	store_bind(&u, r->identity);
	store_bind(&u, r->request);
	store_bind_text(&u, r->dir);
	store_bind_int(&u, out);
	store_bind_int(&u, r->created);
	store_bind_int(&u, r->sent);
	if (store_run(&u, e) == -1) {
		s->broken = 1;
		return -1;
	}
	r->id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* Columns as they are; they go with the next step of ${u}. */
static int
load(struct store_use *u, struct store_relay *r, struct err *e)
{
	int64_t state = store_col_int(u, 2), body = store_col_int(u, 3);

	if (state < RELAY_QUEUED || state > RELAY_LOST || body < 0 ||
	    body >= BODY__COUNT)
		return err_set(e, E_STORE, "state/cmp.db: relay row %lld is "
		    "damaged", (long long)store_col_int(u, 0));
	*r = (struct store_relay){
		.id = store_col_int(u, 0), .txn = store_col_int(u, 1),
		.state = (enum relay_state)state, .body = (enum body)body,
		.rule = store_col_text(u, 4),
		.transaction_id = store_col(u, 5), .nonce = store_col(u, 6),
		.identity = store_col(u, 7), .request = store_col(u, 8),
		.dir = store_col_text(u, 9), .up = store_col_text(u, 10),
		.medium = store_col_text(u, 11),
		.bundle = store_col_int(u, 12),
		.created = store_col_int(u, 13), .sent = store_col_int(u, 14),
	};
	return 0;
}

/* Let ${r} point into ${keep}, in two rounds: growing may move it. */
static int
keep_row(struct store_relay *r, struct buf *keep, struct err *e)
{
	struct slice *bytes[] = { &r->transaction_id, &r->nonce, &r->identity,
	    &r->request };
	const char **texts[] = { &r->rule, &r->dir, &r->up, &r->medium };
	size_t at = keep->n, n;

	for (size_t i = 0; i < 4; i++)
		buf_add_slice(keep, *bytes[i]);
	for (size_t i = 0; i < 4; i++) {
		buf_add_str(keep, *texts[i]);
		buf_add_u8(keep, 0);
	}
	if (buf_bad(keep))
		return err_set(e, E_NOMEM, "relay row: out of memory");
	for (size_t i = 0; i < 4; at += bytes[i++]->n)
		bytes[i]->p = keep->p + at;
	for (size_t i = 0; i < 4; i++, at += n) {
		n = strlen((const char *)keep->p + at) + 1;
		*texts[i] = (const char *)keep->p + at;
	}
	return 0;
}

int
store_relay_one(struct store_use *u, struct store_relay *r, struct buf *keep,
    struct err *e)
{
	int rc = store_step(u, e);

	if (rc == 1 && (load(u, r, e) == -1 || keep_row(r, keep, e) == -1))
		rc = -1;
	store_end(u);
	return rc;
}

int
store_relay_find(struct store *s, struct slice transaction_id,
    struct slice nonce, struct store_relay *r, struct buf *keep,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_RELAY_FIND, "SELECT " RELAY_COLUMNS RELAY_FROM
	    "WHERE transaction_id = ? AND nonce = ? AND state < 4 "
	    "ORDER BY relay.id LIMIT 1", &u);
	store_bind(&u, transaction_id);
	store_bind(&u, nonce);
	return store_relay_one(&u, r, keep, e);
}

int
store_relay_taken(struct store *s, int64_t txn, struct slice transaction_id,
    struct slice nonce, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_RELAY_TAKEN, "SELECT 1 FROM relay "
	    "WHERE transaction_id = ?1 AND (nonce = ?2 OR length(?2) = 0) "
	    "AND state < 4 AND txn <> ?3 LIMIT 1", &u);
	store_bind(&u, transaction_id);
	store_bind(&u, nonce);
	store_bind_int(&u, txn);
	rc = store_step(&u, e);
	store_end(&u);
	return rc;
}

int
store_relay_first(struct store *s, int64_t txn, struct store_relay *r,
    struct buf *keep, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_RELAY_TXN, "SELECT " RELAY_COLUMNS RELAY_FROM
	    "WHERE txn = ? ORDER BY relay.id LIMIT 1", &u);
	store_bind_int(&u, txn);
	return store_relay_one(&u, r, keep, e);
}

int
store_relay_answered(struct store *s, const struct store_relay *r,
    enum relay_state state, int all, const char *name, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_RELAY_ANSWER, "UPDATE relay SET state = ?1, "
	    "answer = coalesce((SELECT id FROM outbox WHERE name = ?2), 0) "
	    "WHERE txn = ?3 AND state < 4 AND (?4 OR id = ?5)", &u);
	store_bind_int(&u, state);
	store_bind_text(&u, name);
	store_bind_int(&u, r->txn);
	store_bind_int(&u, all);
	store_bind_int(&u, r->id);
	if (store_run(&u, e) == -1)
		return -1;
	store_use(s, STMT_RELAY_LINK, "UPDATE seen SET outbox = "
	    "(SELECT id FROM outbox WHERE name = ?1) WHERE outbox IS NULL "
	    "AND identity IN (SELECT identity FROM relay WHERE txn = ?2 "
	    "AND answer = (SELECT id FROM outbox WHERE name = ?1))", &u);
	store_bind_text(&u, name);
	store_bind_int(&u, r->txn);
	return store_run(&u, e);
}

int
store_relay_same(struct store *s, const uint8_t identity[static 32],
    const char *name, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_RELAY_SAME, "UPDATE seen SET outbox = "
	    "(SELECT id FROM outbox WHERE name = ?) WHERE identity = ?", &u);
	store_bind_text(&u, name);
	store_bind(&u, SLICE(identity, 32));
	return store_run(&u, e);
}

int
store_relay_last(struct store *s, int64_t txn, struct buf *name,
    struct buf *answer, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_RELAY_LAST, "SELECT name, answer FROM txn "
	    "JOIN outbox ON outbox.id = last_answer WHERE txn.id = ?", &u);
	store_bind_int(&u, txn);
	if ((rc = store_step(&u, e)) == 1) {
		buf_add_str(name, store_col_text(&u, 0));
		buf_add_slice(answer, store_col(&u, 1));
	}
	store_end(&u);
	if (rc == 1 && (buf_bad(name) || buf_bad(answer)))
		return err_set(e, E_NOMEM, "stored answer: out of memory");
	return rc;
}

int
store_put_last(struct store *s, const struct effects *f, const char *name,
    struct err *e)
{
	struct store_use u;

	if (f->last == LAST_SAME)
		return 0;
	store_use(s, STMT_RELAY_SET_LAST, "UPDATE txn SET last_answer = "
	    "coalesce((SELECT id FROM outbox WHERE name = ?), 0) "
	    "WHERE id = ?", &u);
	store_bind_text(&u, f->last == LAST_THIS ? name : "");
	store_bind_int(&u, f->txn->id);
	return store_run(&u, e);
}

int
store_relay_again(struct store *s, const uint8_t identity[static 32],
    struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_RELAY_AGAIN, "UPDATE outbox SET delivered = 0 "
	    "WHERE id IN (SELECT up FROM relay WHERE identity = ? AND "
	    "txn IN (SELECT id FROM txn) AND state IN (2, 3) AND bundle = 0)",
	    &u);
	store_bind(&u, SLICE(identity, 32));
	return store_run(&u, e);
}

int
store_relays(struct store *s, int (*each)(void *arg,
    const struct store_relay *r), void *arg, struct err *e)
{
	struct store_relay r;
	struct store_use u;
	int rc;

	store_use(s, STMT_RELAY_LIST, "SELECT " RELAY_COLUMNS ", "
	    "coalesce((SELECT whole.name FROM bundle JOIN outbox AS whole "
	    "ON whole.id = bundle.outbox WHERE bundle.id = relay.bundle), "
	    "outbox.name)" RELAY_FROM
	    "WHERE state < 4 ORDER BY relay.id", &u);
	while ((rc = store_step(&u, e)) == 1) {
		if ((rc = load(&u, &r, e)) == -1)
			break;
		r.up = store_col_text(&u, RELAY_N);
		if ((rc = each(arg, &r)) == -1)
			break;
	}
	store_end(&u);
	return rc;
}

int
store_relay_left(struct store *s, const char *up, const char *medium,
    int64_t now, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_RELAY_MEDIUM, "UPDATE relay SET medium = ?1, "
	    "sent = CASE WHEN sent = 0 THEN ?2 ELSE sent END "
	    "WHERE state < 4 AND (up IN (SELECT id FROM outbox "
	    "WHERE name = ?3) OR bundle IN (SELECT bundle.id FROM bundle "
	    "JOIN outbox ON outbox.id = bundle.outbox WHERE name = ?3))", &u);
	store_bind_text(&u, medium);
	store_bind_int(&u, now);
	store_bind_text(&u, up);
	return store_run(&u, e);
}
