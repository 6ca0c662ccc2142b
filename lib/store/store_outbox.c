#include "store/store_bundle.h"
#include "store/store_int.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX		".pki"
#define TRIES		9	/* one digit; then the highest row */
#define ANSWER_MAX	(256u << 20)

int
store_answer(struct store *s, const uint8_t identity[static 32],
    struct buf *name, struct buf *answer, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_SEEN_GET, "SELECT name, CASE bundle WHEN 0 "
	    "THEN answer ELSE x'' END FROM seen "
	    "LEFT JOIN outbox ON outbox.id = seen.outbox "
	    "WHERE identity = ?1 UNION ALL SELECT name, answer "
	    "FROM unverified JOIN outbox ON outbox.id = unverified.outbox "
	    "WHERE identity = ?1", &u);
	store_bind(&u, SLICE(identity, 32));
	if ((rc = store_step(&u, e)) == 1) {
		buf_add_str(name, store_col_text(&u, 0));
		buf_add_slice(answer, store_col(&u, 1));
	}
	store_end(&u);
	if (rc == 1 && (buf_bad(name) || buf_bad(answer)))
		return buf_err(buf_bad(name) ? name : answer, "stored answer",
		    e);
	return rc;
}

/* Columns id, name, dir, answer, bundle, suffix into ${a}, kept in ${keep}. */
static int
keep_answer(struct store_use *u, struct store_answer *a, struct buf *keep,
    struct err *e)
{
	const char *name = store_col_text(u, 1), *dir = store_col_text(u, 2);
	struct slice answer = store_col(u, 3), suffix = store_col(u, 5);

	buf_add(keep, name, strlen(name) + 1);
	buf_add(keep, dir, strlen(dir) + 1);
	buf_add_slice(keep, answer);
	buf_add_slice(keep, suffix);
	if (buf_bad(keep))
		return buf_err(keep, "outbox", e);
	*a = (struct store_answer){ .id = store_col_int(u, 0),
	    .name = (const char *)keep->p, .bundle = store_col_int(u, 4) };
	a->dir = a->name + strlen(a->name) + 1;
	a->answer = SLICE(a->dir + strlen(a->dir) + 1, answer.n);
	a->suffix = SLICE(a->answer.p + answer.n, suffix.n);
	return 0;
}

static int
one(struct store_use *u, struct store_answer *a, struct buf *keep,
    struct err *e)
{
	int rc;

	buf_reset(keep);
	if ((rc = store_step(u, e)) == 1 && keep_answer(u, a, keep, e) == -1)
		rc = -1;
	store_end(u);
	return rc;
}

/* The next waiting answer after ${a->id}: 1, 0 or -1. */
static int
next(struct store *s, struct store_answer *a, struct buf *keep, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_OUT_NEXT, "SELECT id, name, dir, answer, bundle, "
	    "suffix FROM outbox WHERE delivered = 0 AND id > ? "
	    "ORDER BY id LIMIT 1", &u);
	store_bind_int(&u, a->id);
	return one(&u, a, keep, e);
}

/* Row by row, as in store_overdue(): ${each} may commit and roll back. */
int
store_outbox(struct store *s, int (*each)(void *arg,
    const struct store_answer *a, struct err *e), void *arg, struct err *e)
{
	struct store_answer a = { 0 };
	struct buf keep;
	int rc;

	buf_init(&keep, ANSWER_MAX);
	while ((rc = next(s, &a, &keep, e)) == 1)
		if (each(arg, &a, e) == -1) {
			rc = -1;
			break;
		}
	buf_release(&keep);
	return rc;
}

int
store_answer_find(struct store *s, const char *name, struct store_answer *a,
    struct buf *keep, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_OUT_NAME, "SELECT id, name, dir, answer, bundle, "
	    "suffix FROM outbox WHERE name = ?", &u);
	store_bind_text(&u, name);
	return one(&u, a, keep, e);
}

int
store_answer_each(struct store *s, const struct store_answer *a,
    int (*piece)(void *arg, struct slice data, struct err *e), void *arg,
    struct err *e)
{
	if (piece(arg, a->answer, e) == -1)
		return -1;
	if (a->bundle == 0)
		return 0;
	if (store_bundle_parts(s, a->bundle, piece, arg, e) == -1)
		return -1;
	return piece(arg, a->suffix, e);
}

int
store_answer_size(struct store *s, const struct store_answer *a,
    uint64_t *size, struct err *e)
{
	uint64_t bytes = 0;
	size_t members;

	if (a->bundle != 0 && store_bundle_total(s, a->bundle, &bytes,
	    &members, e) == -1)
		return -1;
	*size = a->answer.n + bytes + a->suffix.n;
	return 0;
}

int
store_delivered(struct store *s, int64_t id, struct err *e)
{
	struct store_use u;

	if (s->begun && store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_OUT_DELIVERED, "UPDATE outbox SET delivered = 1 "
	    "WHERE id = ?", &u);
	store_bind_int(&u, id);
	if (store_run(&u, e) == -1)
		return -1;
	if (store_changes(s) != 1)
		return err_set(e, E_STORE, "state/cmp.db: answer %lld is not "
		    "in the outbox", (long long)id);
	return 0;
}

int
store_delivered_name(struct store *s, const char *name, struct err *e)
{
	struct store_use u;

	if (s->begun && store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_OUT_NAMED, "UPDATE outbox SET delivered = 1 "
	    "WHERE name = ? AND delivered = 0", &u);
	store_bind_text(&u, name);
	return store_run(&u, e);
}

int
store_sent(struct store *s, const char *stem, char name[static STORE_NAME],
    struct buf *message, struct err *e)
{
	char from[STORE_NAME], to[STORE_NAME];
	struct store_use u;
	int rc;

	/* '-' and '.' follow the stem, and nothing else begins like it. */
	snprintf(from, sizeof(from), "%s-", stem);
	snprintf(to, sizeof(to), "%s/", stem);
	store_use(s, STMT_OUT_SENT, "SELECT name, answer FROM outbox "
	    "WHERE name >= ? AND name < ? ORDER BY id DESC LIMIT 1", &u);
	store_bind_text(&u, from);
	store_bind_text(&u, to);
	if ((rc = store_step(&u, e)) == 1) {
		snprintf(name, STORE_NAME, "%s", store_col_text(&u, 0));
		buf_add_slice(message, store_col(&u, 1));
	}
	store_end(&u);
	return rc == 1 && buf_bad(message) ? err_set(e, E_NOMEM,
	    "stored message: out of memory") : rc;
}

/* "x.pki" with a number: "x-2.pki". */
static int
numbered(const char *name, int64_t number, char out[static STORE_NAME],
    struct err *e)
{
	size_t n = strlen(name), cut = strlen(SUFFIX);
	const char *suffix = SUFFIX;

	if (n > cut && strcmp(name + n - cut, SUFFIX) == 0)
		n -= cut;
	else
		suffix = "";
	if (number < 2)
		cut = (size_t)snprintf(out, STORE_NAME, "%s", name);
	else
		cut = (size_t)snprintf(out, STORE_NAME, "%.*s-%lld%s", (int)n,
		    name, (long long)number, suffix);
	if (cut >= STORE_NAME)
		return err_set(e, E_INTERNAL, "name of an answer is too long");
	return 0;
}

/* 1 it is in the outbox, 0 the name is taken, -1. */
static int
insert(struct store *s, const struct store_row *row, const char *name,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_OUT_INSERT, "INSERT INTO outbox "
	    "(name, delivered, answer, dir) VALUES (?, ?, ?, ?) "
	    "ON CONFLICT (name) DO NOTHING", &u);
	store_bind_text(&u, name);
	store_bind_int(&u, row->later != 0);
	store_bind(&u, row->answer);
	store_bind_text(&u, row->dir == NULL ? "" : row->dir);
	if (store_run(&u, e) == -1)
		return -1;
	return store_changes(s);
}

/* More than any row of the outbox has, or ever had. */
static int
last(struct store *s, int64_t *id, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_OUT_LAST, "SELECT coalesce(max(id), 0) FROM outbox",
	    &u);
	if (store_step(&u, e) != 1)
		return -1;
	*id = store_col_int(&u, 0);
	store_end(&u);
	return 0;
}

/*
 * A peer chooses the transactionID, and so can make all its names the same:
 * counting up to the first free one must not cost more with every message.
 */
static int
insert_somewhere(struct store *s, const struct store_row *row,
    char final_name[static STORE_NAME], struct err *e)
{
	int64_t id;
	int rc;

	for (int i = 1; i <= TRIES; i++) {
		if (numbered(row->name, i, final_name, e) == -1)
			return -1;
		if ((rc = insert(s, row, final_name, e)) != 0)
			return rc == 1 ? 0 : -1;
	}
	if (last(s, &id, e) == -1 ||
	    numbered(row->name, id + 1, final_name, e) == -1 ||
	    (rc = insert(s, row, final_name, e)) == -1)
		return -1;
	return rc == 1 ? 0 : err_set(e, E_STORE, "state/cmp.db: %s: name is "
	    "taken", final_name);
}

static int
insert_seen(struct store *s, const uint8_t *identity, int64_t outbox,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_SEEN_INSERT, "INSERT INTO seen (identity, outbox) "
	    "VALUES (?, ?)", &u);
	store_bind(&u, SLICE(identity, 32));
	if (outbox == 0)
		store_bind_null(&u);
	else
		store_bind_int(&u, outbox);
	return store_run(&u, e);
}

int
store_put_outbox(struct store *s, const struct store_row *row,
    char final_name[static STORE_NAME], int64_t *id, struct err *e)
{
	if (insert_somewhere(s, row, final_name, e) == -1)
		return -1;
	*id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int
store_put_answer(struct store *s, const struct store_row *row,
    char final_name[static STORE_NAME], struct err *e)
{
	int64_t id = 0;

	if (row->answer.n > 0 &&
	    store_put_outbox(s, row, final_name, &id, e) == -1)
		return -1;
	if (row->identity != NULL && row->unverified)
		return store_put_unverified(s, row->identity, id, e);
	if (row->identity != NULL)
		return insert_seen(s, row->identity, id, e);
	return 0;
}
