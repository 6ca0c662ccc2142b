/* What is missing in a transaction and what is odd about it. */
#include "tools/inspect_odd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "msg/body.h"
#include "msg/status.h"

static int
same(const struct inspect_rec *a, const struct inspect_rec *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* Findings: a line each, about one file. */
struct odd {
	struct emit	*em;	/* JSON, else text to ${out} */
	struct buf	*out;
	size_t		 n;
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
	o->n++;
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
		if (inspect_txn_answers(&v[j], &v[i]) ||
		    (polls && j > i && is_final(&v[j])))
			return 1;
	return 0;
}

static void
odd_links(struct odd *o, const struct inspect_rec *v, size_t n, size_t i)
{
	const struct inspect_rec *r = &v[i];
	size_t at = inspect_txn_answered_by(v, n, i);

	if (r->has_answers && at == INSPECT_NONE)
		say(o, r->name, "the message that it answers is not here: no "
		    "senderNonce is its recipNonce");
	else if (!r->has_answers && !is_first(r->body) &&
	    r->body != BODY_NESTED && r->body != BODY_ERROR)
		say(o, r->name, "recipNonce is absent, so it answers nothing");
	else if (at != INSPECT_NONE && v[at].has_time && r->has_time &&
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
		    !is_waiting(r) &&
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
	if (!v[0].has_id || n > INSPECT_ORDER_MAX) {
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

size_t
inspect_odd(struct buf *out, struct emit *em, const struct inspect_rec *v,
    size_t n)
{
	struct odd o = { .em = em, .out = out };

	odd_all(&o, v, n);
	return o.n;
}
