/* cmp.conf: the parser, driven by the table of keys. */
#include "policy/conf_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"

#define FILE_MAX	((size_t)1 << 20)
#define TEXT_MAX	4096

/* Where the parser is. */
struct parse {
	const char		*path;
	int			 line;
	struct conf		*c;
	enum conf_section	 section;
	char			 name[CONF_NAME_MAX + 1];
	void			*base;		/* struct of the section */
	int			 once[CONF_KEYS_MAX];	/* line of each key */
	int			 section_line[CONF__SECTIONS];
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
bad(const struct parse *p, struct err *e, const char *what)
{
	char t[CONF_WHERE];

	return err_set(e, E_CONF, "%s:%d: %s%s", p->path, p->line,
	    conf_where(t, p->section, p->name), what);
}

static int
unknown_key(const struct parse *p, const char *key, struct err *e)
{
	char where[CONF_WHERE], shown[ESCAPE_SHORT];
	const struct conf_key *best = NULL;
	unsigned d, least = 4;

	for (const struct conf_key *k = conf_keys;
	    k < conf_keys + conf_n_keys; k++) {
		d = conf_distance(key, k->key);
		if (k->section != p->section && d > 0)
			continue;
		if (d < least && d < strlen(k->key)) {
			least = d;
			best = k;
		}
	}
	escape_short(shown, slice_str(key));
	conf_where(where, p->section, p->name);
	if (best == NULL)
		return err_set(e, E_CONF, "%s:%d: %sunknown key \"%s\"",
		    p->path, p->line, where, shown);
	if (best->section == p->section)
		return err_set(e, E_CONF, "%s:%d: %sunknown key \"%s\", did you "
		    "mean \"%s\"?", p->path, p->line, where, shown, best->key);
	return err_set(e, E_CONF, "%s:%d: %sunknown key \"%s\", which belongs %s%s",
	    p->path, p->line, where, shown, best->section == CONF_global ?
	    "before the first section" : "in section ",
	    conf_section_name(best->section));
}

static int
set_value(const struct parse *p, const struct conf_key *k, const char *value,
    struct err *e)
{
	char where[CONF_WHERE], shown[ESCAPE_SHORT], why[sizeof(e->detail)];

	if (k->type->set((char *)p->base + k->offset, value, e) == 0)
		return 0;
	snprintf(why, sizeof(why), "%s", e->detail);
	return err_set(e, e->code, "%s:%d: %s%s: \"%s\": %s", p->path, p->line,
	    conf_where(where, p->section, p->name), k->key,
	    escape_short(shown, slice_str(value)), why);
}

/* A repeated key is an error, so that nobody reads the wrong one. */
static int
note(struct parse *p, const struct conf_key *k, struct err *e)
{
	char where[CONF_WHERE];
	size_t i = (size_t)(k - conf_keys);

	if (p->once[i] != 0)
		return err_set(e, E_CONF, "%s:%d: %s%s: is there already in "
		    "line %d", p->path, p->line,
		    conf_where(where, p->section, p->name), k->key, p->once[i]);
	p->once[i] = p->line;
	return 0;
}

/* Is ${k} for the role of this home? */
static int
is_for(const struct parse *p, const struct conf_key *k)
{
	const char *role = p->c->home.role;
	int ra = role != NULL && strcmp(role, "ra") == 0;

	switch (k->section) {
	case CONF_ca:
	case CONF_enrol:
		return !ra;
	case CONF_relay:
	case CONF_forward:
		return ra;
	default:
		return 1;
	}
}

static int
wrong_role(const struct parse *p, struct err *e)
{
	return bad(p, e, p->section == CONF_ca ? "is not for role = ra, "
	    "whose own keys are in [relay]" : p->section == CONF_enrol ?
	    "is not for role = ra, whose rules are [forward NAME]" :
	    "is for role = ra, which has to stand before the first section");
}

static int
on_key(struct parse *p, char *line, struct err *e)
{
	char *value = strchr(line, '='), *end;

	if (value == NULL)
		return bad(p, e, "expected \"key = value\" or [section]");
	for (end = value; end > line && is_blank(end[-1]);)
		end--;
	for (value++; is_blank(*value);)
		value++;
	*end = '\0';
	if (strstr(value, " #") != NULL || strstr(value, "\t#") != NULL)
		return bad(p, e, "a comment has to stand on a line of its own");
	for (const struct conf_key *k = conf_keys;
	    k < conf_keys + conf_n_keys; k++) {
		if (k->section != p->section || strcmp(k->key, line) != 0)
			continue;
		if (!is_for(p, k))
			return wrong_role(p, e);
		if (note(p, k, e) == -1)
			return -1;
		return set_value(p, k, value, e);
	}
	return unknown_key(p, line, e);
}

/* Keys of ${s} that are not set get their default, which always parses. */
static int
set_defaults(struct parse *p, enum conf_section s, struct err *e)
{
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->section == s && k->dflt != NULL && p->once[i] == 0 &&
		    is_for(p, k) && set_value(p, k, k->dflt, e) == -1)
			return -1;
		if (conf_is_named(s))
			p->once[i] = k->section == s ? 0 : p->once[i];
	}
	return 0;
}

static int
end_section(struct parse *p, struct err *e)
{
	char why[sizeof(e->detail)];
	int line = p->line, rc;

	if (!conf_is_named(p->section))
		return 0;
	if (set_defaults(p, p->section, e) == -1)
		return -1;
	rc = conf_end(p->section, p->base, &p->line, e);
	if (rc == -1 && e->code == E_CONF) {
		snprintf(why, sizeof(why), "%s", e->detail);
		bad(p, e, why);
	}
	p->line = line;
	return rc;
}

/* A named section, or another place in struct conf_home. */
static int
on_section(struct parse *p, struct err *e)
{
	int *line = &p->section_line[p->section];
	char why[sizeof(e->detail)];

	if (conf_is_named(p->section)) {
		p->base = conf_new(p->c, p->section, p->name, p->line, e);
		if (p->base != NULL || e->code != E_CONF)
			return p->base == NULL ? -1 : 0;
		snprintf(why, sizeof(why), "%s", e->detail);
		return bad(p, e, why);
	}
	if (*line != 0)
		return bad(p, e, "is there already");
	*line = p->line;
	p->base = &p->c->home;
	return 0;
}

static int
check_text(const struct parse *p, struct slice line, struct err *e)
{
	uint32_t cp;
	size_t n;

	for (; line.n > 0; line = SLICE(line.p + n, line.n - n)) {
		n = escape_utf8(line, &cp);
		if (n == 0 || (cp < 0x20 && cp != '\t') ||
		    (cp >= 0x7f && cp < 0xa0))
			return err_set(e, E_CONF, "%s:%d: byte 0x%02x is not text",
			    p->path, p->line, line.p[0]);
	}
	return 0;
}

static int
on_line(struct parse *p, struct slice line, struct err *e)
{
	char text[TEXT_MAX + 1], name[CONF_NAME_MAX + 1], why[sizeof(e->detail)];
	enum conf_section s;

	if (check_text(p, line, e) == -1)
		return -1;
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	switch (conf_header(line, &s, name, e)) {
	case 1:
		if (end_section(p, e) == -1)
			return -1;
		p->section = s;
		memcpy(p->name, name, sizeof(name));
		return on_section(p, e);
	case -1:
		snprintf(why, sizeof(why), "%s", e->detail);
		return err_set(e, E_CONF, "%s:%d: %s", p->path, p->line, why);
	}
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	return on_key(p, text, e);
}

/* What belongs to no line: defaults of what is not there, references. */
static int
end_file(struct parse *p, struct err *e)
{
	struct conf *c = p->c;

	p->base = &c->home;
	for (int s = CONF_global; s <= CONF_spool; s++) {
		p->section = (enum conf_section)s;
		if (set_defaults(p, p->section, e) == -1)
			return -1;
	}
	/* An RA sends requests on, and gets answers, by a channel of its own. */
	if (strcmp(c->home.role, "ra") == 0 &&
	    conf_channel(c, "upstream") == NULL &&
	    conf_new(c, CONF_channel, "upstream", 0, e) == NULL)
		return -1;
	for (size_t i = 0; i < c->n_channels; i++) {
		if (c->channels[i].time_past == -1)
			c->channels[i].time_past = c->home.time_past;
		if (c->channels[i].time_future == -1)
			c->channels[i].time_future = c->home.time_future;
	}
	if (c->n_profiles > 0)
		return 0;
	p->section = CONF_profile;
	memcpy(p->name, "default", sizeof("default"));
	if ((p->base = conf_new(c, p->section, p->name, 0, e)) == NULL)
		return -1;
	return end_section(p, e);
}

static int
check_ras(const struct parse *p, const struct conf_rule *r, const char *key,
    const struct conf_list *names, struct err *e)
{
	for (size_t i = 0; i < names->n; i++)
		if (conf_rule(&p->c->ra, names->v[i]) == NULL)
			return err_set(e, E_CONF, "%s:%d: [%s %s] %s: there is "
			    "no [ra %s]; cmp-ca trust add --ra FILE --name %s "
			    "makes one", p->path, r->line,
			    conf_section_name(r->kind), r->name, key,
			    names->v[i], names->v[i]);
	return 0;
}

/* An RA knows profiles only by their names. */
static int
check_rule(const struct parse *p, const struct conf_rule *r, struct err *e)
{
	const struct conf *c = p->c;
	const char *kind = conf_section_name(r->kind), *name;

	for (size_t i = 0; i < r->profiles.n && r->kind != CONF_forward &&
	    strcmp(c->home.role, "ca") == 0; i++) {
		name = r->profiles.v[i];
		if (conf_profile(c, name, strlen(name)) == NULL)
			return err_set(e, E_CONF, "%s:%d: [%s %s] profile: "
			    "there is no [profile %s]", p->path, r->line, kind,
			    r->name, name);
	}
	return check_ras(p, r, "approvals", &r->approvals.of, e) == -1 ? -1 :
	    check_ras(p, r, "ra", &r->ras, e);
}

static int
check_references(const struct parse *p, struct err *e)
{
	static const enum conf_section kinds[] = { CONF_enrol, CONF_ra,
		CONF_forward };
	const struct conf *c = p->c;
	const struct conf_rules *l;

	if (c->home.profile != NULL && conf_profile(c, c->home.profile,
	    strlen(c->home.profile)) == NULL)
		return err_set(e, E_CONF, "%s: [ca] default-profile: \"%s\": there "
		    "is no [profile %s]", p->path, c->home.profile,
		    c->home.profile);
	if (c->home.crl_days != 0 && c->home.crl_every >= c->home.crl_days)
		return err_set(e, E_CONF, "%s: [ca] crl-every is not shorter "
		    "than crl-days: a CRL would be out of date before the "
		    "next one", p->path);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		l = conf_rules(c, kinds[k]);
		for (size_t i = 0; i < l->n; i++)
			if (check_rule(p, &l->v[i], e) == -1)
				return -1;
	}
	return 0;
}

static int
parse_text(struct parse *p, struct slice text, struct err *e)
{
	struct slice raw, line;

	if (text.n > FILE_MAX)
		return err_set(e, E_CONF, "%s: file is longer than 1 MiB",
		    p->path);
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = SLICE(text.p + 3, text.n - 3);
	while (conf_line(&text, &raw, &line)) {
		p->line++;
		if (raw.n > TEXT_MAX)
			return err_set(e, E_CONF, "%s:%d: line is longer than "
			    "%d bytes", p->path, p->line, TEXT_MAX);
		if (on_line(p, line, e) == -1)
			return -1;
	}
	if (end_section(p, e) == -1 || end_file(p, e) == -1)
		return -1;
	return check_references(p, e);
}

int
conf_parse(struct slice text, const char *path, struct conf **out,
    struct err *e)
{
	struct parse p = { .path = path };

	*out = NULL;
	if ((p.c = calloc(1, sizeof(*p.c))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	if (conf_new(p.c, CONF_channel, "", 0, e) == NULL) {
		conf_free(p.c);
		return -1;
	}
	p.base = &p.c->home;
	if (parse_text(&p, text, e) == -1) {
		conf_free(p.c);
		return -1;
	}
	*out = p.c;
	return 0;
}

int
conf_load(int homefd, const char *name, struct conf **out, struct err *e)
{
	struct buf b;
	int rc = -1;

	*out = NULL;
	buf_init(&b, FILE_MAX + 1);
	if (file_read_at(homefd, name, FILE_MAX, &b, e) == 0)
		rc = conf_parse(buf_slice(&b), name, out, e);
	buf_release(&b);
	return rc;
}

static void
release_list(struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct conf_list){ .n = 0 };
}

static void
release_string(char **s)
{
	free(*s);
	*s = NULL;
}

/* [ca] and [relay] share fields, of which only one of them sets any. */
void
conf_release(enum conf_section s, void *base)
{
	for (const struct conf_key *k = conf_keys;
	    k < conf_keys + conf_n_keys; k++) {
		char *field = (char *)base + k->offset;

		if (k->section != s)
			continue;
		if (k->type->hold == HOLD_STRING)
			release_string((void *)field);
		else if (k->type->hold == HOLD_LIST)
			release_list((void *)field);
	}
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	for (int s = CONF_global; s <= CONF_spool; s++)
		conf_release((enum conf_section)s, &c->home);
	conf_free_named(c);
	free(c);
}

const struct conf_profile *
conf_profile(const struct conf *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->n_profiles; i++)
		if (slice_eq(slice_str(c->profiles[i].name), SLICE(name, n)))
			return &c->profiles[i];
	return NULL;
}

const struct conf_channel *
conf_channel(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_channels; i++)
		if (strcmp(c->channels[i].name, name) == 0)
			return &c->channels[i];
	return NULL;
}
