#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

/* What is said to people and scripts, judged. */
#include <string.h>

#include "base/buf.h"
#include "base/escape.h"
#include "tests/fuzz/fuzz.h"

/* A validator of our own: RFC 8259, one value and nothing after it. */
struct json {
	const uint8_t	*p, *end;
	unsigned	 depth;
};

static inline int	json_value(struct json *j);

static inline int
json_take(struct json *j, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, s, n) != 0)
		return 0;
	j->p += n;
	return 1;
}

static inline int
json_escape(struct json *j)
{
	static const char simple[] = "\"\\/bfnrt";

	if (j->p == j->end)
		return 0;
	if (*j->p != 'u')
		return *j->p != 0 && strchr(simple, *j->p++) != NULL;
	if (j->end - j->p < 5)
		return 0;
	for (int i = 1; i < 5; i++)
		if (strchr("0123456789abcdefABCDEF", j->p[i]) == NULL ||
		    j->p[i] == 0)
			return 0;
	j->p += 5;
	return 1;
}

static inline int
json_string(struct json *j)
{
	uint32_t cp;
	size_t n;

	if (!json_take(j, "\""))
		return 0;
	while (j->p < j->end && *j->p != '"') {
		if (*j->p < 0x20)
			return 0;
		if (*j->p == '\\') {
			j->p++;
			if (!json_escape(j))
				return 0;
			continue;
		}
		n = escape_utf8(SLICE(j->p, (size_t)(j->end - j->p)), &cp);
		if (n == 0 || escape_deceptive(cp))
			return 0;
		j->p += n;
	}
	return json_take(j, "\"");
}

static inline int
json_number(struct json *j)
{
	const uint8_t *start;

	(void)json_take(j, "-");
	start = j->p;
	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return j->p > start && (start[0] != '0' || j->p == start + 1);
}

static inline int
json_list(struct json *j, const char *close, int named)
{
	if (++j->depth > 64)
		return 0;
	if (json_take(j, close)) {
		j->depth--;
		return 1;
	}
	do {
		while (json_take(j, " "))
			;
		if (named && (!json_string(j) || !json_take(j, ":")))
			return 0;
		while (json_take(j, " "))
			;
		if (!json_value(j))
			return 0;
	} while (json_take(j, ","));
	j->depth--;
	return json_take(j, close);
}

static inline int
json_value(struct json *j)
{
	if (json_take(j, "{"))
		return json_list(j, "}", 1);
	if (json_take(j, "["))
		return json_list(j, "]", 0);
	if (j->p < j->end && *j->p == '"')
		return json_string(j);
	return json_take(j, "true") || json_take(j, "false") ||
	    json_take(j, "null") || json_number(j);
}

static inline int
json_valid(struct slice s)
{
	struct json j = { s.p, s.p + s.n, 0 };

	if (!json_value(&j))
		return 0;
	(void)json_take(&j, "\n");
	return j.p == j.end;
}

/* Text that a terminal may see; lines of it, if ${lines}. */
static inline int
is_clean_text(struct slice s, int lines)
{
	uint32_t cp;
	size_t n;

	for (; s.n > 0; s = SLICE(s.p + n, s.n - n)) {
		if ((n = escape_utf8(s, &cp)) == 0)
			return 0;
		if (!(lines && cp == '\n') && escape_deceptive(cp))
			return 0;
	}
	return 1;
}

static inline int
is_clean(struct slice s)
{
	return is_clean_text(s, 0);
}

#endif
