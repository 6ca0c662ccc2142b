/* When the answer of a CA is no. */
#include <stdio.h>
#include <string.h>

#include "role/ca_int.h"

int
ca_answerable(const struct msg *m, enum err_code code)
{
	return (code == E_SYNTAX || code == E_EXTRA_COUNT) &&
	    m->header_tlv.p != NULL && m->body_tlv.p != NULL &&
	    m->hdr.transaction_id.p != NULL && msg_is_request(m->body);
}

/*
 * "Then it MUST regard the current PKI management operation as terminated
 * with failure" (3.6.4): a certConf that is refused was the only one, and
 * its certificate will never be confirmed.
 */
static void
end_txn(struct step *s)
{
	struct effects *f = &s->answer.effects;
	size_t n = strlen(f->detail);

	s->txn.state = TXN_FAILED;
	s->txn.messages += 2;
	f->changes_txn = 1;
	f->revoke = 1;
	f->revoke_reason = 5;		/* cessationOfOperation */
	snprintf(f->detail + n, sizeof(f->detail) - n, "; certificate revoked");
	snprintf(s->o->note, sizeof(s->o->note), "refused, the certificate is "
	    "revoked");
}

/*
 * The approval is refused, not what it is around: that may come again by
 * another way.
 */
static void
refuse_outer(struct step *s)
{
	checked_free(s->checked);
	s->checked = NULL;
	s->op = NULL;
	s->in_body = 0;
	s->msg = s->approvals.outer;
	txn_release(&s->txn);
	txn_init(&s->txn);
	s->held.op = NULL;
}

/*
 * The answer is no.  A sender that is verified leaves a transaction behind,
 * so that its transactionID stays taken; one that is not leaves only the
 * answer, and that not for ever (STORE_UNVERIFIED).
 */
void
ca_refuse(struct step *s)
{
	struct outcome *o = s->o;
	struct effects *f = &s->answer.effects;
	uint8_t none[32];
	const uint8_t *id = none;
	struct err e = { 0 };
	int fresh;

	if (o->err.code == E_APPROVAL)
		refuse_outer(s);

	memset(f, 0, sizeof(*f));
	f->txn = &s->txn;
	f->unhold = f->changes_txn = s->held.op != NULL;
	fresh = s->checked != NULL && s->txn.id == 0 && s->op != NULL &&
	    (s->op->flags & OP_STARTS);
	if (fresh) {
		ca_begin(s);
		s->txn.state = TXN_FAILED;
		s->txn.messages = 2;
		buf_reset(&s->txn.serial);
		buf_reset(&s->txn.cert);
		f->changes_txn = 1;
	}
	snprintf(f->event, sizeof(f->event), "refused");
	snprintf(f->detail, sizeof(f->detail), "%.220s", o->err.detail);
	snprintf(o->note, sizeof(o->note), "refused");
	if (s->held.op != NULL) {
		if (s->was != TXN_REFUSED)
			f->ticket = TICKET_BACK;	/* else it has been */
		s->txn.state = TXN_FAILED;
		s->txn.messages += 2;
		buf_reset(&s->txn.serial);
		buf_reset(&s->txn.cert);
	}
	/* That of another certificate ends nothing. */
	if (s->checked != NULL && s->txn.state == TXN_CONFIRM &&
	    s->msg.body == BODY_CERTCONF && (o->err.code != E_PROT_SAME ||
	    checked_mac(s->checked) != NULL))
		end_txn(s);
	if (s->checked != NULL)
		id = checked_identity(s->checked);
	else
		verify_identity_none(&s->msg, none);
	/* One that is used up starts nothing, whoever guesses it. */
	if (s->checked == NULL && s->secret.ticket.ref.p != NULL &&
	    s->secret.ticket.uses_left != 0 &&
	    (o->err.code == E_PROT_MAC || o->err.code == E_TICKET_LOCKED)) {
		f->ticket = TICKET_FAILED;
		f->ticket_ref = s->secret.ticket.ref;
	}
	buf_reset(&o->answer);
	if (reject_make(s->en, s->held.op ? &s->held.msg : &s->msg, s->op,
	    s->checked == NULL ? NULL : checked_mac(s->checked), s->in_body,
	    f->changes_txn ?
	    s->txn.messages : s->txn.messages + 2, o, &e) == -1 ||
	    ca_put(s, id, o->err.code, &e) == -1) {
		o->err = e;
		/* What cannot be answered now will not be either later. */
		o->verdict = engine_is_temporary(e.code) ? VERDICT_TEMPORARY :
		    VERDICT_BAD;
		return;
	}
	o->verdict = VERDICT_REFUSED;
}
