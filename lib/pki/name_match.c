/* Patterns of enrol rules against names. */
#include "pki/name.h"

#include <string.h>

#include "pki/name_attr.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
}

/*
 * Only the last star is ever tried again: what an earlier one took is the
 * least it could take.  Quadratic at worst.
 */
static int
glob(struct slice pat, struct slice text, int fold, uint8_t star)
{
	size_t p = 0, t = 0, after = 0, taken = 0;

	while (t < text.n) {
		if (p < pat.n && pat.p[p] == star) {
			after = ++p;	/* a star takes one byte at least */
			taken = ++t;
		} else if (p < pat.n && (pat.p[p] == text.p[t] || (fold &&
		    lower(pat.p[p]) == lower(text.p[t])))) {
			p++;
			t++;
		} else if (after > 0) {
			p = after;
			t = ++taken;
		} else {
			return 0;
		}
	}
	return p == pat.n;
}

int
name_glob(struct slice pattern, struct slice text, int fold)
{
	return glob(pattern, text, fold, '*');
}

struct match {
	struct name_parts parts;
	struct slice	 sender;
	struct name_attr attr[NAME_RDN_MAX];
	uint16_t	 fits[NAME_RDN_MAX];	/* part i fits attributes */
	int		 owner[NAME_RDN_MAX];	/* part of attribute j, or -1 */
};

static int
collect(struct slice name, struct match *m)
{
	struct slice rdns, rdn = SLICE_NONE;
	size_t n = 0;
	int r = 0;

	if (name.n > NAME_SIZE_MAX ||
	    der_only(name, DER_SEQUENCE, &rdns) == -1)
		return -1;
	while (n < m->parts.n &&
	    (r = name_each_attr(&rdns, &rdn, &m->attr[n])) == 1)
		n++;
	if (r == -1 || n != m->parts.n || rdns.n != 0 || rdn.n != 0)
		return -1;
	return 0;
}

/* Append the value of the only attribute ${type} of ${sender}. */
static int
insert(struct slice sender, enum oid type, struct buf *out)
{
	struct slice rdns, rdn = SLICE_NONE;
	struct name_attr a, found = { .tag = 0 };
	size_t n = 0, before = out->n;
	int r;

	if (sender.n > NAME_SIZE_MAX ||
	    der_only(sender, DER_SEQUENCE, &rdns) == -1)
		return -1;
	while ((r = name_each_attr(&rdns, &rdn, &a)) == 1)
		if (oid_of(a.type) == type) {
			found = a;
			n++;
		}
	if (r == -1 || n != 1 || name_value_text(&found, out) == -1 ||
	    out->n == before)
		return -1;
	return 0;
}

/* The value of part ${i} with the sender's values in their places. */
static int
fill(const struct match *m, size_t i, struct buf *out)
{
	struct slice v = name_part_value(&m->parts, i);

	for (size_t k = 0; k < v.n; k++) {
		if (v.p[k] != NAME_INSERT)
			buf_add_u8(out, v.p[k]);
		else if (insert(m->sender, v.p[++k], out) == -1)
			return -1;
	}
	return buf_bad(out) ? -1 : 0;
}

static int
value_fits(const struct match *m, size_t i, struct slice pattern,
    const struct name_attr *a)
{
	struct buf text;
	int fits;

	if (m->parts.part[i].hex)
		return slice_eq(name_part_value(&m->parts, i), a->tlv);
	buf_init(&text, 2 * NAME_SIZE_MAX);
	fits = name_value_text(a, &text) == 0 && !buf_bad(&text) &&
	    glob(pattern, buf_slice(&text), 1, NAME_STAR);
	buf_release(&text);
	return fits;
}

static int
find_fits(struct match *m, size_t i)
{
	const struct name_part *part = &m->parts.part[i];
	struct buf pattern;

	m->fits[i] = 0;
	buf_init(&pattern, 4 * NAME_PARTS_MAX);
	if (part->hex || fill(m, i, &pattern) == 0)
		for (size_t j = 0; j < m->parts.n; j++)
			if (slice_eq(SLICE(part->type, part->type_n),
			    m->attr[j].type) && value_fits(m, i,
			    buf_slice(&pattern), &m->attr[j]))
				m->fits[i] |= (uint16_t)(1u << j);
	buf_release(&pattern);
	return m->fits[i] != 0;
}

/*
 * Give part ${i} an attribute, moving others if need be (augmenting paths).
 * Each attribute is looked at once, so depth and cost stay below 16 and 256.
 */
static int
assign(struct match *m, size_t i, uint16_t *seen)
{
	for (size_t j = 0; j < m->parts.n; j++) {
		if (!(m->fits[i] & ~*seen & 1u << j))
			continue;
		*seen |= (uint16_t)(1u << j);
		if (m->owner[j] == -1 ||
		    assign(m, (size_t)m->owner[j], seen)) {
			m->owner[j] = (int)i;
			return 1;
		}
	}
	return 0;
}

int
name_match(const char *pattern, struct slice name, struct slice sender)
{
	struct match m = { .sender = sender };
	struct err ignored = { 0 };
	uint16_t seen;
	int ok;

	ok = name_parts_read(&m.parts, pattern, 1, &ignored) == 0 &&
	    collect(name, &m) == 0;
	for (size_t i = 0; ok && i < m.parts.n; i++) {
		m.owner[i] = -1;
		ok = find_fits(&m, i);
	}
	for (size_t i = 0; ok && i < m.parts.n; i++) {
		seen = 0;
		ok = assign(&m, i, &seen);
	}
	name_parts_release(&m.parts);
	return ok;
}

int
name_pattern_check(const char *pattern, struct err *e)
{
	struct name_parts p;
	int rc = name_parts_read(&p, pattern, 1, e);

	name_parts_release(&p);
	return rc;
}
