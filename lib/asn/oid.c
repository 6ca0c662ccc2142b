#include "asn/oid.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char	*name, *dotted;
	struct slice	 bytes;
	const char	*attribute;
} oids[OID__COUNT] = {
	[OID_UNKNOWN] = { "", "", { NULL, 0 }, NULL },
#define OID(id, name, dotted, bytes, rfc4514) \
	[id] = { name, dotted, { (const uint8_t *)bytes, sizeof(bytes) - 1 }, \
	    rfc4514 },
#include "asn/oid.def"
#undef OID
};

enum oid
oid_of(struct slice v)
{
	/* Most differ in the last octet: compare it before the rest. */
	for (enum oid i = 1; i < OID__COUNT; i++)
		if (v.n == oids[i].bytes.n && v.n > 0 &&
		    v.p[v.n - 1] == oids[i].bytes.p[v.n - 1] &&
		    memcmp(v.p, oids[i].bytes.p, v.n) == 0)
			return i;
	return OID_UNKNOWN;
}

struct slice
oid_bytes(enum oid id)
{
	return oids[id].bytes;
}

const char *
oid_name(enum oid id)
{
	return oids[id].name;
}

const char *
oid_attribute(enum oid id)
{
	return oids[id].attribute;
}

static int
same(const char *s, size_t n, const char *name)
{
	return name != NULL && strlen(name) == n && strncasecmp(s, name, n) == 0;
}

enum oid
oid_by_attribute(const char *s, size_t n)
{
	for (enum oid i = 1; i < OID__COUNT; i++)
		if (oids[i].attribute != NULL && (same(s, n, oids[i].attribute) ||
		    same(s, n, oids[i].name)))
			return i;
	return OID_UNKNOWN;
}

enum oid
oid_by_name(const char *s, size_t n)
{
	for (enum oid i = 1; i < OID__COUNT; i++)
		if (same(s, n, oids[i].name))
			return i;
	return OID_UNKNOWN;
}

const char *
oid_text(char t[static OID_TEXT], struct slice v)
{
	uint64_t sub = 0;
	size_t at = 0;
	int first = 1;

	t[0] = '\0';
	for (size_t i = 0; i < v.n && at < OID_TEXT - 24; i++) {
		sub = sub << 7 | (v.p[i] & 0x7f);
		if (v.p[i] & 0x80)
			continue;
		if (first && sub < 80)
			at += (size_t)snprintf(t + at, OID_TEXT - at,
			    "%u.%u", (unsigned)sub / 40, (unsigned)sub % 40);
		else if (first)
			at += (size_t)snprintf(t + at, OID_TEXT - at,
			    "2.%llu", (unsigned long long)sub - 80);
		else
			at += (size_t)snprintf(t + at, OID_TEXT - at,
			    ".%llu", (unsigned long long)sub);
		first = 0;
		sub = 0;
	}
	return t;
}

static size_t
put(uint8_t out[static 64], size_t at, uint64_t v)
{
	size_t digits = 1;

	for (uint64_t left = v >> 7; left > 0; left >>= 7)
		digits++;
	if (at + digits > 64)
		return 0;
	for (size_t i = 0; i < digits; i++)
		out[at + i] = (uint8_t)((v >> 7 * (digits - 1 - i) & 0x7f) |
		    (i + 1 < digits ? 0x80 : 0));
	return at + digits;
}

size_t
oid_parse(const char *s, size_t n, uint8_t out[static 64])
{
	uint64_t arc[2] = { 0, 0 }, v;
	size_t at = 0, i = 0, count = 0;

	while (i < n) {
		if (s[i] < '0' || s[i] > '9' ||
		    (s[i] == '0' && i + 1 < n && s[i + 1] != '.'))
			return 0;
		for (v = 0; i < n && s[i] >= '0' && s[i] <= '9'; i++) {
			if (v > (UINT64_MAX >> 8) / 10)
				return 0;
			v = v * 10 + (uint64_t)(s[i] - '0');
		}
		if (count < 2)
			arc[count] = v;
		if (count == 1 && (arc[0] > 2 || (arc[0] < 2 && v > 39)))
			return 0;
		if (count >= 1 && (at = put(out, at, count == 1 ?
		    arc[0] * 40 + v : v)) == 0)
			return 0;
		count++;
		if (i < n && s[i++] != '.')
			return 0;
		if (i == n && s[n - 1] == '.')
			return 0;
	}
	return count >= 2 ? at : 0;
}
