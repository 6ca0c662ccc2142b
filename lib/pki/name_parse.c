/* RFC 4514 text, of names and of patterns, to parts and to DER. */
#include "pki/name_attr.h"

#include <string.h>

#include "base/escape.h"

/* One reading of a text; ${p} moves on. */
struct reader {
	const char	*text, *p;
	int		 pattern;
	struct name_parts *out;
	struct err	*e;
};

static int
expected(struct reader *r, const char *what)
{
	char shown[ESCAPE_SHORT], found[ESCAPE_SHORT];

	escape_short(shown, slice_str(r->text));
	escape_short(found, SLICE(r->p, strnlen(r->p, 1)));
	return err_set(r->e, r->pattern ? E_CONF : E_NAME_SYNTAX,
	    "\"%s\": column %zu: found %s%s%s, expected %s", shown,
	    (size_t)(r->p - r->text) + 1, *r->p ? "\"" : "",
	    *r->p ? found : "the end", *r->p ? "\"" : "", what);
}

static void
skip_blanks(struct reader *r)
{
	while (*r->p == ' ')
		r->p++;
}

static int
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Two hexadecimal digits at ${p}: their value, or -1. */
static int
hex_pair(const char *p)
{
	int hi = hex_digit(p[0]), lo = hi == -1 ? -1 : hex_digit(p[1]);

	return lo == -1 ? -1 : hi << 4 | lo;
}

static int
read_type(struct reader *r, struct name_part *part)
{
	size_t n = 0;
	struct slice oid;

	skip_blanks(r);
	if (*r->p == '*' && r->pattern)
		return expected(r, "an attribute, as in \"CN=*\"");
	while (is_alnum(r->p[n]) || r->p[n] == '.' || r->p[n] == '-')
		n++;
	if (*r->p >= '0' && *r->p <= '9') {
		part->type_n = oid_parse(r->p, n, part->type);
	} else {
		oid = oid_bytes(oid_by_attribute(r->p, n));
		part->type_n = oid.n;
		if (oid.n > 0)
			memcpy(part->type, oid.p, oid.n);
	}
	if (part->type_n == 0)
		return expected(r, "an attribute type such as CN, O, "
		    "serialNumber or 2.5.4.3");
	r->p += n;
	skip_blanks(r);
	if (*r->p != '=')
		return expected(r, "\"=\"");
	r->p++;
	skip_blanks(r);
	return 0;
}

static int
read_hex(struct reader *r, struct name_part *part)
{
	struct slice value;
	struct err ignored = { 0 };
	int c;

	part->hex = 1;
	for (r->p++; (c = hex_pair(r->p)) != -1; r->p += 2)
		buf_add_u8(&r->out->values, (uint8_t)c);
	if (buf_bad(&r->out->values))
		return expected(r, "a shorter text");
	value = buf_slice(&r->out->values);
	if (is_alnum(*r->p) || value.n == part->at)
		return expected(r, "pairs of hexadecimal digits");
	value = SLICE(value.p + part->at, value.n - part->at);
	if (der_walk_inner(value, &ignored) == -1)
		return expected(r, "a DER value before it");
	return 0;
}

/* What follows a backslash. */
static int
read_escape(struct reader *r)
{
	const char *specials = r->pattern ? "\"\\+,;<> #=*{}" : "\"\\+,;<> #=";
	int c = hex_pair(++r->p);

	if (c != -1) {
		r->p += 2;
	} else if (*r->p != '\0' && strchr(specials, *r->p) != NULL) {
		c = (uint8_t)*r->p++;
	} else {
		return expected(r, r->pattern ? "two hexadecimal digits or "
		    "one of \" \\ + , ; < > # = * { } and space" :
		    "two hexadecimal digits or one of \" \\ + , ; < > # = and "
		    "space");
	}
	/* Octets above are never UTF-8, and have a meaning in patterns. */
	if (c > 0xf4)
		return expected(r, "UTF-8 before it");
	buf_add_u8(&r->out->values, (uint8_t)c);
	return 0;
}

/* "{attribute}" */
static int
read_insert(struct reader *r)
{
	size_t n = 0;
	enum oid id;

	r->p++;
	while (is_alnum(r->p[n]))
		n++;
	_Static_assert(OID_EMAIL < 256, "attributes fit into a byte");
	id = oid_by_attribute(r->p, n);
	if (id == OID_UNKNOWN || id > 255)
		return expected(r, "an attribute of the sender, as in "
		    "\"{serialNumber}\", or \"\\{\"");
	r->p += n;
	if (*r->p != '}')
		return expected(r, "\"}\"");
	r->p++;
	buf_add_u8(&r->out->values, NAME_INSERT);
	buf_add_u8(&r->out->values, (uint8_t)id);
	return 0;
}

/* One character, escape or wildcard. */
static int
read_char(struct reader *r, int quoted)
{
	if (*r->p == '\\')
		return read_escape(r);
	if (r->pattern && (*r->p == '*' || *r->p == '{')) {
		if (quoted)
			return expected(r, "no wildcard within quotes, or a "
			    "backslash before it");
		if (*r->p == '{')
			return read_insert(r);
		buf_add_u8(&r->out->values, NAME_STAR);
		r->p++;
		return 0;
	}
	if (!quoted && strchr("\";<>", *r->p) != NULL)
		return expected(r, "a backslash before it");
	if ((uint8_t)*r->p > 0xf4)
		return expected(r, "UTF-8");
	buf_add_u8(&r->out->values, (uint8_t)*r->p++);
	return 0;
}

static int
read_plain(struct reader *r)
{
	size_t end = r->out->values.n;
	int blank;

	while (*r->p != '\0' && *r->p != ',' && *r->p != '+') {
		blank = *r->p == ' ';
		if (read_char(r, 0) == -1)
			return -1;
		if (!blank)
			end = r->out->values.n;
	}
	r->out->values.n = end;	/* blanks at the end are no part of it */
	return 0;
}

static int
read_quoted(struct reader *r)
{
	r->p++;
	while (*r->p != '"') {
		if (*r->p == '\0')
			return expected(r, "a closing quote");
		if (read_char(r, 1) == -1)
			return -1;
	}
	r->p++;
	return 0;
}

/* Is ${v} UTF-8, between wildcards? */
static int
is_text(struct slice v)
{
	uint32_t cp;
	size_t n;

	for (; v.n > 0; v.p += n, v.n -= n) {
		n = v.p[0] == NAME_STAR ? 1 : v.p[0] == NAME_INSERT ? 2 :
		    escape_utf8(v, &cp);
		if (n == 0)
			return 0;
	}
	return 1;
}

static int
read_value(struct reader *r, struct name_part *part)
{
	struct buf *v = &r->out->values;
	int rc;

	part->at = v->n;
	if (*r->p == '#')
		rc = read_hex(r, part);
	else if (*r->p == '"')
		rc = read_quoted(r);
	else
		rc = read_plain(r);
	if (rc == -1)
		return -1;
	if (buf_bad(v))
		return expected(r, "a shorter text");
	part->n = v->n - part->at;
	if (part->n == 0)
		return expected(r, "a value");
	if (!part->hex && !is_text(SLICE(v->p + part->at, part->n)))
		return expected(r, "UTF-8 before it");
	skip_blanks(r);
	return 0;
}

int
name_parts_read(struct name_parts *p, const char *text, int pattern,
    struct err *e)
{
	struct reader r = { text, text, pattern, p, e };
	struct name_part *part;

	p->n = 0;
	buf_init(&p->values, NAME_PARTS_MAX);
	skip_blanks(&r);
	if (*r.p == '\0')
		return pattern ? expected(&r, "attributes, as in "
		    "\"CN=*,O=Example\"") : 0;
	for (;;) {
		if (p->n == NAME_RDN_MAX)
			return expected(&r, "at most 16 attributes");
		part = &p->part[p->n++];
		*part = (struct name_part){ .at = 0 };
		if (read_type(&r, part) == -1 || read_value(&r, part) == -1)
			return -1;
		if (*r.p == '\0')
			return 0;
		if (*r.p != ',' && *r.p != '+')
			return expected(&r, "\",\" or \"+\"");
		part->joined = *r.p++ == '+';
	}
}

void
name_parts_release(struct name_parts *p)
{
	buf_release(&p->values);
}

struct slice
name_part_value(const struct name_parts *p, size_t i)
{
	return SLICE(p->values.p + p->part[i].at, p->part[i].n);
}

static uint8_t
string_tag(enum oid type)
{
	switch (type) {
	case OID_C:
	case OID_SERIAL_NUMBER:
	case OID_DN_QUALIFIER:
		return DER_PRINTABLE_STRING;
	case OID_DC:
	case OID_EMAIL:
		return DER_IA5_STRING;
	default:
		return DER_UTF8_STRING;
	}
}

static void
write_attr(struct derw *w, const struct name_parts *p, size_t i)
{
	const struct name_part *part = &p->part[i];
	struct slice type = SLICE(part->type, part->type_n);
	size_t mark = derw_mark(w);

	if (part->hex)
		derw_raw(w, name_part_value(p, i));
	else
		derw_prim(w, string_tag(oid_of(type)), name_part_value(p, i));
	derw_oid(w, type);
	derw_wrap(w, DER_SEQUENCE, mark);
}

/* The attributes ${from} to ${to}, sorted as a SET OF is. */
static void
write_rdn(struct derw *w, const struct name_parts *p, size_t from, size_t to)
{
	struct slice in, tlv[NAME_RDN_MAX], t;
	size_t mark = derw_mark(w), n = 0, k;
	struct derw scratch;

	derw_init(&scratch, NAME_PARTS_MAX * 2);
	for (size_t i = from; i < to; i++)
		write_attr(&scratch, p, i);
	in = derw_slice(&scratch);
	for (; n < to - from && der_get_tlv(&in, DER_SEQUENCE, &t) == 0; n++) {
		for (k = n; k > 0 && slice_cmp(tlv[k - 1], t) > 0; k--)
			tlv[k] = tlv[k - 1];
		tlv[k] = t;
	}
	if (derw_bad(&scratch))
		w->bad = 1;
	while (n > 0)
		derw_raw(w, tlv[--n]);
	derw_wrap(w, DER_SET, mark);
	derw_release(&scratch);
}

int
name_parse(const char *text, struct buf *out, struct err *e)
{
	struct name_parts p;
	struct derw w;
	size_t to;
	int rc = -1;

	/* Text and writer both begin with what is last in the DER. */
	derw_init(&w, NAME_PARTS_MAX * 2);
	if (name_parts_read(&p, text, 0, e) == -1)
		goto out;
	for (size_t from = 0; from < p.n; from = to) {
		for (to = from + 1; to < p.n && p.part[to - 1].joined; to++)
			;
		write_rdn(&w, &p, from, to);
	}
	derw_wrap(&w, DER_SEQUENCE, 0);
	if (derw_bad(&w)) {
		derw_err(&w, "name", e);
		goto out;
	}
	if (name_check(derw_slice(&w), e) == -1)
		goto out;
	buf_add_slice(out, derw_slice(&w));
	rc = 0;
out:
	derw_release(&w);
	name_parts_release(&p);
	return rc;
}
