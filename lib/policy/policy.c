#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"

#define SAN_PATTERNS	64	/* of a ticket */

struct grant {
	const struct checked		*checked;
	const struct conf_profile	*profile;
	const char			*rule;
	const char			*held;
	const struct conf_rule		*enrol;
	struct wish			 wish;
};

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

static int
in_list(const struct conf_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return 1;
	return 0;
}

/* ${bound}: the only one that may be asked for, or NULL. */
static const struct conf_profile *
choose_profile(const struct policy_env *env, const struct checked *c,
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
has_anchor(const struct policy_rule *r, const struct anchor *a)
{
	for (size_t i = 0; i < r->n_anchors; i++)
		if (slice_eq(r->anchors[i]->der, a->cert->der))
			return 1;
	return 0;
}

/*
 * Holders of our certificates may ask for more under their own names without
 * any rule; an [enrol] rule with our CA certificate as anchor says otherwise.
 */
static const struct conf_rule own_names = { .kind = CONF_enrol,
    .name = (char []){ "own" } };

static const struct conf_rule *
choose_rule(const struct policy_env *env, const struct checked *c,
    const struct conf_profile *p, enum body body, enum authz_sender sender,
    struct err *e)
{
	const struct anchor *anchor = checked_path(c)->anchor;
	const struct conf_rule *conf;
	char name[NAME_TEXT];

	for (size_t i = 0; i < env->n_rules; i++) {
		conf = env->rules[i].conf;
		if ((conf->body.n == 0 ||
		    in_list(&conf->body, msg_body_word(body))) &&
		    (conf->profiles.n == 0 ||
		    in_list(&conf->profiles, p->name)) &&
		    has_anchor(&env->rules[i], anchor))
			return conf;
	}
	if (sender == AUTHZ_OWN)
		return &own_names;
	err_set(e, E_NOT_AUTHORIZED, "no [enrol] rule lets devices under "
	    "\"%s\" send %s for profile %s; one is added with: cmp-ca trust "
	    "add --enrol FILE --profile %s", name_short(name,
	    anchor->cert->subject), msg_body_name(body), p->name, p->name);
	return NULL;
}

/* Who asks, for the patterns: a reference proves no name. */
static struct slice
sender_name(const struct checked *c)
{
	return checked_mac(c) != NULL ? SLICE_LIT("\x30\x00") :
	    checked_signer(c)->subject;
}

static int
check_subject(const struct conf_rule *rule, const struct checked *c,
    struct slice subject, struct err *e)
{
	struct slice sender = sender_name(c);
	char asked[NAME_TEXT], own[NAME_TEXT];

	/* The profile allows it, and all there is of a name stands in the
	 * subjectAltName, of which the rule judges every entry. */
	if (name_is_empty(subject))
		return 0;
	if (rule->subject == NULL) {
		if (name_eq(subject, sender))
			return 0;
		return err_set(e, E_NOT_SUBJECT, "subject is \"%s\"; [enrol "
		    "%s] has no subject pattern, so a device may only ask for "
		    "its own name \"%s\"", name_short(asked, subject),
		    rule->name, name_short(own, sender));
	}
	if (name_match(rule->subject, subject, sender))
		return 0;
	return err_set(e, E_NOT_SUBJECT, "subject is \"%s\", [enrol %s] "
	    "allows \"%.120s\" to \"%s\"", name_short(asked, subject),
	    rule->name, rule->subject, name_short(own, sender));
}

static int
san_allowed(const struct conf_rule *rule, enum san_type type,
    struct slice value)
{
	for (size_t i = 0; i < rule->san.n; i++)
		if (san_match(rule->san.v[i], type, value))
			return 1;
	return 0;
}

/* Is the entry one of ${names} (GeneralNames TLV or nothing)? */
static int
san_among(struct slice names, enum san_type type, struct slice value)
{
	enum san_type other;
	struct slice in, v;

	if (names.n == 0 || der_only(names, DER_SEQUENCE, &in) == -1)
		return 0;
	while (san_next(&in, &other, &v) == 0)
		if (san_same(type, value, other, v))
			return 1;
	return 0;
}

static int
check_san(const struct conf_rule *rule, const struct checked *c,
    struct slice names, struct err *e)
{
	enum san_type type;
	struct slice in, value;
	struct buf text;

	if (names.n == 0)
		return 0;
	if (der_only(names, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_TMPL_SAN, "subjectAltName is malformed");
	while (in.n > 0) {
		if (san_next(&in, &type, &value) == -1)
			return err_set(e, E_TMPL_SAN, "subjectAltName is "
			    "malformed");
		if (rule == &own_names ? san_among(checked_signer(c)->san,
		    type, value) : san_allowed(rule, type, value))
			continue;
		buf_init(&text, 4096);
		san_text(&text, type, value);
		err_set(e, E_NOT_SAN, "subjectAltName has \"%.200s\", [enrol "
		    "%s] allows %s", text.n ? buf_str(&text) : "?",
		    rule->name, rule->san.n == 0 ? "none" :
		    "no name like that");
		buf_release(&text);
		return -1;
	}
	return 0;
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

/* A ticket as a rule: ${rule} borrows from it and owns its list. */
struct ticket_rule {
	struct conf_rule	 rule;
	char			 name[64];
	char			*san[SAN_PATTERNS];
	struct buf		 text;
};

static const struct conf_rule *
ticket_rule(struct ticket_rule *r, const struct policy_ticket *t,
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
	for (p += strlen(p) + 1; *p != '\0' && r->rule.san.n < SAN_PATTERNS;) {
		r->san[r->rule.san.n++] = p;
		if ((p = strchr(p, '\n')) == NULL)
			break;
		*p++ = '\0';
	}
	return &r->rule;
}

static struct grant *
grant_new(const struct checked *c, struct err *e)
{
	struct grant *g = calloc(1, sizeof(*g));

	if (g == NULL)
		err_set(e, E_NOMEM, "out of memory");
	else
		g->checked = c;
	return g;
}

static int
decide(const struct policy_env *env, const struct checked *c, enum body body,
    const struct cert_req *r, const struct policy_facts *facts,
    struct ticket_rule *ticket, struct grant *g, struct err *e)
{
	int mac = facts->sender == AUTHZ_MAC;
	const struct conf_rule *rule;
	struct slice subject;

	g->profile = choose_profile(env, c, mac ? facts->ticket.profile : NULL,
	    e);
	if (g->profile == NULL)
		return -1;
	rule = mac ? ticket_rule(ticket, &facts->ticket, env->now, e) :
	    choose_rule(env, c, g->profile, body, facts->sender, e);
	if (rule == NULL || profile_apply(g->profile, &r->tmpl, env->issuer,
	    env->now, &g->wish, e) == -1)
		return -1;
	g->rule = mac ? "ticket" : rule->name;
	subject = buf_slice(&g->wish.subject);
	if (check_subject(rule, c, subject, e) == -1 ||
	    check_san(rule, c, buf_slice(&g->wish.san), e) == -1 ||
	    check_key(g->profile, facts, subject, e) == -1)
		return -1;
	g->held = rule->hold ? "its [enrol] says hold" : !g->profile->hold ?
	    NULL : mac ? "its profile says hold, and its sender is known by a "
	    "shared secret only" : "its profile says hold";
	return 0;
}

/* Only a registration authority may have looked at it in our place. */
static int
check_popo(const struct cert_req *r, struct err *e)
{
	if (r->popo != POPO_RA_VERIFIED)
		return 0;
	return err_set(e, E_RA_VERIFIED, "popo is raVerified, the sender is "
	    "not known as a registration authority");
}

int
policy_enrol(const struct policy_env *env, const struct checked *c,
    enum body body, const struct cert_req *r, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	struct ticket_rule ticket = { .rule = { .name = NULL } };
	struct grant *g;
	int rc;

	*out = NULL;
	if (check_popo(r, e) == -1 ||
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

/* "without modifications" (4.1.3): subject and every alternative name. */
static int
check_same_names(const struct cert *own, const struct wish *w, struct err *e)
{
	struct slice a = own->san, b = buf_slice(&w->san), in, v;
	char asked[NAME_TEXT], is[NAME_TEXT];
	enum san_type type;

	if (!name_eq(own->subject, buf_slice(&w->subject)))
		return err_set(e, E_UPDATE_NAME, "subject is \"%s\", the "
		    "certificate to be updated has \"%s\"",
		    name_short(asked, buf_slice(&w->subject)),
		    name_short(is, own->subject));
	for (int i = 0; i < 2; i++, a = buf_slice(&w->san), b = own->san) {
		if (a.n == 0 || der_only(a, DER_SEQUENCE, &in) == -1)
			continue;
		while (san_next(&in, &type, &v) == 0)
			if (!san_among(b, type, v))
				return err_set(e, E_UPDATE_NAME,
				    "subjectAltName differs from that of the "
				    "certificate to be updated");
	}
	return 0;
}

int
policy_update(const struct policy_env *env, const struct checked *c,
    const struct cert_req *r, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	const struct cert *own = checked_signer(c);
	struct grant *g;

	*out = NULL;
	if (check_popo(r, e) == -1 ||
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
	if (env->now - facts->sender_since > g->profile->renew_for) {
		err_set(e, E_UPDATE_LIMIT, "first issued %lld days ago, profile "
		    "%s renews for %lld days; the device has to enrol anew",
		    (long long)(env->now - facts->sender_since) / 86400,
		    g->profile->name, (long long)g->profile->renew_for / 86400);
		goto fail;
	}
	if (profile_apply(g->profile, &r->tmpl, env->issuer, env->now,
	    &g->wish, e) == -1 || check_same_names(own, &g->wish, e) == -1)
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

int
policy_revoke(const struct policy_env *env, const struct checked *c,
    const struct rev_details *d, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	struct cert target;
	int self;

	*out = NULL;
	if (check_target(env, d, facts, &target, e) == -1)
		return -1;
	self = slice_eq(target.der, checked_signer(c)->der);
	/* Who asks again for what is done is told so (5.1.3). */
	if (self && facts->target_revoked)
		return err_set(e, E_RR_REVOKED, "the certificate is revoked "
		    "already");
	if (authz_check(BODY_RR, facts->sender, self ? AUTHZ_SELF : AUTHZ_OTHER,
	    e) == -1)
		return -1;
	if (d->has_invalidity && d->invalidity > env->now)
		return err_set(e, E_RR_DATE, "invalidityDate lies %lld seconds "
		    "in the future", (long long)(d->invalidity - env->now));
	if ((*out = grant_new(c, e)) == NULL)
		return -1;
	(*out)->rule = "own";
	return 0;
}

int
policy_continue(const struct checked *c, const struct txn *t,
    struct grant **out, struct err *e)
{
	struct grant *g;

	*out = NULL;
	if (!slice_eq(SLICE(checked_peer(c), 32), buf_slice(&t->peer)))
		return err_set(e, E_PROT_SAME, "protected with another key than "
		    "the first request of this transaction");
	if ((g = grant_new(c, e)) == NULL)
		return -1;
	g->rule = "transaction";
	*out = g;
	return 0;
}

int
policy_inform(const struct checked *c, const struct policy_facts *facts,
    struct grant **out, struct err *e)
{
	*out = NULL;
	if (authz_check(BODY_GENM, facts->sender, AUTHZ_NOTHING, e) == -1 ||
	    (*out = grant_new(c, e)) == NULL)
		return -1;
	(*out)->rule = "information";
	return 0;
}

int
policy_template(const struct policy_env *env, const struct checked *c,
    const struct policy_facts *facts, struct grant **out, struct err *e)
{
	const struct conf_rule *rule;
	struct grant *g;

	if (policy_inform(c, facts, &g, e) == -1)
		return -1;
	*out = NULL;
	if ((g->profile = choose_profile(env, c, NULL, e)) == NULL ||
	    (rule = choose_rule(env, c, g->profile, facts->sender ==
	    AUTHZ_OWN ? BODY_CR : BODY_IR, facts->sender, e)) == NULL) {
		grant_free(g);
		return -1;
	}
	g->enrol = rule == &own_names ? NULL : rule;
	*out = g;
	return 0;
}
