/* A group of files from in/ to done/, with one commit. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn/der.h"
#include "base/clock.h"
#include "msg/nest.h"
#include "tools/agent_int.h"
#include "tools/tool.h"

/* The spool has been told of the channels of cmp.conf, and of no others. */
static void
handle(struct agent *a, size_t i)
{
	const struct conf_channel *by = conf_channel(engine_conf(a->en),
	    a->files[i].sub);
	struct outcome *o = &a->outcomes[i];

	if (a->files[i].fd != -1) {
		o->verdict = VERDICT_BUNDLE;
		return;
	}
	if (by != NULL) {
		engine_handle(a->en, by, buf_slice(&a->files[i].data), o);
		return;
	}
	o->verdict = VERDICT_TEMPORARY;
	err_set(&o->err, E_CONF, "cmp.conf has no [channel %s]",
	    a->files[i].sub);
}

/* What turned out to be a bundle is handled after the others. */
static void
handle_bundle(struct agent *a, size_t i)
{
	struct spool_file *f = &a->files[i];
	struct slice der = buf_slice(&f->data);
	struct nest_source src = nest_source_slice(&der);
	struct outcome *o = &a->outcomes[i];

	if (f->fd == -1 || nest_source_fd(&f->fd, &src, &o->err) == 0)
		engine_bundle(a->en, conf_channel(engine_conf(a->en), f->sub),
		    &src, o);
	else
		o->verdict = VERDICT_TEMPORARY;
}

/* "usb/x.pki": a line about file ${i}. */
static void
report(struct agent *a, size_t i)
{
	const struct spool_file *f = &a->files[i];
	char name[STORE_DIR + NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s%s%s", f->sub, f->sub[0] != '\0' ?
	    "/" : "", f->name);
	agent_report(name, &a->outcomes[i], a->dry);
	a->exit = tool_worse(a->exit, outcome_exit(&a->outcomes[i]));
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

static void
note(void *arg, const char *line, enum err_code code)
{
	struct agent *a = arg;

	tool_say("%s", line);
	if (code != E_NONE)
		a->exit = tool_worse(a->exit, err_exit(code));
}

int
agent_group_claim(struct agent *a, struct err *e)
{
	const struct conf_home *h = &engine_conf(a->en)->home;
	struct spool_pass pass = { .judge = judge,
	    .max_size = (size_t)h->max_size, .settle = h->settle,
	    .now = clock_now(), .dry = a->dry, .note = note, .arg = a };

	if (engine_role(a->en) != ROLE_EE) {
		pass.max_large = (size_t)h->max_bundle;
		pass.large = nest_looks;
	}

	return spool_claim(a->spool, &pass, a->files, a->max, &a->n, e);
}

/* ${f}, without its content, is for agent_group_back(). */
static int
keep_back(struct agent *a, struct spool_file *f, struct err *e)
{
	struct spool_file *more;

	more = reallocarray(a->back, a->n_back + 1, sizeof(*more));
	if (more == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	a->back = more;
	a->back[a->n_back] = (struct spool_file){ .sub = f->sub };
	if ((a->back[a->n_back].name = strdup(f->name)) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	a->n_back++;
	return 0;
}

int
agent_group_back(struct agent *a, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < a->n_back; i++) {
		if (rc == 0)
			rc = spool_return(a->spool, &a->back[i], e);
		spool_file_release(&a->back[i]);
	}
	a->n_back = 0;
	return rc;
}

/* The place of a claimed file after its outcome is committed. */
static int
settle(struct agent *a, struct spool_file *f, const struct outcome *o,
    struct err *e)
{
	char why[sizeof(o->err.detail) + 64];

	switch (o->verdict) {
	case VERDICT_TEMPORARY:
		return keep_back(a, f, e);
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
		report(a, i);
	}
	return spool_sync_done(a->spool, e);
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

int
agent_group_handle(struct agent *a, struct err *e)
{
	int again = 0, bundles = 0, rc;

	if (engine_begin(a->en, e) == -1)
		return unclaim(a);
	for (size_t i = 0; i < a->n; i++) {
		handle(a, i);
		bundles |= a->outcomes[i].verdict == VERDICT_BUNDLE;
	}
	if (engine_commit(a->en, e) == -1) {
		engine_abort(a->en);
		return unclaim(a);
	}
	/* What is ready need not wait until all of a bundle is. */
	if (bundles && agent_deliver(a, e) == -1)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		if (a->outcomes[i].verdict == VERDICT_BUNDLE)
			handle_bundle(a, i);
		again |= a->outcomes[i].verdict == VERDICT_REPEATED;
	}
	if ((rc = agent_deliver(a, e)) == 0 && again)
		rc = agent_redeliver(a, e);
	for (size_t i = 0; rc == 0 && i < a->n; i++)
		rc = engine_install(a->en, buf_slice(&a->files[i].data),
		    &a->outcomes[i], e);
	return rc == 0 ? settle_all(a, e) : -1;
}

/* -n: the same, in one commit that is never made. */
void
agent_group_show(struct agent *a)
{
	for (size_t i = 0; i < a->n; i++) {
		handle(a, i);
		if (a->outcomes[i].verdict == VERDICT_BUNDLE)
			handle_bundle(a, i);
		report(a, i);
	}
}

void
agent_group_clear(struct agent *a)
{
	for (size_t i = 0; i < a->n; i++) {
		spool_file_release(&a->files[i]);
		outcome_release(&a->outcomes[i]);
		outcome_init(&a->outcomes[i]);
	}
	a->n = 0;
}
