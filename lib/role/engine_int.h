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
	void			**lists;	/* arrays the above point to */
	size_t			 n_lists;
};

struct engine {
	int			 homefd;
	struct conf		*conf;
	enum role		 role;
	struct store		*store;
	struct trust		 trust;
	int64_t			 now;
	uint8_t			 stamp[32];	/* of the files it was made of */

	/* ca */
	struct certs		 ca_cert, ca_chain, prot_cert;
	struct key		*ca_key, *prot_key;
	struct signer		 signer;
	/* TLVs above what we issue, our protection certificate included:
	 * sent with every answer, for any may be a device's first. */
	struct buf		 issued_chain;
};

/* trust.c: for a CA from [enrol], for a device from trust/. */
int	trust_load_rules(struct trust *t, int homefd, const struct conf *c,
	    struct err *e);
int	trust_load_dir(struct trust *t, int homefd, struct err *e);
/* ${c}, which has to outlive ${t}, as one more anchor without CRLs. */
int	trust_add(struct trust *t, const struct cert *c, struct err *e);
void	trust_release(struct trust *t);

/* ca.c, ee.c */
int	ca_load(struct engine *en, struct err *e);
void	ca_handle(struct engine *en, struct slice der, struct outcome *o);
void	ee_handle(struct engine *en, struct slice der, struct outcome *o);

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
 * The version of a CA's answer to ${m}: that of ${m}, or of ours the one that
 * is nearest to it (RFC 4210 7, RFC 9480 2.20).
 */
int	engine_pvno(const struct msg *m);

/* Put a failure that is worth another try into ${o}: 1 if it is one. */
int	engine_is_temporary(enum err_code code);

#endif
