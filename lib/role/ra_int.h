#ifndef ROLE_RA_INT_H
#define ROLE_RA_INT_H

#include "role/approval.h"
#include "role/relay.h"
#include "store/store_relay.h"

/* One message on its way through an RA. */
struct ra_step {
	struct engine		*en;
	struct outcome		*o;
	struct slice		 der, whole;	/* without, and with approvals */
	struct approvals	 approvals;
	struct sender		 sender;
	struct msg		 msg;
	const struct op		*op;
	struct checked		*checked;
	struct op_request	 request;
	struct policy_facts	 facts;
	struct grant		*grant;
	const struct conf_rule	*rule;		/* [forward] */
	struct txn		 txn;
	struct effects		 effects;
	struct secret		 secret;
	struct draft		 draft;		/* what we answer ourselves */
	struct store_relay	 row;		/* down: what is answered */
	struct buf		 known, keep;	/* what things point into */
	int			 others;	/* have this transactionID too */
	int			 in_body;
	int			 approved;	/* by an operator, since */
	int			 wants_key;	/* its transaction: 4.1.6 */
	uint8_t			 nonce[16];
};
void	ra_step_init(struct ra_step *s, struct engine *en, struct slice der,
	    struct outcome *o);
void	ra_step_release(struct ra_step *s);

/* store_put() with what ${s} has: ${o->name} becomes the final one. */
int	ra_put(struct ra_step *s, const uint8_t *identity, struct slice answer,
	    enum err_code code, struct err *e);

/* The message within approvals of RAs below takes their place. */
int	ra_open(struct ra_step *s, struct err *e);

/* May it go upstream, and by which rule?  Fills request, grant, rule. */
int	ra_decide(struct ra_step *s, struct err *e);

/* The row of a transaction that begins with this request. */
void	ra_begin_txn(struct ra_step *s);

/* One use of the ticket, if it is one, with the next ra_put(). */
void	ra_use_ticket(struct ra_step *s);

/* Into ${s->draft}: "waiting", in the response itself if that can say it
 * (4.4).  Then protected for the sender, and named, in ${s->o}. */
void	ra_write_waiting(struct ra_step *s, const char *text);
int	ra_answer(struct ra_step *s, struct err *e);

/* Up it goes. */
int	ra_pass_on(struct ra_step *s, struct err *e);

/* ra_poll.c */
/* Is it a pollReq that follows a message we made ourselves? */
int	ra_is_our_poll(const struct ra_step *s);
/*
 * A pollReq after a message of ours: what came from upstream since, if
 * anything did, else "not yet" (5.1.5).
 */
int	ra_poll(struct ra_step *s, struct err *e);
/*
 * A pollReq that goes upstream has no answer yet, but in a bundle it must not
 * look lost: "waiting" is said in the words of before, which change nothing at
 * the device.
 */
int	ra_poll_again(struct ra_step *s, struct err *e);

/* ra_hold.c: it waits for an operator, and its sender for us. */
int	ra_hold(struct ra_step *s, struct err *e);

/*
 * The last word to the sender of the request ${s->msg} of ${s->txn}, which
 * was verified long ago, is no: in its own response or an error message.
 * ${s->o->name} is that of the answer, or "" if there cannot be one.
 */
int	ra_turn_down(struct ra_step *s, const struct err *why, int in_body,
	    struct err *e);

/*
 * The same without an answer, for ${cause}: its ticket is gone, or what the
 * store has of it is damaged.  The transaction, if it is there, has failed, and
 * nothing behind it waits.  ${op} is that of the request.
 */
int	ra_give_up(struct ra_step *s, const struct op *op,
	    const struct err *why, const struct err *cause, struct err *e);

/* Was the checked message seen before?  1 and its answer in ${s->o}, 0, -1. */
int	ra_seen(struct ra_step *s, const uint8_t *identity, struct err *e);

/* The secret of transaction ${s->txn}, into ${k}, ${out}.  E_TICKET_*. */
int	ra_shared(struct ra_step *s, struct buf *secret, struct shared *out,
	    struct err *e);

/* ra_down.c: an answer of upstream. */
void	ra_down(struct ra_step *s);

#endif
