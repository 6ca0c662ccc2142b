/* At the RA: an answer of upstream goes to whoever asked. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "msg/crmf.h"
#include "role/ra_batch.h"
#include "role/ra_int.h"
#include "store/store_batch.h"

/* What an answer is to its transaction. */
enum kind { KIND_LAST, KIND_MORE, KIND_WAITING, KIND_POLLREP, KIND_FAILED };

static int
verify(struct ra_step *s, struct err *e)
{
	const struct conf_channel *by = s->en->by;
	struct verify_ask ask = {
		.anchors = s->en->upstream.anchors,
		.n_anchors = s->en->upstream.n_anchors,
		.now = s->en->now, .answers = 1,
		.time_past = by->time_past, .time_future = by->time_future,
		.known = buf_slice(&s->en->issued_chain),
	};

	if (verify_header(&s->msg, e) == -1)
		return -1;
	if (ask.n_anchors == 0)
		return err_set(e, E_PATH_NONE, "cmp.conf: [relay] has no "
		    "anchor, so no answer can be trusted");
	return verify_msg(&s->msg, &ask, &s->checked, e);
}

/* The request that it answers, and the transaction of that. */
static int
find(struct ra_step *s, struct err *e)
{
	char id[ESCAPE_SHORT];
	int rc;

	rc = store_relay_find(s->en->store, s->msg.hdr.transaction_id,
	    s->msg.hdr.recip_nonce, &s->row, &s->keep, e);
	if (rc == 0)
		return err_set(e, E_ANSWER_UNKNOWN, "transactionID %.32s with "
		    "this recipNonce is of no request that waits for an answer",
		    escape_hex_short(id, s->msg.hdr.transaction_id));
	if (rc == 1 && s->en->batch > 0) {
		rc = store_batch_has(s->en->store, s->en->batch,
		    s->row.txn, e);
		if (rc == 0)
			return err_set(e, E_BATCH_EXTRA, "transactionID %.32s "
			    "is of no message in the bundle that this answers",
			    escape_hex_short(id, s->msg.hdr.transaction_id));
	}
	if (rc == 1)
		rc = store_txn_row(s->en->store, s->row.txn, &s->txn, e);
	return rc == 1 ? 0 : rc == -1 ? -1 : err_set(e, E_STORE,
	    "state/cmp.db: transaction %lld is not there",
	    (long long)s->row.txn);
}

static enum kind
kind_of(const struct msg *m)
{
	struct err ignored = { 0 };
	struct error_msg em;
	struct cert_rep rep;

	switch (m->body) {
	case BODY_POLLREP:
		return KIND_POLLREP;
	case BODY_ERROR:
		return crmf_error(m->content, &em, &ignored) == 0 &&
		    em.status.status == STATUS_WAITING ? KIND_WAITING :
		    KIND_FAILED;
	case BODY_IP: case BODY_CP: case BODY_KUP:
		if (crmf_response(m->content, &rep, &ignored) == -1 ||
		    rep.count == 0)
			return KIND_FAILED;
		if (rep.first.status.status == STATUS_WAITING)
			return KIND_WAITING;
		if (rep.first.cert.p == NULL)
			return KIND_FAILED;
		return m->hdr.implicit_confirm ? KIND_LAST : KIND_MORE;
	default:
		return KIND_LAST;
	}
}

int
ra_shared(struct ra_step *s, struct buf *secret, struct shared *out,
    struct err *e)
{
	int rc;

	out->reference = buf_slice(&s->txn.mac_ref);
	if (mac_parse(buf_slice(&s->txn.mac_alg), &out->mac, e) == -1)
		return -1;
	rc = store_ticket(s->en->store, out->reference, &s->secret.ticket,
	    &s->secret.row, secret, e);
	if (rc == 0)
		return err_set(e, E_NOT_FOUND, "the ticket that the request "
		    "was made with is not there any more; its answer cannot "
		    "be protected");
	out->secret = buf_slice(secret);
	return rc == 1 ? 0 : -1;
}

/* The answer as its requester is to get it, in ${s->o}. */
static int
rewrite(struct ra_step *s, struct err *e)
{
	const struct conf_rule *rule = conf_rule(&s->en->conf->forward,
	    s->row.rule);
	int is_mac = s->txn.mac_ref.n > 0;
	struct shared shared;
	struct buf secret;
	struct msg asked;
	int rc = -1;

	buf_init(&secret, 1 << 16);
	if (msg_decode(s->row.request, &asked, e) == -1)
		err_set(e, E_STORE, "state/cmp.db: the request of relay row "
		    "%lld is damaged", (long long)s->row.id);
	else if (!is_mac || ra_shared(s, &secret, &shared, e) == 0)
		rc = relay_down(rule, &s->msg, asked.hdr.sender,
		    is_mac ? &shared : NULL, &s->en->signer, &s->o->answer, e);
	buf_release(&secret);
	return rc;
}

static void
next_state(struct ra_step *s, enum kind kind)
{
	struct txn *t = &s->txn;

	t->state = kind == KIND_LAST ? TXN_DONE :
	    kind == KIND_FAILED ? TXN_FAILED : TXN_ANSWERED;
	t->messages++;
	buf_reset(&t->our_nonce);
	buf_add_slice(&t->our_nonce, s->msg.hdr.sender_nonce);
	s->effects.changes_txn = 1;
	snprintf(s->effects.event, sizeof(s->effects.event), "passed down");
	snprintf(s->effects.detail, sizeof(s->effects.detail), "%s",
	    msg_body_name(s->msg.body));
	snprintf(s->o->note, sizeof(s->o->note), "%s passed down",
	    msg_body_name(s->msg.body));
}

/* Is it the end of a request for a certificate, and not of its certConf? */
static int
no_cert(const struct ra_step *s)
{
	const struct op *op = op_by_request(s->row.body);

	return s->msg.body == BODY_IP || s->msg.body == BODY_CP ||
	    (op != NULL && (op->flags & OP_ENROLS));
}

static int
go(struct ra_step *s, struct err *e)
{
	enum kind kind = kind_of(&s->msg);
	int waiting = kind == KIND_WAITING, all = !waiting &&
	    kind != KIND_POLLREP;

	if (find(s, e) == -1 || rewrite(s, e) == -1)
		return -1;
	next_state(s, kind);
	snprintf(s->o->dir, sizeof(s->o->dir), "%s", s->row.dir);
	engine_name(s->o->name, s->msg.hdr.transaction_id, s->txn.messages,
	    s->msg.body);
	if (kind != KIND_POLLREP)
		s->effects.last = LAST_THIS;
	/* No certificate came of it: the ticket is good for another try. */
	if (kind == KIND_FAILED && s->txn.mac_ref.n > 0 && no_cert(s))
		s->effects.ticket = TICKET_BACK;
	if (ra_put(s, checked_identity(s->checked), buf_slice(&s->o->answer),
	    E_NONE, e) == -1)
		return -1;
	return store_relay_answered(s->en->store, &s->row, waiting ?
	    RELAY_WAITING : RELAY_ANSWERED, all, s->o->name, e);
}

/* Something that this home asked for itself, as a device does. */
static int
is_own(struct ra_step *s, struct err *e)
{
	struct txn t;
	int rc;

	txn_init(&t);
	rc = store_txn(s->en->store, SLICE_NONE, s->msg.hdr.transaction_id, &t,
	    e);
	txn_release(&t);
	return rc;
}

/* Where the answer that was taken before went, not where it came from. */
static int
same_dir(struct ra_step *s, struct err *e)
{
	struct outcome *o = s->o;
	struct store_answer a;
	struct buf keep;
	int rc;

	buf_init(&keep, (size_t)4 << 20);
	if ((rc = store_answer_find(s->en->store, o->name, &a, &keep, e)) == 1)
		snprintf(o->dir, sizeof(o->dir), "%s", a.dir);
	buf_release(&keep);
	return rc;
}

void
ra_down(struct ra_step *s)
{
	struct outcome *o = s->o;
	int rc;

	if ((rc = is_own(s, &o->err)) == -1)
		return;
	if (rc == 1) {
		ee_handle(s->en, s->der, o);
		return;
	}
	o->verdict = VERDICT_BAD;
	if (verify(s, &o->err) == -1) {
		if (engine_is_temporary(o->err.code))
			o->verdict = VERDICT_TEMPORARY;
		return;
	}
	rc = ra_seen(s, checked_identity(s->checked), &o->err);
	if (rc == 0 && s->msg.body == BODY_ERROR &&
	    (rc = ra_batch_error(s->en, &s->msg, o, &o->err)) == 1) {
		snprintf(s->effects.event, sizeof(s->effects.event),
		    "bundle refused");
		o->verdict = ra_put(s, checked_identity(s->checked),
		    SLICE_NONE, E_NONE, &o->err) == 0 ? VERDICT_ANSWERED :
		    VERDICT_TEMPORARY;
	} else if (rc == 1) {
		o->verdict = (o->name[0] != '\0' &&
		    same_dir(s, &o->err) == -1) || (s->en->batch != 0 &&
		    store_batch_wait(s->en->store, s->en->batch,
		    s->msg.hdr.transaction_id, &o->err) == -1) ?
		    VERDICT_TEMPORARY : VERDICT_REPEATED;
	} else if (rc == 0 && go(s, &o->err) == 0) {
		o->verdict = VERDICT_ANSWERED;
	} else if (engine_is_temporary(o->err.code)) {
		o->verdict = VERDICT_TEMPORARY;
	}
}
