#include "store/store_int.h"

#include <stdlib.h>

struct store_walk {
	struct store_use u;
};

int
store_crl_last(struct store *s, struct store_crl *c, struct err *e)
{
	struct store_use u;
	int rc;

	*c = (struct store_crl){ .number = -1 };
	store_use(s, STMT_CRL_LAST, "SELECT number, this_update, next_update, "
	    "revoked, written FROM crl ORDER BY number DESC LIMIT 1", &u);
	if ((rc = store_step(&u, e)) == 1)
		*c = (struct store_crl){ .number = store_col_int(&u, 0),
		    .this_update = store_col_int(&u, 1),
		    .next_update = store_col_int(&u, 2),
		    .revoked = store_col_int(&u, 3),
		    .written = store_col_int(&u, 4) != 0 };
	store_end(&u);
	return rc;
}

int
store_crl_put(struct store *s, const struct store_crl *c, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_CRL_PUT, "INSERT INTO crl (number, this_update, "
	    "next_update, revoked, written) VALUES (?,?,?,?,?) "
	    "ON CONFLICT (number) DO UPDATE SET written = excluded.written",
	    &u);
	store_bind_int(&u, c->number);
	store_bind_int(&u, c->this_update);
	store_bind_int(&u, c->next_update);
	store_bind_int(&u, c->revoked);
	store_bind_int(&u, c->written != 0);
	return store_run(&u, e);
}

int
store_revoked_count(struct store *s, int64_t *n, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_REVOKED_COUNT, "SELECT count(*) FROM cert "
	    "WHERE revoked_at IS NOT NULL", &u);
	if ((rc = store_step(&u, e)) == 1)
		*n = store_col_int(&u, 0);
	store_end(&u);
	return rc == 1 ? 0 : -1;
}

int
store_revoked(struct store *s, int64_t alive, struct store_walk **out,
    struct err *e)
{
	if ((*out = malloc(sizeof(**out))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	store_use(s, STMT_REVOKED, "SELECT serial, revoked_at, reason, "
	    "invalid_since IS NOT NULL, invalid_since FROM cert WHERE revoked_at IS NOT NULL "
	    "AND (not_after >= ?1 OR revoked_at >= ?1) "
	    "ORDER BY revoked_at DESC, rowid DESC", &(*out)->u);
	store_bind_int(&(*out)->u, alive);
	return 0;
}

int
store_revoked_next(struct store_walk *w, struct store_cert *c, struct err *e)
{
	int rc = store_step(&w->u, e);

	if (rc == 1)
		*c = (struct store_cert){ .serial = store_col(&w->u, 0),
		    .revoked = 1, .revoked_at = store_col_int(&w->u, 1),
		    .reason = (int)store_col_int(&w->u, 2),
		    .has_invalidity = store_col_int(&w->u, 3) != 0,
		    .invalidity = store_col_int(&w->u, 4) };
	return rc;
}

void
store_revoked_end(struct store_walk *w)
{
	if (w == NULL)
		return;
	store_end(&w->u);
	free(w);
}
