/*
 * Mutations that stay DER: pick a value anywhere in the tree, change its tag
 * or content, repeat, remove or move it, and write every length around it
 * anew.  Half of all mutations are libFuzzer's own, on raw bytes.
 */
#include <string.h>

#include "asn/der.h"
#include "tests/fuzz/fuzz.h"

#define NODES	4096

size_t	LLVMFuzzerMutate(uint8_t *, size_t, size_t);
size_t	LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned);
size_t	LLVMFuzzerCustomCrossOver(const uint8_t *, size_t, const uint8_t *,
	    size_t, uint8_t *, size_t, unsigned);

struct node {
	struct slice	 tlv, value;
	uint8_t		 tag;
};

/* What to do at ${at}: write ${with} before, after or instead of it. */
struct change {
	const uint8_t	*at;
	enum { REPLACE, BEFORE, AFTER, REMOVE } how;
	struct slice	 with;
};

static uint64_t state;

static unsigned
dice(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

/* May ${v} be looked into: constructed, or a wrapper like extnValue? */
static int
is_open(uint8_t tag, struct slice v)
{
	struct slice in = v;

	if (tag & 0x20)
		return 1;
	if (tag == DER_BIT_STRING && v.n > 1 && v.p[0] == 0)
		in = SLICE(v.p + 1, v.n - 1);
	else if (tag != DER_OCTET_STRING)
		return 0;
	return in.n > 2 && in.p[0] == DER_SEQUENCE &&
	    der_any(&in, NULL, NULL, NULL) == 0 && in.n == 0;
}

/* All values below ${in}, in the order of their first byte. */
static size_t
collect(struct slice in, struct node *nodes)
{
	struct slice stack[64] = { in };
	size_t depth = 1, n = 0;
	struct node *d;

	while (depth > 0 && n < NODES) {
		struct slice *top = &stack[depth - 1];

		d = &nodes[n];
		if (top->n == 0 ||
		    der_any(top, &d->tag, &d->value, &d->tlv) == -1) {
			depth--;
			continue;
		}
		n++;
		if (depth < 64 && is_open(d->tag, d->value)) {
			stack[depth++] = d->tag == DER_BIT_STRING ?
			    SLICE(d->value.p + 1, d->value.n - 1) : d->value;
		}
	}
	return n;
}

static void
put(struct derw *w, struct slice tlv, const struct change *c, unsigned depth)
{
	struct slice in = tlv, value, child, kids[512];
	size_t n = 0, mark = derw_mark(w);
	uint8_t tag;

	if (tlv.p == c->at && c->how == REPLACE) {
		derw_raw(w, c->with);
		return;
	}
	if (tlv.p == c->at && c->how == REMOVE)
		return;
	if (tlv.p == c->at && c->how == AFTER)
		derw_raw(w, c->with);
	if (c->at <= tlv.p || c->at >= tlv.p + tlv.n || depth > 60 ||
	    der_any(&in, &tag, &value, NULL) == -1 || !is_open(tag, value)) {
		derw_raw(w, tlv);
	} else {
		mark = derw_mark(w);
		in = value;
		if (tag == DER_BIT_STRING)
			in = SLICE(value.p + 1, value.n - 1);
		while (n < 512 && in.n > 0 &&
		    der_any(&in, NULL, NULL, &child) == 0)
			kids[n++] = child;
		derw_raw(w, in);
		while (n-- > 0)
			put(w, kids[n], c, depth + 1);
		if (tag == DER_BIT_STRING)
			derw_u8(w, 0);
		derw_wrap(w, tag, mark);
	}
	if (tlv.p == c->at && c->how == BEFORE)
		derw_raw(w, c->with);
}

static const uint8_t tags[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a,
    0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1c, 0x1e, 0x30, 0x31,
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0x80, 0x81,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x8a, 0xb7, 0xb8, 0x93 };

static const struct { const char *p; size_t n; } values[] = {
#define V(s)	{ s, sizeof(s) - 1 }
	V(""), V("\0"), V("\x01"), V("\x7f"), V("\x80"), V("\xff"),
	V("\0\x80"), V("\0\xff\xff\xff\xff\xff\xff\xff\xff"),
	V("\x7f\xff\xff\xff\xff\xff\xff\xff"), V("\x80\0\0\0\0\0\0\0"),
	V("99991231235959Z"), V("491231235959Z"), V("500101000000Z"),
	V("\x30\0"), V("\x05\0"), V("*"), V("*.example"), V("a..b"),
	V("CN=x"), V("\xe2\x80\xae" "gpj"), V("\x1b[2J"), V("\"\\\n"),
	V("\x07\x80"), V("\x03\x55\x1d\x11"), V("\x2a\x86\x48"),
	V("\x55\x1d\x25\x00"),
#undef V
};

/* Other content for a primitive, of its own or of a list of odd ones. */
static size_t
new_content(struct slice v, uint8_t *out, size_t max)
{
	unsigned k = dice(3);

	if (k == 0) {
		unsigned i = dice(sizeof(values) / sizeof(values[0]));

		memcpy(out, values[i].p, values[i].n);
		return values[i].n;
	}
	if (v.n > max / 2)
		v.n = max / 2;
	if (v.n > 0)
		memcpy(out, v.p, v.n);
	return LLVMFuzzerMutate(out, v.n, max < v.n + 64 ? max : v.n + 64);
}

static void
make_change(struct change *c, const struct node *d, const struct node *nodes,
    size_t n, struct derw *w)
{
	uint8_t content[8192];
	uint8_t tag = d->tag;

	c->at = d->tlv.p;
	c->how = REPLACE;
	switch (dice(8)) {
	case 0:		/* another tag */
		derw_prim(w, tags[dice(sizeof(tags))], d->value);
		break;
	case 1:		/* take it out */
		c->how = REMOVE;
		return;
	case 2:		/* say it twice */
		c->how = AFTER;
		derw_raw(w, d->tlv);
		break;
	case 3:		/* something from elsewhere */
		derw_raw(w, nodes[dice((unsigned)n)].tlv);
		c->how = dice(2) ? REPLACE : BEFORE;
		break;
	case 4:		/* wrap it */
		derw_prim(w, tags[dice(sizeof(tags))], d->tlv);
		break;
	default:
		if (tag & 0x20 && dice(2)) {
			derw_prim(w, tag, SLICE_NONE);
			break;
		}
		derw_prim(w, tag, SLICE(content,
		    new_content(d->value, content, sizeof(content))));
	}
	c->with = derw_slice(w);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)
{
	static struct node nodes[NODES];
	struct change c = { .with = SLICE_NONE };
	struct derw w, with;
	size_t count, at;

	state = seed;
	(void)dice(2);
	count = collect(SLICE(p, n), nodes);
	if (count < 2 || dice(4) == 0)
		return LLVMFuzzerMutate(p, n, max);
	/* Leaves are many and alike: half of the time near the root. */
	at = dice(2) ? dice((unsigned)count) :
	    dice((unsigned)(count < 24 ? count : 24));
	derw_init(&with, max);
	derw_init(&w, max);
	make_change(&c, &nodes[at], nodes, count, &with);
	put(&w, nodes[0].tlv, &c, 0);
	if (!derw_bad(&w) && !derw_bad(&with) && derw_slice(&w).n > 0) {
		n = derw_slice(&w).n;
		memcpy(p, derw_slice(&w).p, n);
	} else {
		n = LLVMFuzzerMutate(p, n, max);
	}
	derw_release(&w);
	derw_release(&with);
	return n;
}

/* A value of the one in the place of a value of the other. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t an, const uint8_t *b,
    size_t bn, uint8_t *out, size_t max, unsigned seed)
{
	static struct node of_a[NODES], of_b[NODES];
	size_t na = collect(SLICE(a, an), of_a), nb = collect(SLICE(b, bn), of_b),
	    n = 0;
	struct change c = { .how = REPLACE };
	struct derw w;

	state = seed;
	(void)dice(2);
	if (na == 0 || nb == 0)
		return 0;
	c.at = of_a[dice((unsigned)na)].tlv.p;
	c.with = of_b[dice((unsigned)nb)].tlv;
	derw_init(&w, max);
	put(&w, of_a[0].tlv, &c, 0);
	if (!derw_bad(&w)) {
		n = derw_slice(&w).n;
		if (n > 0)
			memcpy(out, derw_slice(&w).p, n);
	}
	derw_release(&w);
	return n;
}
