#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include "base/buf.h"
#include "base/err.h"

/* What all programs do in the same way: complain, and how they end. */

#define TOOL_USAGE	64
#define TOOL_DATA	65

/*
 * Once, first: the program's name for its complaints, and its synopsis (a
 * line a form, without "usage:").
 */
void	tool_start(const char *name, const char *synopsis);

/*
 * Print "NAME: OBJECT: E_CODE: detail (section)" to stderr; ${object} (a
 * file name, escaped here) may be NULL.  Returns the exit status of the code.
 */
int	tool_error(const char *object, const struct err *e);

/* A line to stderr after the program's name. */
void	tool_warn(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/* Say what is wrong with the command line and exit 64. */
_Noreturn void tool_usage(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));
/* The same after getopt_long(), which has said it already. */
_Noreturn void tool_usage_again(void);

/* An option that may be given once: exits 64 the second time. */
void	tool_once(int *seen, const char *option);

/* --help and --version: to stdout, exit 0. */
_Noreturn void tool_help(const char *options);
_Noreturn void tool_version(void);

/* Write ${data} to stdout; E_IO.  A closed pipe is an error too. */
int	tool_write(struct slice data, struct err *e);

/* The worse of two exit statuses. */
int	tool_worse(int a, int b);

#endif
