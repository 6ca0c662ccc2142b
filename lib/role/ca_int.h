#ifndef ROLE_CA_INT_H
#define ROLE_CA_INT_H

#include "role/approval.h"

/* One message on its way through. */
struct step {
	struct engine		*en;
	struct outcome		*o;
	struct msg		 msg;
	const struct op		*op;
	struct checked		*checked;
	struct op_request	 request;
	struct op_facts		 facts;
	struct op_answer	 answer;
	struct txn		 txn;
	struct buf		 known;		/* certificates seen before */
	struct buf		 key_subject;
	struct sender		 sender;	/* what facts point into */
	struct approvals	 approvals;	/* it came in, and earlier */
	struct secret		 secret;	/* of a MAC */
	int			 others;	/* have this transactionID too */
	struct buf		 target_row;
	uint8_t			 serial[20], nonce[16], key_hash[32];
	int			 in_body;	/* header and protection are fine */
	struct slice		 der;		/* of what is handled */
	struct held		 held;		/* pollReq: what it is about */
	enum txn_state		 was;		/* until the pollReq */
};

/* ca.c: row and answer of ${s} into the open commit. */
int	ca_put(struct step *s, const uint8_t *identity, enum err_code code,
	    struct err *e);

/* ca_place.c: may this message come now (RFC 9483 3.5, 5.1)? */
int	ca_place(struct step *s, struct err *e);
/* The row of a transaction that begins with this request. */
void	ca_begin(struct step *s);

/*
 * ca_facts.c: what kind of sender this is, for ${s->facts.policy}.
 * E_PATH_REVOKED, E_NOT_CONFIRMED.
 */
int	ca_sender(struct step *s, struct err *e);
/* What else the store knows: the key, the certificate it is about, and a
 * serial number that is free. */
int	ca_facts(struct step *s, struct err *e);

/* ca_again.c: a request that is held gets approvals that came later, each in a
 * message of its own around it. */
int	ca_approved(struct step *s, struct err *e);
/* A pollReq: what was held, if something can have changed. */
int	ca_recall(struct step *s, struct err *e);
/* It has to wait on: the answer is a pollRep after all. */
int	ca_wait_on(struct step *s, const struct op_ca *ca, struct err *e);

/* ca_refuse.c: the answer is no, for ${s->o->err}. */
void	ca_refuse(struct step *s);
/* Can a message that did not decode be answered at all? */
int	ca_answerable(const struct msg *m, enum err_code code);

#endif
