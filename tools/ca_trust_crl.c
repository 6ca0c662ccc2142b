/* CRLs of the rules: with an anchor, and newer ones. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "pki/cert.h"
#include "pki/name.h"
#include "role/home.h"
#include "tools/ca_trust.h"
#include "tools/tool.h"

/* trust/NAME-<issuer>.crl: one place for each issuer, so newer replaces. */
static int
crl_name(const struct crl *c, const char *name, char to[static 128])
{
	uint8_t hash[32];

	alg_sha256(crl_issuer(c), SLICE_NONE, hash);
	return snprintf(to, 128, "%s-%02x%02x%02x%02x.crl", name, hash[0],
	    hash[1], hash[2], hash[3]);
}

static int
put_crl(struct editing *d, const struct crl *c, const char *to, struct err *e)
{
	char path[HOME_PATH], a[DER_TIME_TEXT], b[DER_TIME_TEXT], shown[160];
	struct err ignored = { 0 };
	struct crl *old = NULL;
	int rc = -1;

	snprintf(shown, sizeof(shown), "trust/%.120s", to);
	if (crl_load(home_path(path, d->fd, shown), &old, &ignored) == 0 &&
	    crl_this_update(old) > crl_this_update(c))
		err_set(e, E_EXISTS, "this CRL is of %s, the one held is newer "
		    "(%s)", der_time_text(a, crl_this_update(c)),
		    der_time_text(b, crl_this_update(old)));
	else
		rc = file_deliver(d->h.trust, to, crl_der(c), 0644, FILE_REPLACE,
		    e);
	crl_free(old);
	return rc;
}

/* Is it out of date?  It is taken all the same, but says so. */
static void
warn_crl(const struct crl *c)
{
	char name[NAME_TEXT], t[DER_TIME_TEXT];

	name_short(name, crl_issuer(c));
	if (crl_next_update(c) < clock_now())
		tool_say("warning: the CRL of \"%s\" ended at %s; until there "
		    "is a newer one, its certificates are refused", name,
		    crl_next_update(c) == INT64_MIN ? "no time given" :
		    der_time_text(t, crl_next_update(c)));
	if (crl_not_understood(c))
		tool_say("warning: the CRL of \"%s\" has a critical extension "
		    "that is not understood; its certificates are refused",
		    name);
}

/* What the CRLs will be called; two of one issuer share a place. */
int
ca_trust_name_crls(struct adding *a, struct err *e)
{
	char to[128], *shown;
	struct crl *c;
	int known;

	for (size_t i = 0; i < a->crl.n; i++) {
		if (crl_load(a->crl.v[i], &c, e) == -1)
			return -1;
		crl_name(c, a->name, to);
		crl_free(c);
		shown = a->crl_names[a->n_crls];
		snprintf(shown, sizeof(a->crl_names[0]), "trust/%s", to);
		known = 0;
		for (size_t k = 0; k < a->n_crls; k++)
			known |= strcmp(a->crl_files[k], shown) == 0;
		if (!known)
			a->crl_files[a->n_crls++] = shown;
	}
	return 0;
}

int
ca_trust_add_crls(struct editing *d, struct adding *a, struct err *e)
{
	struct crl *c;
	char to[128];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->crl.n; i++) {
		if (crl_load(a->crl.v[i], &c, e) == -1)
			return -1;
		crl_name(c, a->name, to);
		warn_crl(c);
		rc = put_crl(d, c, to, e);
		crl_free(c);
	}
	return rc;
}

/* Does an anchor of ${r} have the name of the CRL's issuer? */
static int
issues(const struct editing *d, const struct conf_rule *r,
    const struct crl *c)
{
	struct err ignored = { 0 };
	struct certs certs;
	char path[HOME_PATH];
	int yes = 0;

	for (size_t i = 0; i < r->anchor.n; i++) {
		if (certs_load(home_path(path, d->fd, r->anchor.v[i]), &certs,
		    &ignored) == -1)
			continue;
		for (size_t k = 0; k < certs.n; k++)
			yes |= name_eq(certs.v[k].subject, crl_issuer(c));
		certs_free(&certs);
	}
	return yes;
}

static const struct conf_rule *
rule_at(const struct editing *d, size_t i)
{
	const struct conf_rules *const l[] = { &d->conf->enrol, &d->conf->ra,
	    &d->conf->forward };

	for (size_t k = 0; k < 3; i -= l[k++]->n)
		if (i < l[k]->n)
			return &l[k]->v[i];
	return NULL;
}

/* The rule a CRL is for: named, the one with its file, or its issuer's. */
static const struct conf_rule *
crl_rule(const struct editing *d, const struct crl *c, const char *name,
    struct err *e)
{
	const struct conf_rule *r = NULL;
	char to[128], shown[160], issuer[NAME_TEXT];

	if (name != NULL) {
		if ((r = ca_trust_rule(d, name)) == NULL)
			err_set(e, E_NOT_FOUND, "cmp.conf has no [enrol %.60s]",
			    name);
		return r;
	}
	for (size_t i = 0; (r = rule_at(d, i)) != NULL; i++) {
		crl_name(c, r->name, to);
		snprintf(shown, sizeof(shown), "trust/%s", to);
		for (size_t k = 0; k < r->crl.n; k++)
			if (strcmp(r->crl.v[k], shown) == 0)
				return r;
	}
	for (size_t i = 0; (r = rule_at(d, i)) != NULL; i++)
		if (issues(d, r, c))
			return r;
	if (d->conf->enrol.n == 1)
		return &d->conf->enrol.v[0];
	err_set(e, E_NOT_FOUND, "\"%s\" is no anchor of an [enrol] rule; say "
	    "for which rule the CRL is with --name NAME",
	    name_short(issuer, crl_issuer(c)));
	return NULL;
}

/* ${shown} added to the rule's crl key, if it is not there. */
static int
mention(struct editing *d, const struct conf_rule *r, const char *shown,
    struct err *e)
{
	struct buf value;
	int rc;

	buf_init(&value, 1 << 16);
	for (size_t i = 0; i < r->crl.n; i++) {
		if (strcmp(r->crl.v[i], shown) == 0) {
			buf_release(&value);
			return 0;
		}
		buf_printf(&value, "%s ", r->crl.v[i]);
	}
	buf_add_str(&value, shown);
	rc = conf_set_rule(buf_slice(&d->h.text), r->kind, r->name, "crl",
	    buf_str(&value), &d->next, e) == -1 ? -1 : ca_trust_save(d, e);
	buf_release(&value);
	return rc;
}

int
ca_trust_take_crl(struct editing *d, const char *file, const char *name, struct err *e)
{
	const struct conf_rule *r;
	char to[128], shown[160];
	struct crl *c;
	int rc = -1;

	if (crl_load(file, &c, e) == -1)
		return -1;
	if ((r = crl_rule(d, c, name, e)) != NULL) {
		crl_name(c, r->name, to);
		snprintf(shown, sizeof(shown), "trust/%s", to);
		warn_crl(c);
		if (put_crl(d, c, to, e) == 0 && mention(d, r, shown, e) == 0) {
			tool_say("%s with %zu entries is for [%s %s]", shown,
			    crl_count(c), ca_trust_word(r), r->name);
			rc = 0;
		}
	}
	crl_free(c);
	return rc;
}
