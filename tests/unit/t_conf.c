/* cmp.conf: parsing, the template, editing, and the manual page. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "policy/conf_impl.h"
#include "base/file.h"
#include "tests/unit/tap.h"

#define MIN	"[enrol a]\nanchor = trust/a.pem\n"

static struct err e;

static struct conf *
parse_n(const char *p, size_t n)
{
	struct conf *c;

	e = (struct err){ 0 };
	return conf_parse(SLICE(p, n), "cmp.conf", &c, &e) == 0 ? c : NULL;
}

static struct conf *
parse(const char *s)
{
	return parse_n(s, strlen(s));
}

static int
accepts(const char *s)
{
	struct conf *c = parse(s);

	conf_free(c);
	return c != NULL;
}

/* Refused with E_CONF and ${text} somewhere in the message? */
static int
refuses(const char *s, const char *text)
{
	struct conf *c = parse(s);
	int yes = c == NULL && e.code == E_CONF &&
	    strstr(e.detail, text) != NULL;

	if (!yes)
		printf("# %s\n", c == NULL ? e.detail : "accepted");
	conf_free(c);
	return yes;
}

static void
defaults(void)
{
	struct conf *c = parse("");
	const struct conf_profile *p;

	ok(c != NULL, "conf: an empty file is one with all defaults");
	if (c == NULL)
		return;
	p = conf_profile(c, "default", 7);
	ok(strcmp(c->home.role, "ca") == 0 &&
	    strcmp(c->home.ca_key, "keys/ca.key") == 0 &&
	    strcmp(c->home.prot_cert, "certs/cmp.pem") == 0 &&
	    c->home.ca_chain == NULL, "conf: a CA knows where its keys are");
	ok(c->home.time_past == 30 * 86400 && c->home.time_future == 600 &&
	    c->home.confirm_wait == 60 * 86400 && c->home.group == 256 &&
	    c->home.max_size == 1 << 20 && c->home.settle == 600 &&
	    c->home.poll == 10, "conf: times and sizes have their defaults");
	ok(p != NULL && c->n_profiles == 1 && p->keys.n == 7 &&
	    p->validity == 365 * 86400 && p->max_validity == p->validity &&
	    p->backdate == 300 && p->max_san == 32 && !p->wildcard &&
	    !p->empty_subject && !p->confirm_explicit && !p->reuse_key,
	    "conf: without a profile there is one named default");
	ok(p != NULL && p->key_usage.n == 1 && p->eku.n == 1 &&
	    strcmp(p->eku.v[0], "clientAuth") == 0 && p->san.n == 4 &&
	    p->eku.v[1] == NULL, "conf: lists end with NULL");
	conf_free(c);
}

static void
values(void)
{
	struct conf *c = parse("# c\r\nrole = ee\r\n\r\n[ca]\r\n  key=k\t\r\n"
	    "default-profile = tls\r\n[ profile  tls ]\r\nvalidity = 12h\r\n"
	    "max-validity=2y\r\nkeys = ec:P-256\trsa:3072\r\neku =\r\n"
	    "confirm = explicit\r\nwildcard = yes\r\n[profile x]\r\n"
	    "[enrol b]\r\nanchor = /etc/a.pem b.pem\r\nbody = ir cr\r\n"
	    "profile = tls x\r\nsubject = CN=pump {serialNumber},O=E\r\n"
	    "san = dns:*.e ip:10.*");

	ok(c != NULL, "conf: CRLF, blanks, tabs and a last line without end");
	if (c == NULL) {
		printf("# %s\n", e.detail);
		return;
	}
	ok(strcmp(c->home.role, "ee") == 0 && strcmp(c->home.ca_key, "k") == 0,
	    "conf: strings are read without the blanks around them");
	ok(c->n_profiles == 2 && c->profiles[0].validity == 43200 &&
	    c->profiles[0].max_validity == 2 * 365 * 86400 &&
	    c->profiles[0].eku.n == 0 && c->profiles[0].keys.n == 2 &&
	    c->profiles[0].confirm_explicit && c->profiles[0].wildcard &&
	    c->profiles[0].line == 7 && c->profiles[1].eku.n == 1,
	    "conf: each profile has its own values, others their default");
	ok(c->enrol.n == 1 && c->enrol.v[0].anchor.n == 2 &&
	    c->enrol.v[0].body.n == 2 && c->enrol.v[0].profiles.n == 2 &&
	    strcmp(c->enrol.v[0].subject, "CN=pump {serialNumber},O=E") == 0 &&
	    c->enrol.v[0].san.n == 2 && c->enrol.v[0].crl.n == 0,
	    "conf: an enrol rule is read");
	conf_free(c);
}

static void
shape(void)
{
	char *big = calloc(1, (1 << 20) + 2);
	char line[5000];

	memset(big, '\n', (1 << 20) + 1);
	memset(line, 'a', sizeof(line) - 1);
	line[0] = '#';
	line[sizeof(line) - 1] = '\0';
	ok(refuses("[ca]\nkex = a\n", "cmp.conf:2: [ca] unknown key \"kex\", did "
	    "you mean \"key\"?"), "conf: a mistyped key suggests the nearest");
	ok(refuses("key = a\n", "in section ca"), "conf: a key in the wrong "
	    "section is told where it belongs");
	ok(refuses("[ca]\ntime-past = 1d\n", "before the first section"),
	    "conf: a global key in a section is told where it belongs");
	ok(refuses("[cx]\n", "expected [ca], [relay], [spool]"),
	    "conf: an unknown section is refused");
	ok(refuses("[ca\n", "expected \"]\""), "conf: an open header is refused");
	ok(refuses("[profile]\n", "expected a name"),
	    "conf: a profile without a name is refused");
	ok(refuses("[profile a/b]\n", "expected a name"),
	    "conf: a name with a slash is refused");
	ok(refuses("[ca]\nkey = a\nkey = b\n", "cmp.conf:3: [ca] key: is there "
	    "already in line 2"), "conf: a repeated key is refused");
	ok(refuses("[ca]\n[spool]\n[ca]\n", "is there already") &&
	    refuses("[profile a]\n[profile a]\n", "is there already") &&
	    refuses(MIN MIN, "is there already"),
	    "conf: a repeated section is refused");
	ok(refuses("hello\n", "expected \"key = value\""),
	    "conf: a line that is nothing is refused");
	ok(refuses("role = ca # yes\n", "line of its own"),
	    "conf: a comment behind a value is refused");
	ok(refuses(line, "longer than 4096"), "conf: a long line is refused");
	ok(refuses("# \x1b[31m\n", "0x1b") && refuses("# \xff\n", "0xff"),
	    "conf: controls and what is not UTF-8 are refused");
	ok(parse_n("#\0\n", 3) == NULL && e.code == E_CONF,
	    "conf: a NUL is refused");
	ok(parse_n(big, (1 << 20) + 1) == NULL && e.code == E_CONF,
	    "conf: more than 1 MiB is refused");
	free(big);
}

static void
bad_values(void)
{
	ok(refuses("\n\n[profile x]\nvalidity = 1 yr\n", "cmp.conf:4: [profile x] "
	    "validity: \"1 yr\": expected a number followed by y, d, h, m or s"),
	    "conf: a bad value is shown with where and what was expected");
	ok(refuses("role = root\n", "ee, ra or ca"), "conf: a role is ee, ra or ca");
	ok(refuses("[ca]\nkey = ../k\n", "without \"..\"") &&
	    refuses("[ca]\nkey = a/../k\n", "without \"..\"") &&
	    refuses("[ca]\nkey = a/..\n", "without \"..\"") &&
	    accepts("[ca]\nkey = a/..b\n"), "conf: paths stay below the home");
	ok(refuses("[ca]\ngroup = 0\n", "from 1 to") &&
	    refuses("[ca]\ngroup = 5000000000\n", "from 1 to") &&
	    refuses("[ca]\ngroup =\n", "from 1 to"), "conf: numbers have bounds");
	ok(accepts("[spool]\nmax-size = 64k\n") &&
	    refuses("[spool]\nmax-size = 2048m\n", "bytes") &&
	    refuses("[spool]\nmax-size = 0\n", "bytes") &&
	    refuses("[spool]\nmax-size = 1mb\n", "bytes"), "conf: so have sizes");
	ok(refuses("[spool]\npoll = 0s\n", "more than 0"),
	    "conf: a period is not zero");
	ok(refuses("[profile default]\nwildcard = true\n", "yes or no") &&
	    refuses("[profile default]\nconfirm = yes\n", "explicit or implicit"),
	    "conf: choices are these words only");
	ok(refuses("[profile default]\nkeys = rsa:1024\n", "rsa:2048-8192") &&
	    refuses("[profile default]\nkeys = rsa:2048-16384\n", "rsa:") &&
	    refuses("[profile default]\nkeys = ec:P-192\n", "ec:P-256") &&
	    refuses("[profile default]\nkeys =\n", "at least one") &&
	    refuses("[profile default]\nkeys = ed25519 ed25519\n", "once"),
	    "conf: keys are known and strong");
	ok(refuses("[profile default]\nkey-usage = keyCertSign\n", "no profile") &&
	    refuses("[profile default]\neku = OCSPSigning\n", "words of") &&
	    refuses("[profile default]\neku = cmcRA\n", "words of") &&
	    refuses("[profile default]\neku = anyExtendedKeyUsage\n", "words of"),
	    "conf: a profile cannot give CA powers");
	ok(accepts("[profile default]\neku = 1.3.6.1.5.5.7.3.1 clientAuth\n"),
	    "conf: extended key usages may be OIDs");
	ok(refuses("[profile default]\nsan = other\n", "dns ip email") &&
	    refuses("[profile default]\nmax-san = 33\n", "0 to 32") &&
	    refuses("[profile default]\ncrl-dp = /ca.crl\n", "URIs"),
	    "conf: kinds of names, their number and URIs are checked");
	ok(refuses("[profile default]\nmax-validity = 1d\n", "shorter"),
	    "conf: validity may not exceed max-validity");
	ok(refuses("[enrol a]\nbody = ir\n", "anchor: is missing"),
	    "conf: an enrol rule has an anchor");
	ok(refuses(MIN "subject = CN\n", "subject") &&
	    refuses(MIN "san = example\n", "san") &&
	    refuses(MIN "body = rr\n", "ir cr"), "conf: patterns are checked");
	ok(refuses(MIN "profile = x\n", "no [profile x]") &&
	    refuses("[profile x]\n", "no [profile default]") &&
	    accepts("[ca]\ndefault-profile = x\n[profile x]\n"),
	    "conf: profiles that are named are there");
}

static void
channels(void)
{
	struct conf *c = parse("time-past = 2d\n[channel usb]\n"
	    "time-past = 90d\n[channel mail]\ntime-future = 0s\n");
	const struct conf_channel *none, *usb, *mail;

	if (c == NULL || (none = conf_channel(c, "")) == NULL ||
	    (usb = conf_channel(c, "usb")) == NULL ||
	    (mail = conf_channel(c, "mail")) == NULL) {
		ok(0, "conf: channels are found by name");
		conf_free(c);
		return;
	}
	ok(c->n_channels == 3 && none == c->channels &&
	    conf_channel(c, "other") == NULL,
	    "conf: channels are found by name, and the first has none");
	ok(none->time_past == 2 * 86400 && none->time_future == 600 &&
	    usb->time_past == 90 * 86400 && usb->time_future == 600 &&
	    mail->time_past == 2 * 86400 && mail->time_future == 0,
	    "conf: what a channel does not say is as in the global keys");
	conf_free(c);
	ok(refuses("[channel]\n", "expected a name") &&
	    refuses("[channel ../x]\n", "expected a name") &&
	    refuses("[channel a/b]\n", "expected a name") &&
	    refuses("[channel ..]\n", "does not start with") &&
	    refuses("[channel .x]\n", "does not start with") &&
	    refuses("[channel x.Pki]\n", "end in") &&
	    refuses("[channel a]\n[channel a]\n", "is there already") &&
	    refuses("[channel a]\nvalidity = 1y\n", "which belongs"),
	    "conf: a channel's name is that of a directory");
}

static void
durations(void)
{
	ok(conf_duration("90s") == 90 && conf_duration("30m") == 1800 &&
	    conf_duration("12h") == 43200 && conf_duration("365d") == 31536000 &&
	    conf_duration("2y") == 63072000, "duration: five units");
	ok(conf_duration("") == -1 && conf_duration("1") == -1 &&
	    conf_duration("d") == -1 && conf_duration("1dd") == -1 &&
	    conf_duration("-1d") == -1 && conf_duration(" 1d") == -1 &&
	    conf_duration("9999999999d") == -1 && conf_duration("1001y") == -1 &&
	    conf_duration("1w") == -1, "duration: anything else is none");
}

/* ${in} with every "#key = value" made a key. */
static char *
uncomment(struct slice in)
{
	char *out = calloc(1, in.n + 1);
	struct slice raw, line;
	size_t n = 0;

	while (conf_line(&in, &raw, &line)) {
		if (line.n > 1 && line.p[0] == '#' && line.p[1] != ' ')
			raw = SLICE(raw.p + 1, raw.n - 1);
		memcpy(out + n, raw.p, raw.n);
		n += raw.n;
	}
	return out;
}

struct seen {
	const char	*text, *doc_page;
	int		 keys, in_template, in_page;
};

static void
each(void *arg, const char *section, const char *key, const char *type,
    const char *dflt, const char *doc)
{
	struct seen *s = arg;
	char want[128];

	(void)type;
	(void)dflt;
	s->keys++;
	snprintf(want, sizeof(want), "\n%s = ", key);
	if (strstr(s->text, want) != NULL && strstr(s->text, doc) != NULL)
		s->in_template++;
	snprintf(want, sizeof(want), "\n.It Ic %s ", key);
	if (strstr(s->doc_page, want) != NULL)
		s->in_page++;
	else
		printf("# cmp.conf.5 lacks [%s] %s\n", section, key);
}

static void
template(void)
{
	struct buf b, page, all;
	struct seen s = { 0 };
	char *text;

	buf_init(&all, 1 << 16);

	for (int role = ROLE_EE; role <= ROLE_CA; role++) {
		buf_init(&b, 1 << 16);
		conf_template(&b, (enum role)role);
		ok(accepts(buf_str(&b)), "template %d: parses as it is", role);
		text = uncomment(buf_slice(&b));
		ok(accepts(text), "template %d: parses with every key "
		    "uncommented", role);
		if (e.code != E_NONE)
			printf("# %s\n", e.detail);
		buf_release(&b);
		buf_add_str(&all, text);
		free(text);
	}
	s.text = buf_str(&all);
	buf_init(&page, 1 << 20);
	ok(file_read("tools/cmp.conf.5", 1 << 20, &page, &e) == 0,
	    "conf: there is a manual page");
	s.doc_page = buf_str(&page);
	conf_each_key(each, &s);
	ok(s.in_template == s.keys, "template: has every key and what it means");
	ok(s.in_page == s.keys, "conf: the manual page has every key");
	buf_release(&page);
	buf_release(&all);
}

static void
rules(void)
{
	const struct conf_rule *r;
	struct conf *c;

	ok((c = parse("role = ra\n[relay]\nprotect-key = k\nanchor = a b\n"
	    "[ra lra1]\ncert = x\n[forward d]\nforward = replace\n"
	    "batch = yes\nadd-subject = O=Example\nadd-san = dns:a.example\n")) != NULL,
	    "conf: the sections of an RA are read");
	r = &c->forward.v[0];
	ok(c->forward.n == 1 && r->kind == CONF_forward &&
	    r->mode == FORWARD_REPLACE && r->batch == 1 &&
	    strcmp(c->home.prot_key, "k") == 0 && c->home.upstream.n == 2 &&
	    conf_rule(&c->ra, "lra1") == &c->ra.v[0] &&
	    conf_rule(&c->ra, "lra2") == NULL,
	    "conf: they say what stands there");
	conf_free(c);
	ok((c = parse("role = ra\n[forward d]\n")) != NULL &&
	    c->forward.v[0].mode == FORWARD_ADD && c->home.check_after == 86400,
	    "conf: an RA has defaults");
	conf_free(c);
	ok(refuses("[relay]\ngroup = 1\n", "is for role = ra") &&
	    refuses("role = ra\n[ca]\nkey = a\n", "not for role = ra"),
	    "conf: keys of another role are refused");
	ok(refuses("[ra a]\nsubject = CN=x\n", "cmp.conf:1: [ra a] expected "
	    "cert"), "conf: an RA that nobody could be is refused");
	ok(refuses("[enrol a]\nanchor = x\napprovals = 1 of b\n", "there is no "
	    "[ra b]"), "conf: approvals of nobody are refused");
	ok(refuses("[enrol a]\nanchor = x\napprovals = 3 of b c\n", "at least 3 "
	    "names") && refuses("[enrol a]\nanchor = x\napprovals = 0 of b\n",
	    "expected as") && refuses("[enrol a]\nanchor = x\n"
	    "approvals = 1 of b b\n", "each once"),
	    "conf: approvals that cannot be reached are refused");
	ok((c = parse("[ra b]\ncert = x\n[ra c]\nanchor = y\n[enrol a]\nanchor = x\n"
	    "approvals = 2 of b c\n")) != NULL && c->enrol.v[0].approvals.need == 2 &&
	    c->enrol.v[0].approvals.of.n == 2, "conf: approvals are read");
	conf_free(c);
	ok(refuses("role = ra\n[forward a]\nforward = maybe\n", "expected keep, "
	    "add") && refuses("role = ra\n[forward a]\nadd-subject = x\n",
	    "expected a name") && refuses("role = ra\n[forward a]\n"
	    "add-san = dns:-\n", "expected names"),
	    "conf: what an RA cannot do is refused");
}

static int
text_is(struct buf *b, const char *want)
{
	int same = slice_eq(buf_slice(b), slice_str(want));

	if (!same)
		printf("# %s\n", buf_str(b));
	buf_release(b);
	buf_init(b, 1 << 16);
	return same;
}

static void
editing(void)
{
	char file[] = "trust/b.pem", dns[] = "dns:*.e", ip[] = "ip:1.*";
	char blank[] = "dns:a b", subject[] = "CN=* x,O=E";
	char two[] = "CN=x\nO=E", b_name[] = "b", bad_name[] = "b]";
	char *anchors[] = { file, NULL }, *names[] = { dns, ip };
	struct conf_rule r = { .kind = CONF_enrol, .name = b_name, .anchor = { anchors, 1 },
		.subject = subject, .san = { names, 2 } };
	struct buf b;

	buf_init(&b, 1 << 16);
	e = (struct err){ 0 };
	ok(conf_add_rule(slice_str("# mine\nrole = ca"), &r, &b, &e) == 0 &&
	    text_is(&b, "# mine\nrole = ca\n\n[enrol b]\nanchor = trust/b.pem\n"
	    "subject = CN=* x,O=E\nsan = dns:*.e ip:1.*\n"),
	    "edit: a rule is added at the end, the rest is kept");
	ok(conf_add_rule(slice_str("role = ca\r\n"), &r, &b, &e) == 0 &&
	    text_is(&b, "role = ca\r\n\r\n[enrol b]\r\nanchor = trust/b.pem\r\n"
	    "subject = CN=* x,O=E\r\nsan = dns:*.e ip:1.*\r\n"),
	    "edit: a file of CRLF lines stays one");
	ok(conf_add_rule(slice_str("[ enrol b ]\nanchor = x\n"), &r, &b, &e) == -1
	    && e.code == E_EXISTS && b.n == 0, "edit: a rule is not added twice");
	r.subject = two;
	ok(conf_add_rule(slice_str(""), &r, &b, &e) == -1 && e.code == E_CONF,
	    "edit: a value cannot smuggle in a line");
	r.subject = NULL;
	names[1] = blank;
	ok(conf_add_rule(slice_str(""), &r, &b, &e) == -1 && e.code == E_CONF,
	    "edit: a word with a blank is refused");
	r.san.n = 0;
	r.name = bad_name;
	ok(conf_add_rule(slice_str(""), &r, &b, &e) == -1 && e.code == E_CONF,
	    "edit: a bad name is refused");
	r.name = b_name;
	buf_reset(&b);
	ok(conf_add_rule(slice_str("role = x\n"), &r, &b, &e) == -1 &&
	    e.code == E_CONF, "edit: a broken file is not made longer");
	buf_reset(&b);
	ok(conf_remove_rule(slice_str("role = ca\n\n# of b\n[enrol b]\nanchor = x\n"
	    "\n# of c\n[enrol c]\nanchor = y\n"), CONF_enrol, "b", &b, &e) == 0 &&
	    text_is(&b, "role = ca\n\n# of c\n[enrol c]\nanchor = y\n"),
	    "edit: a rule goes with its comment, the next one keeps its own");
	ok(conf_remove_rule(slice_str("role = ca\n\n[enrol b]\nanchor = x\n"), CONF_enrol, "b",
	    &b, &e) == 0 && text_is(&b, "role = ca\n"),
	    "edit: removing what was added gives the file from before");
	ok(conf_remove_rule(slice_str("[enrol bb]\n[profile b]\n"), CONF_enrol, "b", &b, &e)
	    == -1 && e.code == E_NOT_FOUND, "edit: a rule that is not there is "
	    "not found");
	buf_release(&b);
}

int
main(void)
{
	struct conf *c;

	defaults();
	values();
	shape();
	bad_values();
	channels();
	durations();
	template();
	rules();
	editing();
	e = (struct err){ 0 };
	ok(conf_load(AT_FDCWD, "no-such.conf", &c, &e) == -1 &&
	    e.code == E_NOINPUT, "conf: a file that is not there is no input");
	return done();
}
