#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "txn/txn.h"

/*
 * The memory of a home: HOME/state/cmp.db.  SQLite, WAL, synchronous=FULL.
 * The only door to SQLite.  Commits wait for each other; what is a single
 * one, as what an operator decides, needs no other lock, and what reads, does
 * something and writes needs that of the home.
 *
 * What has to be true together is written in one commit: certificate,
 * answer, transaction, audit row.  Many messages may share a commit:
 *
 *	store_begin(); for each message { store_savepoint(); ... store_put();
 *	store_release() or store_rollback_to(); } store_commit();
 *
 * After any failure of store_commit() nothing of it has happened.
 */
struct store;

/*
 * Open (and with ${create} make) the store below ${homefd}.  Newer schema
 * than ours: E_STORE_VERSION.  Everything else that goes wrong: E_STORE.
 * ${readonly} opens without writing; nothing but reading functions may then
 * be called.
 */
enum store_mode { STORE_CREATE, STORE_WRITE, STORE_READ };
int	store_open(int homefd, enum store_mode mode, struct store **out,
	    struct err *e);
void	store_close(struct store *s);

int	store_begin(struct store *s, struct err *e);
int	store_commit(struct store *s, struct err *e);
void	store_rollback(struct store *s);
/* Is one open? */
int	store_begun(const struct store *s);
int	store_savepoint(struct store *s, struct err *e);
int	store_release(struct store *s, struct err *e);
int	store_rollback_to(struct store *s, struct err *e);

/*
 * Identity of a request, 32 bytes: SHA-256(header || body) with its verified
 * sender.  The stored answer to it, if there is one, goes to ${name} and
 * ${answer} (appended): 1 found, 0 not.  A message that was taken and had no
 * answer is found, and nothing is appended.  Of a bundle only the name is:
 * store_answer_find() and store_answer_each() have it in pieces.
 */
int	store_answer(struct store *s, const uint8_t identity[static 32],
	    struct buf *name, struct buf *answer, struct err *e);

/*
 * The transaction of ${peer} (SHA-256 of SPKI; empty at the device) and
 * ${transaction_id} into ${t}: 1 found, 0 not.
 */
int	store_txn(struct store *s, struct slice peer,
	    struct slice transaction_id, struct txn *t, struct err *e);

/* The transaction of row ${id}: 1 found, 0 not. */
int	store_txn_row(struct store *s, int64_t id, struct txn *t,
	    struct err *e);

/*
 * Signers, and what is above them, of the requests that started any transaction with this
 * ${transaction_id}, appended to ${out} as consecutive Certificate TLVs: a
 * hint where to look for a signer, no statement about trust, so what does
 * not fit into ${out} is left out, the longest first.  Returns how many
 * transactions there are, or -1.
 */
int	store_signers(struct store *s, struct slice transaction_id,
	    struct buf *out, struct err *e);

/*
 * Is the key of ${key_hash} certified here, and for which subject?  1 found, 0
 * not.  ${revoked}: any certificate of the key is revoked.  store_key_fill()
 * belongs before it: certificates that have no hash yet get that of ${hash},
 * or never one if it returns -1.
 */
int	store_key(struct store *s, const uint8_t key_hash[static 32],
	    struct buf *subject, int *revoked, struct err *e);
int	store_key_fill(struct store *s, int (*hash)(struct slice der,
	    uint8_t out[static 32]), struct err *e);

/* Is this serial (unsigned bytes) taken?  1, 0, -1. */
int	store_serial_taken(struct store *s, struct slice serial,
	    struct err *e);

/*
 * Make the effects and the answer of one message part of the open commit:
 * transaction, certificate, revocation, outbox row, identity, audit row.
 * ${answer} may be SLICE_NONE.  ${name} is "<16 hex>-<n>-<body>.pki"; a
 * name that another answer has gets a number, and ${final_name} has what it
 * became.
 */
#define STORE_NAME	96
#define STORE_DIR	72
struct store_row {
	const uint8_t		*identity;	/* 32 bytes, or NULL */
	const struct effects	*effects;
	struct slice		 answer;
	const char		*dir;		/* below out/; NULL as "" */
	const char		*name;
	int			 later;		/* not to be delivered yet */
	enum err_code		 code;		/* E_NONE if it went well */
	int			 unverified;	/* the message: see below */
	int64_t			 now;
};
int	store_put(struct store *s, const struct store_row *row,
	    char final_name[static STORE_NAME], struct err *e);

/*
 * What anybody can send without end must not fill the store: of the answers
 * to messages that are ${unverified} the last STORE_UNVERIFIED are kept,
 * so that an honest sender's second copy gets the same one, and the audit
 * trail gets the first of each code a day, with the number of those before.
 * store_forget() drops what is older, delivered or not; it belongs after the
 * delivery and into the open commit.  1 some, 0 none, -1.
 */
#define STORE_UNVERIFIED	1000
int	store_forget(struct store *s, struct err *e);

/*
 * The outbox: answers that are committed and not yet delivered, oldest
 * first.  ${each} returns 0, or -1 to stop.  store_delivered() marks one
 * (in a commit of the caller's or its own); until that is durable it will be
 * delivered again, with the same bytes.  ${dir} is where the first copy of
 * the request asked for it; a later one may want it elsewhere.
 */
struct store_answer {
	int64_t		 id;
	const char	*dir, *name;
	struct slice	 answer;
	int64_t		 bundle;	/* 0, or it is one (store_bundle.h), */
	struct slice	 suffix;	/* and ends with this */
};
int	store_outbox(struct store *s, int (*each)(void *arg,
	    const struct store_answer *a, struct err *e), void *arg,
	    struct err *e);
int	store_delivered(struct store *s, int64_t id, struct err *e);

/*
 * All of ${a} in pieces, one for a plain answer, and always the same.
 * ${piece} returns 0, or -1 to stop, and leaves the store alone.
 */
int	store_answer_each(struct store *s, const struct store_answer *a,
	    int (*piece)(void *arg, struct slice data, struct err *e),
	    void *arg, struct err *e);
/* How many bytes that is. */
int	store_answer_size(struct store *s, const struct store_answer *a,
	    uint64_t *size, struct err *e);
/* The message ${name}, delivered or not, kept in ${keep}: 1, 0, -1. */
int	store_answer_find(struct store *s, const char *name,
	    struct store_answer *a, struct buf *keep, struct err *e);

/* The same by name; one that does not wait any more is no failure. */
int	store_delivered_name(struct store *s, const char *name,
	    struct err *e);

/*
 * The last message whose name is ${stem} with its suffix, and perhaps a
 * number before that: 1, its name in ${name} and its bytes appended to
 * ${message}; or 0.
 */
int	store_sent(struct store *s, const char *stem,
	    char name[static STORE_NAME], struct buf *message, struct err *e);

/* Transactions that wait for a certConf longer than ${now}. */
int	store_overdue(struct store *s, int64_t now, int (*each)(void *arg,
	    struct txn *t, struct err *e), void *arg, struct err *e);

/*
 * The certificate with ${serial} (unsigned bytes): 1 found, 0 not.  What
 * ${c} points to is appended to ${keep}; ${c->serial} is ${serial}.
 */
struct store_cert;
int	store_cert(struct store *s, struct slice serial, struct store_cert *c,
	    struct buf *keep, struct err *e);

/* For lists: one call a row, borrowed until it returns.  ${each} returns 0,
 * or -1 to stop; then the list returns -1 and leaves ${e} alone. */
struct store_cert {
	struct slice	 serial, subject, der;
	int64_t		 not_before, not_after, revoked_at;
	int64_t		 first_issued;	/* of the line of updates */
	int		 revoked, reason;
	int		 has_invalidity;	/* store_revoked_next() only */
	int64_t		 invalidity;
	int		 unconfirmed;	/* its certConf is awaited */
	int64_t		 txn;		/* that issued it, or 0 */
	const char	*profile;
};
int	store_certs(struct store *s, int (*each)(void *arg,
	    const struct store_cert *c), void *arg, struct err *e);
int	store_txns(struct store *s, int (*each)(void *arg,
	    const struct txn *t), void *arg, struct err *e);

/*
 * Tickets: secrets that a CA shares with devices (RFC 9483 4.1.5).
 * store_ticket() finds one by its reference, 1 found, 0 not: its texts are
 * appended to ${keep}, the secret to ${secret}; no list has the secret.
 * store_ticket_add(): 1 added, 0 the reference is taken.
 * store_ticket_remove(), store_ticket_unlock(): 1 done, 0 there is none.
 */
#define TICKET_FAILURES	20	/* wrong MACs, then it is locked */
struct store_ticket {
	struct slice	 ref;
	const char	*subject;	/* PATTERN */
	const char	*san;		/* PATTERNs, one a line */
	const char	*profile;
	int64_t		 expires;	/* 0: never */
	int64_t		 uses_left;	/* -1: no limit */
	int64_t		 failures, created;
	int		 locked;
};
int	store_ticket(struct store *s, struct slice ref, struct store_ticket *t,
	    struct buf *keep, struct buf *secret, struct err *e);
int	store_tickets(struct store *s, int (*each)(void *arg,
	    const struct store_ticket *t), void *arg, struct err *e);
int	store_ticket_add(struct store *s, const struct store_ticket *t,
	    struct slice secret, struct err *e);
int	store_ticket_remove(struct store *s, struct slice ref, struct err *e);
int	store_ticket_unlock(struct store *s, struct slice ref, struct err *e);

/*
 * CRLs: the one with the highest number (1, or 0 and number -1 if there was
 * none yet), and making one part of the open commit, or only its ${written}
 * if the number is there already.
 */
struct store_crl {
	int64_t	number, this_update, next_update;
	int64_t	revoked;	/* certificates that were revoked then */
	int	written;
};
int	store_crl_last(struct store *s, struct store_crl *c, struct err *e);
int	store_crl_put(struct store *s, const struct store_crl *c,
	    struct err *e);
int	store_revoked_count(struct store *s, int64_t *n, struct err *e);

/*
 * Walk over the revoked certificates that were good at ${alive} or are
 * revoked since, newest revocation first: serial, revoked_at, reason,
 * invalidity.  1 there is one, 0 there is none, -1.  Always to be ended.  Two
 * walks in one commit that revokes nothing between give the same.
 */
struct store_walk;
int	store_revoked(struct store *s, int64_t alive,
	    struct store_walk **out, struct err *e);
int	store_revoked_next(struct store_walk *w, struct store_cert *c,
	    struct err *e);
void	store_revoked_end(struct store_walk *w);

/*
 * Requests that are held.  store_held() appends that of ${txn}, and why an
 * operator refused it: 1 found, 0 not.  store_helds() lists them, oldest
 * first.  store_decide() makes the decision on one, with an audit row about
 * ${digest}, part of the open commit: yes, or with a ${reason} no.
 * E_NOT_FOUND if it is not there or is decided.
 */
struct store_held {
	int64_t		 txn, created;
	enum txn_state	 state;
	struct slice	 transaction_id, digest, request, signer, subject, san,
			 spki;
	int64_t		 not_before, not_after;
	enum body	 body;
	const char	*profile, *changes, *why, *reason;
	const char	*quorum;	/* approvals asked for, or "" */
	const char	*usages;	/* "" in rows of an older program */
};
/* Does ${txn} wait for approvals and for no operator?  1, 0, -1. */
int	store_held_open(struct store *s, int64_t txn, struct err *e);

/*
 * Registration authorities that have approved the request of ${txn}, in the
 * order they came.
 */
struct store_approval {
	struct slice	 key, signer, message;
	const char	*rules;
	int64_t		 time;
};
int	store_approvals(struct store *s, int64_t txn, int (*each)(void *arg,
	    const struct store_approval *a), void *arg, struct err *e);
int	store_held(struct store *s, int64_t txn, struct buf *request,
	    struct buf *reason, struct err *e);
/* What of ${txn} an operator was shown, kept in ${keep}: 1, 0, -1. */
int	store_held_shown(struct store *s, int64_t txn, struct txn_hold *h,
	    struct buf *keep, struct err *e);
int	store_helds(struct store *s, int (*each)(void *arg,
	    const struct store_held *h), void *arg, struct err *e);
int	store_decide(struct store *s, int64_t txn, const char *reason,
	    const char *digest, int64_t now, struct err *e);

/*
 * The audit trail: rows chained by SHA-256, each over the one before.
 * store_audit_check() walks it; E_STORE names the first row that does not
 * follow.  store_audit() lists it.
 */
/*
 * The latest time of any row since the last with the event
 * STORE_CLOCK_ACCEPTED: 1, or 0 if there is none.
 */
#define STORE_CLOCK_ACCEPTED	"clock-accepted"
int	store_floor(struct store *s, int64_t *when, struct err *e);
int	store_audit_check(struct store *s, int64_t *rows,
	    uint8_t head[static 32], struct err *e);
struct store_audit {
	int64_t		 id, time, txn;		/* txn: row, 0 if none */
	const char	*code, *event, *detail;
};
int	store_audit(struct store *s, int (*each)(void *arg,
	    const struct store_audit *a), void *arg, struct err *e);

#endif
