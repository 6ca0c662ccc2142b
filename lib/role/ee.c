/* The end entity: answers in, certificates and confirmations out. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "msg/poll.h"
#include "pki/name.h"
#include "prot/shared.h"
#include "role/ee_int.h"
#include "role/request.h"

void
ee_step_init(struct step *s, struct engine *en, struct outcome *o)
{
	memset(s, 0, sizeof(*s));
	s->en = en;
	s->o = o;
	txn_init(&s->txn);
	draft_init(&s->result.draft);
}

void
ee_step_release(struct step *s)
{
	for (size_t i = 0; i < s->result.n_files; i++)
		buf_release(&s->result.files[i].content);
	checked_free(s->checked);
	txn_release(&s->txn);
	draft_release(&s->result.draft);
}

/* What the peer says in an error message, for the user. */
static void
error_text(const struct msg *m, char t[static 256])
{
	char text[ESCAPE_SHORT] = "", fail[256];
	struct err ignored = { 0 };
	struct error_msg em;
	struct slice in, line;

	if (crmf_error(m->content, &em, &ignored) == -1) {
		snprintf(t, 256, "malformed error message");
		return;
	}
	in = em.status.text;
	if (der_get(&in, DER_UTF8_STRING, &line) == 0)
		escape_short(text, line);
	snprintf(t, 256, "%s%s%.120s%s%.80s", status_name(em.status.status),
	    text[0] ? ": " : "", text, em.status.has_fail ? " failInfo " : "",
	    em.status.has_fail ? status_fail_text(fail, em.status.fail) : "");
}

/* Whatever an answer calls the secret, it is the one of our request. */
static int
our_secret(void *arg, struct slice reference, struct buf *out, struct err *e)
{
	struct step *s = arg;

	(void)reference;
	return shared_load(buf_str(&s->txn.secret_file), out, e) == -1 ?
	    -1 : 1;
}

/* Only an error may come with a signature after a MAC (3.6.4). */
static int
check_kind(struct step *s, struct verify_ask *ask, struct err *e)
{
	if (s->txn.secret_file.n == 0)
		return 0;
	ask->secret = our_secret;
	ask->secret_arg = s;
	if (verify_is_mac(&s->msg) || s->msg.body == BODY_ERROR)
		return 0;
	return err_set(e, E_PROT_KIND, "%s is not protected with a MAC as our "
	    "request was", msg_body_name(s->msg.body));
}

const struct trust *
ee_trust(const struct engine *en)
{
	return en->role == ROLE_RA ? &en->upstream : &en->trust;
}

int
ee_verify(struct step *s, struct err *e)
{
	const struct conf_channel *by = s->en->by;
	const struct trust *trust = ee_trust(s->en);
	struct verify_ask ask = {
		.anchors = trust->anchors, .n_anchors = trust->n_anchors,
		.now = s->en->now, .answers = 1,
		.time_past = by->time_past, .time_future = by->time_future,
	};
	char text[256], id[ESCAPE_SHORT];

	if (op_by_request(s->msg.body) != NULL)
		return err_set(e, E_BODY_TYPE, "body is %s, which is for the "
		    "CA; a device takes the answer to it",
		    msg_body_name(s->msg.body));
	if (!s->msg.has_protection && s->msg.body == BODY_ERROR) {
		error_text(&s->msg, text);
		return err_set(e, E_ANSWER_UNPROTECTED, "%.240s; anybody can "
		    "write such a file, so the request stays open", text);
	}
	if (verify_header(&s->msg, e) == -1)
		return -1;
	switch (store_txn(s->en->store, SLICE_NONE, s->msg.hdr.transaction_id,
	    &s->txn, e)) {
	case -1:
		return -1;
	case 0:
		return err_set(e, E_ANSWER_UNKNOWN, "transactionID %.32s is of "
		    "no request made in this home",
		    escape_hex_short(id, s->msg.hdr.transaction_id));
	}
	ask.known = buf_slice(&s->txn.signer_certs);
	/* A shared secret may bring the first anchor (4.1.1, 4.1.5). */
	if (ask.n_anchors == 0 && s->en->role == ROLE_RA)
		return err_set(e, E_PATH_NONE, "cmp.conf: [relay] has no "
		    "anchor, so no answer can be trusted; see: cmp-ca trust "
		    "add --upstream");
	if (ask.n_anchors == 0 && (s->txn.secret_file.n == 0 ||
	    !verify_is_mac(&s->msg)))
		return err_set(e, E_PATH_NONE, "trust/ has no trust anchor; "
		    "give one with: cmp-mkreq --trust FILE");
	if (check_kind(s, &ask, e) == -1)
		return -1;
	return verify_msg(&s->msg, &ask, &s->checked, e);
}

/*
 * pkiConf and pollRep come with the credentials of an answer before (4.1.1,
 * 4.4), which we have kept because they may come without certificates (3.3).
 */
static int
check_same(const struct step *s, struct err *e)
{
	struct slice kept = buf_slice(&s->txn.signer_certs), der;
	struct err ignored = { 0 };
	struct cert one;

	if (checked_mac(s->checked) != NULL)
		return 0;	/* there is one secret to a transaction */
	while (der_get_tlv(&kept, DER_SEQUENCE, &der) == 0)
		if (cert_parse(der, &one, &ignored) == 0 &&
		    slice_eq(one.spki, checked_signer(s->checked)->spki))
			return 0;
	return err_set(e, E_PROT_SAME, "%s is signed with another key than "
	    "the answers before it", msg_body_name(s->msg.body));
}

/*
 * The last answer after polling may refer to the request instead of to the
 * last pollReq (3.5, 4.4, 5.1.5).
 */
static int
nonce_fits(const struct step *s)
{
	struct slice nonce = s->msg.hdr.recip_nonce;

	return slice_eq(nonce, buf_slice(&s->txn.our_nonce)) ||
	    (s->txn.state == TXN_WAITING && s->msg.body != BODY_POLLREP &&
	    slice_eq(nonce, buf_slice(&s->txn.first_nonce)));
}

/* Does the operation that began with ${b} end in a certificate? */
int
ee_enrols(enum body b)
{
	const struct op *op = op_by_request(b);

	return op != NULL && (op->flags & OP_ENROLS);
}

/* Is it the answer to our certConf that is still to come? */
static int
is_confirming(const struct txn *t)
{
	return ee_enrols(t->body) && t->cert.n > 0;
}

static int
check_place(struct step *s, struct err *e)
{
	const struct txn *t = &s->txn;

	if (t->state == TXN_DONE || t->state == TXN_FAILED)
		return err_set(e, E_ANSWER_TAKEN, "this request has its answer "
		    "already (%s); this is another one",
		    txn_state_name(t->state));
	if (txn_may(t->state, s->msg.body, TXN_AT_DEVICE, e) == -1)
		return -1;
	/* What waits is the answer to the request, or to our certConf; the
	 * certificate of an rr is the one that it is about. */
	if (t->state == TXN_WAITING && s->msg.body != BODY_POLLREP &&
	    s->msg.body != BODY_ERROR &&
	    (s->msg.body == BODY_PKICONF) != is_confirming(t))
		return err_set(e, E_BODY_STATE, "%s, but what waits is "
		    "another answer", msg_body_name(s->msg.body));
	if (!nonce_fits(s))
		return err_set(e, E_RECIP_NONCE, "recipNonce is %s, expected "
		    "the senderNonce of our last message",
		    s->msg.hdr.recip_nonce.p ? "another" : "missing");
	return s->msg.body == BODY_PKICONF || s->msg.body == BODY_POLLREP ?
	    check_same(s, e) : 0;
}

static int
accept_error(struct step *s, struct err *e)
{
	struct err ignored = { 0 };
	struct error_msg em;
	char text[256];

	error_text(&s->msg, text);
	/* Not a refusal: the answer is delayed (4.4). */
	if (crmf_error(s->msg.content, &em, &ignored) == 0 &&
	    em.status.status == STATUS_WAITING) {
		s->result.poll_id = -1;		/* the whole message */
		return err_set(e, E_ANSWER_WAITING, "%.250s", text);
	}
	return err_set(e, E_ANSWER_ERROR, "%.250s", text);
}

int
ee_accept(struct step *s, struct err *e)
{
	const struct trust *trust = ee_trust(s->en);
	struct op_device d = { .anchors = trust->anchors,
	    .n_anchors = trust->n_anchors, .now = s->en->now,
	    .txn = &s->txn };
	/* Whatever was in between, the answer is one to the request. */
	const struct op *op = s->txn.state != TXN_OPEN &&
	    (s->msg.body == BODY_PKICONF || s->msg.body == BODY_POLLREP) ?
	    op_by_response(s->msg.body) : op_by_request(s->txn.body);

	s->result.poll_id = s->txn.cert_req_id;
	if (s->msg.body == BODY_ERROR)
		return accept_error(s, e);
	if (op == NULL || op->accept == NULL || op->response != s->msg.body)
		return err_set(e, E_BODY_TYPE, "body is %s, which is no answer "
		    "to %s", msg_body_name(s->msg.body),
		    msg_body_name(s->txn.body));
	return op->accept(s->checked, &d, &s->result, e);
}

/* Keys and certificates that signed the first request, as paths. */
static int
open_signer(struct step *s, struct key **key, struct certs *cert,
    struct certs *chain, struct err *e)
{
	struct txn *t = &s->txn;
	const char *pass = t->pass_file.n ? buf_str(&t->pass_file) : NULL;

	if (key_load(buf_str(&t->sign_key_file), pass, key, e) == -1 ||
	    certs_load(buf_str(&t->cert_file), cert, e) == -1)
		return -1;
	if (cert->n == 0)
		return err_set(e, E_CERT_SYNTAX, "%.200s: no certificate in "
		    "it", buf_str(&t->cert_file));
	if (t->chain_file.n == 0)
		return 0;
	return certs_load(buf_str(&t->chain_file), chain, e);
}

/* "MUST use the same credentials as in the first request" (4.1.1). */
static int
sign_reply(struct step *s, struct err *e)
{
	struct certs cert = { 0 }, chain = { 0 };
	struct signer signer = { 0 };
	struct key *key = NULL;
	int rc = -1;

	if (open_signer(s, &key, &cert, &chain, e) == -1)
		goto out;
	signer = (struct signer){ .key = key, .cert = &cert.v[0],
	    .chain = &chain };
	if (protect_check(&signer, e) == -1)
		goto out;
	rc = protect_sign(&s->result.draft, &signer, SLICE_NONE,
	    &s->o->answer, e);
out:
	key_free(key);
	certs_free(&cert);
	certs_free(&chain);
	return rc;
}

static int
mac_reply(struct step *s, struct err *e)
{
	struct txn *t = &s->txn;
	struct shared shared = { .reference = buf_slice(&t->mac_ref) };
	struct buf secret;
	int rc = -1;

	if (shared_load(buf_str(&t->secret_file), &secret, e) == 0 &&
	    mac_parse(buf_slice(&t->mac_alg), &shared.mac, e) == 0) {
		shared.secret = buf_slice(&secret);
		rc = protect_mac(&s->result.draft, &shared, SLICE_NONE,
		    &s->o->answer, e);
	}
	buf_release(&secret);
	return rc;
}

/*
 * Who signed the answer.  One that only lets our certConf wait may be signed
 * by an RA in between (5.1.5): that counts beside who sent the certificate.
 */
static void
keep_signer(struct step *s, int beside)
{
	struct buf *to = &s->txn.signer_certs, old;

	buf_init(&old, to->n + 1);
	if (beside && check_same(s, &(struct err){ 0 }) == 0) {
		buf_release(&old);
		return;
	}
	if (beside)
		buf_add_slice(&old, buf_slice(to));
	engine_keep_signer(s->checked, to);
	buf_add_slice(to, buf_slice(&old));
	buf_release(&old);
}

static int
reply(struct step *s, struct err *e)
{
	struct draft *d = &s->result.draft;
	struct txn *t = &s->txn;

	rand_bytes(s->nonce, sizeof(s->nonce));
	engine_head(d, &s->msg, s->en->now, s->nonce);
	t->messages += 2;
	keep_signer(s, d->body == BODY_POLLREQ && is_confirming(t));
	buf_reset(&t->our_nonce);
	buf_add(&t->our_nonce, s->nonce, sizeof(s->nonce));
	engine_name(s->o->name, d->transaction_id, t->messages, d->body);
	if (t->secret_file.n > 0)
		return mac_reply(s, e);
	if (t->sign_key_file.n > 0)
		return sign_reply(s, e);
	s->o->draft = 1;
	return protect_none(d, &s->o->answer, e);
}

/* Where the transaction stands after this answer. */
static void
next_state(struct step *s)
{
	struct txn *t = &s->txn;
	struct err ignored = { 0 };
	struct cert c;

	if (s->result.cert.p != NULL &&
	    cert_parse(s->result.cert, &c, &ignored) == 0) {
		buf_reset(&t->cert);
		buf_reset(&t->serial);
		buf_add_slice(&t->cert, s->result.cert);
		buf_add_slice(&t->serial, c.serial);
	}
	if (s->result.reply)
		t->state = TXN_PKICONF;
	else if (s->result.done && (t->cert.n > 0 || !ee_enrols(t->body)))
		t->state = TXN_DONE;
	else
		t->state = TXN_FAILED;
}

static int
put(struct step *s, const char *event, const char *detail, struct err *e)
{
	struct effects *f = &s->effects;
	struct store_row row = { .identity = checked_identity(s->checked),
	    .effects = f, .answer = buf_slice(&s->o->answer),
	    .name = s->o->name, .code = s->o->err.code, .now = s->en->now };
	char final[STORE_NAME];

	f->txn = &s->txn;
	f->changes_txn = 1;
	snprintf(f->event, sizeof(f->event), "%s", event);
	snprintf(f->detail, sizeof(f->detail), "%.250s", detail);
	if (store_put(s->en->store, &row, final, e) == -1)
		return -1;
	if (s->o->answer.n > 0)
		memcpy(s->o->name, final, sizeof(s->o->name));
	else
		s->o->name[0] = '\0';
	return 0;
}

static void
next_poll(struct outcome *o, const struct txn *t)
{
	char when[DER_TIME_TEXT];

	if (t->check_at == 0)
		snprintf(o->next, sizeof(o->next), "send the pollReq "
		    "(lost? cmp-mkreq poll gives it again)");
	else
		snprintf(o->next, sizeof(o->next), "send the pollReq after %s "
		    "(lost? cmp-mkreq poll gives it again)", der_time_text(when, t->check_at));
}

/* The transaction ends here, without a message (RFC 9483 3.6.1). */
static void
give_up(struct step *s)
{
	struct outcome *o = s->o;
	struct err e = { 0 };

	buf_reset(&o->answer);
	o->verdict = VERDICT_NO;
	s->txn.state = TXN_FAILED;
	if (put(s, "failed", o->err.detail, &e) == -1) {
		o->err = e;
		o->verdict = VERDICT_TEMPORARY;
	}
	snprintf(o->next, sizeof(o->next), "make a new request with cmp-mkreq");
}

/*
 * The answer is delayed: the next message is a pollReq, now or in some days;
 * the request's nonce is kept for the last answer (4.4).
 */
static void
wait_on(struct step *s)
{
	struct outcome *o = s->o;
	struct txn *t = &s->txn;
	struct err waiting = o->err, e = { 0 };

	if (t->state != TXN_WAITING) {
		buf_reset(&t->first_nonce);
		buf_add_slice(&t->first_nonce, buf_slice(&t->our_nonce));
		t->check_at = 0;
	}
	poll_write_req(&s->result.draft, s->result.poll_id);
	t->state = TXN_WAITING;
	if (reply(s, &e) == -1 || put(s, "waiting", waiting.detail, &e) == -1) {
		o->err = e;
		o->name[0] = '\0';
		o->verdict = VERDICT_TEMPORARY;
		return;
	}
	o->err = waiting;
	o->verdict = VERDICT_WAITING;
	next_poll(o, t);
}

static void
take(struct step *s)
{
	struct outcome *o = s->o;
	struct err *e = &o->err;

	if (ee_trust(s->en)->n_anchors == 0 && s->en->has_root) {
		err_set(e, E_PATH_NONE, "an answer before this one has just "
		    "brought a trust anchor; try again");
		o->verdict = VERDICT_TEMPORARY;
		return;
	}
	if (ee_accept(s, e) == -1) {
		if (e->code == E_ANSWER_WAITING)
			wait_on(s);
		else if (e->code == E_PATH_NONE &&
		    ee_trust(s->en)->n_anchors == 0)
			o->verdict = VERDICT_NO;	/* it stays open */
		else if (err_fail(e->code) == FAIL_SYSTEM_FAILURE ||
		    engine_is_temporary(e->code))
			o->verdict = VERDICT_TEMPORARY;
		else
			give_up(s);
		return;
	}
	/* Our own files may be mended; the answer is good for ever. */
	if (s->result.reply && reply(s, e) == -1) {
		o->name[0] = '\0';
		o->verdict = VERDICT_TEMPORARY;
		return;
	}
	next_state(s);
	o->err = s->result.refused;
	snprintf(o->note, sizeof(o->note), "%s", s->result.note);
	if (put(s, o->err.code == E_NONE ? "taken" : "not-wanted",
	    o->err.code == E_NONE ? s->result.note : o->err.detail, e) == -1)
		return;
	o->verdict = o->err.code == E_NONE ? VERDICT_TAKEN : VERDICT_NO;
	s->en->has_root |= s->result.cert.p != NULL;
}

static int
repeated(struct step *s, struct err *e)
{
	struct buf name;
	int rc;

	buf_init(&name, STORE_NAME);
	rc = store_answer(s->en->store, checked_identity(s->checked), &name,
	    &s->o->answer, e);
	if (rc == 1) {
		s->o->verdict = VERDICT_REPEATED;
		snprintf(s->o->name, sizeof(s->o->name), "%.*s", (int)name.n,
		    name.n ? (const char *)name.p : "");
		snprintf(s->o->note, sizeof(s->o->note), "taken before, "
		    "nothing changed");
		s->o->draft = s->o->answer.n > 0 && s->txn.sign_key_file.n == 0 &&
		    s->txn.secret_file.n == 0;
		/* Who was told "no" and cut short must not be told "yes". */
		if (s->txn.state == TXN_WAITING) {
			err_set(e, E_ANSWER_WAITING, "taken before");
			next_poll(s->o, &s->txn);
		} else if (s->txn.state == TXN_FAILED ||
		    (s->txn.cert.n == 0 && ee_enrols(s->txn.body)))
			err_set(e, E_ANSWER_REJECTED, "taken before, and this "
			    "request brought no certificate that was wanted");
	}
	buf_release(&name);
	return rc;
}

void
ee_handle(struct engine *en, struct slice der, struct outcome *o)
{
	struct err *e = &o->err;
	struct step s;

	ee_step_init(&s, en, o);
	if (msg_decode(der, &s.msg, e) == -1) {
		o->verdict = VERDICT_BAD;
	} else if (ee_verify(&s, e) == -1) {
		/* Not from whom we asked: the request stays open.  A file
		 * with a secret may be mended. */
		o->verdict = engine_is_temporary(e->code) ||
		    err_fail(e->code) == FAIL_SYSTEM_FAILURE ?
		    VERDICT_TEMPORARY : VERDICT_NO;
	} else if (repeated(&s, e) == 0) {
		if (check_place(&s, e) == -1)
			o->verdict = VERDICT_NO;
		else
			take(&s);
	}
	ee_step_release(&s);
}
