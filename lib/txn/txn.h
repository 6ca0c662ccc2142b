#ifndef TXN_TXN_H
#define TXN_TXN_H

#include "base/buf.h"
#include "base/err.h"
#include "msg/msg.h"

/*
 * Transactions: pure rules about what may follow what (RFC 9483 4 and 5),
 * the facts about a transaction that the store knows, and the effects that
 * an answer has.  No function here has a side effect.
 */

/* State of a transaction, as it stands in the store: do not renumber. */
enum txn_state {
	TXN_NONE = 0,		/* not known */
	/* at the CA */
	TXN_CONFIRM = 1,	/* certificate issued, certConf is expected */
	TXN_DONE = 2,		/* finished well */
	TXN_FAILED = 3,		/* rejected or given up */
	TXN_HELD = 4,		/* told to wait, an operator decides */
	TXN_APPROVED = 5,	/* decided: the next pollReq gets it */
	TXN_REFUSED = 6,	/* decided: the next pollReq is told */
	/* at the device */
	TXN_OPEN = 11,		/* request made, answer is expected */
	TXN_PKICONF = 12,	/* certConf made, pkiConf is expected */
	TXN_WAITING = 13,	/* told to wait, pollReq made */
	/* at the RA */
	TXN_RELAYED = 21,	/* passed on, its sender has no answer yet */
	TXN_DELAYED = 22,	/* its sender was told by us to wait */
	TXN_ANSWERED = 23,	/* has upstream's answer, more may come */
	TXN__MAX = 32
};

/* "waits for certConf": for people. */
const char *txn_state_name(enum txn_state s);

/* What is known of the transaction a message belongs to. */
struct txn {
	int64_t		 id;		/* row, 0 if there is none */
	enum txn_state	 state;
	enum body	 body;		/* of the first request */
	struct buf	 transaction_id;
	struct buf	 peer;		/* CA: SHA-256 of the signer's SPKI */
	struct buf	 signer_hash;	/* CA: of its certificate; none: MAC */
	struct buf	 our_nonce;	/* last senderNonce we sent */
	struct buf	 peer_nonce;	/* last senderNonce we received */
	struct buf	 serial;	/* certificate issued or installed */
	struct buf	 cert;		/* its DER */
	int64_t		 cert_req_id;
	int64_t		 confirm_by;	/* CA: 0 if none */
	int		 explicit_asked; /* the request did not ask for implicit */
	int64_t		 created;
	int64_t		 messages;	/* sent in this transaction so far */
	/* Who signed the first request (CA) or its answer (device), with
	 * what is above. */
	struct buf	 signer_certs;
	/* at the device: what was asked for */
	struct buf	 subject, san;	/* Name TLV, in a genm its content;
					 * GeneralNames TLV */
	struct buf	 key_file;	/* path below HOME; genm: profile */
	struct buf	 answer_dir;	/* at the RA: where answers go */
	struct buf	 cert_file, sign_key_file, chain_file, pass_file;
	struct buf	 spki;
	/* waiting: senderNonce of what has no answer yet; when to ask */
	struct buf	 first_nonce;
	int64_t		 check_at;
	/* MACs: AlgorithmIdentifier of the first request, the reference of
	 * the secret, and at the device the file that has it. */
	struct buf	 mac_alg, mac_ref, secret_file;
};
void	txn_init(struct txn *t);
void	txn_release(struct txn *t);

/* A certificate that an answer brings into being. */
struct txn_cert {
	struct slice	 der, serial, subject, spki;
	struct slice	 key_hash;	/* alg_key_hash(); none: looked up later */
	int64_t		 not_before, not_after;
	int64_t		 first_issued;
	const char	*profile;
};

/* A request that an operator is to decide, as it would be granted. */
struct txn_hold {
	struct slice	 request;	/* the message as it came */
	struct slice	 signer, subject, san, spki;
	int64_t		 not_before, not_after;
	const char	*profile, *changes, *why;
	const char	*quorum;	/* approvals asked for, or "" */
	const char	*usages;	/* wish_usages(); NULL as "" */
};

/* A registration authority that has approved the request. */
struct txn_approval {
	struct slice	 message;	/* the nested one, as it was signed */
	struct slice	 key, signer;	/* SHA-256 of the SPKI; Name */
	const char	*rules;		/* [ra] that it fits */
};

/*
 * What becomes of the secret that was used, or was tried with a wrong MAC, or
 * whose request was held and came to nothing.
 */
enum txn_ticket { TICKET_SAME, TICKET_USED, TICKET_FAILED, TICKET_BACK };

/* At an RA: is it what a pollReq is to be answered with from now on? */
enum txn_last { LAST_SAME, LAST_THIS, LAST_NONE };

/* What an answer changes.  Plain data; only the store makes it true. */
struct effects {
	struct txn	*txn;		/* the row as it is to be: insert or update */
	int		 changes_txn;
	int		 has_cert;
	struct txn_cert	 cert;
	int		 revoke;	/* the certificate of this transaction */
	int		 revoke_reason;
	int		 has_invalidity;
	int64_t		 invalidity;	/* invalidityDate (RFC 5280 5.3.2) */
	enum txn_ticket	 ticket;
	struct slice	 ticket_ref;
	int		 has_hold;	/* keep the request for an operator */
	struct txn_hold	 hold;
	const struct txn_approval *approvals;
	size_t		 n_approvals;
	int		 polled;	/* an answer to pollReq: not the last */
	enum txn_last	 last;
	int		 unhold;	/* decided and told: forget the request */
	char		 event[32];	/* for the audit row: "issued" */
	char		 detail[256];
};

/*
 * May ${body} come in ${state}?  The tables of RFC 9483 4 and 5, default no:
 * E_BODY_STATE.
 */
enum txn_side { TXN_AT_DEVICE, TXN_AT_CA, TXN_AT_RA };
int	txn_may(enum txn_state state, enum body body, enum txn_side side,
	    struct err *e);

#endif
