/* cmp-process FILE: many messages in one. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "msg/nest.h"
#include "tools/process.h"
#include "tools/tool.h"

#define HEAD	2048	/* what nest_looks() needs */

/* The answer to a bundle is in the store; any other is in ${o}. */
static int
put(struct engine *en, const struct process_ask *a, const struct outcome *o,
    char shown[static TOOL_PATH], struct err *e)
{
	struct store_answer answer = { 0 };
	struct agent_answer g = { engine_store(en), &answer };
	struct buf keep;
	int rc;

	if (!o->bundle)
		return tool_put(a->where, o->name, buf_slice(&o->answer), shown,
		    e);
	buf_init(&keep, SIZE_MAX);
	rc = store_answer_find(g.store, o->name, &answer, &keep, e);
	if (rc == 1)
		rc = tool_put_each(a->where, o->name, agent_give, &g, shown,
		    e);
	else if (rc == 0)
		rc = err_set(e, E_STORE, "state/cmp.db: no message %s",
		    o->name);
	buf_release(&keep);
	return rc;
}

static int
deliver(struct engine *en, const struct process_ask *a,
    const struct outcome *o, struct err *e)
{
	char shown[TOOL_PATH];

	if (o->answer.n == 0 && !o->bundle)
		return 0;
	if (put(en, a, o, shown, e) == -1)
		return -1;
	if (shown[0] != '\0')
		tool_say("wrote %s", shown);
	return agent_delivered(en, o->name, e);
}

static int
bundle(struct engine *en, const struct process_ask *a, const char *file,
    const struct nest_source *src)
{
	struct err e = { 0 };
	struct outcome o;
	int rc = 0;

	outcome_init(&o);
	if (a->dry && engine_begin(en, &e) == -1) {
		rc = tool_fail(file, &e);
	} else {
		engine_bundle(en, a->by, src, &o);
		if (a->dry)
			engine_abort(en);
		else if (o.verdict != VERDICT_TEMPORARY &&
		    deliver(en, a, &o, &e) == -1)
			rc = tool_fail(file, &e);
		if (rc == 0) {
			agent_report(file, &o, a->dry);
			rc = outcome_exit(&o);
		}
	}
	outcome_release(&o);
	return rc;
}

int
process_bundle(struct engine *en, const struct process_ask *a,
    const char *file, struct slice der)
{
	struct nest_source src = nest_source_slice(&der);

	return bundle(en, a, file, &src);
}

int
process_large(struct engine *en, const struct process_ask *a,
    const char *file, const struct err *why)
{
	struct nest_source src;
	struct err e = *why;
	uint8_t head[HEAD] = { 0 };
	ssize_t r = -1;
	int fd, rc;

	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd != -1 && engine_role(en) != ROLE_EE)
		r = pread(fd, head, sizeof(head), 0);
	if (r <= 0 || !nest_looks(SLICE(head, r))) {
		rc = tool_fail(NULL, &e);
		tool_say("max-size in [spool] of cmp.conf says how much is "
		    "read");
	} else if (nest_source_fd(&fd, &src, &e) == -1) {
		rc = tool_fail(file, &e);
	} else {
		rc = bundle(en, a, file, &src);
	}
	if (fd != -1)
		close(fd);
	return rc;
}
