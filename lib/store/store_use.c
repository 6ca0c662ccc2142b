#include "store/store_int.h"

#include <string.h>

void
store_use(struct store *s, enum store_stmt which, const char *sql,
    struct store_use *u)
{
	*u = (struct store_use){ .s = s, .rc = SQLITE_OK };
	if (s->stmt[which] == NULL)
		u->rc = sqlite3_prepare_v3(s->db, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, &s->stmt[which], NULL);
	else if (sqlite3_stmt_busy(s->stmt[which]))
		u->rc = SQLITE_MISUSE;	/* a callback listed what lists it */
	if (u->rc == SQLITE_OK)
		u->st = s->stmt[which];
}

static void
bound(struct store_use *u, int rc)
{
	if (u->rc == SQLITE_OK)
		u->rc = rc;
}

/* Empty is x'', not NULL. */
void
store_bind(struct store_use *u, struct slice v)
{
	u->n++;
	if (u->st == NULL)
		return;
	bound(u, v.n == 0 ? sqlite3_bind_zeroblob(u->st, u->n, 0) :
	    sqlite3_bind_blob64(u->st, u->n, v.p, v.n, SQLITE_STATIC));
}

void
store_bind_int(struct store_use *u, int64_t v)
{
	u->n++;
	if (u->st != NULL)
		bound(u, sqlite3_bind_int64(u->st, u->n, v));
}

void
store_bind_text(struct store_use *u, const char *v)
{
	u->n++;
	if (u->st != NULL)
		bound(u, sqlite3_bind_text(u->st, u->n, v, -1, SQLITE_STATIC));
}

void
store_bind_null(struct store_use *u)
{
	u->n++;
	if (u->st != NULL)
		bound(u, sqlite3_bind_null(u->st, u->n));
}

void
store_end(struct store_use *u)
{
	if (u->st == NULL)
		return;
	sqlite3_reset(u->st);
	sqlite3_clear_bindings(u->st);
	u->st = NULL;
}

int
store_step(struct store_use *u, struct err *e)
{
	if (u->rc == SQLITE_OK)
		u->rc = sqlite3_step(u->st);
	if (u->rc == SQLITE_ROW) {
		u->rc = SQLITE_OK;
		return 1;
	}
	if (u->rc != SQLITE_DONE)
		store_fail(u->s, u->rc, u->st == NULL ? "prepare" :
		    sqlite3_sql(u->st), e);
	store_end(u);
	return u->rc == SQLITE_DONE ? 0 : -1;
}

int
store_run(struct store_use *u, struct err *e)
{
	int rc = store_step(u, e);

	if (rc != 1)
		return rc;
	store_end(u);
	return err_set(e, E_INTERNAL, "a row, expected none");
}

int
store_changes(struct store *s)
{
	return sqlite3_changes(s->db);
}

struct slice
store_col(struct store_use *u, int i)
{
	/* The pointer first: asking for it may convert, and so resize. */
	const void *p = sqlite3_column_blob(u->st, i);

	return SLICE(p, (size_t)sqlite3_column_bytes(u->st, i));
}

int64_t
store_col_int(struct store_use *u, int i)
{
	return sqlite3_column_int64(u->st, i);
}

const char *
store_col_text(struct store_use *u, int i)
{
	const unsigned char *p = sqlite3_column_text(u->st, i);

	return p == NULL ? "" : (const char *)p;
}
