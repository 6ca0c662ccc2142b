/* From the outbox of the store to the directory that peers look into. */
#include <stdint.h>
#include <stdlib.h>

#include "tools/agent_int.h"
#include "tools/tool.h"

int
agent_delivered(struct engine *en, const char *name, struct err *e)
{
	return store_delivered_name(engine_store(en), name, e);
}

struct outbox {
	struct agent	*a;
	int64_t		*ids;
	size_t		 n, max;
	struct err	 err;		/* the first that stops us, in the end */
};

int
agent_give(void *arg, file_piece piece, void *to, struct err *e)
{
	const struct agent_answer *g = arg;

	return store_answer_each(g->store, g->answer, piece, to, e);
}

/*
 * Place one answer: 1, or 0 if that cannot be, -1 for want of its channel.  A name that somebody else
 * took, or a channel that is not there, is said and holds up nothing; the
 * answer stays in the outbox.
 */
static int
place(struct agent *a, const char *dir, const struct store_answer *answer,
    struct err *first)
{
	struct agent_answer g = { engine_store(a->en), answer };
	struct err e = { 0 };

	if (spool_place_each(a->spool, dir, answer->name, agent_give, &g,
	    &e) == 0)
		return 1;
	if (e.code == E_EXISTS || e.code == E_HOME)
		a->exit = tool_worse(a->exit, tool_fail(a->shown, &e));
	else if (first->code == E_NONE)
		*first = e;
	return e.code == E_HOME ? -1 : 0;
}

static int
place_one(void *arg, const struct store_answer *answer, struct err *e)
{
	struct outbox *ob = arg;
	int64_t *ids;

	if (ob->n == ob->max) {
		ids = realloc(ob->ids, (ob->max + 256) * sizeof(*ids));
		if (ids == NULL)
			return err_set(e, E_NOMEM, "out of memory");
		ob->ids = ids;
		ob->max += 256;
	}
	if (place(ob->a, answer->dir, answer, &ob->err) == 1)
		ob->ids[ob->n++] = answer->id;
	return 0;
}

static int
mark(struct agent *a, const struct outbox *ob, struct err *e)
{
	for (size_t i = 0; i < ob->n; i++)
		if (store_delivered(engine_store(a->en), ob->ids[i], e) == -1)
			return -1;
	return 0;
}

/*
 * Everything committed and not yet delivered goes out.  Marking it is not
 * made durable at once: after a crash the same bytes are delivered again.
 */
int
agent_deliver(struct agent *a, struct err *e)
{
	struct outbox ob = { .a = a };
	int rc = -1, old = 0;

	/* One transaction: reading each answer in its own takes locks. */
	if (engine_begin(a->en, e) == -1)
		return -1;
	if (store_outbox(engine_store(a->en), place_one, &ob, e) == 0 &&
	    (ob.n == 0 || (spool_sync_out(a->spool, e) == 0 &&
	    mark(a, &ob, e) == 0)) &&
	    (old = store_forget(engine_store(a->en), e)) != -1)
		rc = 0;
	if (rc == 0 && (ob.n > 0 || old > 0))
		rc = engine_commit(a->en, e);
	else
		engine_abort(a->en);
	/* The others are delivered; this one is tried at the next start. */
	if (rc == 0 && ob.err.code != E_NONE) {
		*e = ob.err;
		rc = -1;
	}
	free(ob.ids);
	return rc;
}

/* The answer of ${o}, to where the request came from this time. */
static int
again(struct agent *a, const struct outcome *o, struct err *first)
{
	struct store_answer answer = { .name = o->name,
	    .answer = buf_slice(&o->answer) };
	struct err e = { 0 };
	struct buf keep;
	int rc = 0;

	if (o->answer.n == 0 && !o->bundle)
		return 0;
	buf_init(&keep, SIZE_MAX);
	if (o->bundle && (rc = store_answer_find(engine_store(a->en), o->name,
	    &answer, &keep, &e)) != 1) {
		if (rc == 0)
			err_set(&e, E_STORE, "state/cmp.db: no message %s",
			    o->name);
		if (first->code == E_NONE)
			*first = e;
	} else {
		rc = place(a, o->dir, &answer, first);
	}
	buf_release(&keep);
	return rc == -1 ? -1 : 0;
}

/*
 * The same request twice within one group has its answer in the outbox
 * once; an answer that was delivered long ago is placed again, now to the
 * channel that the request came by this time.
 */
int
agent_redeliver(struct agent *a, struct err *e)
{
	struct err first = { 0 };

	for (size_t i = 0; i < a->n; i++) {
		struct outcome *o = &a->outcomes[i];

		/* No outbox remembers this one: the request comes again. */
		if (o->verdict == VERDICT_REPEATED &&
		    again(a, o, &first) == -1)
			o->verdict = VERDICT_TEMPORARY;
	}
	if (spool_sync_out(a->spool, e) == -1)
		return -1;
	if (first.code == E_NONE)
		return 0;
	*e = first;
	return -1;
}
