/*
 * name: the first line of the input is a name or a pattern in text, the rest
 * is a Name in DER or another text.  What is parsed comes out as text and is
 * parsed again to the same bytes; matching and globbing survive anything.
 */
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX	(1 << 20)

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

/* DER -> text -> DER: the same name, if not always the same string type. */
static void
round_trip(struct slice der, int same)
{
	struct err e = { 0 };
	struct buf text, again, first;
	struct slice shown;
	char t[NAME_TEXT];

	buf_init(&text, TEXT_MAX);
	buf_init(&again, TEXT_MAX);
	buf_init(&first, TEXT_MAX);
	name_text(&text, der);
	buf_add_slice(&first, buf_slice(&text));
	shown = buf_slice(&first);
	must(!buf_bad(&text) && is_clean(buf_slice(&text)));
	must(is_clean(slice_str(name_short(t, der))));
	if (name_check(der, &e) == 0) {
		must(name_eq(der, der) && name_within(der, der));
		if (same) {
			must(name_parse(buf_str(&text), &again, &e) == 0);
			must(name_eq(buf_slice(&again), der));
			buf_reset(&text);
			name_text(&text, buf_slice(&again));
			must(slice_eq(buf_slice(&text), shown));
		}
	}
	buf_release(&text);
	buf_release(&again);
	buf_release(&first);
}

static void
from_text(const char *text, struct slice other)
{
	struct err e = { 0 };
	struct buf der;

	buf_init(&der, TEXT_MAX);
	if (name_parse(text, &der, &e) == 0) {
		must(der_walk_inner(buf_slice(&der), &e) == 0);
		must(name_check(buf_slice(&der), &e) == 0);
		round_trip(buf_slice(&der), 1);
		(void)name_eq(buf_slice(&der), other);
		(void)name_within(buf_slice(&der), other);
	} else {
		must(e.code == E_NAME_SYNTAX && is_clean(slice_str(e.detail)));
	}
	if (name_pattern_check(text, &e) == 0) {
		(void)name_match(text, other, other);
		if (der.n > 0)
			(void)name_match(text, buf_slice(&der), other);
	} else {
		must(is_clean(slice_str(e.detail)));
		must(name_match(text, other, other) == 0);
	}
	buf_release(&der);
}

/* A GeneralName from text, to text and back. */
static void
san(const char *text)
{
	struct slice in, value;
	struct err e = { 0 };
	struct buf tlv, back, again;
	enum san_type type;

	buf_init(&tlv, TEXT_MAX);
	buf_init(&back, TEXT_MAX);
	buf_init(&again, TEXT_MAX);
	if (san_parse(text, &tlv, &e) == 0) {
		in = buf_slice(&tlv);
		must(san_next(&in, &type, &value) == 0 && in.n == 0);
		san_text(&back, type, value);
		must(is_clean(buf_slice(&back)));
		must(san_same(type, value, type, value));
		/* Escapes are for the eye: this text is not read again. */
		if (memchr(back.p, '\\', back.n) == NULL &&
		    san_parse(buf_str(&back), &again, &e) == 0)
			must(slice_eq(buf_slice(&again), buf_slice(&tlv)));
		(void)san_match(text, type, value);
	} else {
		must(is_clean(slice_str(e.detail)));
	}
	if (san_pattern_check(text, &e) == -1)
		must(is_clean(slice_str(e.detail)));
	buf_release(&tlv);
	buf_release(&back);
	buf_release(&again);
}

/* The slow and obvious way. */
static int
glob(struct slice p, struct slice t)
{
	if (p.n == 0)
		return t.n == 0;
	if (p.p[0] != '*')
		return t.n > 0 && p.p[0] == t.p[0] &&
		    glob(SLICE(p.p + 1, p.n - 1), SLICE(t.p + 1, t.n - 1));
	for (size_t i = 1; i <= t.n; i++)
		if (glob(SLICE(p.p + 1, p.n - 1), SLICE(t.p + i, t.n - i)))
			return 1;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *nl = n > 0 ? memchr(p, '\n', n) : NULL;
	size_t len = nl != NULL ? (size_t)(nl - p) : n;
	struct slice rest = nl != NULL ? SLICE(nl + 1, n - len - 1) :
	    SLICE_NONE;
	struct err e = { 0 };
	char *text;

	must((text = malloc(len + 1)) != NULL);
	if (len > 0)
		memcpy(text, p, len);
	text[len] = '\0';
	if (rest.n > 0 && der_walk_inner(rest, &e) == -1)
		rest = SLICE_NONE;
	if (rest.n > 0)
		round_trip(rest, 0);
	from_text(text, rest.n > 0 ? rest : SLICE_LIT("\x30\0"));
	san(text);
	if (nl != NULL) {
		rest = SLICE(nl + 1, n - len - 1);
		if (len < 16 && rest.n < 16)
			must(name_glob(SLICE(p, len), rest, 0) ==
			    glob(SLICE(p, len), rest));
		(void)name_glob(SLICE(p, len), rest, 1);
	}
	free(text);
	return 0;
}
