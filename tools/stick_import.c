/*
 * cmp-spool import: messages from a medium into in/.
 *
 * A file is copied to spool/import and moved from there, so that the agent
 * never meets a part of it.  Then its digest is noted; who is stopped before
 * that imports it again, and the same message twice does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "tools/stick.h"

#define LIST_MAX	((size_t)64 << 20)

struct import {
	struct stick		*s;
	int			 from, stage, in;
	char			 stage_shown[STICK_WHERE],
				 in_shown[STICK_WHERE];
	struct stick_names	 names;		/* on the medium */
	struct stick_names	 seen;		/* digests that are known */
	struct stick_names	 now;		/* digests, imported now */
	struct stick_names	 listed;	/* "NAME DIGEST" of manifests */
	struct buf		 data, there;
	size_t			 known;
	int			*rc;
};

/* --- the manifests of the medium */

/* "DIGEST  NAME" to "NAME DIGEST", which is sorted by name. */
static int
add_listed(struct import *x, const char *line, size_t n, struct err *e)
{
	char entry[STICK_DIGEST + 260];

	if (n < STICK_DIGEST + 3 || n > STICK_DIGEST + 257 ||
	    memcmp(line + STICK_DIGEST, "  ", 2) != 0)
		return 0;	/* of another program: says nothing to us */
	snprintf(entry, sizeof(entry), "%.*s %.*s",
	    (int)(n - STICK_DIGEST - 2), line + STICK_DIGEST + 2,
	    STICK_DIGEST, line);
	return stick_add(&x->listed, entry, e);
}

static int
read_manifest(struct import *x, const char *name, struct err *e)
{
	const char *p, *end, *eol;
	struct buf b;
	int rc;

	buf_init(&b, LIST_MAX);
	rc = file_read_at(x->from, name, LIST_MAX, &b, e);
	p = (const char *)b.p;
	for (end = p + b.n; rc == 0 && p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			break;
		rc = add_listed(x, p, (size_t)(eol - p), e);
	}
	buf_release(&b);
	return rc;
}

static int
read_manifests(struct import *x, struct err *e)
{
	struct stick_names lists = { 0 };
	int rc = stick_list(x->from, ".sha256", &lists, e);

	for (size_t i = 0; rc == 0 && i < lists.n; i++)
		if (strncasecmp(lists.v[i], "MANIFEST-", 9) == 0)
			rc = read_manifest(x, lists.v[i], e);
	stick_names_free(&lists);
	stick_sort(&x->listed);
	return rc;
}

/* What is listed and not there: somebody took it, or the medium is bad. */
static void
say_missing(struct import *x)
{
	char name[260], shown[ESCAPE_SHORT];
	const char *end;

	for (size_t i = 0; i < x->listed.n; i++) {
		end = strrchr(x->listed.v[i], ' ');
		snprintf(name, sizeof(name), "%.*s",
		    (int)(end - x->listed.v[i]), x->listed.v[i]);
		if (!stick_has(&x->names, name) &&
		    !stick_has(&x->seen, end + 1))
			tool_say("%s is listed and not there; was it ever "
			    "imported?", escape_short(shown, slice_str(name)));
	}
}

/* If any list has the file, one of them has it as it is. */
static int
check_listed(struct import *x, const char *name, const char *hex,
    struct err *e)
{
	size_t n = strlen(name);
	char shown[ESCAPE_SHORT], entry[STICK_DIGEST + 260];
	int listed = 0;

	snprintf(entry, sizeof(entry), "%s %s", name, hex);
	if (stick_has(&x->listed, entry))
		return 0;
	for (size_t i = 0; i < x->listed.n; i++) {
		const char *v = x->listed.v[i];

		if (strncmp(v, name, n) != 0 || v[n] != ' ' ||
		    strchr(v + n + 1, ' ') != NULL)
			continue;
		listed = 1;
		break;
	}
	return listed == 0 ? 0 : err_set(e, E_FILE_PARTIAL, "%s is not what "
	    "the list on the medium says; copy it again", escape_short(shown,
	    slice_str(name)));
}

/* --- files */

/* Into in/, with a number if other content has the name; 0, or -1. */
static int
deliver(struct import *x, const char *name, char into[static 256],
    struct err *e)
{
	struct slice data = buf_slice(&x->data);
	struct err ignored = { 0 };
	int same;

	/* A run that was stopped may have brought it and not noted that. */
	buf_reset(&x->there);
	same = file_read_at(x->in, name, x->s->max, &x->there, &ignored) == 0 &&
	    slice_eq(buf_slice(&x->there), data);
	snprintf(into, 256, "%s", name);
	if (same)
		return 0;
	if (file_place(x->stage, name, data, 0640, FILE_REPLACE, e) == -1)
		return -1;
	return stick_move(x->stage, x->in, name, into, e);
}

/* 1 imported, 0 known already, -1. */
static int
take(struct import *x, const char *name, struct err *e)
{
	char hex[STICK_DIGEST + 1], into[256], shown[ESCAPE_SHORT];

	buf_reset(&x->data);
	escape_short(shown, slice_str(name));
	if (stick_check(name, e) == -1 ||
	    file_read_at(x->from, name, x->s->max, &x->data, e) == -1 ||
	    tool_shape(shown, buf_slice(&x->data), e) == -1)
		return -1;
	stick_digest(buf_slice(&x->data), hex);
	if (check_listed(x, name, hex, e) == -1)
		return -1;
	if (stick_has(&x->seen, hex) && !x->s->again)
		return 0;
	if (x->s->dry) {
		tool_say("would import %s", shown);
		return 1;
	}
	if (deliver(x, name, into, e) == -1)
		return -1;
	if (strcmp(into, name) != 0)
		tool_say("%s is %s in %s: that name has another message",
		    shown, into, x->in_shown);
	return stick_has(&x->seen, hex) || stick_add(&x->now, hex, e) == 0 ?
	    1 : -1;
}

static size_t
take_all(struct import *x)
{
	struct err e;
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < x->names.n; i++) {
		e = (struct err){ 0 };
		rc = take(x, x->names.v[i], &e);
		if (rc == -1)
			*x->rc = tool_worse(*x->rc, tool_fail(x->s->dir, &e));
		n += rc == 1;
		x->known += rc == 0;
	}
	return n;
}

static int
open_all(struct import *x, struct err *e)
{
	struct stick *s = x->s;

	if ((x->from = file_open_dir(AT_FDCWD, s->dir, 0, e)) == -1) {
		e->code = E_NOINPUT;
		return err_wrap(e, "is the medium there?");
	}
	if ((x->in = stick_open(s, "in", s->channel, 0, x->in_shown, e)) == -1)
		return -1;
	if (s->dry)
		return 0;
	if ((x->stage = stick_open(s, "import", "", 0700, x->stage_shown,
	    e)) == -1)
		return -1;
	if (flock(x->stage, LOCK_EX | LOCK_NB) == -1)
		return err_set(e, E_LOCKED, "%s: another cmp-spool import is at "
		    "work; wait for it", x->stage_shown);
	return file_sweep(x->stage, "", e);
}

static int
run(struct import *x, struct err *e)
{
	size_t n;

	if (open_all(x, e) == -1 || stick_known(x->s, &x->seen, e) == -1 ||
	    stick_list(x->from, ".pki", &x->names, e) == -1 ||
	    read_manifests(x, e) == -1)
		return -1;
	n = take_all(x);
	if (x->now.n > 0 && (file_sync_dir(x->in, x->in_shown, e) == -1 ||
	    stick_know(x->s, &x->now, e) == -1))
		return -1;
	say_missing(x);
	tool_say("%s%zu of %zu files into %s, %zu are known already%s",
	    x->s->dry ? "would import " : "imported ", n, x->names.n,
	    x->in_shown, x->known, n + x->known < x->names.n ?
	    "; the others are refused" : "");
	return 0;
}

int
stick_import(struct stick *s, int *rc, struct err *e)
{
	struct import x = { .s = s, .from = -1, .stage = -1, .in = -1,
	    .rc = rc };
	int done;

	buf_init(&x.data, s->max + 1);
	buf_init(&x.there, s->max + 1);
	done = run(&x, e);
	if (x.from != -1)
		close(x.from);
	if (x.stage != -1)
		close(x.stage);
	if (x.in != -1)
		close(x.in);
	stick_names_free(&x.names);
	stick_names_free(&x.seen);
	stick_names_free(&x.now);
	stick_names_free(&x.listed);
	buf_release(&x.data);
	buf_release(&x.there);
	return done;
}
