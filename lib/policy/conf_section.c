/* The sections of cmp.conf: a row for each. */
#include "policy/conf_impl.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS_MAX	1024

static int	begin_channel(void *base, struct err *e);
static int	end_profile(void *base, struct err *e);
static int	end_enrol(void *base, struct err *e);
static int	end_ra(void *base, struct err *e);

/* Named sections are elements of an array, each with its name first. */
static const struct section {
	const char	*name;
	size_t		 v, n;		/* where the array is in struct conf */
	size_t		 size, line;	/* of an element, in an element */
	size_t		 max;		/* beside one without a name */
	int		 rule;		/* it is a struct conf_rule */
	int		 (*begin)(void *base, struct err *e);
	int		 (*end)(void *base, struct err *e);
} sections[CONF__SECTIONS] = {
	[CONF_global] = { .name = "" },
	[CONF_ca] = { .name = "ca" },
	[CONF_relay] = { .name = "relay" },
	[CONF_spool] = { .name = "spool" },
	[CONF_channel] = { "channel", offsetof(struct conf, channels),
	    offsetof(struct conf, n_channels), sizeof(struct conf_channel),
	    offsetof(struct conf_channel, line), CONF_CHANNELS, 0,
	    begin_channel, NULL },
	[CONF_profile] = { "profile", offsetof(struct conf, profiles),
	    offsetof(struct conf, n_profiles), sizeof(struct conf_profile),
	    offsetof(struct conf_profile, line), SECTIONS_MAX, 0, NULL,
	    end_profile },
#define RULES(s, end) \
	[CONF_##s] = { #s, offsetof(struct conf, s.v), \
	    offsetof(struct conf, s.n), sizeof(struct conf_rule), \
	    offsetof(struct conf_rule, line), SECTIONS_MAX, 1, NULL, end }
	RULES(enrol, end_enrol),
	RULES(ra, end_ra),
	RULES(forward, NULL),
#undef RULES
};

const char *
conf_section_name(enum conf_section s)
{
	return sections[s].name;
}

int
conf_is_named(enum conf_section s)
{
	return sections[s].size > 0;
}

const char *
conf_where(char t[static CONF_WHERE], enum conf_section s, const char *name)
{
	t[0] = '\0';
	if (s != CONF_global)
		snprintf(t, CONF_WHERE, "[%s%s%s] ", conf_section_name(s),
		    conf_is_named(s) ? " " : "", conf_is_named(s) ? name : "");
	return t;
}

/* -1: not set, as the global key then, which may come to be known later. */
static int
begin_channel(void *base, struct err *e)
{
	struct conf_channel *ch = base;

	if (ch->name[0] != '\0' && !conf_dir_ok(ch->name))
		return err_set(e, E_CONF, "its name is that of a directory, "
		    "expected one that does not start with \".\" or end in "
		    "\".pki\"");
	ch->time_past = ch->time_future = -1;
	return 0;
}

static int
end_profile(void *base, struct err *e)
{
	struct conf_profile *f = base;

	if (f->max_validity == 0)
		f->max_validity = f->validity;
	if (f->max_validity < f->validity)
		return err_set(e, E_CONF, "max-validity: is shorter than "
		    "validity");
	return 0;
}

static int
end_enrol(void *base, struct err *e)
{
	const struct conf_rule *r = base;

	if (r->anchor.n == 0)
		return err_set(e, E_CONF, "anchor: is missing, expected one or "
		    "more files");
	return 0;
}

static int
end_ra(void *base, struct err *e)
{
	const struct conf_rule *r = base;

	if (r->cert.n == 0 && r->anchor.n == 0)
		return err_set(e, E_CONF, "expected cert, the certificates of "
		    "the RA, or anchor, what they are below");
	return 0;
}

static char **
name_of(void *element)
{
	return element;
}

/* One more element of ${size} at the end of ${*v}, all zero. */
static void *
grow(void **v, size_t *n, size_t size)
{
	char *p;

	if ((p = realloc(*v, (*n + 1) * size)) == NULL)
		return NULL;
	*v = p;
	memset(p + *n * size, 0, size);
	return p + (*n)++ * size;
}

void *
conf_new(struct conf *c, enum conf_section s, const char *name, int line,
    struct err *e)
{
	const struct section *k = &sections[s];
	void **v = (void **)(void *)((char *)c + k->v), *base;
	size_t *n = (size_t *)(void *)((char *)c + k->n);

	for (size_t i = 0; i < *n; i++)
		if (strcmp(*name_of((char *)*v + i * k->size), name) == 0) {
			err_set(e, E_CONF, "is there already");
			return NULL;
		}
	if (*n > k->max || (*n == k->max && (*name_of(*v))[0] != '\0')) {
		err_set(e, E_CONF, "is one too many, expected at most %zu",
		    k->max);
		return NULL;
	}
	if ((base = grow(v, n, k->size)) == NULL ||
	    (*name_of(base) = strdup(name)) == NULL) {
		*n -= base != NULL;
		err_set(e, E_NOMEM, "out of memory");
		return NULL;
	}
	*(int *)(void *)((char *)base + k->line) = line;
	if (k->rule)
		((struct conf_rule *)base)->kind = s;
	return k->begin != NULL && k->begin(base, e) == -1 ? NULL : base;
}

int
conf_end(enum conf_section s, void *base, int *line, struct err *e)
{
	const struct section *k = &sections[s];

	*line = *(int *)(void *)((char *)base + k->line);
	return k->end == NULL ? 0 : k->end(base, e);
}

void
conf_free_named(struct conf *c)
{
	for (int s = CONF_channel; s < CONF__SECTIONS; s++) {
		const struct section *k = &sections[s];
		char *v = *(char **)(void *)((char *)c + k->v);
		size_t n = *(size_t *)(void *)((char *)c + k->n);

		for (size_t i = 0; i < n; i++) {
			conf_release((enum conf_section)s, v + i * k->size);
			free(*name_of(v + i * k->size));
		}
		free(v);
	}
}

const struct conf_rules *
conf_rules(const struct conf *c, enum conf_section kind)
{
	switch (kind) {
	case CONF_ra:
		return &c->ra;
	case CONF_forward:
		return &c->forward;
	default:
		return &c->enrol;
	}
}

const struct conf_rule *
conf_rule(const struct conf_rules *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}
