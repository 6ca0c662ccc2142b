/* The agent: passes over the spool, once or for ever. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "spool/watch.h"
#include "tools/agent_int.h"
#include "tools/tool.h"

static volatile sig_atomic_t stop;

/* Again in a second: this one may have come just before a wait. */
static void
on_signal(int sig)
{
	stop = sig;
	alarm(1);
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
		[VERDICT_BUNDLE] = "a bundle",
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
agent_due(struct engine *en, int flush, struct err *e)
{
	char note[ENGINE_NOTE];
	int n, old;

	if (flush && strcmp(engine_conf(en)->home.role, "ra") != 0)
		return err_set(e, E_CONF, "cmp.conf: role is \"%s\"; only an RA "
		    "makes bundles, which --flush lets leave",
		    engine_conf(en)->home.role);
	if (engine_begin(en, e) == -1)
		return -1;
	n = engine_due(en, flush, note, e);
	old = n == -1 ? -1 : store_forget(engine_store(en), e);
	if (n + old <= 0 || old == -1) {
		engine_abort(en);
		return old;
	}
	if (n > 0)
		tool_say("%s", note);
	return engine_commit(en, e) == -1 ? -1 : n;
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
	struct err why = { 0 };
	int rc = 0;

	while (rc == 0 && !stop) {
		if ((rc = agent_group_claim(a, e)) == -1 || a->n == 0)
			break;
		rc = agent_group_handle(a, e);
		if (rc == 0)
			write_crl(a);
		agent_group_clear(a);
	}
	agent_group_clear(a);
	if (agent_group_back(a, &why) == -1 && rc == 0) {
		*e = why;
		rc = -1;
	}
	return rc;
}

/*
 * -n: the same, and nothing of it stays.  All groups see what those before
 * them would have done.
 */
static int
show(struct agent *a, struct err *e)
{
	int rc;

	if (engine_begin(a->en, e) == -1)
		return -1;
	while ((rc = agent_group_claim(a, e)) == 0 && a->n > 0 && !stop) {
		agent_group_show(a);
		agent_group_clear(a);
	}
	agent_group_clear(a);
	engine_abort(a->en);
	return rc;
}

/* The channels of cmp.conf are the subdirectories of the spool. */
static int
open_channels(struct agent *a, struct err *e)
{
	const struct conf *c = engine_conf(a->en);
	const char *names[SPOOL_SUBS];
	size_t n = 0;

	while (n < c->n_channels && n < SPOOL_SUBS) {
		names[n] = c->channels[n].name;
		n++;
	}
	return spool_subs(a->spool, names, n, !a->dry, e);
}

/* Ring for in/ and for what is below it. */
static int
open_watch(struct agent *a, struct err *e)
{
	const struct conf *c = engine_conf(a->en);
	char path[SPOOL_SUBS][TOOL_PATH];
	const char *paths[SPOOL_SUBS];
	size_t n = 0;

	while (n < c->n_channels && n < SPOOL_SUBS) {
		snprintf(path[n], TOOL_PATH, "%s/spool/in%s%s", a->shown,
		    n == 0 ? "" : "/", c->channels[n].name);
		paths[n] = path[n];
		n++;
	}
	watch_close(a->watch);
	a->watch = NULL;
	return watch_open(paths, n, a->poll, &a->watch, e);
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
	a->poll = (int)engine_conf(a->en)->home.poll;
	if (open_channels(a, e) == -1 || open_watch(a, e) == -1) {
		engine_close(a->en);
		a->en = NULL;
		return -1;
	}
	a->held = (struct err){ 0 };
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

/* The home of an RA is a cmp.conf and its keys: the rest is made for it. */
static int
make_spool(int fd, struct err *e)
{
	struct conf *c;
	int rc = 0;

	if (conf_load(fd, "cmp.conf", &c, e) == -1)
		return -1;
	if (strcmp(c->home.role, "ra") == 0)
		rc = spool_init(fd, e);
	conf_free(c);
	return rc;
}

static int
start(struct agent *a, struct err *e)
{
	size_t group;

	if (make_spool(a->fd, e) == -1 ||
	    spool_open(a->fd, &a->spool, e) == -1 ||
	    engine_open(a->fd, STORE_WRITE, &a->en, e) == -1)
		return -1;
	if (open_channels(a, e) == -1)
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
	return a->dry ? 0 : agent_deliver(a, e);
}

static void
finish(struct agent *a)
{
	free(a->files);
	free(a->back);
	free(a->outcomes);
	watch_close(a->watch);
	engine_close(a->en);
	spool_close(a->spool);
}

static int
work(struct agent *a, struct err *e)
{
	if (a->dry)
		return show(a, e);
	if (agent_due(a->en, 0, e) == -1)
		return -1;
	write_crl(a);
	if (pass(a, e) == -1)
		return -1;
	/* What came now may have filled a bundle. */
	if (agent_due(a->en, a->flush, e) == -1)
		return -1;
	return agent_deliver(a, e);
}

static void
wait_for(struct agent *a)
{
	int seconds = a->held.code == E_NONE ? a->poll : 1;

	if (a->watch != NULL)
		watch_wait(a->watch, seconds);
	else
		sleep((unsigned)seconds);
}

static int
loop(struct agent *a, struct err *e)
{
	int rc = 0;

	/* Watch first, then look: what comes in between rings the bell. */
	if (open_watch(a, e) == -1)
		return -1;
	tool_say("following %s/spool/in%s", a->shown,
	    watch_is_polling(a->watch) ? " by polling" : "");
	while (rc == 0 && !stop) {
		if (refresh(a, e) == -1)
			hold(a, e);
		else
			rc = work(a, e);
		if (rc == 0 && !stop)
			wait_for(a);
	}
	return rc;
}

int
agent_run(int fd, const char *shown, int follow, int dry, int flush)
{
	struct agent a = { .fd = fd, .shown = shown, .dry = dry,
	    .flush = flush };
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
