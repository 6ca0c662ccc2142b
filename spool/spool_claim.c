#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "spool/spool_int.h"

/* What is to be done with a candidate in in/. */
enum verdict { V_SKIP, V_CLAIM, V_REJECT };

struct reason {
	enum err_code	 code;
	char		 text[160];
};

/*
 * Open a name that others chose.  Looked at before, for opening a device
 * may do something already; looked at after, for it may have been replaced.
 */
static int
open_plain(struct spool *s, struct spool_way *w, const char *name,
    struct stat *st)
{
	int dirfd = w->in, fd;

	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (spool_odd(st) != NULL) {
		spool_note_once(s, w, name, E_FILE_TYPE, st, spool_odd(st));
		return -1;
	}
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1) {
		if (errno == EACCES || errno == EPERM)
			spool_note_once(s, w, name, E_FILE_TYPE, st,
			    "left alone: not readable by us");
		return -1;
	}
	if (fstat(fd, st) == -1 || spool_odd(st) != NULL) {
		close(fd);
		return -1;
	}
	return fd;
}

static enum spool_shape
judge(const struct spool *s, struct slice head, size_t size)
{
	/* Empty is how a copy begins. */
	return size == 0 ? SPOOL_PARTIAL : s->round.judge(head, size);
}

/* The change time, not that of modification: peers may set the latter. */
static enum verdict
wait_or_reject(struct spool *s, struct spool_way *w, const struct stat *st,
    struct reason *why)
{
	if (s->round.now - (int64_t)st->st_ctim.tv_sec < s->round.settle) {
		w->waiting++;
		return V_SKIP;
	}
	why->code = E_FILE_PARTIAL;
	snprintf(why->text, sizeof(why->text), "%s (%lld bytes), unchanged "
	    "for %lld seconds", st->st_size == 0 ? "empty" : "incomplete",
	    (long long)st->st_size, (long long)s->round.settle);
	return V_REJECT;
}

/* ${size} is at least what was seen, ${head} its first bytes. */
static enum verdict
weigh(struct spool *s, struct spool_way *w, struct slice head,
    const struct stat *st, struct reason *why)
{
	size_t max = s->round.max_size;
	int large = (uintmax_t)st->st_size > max && s->round.large != NULL &&
	    s->round.large(head);

	if (large)
		max = s->round.max_large;
	if ((uintmax_t)st->st_size > max) {
		why->code = E_FILE_SIZE;
		snprintf(why->text, sizeof(why->text), "%lld bytes, more than "
		    "the %zu of %s", (long long)st->st_size, max,
		    large ? "max-bundle" : "max-size");
		return V_REJECT;
	}
	switch (judge(s, head, (size_t)st->st_size)) {
	case SPOOL_COMPLETE:
		return V_CLAIM;
	case SPOOL_PARTIAL:
		return wait_or_reject(s, w, st, why);
	case SPOOL_BROKEN:
		break;
	}
	why->code = E_FILE_FORMAT;
	snprintf(why->text, sizeof(why->text), "not a message: neither its "
	    "first bytes nor its size fit");
	return V_REJECT;
}

static enum verdict
look(struct spool *s, struct spool_way *w, const char *name,
    struct reason *why)
{
	uint8_t head[SPOOL_HEAD];
	struct stat st;
	enum verdict v = V_SKIP;
	ssize_t r;
	int fd;

	if ((fd = open_plain(s, w, name, &st)) == -1)
		return V_SKIP;
	r = pread(fd, head, sizeof(head), 0);
	if (r == -1)
		spool_note_once(s, w, name, E_FILE_TYPE, &st,
		    "left alone: cannot be read");
	else
		v = weigh(s, w, SLICE(head, r), &st, why);
	close(fd);
	return v;
}

/* Into bad/ with a reason, out of work/. */
static int
reject(struct spool *s, struct spool_way *w, const char *name,
    const struct reason *why, struct err *e)
{
	struct spool_file f = { .sub = w->name, .name = (char *)name };
	char line[256];

	snprintf(line, sizeof(line), "%s: %s", err_name(why->code), why->text);
	if (spool_reject(s, &f, line, e) == -1) {
		struct err ignored = { 0 };

		spool_move(s, w, SPOOL_WORK, name, SPOOL_IN, &ignored);
		return -1;
	}
	snprintf(line, sizeof(line), "moved to bad/: %s", why->text);
	spool_note(s, w, name, why->code, line);
	return 0;
}

/* Claim ${name}: 1, 0 if it stays where it is, -1. */
static int
claim(struct spool_way *w, const char *name, struct err *e)
{
	char shown[ESCAPE_SHORT], t[2][SPOOL_WHERE];

	if (spool_rename(w->in, name, w->work, name) == 0)
		return 1;
	/* EEXIST: its namesake is being worked on.  ENOENT: taken back. */
	if (errno == EEXIST || errno == ENOENT)
		return 0;
	return err_set(e, E_IO, "%s: move from %s/ to %s/: %s",
	    escape_short(shown, slice_str(name)), spool_where(t[0], w,
	    SPOOL_IN), spool_where(t[1], w, SPOOL_WORK), strerror(errno));
}

/* Undo a claim: what was renamed is not what was looked at. */
static int
put_back(struct spool *s, struct spool_way *w, const char *name,
    const char *text, struct err *e)
{
	struct stat st;

	if (fstatat(w->work, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    text != NULL)
		spool_note_once(s, w, name, E_FILE_TYPE, &st, text);
	return spool_move(s, w, SPOOL_WORK, name, SPOOL_IN, e);
}

/* work/NAME could not be read: ${e} says why.  0 if others can go on. */
static int
unreadable(struct spool *s, struct spool_way *w, const char *name,
    struct err *e)
{
	struct reason why = { .code = e->code };

	switch (e->code) {
	case E_NOINPUT:		/* gone */
		return 0;
	case E_FILE_TYPE:
		return put_back(s, w, name, "left alone: was replaced by "
		    "something that is not a plain file", e);
	case E_FILE_SIZE:
		snprintf(why.text, sizeof(why.text), "more than the %zu bytes "
		    "of max-size", s->round.max_size);
		return reject(s, w, name, &why, e);
	case E_IO:		/* stays in work/ and is tried at next start */
		spool_note(s, w, name, E_IO, "cannot be read, left in work/");
		return 0;
	default:
		break;
	}
	struct err ignored = { 0 };

	spool_move(s, w, SPOOL_WORK, name, SPOOL_IN, &ignored);
	return -1;
}

/* Judge the bytes that were read: 1 take them, 0 not, -1. */
static int
judge_bytes(struct spool *s, struct spool_way *w, const char *name,
    struct slice data, struct err *e)
{
	struct reason why = { E_FILE_FORMAT, "not a message: its bytes do not "
	    "fit its size" };

	switch (judge(s, data, data.n)) {
	case SPOOL_COMPLETE:
		return 1;
	case SPOOL_PARTIAL:
		w->waiting++;
		return put_back(s, w, name, NULL, e);
	case SPOOL_BROKEN:
		break;
	}
	return reject(s, w, name, &why, e);
}

/*
 * Read ${name} into ${f}, or a large one into a file of our own: 1 into
 * ${f->fd}, 0 into ${f->data}, -1.
 */
static int
read_any(struct spool *s, struct spool_way *w, int dirfd, const char *name,
    struct spool_file *f, struct err *e)
{
	struct err large = { 0 };
	int r;

	f->sub = w->name;
	f->name = NULL;
	f->fd = -1;
	buf_init(&f->data, s->round.max_size + 1);
	if (file_read_at(dirfd, name, s->round.max_size, &f->data, e) == 0)
		return 0;
	if (e->code != E_FILE_SIZE)
		return -1;
	buf_reset(&f->data);
	r = spool_copy(s, dirfd, name, f, &large);
	if (r == -1)
		*e = large;
	return r == 1 ? 1 : -1;
}

/* Read what is in work/ now into ${f}: 1, 0 if it is not for us, -1. */
static int
take(struct spool *s, struct spool_way *w, const char *name,
    struct spool_file *f, struct err *e)
{
	struct err why = { 0 };
	int r = read_any(s, w, w->work, name, f, &why);

	if (r == -1) {
		if ((r = unreadable(s, w, name, &why)) == -1)
			*e = why;
	} else if (r == 0) {
		r = judge_bytes(s, w, name, buf_slice(&f->data), e);
	}
	if (r == 1 && (f->name = strdup(name)) == NULL)
		r = err_set(e, E_NOMEM, "out of memory");
	if (r != 1)
		spool_file_release(f);
	return r;
}

/* A copy of ${name} where it lies: 1, or 0 if it is not for us. */
static int
peek(struct spool *s, struct spool_way *w, const char *name,
    struct spool_file *f)
{
	struct reason why = { 0 };
	struct err ignored = { 0 };
	char line[256];
	enum verdict v;
	int r;

	v = w->pass == SPOOL_WORK ? V_CLAIM : look(s, w, name, &why);
	if (v == V_REJECT) {
		snprintf(line, sizeof(line), "would be moved to bad/: %s",
		    why.text);
		spool_note(s, w, name, why.code, line);
	}
	if (v != V_CLAIM)
		return 0;
	r = read_any(s, w, spool_way_fd(s, w, w->pass), name, f, &ignored);
	if (r != -1 && (f->name = strdup(name)) != NULL && (r == 1 ||
	    judge(s, buf_slice(&f->data), f->data.n) == SPOOL_COMPLETE))
		return 1;
	spool_file_release(f);
	return 0;
}

static int
one(struct spool *s, struct spool_way *w, const char *name,
    struct spool_file *f, struct err *e)
{
	struct reason why = { 0 };
	enum verdict v;
	int r;

	if (s->round.dry)
		return peek(s, w, name, f);
	if (w->pass == SPOOL_WORK)
		return take(s, w, name, f, e);
	if ((v = look(s, w, name, &why)) == V_SKIP)
		return 0;
	if ((r = claim(w, name, e)) != 1)
		return r;
	if (v == V_REJECT)
		return reject(s, w, name, &why, e);
	return take(s, w, name, f, e);
}

/* The next candidate of ${w}, if it has one: 1 it is in ${f}, 0, -1. */
static int
step(struct spool *s, struct spool_way *w, struct spool_file *f, size_t n,
    struct err *e)
{
	const char *name;
	int r = spool_list_next(s, w, &name, e);

	if (r == 1)
		return one(s, w, name, f, e);
	if (r == 0 && w->pass == SPOOL_IN && (n > 0 || w->fresh ||
	    s->round.dry)) {
		w->ended = 1;
		w->shown = s->round.dry;
	} else if (r == 0) {
		w->pass = SPOOL_IN;
		w->fresh = 1;
	}
	return r;
}

/*
 * What fails in a subdirectory, which its peers may have put there, must not
 * keep the others waiting.
 */
static int
fail(struct spool *s, struct spool_way *w, struct err *e)
{
	char t[SPOOL_WHERE];

	if (w->name[0] == '\0')
		return -1;
	spool_note(s, &s->way[0], spool_where(t, w, w->pass), e->code,
	    e->detail);
	*e = (struct err){ 0 };
	spool_list_release(w);
	w->pass = SPOOL_IN;
	w->ended = 1;
	return 0;
}

/*
 * Nothing is claimed twice in a pass, and "nothing to do" is only said after
 * a whole pass that began in this call: an older one may have gone past a
 * name before the file was there.
 */
static int
collect(struct spool *s, struct spool_file *files, size_t max, size_t *n,
    struct err *e)
{
	struct spool_way *w;
	size_t left = 0;
	int r;

	for (w = s->way; w < s->way + s->n_ways; w++) {
		w->fresh = spool_list_idle(w);
		w->ended = s->round.dry && w->shown;
		left += !w->ended;
	}
	while (*n < max && left > 0) {
		s->turn = (s->turn + 1) % s->n_ways;
		w = &s->way[s->turn];
		if (w->ended)
			continue;
		if ((r = step(s, w, &files[*n], *n, e)) == -1 &&
		    (r = fail(s, w, e)) == -1)
			return -1;
		*n += (size_t)r;
		left -= (size_t)w->ended;
		/* One copy at a time of what is large. */
		if (r == 1 && files[*n - 1].fd != -1)
			return 0;
	}
	return 0;
}

int
spool_claim(struct spool *s, const struct spool_pass *pass,
    struct spool_file *files, size_t max, size_t *n, struct err *e)
{
	int rc;

	s->round = *pass;
	*n = 0;
	rc = collect(s, files, max, n, e);
	/* What has been claimed is handed out; the failure will come again. */
	if (rc == -1 && *n > 0) {
		*e = (struct err){ 0 };
		rc = 0;
	}
	s->round = (struct spool_pass){ 0 };
	return rc;
}

size_t
spool_waiting(const struct spool *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_ways; i++)
		n += s->way[i].waiting;
	return n;
}

void
spool_file_release(struct spool_file *f)
{
	free(f->name);
	f->name = NULL;
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	buf_release(&f->data);
}
