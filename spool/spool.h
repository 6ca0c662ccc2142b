#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

/*
 * The exchange directory.  Knows nothing of CMP: a message is a file whose
 * content is complete when the callback says so.
 *
 *	HOME/spool/in     dropped by peers or media
 *	HOME/spool/work   claimed by the agent; at start all of it is redone
 *	HOME/spool/out    answers, complete by construction
 *	HOME/spool/done   requests that have been answered
 *	HOME/spool/bad    what cannot be read, each with NAME.why beside it
 *	HOME/spool/tmp hold   ours
 *	HOME/spool/{in,work,out}/NAME  the same for each of spool_subs()
 *
 * A file's life: in --claim--> work --finish--> done
 *                                  \--reject--> bad
 *
 * Who may move what: peers only create in in/ and take from out/; everything
 * else is the agent's, and there is one agent (spool_open() locks).  Every
 * move is one rename without overwriting, within one file system, followed
 * by a sync of the directory that received the entry (but for the claim: a
 * crash may undo it); a crash between two moves leaves the file in exactly
 * one of the places.  Redoing any step is harmless.
 *
 * Names are bytes: never in a path with a slash, a shell or a format.
 */
struct spool;

/* Make the directories of a spool below ${homefd} (0700, in/ and out/ 0770). */
int	spool_init(int homefd, struct err *e);

/*
 * Take only the lock of ${homefd} (state/lock, made if absent), for runs that
 * touch no spool.  Held until ${fd} is closed; E_LOCKED names the holder.
 */
int	spool_lock(int homefd, int *fd, struct err *e);

/*
 * Open the spool below ${homefd} and take its lock (state/lock, flock): a
 * second agent gets E_LOCKED.  What a crash left is put right: temporary
 * files are removed.
 */
int	spool_open(int homefd, struct spool **out, struct err *e);
void	spool_close(struct spool *s);

/*
 * Name the subdirectories of in/ and out/ that are used in the same way,
 * those of before are forgotten; never while a file is claimed.  ${names} are
 * names of directories, without a slash or a dot in front; "" among them is
 * in/ and out/ themselves, which always are.  With ${make} absent ones are
 * made (0770).  What stands there and is no directory of ours, a symbolic link
 * above all, is noted when it is its turn, and left alone; so are, in in/,
 * directories with other names.  A file that was claimed from in/NAME is in
 * work/NAME until it is done; a NAME that is not named any more keeps it.
 */
#define SPOOL_SUBS	65
int	spool_subs(struct spool *s, const char *const *names, size_t n,
	    int make, struct err *e);

/* What a candidate is, judged from its first bytes and its size. */
enum spool_shape { SPOOL_COMPLETE, SPOOL_PARTIAL, SPOOL_BROKEN };
typedef enum spool_shape (*spool_judge)(struct slice head, size_t size);

/* How a pass over the spool is made. */
struct spool_pass {
	spool_judge	 judge;
	size_t		 max_size;	/* bytes of a message */
	int64_t		 settle;	/* seconds an incomplete file may rest */
	int64_t		 now;
	/* Say what would be, move nothing: each file is handed out once until
	 * spool_close(). */
	int		 dry;
	/* One line about each file passed over or rejected; may be NULL. */
	void		(*note)(void *arg, const char *line,
			    enum err_code code);
	void		*arg;
	/*
	 * Larger files that begin so that ${large} says 1 are taken, too, up
	 * to ${max_large} bytes.  NULL: none.
	 */
	size_t		 max_large;
	int		(*large)(struct slice head);
};

/*
 * A claimed file: read once, all decisions are on this copy.  A large one is
 * not in ${data} but in ${fd}, a file without a name that nobody else has.
 */
struct spool_file {
	const char	*sub;		/* "", or of spool_subs(); the spool's */
	char		*name;		/* in work/SUB; owned */
	struct buf	 data;
	int		 fd;		/* -1: in ${data} */
};

/*
 * Look at in/ (and first, once after spool_open(), at work/) and claim up to
 * ${max} files, oldest first as far as the directory tells.  ${files} gets
 * them, ${n} their number; 0 means nothing is to be done now.  in/ and its
 * subdirectories take turns, one file each: none waits for another to be
 * empty.  A large file is the last of those that are handed out.
 *
 * Only names that end in .pki (any case), do not start with a dot and are
 * no longer than 255 bytes are candidates; others are left alone.  Links,
 * FIFOs, devices, directories and files with a second hard link are never
 * opened for reading of their content and are left where they are, each
 * noted once.  Over-large and broken files go to bad/.  Partial files, and
 * empty ones, for so begins every copy, stay until they are complete or have
 * not changed (st_ctime) for the time to settle, then they go to bad/.  Text
 * of notes is escaped already.
 */
int	spool_claim(struct spool *s, const struct spool_pass *pass,
	    struct spool_file *files, size_t max, size_t *n, struct err *e);

/* How many candidates waited incomplete at the last spool_claim()? */
size_t	spool_waiting(const struct spool *s);

void	spool_file_release(struct spool_file *f);

/*
 * Deliver answers into out/SUB: spool_place() each (syncs the file, an
 * existing ${name} with the same content is success), then spool_sync_out()
 * once.  Only after that are they durable.  E_HOME: there is no such ${sub}.
 */
int	spool_place(struct spool *s, const char *sub, const char *name,
	    struct slice data, struct err *e);
/* The same for what is not held: see file_place_each(). */
int	spool_place_each(struct spool *s, const char *sub, const char *name,
	    file_give give, void *arg, struct err *e);
int	spool_sync_out(struct spool *s, struct err *e);

/*
 * The request is answered: move it to done/.  A name that is taken there
 * gets a number.  spool_sync_done() makes a number of moves durable.
 */
int	spool_finish(struct spool *s, const struct spool_file *f,
	    struct err *e);
int	spool_sync_done(struct spool *s, struct err *e);

/* It cannot be read: move it to bad/ with ${why} (one line) in NAME.why. */
int	spool_reject(struct spool *s, const struct spool_file *f,
	    const char *why, struct err *e);

/* Put it back where it came from: a temporary failure. */
int	spool_return(struct spool *s, const struct spool_file *f,
	    struct err *e);

#endif
