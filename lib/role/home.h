#ifndef ROLE_HOME_H
#define ROLE_HOME_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Path "/proc/self/fd/N/NAME" of a file below HOME, for readers of paths; an
 * absolute ${name} is itself.  Returns ${t}.
 */
#define HOME_PATH	512
const char *home_path(char t[static HOME_PATH], int homefd, const char *name);

/*
 * Changing cmp.conf: who does holds a lock on trust/, so that nothing is lost
 * between reading and writing; an agent may go on with its work.  Always to be
 * ended, also after a failure.  ${text} is cmp.conf as it is.
 */
struct home_edit {
	int		 homefd, trust;
	struct buf	 text;
};
int	home_edit_begin(struct home_edit *d, int homefd, struct err *e);
int	home_edit_save(struct home_edit *d, struct slice text, struct err *e);
void	home_edit_end(struct home_edit *d);

#endif
