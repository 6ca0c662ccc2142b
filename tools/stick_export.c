/*
 * cmp-spool export: what waits in out/ onto a medium.
 *
 * First all files, then a sync, then each is read back; after that the
 * manifest, which says that they are all there; after that the store knows
 * the medium, and only then they go from out/ to sent/.  Whatever happens in
 * between, the same again ends well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "role/floor.h"
#include "tools/stick.h"

struct export {
	struct stick		*s;
	int			 out, sent, to;
	char			 out_shown[STICK_WHERE],
				 sent_shown[STICK_WHERE];
	struct stick_names	 names, left;	/* in out/, in sent/ */
	struct stick_names	 open;		/* upstream has not answered */
	struct stick_names	 done;		/* are on the medium */
	struct stick_names	 known, now;	/* digests */
	struct buf		 data, manifest;
	size_t			 again;
	int			*rc;
};

static int
take_open(void *arg, const struct store_relay *r)
{
	struct export *x = arg;
	struct err e = { 0 };

	return stick_add(&x->open, r->up, &e);
}

/* Where each file is that may have to leave: out/, with --again sent/. */
static int
find(struct export *x, struct err *e)
{
	struct stick *s = x->s;

	if ((x->out = stick_open(s, "out", s->channel, 0, x->out_shown,
	    e)) == -1 || (x->sent = stick_open(s, "sent", s->channel,
	    s->dry ? 0 : 0700, x->sent_shown, e)) == -1) {
		if (!s->dry || x->out == -1)
			return -1;
		*e = (struct err){ 0 };		/* nothing has left yet */
	}
	if (x->sent != -1 && flock(x->sent, LOCK_EX | LOCK_NB) == -1)
		return err_set(e, E_LOCKED, "%s: another cmp-spool export is "
		    "at work; wait for it", x->sent_shown);
	if (stick_list(x->out, ".pki", &x->names, e) == -1 ||
	    (x->sent != -1 && stick_list(x->sent, ".pki", &x->left, e) == -1))
		return -1;
	if (s->store != NULL && store_relays(s->store, take_open, x, e) == -1)
		return e->code != E_NONE ? -1 : err_set(e, E_NOMEM,
		    "out of memory");
	stick_sort(&x->open);
	return stick_known(s, &x->known, e);
}

/* The file ${name} in ${from} onto the medium, and its line. */
static int
copy(struct export *x, int from, const char *name, struct err *e)
{
	char hex[STICK_DIGEST + 1];

	buf_reset(&x->data);
	if (stick_check(name, e) == -1 ||
	    file_read_at(from, name, x->s->max, &x->data, e) == -1 ||
	    file_place(x->to, name, buf_slice(&x->data), 0644, FILE_NEW,
	    e) == -1)
		return -1;
	stick_digest(buf_slice(&x->data), hex);
	buf_printf(&x->manifest, "%s  %s\n", hex, name);
	if (!stick_has(&x->known, hex) && stick_add(&x->now, hex, e) == -1)
		return -1;
	return stick_add(&x->done, name, e);
}

/* One that cannot be copied does not stop the others, but is told. */
static void
copy_one(struct export *x, int from, const char *name)
{
	char shown[ESCAPE_SHORT];
	struct err e = { 0 };

	escape_short(shown, slice_str(name));
	if (from == x->out && stick_has(&x->left, name)) {
		tool_say("%s has left before and is in out/ again", shown);
		x->again++;
	}
	if (x->s->dry) {
		tool_say("would export %s", shown);
		stick_add(&x->done, name, &e);
	} else if (copy(x, from, name, &e) == -1) {
		*x->rc = tool_worse(*x->rc, tool_fail(x->s->dir, &e));
	}
}

static void
copy_all(struct export *x)
{
	for (size_t i = 0; i < x->names.n; i++)
		copy_one(x, x->out, x->names.v[i]);
	if (!x->s->again)
		return;
	for (size_t i = 0; i < x->left.n; i++) {
		/* At an RA, of what has its answer nothing is to be sent. */
		if (stick_has(&x->names, x->left.v[i]) || (x->s->is_ra &&
		    !stick_has(&x->open, x->left.v[i])))
			continue;
		copy_one(x, x->sent, x->left.v[i]);
		x->again++;
	}
}

/* Is ${name} on the medium, and not only in memory, as ${hex}? */
static int
verify_one(struct export *x, const char *name, const char *hex,
    struct err *e)
{
	char is[STICK_DIGEST + 1], shown[ESCAPE_SHORT];
	int fd = openat(x->to, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd != -1) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
	buf_reset(&x->data);
	if (file_read_at(x->to, name, x->s->max, &x->data, e) == -1)
		return -1;
	stick_digest(buf_slice(&x->data), is);
	if (memcmp(is, hex, STICK_DIGEST) == 0)
		return 0;
	return err_set(e, E_IO, "%s reads back as something else; do not use "
	    "this medium", escape_short(shown, slice_str(name)));
}

static int
verify(struct export *x, struct err *e)
{
	const char *line = (const char *)x->manifest.p;

	if (file_sync_all(x->to, x->s->dir, e) == -1)
		return -1;
	for (size_t i = 0; i < x->done.n; i++) {
		if (verify_one(x, x->done.v[i], line, e) == -1)
			return -1;
		line += STICK_DIGEST + 2 + strlen(x->done.v[i]) + 1;
	}
	return 0;
}

/* It comes last: who finds it knows that all of it is there. */
static int
put_manifest(struct export *x, char name[static 64], struct err *e)
{
	char hex[STICK_DIGEST + 1];

	if (buf_bad(&x->manifest))
		return err_set(e, E_NOMEM, "out of memory");
	stick_digest(buf_slice(&x->manifest), hex);
	snprintf(name, 64, "MANIFEST-%.8s.sha256", hex);
	if (file_deliver(x->to, name, buf_slice(&x->manifest), 0644, FILE_NEW,
	    e) == -1)
		return -1;
	return verify_one(x, name, hex, e);
}

static int
remember(struct export *x, struct err *e)
{
	struct stick *s = x->s;
	int rc = 0;

	if (s->store == NULL)
		return 0;
	if (floor_begin(s->store, s->now, e) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < x->done.n; i++)
		rc = store_relay_left(s->store, x->done.v[i], s->label, s->now,
		    e);
	if (rc == 0)
		return store_commit(s->store, e);
	store_rollback(s->store);
	return -1;
}

/* From out/ to sent/; what is there with this very content stays once. */
static int
settle(struct export *x, struct err *e)
{
	char into[256];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < x->done.n; i++) {
		const char *name = x->done.v[i];

		if (!stick_has(&x->names, name))
			continue;
		buf_reset(&x->data);
		if (stick_has(&x->left, name) && file_read_at(x->out, name,
		    x->s->max, &x->data, e) == 0 && file_place(x->sent, name,
		    buf_slice(&x->data), 0600, FILE_NEW, e) == 0) {
			if (unlinkat(x->out, name, 0) == -1)
				rc = err_set(e, E_IO, "%s: %s", x->out_shown,
				    strerror(errno));
			continue;
		}
		*e = (struct err){ 0 };
		rc = stick_move(x->out, x->sent, name, into, e);
	}
	if (rc == 0 && (file_sync_dir(x->sent, x->sent_shown, e) == -1 ||
	    file_sync_dir(x->out, x->out_shown, e) == -1))
		rc = -1;
	return rc;
}

static int
run(struct export *x, struct err *e)
{
	char manifest[64];

	if ((x->to = file_open_dir(AT_FDCWD, x->s->dir, 0, e)) == -1) {
		e->code = E_NOINPUT;
		return err_wrap(e, "is the medium there?");
	}
	if (find(x, e) == -1)
		return -1;
	copy_all(x);
	if (x->done.n == 0) {
		tool_say("nothing %s in %s", x->names.n == 0 ? "waits" :
		    "could be copied", x->out_shown);
		return 0;
	}
	if (x->s->dry)
		return 0;
	if (verify(x, e) == -1 || put_manifest(x, manifest, e) == -1 ||
	    (x->now.n > 0 && stick_know(x->s, &x->now, e) == -1) ||
	    remember(x, e) == -1 || settle(x, e) == -1)
		return -1;
	tool_say("%zu files are on \"%s\", read back and verified; list: %s",
	    x->done.n, x->s->label, manifest);
	if (x->again > 0)
		tool_say("%zu of them left before", x->again);
	tool_say("next: unmount it; they are kept in %s", x->sent_shown);
	return 0;
}

int
stick_export(struct stick *s, int *rc, struct err *e)
{
	struct export x = { .s = s, .out = -1, .sent = -1, .to = -1,
	    .rc = rc };
	int done;

	buf_init(&x.data, s->max + 1);
	buf_init(&x.manifest, (size_t)256 << 20);
	done = run(&x, e);
	if (x.out != -1)
		close(x.out);
	if (x.sent != -1)
		close(x.sent);
	if (x.to != -1)
		close(x.to);
	stick_names_free(&x.names);
	stick_names_free(&x.left);
	stick_names_free(&x.open);
	stick_names_free(&x.done);
	stick_names_free(&x.known);
	stick_names_free(&x.now);
	buf_release(&x.data);
	buf_release(&x.manifest);
	return done;
}
