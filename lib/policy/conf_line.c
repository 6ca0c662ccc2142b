/* Lines and section headers of cmp.conf: what parser and editor share. */
#include "policy/conf_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"

int
conf_name_ok(struct slice name)
{
	if (name.n == 0 || name.n > CONF_NAME_MAX)
		return 0;
	for (size_t i = 0; i < name.n; i++) {
		char c = (char)name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return 0;
	}
	return 1;
}

int
conf_dir_ok(const char *name)
{
	size_t n = strlen(name);

	return conf_name_ok(slice_str(name)) && name[0] != '.' &&
	    (n < 4 || strcasecmp(name + n - 4, ".pki") != 0);
}

static int
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = SLICE(s.p + 1, s.n - 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

int
conf_line(struct slice *in, struct slice *raw, struct slice *line)
{
	const uint8_t *end;

	if (in->n == 0)
		return 0;
	end = memchr(in->p, '\n', in->n);
	*raw = SLICE(in->p, end == NULL ? in->n : (size_t)(end - in->p) + 1);
	*line = *raw;
	if (end != NULL && --line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	*line = trim(*line);
	*in = SLICE(in->p + raw->n, in->n - raw->n);
	return 1;
}

static int
find_section(struct slice word, enum conf_section *s)
{
	for (int i = CONF_ca; i < CONF__SECTIONS; i++) {
		if (slice_eq(word, slice_str(conf_section_name(i)))) {
			*s = (enum conf_section)i;
			return 0;
		}
	}
	return -1;
}

int
conf_header(struct slice line, enum conf_section *s,
    char name[static CONF_NAME_MAX + 1], struct err *e)
{
	char t[ESCAPE_SHORT];
	struct slice in, word;

	if (line.n == 0 || line.p[0] != '[')
		return 0;
	if (line.p[line.n - 1] != ']')
		return err_set(e, E_CONF, "%s: expected \"]\" at the end of the "
		    "line", escape_short(t, line));
	word = in = trim(SLICE(line.p + 1, line.n - 2));
	for (word.n = 0; word.n < in.n && !is_blank(in.p[word.n]);)
		word.n++;
	in = trim(SLICE(in.p + word.n, in.n - word.n));
	if (find_section(word, s) == -1)
		return err_set(e, E_CONF, "%s: expected [ca], [relay], [spool], "
		    "[channel NAME], [profile NAME], [enrol NAME], [ra NAME] or "
		    "[forward NAME]", escape_short(t, line));
	if (conf_is_named(*s) ? !conf_name_ok(in) : in.n > 0)
		return err_set(e, E_CONF, conf_is_named(*s) ? "%s: expected a name of "
		    "1 to 64 letters, digits, \".\", \"_\" or \"-\" after \"%s\""
		    : "%s: expected nothing after \"%s\"",
		    escape_short(t, line), conf_section_name(*s));
	if (in.n > 0)
		memcpy(name, in.p, in.n);
	name[in.n] = '\0';
	return 1;
}

/* Row by row over one word of the table; short words only. */
unsigned
conf_distance(const char *a, const char *b)
{
	unsigned d[33], left, diag;
	size_t n = strlen(a), m = strlen(b);

	if (n > 32 || m > 32)
		return 99;
	for (size_t j = 0; j <= m; j++)
		d[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		diag = d[0];
		d[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			left = diag + (a[i - 1] != b[j - 1]);
			diag = d[j];
			if (d[j] + 1 < left)
				left = d[j] + 1;
			d[j] = d[j - 1] + 1 < left ? d[j - 1] + 1 : left;
		}
	}
	return d[m];
}
