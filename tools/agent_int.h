#ifndef TOOLS_AGENT_INT_H
#define TOOLS_AGENT_INT_H

#include "spool/spool.h"
#include "tools/agent.h"

/* What one pass over the spool needs. */
struct agent {
	int			 fd;
	const char		*shown;
	int			 dry, flush;
	struct spool		*spool;
	struct watch		*watch;		/* NULL unless it stays */
	struct engine		*en;
	struct spool_file	*files;
	struct outcome		*outcomes;
	size_t			 max, n;
	struct spool_file	*back;		/* to be put back after the pass */
	size_t			 n_back;
	int			 exit;		/* worst status so far */
	int			 poll;		/* seconds */
	struct err		 held;		/* why nothing is done now */
};

/* agent_deliver.c: everything committed and not yet delivered goes out. */
int	agent_deliver(struct agent *a, struct err *e);
/* The answers to messages of the group that were handled before. */
int	agent_redeliver(struct agent *a, struct err *e);

/*
 * agent_group.c: a group of files is claimed, handled in one commit, answered
 * and settled.  agent_group_claim() fills ${a->files}; agent_group_handle()
 * does the rest, or says with agent_group_show() what it would do, within a
 * commit that the caller opens and gives up.
 */
int	agent_group_claim(struct agent *a, struct err *e);
int	agent_group_handle(struct agent *a, struct err *e);
void	agent_group_show(struct agent *a);
void	agent_group_clear(struct agent *a);
/*
 * Put back what could not be done now.  Until then it stays in work/, so that
 * one pass takes nothing twice and comes to all that waits behind it.
 */
int	agent_group_back(struct agent *a, struct err *e);

#endif
