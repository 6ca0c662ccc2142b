/* Taking a Name apart: attributes, and the characters of their values. */
#include "pki/name_attr.h"

#include <stdio.h>

#include "base/escape.h"

int
name_next_attr(struct slice *rdn, struct name_attr *a)
{
	struct slice at = *rdn, seq;

	if (der_get(&at, DER_SEQUENCE, &seq) == -1 ||
	    der_get(&seq, DER_OID, &a->type) == -1)
		return -1;
	a->tlv = seq;
	if (der_any(&seq, &a->tag, &a->value, NULL) == -1 || seq.n != 0)
		return -1;
	*rdn = at;
	return 0;
}

int
name_each_attr(struct slice *rdns, struct slice *rdn, struct name_attr *a)
{
	if (rdn->n == 0) {
		if (rdns->n == 0)
			return 0;
		if (der_get(rdns, DER_SET, rdn) == -1)
			return -1;
	}
	return name_next_attr(rdn, a) == -1 ? -1 : 1;
}

int
name_is_string(uint8_t tag)
{
	switch (tag) {
	case DER_UTF8_STRING:
	case DER_NUMERIC_STRING:
	case DER_PRINTABLE_STRING:
	case DER_T61_STRING:
	case DER_IA5_STRING:
	case DER_VISIBLE_STRING:
	case DER_UNIVERSAL_STRING:
	case DER_BMP_STRING:
		return 1;
	default:
		return 0;
	}
}

/* Big-endian characters of ${width} octets. */
static size_t
wide(struct slice in, size_t width, uint32_t *cp)
{
	if (in.n < width)
		return 0;
	*cp = 0;
	for (size_t i = 0; i < width; i++)
		*cp = *cp << 8 | in.p[i];
	if (*cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return width;
}

int32_t
name_char(struct name_chars *c)
{
	uint32_t cp = 0;
	size_t n;

	if (c->in.n == 0)
		return NAME_CHAR_END;
	switch (c->tag) {
	case DER_UTF8_STRING:
		n = escape_utf8(c->in, &cp);
		break;
	case DER_BMP_STRING:
		n = wide(c->in, 2, &cp);
		break;
	case DER_UNIVERSAL_STRING:
		n = wide(c->in, 4, &cp);
		break;
	case DER_T61_STRING:	/* what it means nobody knows: Latin-1 */
		n = wide(c->in, 1, &cp);
		break;
	default:
		n = c->in.p[0] < 0x80 ? wide(c->in, 1, &cp) : 0;
	}
	if (n == 0)
		return NAME_CHAR_BAD;
	c->in.p += n;
	c->in.n -= n;
	return (int32_t)cp;
}

static void
add_utf8(struct buf *out, uint32_t cp)
{
	if (cp < 0x80) {
		buf_add_u8(out, (uint8_t)cp);
		return;
	}
	if (cp < 0x800) {
		buf_add_u8(out, (uint8_t)(0xc0 | cp >> 6));
	} else {
		if (cp < 0x10000) {
			buf_add_u8(out, (uint8_t)(0xe0 | cp >> 12));
		} else {
			buf_add_u8(out, (uint8_t)(0xf0 | cp >> 18));
			buf_add_u8(out, (uint8_t)(0x80 | (cp >> 12 & 0x3f)));
		}
		buf_add_u8(out, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
	}
	buf_add_u8(out, (uint8_t)(0x80 | (cp & 0x3f)));
}

int
name_value_text(const struct name_attr *a, struct buf *out)
{
	struct name_chars c = { a->value, a->tag };
	size_t before = out->n;
	int32_t cp;

	if (!name_is_string(a->tag))
		return -1;
	while ((cp = name_char(&c)) >= 0)
		add_utf8(out, (uint32_t)cp);
	if (cp == NAME_CHAR_BAD) {
		out->n = before;
		return -1;
	}
	return 0;
}

const char *
name_type_text(char t[static OID_TEXT], struct slice type)
{
	const char *known = oid_attribute(oid_of(type));

	if (known == NULL)
		return oid_text(t, type);
	snprintf(t, OID_TEXT, "%s", known);
	return t;
}
