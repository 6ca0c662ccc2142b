#ifndef ROLE_FLOOR_H
#define ROLE_FLOOR_H

#include "store/store.h"

/*
 * The floor under the clock of a CA.  A clock that says less than the last
 * row of the audit trail, or more than a year later, is E_CLOCK: what is
 * issued, revoked or decided then could not be mended.  `cmp-ca clock
 * --accept` says that it is right.  Whatever a CA does that has a date is
 * begun here.
 */

/* store_begin(), and that; no commit is open after a failure. */
int	floor_begin(struct store *s, int64_t now, struct err *e);

/* For what uses files only: look into the store of the home, locked. */
int	floor_check(int homefd, int64_t now, struct err *e);

#endif
