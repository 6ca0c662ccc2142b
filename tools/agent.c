#include "tools/agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "spool/spool.h"
#include "spool/watch.h"
#include "tools/tool.h"

/* What one pass over the spool needs. */
struct agent {
	int			 fd;
	const char		*shown;
	int			 dry;
	struct spool		*spool;
	struct engine		*en;
	struct spool_file	*files;
	struct outcome		*outcomes;
	size_t			 max, n;
	int			 exit;		/* worst status so far */
	int			 poll;		/* seconds */
	struct err		 held;		/* why nothing is done now */
};

static volatile sig_atomic_t stop;

/* Again in a second: this one may have come just before a wait. */
static void
on_signal(int sig)
{
	stop = sig;
	alarm(1);
}

static enum spool_shape
judge(struct slice head, size_t size)
{
	size_t promised = der_promised(head);

	if (size == 0 || (head.n > 0 && head.p[0] == 0) || size < 2)
		return SPOOL_PARTIAL;	/* made, but not written yet */
	if (promised == 0 || promised < size)
		return SPOOL_BROKEN;
	return promised > size ? SPOOL_PARTIAL : SPOOL_COMPLETE;
}

static const char *
verdict_word(const struct outcome *o)
{
	static const char *const words[] = {
		[VERDICT_ANSWERED] = "answered", [VERDICT_REFUSED] = "refused",
		[VERDICT_REPEATED] = "repeated", [VERDICT_TAKEN] = "taken",
		[VERDICT_NO] = "not taken", [VERDICT_BAD] = "bad",
		[VERDICT_WAITING] = "waiting",
		[VERDICT_TEMPORARY] = "put back",
	};

	return words[o->verdict];
}

void
agent_report(const char *file, const struct outcome *o, int dry)
{
	char name[ESCAPE_SHORT];

	escape_short(name, slice_str(file));
	if (o->err.code == E_NONE) {
		tool_say("%s%s: %s: %s%s%s", dry ? "would: " : "", name,
		    verdict_word(o), o->note, o->name[0] ? " -> " : "",
		    o->name);
	} else {
		tool_say("%s%s: %s: %s: %s (%s)%s%s", dry ? "would: " : "",
		    name, verdict_word(o), err_name(o->err.code),
		    o->err.detail, err_section(o->err.code),
		    o->name[0] ? " -> " : "", o->name);
	}
	if (o->next[0] != '\0')
		tool_say("next: %s", o->next);
}

int
agent_delivered(struct engine *en, const char *name, struct err *e)
{
	return store_delivered_name(engine_store(en), name, e);
}

int
agent_overdue(struct engine *en, struct err *e)
{
	int n;

	if (engine_begin(en, e) == -1)
		return -1;
	n = engine_overdue(en, e);
	if (n <= 0) {
		engine_abort(en);
		return n;
	}
	tool_say("%d certificates were not confirmed in time and are revoked",
	    n);
	return engine_commit(en, e);
}

struct outbox {
	struct agent	*a;
	int64_t		*ids;
	size_t		 n, max;
	struct err	 err;		/* the first that stops us, in the end */
};

/*
 * Place one answer: 1, or 0 if that cannot be.  A name that somebody else
 * took is said and holds up nothing; the answer stays in the outbox.
 */
static int
place(struct agent *a, const char *name, struct slice answer,
    struct err *first)
{
	struct err e = { 0 };

	if (spool_place(a->spool, name, answer, &e) == 0)
		return 1;
	if (e.code == E_EXISTS)
		a->exit = tool_worse(a->exit, tool_fail(a->shown, &e));
	else if (first->code == E_NONE)
		*first = e;
	return 0;
}

static int
place_one(void *arg, int64_t id, const char *name, struct slice answer,
    struct err *e)
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
	if (place(ob->a, name, answer, &ob->err))
		ob->ids[ob->n++] = id;
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
static int
deliver(struct agent *a, struct err *e)
{
	struct outbox ob = { .a = a };
	int rc = -1;

	/* One transaction: reading each answer in its own takes locks. */
	if (engine_begin(a->en, e) == -1)
		return -1;
	if (store_outbox(engine_store(a->en), place_one, &ob, e) == 0 &&
	    (ob.n == 0 || (spool_sync_out(a->spool, e) == 0 &&
	    mark(a, &ob, e) == 0)))
		rc = 0;
	if (rc == 0 && ob.n > 0)
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

static void
note(void *arg, const char *line, enum err_code code)
{
	struct agent *a = arg;

	tool_say("%s", line);
	if (code != E_NONE)
		a->exit = tool_worse(a->exit, err_exit(code));
}

/* The place of a claimed file after its outcome is committed. */
static int
settle(struct agent *a, const struct spool_file *f, const struct outcome *o,
    struct err *e)
{
	char why[sizeof(o->err.detail) + 64];

	switch (o->verdict) {
	case VERDICT_TEMPORARY:
		return spool_return(a->spool, f, e);
	case VERDICT_BAD:
		snprintf(why, sizeof(why), "%s: %s", err_name(o->err.code),
		    o->err.detail);
		return spool_reject(a->spool, f, why, e);
	default:
		return spool_finish(a->spool, f, e);
	}
}

static int
settle_all(struct agent *a, struct err *e)
{
	for (size_t i = 0; i < a->n; i++) {
		if (settle(a, &a->files[i], &a->outcomes[i], e) == -1)
			return -1;
		agent_report(a->files[i].name, &a->outcomes[i], a->dry);
		a->exit = tool_worse(a->exit, outcome_exit(&a->outcomes[i]));
	}
	return spool_sync_done(a->spool, e);
}

/*
 * The same request twice within one group has its answer in the outbox
 * once; an answer that was delivered long ago is placed again.
 */
static int
redeliver(struct agent *a, struct err *e)
{
	struct err first = { 0 };

	for (size_t i = 0; i < a->n; i++) {
		struct outcome *o = &a->outcomes[i];

		if (o->verdict == VERDICT_REPEATED && o->answer.n > 0)
			place(a, o->name, buf_slice(&o->answer), &first);
	}
	if (spool_sync_out(a->spool, e) == -1)
		return -1;
	if (first.code == E_NONE)
		return 0;
	*e = first;
	return -1;
}

/*
 * Nothing was committed, so nothing is claimed: all of the group goes back.
 * What cannot stays in work/ and is redone.
 */
static int
unclaim(struct agent *a)
{
	struct err ignored = { 0 };

	for (size_t i = 0; i < a->n; i++)
		spool_return(a->spool, &a->files[i], &ignored);
	return -1;
}

static int
handle_group(struct agent *a, struct err *e)
{
	int again = 0, rc;

	if (engine_begin(a->en, e) == -1)
		return unclaim(a);
	for (size_t i = 0; i < a->n; i++) {
		engine_handle(a->en, buf_slice(&a->files[i].data),
		    &a->outcomes[i]);
		again |= a->outcomes[i].verdict == VERDICT_REPEATED;
	}
	if (engine_commit(a->en, e) == -1) {
		engine_abort(a->en);
		return unclaim(a);
	}
	if ((rc = deliver(a, e)) == 0 && again)
		rc = redeliver(a, e);
	for (size_t i = 0; rc == 0 && i < a->n; i++)
		rc = engine_install(a->en, buf_slice(&a->files[i].data),
		    &a->outcomes[i], e);
	return rc == 0 ? settle_all(a, e) : -1;
}

/* -n: the same, and nothing of it stays. */
static int
show_group(struct agent *a, struct err *e)
{
	if (engine_begin(a->en, e) == -1)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		engine_handle(a->en, buf_slice(&a->files[i].data),
		    &a->outcomes[i]);
		agent_report(a->files[i].name, &a->outcomes[i], 1);
		a->exit = tool_worse(a->exit, outcome_exit(&a->outcomes[i]));
	}
	engine_abort(a->en);
	return 0;
}

static int
claim(struct agent *a, struct err *e)
{
	const struct conf_home *h = &engine_conf(a->en)->home;
	struct spool_pass pass = { .judge = judge,
	    .max_size = (size_t)h->max_size, .settle = h->settle,
	    .now = clock_now(), .dry = a->dry, .note = note, .arg = a };

	return spool_claim(a->spool, &pass, a->files, a->max, &a->n, e);
}

static void
clear_group(struct agent *a)
{
	for (size_t i = 0; i < a->n; i++) {
		spool_file_release(&a->files[i]);
		outcome_release(&a->outcomes[i]);
		outcome_init(&a->outcomes[i]);
	}
	a->n = 0;
}

/* Was anything put back?  Then trying at once would only spin. */
static int
any_temporary(const struct agent *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->outcomes[i].verdict == VERDICT_TEMPORARY)
			return 1;
	return 0;
}

/*
 * Revocations are committed, answers delivered: what a failure here delays
 * is made up for by the next pass.
 */
static void
write_crl(struct agent *a)
{
	a->exit = tool_worse(a->exit, agent_crl_due(a->en, a->shown));
}

/* Everything that waits, group after group. */
static int
pass(struct agent *a, struct err *e)
{
	int rc = 0, again = 1;

	while (rc == 0 && again && !stop) {
		if ((rc = claim(a, e)) == -1 || a->n == 0)
			break;
		if (a->dry) {
			rc = show_group(a, e);
			again = 0;	/* they are all still there */
		} else {
			rc = handle_group(a, e);
			if (rc == 0)
				write_crl(a);
			again = !any_temporary(a);
		}
		clear_group(a);
	}
	clear_group(a);
	return rc;
}

/*
 * Configuration and trust are read anew when they have changed.  While they
 * cannot be read nothing is handled, neither by them nor by what was before.
 */
static int
refresh(struct agent *a, struct err *e)
{
	if (a->en != NULL && !engine_stale(a->en))
		return 0;
	engine_close(a->en);
	a->en = NULL;
	if (engine_open(a->fd, STORE_WRITE, &a->en, e) == -1)
		return -1;
	a->held = (struct err){ 0 };
	a->poll = (int)engine_conf(a->en)->home.poll;
	tool_say("configuration was read again");
	return 0;
}

/*
 * The files of the home are not right, perhaps just being edited: requests
 * wait where they are until that is mended.  Said once for each reason.
 */
static void
hold(struct agent *a, const struct err *e)
{
	if (a->held.code == e->code && strcmp(a->held.detail, e->detail) == 0)
		return;
	tool_fail(a->shown, e);
	tool_say("requests wait until that is mended");
	a->held = *e;
}

static int
start(struct agent *a, struct err *e)
{
	size_t group;

	if (spool_open(a->fd, &a->spool, e) == -1 ||
	    engine_open(a->fd, STORE_WRITE, &a->en, e) == -1)
		return -1;
	a->poll = (int)engine_conf(a->en)->home.poll;
	group = (size_t)engine_conf(a->en)->home.group;
	a->max = group < 1 ? 1 : group;
	a->files = calloc(a->max, sizeof(*a->files));
	a->outcomes = calloc(a->max, sizeof(*a->outcomes));
	if (a->files == NULL || a->outcomes == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	for (size_t i = 0; i < a->max; i++)
		outcome_init(&a->outcomes[i]);
	return a->dry ? 0 : deliver(a, e);
}

static void
finish(struct agent *a)
{
	free(a->files);
	free(a->outcomes);
	engine_close(a->en);
	spool_close(a->spool);
}

static int
work(struct agent *a, struct err *e)
{
	if (!a->dry && agent_overdue(a->en, e) == -1)
		return -1;
	if (!a->dry)
		write_crl(a);
	return pass(a, e);
}

static int
loop(struct agent *a, struct err *e)
{
	char path[TOOL_PATH];
	struct watch *w;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/spool/in", a->shown);
	/* Watch first, then look: what comes in between rings the bell. */
	if (watch_open(path, a->poll, &w, e) == -1)
		return -1;
	tool_say("following %s%s", path, watch_is_polling(w) ? " by polling" :
	    "");
	while (rc == 0 && !stop) {
		if (refresh(a, e) == -1)
			hold(a, e);
		else
			rc = work(a, e);
		if (rc == 0 && !stop)
			watch_wait(w, a->held.code == E_NONE ? a->poll : 1);
	}
	watch_close(w);
	return rc;
}

int
agent_run(int fd, const char *shown, int follow, int dry)
{
	struct agent a = { .fd = fd, .shown = shown, .dry = dry };
	struct sigaction sa = { .sa_handler = on_signal };
	struct err e = { 0 };
	int rc;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	rc = start(&a, &e);
	if (rc == 0)
		rc = follow ? loop(&a, &e) : work(&a, &e);
	if (rc == -1)
		a.exit = tool_worse(a.exit, tool_fail(shown, &e));
	else if (follow)
		a.exit = 0;
	else if (spool_waiting(a.spool) > 0)
		tool_say("%zu files are not complete yet and wait in "
		    "%s/spool/in", spool_waiting(a.spool), shown);
	finish(&a);
	return a.exit;
}
