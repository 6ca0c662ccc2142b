/* An error becomes an answer: RFC 9483 3.6.2 and 3.6.4. */
#include <stdio.h>

#include "base/rand.h"
#include "role/engine_int.h"

int
reject_make(struct engine *en, const struct msg *m, const struct op *op,
    const struct shared *mac, int in_body, int64_t number, struct outcome *o,
    struct err *e)
{
	const char *text = err_public(o->err.code);
	enum fail fail = err_fail(o->err.code);
	uint8_t nonce[16], id[16];
	struct err ignored = { 0 };
	struct draft d;
	int rc;

	/* The operator's own words, made to be sent. */
	if (o->err.code == E_NOT_APPROVED && o->err.detail[0] != '\0')
		text = o->err.detail;
	draft_init(&d);
	rand_bytes(nonce, sizeof(nonce));
	engine_head(&d, m, en->now, nonce);
	/* Without a usable transactionID the answer is given one of its own. */
	if (o->err.code == E_TXID_MISSING || o->err.code == E_TXID_SIZE ||
	    d.transaction_id.p == NULL) {
		rand_bytes(id, sizeof(id));
		d.transaction_id = SLICE(id, sizeof(id));
	}
	if (in_body && op != NULL && op->reject != NULL)
		op->reject(&d, text, fail);
	else if (in_body && op != NULL && (op->flags & OP_ENROLS))
		draft_body_rejection(&d, op->response,
		    op->request == BODY_P10CR ? -1 : 0, text, fail);
	else
		draft_body_error(&d, STATUS_REJECTION, text, fail);
	engine_name(o->name, d.transaction_id, number, d.body);
	rc = mac != NULL ?
	    protect_mac(&d, mac, SLICE_NONE, &o->answer, &ignored) :
	    protect_sign(&d, &en->signer, buf_slice(&en->issued_chain),
	    &o->answer, &ignored);
	if (rc == -1) {
		buf_reset(&o->answer);
		rc = protect_none(&d, &o->answer, e);
	}
	draft_release(&d);
	return rc;
}
