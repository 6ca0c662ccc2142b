/*
 * The first look at anything from outside: one strict, iterative pass.
 *
 * An explicit stack holds what is open: where it ends, how many children it
 * had, and for a SET the child before, to check the order.
 */
#include "asn/der.h"

#include <string.h>

#include "base/escape.h"

#define DEPTH_MAX	32
#define OID_MAX		64

#define CRL_SIZE	(256u << 20)
#define CRL_ENTRIES	5000000

const struct der_limits der_limits_message = { .size = 1 << 20,
	.depth = DEPTH_MAX, .children = 1000 };
const struct der_limits der_limits_crl = { .size = CRL_SIZE,
	.depth = DEPTH_MAX, .children = CRL_ENTRIES };
/* PKIMessage, body, GenRepContent, InfoTypeAndValue, (crls,) CertificateList,
 * tbsCertList, revokedCertificates. */
const struct der_limits der_limits_genp = { .size = CRL_SIZE + (1 << 20),
	.depth = DEPTH_MAX, .children = 1000, .list_in = DER_CTX(22),
	.list_depth = 7, .list_children = CRL_ENTRIES };
static const struct der_limits limits_inner = { .size = 65536,
	.depth = DEPTH_MAX, .children = 1000 };

struct level {
	const uint8_t	*end;
	size_t		 children;
	struct slice	 before;	/* SET: the child before this one */
	uint8_t		 tag;
	uint8_t		 first;		/* tag of the first child */
};

struct walk {
	const uint8_t	*start;
	struct level	 stack[DEPTH_MAX + 1];
	unsigned	 depth;
	uint8_t		 part;		/* of the whole, where we are */
};

/* Tag and length at ${p}; the checks that der_any() makes, with a reason. */
static int
header(const struct walk *w, const uint8_t *p, const uint8_t *end,
    struct slice *value, struct err *e)
{
	size_t at = (size_t)(p - w->start), left = (size_t)(end - p), len, n;

	if (left < 2)
		return err_set(e, E_DER_LENGTH, "offset %zu: element is cut "
		    "after %zu bytes", at, left);
	if ((p[0] & 0x1f) == 0x1f)
		return err_set(e, E_DER_TAG, "offset %zu: tag 0x%02x is of "
		    "the long form, expected tags up to 30", at, p[0]);
	len = p[1];
	p += 2;
	left -= 2;
	if (len == 0x80)
		return err_set(e, E_DER_LENGTH, "offset %zu: indefinite "
		    "length", at);
	if (len > 0x80) {
		n = len & 0x7f;
		if (n > 4 || n > left)
			return err_set(e, E_DER_LENGTH, "offset %zu: length of "
			    "%zu bytes", at, n);
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | p[i];
		if (len < 0x80 || p[0] == 0)
			return err_set(e, E_DER_LENGTH, "offset %zu: length is "
			    "not minimal", at);
		p += n;
		left -= n;
	}
	if (len > left)
		return err_set(e, E_DER_LENGTH, "offset %zu: length %zu is "
		    "more than the %zu bytes there are", at, len, left);
	*value = SLICE(p, len);
	return 0;
}

static int
bad_integer(struct slice v)
{
	return v.n == 0 || (v.n > 1 &&
	    ((v.p[0] == 0 && v.p[1] < 0x80) || (v.p[0] == 0xff && v.p[1] >= 0x80)));
}

static int
bad_bits(struct slice v)
{
	return v.n == 0 || v.p[0] > 7 || (v.n == 1 && v.p[0] != 0) ||
	    (v.n > 1 && (v.p[v.n - 1] & ((1u << v.p[0]) - 1)) != 0);
}

/* Sub-identifiers are minimal, complete, and fit into 64 bits. */
static int
bad_oid(struct slice v)
{
	size_t digits = 0;

	if (v.n == 0 || v.n > OID_MAX || v.p[v.n - 1] & 0x80)
		return 1;
	for (size_t i = 0; i < v.n; i++) {
		if (digits == 0 && v.p[i] == 0x80)
			return 1;
		if (++digits > 9)
			return 1;
		if (!(v.p[i] & 0x80))
			digits = 0;
	}
	return 0;
}

static int
all(struct slice v, const char *more)
{
	for (size_t i = 0; i < v.n; i++)
		if (!((v.p[i] >= 'a' && v.p[i] <= 'z') ||
		    (v.p[i] >= 'A' && v.p[i] <= 'Z') ||
		    (v.p[i] >= '0' && v.p[i] <= '9') ||
		    (v.p[i] != 0 && strchr(more, v.p[i]) != NULL)))
			return 0;
	return 1;
}

static int
within(struct slice v, uint8_t lo, uint8_t hi)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < lo || v.p[i] > hi)
			return 0;
	return 1;
}

static int
is_utf8(struct slice v)
{
	uint32_t cp;
	size_t n;

	for (; v.n > 0; v.p += n, v.n -= n)
		if ((n = escape_utf8(v, &cp)) == 0)
			return 0;
	return 1;
}

/* The code of the rule that the content of universal ${tag} breaks. */
static enum err_code
primitive(uint8_t tag, struct slice v)
{
	struct slice in;
	int64_t t;
	int b;

	switch (tag) {
	case DER_BOOLEAN:
		return der_bool_value(v, &b) == -1 ? E_DER_BOOLEAN : E_NONE;
	case DER_INTEGER:
	case DER_ENUMERATED:
		return bad_integer(v) ? E_DER_INTEGER : E_NONE;
	case DER_BIT_STRING:
		return bad_bits(v) ? E_DER_BITS : E_NONE;
	case DER_OCTET_STRING:
	case DER_T61_STRING:
		return E_NONE;
	case DER_NULL:
		return v.n != 0 ? E_DER_NULL : E_NONE;
	case DER_OID:
		return bad_oid(v) ? E_DER_OID : E_NONE;
	case DER_UTF8_STRING:
		return is_utf8(v) ? E_NONE : E_DER_STRING;
	case DER_NUMERIC_STRING:
		return within(v, ' ', '9') && !memchr(v.p, '/', v.n) &&
		    all(v, " ") ? E_NONE : E_DER_STRING;
	case DER_PRINTABLE_STRING:
		return all(v, " '()+,-./:=?") ? E_NONE : E_DER_STRING;
	case DER_IA5_STRING:
		return within(v, 0, 0x7f) ? E_NONE : E_DER_STRING;
	case DER_VISIBLE_STRING:
		return within(v, 0x20, 0x7e) ? E_NONE : E_DER_STRING;
	case DER_BMP_STRING:
		return v.n % 2 ? E_DER_STRING : E_NONE;
	case DER_UNIVERSAL_STRING:
		return v.n % 4 ? E_DER_STRING : E_NONE;
	case DER_UTC_TIME:
	case DER_GENERALIZED_TIME:
		in = SLICE(v.p - 2, v.n + 2);	/* times have short lengths */
		return v.n > 15 || der_time(&in, &t) == -1 ? E_DER_TIME : E_NONE;
	default:
		return E_DER_TAG;
	}
}

/* Rules about a child and its place among its siblings. */
static int
child(struct walk *w, uint8_t tag, struct slice value, struct slice tlv,
    const struct der_limits *limits, struct err *e)
{
	struct level *l = &w->stack[w->depth];
	size_t at = (size_t)(tlv.p - w->start), most = limits->children;

	if (w->depth == 1)
		w->part = tag;
	if (limits->list_in != 0 && w->part == limits->list_in &&
	    w->depth >= limits->list_depth)
		most = limits->list_children;
	if (++l->children > most)
		return err_set(e, E_DER_COUNT, "offset %zu: more than %zu "
		    "elements", at, most);
	if (l->tag == DER_SET) {
		if (l->before.p != NULL && slice_cmp(l->before, tlv) > 0)
			return err_set(e, E_DER_SET, "offset %zu: SET is not "
			    "sorted", at);
		l->before = tlv;
	}
	if (l->children == 1)
		l->first = tag;
	/* Extension ::= SEQUENCE { OID, critical DEFAULT FALSE, ... } */
	if (l->tag == DER_SEQUENCE && l->children == 2 && l->first == DER_OID &&
	    tag == DER_BOOLEAN && value.n == 1 && value.p[0] == 0)
		return err_set(e, E_DER_DEFAULT, "offset %zu: critical FALSE "
		    "is encoded, expected it to be left out", at);
	return 0;
}

/* May this tag be here, and if primitive, is its content well formed? */
static int
content(const struct walk *w, uint8_t tag, struct slice value,
    const uint8_t *p, struct err *e)
{
	size_t at = (size_t)(p - w->start);
	enum err_code bad = E_NONE;

	if ((tag & 0xc0) == 0x80)
		return 0;
	if (tag == DER_SEQUENCE || tag == DER_SET)
		return 0;
	if (tag & 0xe0)
		bad = E_DER_TAG;
	else
		bad = primitive(tag, value);
	if (bad != E_NONE)
		return err_set(e, bad, "offset %zu: element of tag 0x%02x and "
		    "%zu bytes is not valid", at, tag, value.n);
	return 0;
}

int
der_walk(struct slice in, const struct der_limits *limits, unsigned depth,
    struct err *e)
{
	static const uint8_t nothing[1];
	struct slice value = SLICE_NONE;
	struct walk w = { 0 };
	const uint8_t *p;
	uint8_t tag;

	/* An empty buffer has no address, to which not even 0 may be added. */
	if (in.p == NULL)
		in = SLICE(nothing, 0);
	w.start = p = in.p;
	if (in.n > limits->size)
		return err_set(e, E_FILE_SIZE, "%zu bytes, at most %zu are "
		    "allowed", in.n, limits->size);
	w.stack[0] = (struct level){ .end = in.p + in.n };
	do {
		if (header(&w, p, w.stack[w.depth].end, &value, e) == -1)
			return -1;
		tag = p[0];
		if (w.depth == 0 && value.p + value.n != in.p + in.n)
			return err_set(e, E_DER_TRAILING, "%zu bytes follow "
			    "the end of the DER value",
			    (size_t)(in.p + in.n - value.p) - value.n);
		if (content(&w, tag, value, p, e) == -1 ||
		    child(&w, tag, value, SLICE(p, (size_t)(value.p - p) +
		    value.n), limits, e) == -1)
			return -1;
		p = value.p + value.n;
		if (tag & 0x20) {
			if (depth + ++w.depth > limits->depth)
				return err_set(e, E_DER_DEPTH, "offset %zu: "
				    "more than %u levels deep",
				    (size_t)(value.p - in.p), limits->depth);
			w.stack[w.depth] = (struct level){ .tag = tag,
			    .end = value.p + value.n };
			p = value.p;
		}
		while (w.depth > 0 && p == w.stack[w.depth].end)
			w.depth--;
	} while (w.depth > 0);
	return 0;
}

int
der_walk_inner(struct slice in, struct err *e)
{
	/* No message that passed the walk had this deeper than half way. */
	return der_walk(in, &limits_inner, DEPTH_MAX / 2, e);
}

size_t
der_promised(struct slice in)
{
	size_t n, len;

	if (in.n < 2 || in.p[0] != DER_SEQUENCE || in.p[1] == 0x80)
		return 0;
	if (in.p[1] < 0x80)
		return 2 + (size_t)in.p[1];
	n = in.p[1] & 0x7f;
	if (n > 4 || in.n < 2 + n)
		return 0;
	len = 0;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | in.p[2 + i];
	return 2 + n + len;
}
