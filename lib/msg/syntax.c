#include "msg/syntax.h"

int
syntax_bad(struct err *e, const char *what, const char *expected)
{
	return err_set(e, E_SYNTAX, "%s: expected %s", what, expected);
}

int
syntax_int(struct slice *in, int64_t *v, const char *what, struct err *e)
{
	struct slice value;

	if (der_get(in, DER_INTEGER, &value) == -1 || value.n == 0)
		return syntax_bad(e, what, "an INTEGER");
	if (der_int64_value(value, v) == -1)
		*v = value.p[0] & 0x80 ? INT64_MIN : INT64_MAX;
	return 0;
}

int
syntax_implicit_int(struct slice v, const char *what, struct err *e)
{
	if (v.n == 0 || (v.n > 1 && ((v.p[0] == 0 && v.p[1] < 0x80) ||
	    (v.p[0] == 0xff && v.p[1] >= 0x80))))
		return syntax_bad(e, what, "a minimal INTEGER");
	return 0;
}

int
syntax_implicit_bits(struct slice v, const char *what, struct err *e)
{
	if (v.n == 0 || v.p[0] > 7 || (v.n == 1 && v.p[0] != 0) ||
	    (v.p[v.n - 1] & ((1u << v.p[0]) - 1) && v.n > 1))
		return syntax_bad(e, what, "a BIT STRING");
	return 0;
}

int
syntax_opt(struct slice *in, unsigned n, uint8_t tag, struct slice *value,
    struct slice *tlv, const char *what, struct err *e)
{
	struct slice wrap;

	if (!der_opt(in, DER_CTX(n), &wrap))
		return 0;
	if (der_only(wrap, tag, value) == -1)
		return err_set(e, E_SYNTAX, "%s: expected one element of tag "
		    "0x%02x in [%u]", what, tag, n);
	if (tlv)
		*tlv = wrap;
	return 1;
}

int
syntax_list(struct slice content, uint8_t tag, const char *what,
    struct err *e)
{
	if (content.n == 0)
		return syntax_bad(e, what, "at least one element");
	while (content.n > 0)
		if (der_get(&content, tag, NULL) == -1)
			return err_set(e, E_SYNTAX, "%s: found an element of "
			    "tag 0x%02x, expected 0x%02x", what, content.p[0],
			    tag);
	return 0;
}

int
syntax_attributes(struct slice content, const char *what, struct err *e)
{
	struct slice one;

	if (content.n == 0)
		return syntax_bad(e, what, "at least one element");
	while (content.n > 0)
		if (der_get(&content, DER_SEQUENCE, &one) == -1 ||
		    der_get(&one, DER_OID, NULL) == -1 ||
		    der_any(&one, NULL, NULL, NULL) == -1 || one.n != 0)
			return syntax_bad(e, what, "a SEQUENCE of an OID and "
			    "one value");
	return 0;
}

int
syntax_algid(struct slice tlv, const char *what, struct err *e)
{
	struct slice in;

	if (der_only(tlv, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, NULL) == -1 ||
	    (in.n > 0 && der_any(&in, NULL, NULL, NULL) == -1) || in.n != 0)
		return syntax_bad(e, what, "an AlgorithmIdentifier");
	return 0;
}

int
syntax_name(struct slice tlv, const char *what, struct err *e)
{
	struct slice rdns, rdn, ava;

	if (der_only(tlv, DER_SEQUENCE, &rdns) == -1)
		return syntax_bad(e, what, "a Name");
	while (rdns.n > 0) {
		if (der_get(&rdns, DER_SET, &rdn) == -1 || rdn.n == 0)
			return syntax_bad(e, what, "a Name");
		while (rdn.n > 0)
			if (der_get(&rdn, DER_SEQUENCE, &ava) == -1 ||
			    der_get(&ava, DER_OID, NULL) == -1 ||
			    der_any(&ava, NULL, NULL, NULL) == -1 ||
			    ava.n != 0)
				return syntax_bad(e, what, "a Name");
	}
	return 0;
}

static int
is_ia5(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 0x80)
			return 0;
	return 1;
}

/* AnotherName: an OID and one value in [0]. */
static int
is_other_name(struct slice v)
{
	struct slice value;

	return der_get(&v, DER_OID, NULL) == 0 &&
	    der_only(v, DER_CTX(0), &value) == 0 &&
	    der_any(&value, NULL, NULL, NULL) == 0 && value.n == 0;
}

static int
is_directory_string(struct slice v)
{
	struct slice s = SLICE_NONE;
	uint8_t tag = 0;

	return der_any(&v, &tag, &s, NULL) == 0 && v.n == 0 && s.n > 0 &&
	    (tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING ||
	    tag == DER_T61_STRING || tag == DER_BMP_STRING ||
	    tag == DER_UNIVERSAL_STRING);
}

/* EDIPartyName: who names, in [0], may be left out; whom, in [1]. */
static int
is_edi_party_name(struct slice v)
{
	struct slice s;

	if (der_opt(&v, DER_CTX(0), &s) && !is_directory_string(s))
		return 0;
	return der_only(v, DER_CTX(1), &s) == 0 && is_directory_string(s);
}

int
syntax_general_name(struct slice tlv, const char *what, struct err *e)
{
	struct slice v = SLICE_NONE;
	uint8_t tag = 0;
	int good;

	good = der_any(&tlv, &tag, &v, NULL) == 0 && tlv.n == 0;
	switch (tag) {
	case DER_CTX(4):
		return good ? syntax_name(v, what, e) :
		    syntax_bad(e, what, "a GeneralName");
	case DER_CTX(0):
		good = good && is_other_name(v);
		break;
	case DER_CTX(3):
		break;
	case DER_CTX(5):
		good = good && is_edi_party_name(v);
		break;
	case DER_CTXP(1):
	case DER_CTXP(2):
	case DER_CTXP(6):
		good = good && is_ia5(v);
		break;
	case DER_CTXP(7):
		break;
	case DER_CTXP(8):
		good = good && v.n > 0 && v.p[0] != 0x80 &&
		    !(v.p[v.n - 1] & 0x80);
		break;
	default:
		good = 0;
	}
	return good ? 0 : syntax_bad(e, what, "a GeneralName");
}

int
syntax_extensions(struct slice content, const char *what, struct err *e)
{
	struct slice x;

	if (content.n == 0)
		return syntax_bad(e, what, "at least one Extension");
	while (content.n > 0) {
		if (der_get(&content, DER_SEQUENCE, &x) == -1 ||
		    der_get(&x, DER_OID, NULL) == -1)
			return syntax_bad(e, what, "an Extension");
		der_opt(&x, DER_BOOLEAN, NULL);
		if (der_get(&x, DER_OCTET_STRING, NULL) == -1 || x.n != 0)
			return syntax_bad(e, what, "an Extension");
	}
	return 0;
}
