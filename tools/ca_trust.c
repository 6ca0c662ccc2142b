#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/name.h"
#include "policy/conf.h"
#include "role/home.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] trust add --enrol FILE|--ra FILE [--crl FILE]...\n"
"                  [--name NAME] [--subject PATTERN] [--san PATTERN]...\n"
"                  [--profile P]\n"
"       cmp-ca [-C HOME] trust list\n"
"       cmp-ca [-C HOME] trust remove NAME\n"
"       cmp-ca [-C HOME] trust crl FILE [--name NAME]\n"
"\n"
"Whose devices may ask for a first certificate, and which registration\n"
"authorities ask, revoke and approve for others.\n"
"  --enrol FILE       the trust anchor of the devices' certificates\n"
"  --ra FILE          the certificate of the RA; that of a CA: those below it\n"
"                     that have cmcRA\n"
"  --crl FILE         CRLs of it and of CAs below it; with any, certificates\n"
"                     whose status they do not tell are refused\n"
"  --subject PATTERN  subjects they may ask for: CN=*,O=Example or\n"
"                     CN=pump-{serialNumber},O=Example; without it only the\n"
"                     device's own name; for an RA: any\n"
"  --san PATTERN      dns:*.example; without it none; for an RA: any\n"
"  --profile P        only for this profile\n"
"trust crl takes a newer CRL in place of the one held from the same issuer.\n";

/* A home whose cmp.conf is being changed. */
struct editing {
	int		 fd;
	struct home_edit h;
	struct buf	 next;
	struct conf	*conf;
};

static void
close_edit(struct editing *d)
{
	home_edit_end(&d->h);
	if (d->fd != -1)
		close(d->fd);
	buf_release(&d->next);
	conf_free(d->conf);
}

static int
open_edit(struct editing *d, const char *home, struct err *e)
{
	memset(d, 0, sizeof(*d));
	d->h.trust = -1;
	buf_init(&d->next, 1 << 20);
	if ((d->fd = tool_home(home, 0, e)) == -1 ||
	    home_edit_begin(&d->h, d->fd, e) == -1)
		return -1;
	return conf_parse(buf_slice(&d->h.text), "cmp.conf", &d->conf, e);
}

static int
save(struct editing *d, struct err *e)
{
	return home_edit_save(&d->h, buf_slice(&d->next), e);
}

/* [enrol] or [ra]: names are shared, since files are called by them. */
static const struct conf_rule *
rule(const struct editing *d, const char *name)
{
	const struct conf_rule *r = conf_rule(&d->conf->enrol, name);

	return r != NULL ? r : conf_rule(&d->conf->ra, name);
}

static const char *
word(const struct conf_rule *r)
{
	return r->kind == CONF_ra ? "ra" : "enrol";
}

/* "idevid-root" from "a/idevid-root.pem", with a number if it is taken. */
static void
choose_name(const struct editing *d, const char *file, char name[static 64])
{
	const char *base = strrchr(file, '/');
	char stem[48] = "";
	size_t n = 0;

	base = base ? base + 1 : file;
	for (; *base != '\0' && *base != '.' && n < 40; base++)
		if (isalnum((unsigned char)*base) || *base == '-' ||
		    *base == '_')
			stem[n++] = *base;
	stem[n] = '\0';
	if (n == 0)
		snprintf(stem, sizeof(stem), "device");
	snprintf(name, 64, "%s", stem);
	for (int i = 2; rule(d, name) != NULL; i++)
		snprintf(name, 64, "%s-%d", stem, i);
}

/*
 * Is ${file} an anchor (1) or the certificate of an RA itself (0)?  One rule
 * has only one sort.
 */
static int
ra_sort(const char *file, struct err *e)
{
	struct certs c = { 0 };
	size_t n = 0;
	int rc;

	if (certs_load(file, &c, e) == -1)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		n += c.v[i].ca || c.v[i].version == 1;
	rc = n == c.n ? 1 : n == 0 ? 0 : err_set(e, E_USAGE, "%.200s: has "
	    "certificates of CAs and others; give those of RAs alone, or "
	    "their anchor alone", file);
	certs_free(&c);
	return rc;
}

/* All certificates of ${file} into trust/NAME.pem. */
static int
put_anchor(struct editing *d, const char *file, const char *name, int pinned,
    struct err *e)
{
	char to[96], shown[NAME_TEXT];
	struct certs c = { 0 };
	struct buf pem;
	int rc = -1;

	buf_init(&pem, 1 << 20);
	if (certs_load(file, &c, e) == -1)
		goto out;
	if (c.n == 0) {
		err_set(e, E_CERT_SYNTAX, "%.200s: no certificate in it", file);
		goto out;
	}
	for (size_t i = 0; i < c.n; i++) {
		cert_pem(&pem, "CERTIFICATE", c.v[i].der);
		tool_say("%s \"%s\"%s", pinned ? "RA" : "anchor",
		    name_short(shown, c.v[i].subject), pinned || c.v[i].ca || c.v[i].version == 1 ? "" :
		    ", which is no CA: only this very certificate counts");
	}
	snprintf(to, sizeof(to), "%s.pem", name);
	rc = file_deliver(d->h.trust, to, buf_slice(&pem), 0644, FILE_REPLACE, e);
out:
	certs_free(&c);
	buf_release(&pem);
	return rc;
}

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

struct adding {
	const char	*file, *ra, *subject, *profile, *name;
	struct tool_many san, crl;
	char		 crl_names[TOOL_MANY][160];
	char		*crl_files[TOOL_MANY];
	size_t		 n_crls;
	char		 anchor[96];
};

/* What the CRLs will be called; two of one issuer share a place. */
static int
name_crls(struct adding *a, struct err *e)
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

static int
add_crls(struct editing *d, struct adding *a, struct err *e)
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

static int
add(struct editing *d, struct adding *a, struct err *e)
{
	char chosen[64], *anchor = a->anchor, *profile = NULL;
	const char *file = a->ra != NULL ? a->ra : a->file;
	struct conf_rule r = { .kind = a->ra ? CONF_ra : CONF_enrol };
	int is_anchor = a->ra == NULL ? 1 : ra_sort(file, e);

	if (is_anchor == -1)
		return -1;
	if (!is_anchor && a->crl.n > 0)
		return err_set(e, E_USAGE, "--crl is for an anchor; the "
		    "certificate of an RA itself counts until it is taken out "
		    "with: cmp-ca trust remove");
	if (a->name == NULL) {
		choose_name(d, file, chosen);
		a->name = chosen;
	} else if (rule(d, a->name) != NULL) {
		return err_set(e, E_EXISTS, "cmp.conf has an [%s %s] already",
		    word(rule(d, a->name)), a->name);
	}
	if (strlen(a->name) > 48 || strspn(a->name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(a->name) ||
	    a->name[0] == '.' || a->name[0] == '\0')
		return err_set(e, E_USAGE, "--name is \"%.60s\", expected up to "
		    "48 letters, digits, - _ and .", a->name);
	snprintf(a->anchor, sizeof(a->anchor), "trust/%s.pem", a->name);
	r.name = (char *)(uintptr_t)a->name;
	*(is_anchor ? &r.anchor : &r.cert) = (struct conf_list){ &anchor, 1 };
	r.subject = (char *)(uintptr_t)a->subject;
	r.san = (struct conf_list){ (char **)(uintptr_t)a->san.v, a->san.n };
	if (a->profile != NULL) {
		profile = (char *)(uintptr_t)a->profile;
		r.profiles = (struct conf_list){ &profile, 1 };
	}
	if (name_crls(a, e) == -1)
		return -1;
	r.crl = (struct conf_list){ a->crl_files, a->n_crls };
	/* First whether it can be: nothing is written for a bad pattern. */
	if (conf_add_rule(buf_slice(&d->h.text), &r, &d->next, e) == -1)
		return -1;
	if (put_anchor(d, file, a->name, !is_anchor, e) == -1 ||
	    add_crls(d, a, e) == -1 || save(d, e) == -1)
		return -1;
	tool_say("[%s %s] stands in cmp.conf", word(&r), a->name);
	if (a->ra != NULL)
		tool_say("it may ask, revoke and approve %s%s%s%s; see: "
		    "cmp-ca policy", a->profile ? "for profile " : "for every "
		    "profile", a->profile ? a->profile : "", a->subject ?
		    " and subjects " : " and every subject", a->subject ?
		    a->subject : "");
	return 0;
}

static void
list(const struct conf_rules *l)
{
	const struct conf_rule *r;
	int ra;

	for (size_t i = 0; i < l->n; i++) {
		r = &l->v[i];
		ra = r->kind == CONF_ra;
		printf("%s%s\n", r->name, ra ? "  (registration authority)" :
		    "");
		for (size_t k = 0; k < r->cert.n; k++)
			printf("  cert     %s\n", r->cert.v[k]);
		for (size_t k = 0; k < r->anchor.n; k++)
			printf("  anchor   %s\n", r->anchor.v[k]);
		for (size_t k = 0; k < r->crl.n; k++)
			printf("  crl      %s\n", r->crl.v[k]);
		for (size_t k = 0; k < r->profiles.n; k++)
			printf("  profile  %s\n", r->profiles.v[k]);
		printf("  subject  %s\n", r->subject ? r->subject : ra ?
		    "(any)" : "(the device's own name)");
		if (ra && r->san.n == 0)
			printf("  san      (any)\n");
		for (size_t k = 0; k < r->body.n; k++)
			printf("  body     %s\n", r->body.v[k]);
		if (r->approvals.need > 0)
			printf("  approvals %lld of %zu\n",
			    (long long)r->approvals.need, r->approvals.of.n);
		for (size_t k = 0; k < r->san.n; k++)
			printf("  san      %s\n", r->san.v[k]);
	}
}

/* "-0123abcd.crl": what crl_name() puts behind the name of a rule. */
static int
is_crl_tail(const char *s)
{
	return strlen(s) == 13 && s[0] == '-' &&
	    strspn(s + 1, "0123456789abcdef") == 8 &&
	    strcmp(s + 9, ".crl") == 0;
}

/* However it is spelt. */
static int
same_file(const struct editing *d, const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (fstatat(d->fd, a, &x, 0) == 0 &&
	    fstatat(d->fd, b, &y, 0) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino);
}

static int
stands_in(const struct editing *d, const struct conf_list *l,
    const char *file)
{
	for (size_t i = 0; i < l->n; i++)
		if (same_file(d, l->v[i], file))
			return 1;
	return 0;
}

static int
mentions(const struct editing *d, const struct conf_rules *l,
    const struct conf_rule *but, const char *file)
{
	for (size_t i = 0; i < l->n; i++)
		if (&l->v[i] != but && (stands_in(d, &l->v[i].cert, file) ||
		    stands_in(d, &l->v[i].anchor, file) ||
		    stands_in(d, &l->v[i].crl, file)))
			return 1;
	return 0;
}

/* Did this program make ${file} for ${r}, and nobody else has a use for it? */
static int
is_its_own(const struct editing *d, const struct conf_rule *r,
    const char *file)
{
	size_t n = strlen(r->name);

	if (strncmp(file, "trust/", 6) != 0 ||
	    strncmp(file + 6, r->name, n) != 0 ||
	    (strcmp(file + 6 + n, ".pem") != 0 && !is_crl_tail(file + 6 + n)))
		return 0;
	return !mentions(d, &d->conf->enrol, r, file) &&
	    !mentions(d, &d->conf->ra, r, file) &&
	    !mentions(d, &d->conf->forward, r, file);
}

/* An officer that "approvals" still names cannot go. */
static int
still_reads(struct editing *d, struct err *e)
{
	struct conf *c;

	if (conf_parse(buf_slice(&d->next), "cmp.conf", &c, e) == -1)
		return -1;
	conf_free(c);
	return 0;
}

static int
remove_rule(struct editing *d, const char *name, struct err *e)
{
	const struct conf_rule *r = rule(d, name);
	const char *file;

	if (r == NULL)
		return err_set(e, E_NOT_FOUND, "cmp.conf has no [enrol %.60s], "
		    "and no such [ra]; see: cmp-ca trust list", name);
	if (conf_remove_rule(buf_slice(&d->h.text), r->kind, name, &d->next,
	    e) == -1 || still_reads(d, e) == -1 || save(d, e) == -1)
		return -1;
	/* Files that this program made for the rule go with it. */
	for (size_t i = 0; i < r->anchor.n + r->cert.n + r->crl.n; i++) {
		file = i < r->anchor.n ? r->anchor.v[i] : i < r->anchor.n +
		    r->cert.n ? r->cert.v[i - r->anchor.n] :
		    r->crl.v[i - r->anchor.n - r->cert.n];
		if (is_its_own(d, r, file))
			unlinkat(d->h.trust, file + 6, 0);
	}
	tool_say("[%s %s] is gone", word(r), name);
	return file_sync_dir(d->h.trust, "trust", e);
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
	const struct conf *c = d->conf;

	return i < c->enrol.n ? &c->enrol.v[i] : i - c->enrol.n < c->ra.n ?
	    &c->ra.v[i - c->enrol.n] : NULL;
}

/* The rule a CRL is for: named, the one with its file, or its issuer's. */
static const struct conf_rule *
crl_rule(const struct editing *d, const struct crl *c, const char *name,
    struct err *e)
{
	const struct conf_rule *r = NULL;
	char to[128], shown[160], issuer[NAME_TEXT];

	if (name != NULL) {
		if ((r = rule(d, name)) == NULL)
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
	    buf_str(&value), &d->next, e) == -1 ? -1 : save(d, e);
	buf_release(&value);
	return rc;
}

static int
take_crl(struct editing *d, const char *file, const char *name, struct err *e)
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
			    crl_count(c), word(r), r->name);
			rc = 0;
		}
	}
	crl_free(c);
	return rc;
}

int
ca_trust(const char *home, int argc, char **argv)
{
	static struct adding a;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "enrol", 0, OPT_VALUE, &a.file },
		{ "ra", 0, OPT_VALUE, &a.ra },
		{ "crl", 0, OPT_MANY, &a.crl },
		{ "name", 0, OPT_VALUE, &a.name },
		{ "subject", 0, OPT_VALUE, &a.subject },
		{ "san", 0, OPT_MANY, &a.san },
		{ "profile", 0, OPT_VALUE, &a.profile },
	};
	int at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])), n = argc - at, rc;
	const char *verb = n > 0 ? argv[at] : "";
	struct editing d;
	struct err e = { 0 };

	if (strcmp(verb, "add") == 0 ? n != 1 ||
	    (a.file == NULL) == (a.ra == NULL) :
	    strcmp(verb, "list") == 0 ? n != 1 :
	    strcmp(verb, "remove") == 0 || strcmp(verb, "crl") == 0 ? n != 2 :
	    1)
		return tool_usage("expected trust add --enrol FILE or --ra "
		    "FILE, trust list, trust remove NAME or trust crl FILE");
	rc = open_edit(&d, home, &e);
	if (rc == 0 && verb[0] == 'l')
		list(&d.conf->enrol);
	if (rc == 0 && verb[0] == 'l')
		list(&d.conf->ra);
	else if (rc == 0)
		rc = verb[0] == 'a' ? add(&d, &a, &e) :
		    verb[0] == 'r' ? remove_rule(&d, argv[at + 1], &e) :
		    take_crl(&d, argv[at + 1], a.name, &e);
	close_edit(&d);
	return rc == -1 ? tool_fail(home, &e) : 0;
}
