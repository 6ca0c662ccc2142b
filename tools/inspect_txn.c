/* One transaction: its messages in order, what is missing and what is odd. */
#include "tools/inspect_txn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "msg/body.h"
#include "msg/emit.h"
#include "msg/view.h"
#include "pki/alg.h"
#include "tools/inspect_odd.h"

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

int
inspect_txn_answers(const struct inspect_rec *r, const struct inspect_rec *q)
{
	return r != q && r->has_answers && q->has_sent &&
	    memcmp(r->answers, q->sent, INSPECT_MARK) == 0;
}

size_t
inspect_txn_answered_by(const struct inspect_rec *v, size_t n, size_t i)
{
	for (size_t j = 0; j < n; j++)
		if (inspect_txn_answers(&v[i], &v[j]))
			return j;
	return INSPECT_NONE;
}

/* An answer to what was answered with "waiting": it comes after the polls. */
static int
is_last(const struct inspect_rec *v, size_t n, size_t i)
{
	if (!v[i].has_answers || v[i].status == STATUS_WAITING)
		return 0;
	for (size_t j = 0; j < n; j++)
		if (v[j].has_status && v[j].status == STATUS_WAITING &&
		    v[j].has_answers && memcmp(v[j].answers, v[i].answers,
		    INSPECT_MARK) == 0)
			return 1;
	return 0;
}

/* Where a message may stand. */
struct place {
	size_t	before;		/* what it answers, if that is here */
	int	last;
	int	placed;
};

/* May ${i} come now: what it answers, and all polls, if it waits for them? */
static int
is_ready(const struct place *p, size_t polls, size_t i)
{
	return (p[i].before == INSPECT_NONE || p[p[i].before].placed) &&
	    (!p[i].last || polls == 0);
}

/* Each time the earliest of those that are ready; of a ring the earliest. */
static int
order(struct inspect_rec *v, size_t n, struct err *e)
{
	struct inspect_rec *out = calloc(n, sizeof(*out));
	struct place *p = calloc(n, sizeof(*p));
	size_t polls = 0;
	int rc = -1;

	if (out == NULL || p == NULL) {
		err_set(e, E_NOMEM, "%zu messages", n);
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		p[i].before = inspect_txn_answered_by(v, n, i);
		p[i].last = is_last(v, n, i);
		polls += v[i].body == BODY_POLLREQ;
	}
	for (size_t k = 0; k < n; k++) {
		size_t best = INSPECT_NONE, ready = 0;

		for (size_t i = 0; i < n; i++) {
			size_t can = (size_t)is_ready(p, polls, i);

			if (p[i].placed || can < ready)
				continue;
			if (best == INSPECT_NONE || can > ready ||
			    earlier(&v[i], &v[best]) < 0)
				best = i;
			ready = can;
		}
		p[best].placed = 1;
		polls -= v[best].body == BODY_POLLREQ;
		out[k] = v[best];
	}
	memcpy(v, out, n * sizeof(*v));
	rc = 0;
out:
	free(out);
	free(p);
	return rc;
}

static size_t
show_json(struct buf *out, const struct inspect_rec *v, size_t n)
{
	struct emit em;
	char t[256];
	size_t odd;

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
	odd = inspect_odd(out, &em, v, n);
	emit_close_list(&em);
	emit_end(&em);
	return odd;
}

static size_t
show_text(struct buf *out, const struct inspect_rec *v, size_t n)
{
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
	return inspect_odd(out, NULL, v, n);
}

int
inspect_txn_show(struct buf *out, struct inspect_rec *v, size_t n, int json,
    struct err *e)
{
	if (v[0].has_id && n > 1 && n <= INSPECT_ORDER_MAX && order(v, n, e) == -1)
		return -1;
	return (json ? show_json(out, v, n) : show_text(out, v, n)) > 0;
}
