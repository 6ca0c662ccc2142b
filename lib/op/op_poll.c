/* Asking for an answer that is delayed: RFC 9483 4.4 and 5.1.5. */
#include <stdio.h>

#include "base/escape.h"
#include "msg/poll.h"
#include "op/op.h"

#define AFTER_MAX	((int64_t)10 * 365 * 86400)

static int
poll_read(struct op_request *r, struct err *e)
{
	size_t count;

	if (poll_read_req(r->msg->content, &r->cert_req.cert_req_id, &count,
	    e) == -1)
		return -1;
	if (count != 1)
		return err_set(e, E_POLL_ID, "%zu elements, expected one",
		    count);
	return 0;
}

/* Only what is still held comes here: see ca.c, recall(). */
static int
poll_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *facts, struct op_answer *a, struct err *e)
{
	int64_t id = r->cert_req.cert_req_id;
	struct txn *t = facts->txn;
	struct grant *g;

	if (policy_continue(r->checked, t, &facts->policy, &g, e) == -1)
		return -1;
	grant_free(g);
	if (id != t->cert_req_id && id != -1)
		return err_set(e, E_POLL_ID, "certReqId is %lld, expected "
		    "%lld or -1", (long long)id, (long long)t->cert_req_id);
	poll_write_rep(&a->draft, id, ca->check_after,
	    "waiting for the decision of an operator");
	a->effects.polled = 1;
	snprintf(a->effects.event, sizeof(a->effects.event), "polled");
	snprintf(a->note, sizeof(a->note), "still held");
	return 0;
}

/* "The minimum number of seconds that should elapse": 4.4. */
static int
poll_accept(const struct checked *c, const struct op_device *d,
    struct op_result *res, struct err *e)
{
	char text[ESCAPE_SHORT] = "";
	struct poll_rep r;
	struct slice line;
	size_t count;

	if (poll_read_rep(checked_msg(c)->content, &r, &count, e) == -1)
		return -1;
	if (count != 1)
		return err_set(e, E_POLL_ID, "%zu elements, expected one",
		    count);
	if (r.cert_req_id != d->txn->cert_req_id && r.cert_req_id != -1)
		return err_set(e, E_POLL_ID, "certReqId is %lld, expected "
		    "%lld or -1", (long long)r.cert_req_id,
		    (long long)d->txn->cert_req_id);
	if (r.check_after < 0)
		r.check_after = 0;
	if (r.check_after > AFTER_MAX)
		r.check_after = AFTER_MAX;
	if (der_get(&r.reason, DER_UTF8_STRING, &line) == 0)
		escape_short(text, line);
	d->txn->check_at = d->now + r.check_after;
	res->poll_id = r.cert_req_id;
	return err_set(e, E_ANSWER_WAITING, "%s",
	    text[0] ? text : "no reason given");
}

const struct op op_poll = {
	.name = "poll",
	.request = BODY_POLLREQ,
	.response = BODY_POLLREP,
	.section = "RFC 9483 4.4",
	.flags = 0,
	.read = poll_read,
	.answer = poll_answer,
	.accept = poll_accept,
};
