#ifndef ROLE_ENGINE_INT_H
#define ROLE_ENGINE_INT_H

#include "role/engine.h"
#include "role/home.h"

/* Anchors of all rules, each once, with the CRLs that go with them. */
struct trust {
	struct certs		*files;		/* one for each anchor file */
	size_t			 n_files;
	struct crl		**crls;
	size_t			 n_crls;
	struct anchor		*anchors;
	size_t			 n_anchors;
	struct policy_rule	*rules;		/* CA: one for each [enrol] */
	size_t			 n_rules;
	struct policy_rule	*ras;		/* CA: one for each [ra] */
	size_t			 n_ras;
	void			**lists;	/* arrays the above point to */
	size_t			 n_lists;
};

struct ca_info;

struct engine {
	int			 homefd;
	struct conf		*conf;
	enum role		 role;
	struct store		*store;
	struct trust		 trust;
	int64_t			 now;
	const struct conf_channel *by;		/* of the message at hand */
	uint8_t			 stamp[32];	/* of the files it was made of */
	/* ee: an answer of the open commit may bring the first anchor. */
	int			 has_root;

	/* ca, ra: the message at hand is a member of a bundle: its answer goes
	 * into that of the bundle, so it needs one now. */
	int			 in_bundle;

	/* ra */
	struct trust		 upstream;	/* who answers it */
	struct certs		 up_cert;
	struct key		*up_key;
	struct signer		 up_signer;	/* of what goes upstream;
						 * ${signer}: of answers */
	int64_t			 batch;		/* whose answers these are, or 0 */

	/* ca */
	struct certs		 ca_cert, ca_chain, prot_cert;
	struct key		*ca_key, *prot_key;
	struct signer		 signer;
	/* TLVs above what we issue, our protection certificate included:
	 * sent with every answer, for any may be a device's first. */
	struct buf		 issued_chain;
	struct verify_budget	 mac_budget;
	int64_t			 mac_since;	/* when it was filled */
	struct ca_info		*info;		/* NULL: not read yet */
};

/*
 * trust.c: from rules, [ra] among them, whose files are anchors and pinned
 * certificates; for a device from trust/.
 */
int	trust_load_rules(struct trust *t, int homefd,
	    const struct conf_rules *rules, const struct conf_rules *ras,
	    struct err *e);
int	trust_load_dir(struct trust *t, int homefd, struct err *e);
/* ${c}, which has to outlive ${t}, as one more anchor without CRLs. */
int	trust_add(struct trust *t, const struct cert *c, struct err *e);
void	trust_release(struct trust *t);
/*
 * Which [ra] rules the signer of ${c} fits at ${now}: it is one of their
 * certificates, or has cmcRA and is below one of their anchors, whatever other
 * anchor its path ended in.  1 if there is any.
 */
int	trust_ra(struct trust *t, const struct checked *c, int64_t now,
	    struct policy_ra *out);
/* The anchor of an [enrol] rule that the signer of ${c} is below, or NULL. */
const struct cert *trust_device(struct trust *t, const struct checked *c,
	    int64_t now);

/*
 * sender.c: what kind of sender ${c} has.  What stands in the store is ours,
 * whatever anchor it is below; only for the rest does the anchor say what it
 * is.  ${now} is when the message counts, for what is not ours.  Texts in
 * ${out} point into ${row}.  MACs are for the caller.
 */
struct sender {
	enum authz_sender	 kind;
	const struct cert	*anchor;
	struct policy_ra	 ra;		/* AUTHZ_RA */
	struct store_cert	 own;		/* ours; serial.n 0: it is not */
	struct buf		 row;
};
void	sender_init(struct sender *s);
void	sender_release(struct sender *s);
int	sender_find(struct engine *en, const struct checked *c, int64_t now,
	    struct sender *s, struct err *e);
/* May it sign for others?  E_PATH_REVOKED, E_NOT_CONFIRMED. */
int	sender_in_force(const struct sender *s, struct err *e);

/* engine_load.c: files below HOME; ${pass} may be NULL.  E_KEY_*, E_CERT_*. */
int	engine_load_key(struct engine *en, const char *file,
	    const char *pass, struct key **out, struct err *e);
int	engine_load_certs(struct engine *en, const char *file,
	    struct certs *out, struct err *e);

/* ra.c, ra_down.c: a request goes up, an answer down. */
int	ra_load(struct engine *en, struct err *e);
void	ra_handle(struct engine *en, struct slice der, struct outcome *o);
int	ra_due(struct engine *en, int flush, char note[static ENGINE_NOTE],
	    struct err *e);
/* ra_hold.c: what an operator has decided.  Their number or -1. */
int	ra_decided(struct engine *en, struct err *e);

/* ca.c, ee.c */
int	ca_load(struct engine *en, struct err *e);
/* Is it the root of what we issue, or issued before a rollover? */
int	ca_is_own(const struct engine *en, const struct cert *c);
/* The self-signed certificate above all we issue, if we have it. */
struct slice ca_root(const struct engine *en);
void	ca_handle(struct engine *en, struct slice der, struct outcome *o);
void	ee_handle(struct engine *en, struct slice der, struct outcome *o);

/*
 * secret.c: the ticket that MACs are checked with.  secret_find() is for
 * verify_ask: a ticket that is locked is as good as none, which
 * secret_explain() says to the operator but not to the peer, and returns -1.
 * What a transaction needs that is ${running} already it gets all the same:
 * forged messages shall not end it.
 */
struct secret {
	struct store		*store;
	struct store_ticket	 ticket;	/* ref.p NULL: none was found */
	struct buf		 row;		/* what it points into */
	int			 running;	/* no message that starts: below */
};
void	secret_init(struct secret *k, struct store *s);
void	secret_release(struct secret *k);
int	secret_find(void *arg, struct slice reference, struct buf *out,
	    struct err *e);
int	secret_explain(const struct secret *k, struct err *e);
/* Each minute there is a fresh budget for wrong MACs ([ca] mac-work). */
void	secret_refill(struct engine *en);
void	secret_facts(const struct secret *k, struct policy_ticket *t);
/*
 * A request uses the ticket when it is granted or held, not again when it is
 * decided: what of the ticket ends by itself ends for new requests only.
 */
void	secret_use(const struct secret *k, const struct checked *c,
	    const struct op_facts *facts, struct effects *f);
void	secret_counted(struct policy_ticket *t);
/* Is a MAC of the kind that the first of ${t} was?  E_PROT_SAME. */
int	secret_same(const struct checked *c, const struct txn *t,
	    struct err *e);

/*
 * held.c: the request that ${t} holds, verified as it was when it came, for
 * a pollReq ${c} that has to be by the same certificate, or made with the same
 * secret.  ${vouched}: that certificate, if only an RA stands for it; or NULL.
 * ${h->op} is set as soon as an answer to it can be made.  E_NOT_APPROVED, E_PROT_*, E_PATH_*.
 */
struct held {
	struct buf		 request, reason;
	struct msg		 msg;
	const struct op		*op;
	struct checked		*checked;
	struct anchor		*anchors;	/* without CRLs */
	struct secret		 secret;
	struct txn_hold		 shown;		/* if it is approved; in keep */
	struct buf		 keep;
};
void	held_init(struct held *h, struct store *s);
void	held_release(struct held *h);
int	held_load(struct engine *en, const struct txn *t,
	    const struct checked *c, const struct cert *vouched,
	    struct held *h, struct err *e);

/*
 * known.c: has a certificate of the key ${hash} (alg_key_hash) been issued, and
 * for which subject?  store_key(), with what an older program issued.
 */
int	known_key(struct store *s, const uint8_t hash[static 32],
	    struct buf *subject, int *revoked, struct err *e);

/*
 * reject.c: the negative answer to ${m} for ${o->err} (RFC 9483 3.6.2): in
 * ${op}'s own response if ${in_body} and it enrols, else an error message.
 * Fills ${o->name} and ${o->answer}, not the store.  It is signed, or made
 * with the secret ${mac} of a message that verified with it.
 */
int	reject_make(struct engine *en, const struct msg *m, const struct op *op,
	    const struct shared *mac, int in_body, int64_t number,
	    struct outcome *o, struct err *e);

/* "<16 hex>-<n>-<body>.pki" (design.md section 5). */
void	engine_name(char t[static STORE_NAME], struct slice transaction_id,
	    int64_t number, enum body body);

/* The common start of an answer to ${m}: ids, nonces, recipient, time. */
void	engine_head(struct draft *d, const struct msg *m, int64_t now,
	    const uint8_t nonce[static 16]);

/*
 * Who signed ${c} and what is above, into ${to}: all that later messages may
 * leave out, or what is needed to see it again.  What else came in extraCerts
 * is not verified, and nobody has to keep it.  A path that does not fit leaves
 * nothing: it is a hint only.
 */
void	engine_keep_signer(const struct checked *c, struct buf *to);

/*
 * The version of a CA's answer to ${m}: that of ${m}, or of ours the one that
 * is nearest to it (RFC 4210 7, RFC 9480 2.20).
 */
int	engine_pvno(const struct msg *m);

/*
 * engine_stamp.c: take home files as they are now for what we have read.  The
 * stamp is of cmp.conf, and if it is read of all files that it names.
 */
void	engine_stamp(struct engine *en);
void	engine_stamp_of(const struct engine *en, uint8_t out[static 32]);

/*
 * Is it worth another try?  E_CONF is a file of ours that is wrong: whoever
 * asks for what is in it is answered when that is mended.
 */
int	engine_is_temporary(enum err_code code);

#endif
