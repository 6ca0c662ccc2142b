/* Who has approved a request (RFC 9483 5.2.2.1). */
#include "store/store_int.h"

int
store_put_approvals(struct store *s, const struct effects *f, int64_t txn,
    int64_t now, struct err *e)
{
	const struct txn_approval *a;
	struct store_use u;

	for (size_t i = 0; i < f->n_approvals; i++) {
		a = &f->approvals[i];
		/* Once is enough: the first one counts. */
		store_use(s, STMT_APPROVAL_INSERT, "INSERT OR IGNORE INTO "
		    "approval (txn, key, rules, signer, time, message) "
		    "VALUES (?,?,?,?,?,?)", &u);
		store_bind_int(&u, txn);
		store_bind(&u, a->key);
		store_bind_text(&u, a->rules);
		store_bind(&u, a->signer);
		store_bind_int(&u, now);
		store_bind(&u, a->message);
		if (store_run(&u, e) == -1)
			return -1;
	}
	return 0;
}

int
store_approvals(struct store *s, int64_t txn, int (*each)(void *arg,
    const struct store_approval *a), void *arg, struct err *e)
{
	struct store_approval a;
	struct store_use u;
	int rc;

	store_use(s, STMT_APPROVAL_LIST, "SELECT key, rules, signer, time, "
	    "message FROM approval WHERE txn = ? ORDER BY time", &u);
	store_bind_int(&u, txn);
	while ((rc = store_step(&u, e)) == 1) {
		a = (struct store_approval){ .key = store_col(&u, 0),
		    .rules = store_col_text(&u, 1),
		    .signer = store_col(&u, 2),
		    .time = store_col_int(&u, 3),
		    .message = store_col(&u, 4) };
		if (each(arg, &a) == -1) {
			rc = -1;
			break;
		}
	}
	store_end(&u);
	return rc;
}

int
store_held_open(struct store *s, int64_t txn, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_HELD_OPEN, "SELECT 1 FROM held WHERE txn = ? "
	    "AND quorum <> '' AND why = ''", &u);
	store_bind_int(&u, txn);
	rc = store_step(&u, e);
	store_end(&u);
	return rc;
}
