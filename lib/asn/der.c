/* The cursor: one element at a time off the front of a slice. */
#include "asn/der.h"

#include <stdio.h>
#include <string.h>

int
der_any(struct slice *in, uint8_t *tag, struct slice *value, struct slice *tlv)
{
	const uint8_t *p = in->p;
	size_t len, head = 2, n;

	if (in->n < 2 || (p[0] & 0x1f) == 0x1f)
		return -1;
	len = p[1];
	if (len & 0x80) {
		n = len & 0x7f;
		if (n == 0 || n > 4 || in->n < 2 + n || p[2] == 0)
			return -1;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | p[2 + i];
		if (len < 0x80)
			return -1;
		head += n;
	}
	if (len > in->n - head)
		return -1;
	if (tag)
		*tag = p[0];
	if (value)
		*value = SLICE(p + head, len);
	if (tlv)
		*tlv = SLICE(p, head + len);
	in->p += head + len;
	in->n -= head + len;
	return 0;
}

int
der_peek(struct slice in, uint8_t tag)
{
	return in.n > 0 && in.p[0] == tag;
}

int
der_get(struct slice *in, uint8_t tag, struct slice *value)
{
	if (!der_peek(*in, tag))
		return -1;
	return der_any(in, NULL, value, NULL);
}

int
der_get_tlv(struct slice *in, uint8_t tag, struct slice *tlv)
{
	if (!der_peek(*in, tag))
		return -1;
	return der_any(in, NULL, NULL, tlv);
}

int
der_opt(struct slice *in, uint8_t tag, struct slice *value)
{
	if (value)
		*value = SLICE_NONE;
	return der_get(in, tag, value) == 0;
}

int
der_only(struct slice in, uint8_t tag, struct slice *value)
{
	struct slice v;

	if (der_get(&in, tag, &v) == -1 || in.n != 0)
		return -1;
	if (value)
		*value = v;
	return 0;
}

int
der_int64_value(struct slice v, int64_t *out)
{
	uint64_t u;

	if (v.n == 0 || v.n > 8)
		return -1;
	u = v.p[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < v.n; i++)
		u = u << 8 | v.p[i];
	memcpy(out, &u, sizeof(u));
	return 0;
}

int
der_int64(struct slice *in, int64_t *out)
{
	struct slice at = *in, v;

	if (der_get(&at, DER_INTEGER, &v) == -1 || der_int64_value(v, out) == -1)
		return -1;
	*in = at;
	return 0;
}

int
der_bool_value(struct slice v, int *out)
{
	if (v.n != 1 || (v.p[0] != 0 && v.p[0] != 0xff))
		return -1;
	*out = v.p[0] != 0;
	return 0;
}

int
der_octets_of_bits(struct slice v, struct slice *out)
{
	if (v.n < 1 || v.p[0] != 0)
		return -1;
	*out = SLICE(v.p + 1, v.n - 1);
	return 0;
}

int
der_named_bits(struct slice v, uint32_t *bits)
{
	unsigned unused;

	*bits = 0;
	if (v.n < 1 || v.n > 5 || (unused = v.p[0]) > 7 ||
	    (v.n == 1 && unused != 0))
		return -1;
	/* The last bit that is there has to be a one (X.690 11.2.2). */
	if (v.n > 1 && (v.p[v.n - 1] & ((2u << unused) - 1)) != 1u << unused)
		return -1;
	for (size_t i = 0; i < (v.n - 1) * 8; i++)
		if (v.p[1 + i / 8] & (0x80 >> i % 8))
			*bits |= 1u << i;
	return 0;
}

static int
two(const uint8_t *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Days from 1970-01-01 of a Gregorian date. */
static int64_t
days(int y, int m, int d)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
	    273, 304, 334 };
	int64_t past = y - 1;
	int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return past * 365 + past / 4 - past / 100 + past / 400 - 719162 +
	    before[m - 1] + (m > 2 && leap) + d - 1;
}

static int
days_in(int y, int m)
{
	static const int in[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return in[m - 1] + (m == 2 && leap);
}

/* ${p} is MMDDHHMMSSZ. */
static int
time_of(int year, const uint8_t *p, int64_t *t)
{
	int mon = two(p), day = two(p + 2), h = two(p + 4), min = two(p + 6),
	    s = two(p + 8);

	if (mon < 1 || mon > 12 || day < 1 || day > days_in(year, mon) ||
	    h < 0 || h > 23 || min < 0 || min > 59 || s < 0 || s > 59 ||
	    p[10] != 'Z')
		return -1;
	*t = days(year, mon, day) * 86400 + h * 3600 + min * 60 + s;
	return 0;
}

int
der_generalized_value(struct slice v, int64_t *t)
{
	int century, year;

	if (v.n != 15 || (century = two(v.p)) == -1 ||
	    (year = two(v.p + 2)) == -1 || century * 100 + year == 0)
		return -1;
	return time_of(century * 100 + year, v.p + 4, t);
}

static int
utc_value(struct slice v, int64_t *t)
{
	int year;

	if (v.n != 13 || (year = two(v.p)) == -1)
		return -1;
	return time_of(year + (year < 50 ? 2000 : 1900), v.p + 2, t);
}

int
der_time(struct slice *in, int64_t *t)
{
	struct slice at = *in, v;
	int64_t ignored;
	uint8_t tag;

	if (t == NULL)
		t = &ignored;
	if (der_any(&at, &tag, &v, NULL) == -1)
		return -1;
	if (tag == DER_UTC_TIME ? utc_value(v, t) == -1 :
	    tag != DER_GENERALIZED_TIME || der_generalized_value(v, t) == -1)
		return -1;
	*in = at;
	return 0;
}

/* Year, month and day of ${n} days since 1970-01-01. */
static void
date_of(int64_t n, int *y, int *m, int *d)
{
	*y = (int)(1970 + n / 365);
	while (days(*y, 1, 1) > n)
		(*y)--;
	while (days(*y + 1, 1, 1) <= n)
		(*y)++;
	n -= days(*y, 1, 1);
	for (*m = 1; n >= days_in(*y, *m); (*m)++)
		n -= days_in(*y, *m);
	*d = (int)n + 1;
}

const char *
der_time_text(char t[static DER_TIME_TEXT], int64_t when)
{
	int64_t day, s;
	int y, m, d;

	/* Within years 1 to 9999: what GeneralizedTime can say. */
	if (when < -62135596800LL)
		when = -62135596800LL;
	if (when > 253402300799LL)
		when = 253402300799LL;
	day = when / 86400 - (when % 86400 < 0);
	s = when - day * 86400;
	date_of(day, &y, &m, &d);
	snprintf(t, DER_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d,
	    (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	return t;
}
