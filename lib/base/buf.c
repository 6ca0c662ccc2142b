#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct slice
slice_str(const char *s)
{
	return SLICE(s, strlen(s));
}

int
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

/* realloc() may leave a copy behind, so growing is done by hand. */
static int
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap < 64 ? 64 : b->cap * 2;
	uint8_t *p;

	if (cap < need)
		cap = need;
	if ((p = malloc(cap)) == NULL)
		return -1;
	if (b->p != NULL) {
		memcpy(p, b->p, b->n);
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return 0;
}

uint8_t *
buf_extend(struct buf *b, size_t n)
{
	uint8_t *p;

	if (b->bad)
		return NULL;
	if (n > b->max - b->n)
		b->bad = BUF_FULL;
	else if (b->n + n > b->cap && grow(b, b->n + n) == -1)
		b->bad = BUF_NOMEM;
	if (b->bad)
		return NULL;
	p = b->p + b->n;
	b->n += n;
	return p;
}

void
buf_add(struct buf *b, const void *data, size_t n)
{
	uint8_t *p;

	if (n > 0 && (p = buf_extend(b, n)) != NULL)
		memcpy(p, data, n);
}

void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.n);
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_u8(struct buf *b, uint8_t c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		b->bad = BUF_FULL;
	else
		buf_add(b, text, (size_t)n);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->bad = BUF_GOOD;
}

int
buf_bad(const struct buf *b)
{
	return b->bad != BUF_GOOD;
}

int
buf_err(const struct buf *b, const char *what, struct err *e)
{
	if (b->bad == BUF_NOMEM)
		return err_set(e, E_NOMEM, "%s: out of memory", what);
	return err_set(e, E_TOO_LARGE, "%s: more than %zu bytes", what,
	    b->max);
}

struct slice
buf_slice(const struct buf *b)
{
	if (b->bad)
		return SLICE_NONE;
	return SLICE(b->p, b->n);
}

const char *
buf_str(struct buf *b)
{
	if (buf_extend(b, 1) == NULL)
		return NULL;
	b->p[--b->n] = '\0';
	return (const char *)b->p;
}

void
buf_release(struct buf *b)
{
	if (b->p != NULL) {
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	*b = (struct buf){ .max = b->max };
}
