#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/cert.h"
#include "pki/name.h"
#include "tools/ca.h"
#include "tools/ca_trust.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] trust add --enrol FILE|--ra FILE [--crl FILE]...\n"
"                  [--name NAME] [--subject PATTERN] [--san PATTERN]...\n"
"                  [--profile P]\n"
"       cmp-ca [-C HOME] trust add --forward FILE|--forward-tickets\n"
"                  [--mode keep|add|replace|raverified] [--batch] ...\n"
"       cmp-ca [-C HOME] trust add --upstream FILE [--crl FILE]...\n"
"                  [--name NAME]\n"
"       cmp-ca [-C HOME] trust list\n"
"       cmp-ca [-C HOME] trust remove NAME\n"
"       cmp-ca [-C HOME] trust crl FILE [--name NAME]\n"
"\n"
"Whose devices may ask for a first certificate, and which registration\n"
"authorities ask, revoke and approve for others.\n"
"  --enrol FILE       the trust anchor of the devices' certificates\n"
"  --ra FILE          the certificate of the RA; that of a CA: those below it\n"
"                     that have cmcRA\n"
"  --forward FILE     at an RA: the anchor of devices whose requests it passes\n"
"                     on; --forward-tickets: of devices with its tickets\n"
"  --mode MODE        as they are (keep), with our approval (add), with our\n"
"                     protection (replace), or with a changed template, too\n"
"                     (raverified); add, for tickets replace\n"
"  --batch            in bundles\n"
"  --upstream FILE    at an RA: the anchor of who answers it\n"
"  --crl FILE         CRLs of it and of CAs below it; with any, certificates\n"
"                     whose status they do not tell are refused\n"
"  --subject PATTERN  subjects they may ask for: CN=*,O=Example or\n"
"                     CN=pump-{serialNumber},O=Example; without it only the\n"
"                     device's own name; for an RA: any\n"
"  --san PATTERN      dns:*.example; without it none; for an RA: any\n"
"  --profile P        only for this profile\n"
"trust crl takes a newer CRL in place of the one held from the same issuer.\n";

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

int
ca_trust_save(struct editing *d, struct err *e)
{
	return home_edit_save(&d->h, buf_slice(&d->next), e);
}

/* Of any kind: names are shared, since files are called by them. */
const struct conf_rule *
ca_trust_rule(const struct editing *d, const char *name)
{
	const struct conf_rule *r = conf_rule(&d->conf->enrol, name);

	if (r == NULL)
		r = conf_rule(&d->conf->ra, name);
	return r != NULL ? r : conf_rule(&d->conf->forward, name);
}

const char *
ca_trust_word(const struct conf_rule *r)
{
	return r->kind == CONF_ra ? "ra" : r->kind == CONF_enrol ? "enrol" :
	    "forward";
}

/* Is ${file} one that [relay] has as an anchor? */
static int
is_upstream(const struct editing *d, const char *file)
{
	for (size_t i = 0; i < d->conf->home.upstream.n; i++)
		if (strcmp(d->conf->home.upstream.v[i], file) == 0)
			return 1;
	return 0;
}

/* "idevid-root" from "a/idevid-root.pem", with a number if it is taken. */
void
ca_trust_name(const struct editing *d, const char *file, char name[static 64])
{
	const char *base = strrchr(file, '/');
	char stem[48] = "", pem[96];
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
	snprintf(pem, sizeof(pem), "trust/%s.pem", stem);
	for (int i = 2; ca_trust_rule(d, name) != NULL ||
	    is_upstream(d, pem); i++) {
		snprintf(name, 64, "%s-%d", stem, i);
		snprintf(pem, sizeof(pem), "trust/%s.pem", name);
	}
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
int
ca_trust_anchor(struct editing *d, const char *file, const char *name,
    int pinned, struct err *e)
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
		    name_short(shown, c.v[i].subject), pinned || c.v[i].ca ||
		    c.v[i].version == 1 ? "" : ", which is no CA: only this very certificate counts");
	}
	snprintf(to, sizeof(to), "%s.pem", name);
	rc = file_deliver(d->h.trust, to, buf_slice(&pem), 0644, FILE_REPLACE, e);
out:
	certs_free(&c);
	buf_release(&pem);
	return rc;
}

/* The name of the rule, and of its file in trust/. */
static int
set_name(struct editing *d, struct adding *a, const char *file,
    struct err *e)
{
	if (a->name == NULL) {
		ca_trust_name(d, file, a->chosen);
		a->name = a->chosen;
	} else if (ca_trust_rule(d, a->name) != NULL) {
		return err_set(e, E_EXISTS, "cmp.conf has an [%s %s] already",
		    ca_trust_word(ca_trust_rule(d, a->name)), a->name);
	}
	if (strlen(a->name) > 48 || strspn(a->name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(a->name) ||
	    a->name[0] == '.' || a->name[0] == '\0')
		return err_set(e, E_USAGE, "--name is \"%.60s\", expected up to "
		    "48 letters, digits, - _ and .", a->name);
	snprintf(a->anchor, sizeof(a->anchor), "trust/%s.pem", a->name);
	if (is_upstream(d, a->anchor))
		return err_set(e, E_EXISTS, "%s is an anchor of [relay]; "
		    "choose another --name", a->anchor);
	return 0;
}

/* Sections of a CA do nothing at an RA, and the other way round. */
static int
check_role(const struct editing *d, const struct adding *a, struct err *e)
{
	int ra = strcmp(d->conf->home.role, "ra") == 0;

	if (a->file != NULL && ra)
		return err_set(e, E_USAGE, "this is the home of an RA, which "
		    "passes on: its devices are added with --forward");
	if ((a->forward != NULL || a->tickets || a->upstream != NULL) && !ra)
		return err_set(e, E_USAGE, "--forward, --forward-tickets and "
		    "--upstream are for the home of an RA, which cmp-ca init "
		    "--role ra makes");
	return 0;
}

static void
say_ra(const struct adding *a)
{
	tool_say("it may ask, revoke and approve %s%s%s%s; see: "
	    "cmp-ca policy", a->profile ? "for profile " : "for every "
	    "profile", a->profile ? a->profile : "", a->subject ?
	    " and subjects " : " and every subject", a->subject ?
	    a->subject : "");
}

static int
add(struct editing *d, struct adding *a, struct err *e)
{
	char *anchor = a->anchor, *profile = (char *)(uintptr_t)a->profile;
	const char *file = a->ra ? a->ra : a->forward ? a->forward : a->file;
	struct conf_rule r = { .kind = a->ra ? CONF_ra : a->file ?
	    CONF_enrol : CONF_forward };
	int is_anchor = a->ra == NULL ? 1 : ra_sort(file, e);

	if (is_anchor == -1)
		return -1;
	if (!is_anchor && a->crl.n > 0)
		return err_set(e, E_USAGE, "--crl is for an anchor; the "
		    "certificate of an RA itself counts until it is taken out "
		    "with: cmp-ca trust remove");
	if (set_name(d, a, file ? file : "tickets", e) == -1 ||
	    (r.kind == CONF_forward && ca_trust_forward(a, &r, e) == -1))
		return -1;
	r.name = (char *)(uintptr_t)a->name;
	if (file != NULL)
		*(is_anchor ? &r.anchor : &r.cert) =
		    (struct conf_list){ &anchor, 1 };
	r.subject = (char *)(uintptr_t)a->subject;
	r.san = (struct conf_list){ (char **)(uintptr_t)a->san.v, a->san.n };
	if (a->profile != NULL)
		r.profiles = (struct conf_list){ &profile, 1 };
	if (ca_trust_name_crls(a, e) == -1)
		return -1;
	r.crl = (struct conf_list){ a->crl_files, a->n_crls };
	/* First whether it can be: nothing is written for a bad pattern. */
	if (conf_add_rule(buf_slice(&d->h.text), &r, &d->next, e) == -1)
		return -1;
	if ((file != NULL && ca_trust_anchor(d, file, a->name, !is_anchor,
	    e) == -1) || ca_trust_add_crls(d, a, e) == -1 ||
	    ca_trust_save(d, e) == -1)
		return -1;
	tool_say("[%s %s] stands in cmp.conf", ca_trust_word(&r), a->name);
	if (a->ra != NULL)
		say_ra(a);
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
		if (r->kind == CONF_forward)
			printf("  forward  %s%s\n", conf_mode_word(r->mode),
			    r->batch ? ", in bundles" : "");
		if (r->kind == CONF_forward && r->anchor.n == 0)
			printf("  anchor   (none: tickets)\n");
		for (size_t k = 0; k < r->cert.n; k++)
			printf("  cert     %s\n", r->cert.v[k]);
		for (size_t k = 0; k < r->anchor.n; k++)
			printf("  anchor   %s\n", r->anchor.v[k]);
		for (size_t k = 0; k < r->crl.n; k++)
			printf("  crl      %s\n", r->crl.v[k]);
		for (size_t k = 0; k < r->profiles.n; k++)
			printf("  profile  %s\n", r->profiles.v[k]);
		printf("  subject  %s\n", r->subject ? r->subject : ra ?
		    "(any)" : r->kind == CONF_forward && r->anchor.n == 0 ?
		    "(as each ticket says)" : "(the device's own name)");
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

static void
list_all(const struct conf *c)
{
	ca_trust_list_upstream(c);
	list(&c->enrol);
	list(&c->ra);
	list(&c->forward);
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
	return !stands_in(d, &d->conf->home.upstream, file) &&
	    !stands_in(d, &d->conf->home.upstream_crl, file) &&
	    !mentions(d, &d->conf->enrol, r, file) &&
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
	const struct conf_rule *r = ca_trust_rule(d, name);
	const char *file;

	if (r == NULL)
		return err_set(e, E_NOT_FOUND, "cmp.conf has no [enrol %.60s], "
		    "and no such [ra] or [forward]; see: cmp-ca trust list",
		    name);
	if (conf_remove_rule(buf_slice(&d->h.text), r->kind, name, &d->next,
	    e) == -1 || still_reads(d, e) == -1 || ca_trust_save(d, e) == -1)
		return -1;
	/* Files that this program made for the rule go with it. */
	for (size_t i = 0; i < r->anchor.n + r->cert.n + r->crl.n; i++) {
		file = i < r->anchor.n ? r->anchor.v[i] : i < r->anchor.n +
		    r->cert.n ? r->cert.v[i - r->anchor.n] :
		    r->crl.v[i - r->anchor.n - r->cert.n];
		if (is_its_own(d, r, file))
			unlinkat(d->h.trust, file + 6, 0);
	}
	tool_say("[%s %s] is gone", ca_trust_word(r), name);
	return file_sync_dir(d->h.trust, "trust", e);
}

int
ca_trust(const char *home, int argc, char **argv)
{
	static struct adding a;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "enrol", 0, OPT_VALUE, &a.file },
		{ "ra", 0, OPT_VALUE, &a.ra },
		{ "forward", 0, OPT_VALUE, &a.forward },
		{ "forward-tickets", 0, OPT_FLAG, &a.tickets },
		{ "upstream", 0, OPT_VALUE, &a.upstream },
		{ "mode", 0, OPT_VALUE, &a.mode },
		{ "batch", 0, OPT_FLAG, &a.batch },
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
	    (a.file != NULL) + (a.ra != NULL) + (a.forward != NULL) +
	    (a.upstream != NULL) + a.tickets != 1 :
	    strcmp(verb, "list") == 0 ? n != 1 :
	    strcmp(verb, "remove") == 0 || strcmp(verb, "crl") == 0 ? n != 2 :
	    1)
		return tool_usage("expected trust add --enrol FILE or --ra "
		    "FILE, at an RA --forward FILE, --forward-tickets or "
		    "--upstream FILE, trust list, trust remove NAME or trust "
		    "crl FILE");
	if ((a.mode != NULL || a.batch) && a.forward == NULL && !a.tickets)
		return tool_usage("--mode and --batch are for --forward and "
		    "--forward-tickets");
	if (a.upstream != NULL && (a.subject || a.san.n > 0 || a.profile))
		return tool_usage("--upstream is whom to believe; --subject, "
		    "--san and --profile are for who asks");
	rc = open_edit(&d, home, &e);
	if (rc == 0 && verb[0] == 'a')
		rc = check_role(&d, &a, &e);
	if (rc == 0 && verb[0] == 'l')
		list_all(d.conf);
	else if (rc == 0)
		rc = a.upstream ? ca_trust_upstream(&d, &a, &e) :
		    verb[0] == 'a' ? add(&d, &a, &e) :
		    verb[0] == 'r' ? remove_rule(&d, argv[at + 1], &e) :
		    ca_trust_take_crl(&d, argv[at + 1], a.name, &e);
	close_edit(&d);
	return rc == -1 ? tool_fail(home, &e) : 0;
}
