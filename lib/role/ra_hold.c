/* At the RA: an operator looks at a request before it goes upstream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "role/ra_int.h"

#define CHANGES_MAX	(1 << 15)

/* Whose secret or certificate it was made with, for the list. */
static void
put_signer(const struct ra_step *s, struct buf *out)
{
	struct derw name;

	if (checked_mac(s->checked) == NULL) {
		buf_add_slice(out, checked_signer(s->checked)->subject);
		return;
	}
	derw_init(&name, 1024);
	protect_reference(&name, checked_mac(s->checked)->reference);
	buf_add_slice(out, derw_slice(&name));
	derw_release(&name);
}

/*
 * What ${s->rule} adds to the names that are asked for, in words: it goes
 * upstream in our name, so whoever decides has to see it.  E_FORWARD_MAC.
 */
static int
put_changes(const struct ra_step *s, struct buf *out, struct err *e)
{
	struct relay_ask ask = { .rule = s->rule, .op = s->op,
	    .first = s->msg.body, .request = &s->request };
	const struct conf_list *san = &s->rule->add_san;
	enum conf_mode mode;

	if (relay_mode(&ask, &mode, e) == -1)
		return -1;
	if (mode == FORWARD_RAVERIFIED && s->rule->add_subject != NULL)
		buf_printf(out, "subject gets %s", s->rule->add_subject);
	for (size_t i = 0; mode == FORWARD_RAVERIFIED && i < san->n; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : out->n > 0 ?
		    "; alternative names get " : "alternative names get ",
		    san->v[i]);
	return buf_str(out) == NULL ? buf_err(out, "what the rule adds", e) :
	    0;
}

/* cmp.conf may have changed since an operator saw it: a yes is to that. */
static int
check_shown(const struct ra_step *s, struct err *e)
{
	struct buf keep, now;
	struct txn_hold shown;
	int rc;

	buf_init(&keep, (size_t)2 << 20);
	buf_init(&now, CHANGES_MAX);
	rc = store_held_shown(s->en->store, s->txn.id, &shown, &keep, e);
	if (rc == 0)
		rc = err_set(e, E_STORE, "state/cmp.db: a held request is not "
		    "there");
	if (rc == 1 && (rc = put_changes(s, &now, e)) == 0 &&
	    strcmp(shown.changes, buf_str(&now)) != 0)
		rc = err_set(e, E_HELD_CHANGED, "names were approved with "
		    "\"%.120s\", [forward %.60s] adds \"%.120s\" now",
		    shown.changes, s->rule->name, buf_str(&now));
	buf_release(&keep);
	buf_release(&now);
	return rc;
}

int
ra_hold(struct ra_step *s, struct err *e)
{
	const struct cert_template *t = &s->request.cert_req.tmpl;
	struct slice profile = s->msg.hdr.cert_profile;
	char shown[ESCAPE_SHORT];
	struct buf signer, changes;
	int rc;

	buf_init(&changes, CHANGES_MAX);
	if (put_changes(s, &changes, e) == -1) {
		buf_release(&changes);
		return -1;
	}
	buf_init(&signer, 1 << 16);
	put_signer(s, &signer);
	s->effects.has_hold = s->effects.changes_txn = 1;
	s->effects.hold = (struct txn_hold){
		.request = s->whole, .signer = buf_slice(&signer),
		.subject = t->subject, .san = policy_asked_san(t->extensions),
		.spki = buf_slice(&s->request.spki),
		.not_before = t->not_before, .not_after = t->not_after,
		.profile = escape_short(shown, profile),
		.changes = buf_str(&changes), .usages = "",
		.why = grant_held(s->grant),
	};
	ra_begin_txn(s);
	ra_use_ticket(s);
	snprintf(s->effects.event, sizeof(s->effects.event), "held");
	snprintf(s->effects.detail, sizeof(s->effects.detail), "%s",
	    grant_held(s->grant));
	snprintf(s->o->note, sizeof(s->o->note), "held for an operator: %s; "
	    "see: cmp-ca pending", grant_held(s->grant));
	ra_write_waiting(s, "waiting for the decision of an operator");
	s->txn.state = TXN_HELD;
	rc = ra_answer(s, e) == -1 ? -1 : ra_put(s,
	    checked_identity(s->checked), buf_slice(&s->o->answer), E_NONE, e);
	buf_release(&signer);
	buf_release(&changes);
	return rc;
}

/* Verified again with the trust of today, as of the time when it came. */
static int
verify_then(struct ra_step *s, struct err *e)
{
	const struct trust *t = &s->en->trust;
	struct anchor *anchors = calloc(t->n_anchors + 1, sizeof(*anchors));
	struct verify_ask ask = { .anchors = anchors,
	    .n_anchors = t->n_anchors, .now = s->txn.created,
	    .secret = secret_find, .secret_arg = &s->secret };
	int rc = -1;

	s->secret.running = 1;
	if (anchors == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	for (size_t i = 0; i < t->n_anchors; i++)
		anchors[i].cert = t->anchors[i].cert;
	s->op = op_by_request(s->msg.body);
	if (s->op == NULL)
		err_set(e, E_BODY_TYPE, "state/cmp.db: a held request is no "
		    "request");
	else
		rc = verify_msg(&s->msg, &ask, &s->checked, e);
	if (rc == -1 && e->code == E_PATH_NONE && s->approvals.n > 0)
		rc = approval_vouch(&s->approvals, &s->msg, &ask, &s->checked,
		    e);
	/* Only who signed it is needed from here on, not by whom certified. */
	if (rc == 0)
		rc = ra_decide(s, e) == -1 || check_shown(s, e) == -1 ? -1 :
		    ra_pass_on(s, e);
	free(anchors);
	return rc;
}

/* The effects of a last word of our own to the sender of a request of ${op}. */
static void
end_txn(struct ra_step *s, const struct op *op, const struct err *why)
{
	s->o->err = *why;
	s->txn.state = TXN_FAILED;
	s->txn.messages++;
	s->effects = (struct effects){ .txn = &s->txn, .changes_txn = 1,
	    .unhold = s->approved, .ticket = s->txn.mac_ref.n > 0 &&
	    op != NULL && (op->flags & OP_ENROLS) ? TICKET_BACK : TICKET_SAME,
	    .last = LAST_THIS };
	snprintf(s->effects.event, sizeof(s->effects.event), "refused");
	snprintf(s->effects.detail, sizeof(s->effects.detail), "%.220s",
	    why->detail);
}

/* Its request was verified when it came: the audit trail misses none. */
static int
put_end(struct ra_step *s, struct slice answer, enum err_code code,
    struct err *e)
{
	struct store_row row = { .effects = &s->effects, .answer = answer,
	    .dir = s->o->dir, .later = s->en->in_bundle, .name = s->o->name,
	    .code = code, .now = s->en->now };
	char final[STORE_NAME];

	if (store_put(s->en->store, &row, final, e) == -1)
		return -1;
	memcpy(s->o->name, final, sizeof(s->o->name));
	return 0;
}

int
ra_give_up(struct ra_step *s, const struct op *op, const struct err *why,
    const struct err *cause, struct err *e)
{
	if (s->txn.id != 0)
		end_txn(s, op, why);
	else	/* there is only the audit trail to write to */
		s->effects = (struct effects){ .event = "refused" };
	s->effects.last = s->txn.id != 0 ? LAST_NONE : LAST_SAME;
	snprintf(s->effects.detail, sizeof(s->effects.detail),
	    "%.100s; nobody is told: %.100s", why->detail, cause->detail);
	snprintf(s->o->note, sizeof(s->o->note), "%s", s->effects.detail);
	s->o->err = *why;
	buf_reset(&s->o->answer);
	return put_end(s, SLICE_NONE, why->code, e);
}

/* "No", in ${s->o}, protected as the request was. */
static int
make_no(struct ra_step *s, const struct op *op, int in_body, struct err *e)
{
	int rc = 0, is_mac = s->txn.mac_ref.n > 0;
	struct shared shared;
	struct buf secret;

	buf_init(&secret, 1 << 16);
	if (is_mac)
		rc = ra_shared(s, &secret, &shared, e);
	buf_reset(&s->o->answer);
	if (rc == 0)
		rc = reject_make(s->en, &s->msg, op,
		    is_mac ? &shared : NULL, in_body, s->txn.messages, s->o, e);
	buf_release(&secret);
	return rc;
}

int
ra_turn_down(struct ra_step *s, const struct err *why, int in_body,
    struct err *e)
{
	const struct op *op = op_by_request(s->msg.body);
	struct err cause = { 0 };

	end_txn(s, op, why);
	if (make_no(s, op, in_body, &cause) == 0)
		return put_end(s, buf_slice(&s->o->answer), why->code, e);
	if (!engine_is_temporary(cause.code))
		return ra_give_up(s, op, why, &cause, e);
	*e = cause;
	return -1;
}

struct decided {
	struct engine	*en;
	int64_t		*txn;
	size_t		 n, max;
};

static int
note(void *arg, const struct store_held *h)
{
	struct decided *d = arg;
	int64_t *p;

	if (h->state != TXN_APPROVED && h->state != TXN_REFUSED)
		return 0;
	if (d->n == d->max) {
		p = realloc(d->txn, (d->max + 64) * sizeof(*p));
		if (p == NULL)
			return -1;
		d->txn = p;
		d->max += 64;
	}
	d->txn[d->n++] = h->txn;
	return 0;
}

/* It cannot even be answered. */
static int
damaged(struct ra_step *s, struct err *why, struct err *e)
{
	if (engine_is_temporary(why->code)) {
		*e = *why;
		return -1;
	}
	err_wrap(why, "state/cmp.db: a held request is damaged");
	return ra_give_up(s, op_by_request(s->txn.body), why, why, e);
}

static int
decided(struct engine *en, int64_t txn, struct err *e)
{
	struct outcome o;
	struct ra_step s;
	struct err why = { 0 };
	struct buf request, reason;
	int rc = -1;

	outcome_init(&o);
	buf_init(&request, (size_t)2 << 20);
	buf_init(&reason, 4096);
	ra_step_init(&s, en, SLICE_NONE, &o);
	if (store_txn_row(en->store, txn, &s.txn, e) != 1 ||
	    store_held(en->store, txn, &request, &reason, e) != 1)
		goto out;
	s.der = s.whole = buf_slice(&request);
	s.approved = 1;
	snprintf(o.dir, sizeof(o.dir), "%s", s.txn.answer_dir.n > 0 ?
	    buf_str(&s.txn.answer_dir) : "");
	if (msg_decode(s.der, &s.msg, &why) == -1) {
		rc = damaged(&s, &why, e);
		goto out;
	}
	if (ra_open(&s, &why) == -1)
		s.approvals.n = 0;	/* they count no more */
	else if (s.txn.state == TXN_REFUSED)
		err_set(&why, E_NOT_APPROVED, "%s", buf_str(&reason));
	else if (verify_then(&s, &why) == 0)
		rc = 0;
	if (rc == 0)
		goto out;
	if (engine_is_temporary(why.code))
		*e = why;
	else
		rc = ra_turn_down(&s, &why, 1, e);
out:
	ra_step_release(&s);
	buf_release(&request);
	buf_release(&reason);
	outcome_release(&o);
	return rc == -1 && e->code == E_NONE ? err_set(e, E_STORE,
	    "state/cmp.db: the held request of transaction %lld is not there",
	    (long long)txn) : rc;
}

/* What was held has been judged by its messageTime when it came. */
static const struct conf_channel any_time = { .name = (char []){ "" } };

int
ra_decided(struct engine *en, struct err *e)
{
	struct decided d = { .en = en };
	int rc;

	en->by = &any_time;
	rc = store_helds(en->store, note, &d, e);
	if (rc == -1 && e->code == E_NONE)
		err_set(e, E_NOMEM, "out of memory");
	for (size_t i = 0; rc == 0 && i < d.n; i++)
		rc = decided(en, d.txn[i], e);
	free(d.txn);
	return rc == -1 ? -1 : (int)d.n;
}
