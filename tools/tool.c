#include "tools/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"

#define OPTS_MAX	40

/*
 * Before main(), in every program: no core file with keys in it, and no other
 * process of the user that looks in.  Memory stays out of swap where its
 * amount is not limited; within a limit we could not say which part has keys.
 * None of it is worth stopping for.
 */
static void __attribute__((constructor))
close_memory(void)
{
	struct rlimit none = { 0, 0 }, locked;

	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__	/* which looks for leaks from outside */
	prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 &&
	    locked.rlim_cur == RLIM_INFINITY)
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
#else
	(void)locked;
#endif
}

/* One line: what users and peers named cannot make it two, or colour it. */
static void __attribute__((format(printf, 1, 0)))
say(const char *fmt, va_list ap, const char *end)
{
	char line[2048];

	vsnprintf(line, sizeof(line), fmt, ap);
	escape_line(line, sizeof(line));
	fprintf(stderr, "%s: %s%s\n", program_invocation_short_name, line, end);
}

void
tool_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, "");
	va_end(ap);
}

int
tool_usage(const char *fmt, ...)
{
	char end[80];
	va_list ap;

	snprintf(end, sizeof(end), "; see %s --help",
	    program_invocation_short_name);
	va_start(ap, fmt);
	say(fmt, ap, end);
	va_end(ap);
	return err_exit(E_USAGE);
}

int
tool_fail(const char *object, const struct err *e)
{
	const char *section = err_section(e->code);
	char shown[ESCAPE_SHORT] = "";

	if (object != NULL)
		escape_short(shown, slice_str(object));
	fprintf(stderr, "%s: %s%s%s: %s", program_invocation_short_name,
	    shown, object ? ": " : "", err_name(e->code), e->detail);
	if (strcmp(section, "-") != 0)
		fprintf(stderr, " (%s)", section);
	fputc('\n', stderr);
	return err_exit(e->code);
}

int
tool_worse(int a, int b)
{
	if ((a == 1 && b == 3) || (a == 3 && b == 1))
		return 1;
	return a > b ? a : b;
}

static void
take(const struct tool_opt *o, const char *value, int *given)
{
	struct tool_many *many = o->to;

	if (o->kind != OPT_MANY && (*given)++ > 0)
		exit(tool_usage("--%s is given twice", o->name));
	switch (o->kind) {
	case OPT_FLAG:
		*(int *)o->to = 1;
		break;
	case OPT_VALUE:
		*(const char **)o->to = value;
		break;
	case OPT_MANY:
		if (many->n == TOOL_MANY)
			exit(tool_usage("--%s is given more than %d times",
			    o->name, TOOL_MANY));
		many->v[many->n++] = value;
		break;
	}
}

static void
standard(const char *name, const char *usage)
{
	if (strcmp(name, "help") == 0)
		fputs(usage, stdout);
	else
		printf("%s (cmp-tools) %s\n", program_invocation_short_name,
		    VERSION);
	exit(fflush(stdout) == 0 ? 0 : err_exit(E_IO));
}

int
tool_options(int argc, char **argv, const char *usage,
    const struct tool_opt *opts, size_t n)
{
	struct option longs[OPTS_MAX + 3] = { { NULL, 0, NULL, 0 } };
	char shorts[2 * OPTS_MAX + 2] = "";
	int given[OPTS_MAX] = { 0 }, c, at;
	size_t k = 0;

	for (size_t i = 0; i < n && i < OPTS_MAX; i++) {
		longs[i] = (struct option){ opts[i].name,
		    opts[i].kind == OPT_FLAG ? no_argument : required_argument,
		    NULL, (int)(1000 + i) };
		if (opts[i].letter != 0) {
			shorts[k++] = opts[i].letter;
			if (opts[i].kind != OPT_FLAG)
				shorts[k++] = ':';
		}
	}
	longs[n] = (struct option){ "help", no_argument, NULL, 1 };
	longs[n + 1] = (struct option){ "version", no_argument, NULL, 2 };
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == '?')
			exit(tool_usage("that option is not understood"));
		if (c == 1 || c == 2)
			standard(c == 1 ? "help" : "version", usage);
		for (at = 0; (size_t)at < n; at++)
			if (c == 1000 + at || (opts[at].letter != 0 &&
			    c == opts[at].letter))
				take(&opts[at], optarg, &given[at]);
	}
	return optind;
}

int
tool_home(const char *path, int create, struct err *e)
{
	int fd;

	if (path == NULL)
		path = ".";
	fd = file_open_dir(AT_FDCWD, path, create ? 0700 : 0, e);
	if (create)
		return fd;
	if (fd == -1)
		return err_wrap(e, "home");
	if (faccessat(fd, "cmp.conf", F_OK, 0) == -1) {
		close(fd);
		return err_set(e, E_HOME, "%.200s has no cmp.conf, so it is "
		    "no home; cmp-ca init makes that of a CA, cmp-mkreq that "
		    "of a device; which one is meant says -C", path);
	}
	return fd;
}

int
tool_is_dir(const char *path)
{
	struct stat st;
	size_t n = strlen(path);

	return (n > 0 && path[n - 1] == '/') ||
	    (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int
to_stdout(const char *where)
{
	return where == NULL ? !isatty(STDOUT_FILENO) : strcmp(where, "-") == 0;
}

int
tool_can_put(const char *where, int again, struct err *e)
{
	char dir[TOOL_PATH];
	char *slash;
	int fd;

	if (where == NULL || to_stdout(where))
		return 0;
	if (snprintf(dir, sizeof(dir), "%s", where) >= (int)sizeof(dir))
		return err_set(e, E_CREATE, "path is too long");
	if (tool_is_dir(where)) {
		if ((fd = file_open_dir(AT_FDCWD, dir, 0777, e)) == -1) {
			e->code = E_CREATE;
			return -1;
		}
		close(fd);
		return 0;
	}
	if (!again && access(where, F_OK) == 0)
		return err_set(e, E_EXISTS, "%s: exists; choose another name "
		    "or a directory", where);
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	else
		snprintf(dir, sizeof(dir), ".");
	if (access(dir[0] ? dir : "/", W_OK) == -1)
		return err_set(e, E_CREATE, "%s: %s", dir, strerror(errno));
	return 0;
}

static int
give_whole(void *arg, file_piece piece, void *to, struct err *e)
{
	return piece(to, *(const struct slice *)arg, e);
}

int
tool_put(const char *where, const char *name, struct slice data,
    char shown[static TOOL_PATH], struct err *e)
{
	return tool_put_each(where, name, give_whole, &data, shown, e);
}

static int
say_piece(void *to, struct slice data, struct err *e)
{
	(void)to;
	if (file_write(STDOUT_FILENO, data) == 0)
		return 0;
	return err_set(e, E_IO, "standard output: %s", strerror(errno));
}

int
tool_put_each(const char *where, const char *name, file_give give, void *arg,
    char shown[static TOOL_PATH], struct err *e)
{
	size_t n;

	shown[0] = '\0';
	if (to_stdout(where))
		return give(arg, say_piece, NULL, e);
	if (where == NULL)
		where = ".";
	n = strlen(where);
	if (!tool_is_dir(where))
		snprintf(shown, TOOL_PATH, "%s", where);
	else
		snprintf(shown, TOOL_PATH, "%s%s%s", where,
		    where[n - 1] == '/' ? "" : "/", name);
	if (tool_can_put(tool_is_dir(where) ? where : NULL, 1, e) == -1)
		return -1;
	return file_deliver_path_each(shown, give, arg, 0644, e);
}

const char *
tool_absolute(char t[static TOOL_PATH], const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
		snprintf(t, TOOL_PATH, "%s", path);
	else
		snprintf(t, TOOL_PATH, "%.500s/%.500s", cwd, path);
	return t;
}
