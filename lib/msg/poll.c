#include "msg/poll.h"

#include "msg/syntax.h"

int
poll_read_req(struct slice content, int64_t *cert_req_id, size_t *count,
    struct err *e)
{
	struct slice in, v;
	int64_t id;

	*count = 0;
	*cert_req_id = 0;
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "PollReqContent", "a SEQUENCE");
	do {
		if (der_get(&in, DER_SEQUENCE, &v) == -1)
			return syntax_bad(e, "PollReqContent", "SEQUENCEs");
		if (syntax_int(&v, &id, "certReqId", e) == -1)
			return -1;
		if (v.n != 0)
			return syntax_bad(e, "PollReqContent",
			    "only certReqId");
		if ((*count)++ == 0)
			*cert_req_id = id;
	} while (in.n > 0);
	return 0;
}

static int
read_one(struct slice v, struct poll_rep *r, struct err *e)
{
	*r = (struct poll_rep){ 0 };
	if (syntax_int(&v, &r->cert_req_id, "certReqId", e) == -1 ||
	    syntax_int(&v, &r->check_after, "checkAfter", e) == -1)
		return -1;
	if (der_opt(&v, DER_SEQUENCE, &r->reason) &&
	    syntax_list(r->reason, DER_UTF8_STRING, "reason", e) == -1)
		return -1;
	if (v.n != 0)
		return syntax_bad(e, "PollRepContent", "the end of an element");
	return 0;
}

int
poll_read_rep(struct slice content, struct poll_rep *r, size_t *count,
    struct err *e)
{
	struct poll_rep other;
	struct slice in, v;

	*count = 0;
	*r = (struct poll_rep){ 0 };
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "PollRepContent", "a SEQUENCE");
	do {
		if (der_get(&in, DER_SEQUENCE, &v) == -1)
			return syntax_bad(e, "PollRepContent", "SEQUENCEs");
		if (read_one(v, (*count)++ == 0 ? r : &other, e) == -1)
			return -1;
	} while (in.n > 0);
	return 0;
}

void
poll_write_req(struct draft *d, int64_t cert_req_id)
{
	struct derw *w = &d->content;

	d->body = BODY_POLLREQ;
	derw_reset(w);
	derw_int(w, DER_INTEGER, cert_req_id);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
}

void
poll_write_rep(struct draft *d, int64_t cert_req_id, int64_t check_after,
    const char *reason)
{
	struct derw *w = &d->content;

	d->body = BODY_POLLREP;
	derw_reset(w);
	if (reason != NULL) {
		derw_utf8(w, reason);
		derw_wrap(w, DER_SEQUENCE, 0);
	}
	derw_int(w, DER_INTEGER, check_after);
	derw_int(w, DER_INTEGER, cert_req_id);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
}
