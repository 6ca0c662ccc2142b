#include "policy/policy_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"

void
grant_free(struct grant *g)
{
	if (g == NULL)
		return;
	wish_release(&g->wish);
	free(g);
}

const struct checked *
grant_checked(const struct grant *g)
{
	return g->checked;
}

const struct wish *
grant_wish(const struct grant *g)
{
	return &g->wish;
}

const struct conf_profile *
grant_profile(const struct grant *g)
{
	return g->profile;
}

const struct conf_rule *
grant_enrol(const struct grant *g)
{
	return g->enrol;
}

const char *
grant_rule(const struct grant *g)
{
	return g->rule;
}

const char *
grant_held(const struct grant *g)
{
	return g->held;
}

const char *
grant_waits(const struct grant *g)
{
	return g->waits[0] != '\0' ? g->waits : NULL;
}

const struct conf_quorum *
grant_quorum(const struct grant *g)
{
	return &g->quorum;
}

/* A key belongs to one subject, and a revoked one to nobody. */
static int
check_key(const struct conf_profile *p, const struct policy_facts *facts,
    struct slice subject, struct err *e)
{
	char other[NAME_TEXT];

	if (!facts->key_known)
		return 0;
	if (facts->key_revoked)
		return err_set(e, E_TMPL_KEY_USED, "publicKey stands in a "
		    "certificate that is revoked; make a new key");
	if (!name_eq(subject, facts->key_subject))
		return err_set(e, E_TMPL_KEY_USED, "publicKey is certified "
		    "for \"%s\" already; make a new key",
		    name_short(other, facts->key_subject));
	if (!p->reuse_key)
		return err_set(e, E_TMPL_KEY_USED, "publicKey is certified "
		    "already and profile %s has reuse-key = no; make a new "
		    "key", p->name);
	return 0;
}

struct grant *
grant_new(const struct checked *c, struct err *e)
{
	struct grant *g = calloc(1, sizeof(*g));

	if (g == NULL)
		err_set(e, E_NOMEM, "out of memory");
	else
		g->checked = c;
	return g;
}

/* Whatever a line of certificates is renewed with: a stolen key shall not
 * renew itself for ever. */
static int
check_limit(const struct policy_env *env, const struct conf_profile *p,
    const struct policy_facts *facts, struct err *e)
{
	int64_t age = env->now - facts->sender_since;

	if (age <= p->renew_for)
		return 0;
	return err_set(e, E_UPDATE_LIMIT, "first issued %lld days ago, profile "
	    "%s renews for %lld days; the device has to enrol anew",
	    (long long)age / 86400, p->name, (long long)p->renew_for / 86400);
}

/* Who may have those names: the rule that says so. */
static const struct conf_rule *
judge(const struct policy_env *env, const struct checked *c,
    const struct policy_facts *facts, const struct conf_rule *rule,
    const struct policy_what *w, struct err *e)
{
	switch (facts->sender) {
	case AUTHZ_RA:
		return policy_ra_rule(env, &facts->ra, c, w, 1, e);
	case AUTHZ_VOUCHED:
		return policy_ra_voucher(env, facts, c, w, e);
	default:
		return policy_names(rule, c, w->subject, w->san, e) == -1 ?
		    NULL : rule;
	}
}

/* Has it to wait, and for whom? */
static void
settle(const struct conf_rule *rule, const struct checked *c,
    const struct policy_facts *facts, const struct policy_what *w,
    struct grant *g)
{
	int64_t have;

	g->rule = facts->sender == AUTHZ_MAC ? "ticket" : rule->name;
	g->held = rule->hold ? "its [enrol] says hold" : !g->profile->hold ?
	    NULL : facts->sender == AUTHZ_MAC ? "its profile says hold, and "
	    "its sender is known by a shared secret only" :
	    "its profile says hold";
	g->quorum = rule->approvals;
	if (rule->approvals.need == 0)
		return;
	have = policy_ra_count(&rule->approvals, facts, c, w);
	if (have < rule->approvals.need)
		snprintf(g->waits, sizeof(g->waits), "%lld of %lld approvals",
		    (long long)have, (long long)rule->approvals.need);
}

static int
decide(const struct policy_env *env, const struct checked *c, enum body body,
    const struct cert_req *r, const struct policy_facts *facts,
    struct policy_ticket_rule *ticket, struct grant *g, struct err *e)
{
	int mac = facts->sender == AUTHZ_MAC, ra = facts->sender == AUTHZ_RA ||
	    facts->sender == AUTHZ_VOUCHED;
	const struct conf_rule *rule = NULL;
	struct policy_what w = { .body = body };

	g->profile = policy_profile(env, c, mac ? facts->ticket.profile : NULL,
	    e);
	if (g->profile == NULL)
		return -1;
	if (!ra && (rule = mac ? policy_ticket_rule(ticket, &facts->ticket,
	    env->now, e) : policy_enrol_rule(env, g->profile, body, facts,
	    e)) == NULL)
		return -1;
	if ((facts->sender == AUTHZ_OWN &&
	    check_limit(env, g->profile, facts, e) == -1) ||
	    profile_apply(g->profile, &r->tmpl, env->issuer, env->now,
	    &g->wish, e) == -1)
		return -1;
	w.profile = g->profile->name;
	w.subject = buf_slice(&g->wish.subject);
	w.san = buf_slice(&g->wish.san);
	if ((rule = judge(env, c, facts, rule, &w, e)) == NULL ||
	    check_key(g->profile, facts, w.subject, e) == -1 ||
	    (!facts->recalled &&
	    policy_ra_approve(env, facts, c, &w, e) == -1))
		return -1;
	settle(rule, c, facts, &w, g);
	return 0;
}

/*
 * Only a registration authority may have looked at it in our place; by which
 * [ra] it may is seen when its names are judged.
 */
static int
check_popo(const struct cert_req *r, const struct policy_facts *facts,
    struct err *e)
{
	if (r->popo != POPO_RA_VERIFIED ||
	    (facts->sender == AUTHZ_RA && facts->ra.cmcra))
		return 0;
	if (facts->sender == AUTHZ_RA)
		return err_set(e, E_RA_VERIFIED, "popo is raVerified, the "
		    "certificate of the RA has no extended key usage cmcRA");
	return err_set(e, E_RA_VERIFIED, "popo is raVerified, the sender is "
	    "not known as a registration authority");
}

int
policy_enrol(const struct policy_env *env, const struct checked *c,
    enum body body, const struct cert_req *r, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	struct policy_ticket_rule ticket = { .rule = { .name = NULL } };
	struct grant *g;
	int rc;

	*out = NULL;
	if (check_popo(r, facts, e) == -1 ||
	    authz_check(body, facts->sender, AUTHZ_NEW, e) == -1 ||
	    (g = grant_new(c, e)) == NULL)
		return -1;
	buf_init(&ticket.text, 1 << 16);
	rc = decide(env, c, body, r, facts, &ticket, g, e);
	buf_release(&ticket.text);
	if (rc == -1)
		grant_free(g);
	else
		*out = g;
	return rc;
}

/* The profile of an update is settled; another cannot be asked for. */
static const struct conf_profile *
same_profile(const struct policy_env *env, const struct checked *c,
    const char *was, struct err *e)
{
	struct slice asked = checked_msg(c)->hdr.cert_profile;
	const struct conf_profile *p;
	char text[ESCAPE_SHORT];

	if (asked.n > 0 && !slice_eq(asked, slice_str(was))) {
		err_set(e, E_CERT_PROFILE, "certProfile asks for \"%s\", the "
		    "certificate was issued under profile \"%s\"",
		    escape_short(text, asked), was);
		return NULL;
	}
	p = conf_profile(env->conf, was, strlen(was));
	if (p == NULL)
		err_set(e, E_CERT_PROFILE, "the certificate was issued under "
		    "profile \"%s\", which cmp.conf does not have any more",
		    was);
	return p;
}

/* oldCertID, if it is there, names the certificate that signed. */
static int
check_old_id(const struct checked *c, const struct cert_req *r, struct err *e)
{
	const struct cert *own = checked_signer(c);
	struct slice in = r->controls, control, oid, id, issuer, serial;

	while (der_get(&in, DER_SEQUENCE, &control) == 0) {
		if (der_get(&control, DER_OID, &oid) == -1 ||
		    oid_of(oid) != OID_REGCTRL_OLD_CERT_ID)
			continue;
		if (der_get(&control, DER_SEQUENCE, &id) == -1 ||
		    der_get(&id, DER_CTX(4), &issuer) == -1 ||
		    der_get(&id, DER_INTEGER, &serial) == -1 || id.n != 0)
			return err_set(e, E_SYNTAX, "oldCertId is malformed");
		if (!name_eq(issuer, own->issuer) ||
		    !slice_eq(serial, own->serial))
			return err_set(e, E_UPDATE_ID, "oldCertId names "
			    "another certificate than the one that protects "
			    "the request");
	}
	return 0;
}

int
policy_update(const struct policy_env *env, const struct checked *c,
    const struct cert_req *r, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	const struct cert *own = checked_signer(c);
	struct policy_what w;
	struct grant *g;

	*out = NULL;
	if (check_popo(r, facts, e) == -1 ||
	    authz_check(BODY_KUR, facts->sender, AUTHZ_SELF, e) == -1 ||
	    check_old_id(c, r, e) == -1)
		return -1;
	if (facts->key_known)
		return err_set(e, E_TMPL_KEY_USED, "publicKey is certified "
		    "already; an update needs a new key");
	if ((g = grant_new(c, e)) == NULL)
		return -1;
	g->rule = "update";
	g->profile = same_profile(env, c, facts->sender_profile, e);
	if (g->profile == NULL)
		goto fail;
	if (check_limit(env, g->profile, facts, e) == -1)
		goto fail;
	if (profile_apply(g->profile, &r->tmpl, env->issuer, env->now,
	    &g->wish, e) == -1 || policy_same_names(own,
	    buf_slice(&g->wish.subject), buf_slice(&g->wish.san), e) == -1)
		goto fail;
	w = (struct policy_what){ BODY_KUR, g->profile->name,
	    buf_slice(&g->wish.subject), buf_slice(&g->wish.san) };
	if (!facts->recalled && policy_ra_approve(env, facts, c, &w, e) == -1)
		goto fail;
	g->held = g->profile->hold ? "its profile says hold" : NULL;
	*out = g;
	return 0;
fail:
	grant_free(g);
	return -1;
}

/* Does ${d} name the certificate ${der}, and nothing else with it? */
static int
check_target(const struct policy_env *env, const struct rev_details *d,
    const struct policy_facts *facts, struct cert *target, struct err *e)
{
	const struct cert_template *t = &d->tmpl;
	char name[NAME_TEXT];

	if (!name_eq(t->issuer, env->issuer->subject))
		return err_set(e, E_RR_ID, "issuer is \"%s\", which is not "
		    "this CA", name_short(name, t->issuer));
	if (facts->target_der.n == 0)
		return err_set(e, E_RR_ID, "no certificate with that "
		    "serialNumber was issued here");
	if (cert_parse(facts->target_der, target, e) == -1)
		return -1;
	if (t->subject.p != NULL && !name_eq(t->subject, target->subject))
		return err_set(e, E_RR_ID, "subject is not that of the "
		    "certificate with that serialNumber");
	return 0;
}

/* Is it for the sender to have ${target} revoked?  The rule's name. */
static const char *
may_revoke(const struct policy_env *env, const struct checked *c,
    const struct policy_facts *facts, const struct cert *target, int self,
    struct err *e)
{
	struct policy_what w = { BODY_RR, facts->target_profile,
	    target->subject, target->san };
	const struct conf_rule *rule = NULL;

	if (authz_check(BODY_RR, facts->sender, self ? AUTHZ_SELF : AUTHZ_OTHER,
	    e) == -1 ||
	    (!self && (rule = policy_ra_rule(env, &facts->ra, c, &w, 1, e)) ==
	    NULL) || policy_ra_approve(env, facts, c, &w, e) == -1)
		return NULL;
	return self ? "own" : rule->name;
}

int
policy_revoke(const struct policy_env *env, const struct checked *c,
    const struct rev_details *d, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	struct cert target;
	const char *by = NULL;
	int self;

	*out = NULL;
	if (check_target(env, d, facts, &target, e) == -1)
		return -1;
	self = slice_eq(target.der, checked_signer(c)->der);
	/* Who asks again for what is done is told so (5.1.3). */
	if (!(self && facts->target_revoked) &&
	    (by = may_revoke(env, c, facts, &target, self, e)) == NULL)
		return -1;
	if (facts->target_revoked)
		return err_set(e, E_RR_REVOKED, "the certificate is revoked "
		    "already");
	if (d->has_invalidity && d->invalidity > env->now)
		return err_set(e, E_RR_DATE, "invalidityDate lies %lld seconds "
		    "in the future", (long long)(d->invalidity - env->now));
	if ((*out = grant_new(c, e)) == NULL)
		return -1;
	(*out)->rule = by;
	return 0;
}

/* The certificate, too: a key may have several (RFC 9483 3.2). */
static int
check_same(const struct checked *c, const struct txn *t, struct err *e)
{
	const struct cert *signer = checked_signer(c);
	uint8_t hash[32];

	if (!slice_eq(SLICE(checked_peer(c), 32), buf_slice(&t->peer)))
		return err_set(e, E_PROT_SAME, "protected with another key than "
		    "the first request of this transaction");
	/* MACs have none, and what an older program began. */
	if (signer == NULL || t->signer_hash.n == 0)
		return 0;
	alg_sha256(signer->der, SLICE_NONE, hash);
	if (!slice_eq(SLICE(hash, 32), buf_slice(&t->signer_hash)))
		return err_set(e, E_PROT_SAME, "protected with another "
		    "certificate than the first request of this transaction");
	return 0;
}

int
policy_continue(const struct checked *c, const struct txn *t,
    const struct policy_facts *facts, struct grant **out, struct err *e)
{
	*out = NULL;
	if (check_same(c, t, e) == -1 ||
	    authz_check(checked_msg(c)->body, facts->sender,
	    t->body == BODY_KUR ? AUTHZ_SELF : AUTHZ_NEW, e) == -1 ||
	    (*out = grant_new(c, e)) == NULL)
		return -1;
	(*out)->rule = "transaction";
	return 0;
}

int
policy_inform(const struct policy_env *env, const struct checked *c,
    const struct policy_facts *facts, struct grant **out, struct err *e)
{
	struct policy_what w = { .body = BODY_GENM };

	*out = NULL;
	if (authz_check(BODY_GENM, facts->sender, AUTHZ_NOTHING, e) == -1 ||
	    (facts->sender == AUTHZ_RA &&
	    policy_ra_rule(env, &facts->ra, c, &w, 0, e) == NULL) ||
	    policy_ra_approve(env, facts, c, &w, e) == -1 ||
	    (*out = grant_new(c, e)) == NULL)
		return -1;
	(*out)->rule = "information";
	return 0;
}

int
policy_approve(const struct policy_env *env, const struct checked *c,
    const struct policy_facts *facts, enum body body, const char *profile,
    struct slice subject, struct slice san, struct err *e)
{
	struct policy_what w = { body, profile, subject, san };

	return policy_ra_approve(env, facts, c, &w, e);
}

/* The rule by which an RA may ask for a certificate of ${profile}. */
static const struct conf_rule *
ra_template(const struct policy_facts *facts, const char *profile,
    struct err *e)
{
	for (size_t i = 0; i < facts->ra.n; i++)
		if (policy_is_about(facts->ra.rules[i], BODY_IR, profile))
			return facts->ra.rules[i];
	err_set(e, E_NOT_AUTHORIZED, "no [ra] of the sender is about ir for "
	    "profile %.60s", profile);
	return NULL;
}

int
policy_template(const struct policy_env *env, const struct checked *c,
    const struct policy_facts *facts, struct grant **out, struct err *e)
{
	const struct conf_rule *rule = NULL;
	struct grant *g;

	if (policy_inform(env, c, facts, &g, e) == -1)
		return -1;
	*out = NULL;
	g->profile = policy_profile(env, c, NULL, e);
	if (g->profile != NULL)
		rule = facts->sender == AUTHZ_RA ?
		    ra_template(facts, g->profile->name, e) :
		    policy_enrol_rule(env, g->profile, facts->sender ==
		    AUTHZ_OWN ? BODY_CR : BODY_IR, facts, e);
	if (rule == NULL) {
		grant_free(g);
		return -1;
	}
	g->enrol = policy_is_own(rule) ? NULL : rule;
	*out = g;
	return 0;
}
