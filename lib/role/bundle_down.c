/* Bundles of answers, at the RA whose bundle of requests they answer. */
#include <stdio.h>
#include <stdlib.h>

#include "role/bundle.h"
#include "role/ra_batch.h"

static const struct trust *
trust(const struct engine *en)
{
	return &en->upstream;
}

/* Who may answer at all is all that has to be asked. */
static int
sender(struct bundle *b, struct err *e)
{
	(void)b;
	(void)e;
	return 0;
}

/* Which of our bundles it answers: kept, for a run may begin in its middle. */
static int
find(struct bundle *b, struct err *e)
{
	int64_t *batch = b->arg;

	if (batch != NULL)
		return 0;
	if ((batch = calloc(1, sizeof(*batch))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	b->arg = batch;
	return ra_batch_begin(b->en, b->msg, batch, e) == -1 ? -1 : 0;
}

static int
begin(struct bundle *b, struct err *e)
{
	int64_t batch;

	switch (ra_batch_begin(b->en, b->msg, &batch, e)) {
	case -1:
		return -1;
	case 0:
		return err_set(e, E_ANSWER_TAKEN, "bundle %lld has its answer "
		    "already; this is another one", (long long)batch);
	}
	return find(b, e);
}

static void
member(struct bundle *b, struct slice der, struct outcome *m)
{
	struct engine *en = b->en;

	if (find(b, &m->err) == -1) {
		m->verdict = VERDICT_TEMPORARY;
		return;
	}
	en->batch = *(int64_t *)b->arg;
	engine_handle(en, en->by, der, m);
	en->batch = 0;
}

static int
end(struct bundle *b, struct err *e)
{
	struct effects f = { .event = "bundle answered" };
	struct store_row row = { .identity = b->identity, .effects = &f,
	    .now = b->en->now };
	char name[STORE_NAME];

	if (find(b, e) == -1 ||
	    ra_batch_end(b->en, *(int64_t *)b->arg, e) == -1)
		return -1;
	snprintf(f.detail, sizeof(f.detail), "%zu answers, %zu of them could "
	    "not be passed down", b->n, b->bad);
	return store_put(b->en->store, &row, name, e);
}

const struct bundle_role bundle_ra_down = {
	.role = ROLE_RA, .way = -1, .answers = 0, .responder = 1,
	.trust = trust, .sender = sender, .begin = begin, .member = member,
	.end = end,
};
