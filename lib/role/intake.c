#include "role/intake.h"

int
intake_verify(const struct intake *in, int *others, struct checked **out,
    struct err *e)
{
	const struct conf_channel *by = in->en->by;
	struct verify_ask ask = {
		.anchors = in->en->trust.anchors,
		.n_anchors = in->en->trust.n_anchors,
		.now = in->en->now,
		.time_past = by->time_past, .time_future = by->time_future,
		.secret = secret_find, .secret_arg = in->secret,
		.budget = &in->en->mac_budget,
	};

	/* extraCerts may be left out after the first message (3.3). */
	if (!(in->op->flags & OP_STARTS) && (*others = store_signers(
	    in->en->store, in->msg->hdr.transaction_id, in->known, e)) == -1)
		return -1;
	ask.known = buf_slice(in->known);
	in->secret->running = *others > 0;
	if (verify_msg(in->msg, &ask, out, e) == 0)
		return 0;
	if (e->code == E_PATH_NONE && in->approvals->n > 0)
		return approval_vouch(in->approvals, in->msg, &ask, out, e);
	return secret_explain(in->secret, e);
}
