/* Checking and comparing Names. */
#include "pki/name.h"

#include <string.h>

#include "base/escape.h"
#include "pki/name_attr.h"

/* RFC 5280 appendix A; any string type where none is given. */
static const struct rule {
	enum oid	type;
	uint8_t		tag;
	size_t		max;		/* characters */
} rules[] = {
	{ OID_CN, 0, 64 },
	{ OID_SERIAL_NUMBER, DER_PRINTABLE_STRING, 64 },
	{ OID_C, DER_PRINTABLE_STRING, 2 },
	{ OID_L, 0, 128 },
	{ OID_ST, 0, 128 },
	{ OID_STREET, 0, 128 },
	{ OID_O, 0, 64 },
	{ OID_OU, 0, 64 },
	{ OID_TITLE, 0, 64 },
	{ OID_DN_QUALIFIER, DER_PRINTABLE_STRING, 64 },
	{ OID_PSEUDONYM, 0, 128 },
	{ OID_DC, DER_IA5_STRING, 63 },
	{ OID_UID, 0, 256 },
	{ OID_EMAIL, DER_IA5_STRING, 255 },
	{ OID_UNKNOWN, 0, 32768 },	/* the rest */
};

static const struct rule *
rule_of(struct slice type)
{
	enum oid id = oid_of(type);
	const struct rule *r = rules;

	while (r->type != id && r->type != OID_UNKNOWN)
		r++;
	return r;
}

static int
is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static int
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int
is_printable_string(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_alpha(v.p[i]) && !is_digit(v.p[i]) && (v.p[i] == 0 ||
		    strchr(" '()+,-./:=?", v.p[i]) == NULL))
			return 0;
	return 1;
}

/* Letters, digits and inner hyphens. */
static int
is_label(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_alpha(v.p[i]) && !is_digit(v.p[i]) &&
		    (v.p[i] != '-' || i == 0 || i == v.n - 1))
			return 0;
	return 1;
}

/* The characters of ${a} that count, or -1 if there is one that must not be. */
static int
count_chars(const struct name_attr *a, const char *type, size_t *count,
    struct err *e)
{
	struct name_chars c = { a->value, a->tag };
	size_t n = 0, blanks = 0;
	int32_t cp;

	while ((cp = name_char(&c)) >= 0) {
		if (escape_deceptive((uint32_t)cp))
			return err_set(e, E_NAME_SYNTAX, "%s: character %zu is "
			    "U+%04X, expected no control or invisible "
			    "character", type, n + 1, (unsigned)cp);
		n++;
		blanks += cp == ' ';
	}
	if (cp == NAME_CHAR_BAD)
		return err_set(e, E_NAME_SYNTAX, "%s: character %zu is not "
		    "valid in a string of tag 0x%02x", type, n + 1, a->tag);
	if (n == blanks)
		return err_set(e, E_NAME_SYNTAX, "%s: value is empty", type);
	*count = n;
	return 0;
}

static int
check_attr(const struct name_attr *a, struct err *e)
{
	const struct rule *r = rule_of(a->type);
	char type[OID_TEXT];
	size_t n = 0;

	name_type_text(type, a->type);
	if (!name_is_string(a->tag))
		return err_set(e, E_NAME_SYNTAX, "%s: value has tag 0x%02x, "
		    "expected a string", type, a->tag);
	if (r->tag != 0 && a->tag != r->tag)
		return err_set(e, E_NAME_SYNTAX, "%s: value has tag 0x%02x, "
		    "expected %s", type, a->tag, r->tag == DER_IA5_STRING ?
		    "IA5String" : "PrintableString");
	if (count_chars(a, type, &n, e) == -1)
		return -1;
	if (n > r->max)
		return err_set(e, E_NAME_SYNTAX, "%s: %zu characters, at most "
		    "%zu are allowed", type, n, r->max);
	if (a->tag == DER_PRINTABLE_STRING && !is_printable_string(a->value))
		return err_set(e, E_NAME_SYNTAX, "%s: value has a character "
		    "that PrintableString has not", type);
	if (r->type == OID_C && (n != 2 || !is_alpha(a->value.p[0]) ||
	    !is_alpha(a->value.p[1])))
		return err_set(e, E_NAME_SYNTAX, "C: expected two letters");
	if (r->type == OID_DC && !is_label(a->value))
		return err_set(e, E_NAME_SYNTAX, "DC: expected one DNS label "
		    "of letters, digits and inner hyphens");
	return 0;
}

int
name_check(struct slice name, struct err *e)
{
	struct slice rdns, rdn;
	struct name_attr a;
	size_t count = 0;

	if (name.n > NAME_SIZE_MAX)
		return err_set(e, E_NAME_SYNTAX, "name has %zu bytes, at most "
		    "%d are allowed", name.n, NAME_SIZE_MAX);
	if (der_only(name, DER_SEQUENCE, &rdns) == -1)
		return err_set(e, E_NAME_SYNTAX, "name is not a SEQUENCE");
	while (rdns.n > 0) {
		if (der_get(&rdns, DER_SET, &rdn) == -1 || rdn.n == 0)
			return err_set(e, E_NAME_SYNTAX, "expected an RDN of "
			    "one or more attributes after %zu", count);
		while (rdn.n > 0) {
			if (++count > NAME_RDN_MAX)
				return err_set(e, E_NAME_SYNTAX, "name has "
				    "more than %d attributes", NAME_RDN_MAX);
			if (name_next_attr(&rdn, &a) == -1)
				return err_set(e, E_NAME_SYNTAX, "attribute "
				    "%zu is not a type and a value", count);
			if (check_attr(&a, e) == -1)
				return -1;
		}
	}
	return 0;
}

int
name_is_empty(struct slice name)
{
	return slice_eq(name, SLICE_LIT("\x30\x00"));
}

/* Characters as they count in a comparison. */
struct folded {
	struct name_chars c;
	int		 started;
	int32_t		 ahead;		/* read after a blank; NONE if none */
};
#define NONE	(-3)

static int32_t
lower(int32_t cp)
{
	return cp >= 'A' && cp <= 'Z' ? cp + 0x20 : cp;
}

static int32_t
next_folded(struct folded *f)
{
	int32_t cp = f->ahead;
	int blank = 0;

	if (cp != NONE) {
		f->ahead = NONE;
		return lower(cp);
	}
	while ((cp = name_char(&f->c)) == ' ')
		blank = 1;
	if (blank && f->started && cp >= 0) {
		f->ahead = cp;
		return ' ';
	}
	f->started = 1;
	return lower(cp);
}

static int
attr_eq(const struct name_attr *a, const struct name_attr *b)
{
	struct folded fa = { { a->value, a->tag }, 0, NONE };
	struct folded fb = { { b->value, b->tag }, 0, NONE };
	int32_t ca;

	if (!slice_eq(a->type, b->type))
		return 0;
	if (slice_eq(a->tlv, b->tlv))
		return 1;
	if (!name_is_string(a->tag) || !name_is_string(b->tag))
		return 0;
	do {
		ca = next_folded(&fa);
		if (ca != next_folded(&fb) || ca == NAME_CHAR_BAD)
			return 0;
	} while (ca != NAME_CHAR_END);
	return 1;
}

/*
 * The order within an RDN depends on string types and case, so it does not
 * count.  Equality is transitive: the first partner found is as good as any.
 */
static int
rdn_eq(struct slice a, struct slice b)
{
	struct name_attr of_b[NAME_RDN_MAX], at;
	size_t n = 0, left, i;

	if (slice_eq(a, b))
		return 1;
	for (; b.n > 0; n++)
		if (n == NAME_RDN_MAX || name_next_attr(&b, &of_b[n]) == -1)
			return 0;
	for (left = n; a.n > 0; left--) {
		if (left == 0 || name_next_attr(&a, &at) == -1)
			return 0;
		for (i = 0; i < left && !attr_eq(&at, &of_b[i]); i++)
			;
		if (i == left)
			return 0;
		of_b[i] = of_b[left - 1];
	}
	return left == 0;
}

/* Is each RDN of ${base} the next one of ${name}?  What is left of it. */
static int
starts_with(struct slice base, struct slice name, struct slice *rest)
{
	struct slice a, b;

	if (der_only(base, DER_SEQUENCE, &base) == -1 ||
	    der_only(name, DER_SEQUENCE, &name) == -1)
		return 0;
	while (base.n > 0)
		if (der_get(&base, DER_SET, &a) == -1 ||
		    der_get(&name, DER_SET, &b) == -1 || !rdn_eq(a, b))
			return 0;
	*rest = name;
	return 1;
}

int
name_eq(struct slice a, struct slice b)
{
	struct slice rest;

	if (a.n > 0 && slice_eq(a, b))
		return 1;
	return starts_with(a, b, &rest) && rest.n == 0;
}

int
name_within(struct slice base, struct slice name)
{
	struct slice rest;

	return starts_with(base, name, &rest);
}

int
name_attribute(struct slice name, enum oid type, struct slice *value)
{
	struct slice rdns, rdn = SLICE_NONE;
	struct name_attr a;

	if (der_only(name, DER_SEQUENCE, &rdns) == -1)
		return 0;
	while (name_each_attr(&rdns, &rdn, &a) == 1)
		if (oid_of(a.type) == type) {
			*value = a.value;
			return 1;
		}
	return 0;
}
