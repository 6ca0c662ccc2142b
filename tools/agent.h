#ifndef TOOLS_AGENT_H
#define TOOLS_AGENT_H

#include "base/file.h"
#include "role/engine.h"

/*
 * The agent of a home: where the spool (files) and the engine (messages)
 * meet.  Claim, handle within one commit, deliver from the outbox, finish;
 * the same once or in a loop.
 */

/*
 * Work on the spool of the home ${fd}, called ${shown}: once, or with
 * ${follow} until a signal.  Returns the exit status.
 */
int	agent_run(int fd, const char *shown, int follow, int dry, int flush);

/* One line about what became of ${file}, and what to do next. */
void	agent_report(const char *file, const struct outcome *o, int dry);

/* An answer that the store has, as file_give wants it. */
struct agent_answer {
	struct store		 *store;
	const struct store_answer *answer;
};
int	agent_give(void *agent_answer, file_piece piece, void *to,
	    struct err *e);

/* The answer ${name} is where it belongs: remember it. */
int	agent_delivered(struct engine *en, const char *name, struct err *e);

/*
 * What is due by engine_due(), and forget what is not kept for ever, in a
 * commit of its own.  How much was due, or -1.
 */
int	agent_due(struct engine *en, int flush, struct err *e);

/* Make a CRL and say so, or why not: the exit status. */
int	agent_crl(struct engine *en, const char *shown);

/* The same if one is due by cmp.conf; 0 if none is. */
int	agent_crl_due(struct engine *en, const char *shown);

#endif
