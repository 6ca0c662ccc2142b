/* Bundles of requests: each member is answered, the answers go as a bundle. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/rand.h"
#include "prot/protect_nest.h"
#include "role/bundle.h"
#include "store/store_bundle.h"

#define AROUND	((size_t)1 << 20)	/* header, protection, extraCerts */

static const struct trust *
trust(const struct engine *en)
{
	return &en->trust;
}

/*
 * An RA of [ra], one whose certificate is in force if it is ours.  What it
 * may ask for itself is no matter: members stand for themselves.
 */
static int
sender(struct bundle *b, struct err *e)
{
	struct sender s;
	int rc;

	sender_init(&s);
	rc = sender_find(b->en, b->checked, b->en->now, &s, e);
	if (rc == 0)
		rc = sender_in_force(&s, e);
	if (rc == 0 && s.kind != AUTHZ_RA)
		rc = err_set(e, E_NOT_AUTHORIZED, "the bundle is signed by "
		    "none of the registration authorities of [ra] in "
		    "cmp.conf");
	sender_release(&s);
	return rc;
}

/* A row of its own, so that its transactionID stays taken (5.1). */
static int
begin(struct bundle *b, struct err *e)
{
	const struct hdr *h = &b->msg->hdr;
	struct effects f = { .changes_txn = 1, .event = "bundle" };
	struct store_row row = { .effects = &f, .now = b->en->now };
	char id[ESCAPE_SHORT], name[STORE_NAME];
	struct txn t;
	int rc;

	escape_hex_short(id, h->transaction_id);
	if (h->recip_nonce.p != NULL)
		return err_set(e, E_RECIP_NONCE_FIRST, "recipNonce is present "
		    "in a bundle of requests");
	txn_init(&t);
	rc = store_txn(b->en->store, SLICE(checked_peer(b->checked), 32),
	    h->transaction_id, &t, e);
	if (rc == 1)
		rc = err_set(e, E_TXID_IN_USE, "transactionID %.32s belongs "
		    "to another message of this sender; a new bundle needs a "
		    "new transactionID", id);
	if (rc == 0) {
		t.body = BODY_NESTED;
		t.state = TXN_DONE;
		t.created = b->en->now;
		t.messages = 2;
		buf_add_slice(&t.transaction_id, h->transaction_id);
		buf_add(&t.peer, checked_peer(b->checked), 32);
		buf_add_slice(&t.peer_nonce, h->sender_nonce);
		f.txn = &t;
		snprintf(f.detail, sizeof(f.detail), "%zu messages in one",
		    nest_count(b->nest));
		rc = store_put(b->en->store, &row, name, e);
	}
	txn_release(&t);
	return rc;
}

/* As a message of its own, but its answer is not delivered alone. */
static void
member(struct bundle *b, struct slice der, struct outcome *m)
{
	struct engine *en = b->en;

	en->in_bundle = 1;
	engine_handle(en, en->by, der, m);
	en->in_bundle = 0;
	if (m->verdict != VERDICT_TEMPORARY && m->name[0] != '\0' &&
	    store_bundle_add(en->store, b->row, m->name, &m->err) == -1)
		m->verdict = VERDICT_TEMPORARY;
}

static int
piece(void *arg, struct slice *next, struct err *e)
{
	return store_parts_next(arg, next, e);
}

/* What stands around the answers. */
static int
sign(struct bundle *b, uint64_t size, struct buf *prefix, struct buf *suffix,
    struct err *e)
{
	struct store_parts *parts;
	uint8_t nonce[16];
	struct draft d;
	int rc;

	if (store_parts_open(b->en->store, b->row, &parts, e) == -1)
		return -1;
	draft_init(&d);
	rand_bytes(nonce, sizeof(nonce));
	engine_head(&d, b->msg, b->en->now, nonce);
	rc = protect_nest(&d, &b->en->signer, size, piece, parts, prefix,
	    suffix, e);
	draft_release(&d);
	store_parts_end(parts);
	return rc;
}

static int
end(struct bundle *b, struct err *e)
{
	struct store *s = b->en->store;
	struct outcome *o = b->o;
	char name[STORE_NAME];
	struct buf prefix, suffix;
	uint64_t size;
	size_t n;
	int rc = -1;

	if (store_bundle_total(s, b->row, &size, &n, e) == -1)
		return -1;
	if (n == 0)
		return err_set(e, E_NESTED, "none of its %zu messages can be "
		    "answered%s%.300s", b->n, b->first_bad.detail[0] != '\0' ?
		    "; " : "", b->first_bad.detail);
	buf_init(&prefix, AROUND);
	buf_init(&suffix, AROUND);
	engine_name(name, b->msg->hdr.transaction_id, 2, BODY_NESTED);
	if (sign(b, size, &prefix, &suffix, e) == 0)
		rc = store_bundle_close(s, b->row, buf_slice(&prefix),
		    buf_slice(&suffix), o->dir, name, b->en->now, o->name, e);
	o->bundle = rc == 0;
	buf_release(&prefix);
	buf_release(&suffix);
	return rc;
}

const struct bundle_role bundle_ca = {
	.role = ROLE_CA, .way = 1, .answers = 1, .trust = trust,
	.sender = sender, .begin = begin, .member = member, .end = end,
};
const struct bundle_role bundle_ra = {
	.role = ROLE_RA, .way = 1, .answers = 1, .trust = trust,
	.sender = sender, .begin = begin, .member = member, .end = end,
};
