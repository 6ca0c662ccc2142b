#ifndef STORE_STORE_BUNDLE_H
#define STORE_STORE_BUNDLE_H

#include "store/store.h"

/*
 * Bundles (RFC 9483 5.2.2.2) that leave: what stands before and behind the
 * members is an outbox row, each member is one of its own, put there with
 * ${later} of struct store_row.  A bundle grows over any number of commits
 * and is complete, and delivered, when it is closed.
 */

/*
 * The bundle that is known as ${identity} into ${bundle}: 1 it is there, of a
 * run that was killed perhaps, 0 it was made.  Part of the open commit.
 */
int	store_bundle_open(struct store *s, const uint8_t identity[static 32],
	    int64_t *bundle, struct err *e);

/* The same if it is there already, closed or not: 1, 0 not, -1. */
int	store_bundle_find(struct store *s, const uint8_t identity[static 32],
	    int64_t *bundle, struct err *e);

/*
 * The outbox row ${name} is the next member: 1, or 0 if it is one already.
 * Its request, if it was not verified, is kept like those that were, since
 * nothing of a bundle may be forgotten.  E_NOT_FOUND: there is no such row;
 * E_INTERNAL: it is a bundle, or ${bundle} is closed.
 */
int	store_bundle_add(struct store *s, int64_t bundle, const char *name,
	    struct err *e);

/* How many members there are, and bytes in all of them. */
int	store_bundle_total(struct store *s, int64_t bundle, uint64_t *bytes,
	    size_t *members, struct err *e);

/*
 * How many messages of what it answers have been handled, with or without an
 * answer: not to be handled again after a restart.
 */
int	store_bundle_passed(struct store *s, int64_t bundle, size_t *n,
	    struct err *e);
int	store_bundle_pass(struct store *s, int64_t bundle, size_t n,
	    struct err *e);

/*
 * The members in their order, one call each; ${each} returns 0, or -1 to
 * stop, and leaves the store alone.  ${member} is borrowed until it returns.
 */
int	store_bundle_parts(struct store *s, int64_t bundle,
	    int (*each)(void *arg, struct slice member, struct err *e),
	    void *arg, struct err *e);

/*
 * The same one by one: 1 and the next member, 0 after the last, -1.  Nothing
 * else may be done with the store in between.  Always to be ended.
 */
struct store_parts;
int	store_parts_open(struct store *s, int64_t bundle,
	    struct store_parts **out, struct err *e);
int	store_parts_next(struct store_parts *p, struct slice *member,
	    struct err *e);
void	store_parts_end(struct store_parts *p);

/*
 * The bundle is complete: ${prefix}, its members, ${suffix}.  That becomes an
 * outbox row for ${dir}, called ${name} or with a number as ${final_name}, and
 * the answer to the identity of the bundle.  With an audit row, part of the
 * open commit.
 */
int	store_bundle_close(struct store *s, int64_t bundle,
	    struct slice prefix, struct slice suffix, const char *dir,
	    const char *name, int64_t now,
	    char final_name[static STORE_NAME], struct err *e);

#endif
