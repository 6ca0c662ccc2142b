/*
 * Registration authorities: what they may ask for, and what their approval is
 * worth.
 */
#include <string.h>

#include "policy/policy_int.h"

static int
in_list(const struct conf_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return 1;
	return 0;
}

/* Does it take several of its kind? */
static int
is_officer(const struct conf *conf, const struct conf_rule *r)
{
	for (size_t i = 0; i < conf->enrol.n; i++)
		if (in_list(&conf->enrol.v[i].approvals.of, r->name))
			return 1;
	return 0;
}

static int
covers(const struct conf_rule *r, const struct checked *c,
    const struct policy_what *w, struct err *e)
{
	return policy_is_about(r, w->body, w->profile) &&
	    (w->profile == NULL ||
	    policy_names(r, c, w->subject, w->san, e) == 0);
}

const struct conf_rule *
policy_ra_rule(const struct policy_env *env, const struct policy_ra *ra,
    const struct checked *c, const struct policy_what *w, int makes,
    struct err *e)
{
	const char *only = "";
	struct err why = { 0 };

	for (size_t i = 0; i < ra->n; i++) {
		if (makes && is_officer(env->conf, ra->rules[i]))
			only = ": \"approvals\" names it, so it may only "
			    "approve";
		else if (covers(ra->rules[i], c, w, &why))
			return ra->rules[i];
	}
	if (why.code != E_NONE)
		*e = why;
	else
		err_set(e, E_NOT_AUTHORIZED, "[ra %s] is not about %s%s%s%s",
		    ra->n > 0 ? ra->rules[0]->name : "?",
		    msg_body_name(w->body), w->profile ? " for profile " : "",
		    w->profile ? w->profile : "", only);
	return NULL;
}

const struct conf_rule *
policy_ra_voucher(const struct policy_env *env, const struct policy_facts *f,
    const struct checked *c, const struct policy_what *w, struct err *e)
{
	const struct conf_rule *r;

	struct err why = { 0 };

	err_set(&why, E_NOT_AUTHORIZED, "nobody vouches for the sender");
	for (size_t i = 0; i < f->n_approvers; i++)
		if ((r = policy_ra_rule(env, &f->approvers[i], c, w, 1,
		    &why)) != NULL)
			return r;
	*e = why;
	return NULL;
}

int
policy_ra_approve(const struct policy_env *env, const struct policy_facts *f,
    const struct checked *c, const struct policy_what *w, struct err *e)
{
	struct err why = { 0 };

	for (size_t i = 0; i < f->n_approvers; i++)
		if (policy_ra_rule(env, &f->approvers[i], c, w, 0, &why) ==
		    NULL)
			return err_set(e, E_APPROVAL, "the approval is beyond "
			    "what the RA may do: %.180s", why.detail);
	return 0;
}

/* By a rule that ${q} names, not by another one that it may have. */
static int
counts(const struct conf_quorum *q, const struct policy_ra *ra,
    const struct checked *c, const struct policy_what *w)
{
	struct err ignored = { 0 };

	for (size_t i = 0; i < ra->n; i++)
		if (in_list(&q->of, ra->rules[i]->name) &&
		    covers(ra->rules[i], c, w, &ignored))
			return 1;
	return 0;
}

int64_t
policy_ra_count(const struct conf_quorum *q, const struct policy_facts *f,
    const struct checked *c, const struct policy_what *w)
{
	const uint8_t *seen[2 * POLICY_APPROVALS + 1];
	size_t now = f->recalled ? 0 : f->n_approvers, n = 1, k;
	const struct policy_ra *ra;
	struct err ignored = { 0 };
	uint8_t own[32];

	seen[0] = checked_peer(c);
	if (checked_signer(c) != NULL && alg_key_hash(checked_signer(c)->spki,
	    own, &ignored) == 0)
		seen[0] = own;
	for (size_t i = 0; i < now + f->n_earlier; i++) {
		ra = i < now ? &f->approvers[i] : &f->earlier[i - now];
		for (k = 0; k < n && memcmp(seen[k], ra->key, 32) != 0; k++)
			;
		if (k == n && n < sizeof(seen) / sizeof(seen[0]) &&
		    counts(q, ra, c, w))
			seen[n++] = ra->key;
	}
	return (int64_t)n - 1;
}
