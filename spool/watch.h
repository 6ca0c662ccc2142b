#ifndef SPOOL_WATCH_H
#define SPOOL_WATCH_H

#include <stddef.h>

#include "base/err.h"

/*
 * "Something may have changed in this directory."  inotify is only the
 * doorbell: nothing is ever concluded from an event but to look again.
 * The one door to libinotifytools.
 */
struct watch;

/*
 * Watch the ${n} ${paths} (plain local directories).  The first has to be
 * there (E_HOME); the others may come and go, and are not watched while they
 * are no directories.  On file systems where inotify does not see everything
 * (NFS, CIFS, FUSE, 9p), or if inotify is refused, it polls every ${poll}
 * seconds instead, and watch_is_polling() says so.
 */
int	watch_open(const char *const *paths, size_t n, int poll,
	    struct watch **out, struct err *e);
int	watch_is_polling(const struct watch *w);

/*
 * Wait until something may have changed, at most ${seconds}: 1 look now
 * (an event, an overflow, or a directory was replaced and is watched
 * again), 0 time is over (look anyway), -1 interrupted by a signal.
 */
int	watch_wait(struct watch *w, int seconds);
void	watch_close(struct watch *w);

#endif
