#include "store/store_int.h"

#include <stddef.h>

/* Never change after the first message, and stand in the only index. */
#define KEYS	"transaction_id, peer"
#define NUMBERS	"state, body, cert_req_id, confirm_by, explicit_asked, " \
		"created, messages, check_at"
#define BYTES	"our_nonce, peer_nonce, serial, cert, signer_certs, " \
		"subject, san, key_file, cert_file, sign_key_file, " \
		"chain_file, pass_file, spki, first_nonce, mac_alg, mac_ref, " \
		"secret_file, answer_dir, signer_hash"
#define SIGNERS_MAX	65536	/* bytes of one transaction's */
#define COLUMNS	"id, " NUMBERS ", " KEYS ", " BYTES

enum { N_NUMBERS = 8, N_KEYS = 2 };

/* The members of struct txn in the order of KEYS, BYTES. */
static const size_t members[] = {
	offsetof(struct txn, transaction_id),
	offsetof(struct txn, peer),
	offsetof(struct txn, our_nonce),
	offsetof(struct txn, peer_nonce),
	offsetof(struct txn, serial),
	offsetof(struct txn, cert),
	offsetof(struct txn, signer_certs),
	offsetof(struct txn, subject),
	offsetof(struct txn, san),
	offsetof(struct txn, key_file),
	offsetof(struct txn, cert_file),
	offsetof(struct txn, sign_key_file),
	offsetof(struct txn, chain_file),
	offsetof(struct txn, pass_file),
	offsetof(struct txn, spki),
	offsetof(struct txn, first_nonce),
	offsetof(struct txn, mac_alg),
	offsetof(struct txn, mac_ref),
	offsetof(struct txn, secret_file),
	offsetof(struct txn, answer_dir),
	offsetof(struct txn, signer_hash),
};
#define N_MEMBERS	(sizeof(members) / sizeof(members[0]))

static struct buf *
member(struct txn *t, size_t i)
{
	return (struct buf *)((char *)t + members[i]);
}

/* Fill ${t} from the columns COLUMNS of the row. */
static int
load(struct store_use *u, struct txn *t, struct err *e)
{
	int64_t state = store_col_int(u, 1), body = store_col_int(u, 2);
	struct buf *bad = NULL;

	t->id = store_col_int(u, 0);
	if (state < 0 || state >= TXN__MAX || body < 0 || body >= BODY__COUNT)
		return err_set(e, E_STORE, "state/cmp.db: transaction %lld is "
		    "damaged", (long long)t->id);
	t->state = (enum txn_state)state;
	t->body = (enum body)body;
	t->cert_req_id = store_col_int(u, 3);
	t->confirm_by = store_col_int(u, 4);
	t->explicit_asked = store_col_int(u, 5) != 0;
	t->created = store_col_int(u, 6);
	t->messages = store_col_int(u, 7);
	t->check_at = store_col_int(u, 8);
	for (size_t i = 0; i < N_MEMBERS; i++) {
		buf_reset(member(t, i));
		buf_add_slice(member(t, i),
		    store_col(u, 1 + N_NUMBERS + (int)i));
		if (buf_bad(member(t, i)))
			bad = member(t, i);
	}
	if (bad != NULL)
		return buf_err(bad, "transaction", e);
	return 0;
}

int
store_txn(struct store *s, struct slice peer, struct slice transaction_id,
    struct txn *t, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_TXN_GET, "SELECT " COLUMNS " FROM txn "
	    "WHERE transaction_id = ? AND peer = ?", &u);
	store_bind(&u, transaction_id);
	store_bind(&u, peer);
	rc = store_step(&u, e);
	if (rc == 1 && load(&u, t, e) == -1)
		rc = -1;
	store_end(&u);
	return rc;
}

int
store_txn_row(struct store *s, int64_t id, struct txn *t, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_TXN_ROW, "SELECT " COLUMNS " FROM txn "
	    "WHERE id = ?", &u);
	store_bind_int(&u, id);
	rc = store_step(&u, e);
	if (rc == 1 && load(&u, t, e) == -1)
		rc = -1;
	store_end(&u);
	return rc;
}

int
store_signers(struct store *s, struct slice transaction_id, struct buf *out,
    struct err *e)
{
	struct store_use u;
	struct slice v;
	int rc, n = 0;

	store_use(s, STMT_TXN_SIGNERS, "SELECT signer_certs FROM txn "
	    "WHERE transaction_id = ? ORDER BY length(signer_certs)", &u);
	store_bind(&u, transaction_id);
	for (; (rc = store_step(&u, e)) == 1; n++) {
		v = store_col(&u, 0);
		if (v.n <= SIGNERS_MAX && v.n <= out->max - out->n)
			buf_add_slice(out, v);
	}
	if (rc == 0 && buf_bad(out))
		return buf_err(out, "certificates of earlier messages", e);
	return rc == -1 ? -1 : n;
}

/*
 * Each row is fetched by itself, so that ${each} may change transactions,
 * commit and roll back; the place is kept in the key.
 */
int
store_overdue(struct store *s, int64_t now, int (*each)(void *arg,
    struct txn *t, struct err *e), void *arg, struct err *e)
{
	struct store_use u;
	int64_t by = 0, id = INT64_MAX;	/* confirm_by 0 is "no limit" */
	struct txn t;
	int rc;

	txn_init(&t);
	do {
		store_use(s, STMT_TXN_OVERDUE, "SELECT " COLUMNS " FROM txn "
		    "WHERE state = 1 AND confirm_by < ? "
		    "AND (confirm_by, id) > (?, ?) "
		    "ORDER BY confirm_by, id LIMIT 1", &u);
		store_bind_int(&u, now);
		store_bind_int(&u, by);
		store_bind_int(&u, id);
		rc = store_step(&u, e);
		if (rc == 1 && load(&u, &t, e) == -1)
			rc = -1;
		by = t.confirm_by;
		id = t.id;
		store_end(&u);
		if (rc == 1 && each(arg, &t, e) == -1)
			rc = -1;
	} while (rc == 1);
	txn_release(&t);
	return rc;
}

int
store_txns(struct store *s, int (*each)(void *arg, const struct txn *t),
    void *arg, struct err *e)
{
	struct store_use u;
	struct txn t;
	int rc;

	txn_init(&t);
	store_use(s, STMT_TXN_LIST, "SELECT " COLUMNS " FROM txn ORDER BY id",
	    &u);
	while ((rc = store_step(&u, e)) == 1)
		if (load(&u, &t, e) == -1 || each(arg, &t) == -1) {
			rc = -1;
			break;
		}
	store_end(&u);
	txn_release(&t);
	return rc;
}

static void
bind_numbers(struct store_use *u, const struct txn *t)
{
	store_bind_int(u, t->state);
	store_bind_int(u, t->body);
	store_bind_int(u, t->cert_req_id);
	store_bind_int(u, t->confirm_by);
	store_bind_int(u, t->explicit_asked != 0);
	store_bind_int(u, t->created);
	store_bind_int(u, t->messages);
	store_bind_int(u, t->check_at);
}

static int
insert(struct store *s, struct txn *t, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_TXN_INSERT, "INSERT INTO txn "
	    "(" NUMBERS ", " KEYS ", " BYTES ") VALUES "
	    "(?,?,?,?,?,?,?,?, ?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?, "
	    "?,?,?,?,?)", &u);
	bind_numbers(&u, t);
	for (size_t i = 0; i < N_MEMBERS; i++)
		store_bind(&u, buf_slice(member(t, i)));
	if (store_run(&u, e) == -1)
		return -1;
	t->id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

static int
update(struct store *s, struct txn *t, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_TXN_UPDATE, "UPDATE txn SET "
	    "(" NUMBERS ", " BYTES ") = "
	    "(?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?) "
	    "WHERE id = ?", &u);
	bind_numbers(&u, t);
	for (size_t i = N_KEYS; i < N_MEMBERS; i++)
		store_bind(&u, buf_slice(member(t, i)));
	store_bind_int(&u, t->id);
	if (store_run(&u, e) == -1)
		return -1;
	if (store_changes(s) != 1)
		return err_set(e, E_STORE, "state/cmp.db: transaction %lld is "
		    "not there", (long long)t->id);
	return 0;
}

int
store_put_txn(struct store *s, struct txn *t, struct err *e)
{
	/* A bad buffer would be written as an empty one. */
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (buf_bad(member(t, i)))
			return buf_err(member(t, i), "transaction", e);
	return t->id == 0 ? insert(s, t, e) : update(s, t, e);
}
