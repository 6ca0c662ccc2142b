/* Shared secrets with which devices may enrol. */
#include "store/store_int.h"

#define COLUMNS	"ref, subject, san, profile, expires, uses_left, failures, " \
		"locked, created"

static void
load(struct store_use *u, struct store_ticket *t)
{
	*t = (struct store_ticket){
		.ref = store_col(u, 0),
		.subject = store_col_text(u, 1),
		.san = store_col_text(u, 2),
		.profile = store_col_text(u, 3),
		.expires = store_col_int(u, 4),
		.uses_left = store_col_int(u, 5),
		.failures = store_col_int(u, 6),
		.locked = store_col_int(u, 7) != 0,
		.created = store_col_int(u, 8),
	};
}

/* The texts of ${t} as copies one after another in ${keep}. */
static int
keep_texts(struct store_ticket *t, struct buf *keep, struct err *e)
{
	const char **text[] = { &t->subject, &t->san, &t->profile };
	size_t n = sizeof(text) / sizeof(text[0]), at[3], ref = keep->n;

	buf_add_slice(keep, t->ref);
	for (size_t i = 0; i < n; i++) {
		at[i] = keep->n;
		buf_add_str(keep, *text[i]);
		buf_add_u8(keep, 0);
	}
	if (buf_bad(keep))
		return buf_err(keep, "ticket", e);
	t->ref.p = keep->p + ref;
	for (size_t i = 0; i < n; i++)
		*text[i] = (const char *)keep->p + at[i];
	return 0;
}

int
store_ticket(struct store *s, struct slice ref, struct store_ticket *t,
    struct buf *keep, struct buf *secret, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_TICKET_GET, "SELECT " COLUMNS ", secret FROM ticket "
	    "WHERE ref = ?", &u);
	store_bind(&u, ref);
	if ((rc = store_step(&u, e)) == 1) {
		load(&u, t);
		if (keep_texts(t, keep, e) == -1)
			rc = -1;
		buf_add_slice(secret, store_col(&u, 9));
	}
	store_end(&u);
	if (rc == 1 && buf_bad(secret))
		return buf_err(secret, "ticket", e);
	return rc;
}

int
store_tickets(struct store *s, int (*each)(void *arg,
    const struct store_ticket *t), void *arg, struct err *e)
{
	struct store_ticket t;
	struct store_use u;
	int rc;

	store_use(s, STMT_TICKET_LIST, "SELECT " COLUMNS " FROM ticket "
	    "ORDER BY created, ref", &u);
	while ((rc = store_step(&u, e)) == 1) {
		load(&u, &t);
		if (each(arg, &t) == -1) {
			rc = -1;
			break;
		}
	}
	store_end(&u);
	return rc;
}

int
store_ticket_add(struct store *s, const struct store_ticket *t,
    struct slice secret, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_TICKET_INSERT, "INSERT INTO ticket (" COLUMNS
	    ", secret) VALUES (?,?,?,?,?,?,0,0,?,?) "
	    "ON CONFLICT (ref) DO NOTHING", &u);
	store_bind(&u, t->ref);
	store_bind_text(&u, t->subject);
	store_bind_text(&u, t->san);
	store_bind_text(&u, t->profile);
	store_bind_int(&u, t->expires);
	store_bind_int(&u, t->uses_left);
	store_bind_int(&u, t->created);
	store_bind(&u, secret);
	if (store_run(&u, e) == -1)
		return -1;
	return store_changes(s);
}

int
store_ticket_remove(struct store *s, struct slice ref, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_TICKET_DELETE, "DELETE FROM ticket WHERE ref = ?",
	    &u);
	store_bind(&u, ref);
	if (store_run(&u, e) == -1)
		return -1;
	return store_changes(s);
}

int
store_ticket_unlock(struct store *s, struct slice ref, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_TICKET_UNLOCK, "UPDATE ticket SET (failures, locked) "
	    "= (0, 0) WHERE ref = ?", &u);
	store_bind(&u, ref);
	if (store_run(&u, e) == -1)
		return -1;
	return store_changes(s);
}

/* One that has been made since under the same name owes nothing. */
int
store_ticket_back(struct store *s, int64_t txn, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_TICKET_BACK, "UPDATE ticket SET uses_left = "
	    "uses_left + 1 FROM txn WHERE txn.id = ? AND ref = txn.mac_ref "
	    "AND uses_left >= 0 AND ticket.created <= txn.created", &u);
	store_bind_int(&u, txn);
	return store_run(&u, e);
}

int
store_put_ticket(struct store *s, const struct effects *f, struct err *e)
{
	struct slice ref = f->ticket_ref;
	struct store_use u;

	if (f->ticket == TICKET_BACK)
		return store_ticket_back(s, f->txn->id, e);
	if (f->ticket == TICKET_USED) {
		store_use(s, STMT_TICKET_USE, "UPDATE ticket SET uses_left = "
		    "uses_left - 1 WHERE ref = ? AND uses_left > 0", &u);
	} else {
		store_use(s, STMT_TICKET_FAIL, "UPDATE ticket SET (failures, "
		    "locked) = (failures + 1, locked OR failures + 1 >= ?) "
		    "WHERE ref = ?", &u);
		store_bind_int(&u, TICKET_FAILURES);
	}
	store_bind(&u, ref);
	return store_run(&u, e);
}
