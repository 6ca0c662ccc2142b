#ifndef OP_OP_H
#define OP_OP_H

#include "msg/draft.h"
#include "msg/rev.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "policy/policy.h"
#include "prot/verify.h"
#include "txn/txn.h"

/*
 * PKI management operations: one file and one line of op.c's table each.
 *
 * Operations are pure.  They are given the message, the facts about it and
 * the configuration, and give back a draft of the answer and the effects it
 * has; they never call the store, and nothing has happened until the engine
 * commits.
 */

struct info;				/* op/info.h */
struct info_env;
struct info_words;

/* What a CA is while it handles messages.  Const. */
struct op_ca {
	struct policy_env	 policy;
	const struct key	*key;		/* signs certificates */
	struct sigalg		 alg;
	int64_t			 confirm_wait;
	int64_t			 check_after;	/* of a pollRep, seconds */
	struct slice		 root;		/* anchor of what we issue, or none */
	const struct info_env	*info;		/* for genm only */
};

/* A request as its operation has taken it apart. */
struct op_request {
	const struct checked	*checked;
	const struct msg	*msg;
	struct cert_req		 cert_req;
	struct buf		 spki;		/* TLV that is to be certified */
	struct cert_status	 status;	/* certConf */
	struct rev_details	 rev;		/* rr */
	struct slice		 target;	/* INTEGER content: serial of
						 * a certificate it is about */
	const struct info	*info;		/* genm: what is asked */
	struct slice		 info_value;	/* with what, or none */
};

/* What the store knows about it. */
struct op_facts {
	struct txn		*txn;		/* a fresh one if state is NONE */
	struct policy_facts	 policy;
	struct slice		 serial;	/* free, for a new certificate */
	struct slice		 key_hash;	/* alg_key_hash() of its key */
	/* What an operator saw and approved: not held, if it is that. */
	const struct txn_hold	*shown;
};

/* The answer that a CA gives. */
struct op_answer {
	struct draft		 draft;
	struct effects		 effects;
	struct buf		 cert;		/* what effects.cert points into */
	enum err_code		 code;		/* E_NONE, or why it is a "no" */
	char			 note[256];	/* for the operator's line */
};

/* What a device knows of the answer's transaction, and what comes of it. */
struct op_device {
	const struct anchor	*anchors;
	size_t			 n_anchors;
	int64_t			 now;
	struct txn		*txn;
};

/* A file to install: below HOME, one or two directories deep. */
#define OP_FILES	2
struct op_file {
	char		 name[160];
	struct buf	 content;
	int		 is_crl;	/* never to replace a newer one */
	int		 is_root;	/* waits to be accepted */
};
struct op_result {
	struct slice		 cert;		/* to be installed, or none */
	struct op_file		 files[OP_FILES];
	size_t			 n_files;
	int			 reply;		/* a draft is due */
	int			 done;		/* transaction ended well */
	int64_t			 poll_id;	/* waiting: what to poll for */
	struct draft		 draft;
	/* E_NONE, or why the certificate was not taken: with ${reply} the
	 * reply is a rejection, else it ends here. */
	struct err		 refused;
	char			 note[256];	/* what the CA changed or said */
};

/* What a device asks for.  All borrowed. */
struct request_ask;			/* role/request.h: the user's words */
struct op_build {
	struct slice		 subject, san;	/* Name, GeneralNames TLV */
	/* Of a template: Name TLV, content of [4], further Extension TLVs;
	 * the last also of a request that is passed on. */
	struct slice		 issuer, validity, extensions;
	const struct key	*new_key;
	const struct cert	*old;		/* that protects it, or NULL */
	struct slice		 csr;		/* PKCS#10 TLV, for p10cr */
	/* Instead of ${new_key}: SPKI TLV of a key whose possession the RA
	 * that asks has verified. */
	struct slice		 ra_verified;
	struct slice		 serial;	/* rr of another's certificate,
						 * by ${issuer}: INTEGER content */
	const struct request_ask *ask;
	int			 reason;	/* rr: CRLReason */
	const struct info_words	*info;		/* genm */
};

#define OP_STARTS	1	/* the request starts a transaction */
#define OP_ENROLS	2	/* its rejection goes into its own response */
#define OP_REVOKES	4	/* a revoked sender is for it to refuse */

struct op {
	const char	*name;		/* CLI word, golden directory, log word */
	enum body	 request, response;
	const char	*section;
	unsigned	 flags;

	/*
	 * CA.  read() takes the body apart (E_SYNTAX, E_REQ_*, E_CONF_*);
	 * answer() decides by policy and writes the answer.
	 */
	int	(*read)(struct op_request *r, struct err *e);
	int	(*answer)(const struct op_ca *ca, const struct op_request *r,
		    struct op_facts *facts, struct op_answer *a, struct err *e);

	/* The response that says no, if it is not a CertRepMessage; without
	 * it and OP_ENROLS that is an error message (RFC 9483 3.6.2). */
	void	(*reject)(struct draft *d, const char *text, enum fail fail);

	/* Device: write the request's body; what to do with the response. */
	int	(*build)(const struct op_build *b, struct draft *d,
		    struct err *e);
	int	(*accept)(const struct checked *c, const struct op_device *d,
		    struct op_result *r, struct err *e);
};

extern const struct op op_ir, op_cr, op_kur, op_certconf;
extern const struct op op_p10cr;
extern const struct op op_rr;
extern const struct op op_poll;
extern const struct op op_genm;

/* The operation whose request (or response) is ${b}; NULL if none is. */
const struct op *op_by_request(enum body b);
const struct op *op_by_response(enum body b);
const struct op *op_by_name(const char *name);

/* All of them, in the order of the table; NULL at the end. */
const struct op *op_at(size_t i);

#endif
