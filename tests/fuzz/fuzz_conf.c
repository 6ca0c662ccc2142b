/*
 * conf: any text is a configuration or an error with a line; what the
 * editing functions write is read again and says what was asked for.
 */
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"
#include "policy/conf.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX	(1 << 22)

static int
is_clean(struct slice s)
{
	uint32_t cp;
	size_t n;

	for (; s.n > 0; s = SLICE(s.p + n, s.n - n))
		if ((n = escape_utf8(s, &cp)) == 0 || escape_deceptive(cp))
			return 0;
	return 1;
}

static const struct conf_rule *
enrol(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->enrol.n; i++)
		if (strcmp(c->enrol.v[i].name, name) == 0)
			return &c->enrol.v[i];
	return NULL;
}

/* Everything that was read is usable. */
static void
use(const struct conf *c)
{
	const struct conf_rule *r;
	struct err e = { 0 };

	must(c->n_profiles > 0 && c->home.role != NULL);
	must(c->home.max_size > 0 && c->home.group > 0);
	for (size_t i = 0; i < c->enrol.n; i++) {
		r = &c->enrol.v[i];
		must(enrol(c, r->name) == r);	/* no name twice */
		if (r->subject != NULL)
			must(name_pattern_check(r->subject, &e) == 0);
		for (size_t k = 0; k < r->san.n; k++)
			must(san_pattern_check(r->san.v[k], &e) == 0);
	}
}

/* A rule is added, changed and taken out: what was there is there again. */
static void
edit(struct slice text)
{
	static char file[] = "trust/new.pem", san[] = "dns:*.example";
	static char name[] = "fuzz-new", subject[] = "CN=*,O=\\#1";
	char *files[] = { file, NULL }, *sans[] = { san, NULL };
	struct conf_rule r = { .kind = CONF_enrol, .name = name, .anchor = { files, 1 },
	    .subject = subject, .san = { sans, 1 } };
	const struct conf_rule *got;
	struct err e = { 0 };
	struct conf *c = NULL;
	struct buf with, set, without;

	buf_init(&with, TEXT_MAX);
	buf_init(&set, TEXT_MAX);
	buf_init(&without, TEXT_MAX);
	if (conf_add_rule(text, &r, &with, &e) == -1)
		goto out;	/* there, or too large */
	must(conf_parse(buf_slice(&with), "x", &c, &e) == 0);
	must((got = enrol(c, name)) != NULL);
	must(strcmp(got->subject, subject) == 0 && got->anchor.n == 1 &&
	    strcmp(got->anchor.v[0], file) == 0 && got->san.n == 1);
	conf_free(c);
	must(conf_set_rule(buf_slice(&with), CONF_enrol, name, "subject", "CN=y", &set,
	    &e) == 0);
	must(conf_parse(buf_slice(&set), "x", &c, &e) == 0);
	must(strcmp(enrol(c, name)->subject, "CN=y") == 0);
	conf_free(c);
	must(conf_remove_rule(buf_slice(&with), CONF_enrol, name, &without, &e) == 0);
	must(conf_parse(buf_slice(&without), "x", &c, &e) == 0);
	must(enrol(c, name) == NULL);
	conf_free(c);
	/* As it was, but perhaps for one line end that was missing. */
	must(without.n >= text.n && without.n <= text.n + 2);
	must(text.n == 0 || memcmp(without.p, text.p, text.n) == 0);
out:
	buf_release(&with);
	buf_release(&set);
	buf_release(&without);
}

static void
set_global(struct slice text)
{
	struct err e = { 0 };
	struct conf *c = NULL;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	if (conf_set(text, "role", "ee", &out, &e) == 0 &&
	    conf_parse(buf_slice(&out), "x", &c, &e) == 0) {
		must(strcmp(c->home.role, "ee") == 0);
		conf_free(c);
	}
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice text = SLICE(p, n);
	struct err e = { 0 };
	struct conf *c = NULL;

	if (conf_parse(text, "cmp.conf", &c, &e) == -1) {
		must(c == NULL && e.code != E_NONE);
		must(is_clean(slice_str(e.detail)));
		must(strncmp(e.detail, "cmp.conf", 8) == 0);
		return 0;
	}
	use(c);
	conf_free(c);
	edit(text);
	set_global(text);
	return 0;
}
