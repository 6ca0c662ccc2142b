#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include <sqlite3.h>

#include "store/store.h"

/* One statement each: prepared when first used, kept until store_close(). */
enum store_stmt {
	STMT_BEGIN, STMT_COMMIT, STMT_SAVEPOINT, STMT_RELEASE, STMT_ROLLBACK_TO,
	STMT_TXN_GET, STMT_TXN_ROW, STMT_TXN_INSERT, STMT_TXN_UPDATE, STMT_TXN_SIGNERS,
	STMT_TXN_OVERDUE, STMT_TXN_LIST,
	STMT_CERT_INSERT, STMT_CERT_REVOKE, STMT_CERT_KEY, STMT_CERT_SERIAL,
	STMT_CERT_UNHASHED, STMT_CERT_HASHED,
	STMT_CERT_LIST, STMT_CERT_GET,
	STMT_OUT_INSERT, STMT_OUT_LAST, STMT_OUT_NEXT, STMT_OUT_DELIVERED,
	STMT_OUT_NAMED, STMT_OUT_SENT,
	STMT_SEEN_GET, STMT_SEEN_INSERT,
	STMT_UNV_INSERT, STMT_UNV_LAST, STMT_UNV_OUTBOX, STMT_UNV_DELETE,
	STMT_UNL_GET, STMT_UNL_PUT,
	STMT_TICKET_GET, STMT_TICKET_LIST, STMT_TICKET_INSERT,
	STMT_TICKET_DELETE, STMT_TICKET_USE, STMT_TICKET_FAIL,
	STMT_TICKET_UNLOCK, STMT_TICKET_BACK,
	STMT_HELD_INSERT, STMT_HELD_GET, STMT_HELD_LIST, STMT_HELD_DELETE,
	STMT_HELD_SHOWN,
	STMT_HELD_DECIDE, STMT_HELD_REASON, STMT_POLL_EMPTY, STMT_POLL_SET,
	STMT_HELD_OPEN, STMT_APPROVAL_INSERT, STMT_APPROVAL_LIST,
	STMT_AUDIT_HEAD, STMT_AUDIT_INSERT, STMT_AUDIT_LIST,
	STMT_RELAY_INSERT, STMT_RELAY_FIND, STMT_RELAY_TAKEN, STMT_RELAY_TXN,
	STMT_RELAY_LAST, STMT_RELAY_ANSWER, STMT_RELAY_LINK, STMT_RELAY_LIST,
	STMT_RELAY_MEDIUM, STMT_RELAY_AGAIN, STMT_RELAY_SAME,
	STMT_RELAY_SET_LAST, STMT_BATCH_QUEUE, STMT_BATCH_NEXT,
	STMT_BATCH_SENT, STMT_BATCH_PUT, STMT_BATCH_FIND, STMT_BATCH_HAS,
	STMT_BATCH_LOST, STMT_BATCH_DONE, STMT_BATCH_WAIT,
	STMT_BATCH_KNOWN,
	STMT_BUNDLE_PASSED, STMT_BUNDLE_PASS,
	STMT_BUNDLE_FIND, STMT_BUNDLE_INSERT, STMT_BUNDLE_MEMBER,
	STMT_BUNDLE_KEEP, STMT_BUNDLE_KEPT, STMT_BUNDLE_CLOSED,
	STMT_BUNDLE_ADD, STMT_BUNDLE_COUNT, STMT_BUNDLE_TOTAL,
	STMT_BUNDLE_PARTS, STMT_BUNDLE_MARK, STMT_BUNDLE_CLOSE,
	STMT_BUNDLE_SEEN,
	STMT_OUT_NAME,
	STMT_FLOOR_GET, STMT_FLOOR_PUT,
	STMT_CRL_LAST, STMT_CRL_PUT, STMT_REVOKED, STMT_REVOKED_COUNT,
	STMT__COUNT
};

struct store {
	sqlite3		*db;
	int		 dirfd;		/* state/ */
	int		 readonly;
	int		 begun;		/* between begin and commit */
	int		 broken;	/* half a message is written */
	sqlite3_stmt	*stmt[STMT__COUNT];
};

/*
 * One use of a statement.  Failures are sticky: the first one is reported by
 * store_step() or store_run().  Parameters are bound in order and borrowed
 * until store_end().
 */
struct store_use {
	struct store	*s;
	sqlite3_stmt	*st;
	int		 n;		/* parameters bound so far */
	int		 rc;
};
void	store_use(struct store *s, enum store_stmt which, const char *sql,
	    struct store_use *u);
void	store_bind(struct store_use *u, struct slice v);
void	store_bind_int(struct store_use *u, int64_t v);
void	store_bind_text(struct store_use *u, const char *v);
void	store_bind_null(struct store_use *u);

/* 1 there is a row, 0 there is none, -1.  After 1, store_end() must follow. */
int	store_step(struct store_use *u, struct err *e);
/* The statement is ready for the next use; its columns are gone. */
void	store_end(struct store_use *u);
/* Run a statement that gives no rows: 0 or -1. */
int	store_run(struct store_use *u, struct err *e);
/* How many rows the last store_run() changed. */
int	store_changes(struct store *s);

/* Columns of the row store_step() found, from 0; valid until the next step. */
struct slice	 store_col(struct store_use *u, int i);
int64_t		 store_col_int(struct store_use *u, int i);
const char	*store_col_text(struct store_use *u, int i);

/* Describe ${rc} of SQLite as E_STORE; return -1. */
int	store_fail(struct store *s, int rc, const char *what, struct err *e);
/* Are we inside the commit that store_begin() opened, with all its rows? */
int	store_inside(struct store *s, struct err *e);

/* The parts of store_put(). */
int	store_put_txn(struct store *s, struct txn *t, struct err *e);
int	store_put_cert(struct store *s, const struct txn_cert *c, int64_t txn,
	    struct err *e);
int	store_put_revoke(struct store *s, const struct effects *f, int64_t at,
	    struct err *e);
int	store_put_ticket(struct store *s, const struct effects *f,
	    struct err *e);
/* The request of ${txn} came to nothing: its ticket may be used again. */
int	store_ticket_back(struct store *s, int64_t txn, struct err *e);
/* Before and after store_put_answer(): requests that are held. */
int	store_put_held(struct store *s, const struct effects *f, int64_t txn,
	    struct err *e);
int	store_put_approvals(struct store *s, const struct effects *f,
	    int64_t txn, int64_t now, struct err *e);
int	store_put_polled(struct store *s, int64_t txn, const uint8_t *identity,
	    struct err *e);
/* After it: what pollReqs are answered with (store_relay.c). */
int	store_put_last(struct store *s, const struct effects *f,
	    const char *name, struct err *e);
int	store_put_answer(struct store *s, const struct store_row *row,
	    char final_name[static STORE_NAME], struct err *e);
int	store_put_outbox(struct store *s, const struct store_row *row,
	    char final_name[static STORE_NAME], int64_t *id, struct err *e);
/*
 * What is not verified: the answer ${outbox} may be forgotten with its
 * identity, and there is one audit row a day for each code.
 */
int	store_put_unverified(struct store *s, const uint8_t *identity,
	    int64_t outbox, struct err *e);
int	store_put_unlisted(struct store *s, const struct store_row *row,
	    struct err *e);
int	store_put_audit(struct store *s, const struct store_row *row,
	    struct err *e);

#endif
