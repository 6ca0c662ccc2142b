#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Append the content of the regular file ${path} ("-" is standard input) to
 * ${out}; more than ${max} bytes is E_FILE_SIZE, anything but a regular file
 * or a pipe E_FILE_TYPE, absent E_NOINPUT.
 */
int	file_read(const char *path, size_t max, struct buf *out, struct err *e);

/*
 * The same below ${dirfd}, for names that others chose: never follows a
 * link, never blocks on a FIFO, refuses a file with a second hard link.
 */
int	file_read_at(int dirfd, const char *name, size_t max, struct buf *out,
	    struct err *e);

/* What file_deliver() does when ${name} is there already. */
enum file_mode {
	FILE_NEW,	/* same content: success; other content: E_EXISTS */
	FILE_REPLACE,	/* replace it, in one step */
};

/*
 * Make ${dirfd}/${name} appear with exactly ${data}, or not at all.
 *
 * Writes a temporary dot file beside it, syncs it, links or renames it into
 * place and syncs the directory.  After a crash a stale ".tmp." file may
 * remain, but never a partial ${name}.  ${mode} is the permission (0600 for
 * secrets).  E_EXISTS, E_CREATE, E_IO.
 */
int	file_deliver(int dirfd, const char *name, struct slice data,
	    unsigned mode, enum file_mode how, struct err *e);

/* The same for a path: its directory part must exist. */
int	file_deliver_path(const char *path, struct slice data, unsigned mode,
	    enum file_mode how, struct err *e);

/*
 * The two halves of file_deliver(), for many files with one directory sync:
 * file_place() leaves ${name} in place but its directory entry not yet
 * durable; file_sync_dir() makes all entries of ${dirfd} durable.
 */
int	file_place(int dirfd, const char *name, struct slice data,
	    unsigned mode, enum file_mode how, struct err *e);
int	file_sync_dir(int dirfd, const char *what, struct err *e);

/*
 * file_place() with FILE_NEW of what is not held: ${give} calls ${piece} with
 * ${to} for each part of it, in order, and returns 0, or -1 at once when that
 * does.
 */
typedef int (*file_piece)(void *to, struct slice data, struct err *e);
typedef int (*file_give)(void *arg, file_piece piece, void *to,
	    struct err *e);
int	file_place_each(int dirfd, const char *name, file_give give, void *arg,
	    unsigned mode, struct err *e);
/* The same for a path, durable: see file_deliver_path(). */
int	file_deliver_path_each(const char *path, file_give give, void *arg,
	    unsigned mode, struct err *e);

/*
 * file_deliver() with FILE_REPLACE for what is too long to be held.
 * file_start() makes the temporary file and returns its descriptor, open for
 * reading and writing; the caller writes it, syncs and closes it, and then
 * calls file_finish(), or file_forget() at any time instead.
 */
int	file_start(int dirfd, const char *name, unsigned mode, struct err *e);
int	file_finish(int dirfd, const char *name, struct err *e);
void	file_forget(int dirfd, const char *name);

/*
 * Open directory ${name} below ${dirfd} (AT_FDCWD for a path), making it
 * with ${mode} (and a durable entry) if it is absent and ${mode} is not 0.
 * Returns the descriptor, or -1 with E_HOME or E_CREATE.
 */
int	file_open_dir(int dirfd, const char *name, unsigned mode,
	    struct err *e);

/*
 * Remove the files in ${dirfd} whose names begin with ${prefix}: ".tmp." is
 * what a crash left of file_place(), if nobody else is writing there.
 */
int	file_sweep(int dirfd, const char *prefix, struct err *e);

/*
 * The end of file_start() with FILE_NEW: the temporary file, written and
 * synced, becomes ${name}.  ${data} is what it holds, to be compared with
 * what may be there; SLICE_NONE: anything there is E_EXISTS.  The directory
 * is not synced yet.
 */
int	file_settle(int dirfd, const char *name, struct slice data,
	    struct err *e);

/*
 * Make everything that was written on the file system of ${dirfd} durable:
 * for many new files at once, which would take minutes one by one.
 */
int	file_sync_all(int dirfd, const char *what, struct err *e);

/* Write all of ${data} to ${fd}, restarting after short writes; 0 or -1. */
int	file_write(int fd, struct slice data);

#endif
