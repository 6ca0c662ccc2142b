/* The writer: from the last byte to the first. */
#include "asn/der.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
derw_init(struct derw *w, size_t max)
{
	*w = (struct derw){ .max = max };
}

void
derw_reset(struct derw *w)
{
	w->n = 0;
	w->bad = BUF_GOOD;
}

void
derw_release(struct derw *w)
{
	free(w->p);
	*w = (struct derw){ .max = w->max };
}

int
derw_bad(const struct derw *w)
{
	return w->bad != BUF_GOOD;
}

int
derw_err(const struct derw *w, const char *what, struct err *e)
{
	return buf_err(&(struct buf){ .max = w->max, .bad = w->bad }, what, e);
}

struct slice
derw_slice(const struct derw *w)
{
	if (w->bad || w->p == NULL)
		return SLICE_NONE;
	return SLICE(w->p + w->cap - w->n, w->n);
}

size_t
derw_mark(const struct derw *w)
{
	return w->n;
}

static int
room(struct derw *w, size_t n)
{
	size_t cap;
	uint8_t *p;

	if (w->bad || n > w->max - w->n) {
		w->bad = w->bad ? w->bad : BUF_FULL;
		return -1;
	}
	if (w->n + n <= w->cap)
		return 0;
	cap = w->cap * 2 > w->n + n ? w->cap * 2 : w->n + n + 512;
	if ((p = malloc(cap)) == NULL) {
		w->bad = BUF_NOMEM;
		return -1;
	}
	if (w->p != NULL)
		memcpy(p + cap - w->n, w->p + w->cap - w->n, w->n);
	free(w->p);
	w->p = p;
	w->cap = cap;
	return 0;
}

void
derw_raw(struct derw *w, struct slice s)
{
	if (s.n == 0 || room(w, s.n) == -1)
		return;
	w->n += s.n;
	memcpy(w->p + w->cap - w->n, s.p, s.n);
}

void
derw_u8(struct derw *w, uint8_t c)
{
	derw_raw(w, SLICE(&c, 1));
}

void
derw_wrap(struct derw *w, uint8_t tag, size_t mark)
{
	size_t len, left;
	uint8_t n = 0;

	if (w->bad)
		return;
	len = left = w->n - mark;
	if (len < 0x80) {
		derw_u8(w, (uint8_t)len);
	} else {
		for (; left > 0; left >>= 8, n++)
			derw_u8(w, (uint8_t)left);
		derw_u8(w, (uint8_t)(0x80 | n));
	}
	derw_u8(w, tag);
}

void
derw_prim(struct derw *w, uint8_t tag, struct slice value)
{
	size_t mark = derw_mark(w);

	derw_raw(w, value);
	derw_wrap(w, tag, mark);
}

void
derw_int(struct derw *w, uint8_t tag, int64_t v)
{
	uint8_t b[8];
	size_t skip = 0;

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
	while (skip < 7 && ((b[skip] == 0 && b[skip + 1] < 0x80) ||
	    (b[skip] == 0xff && b[skip + 1] >= 0x80)))
		skip++;
	derw_prim(w, tag, SLICE(b + skip, 8 - skip));
}

void
derw_unsigned(struct derw *w, uint8_t tag, struct slice v)
{
	size_t mark = derw_mark(w);

	while (v.n > 1 && v.p[0] == 0)
		v = SLICE(v.p + 1, v.n - 1);
	derw_raw(w, v);
	if (v.n == 0 || v.p[0] & 0x80)
		derw_u8(w, 0);
	derw_wrap(w, tag, mark);
}

void
derw_oid(struct derw *w, struct slice oid)
{
	derw_prim(w, DER_OID, oid);
}

void
derw_null(struct derw *w)
{
	derw_prim(w, DER_NULL, SLICE_NONE);
}

void
derw_bool(struct derw *w, int v)
{
	uint8_t b = v ? 0xff : 0;

	derw_prim(w, DER_BOOLEAN, SLICE(&b, 1));
}

void
derw_bits(struct derw *w, uint8_t tag, struct slice octets)
{
	size_t mark = derw_mark(w);

	derw_raw(w, octets);
	derw_u8(w, 0);
	derw_wrap(w, tag, mark);
}

void
derw_named_bits(struct derw *w, uint8_t tag, uint32_t bits)
{
	uint8_t b[5] = { 0 };
	int last = -1;

	for (int i = 0; i < 32; i++) {
		if (bits & 1u << i) {
			b[1 + i / 8] |= (uint8_t)(0x80 >> i % 8);
			last = i;
		}
	}
	b[0] = last == -1 ? 0 : (uint8_t)(7 - last % 8);
	derw_prim(w, tag, SLICE(b, last == -1 ? 1 : 2 + (size_t)last / 8));
}

void
derw_utf8(struct derw *w, const char *s)
{
	derw_prim(w, DER_UTF8_STRING, slice_str(s));
}

/* YYYYMMDDHHMMSSZ from the text form. */
static void
time_digits(char out[static DER_TIME_TEXT], int64_t t)
{
	char text[DER_TIME_TEXT];
	size_t n = 0;

	der_time_text(text, t);
	for (const char *p = text; *p; p++)
		if (*p != '-' && *p != ':' && *p != 'T')
			out[n++] = *p;
	out[n] = '\0';
}

void
derw_generalized(struct derw *w, int64_t t)
{
	char digits[DER_TIME_TEXT];

	time_digits(digits, t);
	derw_prim(w, DER_GENERALIZED_TIME, slice_str(digits));
}

void
derw_time(struct derw *w, int64_t t)
{
	char digits[DER_TIME_TEXT];

	time_digits(digits, t);
	if (strcmp(digits, "1950") >= 0 && strcmp(digits, "2050") < 0)
		derw_prim(w, DER_UTC_TIME, slice_str(digits + 2));
	else
		derw_prim(w, DER_GENERALIZED_TIME, slice_str(digits));
}
