#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H

#include "tools/agent.h"
#include "tools/tool.h"

/*
 * cmp-process with a bundle in a FILE.  The answer goes where -o says,
 * ${where}; ${dry}: -n.
 */
struct process_ask {
	const struct conf_channel	*by;
	const char			*where;
	int				 dry;
};

/* The bundle ${der}, called ${file}: the exit status. */
int	process_bundle(struct engine *en, const struct process_ask *a,
	    const char *file, struct slice der);

/* ${file} cannot be read, as ${why} says; if it is larger than max-size, it may
 * still be a bundle: the exit status. */
int	process_large(struct engine *en, const struct process_ask *a,
	    const char *file, const struct err *why);

/*
 * Trust the root that waits in HOME/trust/staged, or those of ${f}: SHA-256
 * fingerprints, 64 hex digits with or without colons.  All are shown first;
 * of several none is trusted without ${f}.  The exit status.
 */
int	process_accept(const char *home, const struct tool_many *f);
/* Are they fingerprints?  The exit status. */
int	process_check_fingerprints(const struct tool_many *f);

#endif
