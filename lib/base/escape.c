#include "base/escape.h"

#include <stdio.h>
#include <string.h>

size_t
escape_utf8(struct slice s, uint32_t *cp)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;

	if (s.n == 0)
		return 0;
	*cp = s.p[0];
	if (*cp < 0x80)
		return 1;
	n = *cp >= 0xf0 ? 4 : *cp >= 0xe0 ? 3 : 2;
	if (*cp < 0xc2 || *cp > 0xf4 || s.n < n)
		return 0;
	*cp &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s.p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

int
escape_deceptive(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad ||
	    cp == 0x61c || cp == 0x180e || (cp >= 0x200b && cp <= 0x200f) ||
	    (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) ||
	    cp == 0xfeff || (cp >= 0xfff0 && cp <= 0xfffb) ||
	    (cp >= 0xe0000 && cp <= 0xe0fff) || (cp & 0xfffe) == 0xfffe;
}

void
escape_text(struct buf *out, struct slice s, size_t max)
{
	size_t cut = s.n > max ? max : s.n, n;
	uint32_t cp;

	for (size_t i = 0; i < cut; i += n) {
		n = escape_utf8(SLICE(s.p + i, s.n - i), &cp);
		if (n == 0) {
			n = 1;
			buf_printf(out, "\\x%02x", s.p[i]);
		} else if (cp == '\\') {
			buf_add_str(out, "\\\\");
		} else if (cp < 0x80 && escape_deceptive(cp)) {
			buf_printf(out, "\\x%02x", s.p[i]);
		} else if (escape_deceptive(cp)) {
			buf_printf(out, "\\u{%x}", (unsigned)cp);
		} else {
			buf_add(out, s.p + i, n);
		}
	}
	if (cut < s.n)
		buf_add_str(out, "...");
}

void
escape_json(struct buf *out, struct slice s)
{
	uint32_t cp;
	size_t n;

	buf_add_u8(out, '"');
	for (size_t i = 0; i < s.n; i += n) {
		n = escape_utf8(SLICE(s.p + i, s.n - i), &cp);
		if (n == 0) {
			n = 1;
			buf_add_str(out, "\\ufffd");
		} else if (cp == '"' || cp == '\\') {
			buf_add_u8(out, '\\');
			buf_add_u8(out, (uint8_t)cp);
		} else if (escape_deceptive(cp) && cp < 0x10000) {
			buf_printf(out, "\\u%04x", (unsigned)cp);
		} else if (escape_deceptive(cp)) {
			buf_printf(out, "\\u%04x\\u%04x",
			    (unsigned)(0xd800 + ((cp - 0x10000) >> 10)),
			    (unsigned)(0xdc00 + ((cp - 0x10000) & 0x3ff)));
		} else {
			buf_add(out, s.p + i, n);
		}
	}
	buf_add_u8(out, '"');
}

void
escape_line(char *s, size_t max)
{
	struct slice in = slice_str(s);
	int clean = 1;
	struct buf b;
	uint32_t cp;
	size_t n;

	buf_init(&b, 4 * in.n + 1);
	for (size_t i = 0; i < in.n; i += n) {
		n = escape_utf8(SLICE(in.p + i, in.n - i), &cp);
		if (n > 0 && !escape_deceptive(cp)) {
			buf_add(&b, in.p + i, n);
			continue;
		}
		clean = 0;
		n = n > 0 ? n : 1;
		for (size_t k = 0; k < n; k++)
			buf_printf(&b, "\\x%02x", in.p[i + k]);
	}
	if (!clean)
		snprintf(s, max, "%s", buf_bad(&b) ? "?" : buf_str(&b));
	buf_release(&b);
}

void
escape_hex(struct buf *out, struct slice s)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		buf_add_u8(out, (uint8_t)digit[s.p[i] >> 4]);
		buf_add_u8(out, (uint8_t)digit[s.p[i] & 15]);
	}
}

char *
escape_mend(char *t)
{
	size_t n = strlen(t), len;
	uint32_t cp;

	for (size_t i = 0; i < n; i += len) {
		if ((len = escape_utf8(SLICE(t + i, n - i), &cp)) == 0) {
			t[i] = '?';
			len = 1;
		}
	}
	return t;
}

static const char *
into(char t[static ESCAPE_SHORT], struct buf *b)
{
	size_t n = b->n < ESCAPE_SHORT - 1 ? b->n : ESCAPE_SHORT - 1;

	if (n > 0)
		memcpy(t, b->p, n);
	t[n] = '\0';
	buf_release(b);
	return escape_mend(t);
}

const char *
escape_short(char t[static ESCAPE_SHORT], struct slice s)
{
	struct buf b;

	buf_init(&b, 4096);
	escape_text(&b, s, 120);
	return into(t, &b);
}

const char *
escape_hex_short(char t[static ESCAPE_SHORT], struct slice s)
{
	struct buf b;

	buf_init(&b, 4096);
	escape_hex(&b, s.n > 64 ? SLICE(s.p, 64) : s);
	return into(t, &b);
}
