#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

/*
 * What all programs share: options, messages, homes and where output goes.
 *
 * Human text goes to standard error, results for scripts to standard output.
 * Exit status: 0 done; 1 the answer is no; 3 pending; 64 and up as in
 * sysexits.h.
 */

/* An option: it may be given once, OPT_MANY any number of times. */
enum tool_kind { OPT_FLAG, OPT_VALUE, OPT_MANY };

#define TOOL_MANY	64
struct tool_many {
	const char	*v[TOOL_MANY];
	size_t		 n;
};

struct tool_opt {
	const char	*name;		/* long form */
	char		 letter;	/* short form, or 0 */
	enum tool_kind	 kind;
	void		*to;		/* int *, const char **, tool_many * */
};

/*
 * Read options, in any place among the operands.  --help prints ${usage} to
 * standard output and exits 0, --version likewise; an unknown or repeated
 * option, or one without its value, exits 64.  Returns the index of the first
 * operand in ${argv}, which has been permuted.
 */
int	tool_options(int argc, char **argv, const char *usage,
	    const struct tool_opt *opts, size_t n);

/* "cmp-x: text" to standard error. */
void	tool_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, with the way to --help; returns 64. */
int	tool_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * "cmp-x: OBJECT: CODE: detail (section)" on one line; ${object} may be NULL.
 * Returns the exit status of the code.
 */
int	tool_fail(const char *object, const struct err *e);

/* The worse of two exit statuses: the larger, but 3 is better than 1. */
int	tool_worse(int a, int b);

/*
 * Open the directory ${path} as a home; ${create} makes it (0700) first.
 * NULL stands for the current directory.  Without ${create} it has to be one
 * already: a directory with a cmp.conf.
 */
int	tool_home(const char *path, int create, struct err *e);

/*
 * Put ${data}, called ${name}, where ${where} says: "-" is standard output,
 * a directory (or any name that ends in "/", made if it is absent) gets a
 * file ${name}, anything else is the file itself, which must not exist with
 * other content.  NULL: standard output unless it is a terminal, then the
 * current directory.  ${shown} gets what to call the place; "" for standard
 * output.
 */
#define TOOL_PATH	1024
int	tool_put(const char *where, const char *name, struct slice data,
	    char shown[static TOOL_PATH], struct err *e);
/* The same for what is not held. */
int	tool_put_each(const char *where, const char *name, file_give give,
	    void *arg, char shown[static TOOL_PATH], struct err *e);

/* Is ${where} a directory, or called one by its "/" at the end? */
int	tool_is_dir(const char *where);

/*
 * Can tool_put() work there?  To be asked before anything is changed.  With
 * ${again} the file may exist: the same content is success, so that a command
 * that was killed can be repeated.
 */
int	tool_can_put(const char *where, int again, struct err *e);

/*
 * Is ${in}, the content of ${file}, one whole DER SEQUENCE?  If not, what it
 * looks like instead and what to do: E_NOINPUT, E_FILE_PARTIAL,
 * E_FILE_FORMAT.
 */
int	tool_shape(const char *file, struct slice in, struct err *e);

/* ${path} as an absolute path, so that it holds from any directory. */
const char *tool_absolute(char t[static TOOL_PATH], const char *path);

#endif
