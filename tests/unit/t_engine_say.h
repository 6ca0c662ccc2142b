/* Saying something to the CA, and looking at what it answers. */
#ifndef T_ENGINE_SAY_H
#define T_ENGINE_SAY_H

#include "t_engine_home.h"

/* The answer to the last message. */
struct reply {
	enum verdict	 verdict;
	enum err_code	 code;
	char		 name[STORE_NAME];
	char		 detail[512];
	struct slice	 der;
	struct msg	 m;
	int		 status;	/* -1: none */
	int		 fail;		/* FAIL_NONE, or the one bit; -2 more */
	int64_t		 req_id;
	struct slice	 cert;		/* of an ip, cp or kup */
	int		 proper;	/* header and protection as they must be */
};

static inline int
one_bit(const struct pki_status_info *s)
{
	if (!s->has_fail)
		return FAIL_NONE;
	for (int i = 0; i < FAIL__COUNT; i++)
		if (s->fail == 1u << i)
			return i;
	return -2;
}

static inline void
read_status(struct reply *r)
{
	struct cert_rep rep;
	struct error_msg em;
	struct err e = { 0 };

	r->status = -1;
	r->fail = FAIL_NONE;
	if (r->m.body == BODY_ERROR && crmf_error(r->m.content, &em, &e) ==
	    0) {
		r->status = (int)em.status.status;
		r->fail = one_bit(&em.status);
	}
	if ((r->m.body == BODY_IP || r->m.body == BODY_CP ||
	    r->m.body == BODY_KUP) && crmf_response(r->m.content, &rep, &e) ==
	    0 && rep.count == 1 && (rep.first.cert_req_id == 0 ||
	    r->m.body == BODY_CP)) {
		r->req_id = rep.first.cert_req_id;
		r->status = (int)rep.first.status.status;
		r->fail = one_bit(&rep.first.status);
		r->cert = rep.first.cert;
	}
}

/* RFC 9483 3.1, 3.2, 3.3 and 5.1 for every answer of a CA. */
static inline int
is_proper(const struct reply *r, const struct msg *q, const struct cert *root)
{
	struct anchor anchor = { .cert = root };
	struct verify_ask ask = { .anchors = &anchor, .n_anchors = 1,
	    .now = the_time, .answers = 1 };
	const struct hdr *a = &r->m.hdr, *b = &q->hdr;
	struct err e = { 0 };
	struct checked *c;
	int64_t pvno = b->pvno < 2 ? 2 : b->pvno > 3 ? 3 : b->pvno;

	if (verify_msg(&r->m, &ask, &c, &e) == -1) {
		printf("# answer: %s %s\n", err_name(e.code), e.detail);
		return 0;
	}
	checked_free(c);
	return a->pvno == pvno && slice_eq(a->recipient, b->sender) &&
	    slice_eq(a->recip_nonce, b->sender_nonce) &&
	    a->sender_nonce.n == 16 &&
	    !slice_eq(a->sender_nonce, b->sender_nonce) &&
	    a->sender_kid.n > 0 && a->has_time &&
	    a->message_time == the_time &&
	    (!a->has_confirm_wait || !a->implicit_confirm) &&
	    (b->transaction_id.n < 16 || b->transaction_id.n > TXID_MAX ?
	    a->transaction_id.n == 16 :
	    slice_eq(a->transaction_id, b->transaction_id)) &&
	    r->m.n_extra > 0 && slice_eq(r->m.extra[0], cmp.cert.der);
}

static inline void
note_outcome(struct reply *r, const struct outcome *o)
{
	struct buf *b = new_buf();

	*r = (struct reply){ .verdict = o->verdict, .code = o->err.code,
	    .status = -1, .fail = FAIL_NONE };
	memcpy(r->name, o->name, sizeof(r->name));
	memcpy(r->detail, o->err.detail, sizeof(r->detail));
	buf_add_slice(b, buf_slice(&o->answer));
	r->der = buf_slice(b);
	if (o->err.code != E_NONE)
		printf("# %s: %s\n", err_name(o->err.code), o->err.detail);
}

static struct reply re;

/* Tests leap in time: as an operator would, they say that it is right. */
static inline void
accept_clock(void)
{
	static int64_t last;
	struct effects f = { .event = "clock-accepted" };
	struct store_row row = { .effects = &f, .now = the_time };
	char final[STORE_NAME];
	struct err e = { 0 };

	if (last == the_time)
		return;
	last = the_time;
	if (store_begin(engine_store(en), &e) == -1 ||
	    store_put(engine_store(en), &row, final, &e) == -1 ||
	    store_commit(engine_store(en), &e) == -1)
		die("clock", &e);
}

/* Give ${der} to the CA in a commit of its own; the answer is ${re}. */
static inline struct reply *
say(struct slice der)
{
	struct outcome o;
	struct err e = { 0 }, ignored = { 0 };
	struct msg q;

	outcome_init(&o);
	accept_clock();
	if (engine_begin(en, &e) == -1)
		die("begin", &e);
	engine_handle(en, NULL, der, &o);
	if (engine_commit(en, &e) == -1)
		die("commit", &e);
	note_outcome(&re, &o);
	outcome_release(&o);
	if (re.der.n == 0)
		return &re;
	if (msg_decode(re.der, &re.m, &e) == -1)
		die("answer", &e);
	read_status(&re);
	msg_decode(der, &q, &ignored);
	re.proper = is_proper(&re, &q, &ca.cert);
	return &re;
}

/* Refused in an error message, in an ip, or not answered at all. */
static inline int
refused_in(enum body body, enum err_code code, enum fail fail)
{
	int good = re.verdict == VERDICT_REFUSED && re.code == code &&
	    re.proper && re.m.body == body && re.status == STATUS_REJECTION &&
	    re.fail == (int)fail && re.cert.p == NULL;

	if (!good)
		printf("# verdict %d %s body %s status %d fail %d proper %d\n",
		    re.verdict, err_name(re.code), msg_body_name(re.m.body),
		    re.status, re.fail, re.proper);
	return good;
}
#define ERROR(code, fail)	refused_in(BODY_ERROR, (code), (fail))
#define REJECTED(code, fail)	refused_in(BODY_IP, (code), (fail))

static inline int
granted_in(enum body body)
{
	return re.verdict == VERDICT_ANSWERED && re.proper &&
	    re.m.body == body && re.cert.p != NULL &&
	    re.fail == FAIL_NONE && (re.status == STATUS_ACCEPTED ||
	    re.status == STATUS_GRANTED_WITH_MODS);
}

static inline int
granted(void)
{
	return granted_in(BODY_IP);
}

/* --- what the store has */

static inline int
count_cert(void *arg, const struct store_cert *c)
{
	int *n = arg;

	n[0]++;
	n[1] += c->revoked;
	return 0;
}

/* Certificates issued so far, and how many of them are revoked. */
static inline int
certificates(int *revoked)
{
	struct err e = { 0 };
	int n[2] = { 0, 0 };

	store_certs(engine_store(en), count_cert, n, &e);
	if (revoked != NULL)
		*revoked = n[1];
	return n[0];
}

/* The state of transaction ${id} of ${by}, -1 if there is none. */
static inline int
state_of(const struct who *by, struct slice id)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;
	int rc;

	alg_sha256(by->cert.spki, SLICE_NONE, peer);
	txn_init(&t);
	rc = store_txn(engine_store(en), SLICE(peer, 32), id, &t, &e);
	rc = rc == 1 ? (int)t.state : -1;
	txn_release(&t);
	return rc;
}

#endif
