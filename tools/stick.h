#ifndef TOOLS_STICK_H
#define TOOLS_STICK_H

#include "base/buf.h"
#include "base/err.h"
#include "policy/conf.h"
#include "store/store_relay.h"
#include "tools/tool.h"

/*
 * cmp-spool: between the spool of a home and removable media.
 *
 *	HOME/spool/out/CH   --- export ---> a medium, and then
 *	                    -------------> HOME/spool/sent/CH
 *	a medium            --- import ---> HOME/spool/in/CH
 *
 * What has left stays in sent/; nothing is ever removed from a medium.  The
 * digests of what was imported or exported are in HOME/state/imported.
 */
#define STICK_DIGEST	64	/* hexadecimal digits of SHA-256 */

struct stick {
	const char	*home, *dir;	/* as given; ${dir}: of the medium */
	const char	*label, *channel;
	int		 again, dry, json;
	int		 fd, spool;	/* of the home */
	struct conf	*conf;
	struct store	*store;		/* NULL: the home has none yet */
	int		 is_ra;
	int64_t		 now;
	size_t		 max;		/* bytes of a file */
};

/* The verbs, with an open home; 0 or -1. */
int	stick_status(struct stick *s, struct err *e);
int	stick_export(struct stick *s, int *rc, struct err *e);
int	stick_import(struct stick *s, int *rc, struct err *e);

/*
 * stick_dir.c: what they share.
 *
 * The names in a directory that end in ${end}, sorted; dot files are passed
 * over.
 */
struct stick_names {
	char		**v;
	size_t		  n;
};
int	stick_list(int dirfd, const char *end, struct stick_names *out,
	    struct err *e);
void	stick_names_free(struct stick_names *n);
/* A name that is one word of a list of digests?  E_FILE_TYPE. */
int	stick_check(const char *name, struct err *e);
/* Is ${name} among the sorted ${n}? */
int	stick_has(const struct stick_names *n, const char *name);
/* Adds it at the end. */
int	stick_add(struct stick_names *n, const char *name, struct err *e);
void	stick_sort(struct stick_names *n);

/*
 * Open HOME/spool/NAME[/SUB], made with ${mode} unless that is 0, and say it
 * in ${shown}.
 */
#define STICK_WHERE	256
int	stick_open(const struct stick *s, const char *name, const char *sub,
	    unsigned mode, char shown[static STICK_WHERE], struct err *e);

/* SHA-256 as text. */
void	stick_digest(struct slice data, char hex[static STICK_DIGEST + 1]);

/*
 * Move ${name} from ${from} to ${to}, as ${name} or if that is taken with a
 * number in it, which ${into} gets.  Nothing is synced.
 */
int	stick_move(int from, int to, const char *name, char into[static 256],
	    struct err *e);

/*
 * stick_known.c: the digests of what was imported, or exported here, sorted;
 * and more of them.
 */
int	stick_known(const struct stick *s, struct stick_names *out,
	    struct err *e);
int	stick_know(const struct stick *s, const struct stick_names *add,
	    struct err *e);

#endif
