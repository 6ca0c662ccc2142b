/* Enrolment at the CA. */
#include "op/enrol.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"

/* popo: a signature with the key that is to be certified (4.1.1). */
static int
check_popo(const struct op_request *r, struct err *e)
{
	const struct cert_req *q = &r->cert_req;
	struct sigalg alg;

	switch (q->popo) {
	case POPO_ABSENT:
		return err_set(e, E_POPO_MISSING, "popo is absent, expected a "
		    "signature");
	case POPO_RA_VERIFIED:
		return 0;	/* for policy: nobody but an RA may say so */
	case POPO_SIGNATURE:
		break;
	default:
		return err_set(e, E_POPO_KIND, "popo is for key encipherment "
		    "or agreement, expected a signature");
	}
	if (q->popo_input.p != NULL)
		return err_set(e, E_POPO_INPUT, "poposkInput is present; "
		    "subject and publicKey are in the template, so the "
		    "signature has to be over certReq");
	if (alg_parse(q->popo_alg, &alg, e) == 0 &&
	    key_verify(buf_slice(&r->spki), &alg, q->cert_req, q->popo_sig,
	    e) == 0)
		return 0;
	if (e->code == E_PROT_SIG)
		e->code = E_POPO_SIG;
	else if (err_fail(e->code) == FAIL_BAD_ALG)
		e->code = E_POPO_ALG;
	return err_wrap(e, "popo");
}

/* The key first: what is too weak to be certified proves nothing. */
int
enrol_key(const struct op_request *r, struct err *e)
{
	char name[64];
	struct keyinfo k;

	if (alg_keyinfo(buf_slice(&r->spki), &k, e) == -1) {
		e->code = E_TMPL_KEY;
		return err_wrap(e, "publicKey");
	}
	if ((k.family == KEY_RSA || k.family == KEY_RSA_PSS) && k.bits < 2048)
		return err_set(e, E_TMPL_KEY_WEAK, "publicKey is %s, expected "
		    "at least 2048 bits", alg_key_name(name, &k));
	return 0;
}

int
enrol_read(struct op_request *r, struct err *e)
{
	struct cert_req *q = &r->cert_req;
	size_t count;

	if (crmf_requests(r->msg->content, q, &count, e) == -1)
		return -1;
	if (count != 1)
		return err_set(e, E_REQ_COUNT, "%zu certificate requests, "
		    "expected one; send each in a message of its own", count);
	if (q->cert_req_id != 0)
		return err_set(e, E_REQ_ID, "certReqId is %lld, expected 0",
		    (long long)q->cert_req_id);
	if (q->tmpl.subject.p == NULL)
		return err_set(e, E_TMPL_SUBJECT, "certTemplate has no "
		    "subject");
	if (crmf_spki(&q->tmpl, &r->spki, e) == -1 || enrol_key(r, e) == -1)
		return -1;
	return check_popo(r, e);
}

/* Everything about the certificate that the store is to keep. */
static int
fill_effects(const struct grant *g, struct op_facts *facts,
    struct op_answer *a, struct cert *cert, struct err *e)
{
	char subject[NAME_TEXT], serial[ESCAPE_SHORT];
	struct txn *t = facts->txn;

	if (cert_parse(buf_slice(&a->cert), cert, e) == -1)
		return err_wrap(e, "the certificate just made");
	a->effects.has_cert = 1;
	a->effects.cert = (struct txn_cert){
		.der = cert->der, .serial = facts->serial,
		.subject = cert->subject, .spki = cert->spki,
		.not_before = cert->not_before, .not_after = cert->not_after,
		.profile = grant_profile(g)->name, .key_hash = facts->key_hash,
	};
	buf_add_slice(&t->serial, facts->serial);
	buf_add_slice(&t->cert, cert->der);
	escape_hex_short(serial, facts->serial);
	name_short(subject, cert->subject);
	snprintf(a->effects.event, sizeof(a->effects.event), "issued");
	snprintf(a->effects.detail, sizeof(a->effects.detail), "serial %.40s "
	    "profile %.60s rule %.60s", serial, grant_profile(g)->name,
	    grant_rule(g));
	snprintf(a->note, sizeof(a->note), "issued \"%.160s\" serial %.40s%s",
	    subject, serial, grant_wish(g)->mods ? " with changes" : "");
	return 0;
}

static int
issue(const struct op_ca *ca, const struct grant *g, struct op_facts *facts,
    struct op_answer *a, struct err *e)
{
	struct cert made;
	struct tbs tbs;

	profile_tbs(grant_profile(g), grant_wish(g), ca->policy.issuer,
	    facts->serial, &tbs);
	if (cert_sign(&tbs, ca->key, &ca->alg, &a->cert, e) == -1)
		return -1;
	return fill_effects(g, facts, a, &made, e);
}

/* The confirmation: granted implicitly, or awaited until a time (3.1). */
static void
confirmation(const struct op_ca *ca, const struct grant *g,
    const struct op_request *r, struct txn *t, struct draft *d)
{
	if (r->msg->hdr.implicit_confirm &&
	    !grant_profile(g)->confirm_explicit) {
		d->implicit_confirm = 1;
		t->state = TXN_DONE;
		return;
	}
	d->has_confirm_wait = 1;
	d->confirm_wait = ca->policy.now + ca->confirm_wait;
	t->confirm_by = d->confirm_wait;
	t->state = TXN_CONFIRM;
}

/* Who asks, as a Name: the signer, or the reference of a shared secret. */
static void
add_signer(const struct checked *c, struct buf *out)
{
	struct derw w;

	if (checked_signer(c) != NULL) {
		buf_add_slice(out, checked_signer(c)->subject);
		return;
	}
	derw_init(&w, 1024);
	protect_reference(&w, checked_mac(c)->reference);
	buf_add_slice(out, derw_slice(&w));
	derw_release(&w);
}

/* "2 of officer-a officer-b", or "". */
static void
add_quorum(const struct conf_quorum *q, struct buf *out)
{
	if (q->need > 0)
		buf_printf(out, "%lld of", (long long)q->need);
	for (size_t i = 0; i < q->of.n; i++)
		buf_printf(out, " %s", q->of.v[i]);
	buf_add_u8(out, 0);
}

/*
 * All is well, but an operator or some RAs have to agree: the device is told to wait and
 * asks again (4.4, 5.1.5).  implicitConfirm is for the last answer only.
 */
static int
hold(const struct op_request *r, const struct grant *g, struct op_facts *facts,
    struct op_answer *a, struct err *e)
{
	const struct wish *w = grant_wish(g);
	const char *held = grant_held(g), *waits = grant_waits(g);
	size_t at[3] = { w->subject.n, w->san.n, w->spki.n }, text, use, who;
	struct txn *t = facts->txn;
	struct buf *b = &a->cert;

	/* The grant ends before the commit: what of it is kept is copied. */
	buf_add_slice(b, buf_slice(&w->subject));
	buf_add_slice(b, buf_slice(&w->san));
	buf_add_slice(b, buf_slice(&w->spki));
	buf_add(b, w->mods_text, strlen(w->mods_text) + 1);
	text = b->n;
	add_quorum(grant_quorum(g), b);
	use = b->n;
	wish_usages(w, b);
	who = b->n;
	add_signer(r->checked, b);
	if (buf_bad(b))
		return buf_err(b, "what an operator is to decide", e);
	a->effects.has_hold = 1;
	a->effects.hold = (struct txn_hold){
		.signer = SLICE(b->p + who, b->n - who),
		.quorum = (const char *)b->p + text,
		.usages = (const char *)b->p + use,
		.subject = SLICE(b->p, at[0]),
		.san = SLICE(b->p + at[0], at[1]),
		.spki = SLICE(b->p + at[0] + at[1], at[2]),
		.changes = (const char *)b->p + at[0] + at[1] + at[2],
		.not_before = w->not_before, .not_after = w->not_after,
		.profile = grant_profile(g)->name, .why = held ? held : "",
	};
	t->cert_req_id = r->cert_req.cert_req_id;
	t->state = TXN_HELD;
	draft_body_waiting(&a->draft, op_by_request(r->msg->body)->response,
	    t->cert_req_id, held ? "waiting for the decision of an operator" :
	    "waiting for approval");
	snprintf(a->effects.event, sizeof(a->effects.event), "held");
	snprintf(a->effects.detail, sizeof(a->effects.detail), "%s%s%s",
	    held ? held : "", held && waits ? ", " : "", waits ? waits : "");
	snprintf(a->note, sizeof(a->note), "held%s: %.120s; see: cmp-ca "
	    "pending", held ? " for an operator" : "", a->effects.detail);
	return 0;
}

/* cmp.conf may have changed since an operator saw it: a yes is to that. */
static int
check_shown(const struct txn_hold *h, const struct grant *g, struct err *e)
{
	const char *profile = grant_profile(g)->name;
	const struct wish *w = grant_wish(g);
	int64_t now = w->not_after - w->not_before,
	    then = h->not_after - h->not_before;
	struct buf usages;
	int rc = 0;

	buf_init(&usages, 1 << 12);
	wish_usages(w, &usages);
	if (buf_bad(&usages))
		rc = buf_err(&usages, "key usages", e);
	else if (strcmp(h->profile, profile) != 0)
		rc = err_set(e, E_HELD_CHANGED, "profile %.60s was approved, "
		    "it would be %.60s now", h->profile, profile);
	else if (!slice_eq(h->subject, buf_slice(&w->subject)) ||
	    !slice_eq(h->san, buf_slice(&w->san)))
		rc = err_set(e, E_HELD_CHANGED, "the names would not be those "
		    "that were approved");
	else if (!slice_eq(h->spki, buf_slice(&w->spki)))
		rc = err_set(e, E_HELD_CHANGED, "the key would not be the one "
		    "that was approved");
	else if (strcmp(h->usages, (const char *)usages.p) != 0)
		rc = err_set(e, E_HELD_CHANGED, "usages \"%.80s\" were "
		    "approved, they would be \"%.80s\" now", h->usages,
		    (const char *)usages.p);
	else if (now > then)
		rc = err_set(e, E_HELD_CHANGED, "a validity of %lld seconds "
		    "was approved, it would be %lld now", (long long)then,
		    (long long)now);
	buf_release(&usages);
	return rc;
}

/* The certificate and the positive response, whoever decided it. */
static int
grant_certificate(const struct op_ca *ca, const struct op_request *r,
    const struct grant *g, struct op_facts *facts, struct op_answer *a,
    struct err *e)
{
	const struct wish *w = grant_wish(g);

	if (facts->shown != NULL && check_shown(facts->shown, g, e) == -1)
		return -1;
	if ((grant_held(g) != NULL && facts->shown == NULL) ||
	    grant_waits(g) != NULL)
		return hold(r, g, facts, a, e);
	if (issue(ca, g, facts, a, e) == -1)
		return -1;
	/* Who shares a secret with us may know nobody else (4.1.1, 4.1.5). */
	if (checked_mac(r->checked) != NULL && r->msg->body == BODY_IR)
		a->draft.ca_pubs = ca->root;
	draft_body_certificate(&a->draft,
	    op_by_request(r->msg->body)->response, r->cert_req.cert_req_id,
	    w->mods ? STATUS_GRANTED_WITH_MODS : STATUS_ACCEPTED,
	    w->mods ? w->mods_text : NULL, buf_slice(&a->cert));
	confirmation(ca, g, r, facts->txn, &a->draft);
	facts->txn->cert_req_id = r->cert_req.cert_req_id;
	return 0;
}

int
enrol_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *facts, struct op_answer *a, struct err *e)
{
	struct grant *g;
	int rc;

	if (policy_enrol(&ca->policy, r->checked, r->msg->body, &r->cert_req,
	    &facts->policy, &g, e) == -1)
		return -1;
	rc = grant_certificate(ca, r, g, facts, a, e);
	/* With a certificate of ours it goes on with a line of renewal. */
	a->effects.cert.first_issued = facts->policy.sender == AUTHZ_OWN ?
	    facts->policy.sender_since : ca->policy.now;
	grant_free(g);
	return rc;
}

int
enrol_update(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *facts, struct op_answer *a, struct err *e)
{
	struct grant *g;
	int rc;

	if (policy_update(&ca->policy, r->checked, &r->cert_req,
	    &facts->policy, &g, e) == -1)
		return -1;
	rc = grant_certificate(ca, r, g, facts, a, e);
	a->effects.cert.first_issued = facts->policy.sender_since;
	grant_free(g);
	return rc;
}
