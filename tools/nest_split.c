/*
 * cmp-nest split: each member of a nested message as a file of its own.
 *
 * The message is copied to a file without a name, read to its end and, with
 * --trust, verified; then all members are written under temporary names and
 * made durable at once; only then do they get their names.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tools/nest.h"

#define LAYERS	16

/* The name of member ${number}; 1 if it can be read. */
static int
name_of(char t[static NEST_NAME], struct slice member, size_t number)
{
	struct err e = { 0 };
	struct msg m;
	int good = msg_decode(member, &m, &e) == 0;

	/* Of a header that can be read the transactionID is good to know. */
	nest_name(t, m.hdr.transaction_id, number, good ?
	    msg_body_word(m.body) : "unreadable");
	return good;
}

static int
write_one(int dirfd, const char *name, struct slice member, struct err *e)
{
	int fd = file_start(dirfd, name, 0644, e), rc;

	if (fd == -1)
		return -1;
	rc = file_write(fd, member);
	if (rc == -1)
		err_set(e, E_IO, "%s: write: %s", name, strerror(errno));
	if (close(fd) == -1 && rc == 0)
		rc = err_set(e, E_IO, "%s: close: %s", name, strerror(errno));
	return rc;
}

/* Has ${name} something else in it?  To know before anything has a name. */
static int
taken(int dirfd, const char *name, struct slice member, struct buf *b,
    struct err *e)
{
	struct err why = { 0 };
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	buf_reset(b);
	if (file_read_at(dirfd, name, member.n + 1, b, &why) == 0 &&
	    slice_eq(buf_slice(b), member))
		return 0;
	return err_set(e, E_EXISTS, "%s: exists with other content; move it "
	    "away or choose another directory", name);
}

/* All members under temporary names; ${done} counts them. */
static int
write_members(struct nest *n, int dirfd, size_t *done, size_t *bad,
    struct buf *b, struct err *e)
{
	char name[NEST_NAME];
	struct slice member;
	int rc;

	nest_rewind(n);
	for (*done = 0; (rc = nest_next(n, &member, e)) == 1; ++*done) {
		if (!name_of(name, member, *done + 1)) {
			++*bad;
			tool_say("message %zu within cannot be read; it is in "
			    "%s as it came", *done + 1, name);
		}
		if (taken(dirfd, name, member, b, e) == -1 ||
		    write_one(dirfd, name, member, e) == -1)
			return -1;
	}
	return rc == 0 ? file_sync_all(dirfd, "split", e) : -1;
}

/* Give the first ${done} members their names, or with ${forget} none. */
static int
settle(struct nest *n, int dirfd, size_t done, int forget, struct err *e)
{
	char name[NEST_NAME];
	struct slice member;

	nest_rewind(n);
	for (size_t i = 0; i < done; i++) {
		if (nest_next(n, &member, e) != 1)
			return -1;
		name_of(name, member, i + 1);
		if (forget)
			file_forget(dirfd, name);
		else if (file_settle(dirfd, name, member, e) == -1)
			return -1;
	}
	return forget ? 0 : file_sync_dir(dirfd, "split", e);
}

static int
deliver(struct nest *n, const char *dir, size_t *bad, struct err *e)
{
	struct err ignored = { 0 };
	struct buf b;
	size_t done;
	int fd = file_open_dir(AT_FDCWD, dir, 0777, e), rc;

	if (fd == -1)
		return -1;
	buf_init(&b, der_limits_message.size * 4);
	if ((rc = write_members(n, fd, &done, bad, &b, e)) == 0)
		rc = settle(n, fd, done, 0, e);
	if (rc == -1)	/* one more: that which failed may be there */
		settle(n, fd, done + 1 < nest_count(n) ? done + 1 :
		    nest_count(n), 1, &ignored);
	buf_release(&b);
	close(fd);
	return rc;
}

static int
split(const struct nest_job *j, int fd, size_t *bad, struct err *e)
{
	struct nest_source src;
	struct nest *n = NULL;
	int rc = -1, trusted;

	if (nest_source_fd(&fd, &src, e) == -1 ||
	    nest_open(&src, &j->limits, &n, e) == -1 ||
	    nest_check(n, LAYERS, e) == -1 ||
	    (trusted = nest_verify(j, nest_msg(n), e)) == -1)
		goto out;
	if (!trusted)
		tool_say("the protection of the nested message was NOT "
		    "verified; give --trust FILE to do so.  Each message "
		    "within has its own");
	if ((rc = deliver(n, j->out, bad, e)) == 0)
		tool_say("wrote %zu messages to %s; next: cmp-process",
		    nest_count(n), j->out);
out:
	nest_free(n);
	return rc;
}

int
nest_split(const struct nest_job *j)
{
	const char *file = j->n_files > 0 ? j->files[0] : "-";
	struct err e = { 0 };
	size_t bad = 0;
	int fd, rc;

	fd = nest_scratch_copy(file, j->out, j->limits.size, &e);
	rc = fd == -1 ? -1 : split(j, fd, &bad, &e);
	if (fd != -1)
		close(fd);
	if (rc == -1) {
		nest_hint(&e);
		return tool_fail(strcmp(file, "-") == 0 ? "standard input" :
		    file, &e);
	}
	return bad > 0 ? err_exit(E_SYNTAX) : 0;
}
