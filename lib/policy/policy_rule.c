/* Which profile and which rule a request is judged by. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "policy/policy_int.h"

const struct conf_profile *
policy_profile(const struct policy_env *env, const struct checked *c,
    const char *bound, struct err *e)
{
	struct slice asked = checked_msg(c)->hdr.cert_profile;
	const struct conf_profile *p;
	char text[ESCAPE_SHORT];

	if (asked.p == NULL || asked.n == 0)
		asked = slice_str(bound ? bound : env->conf->home.profile);
	if (bound != NULL && !slice_eq(asked, slice_str(bound))) {
		err_set(e, E_NOT_AUTHORIZED, "certProfile asks for \"%s\", the "
		    "ticket is for profile %.60s", escape_short(text, asked),
		    bound);
		return NULL;
	}
	p = conf_profile(env->conf, (const char *)asked.p, asked.n);
	if (p == NULL)
		err_set(e, E_CERT_PROFILE, "certProfile asks for \"%s\", "
		    "cmp.conf has no [profile] of that name",
		    escape_short(text, asked));
	return p;
}

static int
in_list(const struct conf_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return 1;
	return 0;
}

int
policy_is_about(const struct conf_rule *r, enum body body,
    const char *profile)
{
	return (r->body.n == 0 || in_list(&r->body, msg_body_word(body))) &&
	    (profile == NULL || r->profiles.n == 0 ||
	    in_list(&r->profiles, profile));
}

static int
has_cert(const struct policy_rule *r, const struct cert *c)
{
	for (size_t i = 0; i < r->n_anchors; i++)
		if (slice_eq(r->anchors[i]->der, c->der))
			return 1;
	return 0;
}

/*
 * Is ${r} about the sender?  What is ours is below our certificate,
 * whatever other path there is.
 */
static int
has_anchor(const struct policy_env *env, const struct policy_rule *r,
    const struct policy_facts *facts)
{
	return has_cert(r, facts->anchor) ||
	    (facts->sender == AUTHZ_OWN && has_cert(r, env->issuer));
}

/*
 * Holders of our certificates may ask for more under their own names and the
 * profile of their certificate, unless an [enrol] rule is about them.
 */
static const struct conf_rule own_names = { .kind = CONF_enrol,
    .name = (char []){ "own" } };

int
policy_is_own(const struct conf_rule *r)
{
	return r == &own_names;
}

const struct conf_rule *
policy_enrol_rule(const struct policy_env *env,
    const struct conf_profile *p, enum body body,
    const struct policy_facts *facts, struct err *e)
{
	const struct conf_rule *conf;
	char name[NAME_TEXT];
	int any = 0;

	for (size_t i = 0; i < env->n_rules; i++) {
		if (!has_anchor(env, &env->rules[i], facts))
			continue;
		any = 1;
		conf = env->rules[i].conf;
		if (policy_is_about(conf, body, p->name))
			return conf;
	}
	if (facts->sender == AUTHZ_OWN && !any &&
	    strcmp(p->name, facts->sender_profile) == 0)
		return &own_names;
	if (facts->sender == AUTHZ_OWN && !any)
		err_set(e, E_NOT_AUTHORIZED, "asks for profile %s with a "
		    "certificate of profile %s; another profile needs an "
		    "[enrol] rule with our CA certificate as anchor", p->name,
		    facts->sender_profile);
	else
		err_set(e, E_NOT_AUTHORIZED, "no [enrol] rule lets devices "
		    "under \"%s\" send %s for profile %s; one is added with: "
		    "cmp-ca trust add --enrol FILE --profile %s",
		    name_short(name, facts->anchor->subject),
		    msg_body_name(body), p->name, p->name);
	return NULL;
}

const struct conf_rule *
policy_ticket_rule(struct policy_ticket_rule *r, const struct policy_ticket *t,
    int64_t now, struct err *e)
{
	char ref[ESCAPE_SHORT], time[DER_TIME_TEXT], *p;

	escape_short(ref, t->ref);
	if (t->uses_left == 0) {
		err_set(e, E_TICKET_USED, "the ticket \"%.80s\" is used up",
		    ref);
		return NULL;
	}
	if (t->expires != 0 && t->expires < now) {
		err_set(e, E_TICKET_EXPIRED, "the ticket \"%.80s\" expired at "
		    "%s", ref, der_time_text(time, t->expires));
		return NULL;
	}
	snprintf(r->name, sizeof(r->name), "ticket %.50s", ref);
	buf_add_str(&r->text, t->subject);
	buf_add_u8(&r->text, 0);
	buf_add_str(&r->text, t->san);
	if ((p = (char *)(uintptr_t)buf_str(&r->text)) == NULL) {
		buf_err(&r->text, "the ticket", e);
		return NULL;
	}
	r->rule = (struct conf_rule){ .name = r->name, .subject = p,
	    .san = { .v = r->san } };
	for (p += strlen(p) + 1; *p != '\0' && r->rule.san.n < POLICY_PATTERNS;) {
		r->san[r->rule.san.n++] = p;
		if ((p = strchr(p, '\n')) == NULL)
			break;
		*p++ = '\0';
	}
	return &r->rule;
}
