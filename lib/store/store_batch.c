#include "store/store_batch.h"

#include <stdio.h>

#include "store/store_bundle.h"
#include "store/store_int.h"
#include "store/store_relay_int.h"

int
store_batch_queue(struct store *s, struct store_queue *q, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_BATCH_QUEUE, "SELECT count(*), "
	    "coalesce(sum(length(outbox.answer)), 0), coalesce(min(created), 0) "
	    "FROM relay JOIN outbox ON outbox.id = relay.up "
	    "WHERE relay.state = 1", &u);
	if (store_step(&u, e) != 1)
		return -1;
	q->count = (size_t)store_col_int(&u, 0);
	q->bytes = (uint64_t)store_col_int(&u, 1);
	q->oldest = store_col_int(&u, 2);
	store_end(&u);
	return 0;
}

/* The next that waits: its row, the name and size of its message. */
static int
next(struct store *s, int64_t *id, char name[static STORE_NAME],
    uint64_t *size, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BATCH_NEXT, "SELECT relay.id, name, length(outbox.answer) "
	    "FROM relay JOIN outbox ON outbox.id = relay.up "
	    "WHERE relay.state = 1 ORDER BY relay.id LIMIT 1", &u);
	if ((rc = store_step(&u, e)) == 1) {
		*id = store_col_int(&u, 0);
		snprintf(name, STORE_NAME, "%s", store_col_text(&u, 1));
		*size = (uint64_t)store_col_int(&u, 2);
	}
	store_end(&u);
	return rc;
}

static int
sent(struct store *s, int64_t id, int64_t bundle, int64_t now, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_BATCH_SENT, "UPDATE relay SET state = 2, "
	    "bundle = ?, sent = ? WHERE id = ?", &u);
	store_bind_int(&u, bundle);
	store_bind_int(&u, now);
	store_bind_int(&u, id);
	return store_run(&u, e);
}

int
store_batch_take(struct store *s, int64_t bundle, size_t count,
    uint64_t bytes, int64_t now, struct err *e)
{
	char name[STORE_NAME];
	uint64_t size, all = 0;
	int64_t id;
	int rc = 1;

	if (store_inside(s, e) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if ((rc = next(s, &id, name, &size, e)) != 1 ||
		    (i > 0 && all + size > bytes))
			break;
		all += size;
		if (store_bundle_add(s, bundle, name, e) == -1 ||
		    sent(s, id, bundle, now, e) == -1)
			return -1;
	}
	return rc == -1 ? -1 : 0;
}

int
store_batch_put(struct store *s, int64_t bundle, struct slice transaction_id,
    struct slice nonce, int64_t now, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_BATCH_PUT, "INSERT INTO batch (bundle, "
	    "transaction_id, nonce, created) VALUES (?,?,?,?)", &u);
	store_bind_int(&u, bundle);
	store_bind(&u, transaction_id);
	store_bind(&u, nonce);
	store_bind_int(&u, now);
	return store_run(&u, e);
}

int
store_batch_find(struct store *s, struct slice transaction_id,
    struct slice nonce, int64_t *bundle, int64_t *answered, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BATCH_FIND, "SELECT bundle, answered FROM batch "
	    "WHERE transaction_id = ? AND nonce = ?", &u);
	store_bind(&u, transaction_id);
	store_bind(&u, nonce);
	if ((rc = store_step(&u, e)) == 1) {
		*bundle = store_col_int(&u, 0);
		*answered = store_col_int(&u, 1);
	}
	store_end(&u);
	return rc;
}

int
store_batch_has(struct store *s, int64_t bundle, int64_t txn, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BATCH_HAS, "SELECT 1 FROM relay WHERE txn = ? "
	    "AND bundle = ? LIMIT 1", &u);
	store_bind_int(&u, txn);
	store_bind_int(&u, bundle);
	rc = store_step(&u, e);
	store_end(&u);
	return rc;
}

int
store_batch_lost(struct store *s, int64_t bundle, int64_t id,
    struct store_relay *r, struct buf *keep, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_BATCH_LOST, "SELECT " RELAY_COLUMNS RELAY_FROM
	    "WHERE relay.bundle = ? AND relay.id > ? AND state = 2 "
	    "ORDER BY relay.id LIMIT 1", &u);
	store_bind_int(&u, bundle);
	store_bind_int(&u, id);
	return store_relay_one(&u, r, keep, e);
}

int
store_batch_done(struct store *s, int64_t bundle, int64_t now, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_BATCH_DONE, "UPDATE batch SET answered = ? "
	    "WHERE bundle = ? AND answered = 0", &u);
	store_bind_int(&u, now);
	store_bind_int(&u, bundle);
	return store_run(&u, e);
}

int
store_batch_wait(struct store *s, int64_t bundle, struct slice transaction_id,
    struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_BATCH_WAIT, "UPDATE relay SET state = 3 "
	    "WHERE bundle = ? AND transaction_id = ? AND body = ? "
	    "AND state = 2", &u);
	store_bind_int(&u, bundle);
	store_bind(&u, transaction_id);
	store_bind_int(&u, BODY_POLLREQ);
	return store_run(&u, e);
}

int
store_batch_known(struct store *s, struct slice transaction_id, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BATCH_KNOWN, "SELECT 1 FROM batch "
	    "WHERE transaction_id = ? LIMIT 1", &u);
	store_bind(&u, transaction_id);
	rc = store_step(&u, e);
	store_end(&u);
	return rc;
}
