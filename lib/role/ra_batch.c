/* Bundles at the RA: RFC 9483 5.2.2.2. */
#include "role/ra_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "msg/crmf.h"
#include "prot/protect_nest.h"
#include "role/ra_int.h"
#include "store/store_batch.h"
#include "store/store_bundle.h"

struct making {
	struct engine		*en;
	int64_t			 bundle;
	uint8_t			 id[16], nonce[16];
	struct store_parts	*parts;
};

/* Whom we believe upstream is whom we ask: GeneralName TLV. */
static void
write_recipient(const struct engine *en, struct derw *w)
{
	if (en->upstream.n_anchors == 0)
		return;
	derw_raw(w, en->upstream.anchors[0].cert->subject);
	derw_wrap(w, DER_CTX(4), 0);
}

static int
piece(void *arg, struct slice *next, struct err *e)
{
	struct making *k = arg;

	return store_parts_next(k->parts, next, e);
}

/* The nested message around the members of ${k->bundle}. */
static int
sign(struct making *k, struct buf *prefix, struct buf *suffix, struct err *e)
{
	uint64_t bytes;
	struct derw to;
	struct draft d;
	size_t n;
	int rc = -1;

	if (store_bundle_total(k->en->store, k->bundle, &bytes, &n, e) == -1 ||
	    store_parts_open(k->en->store, k->bundle, &k->parts, e) == -1)
		return -1;
	draft_init(&d);
	derw_init(&to, 1 << 16);
	write_recipient(k->en, &to);
	d.pvno = 2;
	d.recipient = derw_slice(&to);
	d.transaction_id = SLICE(k->id, sizeof(k->id));
	d.sender_nonce = SLICE(k->nonce, sizeof(k->nonce));
	d.has_time = 1;
	d.message_time = k->en->now;
	d.body = BODY_NESTED;
	rc = protect_nest(&d, &k->en->up_signer, bytes, piece, k, prefix, suffix,
	    e);
	store_parts_end(k->parts);
	derw_release(&to);
	draft_release(&d);
	return rc;
}

static int
close_one(struct engine *en, struct err *e)
{
	const struct conf_home *h = &en->conf->home;
	int64_t most = h->batch_count < h->max_members ? h->batch_count :
	    h->max_members;
	struct making k = { .en = en };
	char name[STORE_NAME], final[STORE_NAME];
	struct buf prefix, suffix;
	uint8_t identity[32];
	int rc = -1;

	rand_bytes(k.id, sizeof(k.id));
	rand_bytes(k.nonce, sizeof(k.nonce));
	alg_sha256(SLICE_LIT("batch:"), SLICE(k.id, sizeof(k.id)), identity);
	engine_name(name, SLICE(k.id, sizeof(k.id)), 1, BODY_NESTED);
	buf_init(&prefix, 1 << 17);
	buf_init(&suffix, 1 << 20);
	if (store_bundle_open(en->store, identity, &k.bundle, e) != -1 &&
	    store_batch_take(en->store, k.bundle, (size_t)most,
	    (uint64_t)h->batch_size, en->now, e) == 0 &&
	    sign(&k, &prefix, &suffix, e) == 0 &&
	    store_bundle_close(en->store, k.bundle, buf_slice(&prefix),
	    buf_slice(&suffix), "upstream", name, en->now, final, e) == 0)
		rc = store_batch_put(en->store, k.bundle,
		    SLICE(k.id, sizeof(k.id)), SLICE(k.nonce, sizeof(k.nonce)),
		    en->now, e);
	buf_release(&prefix);
	buf_release(&suffix);
	return rc;
}

int
ra_batch_due(struct engine *en, int flush, struct err *e)
{
	const struct conf_home *h = &en->conf->home;
	struct store_queue q;
	int n;

	for (n = 0;; n++) {
		if (store_batch_queue(en->store, &q, e) == -1)
			return -1;
		if (q.count == 0 || (!flush &&
		    q.count < (size_t)h->batch_count &&
		    q.bytes < (uint64_t)h->batch_size &&
		    en->now - q.oldest < h->batch_wait))
			return n;
		if (close_one(en, e) == -1)
			return -1;
	}
}

int
ra_batch_begin(struct engine *en, const struct msg *outer, int64_t *bundle,
    struct err *e)
{
	int64_t answered;

	switch (store_batch_find(en->store, outer->hdr.transaction_id,
	    outer->hdr.recip_nonce, bundle, &answered, e)) {
	case -1:
		return -1;
	case 0:
		return err_set(e, E_ANSWER_UNKNOWN, "a bundle of answers to no "
		    "bundle that left here");
	}
	return answered == 0;
}

/*
 * Tell the sender of the row of ${s} ${why} nothing will come of it.  Who cannot
 * be told does not keep those behind from it.
 */
static int
tell(struct ra_step *s, const struct err *why, struct err *e)
{
	struct err cause = { 0 };

	switch (store_txn_row(s->en->store, s->row.txn, &s->txn, e)) {
	case -1:
		return -1;
	case 0:
		err_set(&cause, E_NOT_FOUND, "transaction %lld is not there "
		    "any more", (long long)s->row.txn);
		break;
	case 1:
		if (msg_decode(s->der, &s->msg, &cause) == 0)
			return ra_turn_down(s, why, 0, e);
		if (engine_is_temporary(cause.code)) {
			*e = cause;
			return -1;
		}
		err_wrap(&cause, "state/cmp.db: the request is damaged");
	}
	return ra_give_up(s, op_by_request(s->row.body), why, &cause, e);
}

/* ${untold} counts who got no answer. */
static int
fail(struct engine *en, const struct store_relay *r, const struct err *why,
    size_t *untold, struct err *e)
{
	struct outcome o;
	struct ra_step s;
	int rc = -1;

	outcome_init(&o);
	ra_step_init(&s, en, r->request, &o);
	s.row = *r;
	snprintf(o.dir, sizeof(o.dir), "%s", r->dir);
	if (tell(&s, why, e) == 0) {
		*untold += o.name[0] == '\0';
		rc = store_relay_answered(en->store, r, RELAY_LOST, 1, o.name,
		    e);
	}
	ra_step_release(&s);
	outcome_release(&o);
	return rc;
}

static int
fail_all(struct engine *en, int64_t bundle, const struct err *why,
    size_t *untold, struct err *e)
{
	struct store_relay r = { .id = 0 };
	struct buf keep;
	int rc;

	*untold = 0;
	buf_init(&keep, (size_t)2 << 20);
	while ((rc = store_batch_lost(en->store, bundle, r.id, &r, &keep,
	    e)) == 1) {
		if (fail(en, &r, why, untold, e) == -1) {
			rc = -1;
			break;
		}
		buf_reset(&keep);
	}
	buf_release(&keep);
	return rc == -1 ? -1 : store_batch_done(en->store, bundle, en->now, e);
}

int
ra_batch_end(struct engine *en, int64_t bundle, struct err *e)
{
	struct err why = { 0 };
	size_t untold;

	err_set(&why, E_BATCH_LOST, "the answer to bundle %lld has none to "
	    "this request", (long long)bundle);
	return fail_all(en, bundle, &why, &untold, e);
}

static int
is_waiting(const struct msg *m)
{
	struct err ignored = { 0 };
	struct error_msg em;

	return crmf_error(m->content, &em, &ignored) == 0 &&
	    em.status.status == STATUS_WAITING;
}

int
ra_batch_error(struct engine *en, const struct msg *m, struct outcome *o,
    struct err *e)
{
	int64_t bundle, answered;
	struct err why = { 0 };
	size_t untold;
	int rc;

	rc = store_batch_find(en->store, m->hdr.transaction_id,
	    m->hdr.recip_nonce, &bundle, &answered, e);
	if (rc != 1)
		return rc;
	if (answered != 0)
		return err_set(e, E_ANSWER_TAKEN, "bundle %lld has its answer "
		    "already; this is another one", (long long)bundle);
	if (is_waiting(m))
		return err_set(e, E_ANSWER_WAITING, "bundle %lld waits at "
		    "upstream; its senders were told to wait", (long long)bundle);
	err_set(&why, E_BATCH_ERROR, "upstream answered bundle %lld with an "
	    "error", (long long)bundle);
	if (fail_all(en, bundle, &why, &untold, e) == -1)
		return -1;
	snprintf(o->note, sizeof(o->note), "upstream refused a bundle: each of "
	    "its senders is told");
	if (untold > 0)
		snprintf(o->note, sizeof(o->note), "upstream refused a bundle: "
		    "its senders are told, but for %zu, see the audit trail",
		    untold);
	return 1;
}
