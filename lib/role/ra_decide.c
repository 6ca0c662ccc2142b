/* Whether a request may go upstream, and by which rule. */
#include <string.h>

#include "role/ra_int.h"

static int
began_for_key(const struct store_relay *first)
{
	const struct op *op;
	struct err ignored = { 0 };
	struct cert_req q;
	struct msg m;
	size_t n;

	return msg_decode(first->request, &m, &ignored) == 0 &&
	    (op = op_by_request(m.body)) != NULL && op->flags & OP_ENROLS &&
	    m.body != BODY_P10CR &&
	    crmf_requests(m.content, &q, &n, &ignored) == 0 &&
	    crmf_wants_key(&q.tmpl);
}

/* A transaction goes on by the rule that it began with. */
static int
old_rule(struct ra_step *s, struct err *e)
{
	struct store_relay first;
	int rc;

	rc = store_relay_first(s->en->store, s->txn.id, &first, &s->keep, e);
	if (rc == -1)
		return -1;
	s->rule = rc == 0 ? NULL :
	    conf_rule(&s->en->conf->forward, first.rule);
	if (s->rule == NULL)
		return err_set(e, E_NOT_AUTHORIZED, "the transaction began by "
		    "[forward %.60s], which cmp.conf does not have any more",
		    rc == 0 ? "?" : first.rule);
	s->wants_key = began_for_key(&first);
	return 0;
}

/*
 * Taken apart, with its proof of possession, but for a key that the PKI is to
 * make: there is none yet, and nothing of it is proven.
 */
static int
read_request(struct ra_step *s, struct err *e)
{
	const struct cert_req *q = &s->request.cert_req;

	if (s->op->read(&s->request, e) == 0)
		return 0;
	if (e->code != E_TMPL_KEY || s->op->request == BODY_P10CR ||
	    q->popo != POPO_ABSENT || !crmf_wants_key(&q->tmpl))
		return -1;
	*e = (struct err){ 0 };
	buf_reset(&s->request.spki);
	s->wants_key = 1;
	return 0;
}

/* A device, a secret, or another RA; and who has approved. */
static int
find_sender(struct ra_step *s, struct err *e)
{
	s->facts.approvers = s->approvals.by;
	s->facts.n_approvers = s->approvals.n;
	if (checked_mac(s->checked) != NULL) {
		s->facts.sender = AUTHZ_MAC;
		secret_facts(&s->secret, &s->facts.ticket);
		return 0;
	}
	if (sender_find(s->en, s->checked, s->en->now, &s->sender, e) == -1)
		return -1;
	s->facts.sender = s->approvals.vouched.cert != NULL ? AUTHZ_VOUCHED :
	    s->sender.kind;
	s->facts.ra = s->sender.ra;
	return 0;
}

/* What is asked, its proof of possession, and whether it may go upstream. */
int
ra_decide(struct ra_step *s, struct err *e)
{
	struct policy_env env = { .conf = s->en->conf,
	    .rules = s->en->trust.rules, .n_rules = s->en->trust.n_rules,
	    .now = s->en->now };

	s->request.checked = s->checked;
	s->request.msg = &s->msg;
	if (find_sender(s, e) == -1)
		return -1;
	if (s->approved)
		secret_counted(&s->facts.ticket);
	if (read_request(s, e) == -1)
		return -1;
	if (!(s->op->flags & OP_STARTS))
		return old_rule(s, e);
	if (policy_forward(&env, s->checked, s->msg.body,
	    s->op->flags & OP_ENROLS ? &s->request.cert_req : NULL, &s->facts,
	    &s->grant, e) == -1)
		return -1;
	s->rule = grant_enrol(s->grant);
	return 0;
}
