#ifndef TOOLS_AGENT_H
#define TOOLS_AGENT_H

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
int	agent_run(int fd, const char *shown, int follow, int dry);

/* One line about what became of ${file}, and what to do next. */
void	agent_report(const char *file, const struct outcome *o, int dry);

/* The answer ${name} is where it belongs: remember it. */
int	agent_delivered(struct engine *en, const char *name, struct err *e);

/*
 * Revoke what was not confirmed in time, and forget what is not kept for ever,
 * in a commit of its own.
 */
int	agent_overdue(struct engine *en, struct err *e);

/* Make a CRL and say so, or why not: the exit status. */
int	agent_crl(struct engine *en, const char *shown);

/* The same if one is due by cmp.conf; 0 if none is. */
int	agent_crl_due(struct engine *en, const char *shown);

#endif
