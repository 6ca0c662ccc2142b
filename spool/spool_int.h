#ifndef SPOOL_SPOOL_INT_H
#define SPOOL_SPOOL_INT_H

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#include "spool/spool.h"

enum spool_dir {
	SPOOL_IN, SPOOL_WORK, SPOOL_OUT, SPOOL_DONE, SPOOL_BAD, SPOOL_TMP,
	SPOOL_HOLD, SPOOL_NDIRS
};

/* "in", "work" ...: the directory below HOME/spool. */
extern const char *const spool_dir_name[SPOOL_NDIRS];

#define SPOOL_BATCH	65536	/* names held in memory at a time */
#define SPOOL_SEEN	1024	/* files reported and not to be reported again */
#define SPOOL_HEAD	2048	/* bytes the judge sees before a claim */

/* The longest name in bad/: ".tmp." and ".why" must fit around it. */
#define SPOOL_BAD_NAME	(NAME_MAX - 9)

struct spool_cand {
	int64_t	 sec;
	long	 nsec;
	char	*name;		/* owned */
};

/*
 * A way through: in/, work/ and out/, or the subdirectories of one name.
 * Those are opened when they are used, for peers can replace them.
 */
struct spool_way {
	char			*name;		/* "": in/, work/, out/ */
	int			 in, work, out;	/* -1: not open */
	int			 moved, placed;	/* work/, out/ are to be synced */

	/*
	 * A pass over one directory: ${stream} is open as long as it may give
	 * more names, ${cand} the batch being handed out.
	 */
	enum spool_dir		 pass;	/* SPOOL_WORK once, then SPOOL_IN */
	DIR			*stream;
	struct spool_cand	*cand;
	size_t			 n, at;
	size_t			 waiting;
	int			 fresh;		/* it began in this claim */
	int			 ended;		/* no more in this claim */
	int			 shown;		/* dry: no more at all */
};

struct spool {
	int			 lock;
	int			 dir[SPOOL_NDIRS];
	struct spool_pass	 round;		/* of the claim being made */
	struct spool_way	 way[SPOOL_SUBS];
	size_t			 n_ways, turn;

	struct { dev_t dev; ino_t ino; } seen[SPOOL_SEEN];
	size_t			 n_seen;
};

/*
 * Move ${name} between two directories, never over another file: 0, or -1
 * with errno.  EEXIST if the name is taken.
 */
int	spool_rename(int from, const char *name, int to, const char *as);

/*
 * The first free name in ${dirfd} made of ${name} and, if that is taken, a
 * number before its suffix, no longer than ${limit} bytes.  ${last}, if not
 * NULL, gets the taken name before it, or "".
 */
void	spool_free_name(int dirfd, const char *name, size_t limit,
	    char got[static NAME_MAX + 1], char last[NAME_MAX + 1]);

/* Move under a free name; a source that is gone already is success. */
int	spool_move(struct spool *s, struct spool_way *w, enum spool_dir from,
	    const char *name, enum spool_dir to, struct err *e);

/* The way called ${sub}, or NULL. */
struct spool_way *spool_way(struct spool *s, const char *sub);
/* The descriptor of ${d}, that of ${w} if it has one of its own. */
int	spool_way_fd(const struct spool *s, const struct spool_way *w,
	    enum spool_dir d);
/*
 * Open in/, work/ or out/ of a subdirectory anew: 1, or 0 if it is not there
 * or not to be used, which is noted.  Always 1 for in/, work/, out/ themselves.
 */
int	spool_way_open(struct spool *s, struct spool_way *w, enum spool_dir d);
/* Forget all ways but the first. */
void	spool_way_clear(struct spool *s);
/* "in/usb": for messages. */
#define SPOOL_WHERE	(NAME_MAX + 8)
const char *spool_where(char t[static SPOOL_WHERE], const struct spool_way *w,
	    enum spool_dir d);

/*
 * Finish a move that was link and unlink and was cut in the middle: work/NAME
 * has a second link in another of our directories.
 */
void	spool_mend(struct spool *s, const struct spool_way *w,
	    const char *name, const struct stat *st);

/* Call the reader's note function, the name escaped. */
void	spool_note(struct spool *s, const struct spool_way *w,
	    const char *name, enum err_code code, const char *text);
/* The same, once for each file. */
void	spool_note_once(struct spool *s, const struct spool_way *w,
	    const char *name, enum err_code code, const struct stat *st,
	    const char *text);

/* Why ${st} is not opened, or NULL if it is a plain file of one link. */
const char *spool_odd(const struct stat *st);

/*
 * spool_large.c: a private copy of work/NAME, which is too large to be held,
 * into ${f}: 1, 0 if it is none that may be, -1 with E_IO, E_FILE_*.
 */
int	spool_copy(struct spool *s, int dirfd, const char *name,
	    struct spool_file *f, struct err *e);

/* Is no pass over a directory under way? */
int	spool_list_idle(const struct spool_way *w);
/*
 * The next candidate of the pass, beginning one if there is none: 1, or 0 at
 * its end, or -1.  The name is good until the next call.
 */
int	spool_list_next(struct spool *s, struct spool_way *w,
	    const char **name, struct err *e);
void	spool_list_release(struct spool_way *w);

#endif
