#include "msg/body.h"

#include "msg/crmf.h"
#include "msg/poll.h"
#include "msg/view.h"

int
body_is_request(enum body b)
{
	return b == BODY_IR || b == BODY_CR || b == BODY_KUR ||
	    b == BODY_KRR || b == BODY_CCR;
}

int
body_is_response(enum body b)
{
	return b == BODY_IP || b == BODY_CP || b == BODY_KUP || b == BODY_CCP;
}

int
body_check(const struct msg *m, struct err *e)
{
	struct cert_req req;
	struct cert_rep rep;
	struct cert_status status;
	struct error_msg error;
	struct poll_rep poll;
	int64_t id;
	size_t count;

	if (body_is_request(m->body))
		return crmf_requests(m->content, &req, &count, e);
	if (body_is_response(m->body))
		return crmf_response(m->content, &rep, e);
	if (m->body == BODY_CERTCONF)
		return crmf_confirmation(m->content, &status, &count, e);
	if (m->body == BODY_ERROR)
		return crmf_error(m->content, &error, e);
	if (m->body == BODY_POLLREQ)
		return poll_read_req(m->content, &id, &count, e);
	if (m->body == BODY_POLLREP)
		return poll_read_rep(m->content, &poll, &count, e);
	return view_check(m, e);
}
