/* The request that an operator decided about: RFC 9483 5.1.5. */
#include <stdlib.h>
#include <string.h>

#include "role/engine_int.h"

void
held_init(struct held *h, struct store *s)
{
	*h = (struct held){ .op = NULL };
	secret_init(&h->secret, s);
	h->secret.running = 1;
	buf_init(&h->request, (size_t)2 << 20);
	buf_init(&h->reason, 4096);
	buf_init(&h->keep, (size_t)2 << 20);
}

void
held_release(struct held *h)
{
	checked_free(h->checked);
	free(h->anchors);
	buf_release(&h->request);
	buf_release(&h->reason);
	buf_release(&h->keep);
	secret_release(&h->secret);
}

/*
 * The trust is that of today, the time that of the request: that the sender
 * has not been revoked since was seen on its pollReq, which has the same
 * certificate.  A ticket is looked up again: it may be gone.
 */
static int
verify_then(struct engine *en, const struct txn *t, const struct cert *vouched,
    struct held *h, struct err *e)
{
	struct verify_ask ask = { .now = t->created,
	    .secret = secret_find, .secret_arg = &h->secret };

	h->anchors = calloc(en->trust.n_anchors + 2, sizeof(*h->anchors));
	if (h->anchors == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	for (size_t i = 0; i < en->trust.n_anchors; i++)
		h->anchors[i].cert = en->trust.anchors[i].cert;
	ask.anchors = h->anchors;
	ask.n_anchors = en->trust.n_anchors;
	if (vouched != NULL)
		h->anchors[ask.n_anchors++].cert = vouched;
	return verify_msg(&h->msg, &ask, &h->checked, e);
}

/* The peer of a MAC is its reference, that of a signature only a key. */
static int
same_sender(const struct checked *a, const struct checked *b)
{
	const struct cert *x = checked_signer(a), *y = checked_signer(b);

	if (memcmp(checked_peer(a), checked_peer(b), 32) != 0)
		return 0;
	return x == NULL || y == NULL ? x == y : slice_eq(x->der, y->der);
}

int
held_load(struct engine *en, const struct txn *t, const struct checked *c,
    const struct cert *vouched, struct held *h, struct err *e)
{
	switch (store_held(en->store, t->id, &h->request, &h->reason, e)) {
	case -1:
		return -1;
	case 0:
		return err_set(e, E_STORE, "state/cmp.db: the request of "
		    "transaction %lld is not there", (long long)t->id);
	}
	if (msg_decode(buf_slice(&h->request), &h->msg, e) == -1 ||
	    (h->op = op_by_request(h->msg.body)) == NULL)
		return err_set(e, E_STORE, "state/cmp.db: the request of "
		    "transaction %lld is damaged", (long long)t->id);
	if (t->state == TXN_REFUSED)
		return err_set(e, E_NOT_APPROVED, "%s", buf_str(&h->reason));
	if (verify_then(en, t, vouched, h, e) == -1)
		return -1;
	if (same_sender(h->checked, c))
		return 0;
	return err_set(e, E_PROT_SAME, "pollReq is protected with another "
	    "certificate or secret than the request");
}
