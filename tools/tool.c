#include "tools/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"

static const char *tool_name = "cmp-tools", *tool_synopsis = "";

void
tool_start(const char *name, const char *synopsis)
{
	tool_name = name;
	tool_synopsis = synopsis;
}

int
tool_error(const char *object, const struct err *e)
{
	struct buf line;

	buf_init(&line, 65536);
	buf_printf(&line, "%s: ", tool_name);
	if (object != NULL) {
		escape_text(&line, slice_str(object), 4096);
		buf_add_str(&line, ": ");
	}
	buf_printf(&line, "%s: %s", err_name(e->code), e->detail);
	if (strcmp(err_section(e->code), "-") != 0)
		buf_printf(&line, " (%s)", err_section(e->code));
	if (buf_str(&line) != NULL)
		fprintf(stderr, "%s\n", buf_str(&line));
	buf_release(&line);
	return err_exit(e->code);
}

void
tool_warn(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", tool_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void
print_synopsis(FILE *f)
{
	const char *lead = "usage: ", *p = tool_synopsis;
	size_t n;

	while (*p != '\0') {
		n = strcspn(p, "\n");
		fprintf(f, "%s%.*s\n", lead, (int)n, p);
		p += n + (p[n] == '\n');
		lead = "       ";
	}
}

void
tool_usage_again(void)
{
	print_synopsis(stderr);
	exit(TOOL_USAGE);
}

void
tool_usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", tool_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	tool_usage_again();
}

void
tool_once(int *seen, const char *option)
{
	if ((*seen)++)
		tool_usage("%s is given twice", option);
}

/* Whoever asked for this should not take half of it for all. */
static _Noreturn void
leave(void)
{
	exit(fflush(stdout) == 0 ? 0 : err_exit(E_IO));
}

void
tool_help(const char *options)
{
	print_synopsis(stdout);
	fputs(options, stdout);
	leave();
}

void
tool_version(void)
{
	printf("%s %s\n", tool_name, VERSION);
	leave();
}

int
tool_write(struct slice data, struct err *e)
{
	if (file_write(STDOUT_FILENO, data) == -1)
		return err_set(e, E_IO, "standard output: %s",
		    strerror(errno));
	return 0;
}

int
tool_worse(int a, int b)
{
	return a > b ? a : b;
}
