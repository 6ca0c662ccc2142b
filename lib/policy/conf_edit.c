/* Adding and removing [enrol NAME] and the like; all else stays as it is. */
#include "policy/conf_impl.h"

#include <string.h>

/* Where a section is: its comment lines, header and keys. */
struct place {
	size_t	start, end;
	int	found;
};

/*
 * Comment lines directly above a header belong to it: ${above} is where such
 * a block starts, or where the line itself does.
 */
static void
find(struct slice text, enum conf_section kind, const char *name,
    struct place *at)
{
	struct slice in = text, raw, line;
	char found[CONF_NAME_MAX + 1];
	enum conf_section s;
	struct err e = { 0 };
	size_t above = 0, pos;
	int comment = 0;

	*at = (struct place){ .end = text.n };
	while (conf_line(&in, &raw, &line)) {
		pos = (size_t)(raw.p - text.p);
		if (!comment)
			above = pos;
		comment = line.n > 0 && line.p[0] == '#';
		if (conf_header(line, &s, found, &e) == 0)
			continue;
		if (at->found) {
			at->end = above;
			return;
		}
		if (e.code == E_NONE && s == kind &&
		    strcmp(found, name) == 0) {
			at->found = 1;
			at->start = above;
		}
		e = (struct err){ 0 };
	}
}

/* CRLF if the first line has it. */
static const char *
line_end(struct slice text)
{
	struct slice raw, line;

	if (conf_line(&text, &raw, &line) && raw.n > 1 &&
	    raw.p[raw.n - 2] == '\r')
		return "\r\n";
	return "\n";
}

static void
put_list(struct buf *out, const char *key, const struct conf_list *l,
    const char *eol)
{
	if (l->n == 0)
		return;
	buf_printf(out, "%s =", key);
	for (size_t i = 0; i < l->n; i++) {
		buf_add_str(out, " ");
		buf_add_str(out, l->v[i]);
	}
	buf_add_str(out, eol);
}

static void
put_key(struct buf *out, const char *key, const char *value, const char *eol)
{
	buf_printf(out, "%s = ", key);
	buf_add_str(out, value);
	buf_add_str(out, eol);
}

/* A word with a blank would come back as two. */
static int
check_words(const struct conf_list *l, struct err *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i][0] == '\0' || strpbrk(l->v[i], " \t\r\n") != NULL)
			return err_set(e, E_CONF, "\"%s\": expected a word "
			    "without blanks", l->v[i]);
	return 0;
}

static int
check_rule(const struct conf_rule *r, struct err *e)
{
	const struct conf_list *const lists[] = { &r->cert, &r->anchor, &r->crl,
		&r->body, &r->profiles, &r->san };

	if (!conf_name_ok(slice_str(r->name)))
		return err_set(e, E_CONF, "\"%s\": expected a name of 1 to 64 "
		    "letters, digits, \".\", \"_\" or \"-\"", r->name);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (check_words(lists[i], e) == -1)
			return -1;
	if (r->subject != NULL && strpbrk(r->subject, "\r\n") != NULL)
		return err_set(e, E_CONF, "subject: expected one line");
	return 0;
}

static void
put_rule(struct buf *out, const struct conf_rule *r, const char *eol)
{
	buf_printf(out, "[%s %s]%s", conf_section_name(r->kind), r->name, eol);
	put_list(out, "cert", &r->cert, eol);
	put_list(out, "anchor", &r->anchor, eol);
	put_list(out, "crl", &r->crl, eol);
	put_list(out, "body", &r->body, eol);
	put_list(out, "profile", &r->profiles, eol);
	if (r->subject != NULL) {
		buf_add_str(out, "subject = ");
		buf_add_str(out, r->subject);
		buf_add_str(out, eol);
	}
	put_list(out, "san", &r->san, eol);
	if (r->kind == CONF_forward) {
		put_key(out, "forward", conf_mode_word(r->mode), eol);
		put_key(out, "batch", r->batch ? "yes" : "no", eol);
	}
}

/* Never leave a file behind that would not be read again. */
static int
check_result(const struct buf *out, struct err *e)
{
	struct conf *c;

	if (buf_bad(out))
		return buf_err(out, "cmp.conf", e);
	if (conf_parse(buf_slice(out), "cmp.conf", &c, e) == -1)
		return -1;
	conf_free(c);
	return 0;
}

int
conf_add_rule(struct slice text, const struct conf_rule *r, struct buf *out,
    struct err *e)
{
	const char *eol = line_end(text);
	struct place at;

	if (check_rule(r, e) == -1)
		return -1;
	find(text, r->kind, r->name, &at);
	if (at.found)
		return err_set(e, E_EXISTS, "[%s %s] is there already",
		    conf_section_name(r->kind), r->name);
	buf_add_slice(out, text);
	if (text.n > 0 && text.p[text.n - 1] != '\n')
		buf_add_str(out, eol);
	if (text.n > 0)
		buf_add_str(out, eol);
	put_rule(out, r, eol);
	return check_result(out, e);
}

/* Without the blank line that stood before a rule at the end of the file. */
static size_t
without_blank_line(struct slice text, size_t n)
{
	if (n < 2 || text.p[n - 1] != '\n')
		return n;
	if (text.p[n - 2] == '\n')
		return n - 1;
	if (n > 2 && text.p[n - 2] == '\r' && text.p[n - 3] == '\n')
		return n - 2;
	return n;
}

int
conf_remove_rule(struct slice text, enum conf_section kind, const char *name,
    struct buf *out, struct err *e)
{
	struct place at;

	find(text, kind, name, &at);
	if (!at.found)
		return err_set(e, E_NOT_FOUND, "there is no [%s %s]",
		    conf_section_name(kind), name);
	if (at.end == text.n)
		at.start = without_blank_line(text, at.start);
	buf_add(out, text.p, at.start);
	buf_add(out, text.p + at.end, text.n - at.end);
	if (buf_bad(out))
		return buf_err(out, "cmp.conf", e);
	return 0;
}

/* Is ${line} an assignment to ${key}, or one that is commented out? */
static int
assigns(struct slice line, const char *key, int commented)
{
	size_t n = strlen(key);

	if (commented) {
		if (line.n == 0 || line.p[0] != '#')
			return 0;
		line = SLICE(line.p + 1, line.n - 1);
		while (line.n > 0 && line.p[0] == ' ')
			line = SLICE(line.p + 1, line.n - 1);
	}
	if (line.n < n || memcmp(line.p, key, n) != 0)
		return 0;
	line = SLICE(line.p + n, line.n - n);
	while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = SLICE(line.p + 1, line.n - 1);
	return line.n > 0 && line.p[0] == '=';
}

int
conf_set(struct slice text, const char *key, const char *value,
    struct buf *out, struct err *e)
{
	struct slice in = text, raw, line;
	int set = 0;

	while (conf_line(&in, &raw, &line)) {
		if (!set && (assigns(line, key, 0) || assigns(line, key, 1))) {
			put_key(out, key, value, line_end(text));
			set = 1;
		} else {
			buf_add_slice(out, raw);
		}
	}
	if (buf_bad(out))
		return buf_err(out, "cmp.conf", e);
	if (!set)
		return err_set(e, E_NOT_FOUND, "cmp.conf has no key %s", key);
	return 0;
}

static int
has_key(struct slice section, const char *key)
{
	struct slice raw, line;

	while (conf_line(&section, &raw, &line))
		if (assigns(line, key, 0))
			return 1;
	return 0;
}

int
conf_set_rule(struct slice text, enum conf_section kind, const char *name,
    const char *key, const char *value, struct buf *out, struct err *e)
{
	struct slice in, raw, line;
	struct place at;
	int header = 0, set = 0;

	find(text, kind, name, &at);
	if (!at.found)
		return err_set(e, E_NOT_FOUND, "cmp.conf has no [%s %s]",
		    conf_section_name(kind), name);
	in = SLICE(text.p + at.start, at.end - at.start);
	buf_add(out, text.p, at.start);
	while (conf_line(&in, &raw, &line)) {
		if (!assigns(line, key, 0))
			buf_add_slice(out, raw);
		else if (!set++)
			put_key(out, key, value, line_end(text));
		if (!header && line.n > 0 && line.p[0] == '[') {
			header = 1;
			/* A key that is there keeps its place. */
			if (!has_key(in, key)) {
				put_key(out, key, value, line_end(text));
				set = 1;
			}
		}
	}
	buf_add(out, text.p + at.end, text.n - at.end);
	return buf_bad(out) ? buf_err(out, "cmp.conf", e) : 0;
}
