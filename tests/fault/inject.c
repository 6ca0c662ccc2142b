/*
 * LD_PRELOAD this to make one file operation fail, or to die at it.
 *
 *	FAULT=kill-before:N	the process is killed before its Nth operation
 *	FAULT=kill-after:N	the same, just after it
 *	FAULT=fail:N:ENOSPC	the Nth operation does nothing and fails so
 *	FAULT_WITHOUT=name	the operation of this name always fails with
 *				EINVAL, as on a system that has it not; it is
 *				not counted
 *	FAULT_ROOT=dir		only what changes something below is counted
 *	FAULT_LOG=file		one line for each: "N name target"; if it failed,
 *				"N failed" follows
 *
 * Operations count from 1, and a program of one thread has the same ones in
 * each run.  Targets are shown relative to FAULT_ROOT.  What stdio writes is
 * not seen, and is not meant to be: nothing durable is written with it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum mode { M_NONE, M_BEFORE, M_AFTER, M_FAIL };

static enum mode mode;
static long at, seen;
static int code;
static char root[PATH_MAX];
static const char *logname, *without;

static const struct { const char *name; int code; } codes[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT },
	{ "EROFS", EROFS }, { "EACCES", EACCES }, { "EINVAL", EINVAL },
	{ "ENOSYS", ENOSYS },
};

static void
bad(const char *what)
{
	dprintf(STDERR_FILENO, "inject: %s\n", what);
	_exit(125);
}

static void
parse(const char *f)
{
	char *end;

	if (strncmp(f, "kill-before:", 12) == 0)
		mode = M_BEFORE;
	else if (strncmp(f, "kill-after:", 11) == 0)
		mode = M_AFTER;
	else if (strncmp(f, "fail:", 5) == 0)
		mode = M_FAIL;
	else
		bad("FAULT is not kill-before:N, kill-after:N or fail:N:CODE");
	at = strtol(strchr(f, ':') + 1, &end, 10);
	for (size_t i = 0; mode == M_FAIL && *end == ':' &&
	    i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(end + 1, codes[i].name) == 0)
			code = codes[i].code;
	if (at < 1 || (mode == M_FAIL ? code == 0 : *end != '\0'))
		bad("FAULT has no such number or code");
}

__attribute__((constructor)) static void
setup(void)
{
	const char *f = getenv("FAULT"), *r = getenv("FAULT_ROOT");

	logname = getenv("FAULT_LOG");
	without = getenv("FAULT_WITHOUT");
	if ((f != NULL || logname != NULL || without != NULL) &&
	    (r == NULL || realpath(r, root) == NULL))
		bad("FAULT_ROOT is not a directory");
	if (f != NULL)
		parse(f);
}

/* The path of ${fd} by its link in /proc; "" if there is none. */
static void
fd_path(int fd, char out[static PATH_MAX])
{
	char link[64];
	long n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
}

/* The real path of a name that need not exist, in a directory that does. */
static void
at_path(int dirfd, const char *path, char out[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	char dir[PATH_MAX];
	size_t n;
	int fd;

	snprintf(dir, sizeof(dir), "%.*s", slash == NULL ? 1 : slash == path ?
	    1 : (int)(slash - path), slash == NULL ? "." : path);
	fd = (int)syscall(SYS_openat, dirfd, dir, O_PATH | O_DIRECTORY |
	    O_CLOEXEC, 0);
	out[0] = '\0';
	if (fd == -1)
		return;
	fd_path(fd, out);
	syscall(SYS_close, fd);
	n = strlen(out);
	snprintf(out + n, PATH_MAX - n, "/%s", base);
}

/* ${path} below FAULT_ROOT, or NULL. */
static const char *
below(const char *path)
{
	size_t n = strlen(root);

	if (n == 0 || strncmp(path, root, n) != 0)
		return NULL;
	if (path[n] == '\0')
		return ".";
	return path[n] == '/' ? path + n + 1 : NULL;
}

/* Raw calls: the log must not be counted. */
static void
record(const char *name, const char *from, const char *to)
{
	char line[2 * PATH_MAX + 64];
	int fd, n;

	if (logname == NULL)
		return;
	n = snprintf(line, sizeof(line), "%ld %s%s%s%s%s", seen, name,
	    from != NULL ? " " : "", from != NULL ? from : "",
	    to != NULL ? " -> " : "", to != NULL ? to : "");
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	fd = (int)syscall(SYS_openat, AT_FDCWD, logname, O_WRONLY | O_CREAT |
	    O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1 || syscall(SYS_write, fd, line, (size_t)n) != n)
		bad("cannot write FAULT_LOG");
	syscall(SYS_close, fd);
}

static void
die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Is it counted?  1 yes, 0 no, -1 it is the one that fails, errno is set. */
static int
before(const char *name, const char *a, const char *b)
{
	const char *from = below(a), *to = b != NULL ? below(b) : NULL;
	int saved = errno;

	if (from == NULL && to == NULL)
		return 0;
	if (without != NULL && strcmp(name, without) == 0) {
		errno = EINVAL;
		return -1;
	}
	seen++;
	record(name, from != NULL ? from : "(outside)", b == NULL ? NULL :
	    to != NULL ? to : "(outside)");
	if (mode == M_BEFORE && seen == at)
		die();
	errno = saved;
	if (mode == M_FAIL && seen == at) {
		record("failed", NULL, NULL);
		errno = code;
		return -1;
	}
	return 1;
}

static void
after(int counted, int failed)
{
	int saved = errno;

	if (counted && mode == M_AFTER && seen == at)
		die();
	if (counted && failed)
		record("failed", NULL, NULL);
	errno = saved;
}

static int
before_fd(const char *name, int fd)
{
	char path[PATH_MAX];
	int saved = errno;

	fd_path(fd, path);
	errno = saved;
	return before(name, path, NULL);
}

static int
before_at(const char *name, int dirfd, const char *path)
{
	char full[PATH_MAX];
	int saved = errno;

	at_path(dirfd, path, full);
	errno = saved;
	return before(name, full, NULL);
}

static int
before_two(const char *name, int d1, const char *p1, int d2, const char *p2)
{
	char a[PATH_MAX], b[PATH_MAX];
	int saved = errno;

	at_path(d1, p1, a);
	at_path(d2, p2, b);
	errno = saved;
	return before(name, a, b);
}

#define WRAP(ret, name, params, args, test) \
ret name params; \
ret name params \
{ \
	static ret (*real) params; \
	int counted; \
	ret r; \
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
	if ((counted = test) == -1) \
		return -1; \
	r = real args; \
	after(counted, r == -1); \
	return r; \
}

#define FD(ret, name, params, args) \
	WRAP(ret, name, params, args, before_fd(#name, fd))

FD(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
FD(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t o), (fd, p, n, o))
FD(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t o),
    (fd, p, n, o))
FD(int, fsync, (int fd), (fd))
FD(int, fdatasync, (int fd), (fd))
FD(int, syncfs, (int fd), (fd))
FD(int, ftruncate, (int fd, off_t n), (fd, n))
FD(int, ftruncate64, (int fd, off64_t n), (fd, n))
FD(int, fallocate, (int fd, int m, off_t o, off_t n), (fd, m, o, n))
FD(int, fallocate64, (int fd, int m, off64_t o, off64_t n), (fd, m, o, n))

WRAP(int, unlink, (const char *p), (p), before_at("unlink", AT_FDCWD, p))
WRAP(int, unlinkat, (int d, const char *p, int f), (d, p, f),
    before_at("unlinkat", d, p))
WRAP(int, mkdir, (const char *p, mode_t m), (p, m),
    before_at("mkdir", AT_FDCWD, p))
WRAP(int, mkdirat, (int d, const char *p, mode_t m), (d, p, m),
    before_at("mkdirat", d, p))

WRAP(int, rename, (const char *a, const char *b), (a, b),
    before_two("rename", AT_FDCWD, a, AT_FDCWD, b))
WRAP(int, renameat, (int c, const char *a, int d, const char *b), (c, a, d, b),
    before_two("renameat", c, a, d, b))
WRAP(int, renameat2, (int c, const char *a, int d, const char *b, unsigned f),
    (c, a, d, b, f), before_two("renameat2", c, a, d, b))
WRAP(int, link, (const char *a, const char *b), (a, b),
    before_two("link", AT_FDCWD, a, AT_FDCWD, b))
WRAP(int, linkat, (int c, const char *a, int d, const char *b, int f),
    (c, a, d, b, f), before_two("linkat", c, a, d, b))

/* Opening counts if it may make or empty a file. */
static int
before_open(const char *name, int dirfd, const char *path, int flags)
{
	if ((flags & (O_CREAT | O_TRUNC)) == 0)
		return 0;
	return before_at(name, dirfd, path);
}

static mode_t
mode_arg(int flags, va_list ap)
{
	if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE)
		return 0;
	return va_arg(ap, mode_t);
}

#define OPEN(name, params, last, dirfd, args) \
int name params \
{ \
	static int (*real) params; \
	int counted, r; \
	va_list ap; \
	mode_t m; \
	va_start(ap, last); \
	m = mode_arg(last, ap); \
	va_end(ap); \
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
	if ((counted = before_open(#name, dirfd, path, last)) == -1) \
		return -1; \
	r = real args; \
	after(counted, r == -1); \
	return r; \
}

OPEN(open, (const char *path, int flags, ...), flags, AT_FDCWD,
    (path, flags, m))
OPEN(open64, (const char *path, int flags, ...), flags, AT_FDCWD,
    (path, flags, m))
OPEN(openat, (int d, const char *path, int flags, ...), flags, d,
    (d, path, flags, m))
OPEN(openat64, (int d, const char *path, int flags, ...), flags, d,
    (d, path, flags, m))
