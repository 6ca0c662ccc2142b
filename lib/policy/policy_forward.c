/* What a registration authority passes on: RFC 9483 5.2. */
#include "policy/policy_int.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"

struct slice
policy_asked_san(struct slice extensions)
{
	struct slice ext, oid, value;

	while (der_get(&extensions, DER_SEQUENCE, &ext) == 0) {
		if (der_get(&ext, DER_OID, &oid) == -1)
			break;
		der_opt(&ext, DER_BOOLEAN, &value);
		if (oid_of(oid) == OID_SAN &&
		    der_get(&ext, DER_OCTET_STRING, &value) == 0)
			return value;
	}
	return SLICE_NONE;
}

static int
fits_profile(const struct conf_rule *rule, struct slice asked)
{
	if (rule->profiles.n == 0)
		return 1;
	if (asked.n == 0)
		asked = SLICE_LIT("default");	/* as upstream takes it */
	for (size_t i = 0; i < rule->profiles.n; i++)
		if (slice_eq(asked, slice_str(rule->profiles.v[i])))
			return 1;
	return 0;
}

static int
has_anchor(const struct policy_rule *r, const struct anchor *a)
{
	for (size_t i = 0; i < r->n_anchors; i++)
		if (slice_eq(r->anchors[i]->der, a->cert->der))
			return 1;
	return 0;
}

static int
is_of(const struct conf_rule *rule, const struct policy_ra *ra)
{
	for (size_t i = 0; i < ra->n; i++)
		for (size_t k = 0; k < rule->ras.n; k++)
			if (strcmp(ra->rules[i]->name, rule->ras.v[k]) == 0)
				return 1;
	return 0;
}

/* Is ${r} about this sender, or about an RA that answers for it? */
static int
fits_sender(const struct policy_rule *r, const struct checked *c,
    const struct policy_facts *f)
{
	const struct path *path = checked_path(c);

	if (r->conf->ras.n == 0)
		return path == NULL ? r->n_anchors == 0 :
		    has_anchor(r, path->anchor);
	if (f->sender == AUTHZ_RA && is_of(r->conf, &f->ra))
		return 1;
	for (size_t i = 0; i < f->n_approvers; i++)
		if (is_of(r->conf, &f->approvers[i]))
			return 1;
	return 0;
}

static const struct conf_rule *
choose(const struct policy_env *env, const struct checked *c, enum body body,
    struct slice profile, const struct policy_facts *facts, struct err *e)
{
	const struct path *path = checked_path(c);
	const struct policy_rule *r;
	char name[NAME_TEXT], text[ESCAPE_SHORT];

	for (size_t i = 0; i < env->n_rules; i++) {
		r = &env->rules[i];
		if (policy_is_about(r->conf, body, NULL) &&
		    fits_profile(r->conf, profile) &&
		    fits_sender(r, c, facts))
			return r->conf;
	}
	err_set(e, E_NOT_AUTHORIZED, "no [forward] rule is for %s of profile "
	    "\"%s\" by %s%s", msg_body_name(body), escape_short(text, profile),
	    path == NULL ? "a shared secret" : "devices under ",
	    path == NULL ? "" : name_short(name, path->anchor->cert->subject));
	return NULL;
}

/* Names: by the ticket of a secret, else by the rule. */
static int
check_names(const struct policy_env *env, const struct grant *g,
    const struct cert_req *r, const struct policy_facts *facts,
    struct err *e)
{
	struct policy_ticket_rule ticket = { .rule = { .name = NULL } };
	const struct conf_rule *rule = g->enrol;
	struct slice subject = r->tmpl.subject, san =
	    policy_asked_san(r->tmpl.extensions);
	int rc = -1;

	buf_init(&ticket.text, 1 << 16);
	if (facts->sender == AUTHZ_MAC)
		rule = policy_ticket_rule(&ticket, &facts->ticket, env->now,
		    e);
	if (rule != NULL)
		rc = policy_names(rule, g->checked, subject, san, e);
	buf_release(&ticket.text);
	return rc;
}

/* Those of ${ra}'s sections that ${rule} names, if it names any. */
static struct policy_ra
of_rule(const struct conf_rule *rule, const struct policy_ra *ra)
{
	struct policy_ra only = *ra, one = { .n = 1 };

	only.n = 0;
	for (size_t i = 0; i < ra->n; i++) {
		one.rules[0] = ra->rules[i];
		if (rule->ras.n == 0 || is_of(rule, &one))
			only.rules[only.n++] = ra->rules[i];
	}
	return only;
}

/*
 * An RA below may ask for, and stand for, what its [ra] says, and nothing
 * else: what we sign in its place would count for more than it does.
 */
static int
check_ras(const struct policy_env *env, const struct grant *g, enum body body,
    const struct cert_req *r, struct slice profile,
    const struct policy_facts *facts, struct err *e)
{
	struct policy_what w = { .body = body };
	struct policy_facts by = *facts;
	struct policy_ra only[POLICY_APPROVALS], ra;
	char name[64 + 1];

	if (r != NULL) {
		snprintf(name, sizeof(name), "%.*s", profile.n > 0 ?
		    (int)profile.n : 7, profile.n > 0 ?
		    (const char *)profile.p : "default");
		w.profile = name;
		w.subject = r->tmpl.subject;
		w.san = policy_asked_san(r->tmpl.extensions);
	}
	if (facts->sender == AUTHZ_RA) {
		ra = of_rule(g->enrol, &facts->ra);
		if (policy_ra_rule(env, &ra, g->checked, &w, 1, e) == NULL)
			return -1;
	}
	for (size_t i = 0; i < facts->n_approvers; i++)
		only[i] = of_rule(g->enrol, &facts->approvers[i]);
	by.approvers = only;
	if (facts->sender == AUTHZ_VOUCHED &&
	    policy_ra_voucher(env, &by, g->checked, &w, e) == NULL)
		return -1;
	return policy_ra_approve(env, facts, g->checked, &w, e);
}

int
policy_forward(const struct policy_env *env, const struct checked *c,
    enum body body, const struct cert_req *r,
    const struct policy_facts *facts, struct grant **out, struct err *e)
{
	struct slice profile = checked_msg(c)->hdr.cert_profile,
	    bound = facts->sender != AUTHZ_MAC ? SLICE_NONE :
	    slice_str(facts->ticket.profile);
	char asked[ESCAPE_SHORT], own[ESCAPE_SHORT];
	struct grant *g;

	*out = NULL;
	if (bound.n > 0 && profile.n > 0 && !slice_eq(bound, profile))
		return err_set(e, E_NOT_AUTHORIZED, "certProfile asks for "
		    "\"%s\", the ticket is for profile %.60s",
		    escape_short(asked, profile), escape_short(own, bound));
	if (r != NULL && r->popo == POPO_RA_VERIFIED &&
	    (facts->sender != AUTHZ_RA || !facts->ra.cmcra))
		return err_set(e, E_RA_VERIFIED, "popo is raVerified, the "
		    "sender is not known as a registration authority with "
		    "cmcRA");
	if ((g = grant_new(c, e)) == NULL)
		return -1;
	if (profile.n == 0 && bound.n > 0)
		profile = bound;
	g->enrol = choose(env, c, body, profile, facts, e);
	if (g->enrol != NULL && g->enrol->mode == FORWARD_REFUSE) {
		err_set(e, E_NOT_AUTHORIZED, "[forward %s] says refuse",
		    g->enrol->name);
	} else if (g->enrol != NULL && (r == NULL || body == BODY_KUR ||
	    check_names(env, g, r, facts, e) == 0) &&
	    check_ras(env, g, body, r, profile, facts, e) == 0) {
		g->rule = g->enrol->name;
		g->held = g->enrol->hold ? "its [forward] says hold" : NULL;
		*out = g;
		return 0;
	}
	grant_free(g);
	return -1;
}
