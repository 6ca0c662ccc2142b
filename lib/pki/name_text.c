/* Names as RFC 4514 text, fit for a terminal. */
#include "pki/name.h"

#include <string.h>

#include "base/escape.h"
#include "pki/name_attr.h"

#define RDN_SHOWN	64

/* Must ${cp}, at the start or the end of a value, have a backslash? */
static int
is_special(uint32_t cp, int first, int last)
{
	if (cp == ' ')
		return first || last;
	if (cp == '#')
		return first;
	return cp != 0 && cp < 0x80 && strchr("\"+,;<>\\", (int)cp) != NULL;
}

/* ${v} is UTF-8; the output is RFC 4514 and fit for a terminal. */
static void
text_of_value(struct buf *out, struct slice v)
{
	uint32_t cp = 0;
	size_t n;

	for (size_t i = 0; i < v.n; i += n) {
		n = escape_utf8(SLICE(v.p + i, v.n - i), &cp);
		if (n == 0 || escape_deceptive(cp)) {
			n = n == 0 ? 1 : n;
			for (size_t k = 0; k < n; k++)
				buf_printf(out, "\\%02X", v.p[i + k]);
			continue;
		}
		if (is_special(cp, i == 0, i + n == v.n))
			buf_add_u8(out, '\\');
		buf_add(out, v.p + i, n);
	}
}

static void
text_of_attr(struct buf *out, const struct name_attr *a)
{
	char type[OID_TEXT];
	struct buf value;

	/* No character of any type becomes more than twice as long. */
	buf_init(&value, a->value.n * 2 + 1);
	buf_add_str(out, name_type_text(type, a->type));
	buf_add_u8(out, '=');
	if (name_value_text(a, &value) == 0 && !buf_bad(&value) && value.n > 0) {
		text_of_value(out, buf_slice(&value));
	} else {
		buf_add_u8(out, '#');
		escape_hex(out, a->tlv);
	}
	buf_release(&value);
}

/* What is no Name is shown as #hex, the start of it. */
static void
text_of_other(struct buf *out, struct slice v)
{
	buf_add_u8(out, '#');
	escape_hex(out, v.n > 64 ? SLICE(v.p, 64) : v);
	if (v.n > 64)
		buf_add_str(out, "...");
}

static void
text_of_rdn(struct buf *out, struct slice rdn)
{
	struct slice all = rdn;
	struct name_attr a;

	while (rdn.n > 0) {
		if (rdn.n != all.n)
			buf_add_u8(out, '+');
		if (name_next_attr(&rdn, &a) == -1) {
			text_of_other(out, rdn);
			return;
		}
		text_of_attr(out, &a);
	}
}

void
name_text(struct buf *out, struct slice name)
{
	struct slice rdns, rdn[RDN_SHOWN];
	size_t n = 0;

	if (der_only(name, DER_SEQUENCE, &rdns) == -1) {
		text_of_other(out, name);
		return;
	}
	while (n < RDN_SHOWN && der_get(&rdns, DER_SET, &rdn[n]) == 0)
		n++;
	if (rdns.n > 0) {
		text_of_other(out, rdns);
		buf_add_str(out, n > 0 ? "," : "");
	}
	while (n-- > 0) {
		text_of_rdn(out, rdn[n]);
		if (n > 0)
			buf_add_u8(out, ',');
	}
}

const char *
name_short(char t[static NAME_TEXT], struct slice name)
{
	struct buf b;
	size_t n;
	int more;

	/* A buffer that overflows keeps its beginning, which is all we want. */
	buf_init(&b, 2 * NAME_TEXT);
	name_text(&b, name);
	more = buf_bad(&b) || b.n > NAME_TEXT - 1;
	n = more && b.n > NAME_TEXT - 4 ? NAME_TEXT - 4 : b.n;
	while (n > 0 && n < b.n && (b.p[n] & 0xc0) == 0x80)
		n--;		/* not within a character */
	if (n > 0)
		memcpy(t, b.p, n);
	memcpy(t + n, more ? "..." : "", more ? 4 : 1);
	buf_release(&b);
	return t;
}
