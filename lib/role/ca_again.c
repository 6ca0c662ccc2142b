/* Requests that are held: what comes later, and the pollReq. */
#include <stdio.h>
#include <string.h>

#include "role/ca_int.h"

struct finding {
	struct step	*s;
	struct err	*e;
	int		 rc;
	size_t		 n;		/* approvals that are known */
};

/* May they approve what is held?  They see it as it would be granted. */
static int
judge(void *arg, const struct store_held *h)
{
	struct finding *f = arg;
	struct step *s = f->s;
	const struct engine *en = s->en;
	struct policy_env env = { .conf = en->conf, .rules = en->trust.rules,
	    .n_rules = en->trust.n_rules, .issuer = en->ca_cert.v,
	    .now = en->now };

	if (h->txn == s->txn.id)
		f->rc = policy_approve(&env, s->checked, &s->facts.policy,
		    h->body, h->profile, h->subject, h->san, f->e);
	return 0;
}

static int
count_known(void *arg, const struct store_approval *row)
{
	struct finding *f = arg;
	struct approvals *a = &f->s->approvals;

	for (size_t i = 0; i < a->n; i++)
		f->n += slice_eq(row->key, a->row[i].key);
	return 0;
}

static int
add(struct step *s, struct err *e)
{
	struct approvals *a = &s->approvals;
	struct effects f = { .txn = &s->txn, .approvals = a->row,
	    .n_approvals = a->n, .event = "approval" };
	struct store_row row = { .effects = &f, .now = s->en->now };
	char name[STORE_NAME];
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++, n = strlen(f.detail))
		snprintf(f.detail + n, sizeof(f.detail) - n, "%s%.60s",
		    i == 0 ? "by " : ", ", a->row[i].rules);
	snprintf(s->o->note, sizeof(s->o->note), "an approval more, %s; the "
	    "same answer again", f.detail);
	return store_put(s->en->store, &row, name, e);
}

int
ca_approved(struct step *s, struct err *e)
{
	struct finding f = { .s = s, .e = e };
	int rc;

	rc = store_txn(s->en->store, SLICE(checked_peer(s->checked), 32),
	    s->msg.hdr.transaction_id, &s->txn, e);
	if (rc != 1 || (s->txn.state != TXN_HELD &&
	    s->txn.state != TXN_APPROVED) || !(s->op->flags & OP_STARTS))
		return rc == -1 ? -1 : 0;
	s->facts.policy.approvers = s->approvals.by;
	s->facts.policy.n_approvers = s->approvals.n;
	if (store_helds(s->en->store, judge, &f, e) == -1 || f.rc == -1 ||
	    store_approvals(s->en->store, s->txn.id, count_known, &f, e) == -1)
		return -1;
	return f.n >= s->approvals.n ? 0 : add(s, e);
}

/* Has something happened that the request may be granted for now? */
static int
is_due(struct step *s, struct err *e)
{
	switch (s->txn.state) {
	case TXN_APPROVED:
	case TXN_REFUSED:
		return 1;
	case TXN_HELD:
		return store_held_open(s->en->store, s->txn.id, e);
	default:
		return 0;
	}
}

/* What an operator approved is what was to be seen of it, and no more. */
static int
recall_shown(struct step *s, struct err *e)
{
	int rc = store_held_shown(s->en->store, s->txn.id, &s->held.shown,
	    &s->held.keep, e);

	s->facts.shown = rc == 1 ? &s->held.shown : NULL;
	return rc == -1 ? -1 : 0;
}

/*
 * From here on the request that was held is worked on in place of the
 * pollReq.
 */
int
ca_recall(struct step *s, struct err *e)
{
	int rc = is_due(s, e);

	if (rc != 1)
		return rc;
	if (op_poll.read(&s->request, e) == -1)
		return -1;
	if (s->request.cert_req.cert_req_id != s->txn.cert_req_id &&
	    s->request.cert_req.cert_req_id != -1)
		return err_set(e, E_POLL_ID, "certReqId is %lld, expected "
		    "%lld or -1", (long long)s->request.cert_req.cert_req_id,
		    (long long)s->txn.cert_req_id);
	rc = held_load(s->en, &s->txn, s->checked, s->approvals.vouched.cert, &s->held,
	    e);
	if (s->held.op == NULL)
		return rc;
	s->was = s->txn.state;
	s->op = s->held.op;
	s->request.checked = s->held.checked;
	s->request.msg = &s->held.msg;
	secret_counted(&s->facts.policy.ticket);
	s->answer.effects.unhold = 1;
	s->facts.policy.recalled = 1;
	if (rc == 0 && approval_load(s->en, s->txn.id, &s->held.msg,
	    &s->approvals, e) == -1)
		return -1;
	if (rc == 0 && s->was == TXN_APPROVED && recall_shown(s, e) == -1)
		return -1;
	s->facts.policy.earlier = s->approvals.earlier;
	s->facts.policy.n_earlier = s->approvals.n_earlier;
	return rc;
}

int
ca_wait_on(struct step *s, const struct op_ca *ca, struct err *e)
{
	draft_release(&s->answer.draft);
	draft_init(&s->answer.draft);
	buf_reset(&s->answer.cert);
	memset(&s->answer.effects, 0, sizeof(s->answer.effects));
	s->held.op = NULL;
	s->txn.state = s->was;
	s->op = &op_poll;
	s->request.checked = s->checked;
	s->request.msg = &s->msg;
	return op_poll.read(&s->request, e) == -1 ? -1 :
	    op_poll.answer(ca, &s->request, &s->facts, &s->answer, e);
}
