/* RFC 9483 4.4 and 5.2.2: answers that come later, messages in messages. */
#include "msg/lint_rule.h"

#include <inttypes.h>

#include "msg/nest.h"

#define ERROR	LINT_BODY(BODY_ERROR)
#define POLLREP	LINT_BODY(BODY_POLLREP)
#define POLL	(LINT_BODY(BODY_POLLREQ) | POLLREP)
#define NESTED	LINT_BODY(BODY_NESTED)
#define LAYERS_MAX	16	/* approvals that are counted */
#define LAYERS_USUAL	3	/* levels that we expect anybody to take */

static int
waiting_fail(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct pki_status_info *s = v->m->body == BODY_ERROR ?
	    &v->error.status : &v->rep.first.status;

	if (s->status != STATUS_WAITING || !s->has_fail)
		return 0;
	return lint_rule_say(t, "failInfo is present with status waiting");
}

static int
poll_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 1)
		return 0;
	return lint_rule_say(t, "%zu certReqId, expected 1", v->count);
}

static int
poll_id(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 0 || v->poll.cert_req_id == 0 ||
	    v->poll.cert_req_id == -1)
		return 0;
	return lint_rule_say(t, "certReqId is %" PRId64 ", expected 0 for a "
	    "CertResponse, else -1", v->poll.cert_req_id);
}

static int
poll_time(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->poll.check_after >= 0)
		return 0;
	return lint_rule_say(t, "checkAfter is %" PRId64 ", expected a number "
	    "of seconds", v->poll.check_after);
}

/* What the messages inside have in common. */
struct inner {
	size_t		 n, requests, responses, same_id, same_nonce;
	unsigned	 layers;	/* most approvals around one of them */
	struct err	 e;	/* of one that is none */
	struct err	 deep;	/* of one that holds what it may not */
};

/* Which way the message in the innermost approval of ${tlv} goes. */
static void
look_deeper(struct slice tlv, const struct msg *m, struct inner *i)
{
	struct err ignored = { 0 };
	struct slice at;
	struct msg last;
	int layers = nest_layers(tlv, LAYERS_MAX, &at, &i->deep);

	if (layers == -1)
		return;
	if ((unsigned)layers > i->layers)
		i->layers = (unsigned)layers;
	if (layers > 0 && msg_decode(at, &last, &ignored) == 0)
		m = &last;
	i->requests += nest_direction(m->body) == 1;
	i->responses += nest_direction(m->body) == -1;
}

static void
look_inside(const struct lint_view *v, struct inner *i)
{
	struct slice in, tlv;
	struct msg m;

	*i = (struct inner){ 0 };
	if (der_only(v->m->content, DER_SEQUENCE, &in) == -1)
		return;
	while (der_get_tlv(&in, DER_SEQUENCE, &tlv) == 0) {
		if (msg_decode(tlv, &m, &i->e) == -1)
			return;
		i->n++;
		look_deeper(tlv, &m, i);
		i->same_id += slice_eq(m.hdr.transaction_id,
		    v->h->transaction_id);
		i->same_nonce += slice_eq(m.hdr.sender_nonce,
		    v->h->sender_nonce);
	}
}

static int
nested_readable(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct inner i;

	look_inside(v, &i);
	if (i.e.code == E_NONE)
		return 0;
	return lint_rule_say(t, "message %zu within: %s", i.n, i.e.detail);
}

static int
nested_mac(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->is_mac)
		return 0;
	return lint_rule_say(t, "nested is protected with a MAC, expected a "
	    "signature");
}

/* One message of the same transaction: a protection has been added. */
static int
nested_nonce(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct inner i;

	look_inside(v, &i);
	if (i.n != 1 || i.requests != 1 || i.same_id != 1 ||
	    i.same_nonce == 1)
		return 0;
	return lint_rule_say(t, "senderNonce is not that of the message "
	    "within");
}

static int
nested_fresh(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct inner i;

	look_inside(v, &i);
	if (i.n < 2 || (i.same_id == 0 && i.same_nonce == 0))
		return 0;
	return lint_rule_say(t, "%s is that of a message within, expected a "
	    "fresh one for a batch", i.same_id > 0 ? "transactionID" :
	    "senderNonce");
}

static int
nested_mixed(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct inner i;

	look_inside(v, &i);
	if (i.requests == 0 || i.responses == 0)
		return 0;
	return lint_rule_say(t, "%zu requests and %zu responses, expected one "
	    "kind", i.requests, i.responses);
}

static int
nested_bundle(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct inner i;

	look_inside(v, &i);
	if (i.deep.code == E_NONE)
		return 0;
	return lint_rule_say(t, "%s", i.deep.detail);
}

static int
nested_layers(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct inner i;

	look_inside(v, &i);
	if (1 + i.layers <= LAYERS_USUAL)
		return 0;
	return lint_rule_say(t, "%u levels of nested messages, expected at "
	    "most %d", 1 + i.layers, LAYERS_USUAL);
}

const struct lint_rule lint_rule_delay[] = {
	{ 'M', E_ANSWER_STATUS, "RFC 9483 4.4", LINT_RESPONSE | ERROR,
	    waiting_fail },
	{ 'M', E_POLL_ID, NULL, POLL, poll_count },
	{ 'M', E_POLL_ID, NULL, POLL, poll_id },
	{ 'M', E_POLL_TIME, NULL, POLLREP, poll_time },
	{ 'M', E_NESTED, NULL, NESTED, nested_readable },
	{ 'M', E_PROT_KIND, "RFC 9483 5.2.2", NESTED, nested_mac },
	{ 'M', E_NESTED, "RFC 9483 5.2.2.1", NESTED, nested_nonce },
	{ 'M', E_NESTED, "RFC 9483 5.2.2.2", NESTED, nested_fresh },
	{ 'M', E_NESTED, NULL, NESTED, nested_mixed },
	{ 'M', E_NEST_DEPTH, NULL, NESTED, nested_bundle },
	{ 'S', E_NEST_DEPTH, NULL, NESTED, nested_layers },
	{ 0, E_NONE, NULL, 0, NULL },
};
