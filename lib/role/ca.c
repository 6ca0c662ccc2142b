/* The certification authority: requests in, answers out. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/rand.h"
#include "role/ca_info.h"
#include "role/ca_int.h"
#include "role/intake.h"

static void
step_init(struct step *s, struct engine *en, struct outcome *o)
{
	memset(s, 0, sizeof(*s));
	s->en = en;
	s->o = o;
	txn_init(&s->txn);
	draft_init(&s->answer.draft);
	buf_init(&s->answer.cert, 1 << 16);
	buf_init(&s->request.spki, 1 << 16);
	buf_init(&s->known, 1 << 20);
	buf_init(&s->key_subject, 1 << 16);
	sender_init(&s->sender);
	approval_init(&s->approvals);
	secret_init(&s->secret, en->store);
	buf_init(&s->target_row, 1 << 17);
	held_init(&s->held, en->store);
	s->facts.txn = &s->txn;
}

static void
step_release(struct step *s)
{
	checked_free(s->checked);
	txn_release(&s->txn);
	draft_release(&s->answer.draft);
	buf_release(&s->answer.cert);
	buf_release(&s->request.spki);
	buf_release(&s->known);
	buf_release(&s->key_subject);
	sender_release(&s->sender);
	approval_release(&s->approvals);
	secret_release(&s->secret);
	buf_release(&s->target_row);
	held_release(&s->held);
}

static int
verify(struct step *s, struct err *e)
{
	struct intake in = { .en = s->en, .msg = &s->msg,
	    .approvals = &s->approvals, .secret = &s->secret,
	    .known = &s->known };

	if (verify_header(&s->msg, e) == -1)
		return -1;
	s->op = op_by_request(s->msg.body);
	if (s->op == NULL)
		return err_set(e, E_BODY_TYPE, "body is %s, which this CA does "
		    "not handle", msg_body_name(s->msg.body));
	/* A MAC that is good for nothing is not worth computing. */
	if (verify_is_mac(&s->msg) &&
	    authz_check(s->msg.body, AUTHZ_MAC, AUTHZ_NEW, e) == -1)
		return -1;
	in.op = s->op;
	return intake_verify(&in, &s->others, &s->checked, e);
}

static int
answer_to(struct step *s, const uint8_t *id, struct err *e)
{
	struct buf name;
	int rc;

	buf_init(&name, STORE_NAME);
	rc = store_answer(s->en->store, id, &name, &s->o->answer, e);
	if (rc == 1 && s->o->answer.n == 0) {
		snprintf(s->o->note, sizeof(s->o->note), "an old pollReq, its "
		    "answer is outdated");
	} else if (rc == 1) {
		snprintf(s->o->name, sizeof(s->o->name), "%.*s", (int)name.n,
		    name.n ? (const char *)name.p : "");
		snprintf(s->o->note, sizeof(s->o->note), "answered before, "
		    "the same answer again");
	}
	buf_release(&name);
	return rc;
}

/*
 * Was this very request answered before?  1, 0, -1.  An answer is for ever:
 * it does not matter that the request has become too old, or its signer's
 * certificate, or the trust in it.
 */
static int
repeated(struct step *s, struct err *e)
{
	struct verify_ask ask = { .anchors = s->en->trust.anchors,
	    .n_anchors = s->en->trust.n_anchors,
	    .known = buf_slice(&s->known) };
	uint8_t id[32];
	int rc;

	/* A wrong MAC is not tried twice. */
	if (s->o->err.code == E_MESSAGE_TIME) {
		ask.secret = secret_find;
		ask.secret_arg = &s->secret;
	}
	if (s->checked != NULL)
		return answer_to(s, checked_identity(s->checked), e);
	if (verify_identity(&s->msg, &ask, id) == 0 &&
	    (rc = answer_to(s, id, e)) != 0)
		return rc;
	verify_identity_none(&s->msg, id);
	return answer_to(s, id, e);
}

static void
exchange_nonces(struct step *s)
{
	struct txn *t = &s->txn;

	t->messages += 2;
	buf_reset(&t->our_nonce);
	buf_add(&t->our_nonce, s->nonce, sizeof(s->nonce));
	buf_reset(&t->peer_nonce);
	buf_add_slice(&t->peer_nonce, s->msg.hdr.sender_nonce);
}

static int
work(struct step *s, struct err *e)
{
	struct engine *en = s->en;
	struct op_ca ca = {
		.policy = { .conf = en->conf, .rules = en->trust.rules,
		    .n_rules = en->trust.n_rules, .issuer = en->ca_cert.v,
		    .now = en->now },
		.key = en->ca_key, .confirm_wait = en->conf->home.confirm_wait,
		.check_after = en->conf->home.check_after,
		.root = checked_mac(s->checked) ? ca_root(en) : SLICE_NONE,
	};

	ca.alg = alg_default(key_info(en->ca_key));
	s->request.checked = s->checked;
	s->request.msg = &s->msg;
	if (ca_recall(s, e) == -1 || s->op->read(&s->request, e) == -1 ||
	    ca_facts(s, e) == -1)
		return -1;
	if (s->request.info != NULL && (ca.info = ca_info(en, e)) == NULL)
		return -1;
	if (s->op->flags & OP_STARTS)
		ca_begin(s);
	if (s->op->answer(&ca, &s->request, &s->facts, &s->answer, e) == -1)
		return -1;
	return s->held.op != NULL && s->answer.effects.has_hold ?
	    ca_wait_on(s, &ca, e) : 0;
}

static int
protect(struct step *s, struct err *e)
{
	const struct shared *mac = checked_mac(s->checked);
	struct draft *d = &s->answer.draft;

	rand_bytes(s->nonce, sizeof(s->nonce));
	engine_head(d, s->held.op ? &s->held.msg : &s->msg, s->en->now,
	    s->nonce);
	exchange_nonces(s);
	engine_name(s->o->name, d->transaction_id, s->txn.messages, d->body);
	if (mac != NULL)
		return protect_mac(d, mac, s->answer.effects.has_cert ?
		    buf_slice(&s->en->issued_chain) : SLICE_NONE,
		    &s->o->answer, e);
	return protect_sign(d, &s->en->signer, buf_slice(&s->en->issued_chain),
	    &s->o->answer, e);
}

int
ca_put(struct step *s, const uint8_t *identity, enum err_code code,
    struct err *e)
{
	struct store_row row = { .identity = identity,
	    .effects = &s->answer.effects, .answer = buf_slice(&s->o->answer),
	    .dir = s->o->dir, .name = s->o->name,
	    .later = s->en->in_bundle, .code = code,
	    .unverified = s->checked == NULL, .now = s->en->now };
	char final[STORE_NAME];

	if (store_put(s->en->store, &row, final, e) == -1)
		return -1;
	memcpy(s->o->name, final, sizeof(s->o->name));
	return 0;
}

/* Who has approved is kept, as evidence, and said. */
static void
note_approvals(struct step *s)
{
	struct effects *f = &s->answer.effects;
	struct approvals *a = &s->approvals;
	size_t n;

	/* Those around a pollReq are about nothing that is issued. */
	if (s->held.op == NULL && (f->has_cert || f->has_hold)) {
		f->approvals = a->row;
		f->n_approvals = a->n;
	}
	for (size_t i = 0; i < a->n; i++) {
		n = strlen(f->detail);
		snprintf(f->detail + n, sizeof(f->detail) - n,
		    "%s %.40s", i == 0 ? "; approved by" : "",
		    a->row[i].rules);
	}
}

/* Verified and at its place: do it, or say why not. */
static int
go(struct step *s, struct err *e)
{
	if (ca_place(s, e) == -1 || ca_sender(s, e) == -1)
		return -1;
	s->in_body = 1;
	if (work(s, e) == -1 || protect(s, e) == -1)
		return -1;
	s->answer.effects.txn = &s->txn;
	s->answer.effects.changes_txn = 1;
	secret_use(&s->secret, s->checked, &s->facts, &s->answer.effects);
	s->answer.effects.hold.request = s->der;
	note_approvals(s);
	return ca_put(s, checked_identity(s->checked), E_NONE, e);
}

/* Answered before, or to be answered now; ${good}: it is verified. */
static void
handle(struct step *s, int good)
{
	struct outcome *o = s->o;
	struct err *e = &o->err, failure = { 0 };
	int rc;

	if (!good && engine_is_temporary(e->code))
		return;
	rc = repeated(s, &failure);
	if (rc == 1 && s->approvals.n > 0 && s->checked != NULL &&
	    ca_approved(s, &failure) == -1) {
		*e = failure;
		if (!engine_is_temporary(e->code))
			ca_refuse(s);
		return;
	}
	if (rc == 1) {
		o->verdict = VERDICT_REPEATED;
		*e = (struct err){ 0 };
		return;
	}
	if (rc == -1) {
		*e = failure;
		return;
	}
	if (!good || go(s, e) == -1) {
		if (!engine_is_temporary(e->code))
			ca_refuse(s);
		return;
	}
	o->verdict = VERDICT_ANSWERED;
	snprintf(o->note, sizeof(o->note), "%s", s->answer.note);
}

/* Answers are not answered either if they come nested. */
static int
holds_request(const struct msg *m)
{
	struct err ignored = { 0 };
	struct slice in, member;
	struct msg inner;

	return der_only(m->content, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &member) == -1 ||
	    msg_decode(member, &inner, &ignored) == -1 ||
	    msg_is_request(inner.body);
}

/* The message within its approvals takes their place: 0, or -1. */
static int
open_approvals(struct step *s, struct err *e)
{
	struct msg outer = s->msg;

	if (approval_open(s->en, s->der, &outer, &s->approvals, &s->der,
	    e) == -1)
		return -1;
	return msg_decode(s->der, &s->msg, e);
}

void
ca_handle(struct engine *en, struct slice der, struct outcome *o)
{
	struct step s;

	step_init(&s, en, o);
	s.der = der;
	if (msg_decode(der, &s.msg, &o->err) == -1) {
		if (ca_answerable(&s.msg, o->err.code))
			handle(&s, 0);
		else
			o->verdict = VERDICT_BAD;
	} else if (!msg_is_request(s.msg.body) || (s.msg.body == BODY_NESTED &&
	    !holds_request(&s.msg))) {
		err_set(&o->err, E_BODY_TYPE, "body is %s, an answer, which is "
		    "never answered here", msg_body_name(s.msg.body));
		o->verdict = VERDICT_BAD;
	} else if (s.msg.body == BODY_NESTED &&
	    open_approvals(&s, &o->err) == -1) {
		handle(&s, 0);
	} else {
		handle(&s, verify(&s, &o->err) == 0);
	}
	step_release(&s);
}
