#include "store/store_int.h"

static int
run(struct store *s, enum store_stmt which, const char *sql, struct err *e)
{
	struct store_use u;

	store_use(s, which, sql, &u);
	return store_run(&u, e);
}

/*
 * A full disk or a failed write makes SQLite roll back all by itself.  What
 * came after would then be written without the messages before it, each in
 * a commit of its own; so we look, always.
 */
int
store_inside(struct store *s, struct err *e)
{
	if (!s->begun)
		return err_set(e, E_INTERNAL, "no commit is open");
	if (s->broken || sqlite3_get_autocommit(s->db))
		return err_set(e, E_STORE, "state/cmp.db: the open commit has "
		    "failed");
	return 0;
}

int
store_begun(const struct store *s)
{
	return s->begun;
}

int
store_begin(struct store *s, struct err *e)
{
	if (s->begun || s->readonly)
		return err_set(e, E_INTERNAL, s->begun ?
		    "a commit is open already" : "store is open for reading");
	if (run(s, STMT_BEGIN, "BEGIN IMMEDIATE", e) == -1) {
		if ((sqlite3_errcode(s->db) & 0xff) == SQLITE_BUSY)
			e->code = E_LOCKED;
		return -1;
	}
	s->begun = 1;
	s->broken = 0;
	return 0;
}

int
store_commit(struct store *s, struct err *e)
{
	if (store_inside(s, e) == -1 ||
	    run(s, STMT_COMMIT, "COMMIT", e) == -1) {
		store_rollback(s);
		return -1;
	}
	s->begun = 0;
	return 0;
}

void
store_rollback(struct store *s)
{
	/* If this fails, SQLite has rolled back already. */
	if (s->begun)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->begun = 0;
	s->broken = 0;
}

int
store_savepoint(struct store *s, struct err *e)
{
	if (store_inside(s, e) == -1)
		return -1;
	return run(s, STMT_SAVEPOINT, "SAVEPOINT message", e);
}

int
store_release(struct store *s, struct err *e)
{
	if (store_inside(s, e) == -1)
		return -1;
	return run(s, STMT_RELEASE, "RELEASE message", e);
}

int
store_rollback_to(struct store *s, struct err *e)
{
	s->broken = 0;
	if (store_inside(s, e) == -1)
		return -1;
	/* Rolling back to a savepoint leaves it there. */
	if (run(s, STMT_ROLLBACK_TO, "ROLLBACK TO message", e) == 0 &&
	    run(s, STMT_RELEASE, "RELEASE message", e) == 0)
		return 0;
	s->broken = 1;
	return -1;
}

static int
put_effects(struct store *s, const struct effects *f, int64_t now,
    struct err *e)
{
	int64_t id = 0;

	if (f->changes_txn && store_put_txn(s, f->txn, e) == -1)
		return -1;
	if (f->txn != NULL)
		id = f->txn->id;
	if (f->ticket != TICKET_SAME &&
	    store_put_ticket(s, f, e) == -1)
		return -1;
	if (f->has_cert && store_put_cert(s, &f->cert, id, e) == -1)
		return -1;
	if (f->n_approvals > 0 && store_put_approvals(s, f, id, now, e) == -1)
		return -1;
	if ((f->has_hold || f->unhold) && store_put_held(s, f, id, e) == -1)
		return -1;
	if (f->revoke)
		return store_put_revoke(s, f, now, e);
	return 0;
}

int
store_put(struct store *s, const struct store_row *row,
    char final_name[static STORE_NAME], struct err *e)
{
	struct txn *t = row->effects == NULL ? NULL : row->effects->txn;
	int64_t id = t == NULL ? 0 : t->id;

	final_name[0] = '\0';
	if (store_inside(s, e) == -1)
		return -1;
	if ((row->effects == NULL ||
	    put_effects(s, row->effects, row->now, e) == 0) &&
	    store_put_answer(s, row, final_name, e) == 0 &&
	    (row->effects == NULL ||
	    store_put_last(s, row->effects, final_name, e) == 0) &&
	    (t == NULL || !row->effects->polled ||
	    store_put_polled(s, t->id, row->identity, e) == 0) &&
	    (row->unverified ? store_put_unlisted(s, row, e) :
	    store_put_audit(s, row, e)) == 0)
		return 0;
	if (t != NULL)
		t->id = id;
	s->broken = 1;
	return -1;
}
