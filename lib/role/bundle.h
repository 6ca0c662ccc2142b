#ifndef ROLE_BUNDLE_H
#define ROLE_BUNDLE_H

#include "msg/nest.h"
#include "role/engine_int.h"

/*
 * Bundles (RFC 9483 5.2.2.2) that come: many messages in one that is a
 * transport for them and nothing else, so its protection says nothing about
 * them.  The loop is the same for all roles and both directions:
 *
 *	verify the outer message -> seen before?  its answer again
 *	-> begin -> each member, a group of them to a commit -> end
 *
 * A run that is killed leaves what it had finished; when the bundle comes
 * again it goes on with the next member, and the row of the bundle in the
 * store (store_bundle.h) is the same.  Those before are not looked at again:
 * wrong MACs among them, which have used up mac-work, would keep the others
 * waiting for ever.
 */
struct bundle_role;

struct bundle {
	struct engine		*en;
	struct outcome		*o;
	const struct bundle_role *role;
	struct nest		*nest;
	const struct msg	*msg;		/* the outer one */
	struct checked		*checked;	/* NULL: only known from before */
	uint8_t			 identity[32];
	int64_t			 row;		/* store_bundle_open() */
	int			 again;		/* that row was there already */
	int			 own_commits;	/* else the caller's only one */
	size_t			 n;		/* members handled, ever */
	size_t			 before;	/* of those, by earlier runs */
	size_t			 good, refused, again_n, bad;
	struct err		 first_bad;	/* why that one could not be read */
	void			*arg;		/* the role's; free()d */
};

/*
 * What a bundle is to a role.  Hooks that fail fill ${e}; what is no
 * engine_is_temporary() is the end of the bundle: answered if ${answers},
 * else not taken.
 */
struct bundle_role {
	enum role	 role;
	int		 way;		/* 1 requests, -1 responses */
	int		 answers;	/* are refusals told to the sender? */
	/* Whose messages they may be, and if they have to be of a responder. */
	const struct trust *(*trust)(const struct engine *en);
	int		 responder;
	/* The outer message is verified: may this sender bundle at all? */
	int		(*sender)(struct bundle *b, struct err *e);
	/*
	 * In the first commit, after the row was opened: check what it answers
	 * or begins.  Not called again when ${b->again}.
	 */
	int		(*begin)(struct bundle *b, struct err *e);
	/*
	 * Handle member ${der} in the open commit: ${m} is as after
	 * engine_handle().  VERDICT_TEMPORARY stops the bundle here, to go on
	 * with this member when it comes again.
	 */
	void		(*member)(struct bundle *b, struct slice der,
			    struct outcome *m);
	/*
	 * All are through; in a commit of its own.  Makes the identity of the
	 * bundle known with store_bundle_close() or store_put().
	 */
	int		(*end)(struct bundle *b, struct err *e);
};

/* engine_bundle() */
void	bundle_handle(struct engine *en, const struct nest_source *src,
	    struct outcome *o);

/* Is ${der} a bundle, good or bad, and no approval, good or bad? */
int	bundle_is(const struct engine *en, struct slice der);

/* bundle_up.c: requests, at a CA and at an RA with others below it.
 * bundle_down.c: answers, at the RA that asked. */
extern const struct bundle_role bundle_ca, bundle_ra, bundle_ra_down;

#endif
