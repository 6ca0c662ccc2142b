/* Polling at the RA: RFC 9483 4.4 and 5.1.5. */
#include <stdio.h>

#include "msg/poll.h"
#include "role/ra_int.h"

int
ra_is_our_poll(const struct ra_step *s)
{
	return s->msg.body == BODY_POLLREQ && s->txn.id != 0 &&
	    s->txn.first_nonce.n > 0 && slice_eq(s->msg.hdr.recip_nonce,
	    buf_slice(&s->txn.first_nonce));
}

int
ra_poll(struct ra_step *s, struct err *e)
{
	const char *why = s->txn.state == TXN_HELD ? "waiting for the "
	    "decision of an operator" : "no answer from upstream yet";
	struct outcome *o = s->o;
	struct buf name;
	int rc;

	s->request.checked = s->checked;
	s->request.msg = &s->msg;
	if (s->op->read(&s->request, e) == -1)
		return -1;
	buf_init(&name, STORE_NAME);
	rc = store_relay_last(s->en->store, s->txn.id, &name, &o->answer, e);
	snprintf(s->effects.event, sizeof(s->effects.event), "polled");
	if (rc == 1) {
		snprintf(o->name, sizeof(o->name), "%s", buf_str(&name));
		if (ra_put(s, checked_identity(s->checked), SLICE_NONE, E_NONE,
		    e) == -1 || store_relay_same(s->en->store,
		    checked_identity(s->checked), o->name, e) == -1)
			rc = -1;
		o->verdict = VERDICT_REPEATED;
		snprintf(o->note, sizeof(o->note), "the answer of upstream, "
		    "again");
	} else if (rc == 0) {
		poll_write_rep(&s->draft, s->request.cert_req.cert_req_id,
		    s->en->conf->home.check_after, why);
		s->effects.polled = s->effects.changes_txn = 1;
		o->verdict = VERDICT_ANSWERED;
		snprintf(o->note, sizeof(o->note), "%s", why);
		rc = ra_answer(s, e) == -1 ? -1 : ra_put(s,
		    checked_identity(s->checked), buf_slice(&o->answer),
		    E_NONE, e);
	}
	buf_release(&name);
	return rc == -1 ? -1 : 0;
}

int
ra_poll_again(struct ra_step *s, struct err *e)
{
	struct outcome *o = s->o;
	struct buf name;
	int rc;

	buf_init(&name, STORE_NAME);
	buf_reset(&o->answer);
	rc = store_relay_last(s->en->store, s->txn.id, &name, &o->answer, e);
	if (rc == 1)
		snprintf(o->name, sizeof(o->name), "%s", buf_str(&name));
	buf_release(&name);
	return rc == -1 ? -1 : 0;
}
