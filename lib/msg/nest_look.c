/* What can be told of a message from its header, and what may be nested. */
#include "msg/nest_int.h"

#define LAYERS_MAX	16	/* approvals that are counted */

size_t
nest_frame(struct slice in, uint64_t *len)
{
	size_t n;

	if (in.n < 2 || (in.p[0] & 0x1f) == 0x1f || in.p[1] == 0x80)
		return 0;
	*len = in.p[1];
	if (in.p[1] < 0x80)
		return 2;
	n = in.p[1] & 0x7f;
	if (n > 4 || in.n < 2 + n || in.p[2] == 0)
		return 0;
	*len = 0;
	for (size_t i = 0; i < n; i++)
		*len = *len << 8 | in.p[2 + i];
	return *len < 0x80 ? 0 : 2 + n;
}

void
nest_put_head(struct buf *b, uint8_t tag, uint64_t len)
{
	unsigned n = 0;

	buf_add_u8(b, tag);
	if (len < 0x80) {
		buf_add_u8(b, (uint8_t)len);
		return;
	}
	for (uint64_t v = len; v > 0; v >>= 8)
		n++;
	buf_add_u8(b, (uint8_t)(0x80 | n));
	while (n-- > 0)
		buf_add_u8(b, (uint8_t)(len >> (8 * n)));
}

int
nest_looks(struct slice head)
{
	uint64_t len;
	size_t n;

	if ((n = nest_frame(head, &len)) == 0 || head.p[0] != DER_SEQUENCE)
		return 0;
	head = SLICE(head.p + n, head.n - n);
	if ((n = nest_frame(head, &len)) == 0 || head.p[0] != DER_SEQUENCE ||
	    len >= head.n - n)
		return 0;
	return head.p[n + len] == DER_CTX(BODY_NESTED);
}

int
nest_direction(enum body b)
{
	switch (b) {
	case BODY_IR: case BODY_CR: case BODY_P10CR: case BODY_KUR:
	case BODY_KRR: case BODY_RR: case BODY_CCR: case BODY_GENM:
	case BODY_CERTCONF: case BODY_POLLREQ: case BODY_POPDECR:
		return 1;
	case BODY_IP: case BODY_CP: case BODY_KUP: case BODY_KRP:
	case BODY_RP: case BODY_CCP: case BODY_GENP: case BODY_PKICONF:
	case BODY_POLLREP: case BODY_POPDECC:
		return -1;
	default:
		return 0;
	}
}

/* What is needed of a message that nobody has walked yet. */
struct peek {
	struct slice	 id, nonce;
	enum body	 body;
	struct slice	 content;
};

static int
peek_octets(struct slice *in, unsigned n, struct slice *out)
{
	struct slice v;

	if (!der_opt(in, DER_CTX(n), &v))
		return 0;
	return der_only(v, DER_OCTET_STRING, out);
}

static int
peek(struct slice der, struct peek *p)
{
	struct slice in, h, v;
	uint8_t tag;

	*p = (struct peek){ .body = BODY__COUNT };
	if (der_only(der, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, &h) == -1 ||
	    der_any(&in, &tag, &v, NULL) == -1 || tag < DER_CTX(0) ||
	    tag > DER_CTX(BODY_POLLREP) ||
	    der_any(&v, NULL, NULL, &p->content) == -1)
		return -1;
	p->body = tag - DER_CTX(0);
	for (int i = 0; i < 3; i++)	/* pvno, sender, recipient */
		if (der_any(&h, NULL, NULL, NULL) == -1)
			return -1;
	for (unsigned i = 0; i < 4; i++)
		der_opt(&h, DER_CTX(i), NULL);
	return peek_octets(&h, 4, &p->id) == -1 ||
	    peek_octets(&h, 5, &p->nonce) == -1 ? -1 : 0;
}

static int
same(struct slice a, struct slice b)
{
	return a.p != NULL && b.p != NULL && slice_eq(a, b);
}

/* If ${p} is an approval, ${der} becomes what it approves. */
static int
unwrap(const struct peek *p, struct slice *der, struct err *e)
{
	struct slice in, first;
	struct peek q;

	if (der_only(p->content, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &first) == -1 || in.n != 0)
		return err_set(e, E_NEST_DEPTH, "a bundle is nested, expected "
		    "at most an approval of one message");
	if (peek(first, &q) == 0 && (!same(p->id, q.id) ||
	    !same(p->nonce, q.nonce)))
		return err_set(e, E_NEST_DEPTH, "a nested message is nested "
		    "that does not repeat the transactionID and senderNonce of "
		    "the one within, expected an approval");
	*der = first;
	return 0;
}

/* nest_layers(), and what ends the row of approvals. */
static int
layers_of(struct slice der, unsigned max, struct slice *inner,
    struct peek *last, struct err *e)
{
	unsigned n = 0;

	*inner = der;
	while (peek(*inner, last) == 0 && last->body == BODY_NESTED) {
		if (n++ == max)
			return err_set(e, E_NEST_DEPTH, "more than %u "
			    "approvals are around one message", max);
		if (unwrap(last, inner, e) == -1)
			return -1;
	}
	return (int)n;
}

int
nest_layers(struct slice der, unsigned max, struct slice *inner,
    struct err *e)
{
	struct peek last;

	return layers_of(der, max, inner, &last, e);
}

void
nest_look(struct nest_facts *f, const struct hdr *outer, struct slice der)
{
	struct slice inner;
	struct err e = { 0 };
	struct peek p, last;
	int layers, way;

	f->count++;
	if (peek(der, &p) == -1)
		return;
	if (same(p.id, outer->transaction_id)) {
		f->same_id++;
		f->same_both += same(p.nonce, outer->sender_nonce) != 0;
	}
	if ((layers = layers_of(der, LAYERS_MAX, &inner, &last, &e)) == -1) {
		if (f->within.code == E_NONE) {
			f->within = e;
			err_wrap(&f->within, "message %zu within", f->count);
		}
		return;
	}
	if ((unsigned)layers > f->layers)
		f->layers = (unsigned)layers;
	way = nest_direction(last.body);
	f->up += way == 1;
	f->down += way == -1;
}

int
nest_judge(const struct nest_facts *f, unsigned layers, struct err *e)
{
	unsigned have = f->layers + (f->count == 1 && f->same_both == 1);

	if (f->within.code != E_NONE) {
		*e = f->within;
		return -1;
	}
	if (f->up > 0 && f->down > 0)
		return err_set(e, E_NESTED, "%zu requests and %zu responses "
		    "are nested together, expected one kind", f->up, f->down);
	if (f->count == 1 && f->same_id == 1 && f->same_both == 0)
		return err_set(e, E_NESTED, "the nested message has the "
		    "transactionID of the one within but not its senderNonce, "
		    "expected both for an approval, neither for a bundle");
	if (f->down > 0 && have > 0)
		return err_set(e, E_NESTED, "an approval is around a response, "
		    "expected a request");
	if (f->count > 1 && f->same_id > 0)
		return err_set(e, E_NESTED, "a bundle of %zu messages has the "
		    "transactionID of one of them, expected a fresh one",
		    f->count);
	if (have > layers)
		return err_set(e, E_NEST_DEPTH, "%u approvals are around one "
		    "message, at most %u are looked at here", have, layers);
	return 0;
}
