/* PEM, strictly by RFC 7468 but for the length of its lines. */
#include "pki/cert.h"

#include <string.h>

#define LINE_BYTES	48	/* 64 characters */

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Up to three bytes as four characters. */
static void
quad(struct buf *out, const uint8_t *p, size_t n)
{
	uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) |
	    (n > 2 ? p[2] : 0);
	char t[4];

	t[0] = digits[v >> 18];
	t[1] = digits[v >> 12 & 63];
	t[2] = n > 1 ? digits[v >> 6 & 63] : '=';
	t[3] = n > 2 ? digits[v & 63] : '=';
	buf_add(out, t, sizeof(t));
}

void
cert_pem_lines(struct buf *out, struct slice der)
{
	for (size_t i = 0; i < der.n; i += 3) {
		quad(out, der.p + i, der.n - i < 3 ? der.n - i : 3);
		if ((i + 3) % LINE_BYTES == 0 || i + 3 >= der.n)
			buf_add_u8(out, '\n');
	}
}

void
cert_pem(struct buf *out, const char *label, struct slice der)
{
	buf_printf(out, "-----BEGIN %s-----\n", label);
	cert_pem_lines(out, der);
	buf_printf(out, "-----END %s-----\n", label);
}

/* The next line off ${in}, without its end and the blanks before that. */
static int
next_line(struct slice *in, struct slice *line)
{
	const uint8_t *nl;

	if (in->n == 0)
		return 0;
	nl = memchr(in->p, '\n', in->n);
	*line = SLICE(in->p, nl ? (size_t)(nl - in->p) : in->n);
	in->p += line->n + (nl != NULL);
	in->n -= line->n + (nl != NULL);
	while (line->n > 0 && strchr(" \t\r", line->p[line->n - 1]) != NULL &&
	    line->p[line->n - 1] != '\0')
		line->n--;
	return 1;
}

/* Is ${line} "-----BEGIN LABEL-----" (or END)?  Its label. */
static int
boundary(struct slice line, const char *word, struct slice *label)
{
	size_t n = strlen(word);

	if (line.n < n + 5 || memcmp(line.p, word, n) != 0 ||
	    memcmp(line.p + line.n - 5, "-----", 5) != 0)
		return 0;
	*label = SLICE(line.p + n, line.n - n - 5);
	return 1;
}

struct base64 {
	uint32_t v;
	unsigned n;		/* characters in ${v} */
	unsigned pads;
	int8_t	 value[256];	/* -1: not a digit */
};

static void
base64_init(struct base64 *b)
{
	*b = (struct base64){ .v = 0 };
	memset(b->value, -1, sizeof(b->value));
	for (int i = 0; i < 64; i++)
		b->value[(uint8_t)digits[i]] = (int8_t)i;
}

static int
base64_group(struct base64 *b, struct buf *out)
{
	uint8_t t[3] = { (uint8_t)(b->v >> 16), (uint8_t)(b->v >> 8),
	    (uint8_t)b->v };

	/* Bits that nobody reads have to be zero, or two texts say the same. */
	if ((b->pads == 2 && (b->v & 0xffff) != 0) ||
	    (b->pads == 1 && (b->v & 0xff) != 0))
		return -1;
	buf_add(out, t, 3 - b->pads);
	b->v = 0;
	b->n = 0;
	return 0;
}

static int
base64_line(struct base64 *b, struct slice line, struct buf *out)
{
	int v;

	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '=') {
			/* "=" only as the last one or two of a group */
			if (b->n < 2 || ++b->pads > 2)
				return -1;
			v = 0;
		} else if ((v = b->value[line.p[i]]) == -1 || b->pads > 0) {
			return -1;
		}
		b->v = b->v << 6 | (uint32_t)v;
		if (++b->n == 4 && base64_group(b, out) == -1)
			return -1;
	}
	return 0;
}

/*
 * The lines up to the END of ${label}: decoded into ${out}, or skipped if
 * that is NULL.
 */
static int
block(struct slice *in, struct slice label, struct buf *out, struct err *e)
{
	struct slice line, end;
	struct base64 b;

	base64_init(&b);
	while (next_line(in, &line)) {
		if (boundary(line, "-----END ", &end)) {
			if (!slice_eq(end, label))
				return err_set(e, E_CERT_SYNTAX, "PEM: END of "
				    "another label");
			if (out != NULL && b.n != 0)
				return err_set(e, E_CERT_SYNTAX, "PEM: base64 "
				    "is cut");
			return 0;
		}
		if (out != NULL && base64_line(&b, line, out) == -1)
			return err_set(e, E_CERT_SYNTAX, "PEM: base64 is not "
			    "valid");
	}
	return err_set(e, E_CERT_SYNTAX, "PEM: END is missing");
}

/* What a block brought has to be one DER value. */
static int
one_value(const struct buf *out, size_t from, struct err *e)
{
	struct slice in;

	if (buf_bad(out))
		return buf_err(out, "PEM", e);
	in = out->n > from ? SLICE(out->p + from, out->n - from) : SLICE_NONE;
	if (der_any(&in, NULL, NULL, NULL) == -1 || in.n != 0)
		return err_set(e, E_DER_LENGTH, "PEM: a block is not one DER "
		    "value");
	return 0;
}

int
cert_unpem(struct slice text, const char *label, struct buf *out,
    struct err *e)
{
	struct slice line, found;
	size_t from;
	int wanted;

	while (next_line(&text, &line)) {
		if (!boundary(line, "-----BEGIN ", &found))
			continue;
		wanted = slice_eq(found, slice_str(label));
		from = out->n;
		if (block(&text, found, wanted ? out : NULL, e) == -1)
			return -1;
		if (wanted && one_value(out, from, e) == -1)
			return -1;
	}
	return 0;
}
