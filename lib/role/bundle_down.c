/* At an RA: the answer to a bundle that it sent up, with one to each message. */
#include <stdio.h>

#include "role/bundle.h"
#include "role/ra_batch.h"

static const struct trust *
trust(const struct engine *en)
{
	return &en->upstream;
}

/* Whoever is below [relay] anchor and may answer. */
static int
sender(struct bundle *b, struct err *e)
{
	if (b->en->upstream.n_anchors > 0)
		return 0;
	return err_set(e, E_PATH_NONE, "cmp.conf: [relay] has no anchor, so no "
	    "answer can be trusted");
}

/* The bundle of ours that it answers; 0 if that has its answer. */
static int
find(struct bundle *b, struct err *e)
{
	return b->ours != 0 ? 1 : ra_batch_begin(b->en, b->msg, &b->ours, e);
}

static int
begin(struct bundle *b, struct err *e)
{
	int rc = find(b, e);

	return rc != 0 ? rc : err_set(e, E_ANSWER_UNKNOWN, "bundle %lld, which "
	    "it answers, has another answer already", (long long)b->ours);
}

/* As an answer that came by itself, but only to what was in that bundle. */
static void
member(struct bundle *b, struct slice der, struct outcome *m)
{
	struct engine *en = b->en;

	m->verdict = VERDICT_TEMPORARY;
	if (find(b, &m->err) == -1)
		return;
	if (der.n > (size_t)en->conf->home.max_size) {
		m->verdict = VERDICT_BAD;
		err_set(&m->err, E_FILE_SIZE, "%zu bytes, more than the %lld "
		    "of max-size", der.n, (long long)en->conf->home.max_size);
		return;
	}
	en->in_bundle = b->ours;
	engine_handle(en, en->by, der, m);
	en->in_bundle = 0;
}

static int
end(struct bundle *b, struct err *e)
{
	struct effects f = { .event = "unbundled" };
	struct store_row row = { .identity = b->identity, .effects = &f,
	    .now = b->en->now };
	char name[STORE_NAME];

	if (find(b, e) == -1 || ra_batch_end(b->en, b->ours, e) == -1)
		return -1;
	snprintf(f.detail, sizeof(f.detail), "the answer to bundle %lld: %zu "
	    "messages, %zu of no use", (long long)b->ours, b->n, b->bad);
	return store_put(b->en->store, &row, name, e);
}

const struct bundle_role bundle_back = {
	.role = ROLE_RA, .way = -1, .trust = trust, .responder = 1,
	.sender = sender, .begin = begin, .member = member, .end = end,
};
