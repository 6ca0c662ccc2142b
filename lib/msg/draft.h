#ifndef MSG_DRAFT_H
#define MSG_DRAFT_H

#include "asn/der.h"
#include "base/err.h"
#include "msg/msg.h"
#include "msg/status.h"

/*
 * A message that is being made.  The fields borrow what they point to; the
 * body is written into ${body} by one of the functions below or by an
 * operation.  prot/protect.h turns a draft into a message.
 */
struct draft {
	int		 pvno;			/* 2 unless set */
	struct slice	 sender;		/* Name TLV; none: NULL-DN */
	struct slice	 recipient;		/* GeneralName TLV; none: NULL-DN */
	int		 has_time;
	int64_t		 message_time;
	struct slice	 protection_alg;	/* TLV, set by protect */
	struct slice	 sender_kid;
	struct slice	 transaction_id, sender_nonce, recip_nonce;
	int		 implicit_confirm;
	int		 has_confirm_wait;
	int64_t		 confirm_wait;
	struct slice	 cert_profile;
	struct slice	 ca_pubs;		/* one Certificate TLV, or none */
	/* Content of generalInfo as it is, instead of the four above. */
	struct slice	 general_info;
	enum body	 body;
	struct derw	 content;		/* TLV inside the body's tag */
	size_t		 max;			/* bytes of the whole message */
};
#define DRAFT_MAX	((size_t)1 << 20)	/* what it is unless set */

void	draft_init(struct draft *d);
void	draft_release(struct draft *d);

/*
 * Write header and body next to each other, header first: what protection
 * is calculated over, without the SEQUENCE around it.  E_NOMEM.
 */
int	draft_write(const struct draft *d, struct derw *w, struct err *e);

/* Bodies.  ${status} is with text and failInfo as in status_write(). */
void	draft_body_error(struct draft *d, enum pki_status status,
	    const char *text, enum fail fail);
void	draft_body_rejection(struct draft *d, enum body body,
	    int64_t cert_req_id, const char *text, enum fail fail);
void	draft_body_waiting(struct draft *d, enum body body,
	    int64_t cert_req_id, const char *text);
/* With ${d->ca_pubs} in caPubs. */
void	draft_body_certificate(struct draft *d, enum body body,
	    int64_t cert_req_id, enum pki_status status, const char *text,
	    struct slice cert);
void	draft_body_certconf(struct draft *d, struct slice cert_hash,
	    int64_t cert_req_id, enum pki_status status, const char *text,
	    enum fail fail);
void	draft_body_pkiconf(struct draft *d);

#endif
