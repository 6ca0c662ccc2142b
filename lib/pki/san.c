/* GeneralNames: reading, checking, text and patterns. */
#include "pki/san.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "pki/name.h"

#define HEX_SHOWN	64

/* Their tags, and the names before the colon; not all may be asked for. */
static const struct {
	uint8_t		 tag;
	const char	*name;
	int		 usable;
} kinds[] = {
	[SAN_OTHER] = { 0xa0, "other", 0 },
	[SAN_EMAIL] = { 0x81, "email", 1 },
	[SAN_DNS] = { 0x82, "dns", 1 },
	[SAN_X400] = { 0xa3, "x400", 0 },
	[SAN_DN] = { 0xa4, "dn", 1 },
	[SAN_EDI] = { 0xa5, "edi", 0 },
	[SAN_URI] = { 0x86, "uri", 1 },
	[SAN_IP] = { 0x87, "ip", 1 },
	[SAN_RID] = { 0x88, "rid", 1 },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))
#define FORMS	"dns:, ip:, email:, uri:, dn: or rid:"

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

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
}

/* Printable ASCII but no blank. */
static int
is_visible(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] > '~')
			return 0;
	return 1;
}

/* Is every byte of ${v} a digit or a dot: not a name but a cut address? */
static int
is_numeric(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_digit(v.p[i]) && v.p[i] != '.')
			return 0;
	return 1;
}

static int
is_label(struct slice v)
{
	if (v.n < 1 || v.n > 63)
		return 0;
	for (size_t i = 0; i < v.n; i++)
		if (!is_alpha(v.p[i]) && !is_digit(v.p[i]) &&
		    (v.p[i] != '-' || i == 0 || i == v.n - 1))
			return 0;
	return 1;
}

/* The fault functions return what was expected, or NULL if all is well. */
static const char *
dns_fault(struct slice v, int wildcard)
{
	size_t from = 0;

	if (v.n < 1 || v.n > 253)
		return "1 to 253 characters";
	if (v.n > 1 && v.p[0] == '*' && v.p[1] == '.') {
		if (!wildcard)
			return "no wildcard";
		from = 2;
	}
	if (is_numeric(v))
		return "a DNS name, not an IP address";
	for (size_t i = from; i <= v.n; i++) {
		if (i < v.n && v.p[i] != '.')
			continue;
		if (!is_label(SLICE(v.p + from, i - from)))
			return "labels of 1 to 63 letters, digits and inner "
			    "hyphens";
		from = i + 1;
	}
	return NULL;
}

static const char *
email_fault(struct slice v)
{
	const uint8_t *at = v.n ? memchr(v.p, '@', v.n) : NULL;
	size_t left;

	if (!is_visible(v) || v.n > 254)
		return "at most 254 printable ASCII characters without blanks";
	if (at == NULL || at == v.p)
		return "local-part@domain";
	left = v.n - (size_t)(at - v.p) - 1;
	if (left == 0 || memchr(at + 1, '@', left) != NULL)
		return "local-part@domain";
	return NULL;
}

static const char *
uri_fault(struct slice v)
{
	size_t n = 0;

	if (!is_visible(v) || v.n > 2048)
		return "at most 2048 printable ASCII characters without blanks";
	while (n < v.n && (is_alpha(v.p[n]) || (n > 0 && (is_digit(v.p[n]) ||
	    v.p[n] == '+' || v.p[n] == '-' || v.p[n] == '.'))))
		n++;
	if (n == 0 || n + 1 >= v.n || v.p[n] != ':')
		return "a scheme, \":\" and more";
	return NULL;
}

/* The walk does not look into context tags: let it see a universal one. */
static const char *
rid_fault(struct slice v)
{
	uint8_t tlv[2 + 64] = { DER_OID, (uint8_t)v.n };
	struct err ignored = { 0 };

	if (v.n < 1 || v.n > 64)
		return "an object identifier of at most 64 octets";
	memcpy(tlv + 2, v.p, v.n);
	if (der_walk_inner(SLICE(tlv, 2 + v.n), &ignored) == -1)
		return "an object identifier";
	return NULL;
}

static int
check_entry(enum san_type type, struct slice v, int wildcard,
    enum err_code code, struct err *e)
{
	const char *fault = NULL;
	char shown[ESCAPE_SHORT];

	switch (type) {
	case SAN_EMAIL:
		fault = email_fault(v);
		break;
	case SAN_DNS:
		fault = dns_fault(v, wildcard);
		break;
	case SAN_URI:
		fault = uri_fault(v);
		break;
	case SAN_RID:
		fault = rid_fault(v);
		break;
	case SAN_IP:
		if (v.n != 4 && v.n != 16)
			return err_set(e, code, "ip: %zu octets, expected 4 "
			    "or 16", v.n);
		break;
	case SAN_DN:
		if (name_is_empty(v))
			return err_set(e, code, "dn: name is empty");
		if (name_check(v, e) == -1) {
			err_wrap(e, "dn");
			e->code = code;
			return -1;
		}
		break;
	default:
		return err_set(e, code, "%s: names of this type are not "
		    "issued, expected " FORMS, kinds[type].name);
	}
	if (fault == NULL)
		return 0;
	if (type == SAN_RID)
		escape_hex_short(shown, v);
	else
		escape_short(shown, v);
	return err_set(e, code, "%s: \"%s\": expected %s", kinds[type].name,
	    shown, fault);
}

/* The type named before the colon of ${text}; where the value starts. */
static int
kind_of(const char *text, enum san_type *type, const char **value)
{
	const char *colon = strchr(text, ':');
	size_t n;

	if (colon == NULL)
		return -1;
	n = (size_t)(colon - text);
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].usable && strlen(kinds[i].name) == n &&
		    strncasecmp(text, kinds[i].name, n) == 0) {
			*type = (enum san_type)i;
			*value = colon + 1;
			return 0;
		}
	return -1;
}

/* An address of either family: its octets, or 0. */
static size_t
ip_parse(const char *text, uint8_t octets[static 16])
{
	if (inet_pton(AF_INET, text, octets) == 1)
		return 4;
	return inet_pton(AF_INET6, text, octets) == 1 ? 16 : 0;
}

/* The octets of the value after the colon, appended to ${out}. */
static int
value_parse(enum san_type type, const char *text, struct buf *out,
    struct err *e)
{
	char shown[ESCAPE_SHORT];
	uint8_t octets[64];
	size_t n = 0;

	switch (type) {
	case SAN_DN:
		if (name_parse(text, out, e) == -1) {
			e->code = E_USAGE;
			return -1;
		}
		return 0;
	case SAN_IP:
		n = ip_parse(text, octets);
		break;
	case SAN_RID:
		n = oid_parse(text, strlen(text), octets);
		break;
	default:
		buf_add_str(out, text);
		return 0;
	}
	if (n == 0)
		return err_set(e, E_USAGE, "%s: \"%s\": expected %s",
		    kinds[type].name, escape_short(shown, slice_str(text)),
		    type == SAN_IP ? "an IPv4 or IPv6 address" :
		    "a dotted object identifier");
	buf_add(out, octets, n);
	return 0;
}

int
san_parse(const char *text, struct buf *out, struct err *e)
{
	char shown[ESCAPE_SHORT];
	enum san_type type;
	const char *rest;
	struct buf v;
	struct derw w;
	int rc = -1;

	buf_init(&v, 4096);
	derw_init(&w, 8192);
	if (kind_of(text, &type, &rest) == -1) {
		err_set(e, E_USAGE, "\"%s\": expected " FORMS " before it",
		    escape_short(shown, slice_str(text)));
		goto out;
	}
	if (value_parse(type, rest, &v, e) == -1)
		goto out;
	if (buf_bad(&v)) {
		err_set(e, E_USAGE, "%s: value is too long", kinds[type].name);
		goto out;
	}
	if (check_entry(type, buf_slice(&v), 1, E_USAGE, e) == -1)
		goto out;
	derw_prim(&w, kinds[type].tag, buf_slice(&v));
	if (derw_bad(&w)) {
		derw_err(&w, "subjectAltName", e);
		goto out;
	}
	buf_add_slice(out, derw_slice(&w));
	rc = 0;
out:
	derw_release(&w);
	buf_release(&v);
	return rc;
}

int
san_next(struct slice *in, enum san_type *type, struct slice *value)
{
	struct slice at = *in, v, name;
	uint8_t tag;

	if (der_any(&at, &tag, &v, NULL) == -1)
		return -1;
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds[i].tag != tag)
			continue;
		name = v;
		if (i == SAN_DN && (der_get_tlv(&v, DER_SEQUENCE, &name) == -1 ||
		    v.n != 0))
			return -1;
		*type = (enum san_type)i;
		*value = name;
		*in = at;
		return 0;
	}
	return -1;
}

int
san_check(struct slice names, int wildcard, struct err *e)
{
	struct slice in, v;
	enum san_type type;
	size_t n = 0;

	if (der_only(names, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return err_set(e, E_TMPL_SAN, "subjectAltName is %s, expected "
		    "1 to %d names", names.n == 2 ? "empty" :
		    "not a SEQUENCE", SAN_MAX);
	while (in.n > 0) {
		if (++n > SAN_MAX)
			return err_set(e, E_TMPL_SAN, "subjectAltName has more "
			    "than %d names", SAN_MAX);
		if (san_next(&in, &type, &v) == -1)
			return err_set(e, E_TMPL_SAN, "subjectAltName entry "
			    "%zu is not a GeneralName", n);
		if (check_entry(type, v, wildcard, E_TMPL_SAN, e) == -1)
			return err_wrap(e, "subjectAltName entry %zu", n);
	}
	return 0;
}

/* The canonical text of an address; "" if it is none. */
static const char *
ip_text(char t[static INET6_ADDRSTRLEN], struct slice v)
{
	t[0] = '\0';
	if (v.n == 4 || v.n == 16)
		inet_ntop(v.n == 4 ? AF_INET : AF_INET6, v.p, t,
		    INET6_ADDRSTRLEN);
	return t;
}

void
san_text(struct buf *out, enum san_type type, struct slice value)
{
	char ip[INET6_ADDRSTRLEN], oid[OID_TEXT];

	buf_add_str(out, kinds[type].name);
	buf_add_u8(out, ':');
	switch (type) {
	case SAN_EMAIL:
	case SAN_DNS:
	case SAN_URI:
		escape_text(out, value, value.n);
		return;
	case SAN_DN:
		name_text(out, value);
		return;
	case SAN_RID:
		buf_add_str(out, oid_text(oid, value));
		return;
	case SAN_IP:
		if (*ip_text(ip, value) != '\0') {
			buf_add_str(out, ip);
			return;
		}
		break;
	default:
		break;
	}
	buf_add_u8(out, '#');
	escape_hex(out, value.n > HEX_SHOWN ? SLICE(value.p, HEX_SHOWN) : value);
	if (value.n > HEX_SHOWN)
		buf_add_str(out, "...");
}

/* An address may be written in many ways: compare octets if it is whole. */
static int
ip_match(const char *pattern, struct slice value)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	size_t n = ip_parse(pattern, octets);

	if (n > 0)
		return slice_eq(SLICE(octets, n), value);
	ip_text(text, value);
	return name_glob(slice_str(pattern), slice_str(text), 1);
}

int
san_match(const char *pattern, enum san_type type, struct slice value)
{
	struct err ignored = { 0 };
	char oid[OID_TEXT];
	enum san_type asked;
	const char *p;

	if (kind_of(pattern, &asked, &p) == -1 || asked != type ||
	    check_entry(type, value, 1, E_TMPL_SAN, &ignored) == -1)
		return 0;
	if (strcmp(p, "*") == 0)
		return 1;
	switch (type) {
	case SAN_DN:
		return name_match(p, value, SLICE_NONE);
	case SAN_IP:
		return ip_match(p, value);
	case SAN_RID:
		oid_text(oid, value);
		return name_glob(slice_str(p), slice_str(oid), 0);
	default:
		return name_glob(slice_str(p), value, type == SAN_DNS);
	}
}

/* What a pattern of ${type} may be made of, or NULL if all is well. */
static const char *
pattern_fault(enum san_type type, const char *p)
{
	uint8_t octets[16];
	size_t n = strlen(p);

	if (n == 0)
		return "\"*\" or a value";
	switch (type) {
	case SAN_DNS:
		if (n != strspn(p, "*.-abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
			return "letters, digits, \"-\", \".\" and \"*\"";
		return NULL;
	case SAN_IP:
		if (n != strspn(p, "*.:0123456789abcdefABCDEF") ||
		    (strchr(p, '*') == NULL && ip_parse(p, octets) == 0))
			return "an IP address, or part of one and \"*\"";
		return NULL;
	case SAN_RID:
		if (n != strspn(p, "*.0123456789"))
			return "a dotted object identifier, with \"*\"";
		return NULL;
	default:
		if (!is_visible(slice_str(p)))
			return "printable ASCII without blanks";
		return NULL;
	}
}

int
san_pattern_check(const char *pattern, struct err *e)
{
	char shown[ESCAPE_SHORT];
	const char *p, *fault;
	enum san_type type;

	escape_short(shown, slice_str(pattern));
	if (kind_of(pattern, &type, &p) == -1)
		return err_set(e, E_CONF, "\"%s\": expected " FORMS
		    " before it", shown);
	if (type == SAN_DN && strcmp(p, "*") != 0)
		return name_pattern_check(p, e);
	if ((fault = pattern_fault(type, p)) != NULL)
		return err_set(e, E_CONF, "\"%s\": expected %s after the "
		    "colon", shown, fault);
	return 0;
}

/* Not strncasecmp(): a NUL within must not end the comparison. */
static int
dns_same(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return 0;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return 0;
	return 1;
}

int
san_same(enum san_type at, struct slice a, enum san_type bt, struct slice b)
{
	if (at != bt)
		return 0;
	if (at == SAN_DN)
		return name_eq(a, b);
	if (at == SAN_DNS)
		return dns_same(a, b);
	return slice_eq(a, b);
}
