/* The certification authority: requests in, answers out. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/rand.h"
#include "role/ca_info.h"
#include "role/engine_int.h"

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
	struct buf		 sender_row;	/* what facts point into */
	struct secret		 secret;	/* of a MAC */
	int			 others;	/* have this transactionID too */
	struct buf		 target_row;
	uint8_t			 serial[20], nonce[16];
	int			 in_body;	/* header and protection are fine */
	struct slice		 der;
	struct held		 held;		/* pollReq: what it is about */
};

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
	buf_init(&s->sender_row, 1 << 17);
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
	buf_release(&s->sender_row);
	secret_release(&s->secret);
	buf_release(&s->target_row);
	held_release(&s->held);
}

/*
 * Answers and announcements that come to a CA are never answered: two
 * stations that answer each other's errors would never stop.
 */
static int
is_request(enum body b)
{
	switch (b) {
	case BODY_IP: case BODY_CP: case BODY_KUP: case BODY_KRP:
	case BODY_RP: case BODY_CCP: case BODY_CKUANN: case BODY_CANN:
	case BODY_RANN: case BODY_CRLANN: case BODY_PKICONF: case BODY_GENP:
	case BODY_ERROR: case BODY_POLLREP: case BODY_POPDECC:
		return 0;
	default:
		return 1;
	}
}

static int
verify(struct step *s, struct err *e)
{
	const struct conf_channel *by = s->en->by;
	struct verify_ask ask = {
		.anchors = s->en->trust.anchors,
		.n_anchors = s->en->trust.n_anchors,
		.now = s->en->now,
		.time_past = by->time_past, .time_future = by->time_future,
		.secret = secret_find, .secret_arg = &s->secret,
	};

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
	/* extraCerts may be left out after the first message (3.3). */
	if (!(s->op->flags & OP_STARTS) && (s->others = store_signers(
	    s->en->store, s->msg.hdr.transaction_id, &s->known, e)) == -1)
		return -1;
	ask.known = buf_slice(&s->known);
	s->secret.running = s->others > 0;
	return verify_msg(&s->msg, &ask, &s->checked, e) == -1 ?
	    secret_explain(&s->secret, e) : 0;
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

/* May this message come now?  RFC 9483 3.5, 5.1. */
static int
check_place(struct step *s, struct err *e)
{
	const struct hdr *h = &s->msg.hdr;
	char id[ESCAPE_SHORT];
	int found;

	found = store_txn(s->en->store, SLICE(checked_peer(s->checked), 32),
	    h->transaction_id, &s->txn, e);
	if (found == -1)
		return -1;
	if (s->op->flags & OP_STARTS) {
		if (found)
			return err_set(e, E_TXID_IN_USE, "transactionID %.32s "
			    "belongs to another request of this sender; a new "
			    "request needs a new transactionID",
			    escape_hex_short(id, h->transaction_id));
		if (h->recip_nonce.p != NULL)
			return err_set(e, E_RECIP_NONCE_FIRST, "recipNonce is "
			    "present in a first message");
		return 0;
	}
	if (!found && s->others > 0)
		return err_set(e, E_PROT_SAME, "transactionID %.32s belongs to "
		    "another sender; the credentials have to be those of its "
		    "first request", escape_hex_short(id, h->transaction_id));
	if (found && secret_same(s->checked, &s->txn, e) == -1)
		return -1;
	if (s->txn.state == TXN_DONE && s->msg.body == BODY_CERTCONF)
		return err_set(e, E_CONF_AGAIN, "the certificate is confirmed "
		    "already, this certConf is another one");
	if (txn_may(s->txn.state, s->msg.body, 1, e) == -1)
		return -1;
	if (!slice_eq(h->recip_nonce, buf_slice(&s->txn.our_nonce)))
		return err_set(e, E_RECIP_NONCE, "recipNonce is %s, expected "
		    "the senderNonce of our last message", h->recip_nonce.p ?
		    "another" : "missing");
	return 0;
}

/* INTEGER content as the store has serials. */
static struct slice
unsigned_serial(struct slice v)
{
	return v.n > 1 && v.p[0] == 0 ? SLICE(v.p + 1, v.n - 1) : v;
}

/*
 * What kind of sender this is.  For our own certificates the store knows, and
 * knows at once, what no CRL could say sooner.
 */
static int
find_sender(struct step *s, struct err *e)
{
	const struct cert *own = checked_signer(s->checked);
	struct policy_facts *f = &s->facts.policy;
	struct slice serial = own == NULL ? SLICE_NONE :
	    unsigned_serial(own->serial);
	struct store_cert row;
	int rc;

	if (own == NULL) {
		f->sender = AUTHZ_MAC;
		secret_facts(&s->secret, &f->ticket);
		return 0;
	}
	f->sender = AUTHZ_DEVICE;
	if (!ca_is_own(s->en, checked_path(s->checked)->anchor->cert))
		return 0;
	rc = store_cert(s->en->store, serial, &row, &s->sender_row, e);
	if (rc == -1)
		return -1;
	if (rc == 0 || !slice_eq(row.der, own->der)) {
		f->sender = AUTHZ_STRANGER;
		return 0;
	}
	f->sender = row.revoked ? AUTHZ_OWN_REVOKED :
	    row.not_after < s->en->now ? AUTHZ_OWN_EXPIRED : AUTHZ_OWN;
	f->sender_since = row.first_issued;
	f->sender_profile = row.profile;
	if (row.revoked && !(s->op->flags & OP_REVOKES))
		return err_set(e, E_PATH_REVOKED, "the certificate that "
		    "protects the message is revoked (reason %d)", row.reason);
	return 0;
}

/* What the store knows of the certificate that the request is about. */
static int
find_target(struct step *s, struct err *e)
{
	struct policy_facts *f = &s->facts.policy;
	struct store_cert row;
	int rc;

	if (s->msg.body == BODY_CERTCONF)
		f->target_serial = buf_slice(&s->txn.serial);
	else
		f->target_serial = unsigned_serial(s->request.target);
	if (f->target_serial.n == 0)
		return 0;
	rc = store_cert(s->en->store, f->target_serial, &row, &s->target_row,
	    e);
	if (rc == 1) {
		f->target_der = row.der;
		f->target_revoked = row.revoked;
	}
	return rc == -1 ? -1 : 0;
}

/* What the store knows of the key, and a serial number that is free. */
static int
find_facts(struct step *s, struct err *e)
{
	uint8_t hash[32];
	int taken, rc;

	if (s->request.spki.n > 0) {
		alg_sha256(buf_slice(&s->request.spki), SLICE_NONE, hash);
		rc = store_key(s->en->store, hash, &s->key_subject,
		    &s->facts.policy.key_revoked, e);
		if (rc == -1)
			return -1;
		s->facts.policy.key_known = rc;
		s->facts.policy.key_subject = buf_slice(&s->key_subject);
	}
	s->facts.serial = SLICE(s->serial, sizeof(s->serial));
	do {
		/* 159 random bits, always 20 octets, always positive. */
		rand_bytes(s->serial, sizeof(s->serial));
		s->serial[0] &= 0x7f;
		taken = s->serial[0] == 0 ? 1 :
		    store_serial_taken(s->en->store, s->facts.serial, e);
	} while (taken == 1);
	return taken;
}

/* The row of a transaction that begins with this request. */
static void
begin_txn(struct step *s)
{
	const struct msg *m = &s->msg;
	struct txn *t = &s->txn;

	if (t->id != 0)
		return;
	t->body = m->body;
	t->created = s->en->now;
	buf_reset(&t->transaction_id);
	buf_reset(&t->peer);
	buf_reset(&t->signer_certs);
	buf_add_slice(&t->transaction_id, m->hdr.transaction_id);
	buf_add(&t->peer, checked_peer(s->checked), 32);
	if (checked_mac(s->checked) != NULL) {
		buf_reset(&t->mac_alg);
		buf_reset(&t->mac_ref);
		buf_add_slice(&t->mac_alg, m->hdr.protection_alg);
		buf_add_slice(&t->mac_ref, checked_mac(s->checked)->reference);
		return;
	}
	engine_keep_signer(s->checked, &t->signer_certs);
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

/*
 * A pollReq after the decision: from here on the request that was held is
 * worked on in its place.
 */
static int
recall(struct step *s, struct err *e)
{
	int rc;

	if (s->txn.state != TXN_APPROVED && s->txn.state != TXN_REFUSED)
		return 0;
	if (op_poll.read(&s->request, e) == -1)
		return -1;
	if (s->request.cert_req.cert_req_id != s->txn.cert_req_id &&
	    s->request.cert_req.cert_req_id != -1)
		return err_set(e, E_POLL_ID, "certReqId is %lld, expected "
		    "%lld or -1", (long long)s->request.cert_req.cert_req_id,
		    (long long)s->txn.cert_req_id);
	rc = held_load(s->en, &s->txn, s->checked, &s->held, e);
	if (s->held.op == NULL)
		return rc;
	s->op = s->held.op;
	s->request.checked = s->held.checked;
	s->request.msg = &s->held.msg;
	s->facts.approved = 1;
	s->answer.effects.unhold = 1;
	return rc;
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
	};

	ca.alg = alg_default(key_info(en->ca_key));
	s->request.checked = s->checked;
	s->request.msg = &s->msg;
	if (recall(s, e) == -1 || s->op->read(&s->request, e) == -1 ||
	    find_facts(s, e) == -1 || find_target(s, e) == -1)
		return -1;
	if (s->request.info != NULL && (ca.info = ca_info(en, e)) == NULL)
		return -1;
	if (s->op->flags & OP_STARTS)
		begin_txn(s);
	return s->op->answer(&ca, &s->request, &s->facts, &s->answer, e);
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

static int
put(struct step *s, const uint8_t *identity, enum err_code code,
    struct err *e)
{
	struct store_row row = { .identity = identity,
	    .effects = &s->answer.effects, .answer = buf_slice(&s->o->answer),
	    .dir = s->o->dir, .name = s->o->name, .code = code,
	    .unverified = s->checked == NULL, .now = s->en->now };
	char final[STORE_NAME];

	if (store_put(s->en->store, &row, final, e) == -1)
		return -1;
	memcpy(s->o->name, final, sizeof(s->o->name));
	return 0;
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
 * The answer is no.  A sender that is verified leaves a transaction behind,
 * so that its transactionID stays taken; one that is not leaves only the
 * answer, and that not for ever (STORE_UNVERIFIED).
 */
static void
refuse(struct step *s)
{
	struct outcome *o = s->o;
	struct effects *f = &s->answer.effects;
	uint8_t none[32];
	const uint8_t *id = none;
	struct err e = { 0 };
	int fresh;

	memset(f, 0, sizeof(*f));
	f->txn = &s->txn;
	f->unhold = f->changes_txn = s->held.op != NULL;
	fresh = s->checked != NULL && s->txn.id == 0 && s->op != NULL &&
	    (s->op->flags & OP_STARTS);
	if (fresh) {
		begin_txn(s);
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
		s->txn.state = TXN_FAILED;
		s->txn.messages += 2;
		buf_reset(&s->txn.serial);
		buf_reset(&s->txn.cert);
	}
	if (s->checked != NULL && s->txn.state == TXN_CONFIRM &&
	    s->msg.body == BODY_CERTCONF)
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
	    put(s, id, o->err.code, &e) == -1) {
		o->err = e;
		/* What cannot be answered now will not be either later. */
		o->verdict = engine_is_temporary(e.code) ? VERDICT_TEMPORARY :
		    VERDICT_BAD;
		return;
	}
	o->verdict = VERDICT_REFUSED;
}

/* Verified and at its place: do it, or say why not. */
static int
go(struct step *s, struct err *e)
{
	if (check_place(s, e) == -1 || find_sender(s, e) == -1)
		return -1;
	s->in_body = 1;
	if (work(s, e) == -1 || protect(s, e) == -1)
		return -1;
	s->answer.effects.txn = &s->txn;
	s->answer.effects.changes_txn = 1;
	if (s->answer.effects.has_cert && checked_mac(s->checked) != NULL) {
		s->answer.effects.ticket = TICKET_USED;
		s->answer.effects.ticket_ref = s->secret.ticket.ref;
	}
	s->answer.effects.hold.request = s->der;
	return put(s, checked_identity(s->checked), E_NONE, e);
}

/* Can a message that did not decode be answered at all? */
static int
answerable(const struct msg *m, enum err_code code)
{
	return (code == E_SYNTAX || code == E_EXTRA_COUNT) &&
	    m->header_tlv.p != NULL && m->body_tlv.p != NULL &&
	    m->hdr.transaction_id.p != NULL && is_request(m->body);
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
	if ((rc = repeated(s, &failure)) == 1) {
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
			refuse(s);
		return;
	}
	o->verdict = VERDICT_ANSWERED;
	snprintf(o->note, sizeof(o->note), "%s", s->answer.note);
}

void
ca_handle(struct engine *en, struct slice der, struct outcome *o)
{
	struct step s;

	step_init(&s, en, o);
	s.der = der;
	if (msg_decode(der, &s.msg, &o->err) == -1) {
		if (answerable(&s.msg, o->err.code))
			handle(&s, 0);
		else
			o->verdict = VERDICT_BAD;
	} else if (!is_request(s.msg.body)) {
		err_set(&o->err, E_BODY_TYPE, "body is %s, an answer, which is "
		    "never answered here", msg_body_name(s.msg.body));
		o->verdict = VERDICT_BAD;
	} else {
		handle(&s, verify(&s, &o->err) == 0);
	}
	step_release(&s);
}
