/* What anybody may leave here without end, and how it ends. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/store_int.h"

#define DAY	86400

int
store_put_unverified(struct store *s, const uint8_t *identity, int64_t outbox,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_UNV_INSERT, "INSERT INTO unverified "
	    "(outbox, identity) VALUES (?, ?)", &u);
	store_bind_int(&u, outbox);
	store_bind(&u, SLICE(identity, 32));
	return store_run(&u, e);
}

/* How many of ${code} were not listed since ${*since}: 1, 0 none ever, -1. */
static int
unlisted(struct store *s, const char *code, int64_t *since, int64_t *more,
    struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_UNL_GET, "SELECT since, more FROM unlisted "
	    "WHERE code = ?", &u);
	store_bind_text(&u, code);
	if ((rc = store_step(&u, e)) == 1) {
		*since = store_col_int(&u, 0);
		*more = store_col_int(&u, 1);
	}
	store_end(&u);
	return rc;
}

static int
set_unlisted(struct store *s, const char *code, int64_t since, int64_t more,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_UNL_PUT, "INSERT OR REPLACE INTO unlisted "
	    "(code, since, more) VALUES (?, ?, ?)", &u);
	store_bind_text(&u, code);
	store_bind_int(&u, since);
	store_bind_int(&u, more);
	return store_run(&u, e);
}

int
store_put_unlisted(struct store *s, const struct store_row *row, struct err *e)
{
	const char *code = err_name(row->code);
	struct effects f = { .txn = NULL };
	struct store_row listed = *row;
	int64_t since = 0, more = 0;
	size_t n;
	int rc;

	if ((rc = unlisted(s, code, &since, &more, e)) == -1)
		return -1;
	/* A clock that was set back lists at once. */
	if (rc == 1 && row->now >= since && row->now < since + DAY)
		return set_unlisted(s, code, since, more + 1, e);
	if (row->effects != NULL) {
		snprintf(f.event, sizeof(f.event), "%s", row->effects->event);
		snprintf(f.detail, sizeof(f.detail), "%.160s",
		    row->effects->detail);
	}
	n = strlen(f.detail);
	if (more > 0)
		snprintf(f.detail + n, sizeof(f.detail) - n, " (after %" PRId64
		    " more, not listed)", more);
	listed.effects = &f;
	return store_put_audit(s, &listed, e) == -1 ? -1 :
	    set_unlisted(s, code, row->now, 0, e);
}

static int
forget(struct store *s, enum store_stmt which, const char *sql, int64_t last,
    struct err *e)
{
	struct store_use u;

	store_use(s, which, sql, &u);
	store_bind_int(&u, last);
	return store_run(&u, e);
}

int
store_forget(struct store *s, struct err *e)
{
	struct store_use u;
	int64_t last = 0;
	int rc;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_UNV_LAST, "SELECT outbox FROM unverified "
	    "ORDER BY outbox DESC LIMIT 1 OFFSET ?", &u);
	store_bind_int(&u, STORE_UNVERIFIED);
	if ((rc = store_step(&u, e)) == 1)
		last = store_col_int(&u, 0);
	store_end(&u);
	if (rc != 1)
		return rc;
	if (forget(s, STMT_UNV_OUTBOX, "DELETE FROM outbox WHERE id IN "
	    "(SELECT outbox FROM unverified WHERE outbox <= ?)", last,
	    e) == -1 || forget(s, STMT_UNV_DELETE, "DELETE FROM unverified "
	    "WHERE outbox <= ?", last, e) == -1)
		return -1;
	return 1;
}
