/* The registration authority: requests go up, answers go down. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/rand.h"
#include "msg/poll.h"
#include "role/intake.h"
#include "role/ra_batch.h"
#include "role/ra_int.h"
#include "store/store_batch.h"

#define UPSTREAM	"upstream"	/* the directory below out/ */

void
ra_step_init(struct ra_step *s, struct engine *en, struct slice der,
    struct outcome *o)
{
	memset(s, 0, sizeof(*s));
	s->en = en;
	s->o = o;
	s->der = s->whole = der;
	approval_init(&s->approvals);
	sender_init(&s->sender);
	txn_init(&s->txn);
	draft_init(&s->draft);
	secret_init(&s->secret, en->store);
	buf_init(&s->request.spki, 1 << 16);
	buf_init(&s->known, 1 << 20);
	buf_init(&s->keep, (size_t)2 << 20);
	s->effects.txn = &s->txn;
}

void
ra_step_release(struct ra_step *s)
{
	grant_free(s->grant);
	approval_release(&s->approvals);
	sender_release(&s->sender);
	checked_free(s->checked);
	txn_release(&s->txn);
	draft_release(&s->draft);
	secret_release(&s->secret);
	buf_release(&s->request.spki);
	buf_release(&s->known);
	buf_release(&s->keep);
}

int
ra_put(struct ra_step *s, const uint8_t *identity, struct slice answer,
    enum err_code code, struct err *e)
{
	struct store_row row = { .identity = identity,
	    .effects = &s->effects, .answer = answer, .dir = s->o->dir,
	    .unverified = s->checked == NULL, .later = s->en->in_bundle,
	    .name = s->o->name, .code = code, .now = s->en->now };
	char final[STORE_NAME];

	if (store_put(s->en->store, &row, final, e) == -1)
		return -1;
	if (answer.n > 0)
		memcpy(s->o->name, final, sizeof(s->o->name));
	return 0;
}

int
ra_seen(struct ra_step *s, const uint8_t *identity, struct err *e)
{
	struct outcome *o = s->o;
	struct buf name;
	int rc;

	buf_init(&name, STORE_NAME);
	rc = store_answer(s->en->store, identity, &name, &o->answer, e);
	if (rc == 1 && o->answer.n > 0) {
		snprintf(o->name, sizeof(o->name), "%.*s", (int)name.n,
		    (const char *)name.p);
		snprintf(o->note, sizeof(o->note), "answered before, the same "
		    "answer again");
	} else if (rc == 1) {
		snprintf(o->note, sizeof(o->note), "%s",
		    msg_is_request(s->msg.body) ? "is upstream already" :
		    "was taken before");
		rc = store_relay_again(s->en->store, identity, e) == -1 ? -1 :
		    1;
	}
	buf_release(&name);
	return rc;
}

static int
verify(struct ra_step *s, struct err *e)
{
	struct intake in = { .en = s->en, .msg = &s->msg,
	    .approvals = &s->approvals, .secret = &s->secret,
	    .known = &s->known };

	if (verify_header(&s->msg, e) == -1)
		return -1;
	s->op = op_by_request(s->msg.body);
	if (s->op == NULL)
		return err_set(e, E_BODY_TYPE, "body is %s, which this RA does "
		    "not pass on", msg_body_name(s->msg.body));
	in.op = s->op;
	return intake_verify(&in, &s->others, &s->checked, e);
}

static int
check_place(struct ra_step *s, struct err *e)
{
	const struct hdr *h = &s->msg.hdr;
	char id[ESCAPE_SHORT];
	int found;

	escape_hex_short(id, h->transaction_id);
	found = store_txn(s->en->store, SLICE(checked_peer(s->checked), 32),
	    h->transaction_id, &s->txn, e);
	if (found == -1)
		return -1;
	if (s->op->flags & OP_STARTS) {
		if (found)
			return err_set(e, E_TXID_IN_USE, "transactionID %.32s "
			    "belongs to another request of this sender; a new "
			    "request needs a new transactionID", id);
		return h->recip_nonce.p == NULL ? 0 : err_set(e,
		    E_RECIP_NONCE_FIRST, "recipNonce is present in a first "
		    "message");
	}
	if (!found && s->others > 0)
		return err_set(e, E_PROT_SAME, "transactionID %.32s belongs to "
		    "another sender; the credentials have to be those of its "
		    "first request", id);
	if (found && secret_same(s->checked, &s->txn, e) == -1)
		return -1;
	if (ra_is_our_poll(s))
		return 0;
	if (txn_may(s->txn.state, s->msg.body, TXN_AT_RA, e) == -1)
		return -1;
	if (!slice_eq(h->recip_nonce, buf_slice(&s->txn.our_nonce)))
		return err_set(e, E_RECIP_NONCE, "recipNonce is %s, expected "
		    "the senderNonce of the last message that we passed down",
		    h->recip_nonce.p ? "another" : "missing");
	return 0;
}

/*
 * The row of a transaction that begins with this request, and the use of the
 * ticket that it was made with.
 */
void
ra_begin_txn(struct ra_step *s)
{
	const struct msg *m = &s->msg;
	struct txn *t = &s->txn;

	if (t->id != 0)
		return;
	t->body = m->body;
	t->created = s->en->now;
	t->cert_req_id = m->body == BODY_P10CR ? -1 : 0;
	buf_add_str(&t->answer_dir, s->o->dir);
	buf_add_slice(&t->transaction_id, m->hdr.transaction_id);
	buf_add(&t->peer, checked_peer(s->checked), 32);
	if (checked_mac(s->checked) != NULL) {
		buf_add_slice(&t->mac_alg, m->hdr.protection_alg);
		buf_add_slice(&t->mac_ref, checked_mac(s->checked)->reference);
		return;
	}
	engine_keep_signer(s->checked, &t->signer_certs);
}

void
ra_use_ticket(struct ra_step *s)
{
	if (checked_mac(s->checked) == NULL)
		return;
	s->effects.ticket = TICKET_USED;
	s->effects.ticket_ref = s->secret.ticket.ref;
}

static void
keep_nonce(struct buf *b, struct slice nonce)
{
	buf_reset(b);
	buf_add_slice(b, nonce);
}

int
ra_answer(struct ra_step *s, struct err *e)
{
	const struct shared *mac = checked_mac(s->checked);
	struct txn *t = &s->txn;

	rand_bytes(s->nonce, sizeof(s->nonce));
	engine_head(&s->draft, &s->msg, s->en->now, s->nonce);
	t->messages += 2;
	keep_nonce(&t->our_nonce, SLICE(s->nonce, sizeof(s->nonce)));
	keep_nonce(&t->first_nonce, SLICE(s->nonce, sizeof(s->nonce)));
	keep_nonce(&t->peer_nonce, s->msg.hdr.sender_nonce);
	engine_name(s->o->name, s->msg.hdr.transaction_id, t->messages,
	    s->draft.body);
	return mac != NULL ?
	    protect_mac(&s->draft, mac, SLICE_NONE, &s->o->answer, e) :
	    protect_sign(&s->draft, &s->en->signer,
	    buf_slice(&s->en->issued_chain), &s->o->answer, e);
}

void
ra_write_waiting(struct ra_step *s, const char *text)
{
	if (s->op->flags & OP_ENROLS)
		draft_body_waiting(&s->draft, s->op->response,
		    s->op->request == BODY_P10CR ? -1 : 0, text);
	else
		draft_body_error(&s->draft, STATUS_WAITING, text, FAIL_NONE);
}

/* The message upstream and its row; ${s->o->name} is its name. */
static int
send_up(struct ra_step *s, struct slice up, enum conf_mode mode,
    enum relay_state state, struct err *e)
{
	char name[STORE_NAME];
	const char *dir = s->txn.answer_dir.n > 0 ?
	    buf_str(&s->txn.answer_dir) : "";
	struct store_relay r = { .txn = s->txn.id, .state = state,
	    .body = s->msg.body, .rule = s->rule->name,
	    .transaction_id = s->msg.hdr.transaction_id,
	    .nonce = s->msg.hdr.sender_nonce,
	    .identity = SLICE(checked_identity(s->checked), 32),
	    .request = s->der, .dir = dir };

	engine_name(name, s->msg.hdr.transaction_id, s->txn.messages -
	    (s->o->answer.n > 0), mode == FORWARD_ADD ||
	    (mode == FORWARD_KEEP && s->approvals.n > 0) ? BODY_NESTED :
	    s->msg.body);
	if (store_relay_put(s->en->store, &r, up, UPSTREAM, name, s->en->now,
	    e) == -1)
		return -1;
	/* In a bundle from below only what we say ourselves is an answer. */
	if (state == RELAY_QUEUED || s->en->in_bundle)
		return 0;
	snprintf(s->o->name, sizeof(s->o->name), "%s", name);
	snprintf(s->o->dir, sizeof(s->o->dir), UPSTREAM);
	buf_reset(&s->o->answer);
	buf_add_slice(&s->o->answer, up);
	return buf_bad(&s->o->answer) ? err_set(e, E_NOMEM, "out of memory") :
	    0;
}

static void
event(struct ra_step *s, const char *what, enum conf_mode mode)
{
	snprintf(s->effects.event, sizeof(s->effects.event), "%s", what);
	snprintf(s->effects.detail, sizeof(s->effects.detail), "%s by "
	    "[forward %.60s]: %s%s", msg_body_name(s->msg.body), s->rule->name,
	    conf_mode_word(mode), s->rule->batch ? ", in a bundle" : "");
	snprintf(s->o->note, sizeof(s->o->note), "%s: %s", what,
	    s->effects.detail);
}

/*
 * Ids that upstream, or we, could take for those of something else: of another
 * sender's request that is there, whatever its nonce where ${ours} is the only
 * sender that upstream sees; of a bundle; of what this home asks for itself.
 */
static int
check_alone(struct ra_step *s, int ours, struct err *e)
{
	const struct hdr *h = &s->msg.hdr;
	struct store *store = s->en->store;
	char id[ESCAPE_SHORT];
	struct txn own;
	int rc;

	rc = store_relay_taken(store, s->txn.id, h->transaction_id, ours ?
	    SLICE_NONE : h->sender_nonce, e);
	if (rc == 0)
		rc = store_batch_known(store, h->transaction_id, e);
	if (rc == 0) {
		txn_init(&own);
		rc = store_txn(store, SLICE_NONE, h->transaction_id, &own, e);
		txn_release(&own);
	}
	return rc == 1 ? err_set(e, E_TXID_IN_USE, "transactionID %.32s is "
	    "that of another request or bundle, which is upstream",
	    escape_hex_short(id, h->transaction_id)) : rc;
}

/*
 * Passed on: at once, or with others, and then its sender has to wait, or
 * after an operator agreed, and then it does already.
 */
int
ra_pass_on(struct ra_step *s, struct err *e)
{
	struct relay_ask ask = { .rule = s->rule, .op = s->op,
	    .first = s->txn.id != 0 ? s->txn.body : s->msg.body,
	    .wants_key = s->wants_key,
	    .request = &s->request, .der = s->der, .whole = s->whole,
	    .signer = &s->en->up_signer,
	    .profile = s->facts.sender == AUTHZ_MAC &&
	    s->op->flags & OP_ENROLS ? slice_str(s->facts.ticket.profile) :
	    SLICE_NONE,
	    .now = s->en->now };
	int queue = s->rule->batch, tell = (queue || s->en->in_bundle) &&
	    s->msg.body != BODY_POLLREQ && !s->approved;
	enum conf_mode mode;
	struct buf up;
	int rc = -1;

	buf_init(&up, (size_t)2 << 20);
	if (relay_mode(&ask, &mode, e) == -1 ||
	    check_alone(s, mode == FORWARD_REPLACE ||
	    mode == FORWARD_RAVERIFIED, e) == -1 ||
	    relay_up(&ask, mode, &up, e) == -1)
		goto out;
	ra_begin_txn(s);
	event(s, queue ? "queued" : "passed on", mode);
	if (tell) {
		ra_write_waiting(s, "waiting to be sent on");
		if (ra_answer(s, e) == -1)
			goto out;
		s->txn.state = TXN_DELAYED;
		s->effects.last = LAST_NONE;
	} else {
		s->txn.messages++;
		if (s->approved)
			s->txn.state = TXN_DELAYED;
		else if (s->msg.body != BODY_POLLREQ)
			s->txn.state = TXN_RELAYED;
	}
	s->effects.changes_txn = 1;
	s->effects.unhold = s->approved;
	if (!s->approved && s->op->flags & OP_ENROLS)
		ra_use_ticket(s);
	if (ra_put(s, s->approved ? NULL : checked_identity(s->checked), tell ?
	    buf_slice(&s->o->answer) : SLICE_NONE, E_NONE, e) == -1)
		goto out;
	rc = send_up(s, buf_slice(&up), mode,
	    queue ? RELAY_QUEUED : RELAY_SENT, e);
	if (rc == 0 && s->en->in_bundle && s->msg.body == BODY_POLLREQ)
		rc = ra_poll_again(s, e);
out:
	buf_release(&up);
	return rc;
}

static int
go(struct ra_step *s, struct err *e)
{
	if (check_place(s, e) == -1)
		return -1;
	s->in_body = 1;
	if (ra_is_our_poll(s))
		return ra_poll(s, e);
	s->o->verdict = VERDICT_ANSWERED;
	if (ra_decide(s, e) == -1)
		return -1;
	return s->grant != NULL && grant_held(s->grant) != NULL ?
	    ra_hold(s, e) : ra_pass_on(s, e);
}

/* The answer is no, and ours: nothing of it goes upstream. */
static void
refuse(struct ra_step *s)
{
	struct outcome *o = s->o;
	struct effects *f = &s->effects;
	uint8_t none[32];
	struct err e = { 0 };

	memset(f, 0, sizeof(*f));
	f->txn = &s->txn;
	if (s->checked != NULL && s->txn.id == 0 && s->op != NULL &&
	    (s->op->flags & OP_STARTS)) {
		ra_begin_txn(s);
		s->txn.state = TXN_FAILED;
		f->changes_txn = 1;
	}
	s->txn.messages += 2;
	snprintf(f->event, sizeof(f->event), "refused");
	snprintf(f->detail, sizeof(f->detail), "%.220s", o->err.detail);
	snprintf(o->note, sizeof(o->note), "refused");
	if (s->checked == NULL && s->secret.ticket.ref.p != NULL &&
	    (o->err.code == E_PROT_MAC || o->err.code == E_TICKET_LOCKED)) {
		f->ticket = TICKET_FAILED;
		f->ticket_ref = s->secret.ticket.ref;
	}
	verify_identity_none(&s->msg, none);
	buf_reset(&o->answer);
	if (reject_make(s->en, &s->msg, s->op, s->checked == NULL ? NULL :
	    checked_mac(s->checked), s->in_body, s->txn.messages, o, &e) == -1 ||
	    ra_put(s, s->checked == NULL ? none : checked_identity(s->checked),
	    buf_slice(&o->answer), o->err.code, &e) == -1) {
		o->err = e;
		o->verdict = VERDICT_TEMPORARY;
		return;
	}
	o->verdict = VERDICT_REFUSED;
}

/* A request: seen before, or to be passed on, or refused. */
static void
up(struct ra_step *s, int good)
{
	struct err *e = &s->o->err, failure = { 0 };
	uint8_t none[32];
	int rc;

	if (!good && engine_is_temporary(e->code))
		return;
	verify_identity_none(&s->msg, none);
	rc = ra_seen(s, s->checked == NULL ? none :
	    checked_identity(s->checked), &failure);
	if (rc == -1) {
		*e = failure;
	} else if (rc == 1) {
		s->o->verdict = VERDICT_REPEATED;
		*e = (struct err){ 0 };
	} else if (!good || go(s, e) == -1) {
		s->o->verdict = VERDICT_TEMPORARY;
		if (!engine_is_temporary(e->code))
			refuse(s);
	}
}

/* Can a message that did not decode be answered at all? */
static int
answerable(const struct msg *m, enum err_code code)
{
	return (code == E_SYNTAX || code == E_EXTRA_COUNT) &&
	    m->header_tlv.p != NULL && m->body_tlv.p != NULL &&
	    m->hdr.transaction_id.p != NULL && msg_is_request(m->body);
}

int
ra_open(struct ra_step *s, struct err *e)
{
	struct msg outer = s->msg;

	if (s->msg.body != BODY_NESTED)
		return 0;
	if (approval_open(s->en, s->der, &outer, &s->approvals, &s->der,
	    e) == -1)
		return -1;
	return msg_decode(s->der, &s->msg, e);
}

void
ra_handle(struct engine *en, struct slice der, struct outcome *o)
{
	struct ra_step s;

	ra_step_init(&s, en, der, o);
	if (msg_decode(der, &s.msg, &o->err) == -1) {
		if (answerable(&s.msg, o->err.code))
			up(&s, 0);
		else
			o->verdict = VERDICT_BAD;
	} else if ((en->in_bundle && !msg_is_request(s.msg.body)) ||
	    (en->batch != 0 && msg_is_request(s.msg.body))) {
		err_set(&o->err, E_BODY_TYPE, "body is %s in a bundle of %s",
		    msg_body_name(s.msg.body), en->in_bundle ? "requests" :
		    "answers");
		o->verdict = VERDICT_BAD;
	} else if (ra_open(&s, &o->err) == -1) {
		up(&s, 0);
	} else if (msg_is_request(s.msg.body)) {
		up(&s, verify(&s, &o->err) == 0);
	} else {
		ra_down(&s);
	}
	ra_step_release(&s);
}

int
ra_due(struct engine *en, int flush, char note[static ENGINE_NOTE],
    struct err *e)
{
	int decided = ra_decided(en, e), left;

	if (decided == -1 || (left = ra_batch_due(en, flush, e)) == -1)
		return -1;
	snprintf(note, ENGINE_NOTE, "requests decided by an operator: %d; "
	    "bundles that leave: %d", decided, left);
	return decided + left;
}
