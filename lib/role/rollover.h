#ifndef ROLE_ROLLOVER_H
#define ROLE_ROLLOVER_H

#include <stdint.h>

#include "base/err.h"

/*
 * A new key for a root CA (RFC 4210 4.4).
 *
 * rollover_make() makes keys/next.key (${newkey}; NULL: of the kind the CA
 * has) and, in certs/next/, old.pem, new-with-new.pem, new-with-old.pem and
 * old-with-new.pem, which devices get from then on when they ask (RFC 9483
 * 4.3.2).  Nothing else changes.  An interrupted run is taken up by the next
 * one; a rollover that is made already is E_EXISTS.
 *
 * rollover_activate() makes the new key and certificate those of the CA: in
 * one step, by cmp.conf.  The old root and the links become part of the
 * chain that is sent along, and certificates under it stay "own".
 * E_NOT_FOUND if there is nothing to activate.
 */
int	rollover_make(int homefd, const char *newkey, int64_t days,
	    struct err *e);
int	rollover_activate(int homefd, struct err *e);

#endif
