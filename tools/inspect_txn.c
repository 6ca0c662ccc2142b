/* One transaction: its messages in order, what is missing and what is odd. */
#include "tools/inspect_txn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "msg/body.h"
#include "msg/emit.h"
#include "msg/view.h"
#include "pki/alg.h"

#define ORDER_MAX	4096	/* messages that are compared with each other */
#define NONE		SIZE_MAX

static void
mark(uint8_t to[static INSPECT_MARK], struct slice s)
{
	uint8_t digest[32];

	alg_sha256(s, SLICE_NONE, digest);
	memcpy(to, digest, INSPECT_MARK);
}

static void
set_status(struct inspect_rec *r, const struct pki_status_info *s)
{
	r->has_status = 1;
	r->status = s->status;
	r->has_fail = s->has_fail;
	r->fail = s->fail;
}

static void
record_body(struct inspect_rec *r, const struct msg *m)
{
	struct err e = { 0 };
	struct cert_status cs;
	struct view_rev_rep rp;
	struct view_poll poll;
	struct error_msg em;
	struct cert_rep rep;
	size_t n;

	r->bad_body = body_check(m, &e) == -1;
	if (r->bad_body)
		return;
	if (body_is_response(m->body) &&
	    crmf_response(m->content, &rep, &e) == 0 && rep.count > 0) {
		set_status(r, &rep.first.status);
		r->has_cert = rep.first.cert.p != NULL;
	} else if (m->body == BODY_ERROR &&
	    crmf_error(m->content, &em, &e) == 0) {
		set_status(r, &em.status);
	} else if (m->body == BODY_RP &&
	    view_rev_rep(m->content, &rp, &e) == 0) {
		set_status(r, &rp.first);
	} else if (m->body == BODY_CERTCONF &&
	    crmf_confirmation(m->content, &cs, &n, &e) == 0 && n > 0) {
		/* Without a status it accepts. */
		set_status(r, &cs.status);
	} else if (m->body == BODY_POLLREP &&
	    view_poll(m->body, m->content, &poll, &n, &e) == 0 && n > 0) {
		r->check_after = poll.check_after;
	}
}

void
inspect_txn_record(struct inspect_rec *r, const struct msg *m)
{
	const struct hdr *h = &m->hdr;

	*r = (struct inspect_rec){ .body = m->body, .check_after = -1 };
	r->has_id = h->transaction_id.p != NULL;
	r->id_n = h->transaction_id.n < TXID_MAX ? h->transaction_id.n :
	    TXID_MAX;
	if (r->id_n > 0)
		memcpy(r->id, h->transaction_id.p, r->id_n);
	mark(r->id_mark, h->transaction_id);
	r->has_sent = h->sender_nonce.p != NULL;
	mark(r->sent, h->sender_nonce);
	r->has_answers = h->recip_nonce.p != NULL;
	mark(r->answers, h->recip_nonce);
	r->has_time = h->has_time;
	r->time = h->message_time;
	r->implicit = h->implicit_confirm;
	msg_digest(m, r->digest);
	record_body(r, m);
}

static int
same_txn(const struct inspect_rec *a, const struct inspect_rec *b)
{
	return a->has_id == b->has_id && a->id_n == b->id_n &&
	    memcmp(a->id, b->id, TXID_MAX) == 0 &&
	    memcmp(a->id_mark, b->id_mark, INSPECT_MARK) == 0;
}

/* First messages stand before those of the same second, or of no time. */
static int
stage(const struct inspect_rec *r)
{
	return r->has_answers;
}

static int
earlier(const struct inspect_rec *a, const struct inspect_rec *b)
{
	int c = 0;

	if (a->has_time && b->has_time)
		c = (a->time > b->time) - (a->time < b->time);
	if (c == 0)
		c = stage(a) - stage(b);
	return c != 0 ? c : strcmp(a->name, b->name);
}

static int
rec_cmp(const void *ap, const void *bp)
{
	const struct inspect_rec *a = ap, *b = bp;
	int c = a->has_id - b->has_id;

	if (c == 0)
		c = memcmp(a->id, b->id, TXID_MAX);
	if (c == 0)
		c = (a->id_n > b->id_n) - (a->id_n < b->id_n);
	if (c == 0)
		c = memcmp(a->id_mark, b->id_mark, INSPECT_MARK);
	if (c == 0)
		c = b->has_time - a->has_time;
	return c != 0 ? c : earlier(a, b);
}

void
inspect_txn_sort(struct inspect_rec *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof(*v), rec_cmp);
}

size_t
inspect_txn_length(const struct inspect_rec *v, size_t n)
{
	size_t i = 1;

	while (i < n && same_txn(&v[0], &v[i]))
		i++;
	return i;
}

static int
same(const struct inspect_rec *a, const struct inspect_rec *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* Does ${r} carry the nonce of ${q}? */
static int
answers(const struct inspect_rec *r, const struct inspect_rec *q)
{
	return r != q && r->has_answers && q->has_sent &&
	    memcmp(r->answers, q->sent, INSPECT_MARK) == 0;
}

static size_t
answered_by(const struct inspect_rec *v, size_t n, size_t i)
{
	for (size_t j = 0; j < n; j++)
		if (answers(&v[i], &v[j]))
			return j;
	return NONE;
}

/* May ${i} come now: is what it answers, if it is here, already placed? */
static int
is_ready(const size_t *before, const char *placed, size_t i)
{
	return before[i] == NONE || placed[before[i]];
}

/* Each time the earliest of those that are ready; of a ring the earliest. */
static int
order(struct inspect_rec *v, size_t n, struct err *e)
{
	struct inspect_rec *out = calloc(n, sizeof(*out));
	size_t *before = calloc(n, sizeof(*before));
	char *placed = calloc(n, 1);
	int rc = -1;

	if (out == NULL || before == NULL || placed == NULL) {
		err_set(e, E_NOMEM, "%zu messages", n);
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		before[i] = answered_by(v, n, i);
	for (size_t k = 0; k < n; k++) {
		size_t best = NONE, ready = 0;

		for (size_t i = 0; i < n; i++) {
			size_t can = (size_t)is_ready(before, placed, i);

			if (placed[i] || can < ready)
				continue;
			if (best == NONE || can > ready ||
			    earlier(&v[i], &v[best]) < 0)
				best = i;
			ready = can;
		}
		placed[best] = 1;
		out[k] = v[best];
	}
	memcpy(v, out, n * sizeof(*v));
	rc = 0;
out:
	free(out);
	free(before);
	free(placed);
	return rc;
}

/* Findings: a line each, about one file. */
struct odd {
	struct emit	*em;	/* JSON, else text to ${out} */
	struct buf	*out;
};

static void say(struct odd *o, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void
say(struct odd *o, const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (o->em != NULL) {
		emit_open(o->em, NULL);
		emit_text(o->em, "file", slice_str(name));
		emit_text(o->em, "text", slice_str(text));
		emit_close(o->em);
		return;
	}
	buf_add_str(o->out, "  odd: ");
	escape_text(o->out, slice_str(name), 4096);
	buf_add_str(o->out, ": ");
	escape_text(o->out, slice_str(text), sizeof(text));
	buf_add_u8(o->out, '\n');
}

static int
is_first(enum body b)
{
	return body_is_request(b) || b == BODY_P10CR || b == BODY_RR ||
	    b == BODY_GENM;
}

static int
is_request(const struct inspect_rec *r)
{
	return is_first(r->body) || r->body == BODY_CERTCONF ||
	    r->body == BODY_POLLREQ ||
	    (r->body == BODY_NESTED && !r->has_answers);
}

static int
is_waiting(const struct inspect_rec *r)
{
	return r->has_status && r->status == STATUS_WAITING;
}

/* A final answer ends all polling, whichever nonce it has. */
static int
is_final(const struct inspect_rec *r)
{
	return !is_request(r) && r->body != BODY_POLLREP && !is_waiting(r);
}

static int
has_answer(const struct inspect_rec *v, size_t n, size_t i)
{
	int polls = v[i].body == BODY_POLLREQ;

	for (size_t j = 0; j < n; j++)
		if (answers(&v[j], &v[i]) ||
		    (polls && j > i && is_final(&v[j])))
			return 1;
	return 0;
}

static void
odd_links(struct odd *o, const struct inspect_rec *v, size_t n, size_t i)
{
	const struct inspect_rec *r = &v[i];
	size_t at = answered_by(v, n, i);

	if (r->has_answers && at == NONE)
		say(o, r->name, "the message that it answers is not here: no "
		    "senderNonce is its recipNonce");
	else if (!r->has_answers && !is_first(r->body) &&
	    r->body != BODY_NESTED && r->body != BODY_ERROR)
		say(o, r->name, "recipNonce is absent, so it answers nothing");
	else if (at != NONE && v[at].has_time && r->has_time &&
	    r->time < v[at].time)
		say(o, r->name, "is older than %s, which it answers",
		    v[at].name);
	if (is_request(r) && !has_answer(v, n, i))
		say(o, r->name, "no answer");
	if (r->bad_body)
		say(o, r->name, "its body cannot be read");
}

/* What ${i} has in common with one before it that it should not have. */
static void
odd_pairs(struct odd *o, const struct inspect_rec *v, size_t i)
{
	const struct inspect_rec *r = &v[i];

	for (size_t j = 0; j < i; j++)
		if (same(r, &v[j])) {
			say(o, r->name, "duplicate of %s", v[j].name);
			return;
		}
	for (size_t j = 0; j < i; j++) {
		const struct inspect_rec *b = &v[j];

		if (is_first(r->body) && is_first(b->body)) {
			say(o, r->name, "another request than %s with the "
			    "same transactionID", b->name);
			return;
		}
		if (r->has_answers && b->has_answers && !is_waiting(b) &&
		    memcmp(r->answers, b->answers, INSPECT_MARK) == 0) {
			say(o, r->name, "a different answer than %s to the "
			    "same message", b->name);
			return;
		}
		if (r->has_sent && b->has_sent && r->body != BODY_NESTED &&
		    b->body != BODY_NESTED &&
		    memcmp(r->sent, b->sent, INSPECT_MARK) == 0) {
			say(o, r->name, "has the senderNonce of %s", b->name);
			return;
		}
	}
}

/* Has the certificate of ${i} to be confirmed, and is it not? */
static int
is_unconfirmed(const struct inspect_rec *v, size_t n, size_t i)
{
	if (!v[i].has_cert || v[i].implicit)
		return 0;
	for (size_t j = 0; j < n; j++)
		if (v[j].body == BODY_CERTCONF)
			return 0;
	return 1;
}

static int
is_left_waiting(const struct inspect_rec *v, size_t n, size_t i)
{
	if (!is_waiting(&v[i]) && v[i].body != BODY_POLLREP)
		return 0;
	for (size_t j = i + 1; j < n; j++)
		if (v[j].body == BODY_POLLREQ || is_final(&v[j]))
			return 0;
	return 1;
}

static void
odd_all(struct odd *o, const struct inspect_rec *v, size_t n)
{
	if (!v[0].has_id || n > ORDER_MAX) {
		say(o, v[0].name, v[0].has_id ? "too many messages to "
		    "compare" : "no transactionID, so these need not belong "
		    "together");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		odd_links(o, v, n, i);
		odd_pairs(o, v, i);
		if (is_unconfirmed(v, n, i))
			say(o, v[i].name, "no certConf confirms the "
			    "certificate");
		if (is_left_waiting(v, n, i))
			say(o, v[i].name, "nobody has asked again since, and "
			    "there is no final answer");
	}
}

static void
show_json(struct buf *out, const struct inspect_rec *v, size_t n)
{
	struct odd o = { .out = out };
	struct emit em;
	char t[256];

	emit_start(&em, out, 1);
	if (v[0].has_id)
		emit_hex(&em, "transactionID", SLICE(v[0].id, v[0].id_n));
	emit_open_list(&em, "messages");
	for (size_t i = 0; i < n; i++) {
		const struct inspect_rec *r = &v[i];

		emit_open(&em, NULL);
		emit_text(&em, "file", slice_str(r->name));
		emit_safe(&em, "message", msg_body_name(r->body));
		if (r->has_time)
			emit_time(&em, "messageTime", r->time);
		if (r->has_status)
			emit_safe(&em, "status", status_name(r->status));
		if (r->has_fail)
			emit_safe(&em, "failInfo",
			    status_fail_text(t, r->fail));
		if (r->check_after >= 0)
			emit_int(&em, "checkAfter", r->check_after);
		emit_close(&em);
	}
	emit_close_list(&em);
	emit_open_list(&em, "odd");
	o.em = &em;
	odd_all(&o, v, n);
	emit_close_list(&em);
	emit_end(&em);
}

static void
show_text(struct buf *out, const struct inspect_rec *v, size_t n)
{
	struct odd o = { .out = out };
	char t[256], when[DER_TIME_TEXT];

	buf_add_str(out, "transaction ");
	if (v[0].has_id)
		escape_hex(out, SLICE(v[0].id, v[0].id_n));
	else
		buf_add_u8(out, '-');
	buf_add_u8(out, '\n');
	for (size_t i = 0; i < n; i++) {
		const struct inspect_rec *r = &v[i];

		buf_printf(out, "  %-20s  %-8s  ", r->has_time ?
		    der_time_text(when, r->time) : "-",
		    msg_body_name(r->body));
		escape_text(out, slice_str(r->name), 4096);
		if (r->has_status)
			buf_printf(out, "  %s", status_name(r->status));
		if (r->has_fail)
			buf_printf(out, " (%s)", status_fail_text(t, r->fail));
		if (r->check_after >= 0)
			buf_printf(out, "  checkAfter %" PRId64 " s",
			    r->check_after);
		buf_add_u8(out, '\n');
	}
	odd_all(&o, v, n);
}

int
inspect_txn_show(struct buf *out, struct inspect_rec *v, size_t n, int json,
    struct err *e)
{
	if (v[0].has_id && n > 1 && n <= ORDER_MAX && order(v, n, e) == -1)
		return -1;
	if (json)
		show_json(out, v, n);
	else
		show_text(out, v, n);
	return 0;
}
