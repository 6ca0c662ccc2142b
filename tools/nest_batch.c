/*
 * cmp-nest batch: many messages, one bundle.
 *
 * Each file is read once, checked, and appended to a file without a name;
 * what is signed and written comes from there.  So a file that changes later
 * does no harm, and memory holds one message at a time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "tools/nest.h"

#define BLOCK		65536
#define LAYERS		15	/* approvals around a member */
#define TOLD		10	/* duplicates that are named */
#define AROUND_MAX	((size_t)1 << 20)

struct batch {
	const struct nest_job	*j;
	int			 spool;		/* the members, one after another */
	uint64_t		 size;
	size_t			 count, twice;
	struct nest_seen	 seen;
	int			 direction;	/* 1, -1; 0: not known yet */
	struct buf		 in;		/* one file */
	struct buf		 recipient;	/* that all have, or empty */
	int			 recipients;	/* differ */
};

/* ${shown}: what to call the file. */
static int
check_kind(struct batch *b, const struct msg *m, struct err *e)
{
	struct slice inner;
	struct msg last = *m;
	int way;

	if (nest_layers(m->der, LAYERS, &inner, e) == -1 ||
	    (m->body == BODY_NESTED && msg_decode(inner, &last, e) == -1))
		return -1;
	way = nest_direction(last.body);
	if (way == 1 && !m->has_protection)
		return err_set(e, E_PROT_MISSING, "the %s is a draft without "
		    "protection, which nobody will answer; protect it first: "
		    "cmp-sign", msg_body_name(m->body));
	if (way != 0 && b->direction == -way)
		return err_set(e, E_NESTED, "%s is a %s among %s, expected "
		    "one kind in a bundle", msg_body_name(last.body),
		    way == 1 ? "request" : "response", way == 1 ?
		    "responses" : "requests");
	if (way != 0)
		b->direction = way;
	return 0;
}

static void
note_recipient(struct batch *b, struct slice recipient)
{
	if (b->count == 0)
		buf_add_slice(&b->recipient, recipient);
	else if (!slice_eq(buf_slice(&b->recipient), recipient))
		b->recipients = 1;
}

/* The message that ${b->in} holds. */
static int
add_message(struct batch *b, const char *shown, struct err *e)
{
	struct slice der = buf_slice(&b->in);
	uint8_t digest[32];
	struct msg m;
	int rc;

	if (tool_shape(shown, der, e) == -1 || msg_decode(der, &m, e) == -1 ||
	    check_kind(b, &m, e) == -1)
		return -1;
	msg_digest(&m, digest);
	if ((rc = nest_seen_add(&b->seen, digest, e)) == -1)
		return -1;
	if (rc == 1) {
		if (b->twice++ < TOLD)
			tool_say("%s: is a message that is in the bundle "
			    "already, taken once", shown);
		return 0;
	}
	if (b->count == b->j->limits.members)
		return err_set(e, E_NEST_COUNT, "more than %zu messages; make "
		    "several bundles, or raise that with --max-members if who "
		    "gets it takes more", b->count);
	if (b->size + der.n > b->j->limits.size)
		return err_set(e, E_FILE_SIZE, "the bundle would have more "
		    "than %llu bytes; make several, or raise that with "
		    "--max-size if who gets it takes more",
		    (unsigned long long)b->j->limits.size);
	note_recipient(b, m.hdr.recipient);
	if (nest_scratch_put(b->spool, b->size, der.p, der.n, e) == -1)
		return -1;
	b->size += der.n;
	b->count++;
	return 0;
}

/* A file whose name somebody wrote or a directory had. */
static int
read_stable(struct batch *b, int dirfd, const char *name, int follow,
    struct err *e)
{
	struct stat st[2];
	ssize_t r = -1;
	uint8_t *p;
	int fd;

	buf_reset(&b->in);
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
	    (follow ? 0 : O_NOFOLLOW));
	if (fd == -1)
		return err_set(e, errno == ELOOP ? E_FILE_TYPE : E_NOINPUT,
		    "open: %s", strerror(errno));
	if (fstat(fd, &st[0]) == -1 || !S_ISREG(st[0].st_mode)) {
		err_set(e, E_FILE_TYPE, "not a regular file");
	} else if ((uint64_t)st[0].st_size > b->j->limits.member_size) {
		err_set(e, E_FILE_SIZE, "%lld bytes, at most %zu are allowed",
		    (long long)st[0].st_size, b->j->limits.member_size);
	} else if ((p = buf_extend(&b->in, (size_t)st[0].st_size + 1)) ==
	    NULL) {
		err_set(e, E_NOMEM, "out of memory");
	} else {
		/* Short or long: something else than what fstat() saw. */
		r = read(fd, p, (size_t)st[0].st_size + 1);
		if (r == -1)
			err_set(e, E_IO, "read: %s", strerror(errno));
		else if (r != st[0].st_size || fstat(fd, &st[1]) == -1 ||
		    st[1].st_size != st[0].st_size ||
		    memcmp(&st[1].st_mtim, &st[0].st_mtim,
		    sizeof(st[0].st_mtim)) != 0)
			r = err_set(e, E_NEST_CHANGED, "the file changed while "
			    "it was read; wait until it is complete");
		b->in.n = r < 0 ? 0 : (size_t)r;
	}
	close(fd);
	return r < 0 ? -1 : 0;
}

static int
add_file(struct batch *b, int dirfd, const char *name, int follow,
    struct err *e)
{
	char shown[ESCAPE_SHORT];

	escape_short(shown, slice_str(name));
	if (read_stable(b, dirfd, name, follow, e) == -1 ||
	    add_message(b, shown, e) == -1)
		return err_wrap(e, "%s", shown);
	return 0;
}

static int
add_dir(struct batch *b, const char *path, struct err *e)
{
	size_t n, before = b->count + b->twice;
	struct dirent *ent;
	int rc = 0;
	DIR *dir;

	if ((dir = opendir(path)) == NULL)
		return err_set(e, E_NOINPUT, "%s: %s", path, strerror(errno));
	while (rc == 0 && (errno = 0, ent = readdir(dir)) != NULL) {
		n = strlen(ent->d_name);
		if (ent->d_name[0] != '.' && n > 4 &&
		    strcmp(ent->d_name + n - 4, ".pki") == 0)
			rc = add_file(b, dirfd(dir), ent->d_name, 0, e);
	}
	if (rc == 0 && ent == NULL && errno != 0)
		rc = err_set(e, E_IO, "%s: %s", path, strerror(errno));
	closedir(dir);
	if (rc == 0 && b->count + b->twice == before)
		rc = err_set(e, E_NOINPUT, "%s: no file in it has a name that "
		    "ends in .pki", path);
	return rc;
}

static int
add_path(struct batch *b, const char *path, struct err *e)
{
	return tool_is_dir(path) ? add_dir(b, path, e) :
	    add_file(b, AT_FDCWD, path, 1, e);
}

/* File names, one on a line. */
static int
add_list(struct batch *b, const char *list, struct err *e)
{
	FILE *f = strcmp(list, "-") == 0 ? stdin : fopen(list, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int rc = 0;

	if (f == NULL)
		return err_set(e, E_NOINPUT, "@%s: %s", list, strerror(errno));
	while (rc == 0 && (n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (n > 0)
			rc = add_path(b, line, e);
	}
	if (rc == 0 && ferror(f))
		rc = err_set(e, E_IO, "@%s: read", list);
	free(line);
	if (f != stdin)
		fclose(f);
	return rc;
}

static int
add_all(struct batch *b, struct err *e)
{
	const char *f;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->j->n_files; i++) {
		f = b->j->files[i];
		rc = strcmp(f, "-") == 0 ? add_list(b, f, e) : f[0] == '@' ?
		    add_list(b, f + 1, e) : add_path(b, f, e);
	}
	if (rc == 0 && b->count == 0)
		return err_set(e, E_NOINPUT, "no file is named, expected one "
		    "at least");
	return rc;
}

/* Where in the spool we are, and a block of it. */
struct reader {
	const struct batch	*b;
	uint64_t		 at;
	uint8_t			 block[BLOCK];
};

static int
piece(void *arg, struct slice *next, struct err *e)
{
	struct reader *r = arg;
	uint64_t left = r->b->size - r->at;
	size_t n = left < BLOCK ? (size_t)left : BLOCK;

	if (n == 0)
		return 0;
	if (nest_scratch_get(r->b->spool, r->at, r->block, n, e) == -1)
		return -1;
	r->at += n;
	*next = SLICE(r->block, n);
	return 1;
}

static int
write_all(const struct batch *b, int fd, struct slice prefix,
    struct slice suffix, struct err *e)
{
	static struct reader r;
	struct slice s;
	int rc;

	r.b = b;
	r.at = 0;
	if (file_write(fd, prefix) == -1)
		return err_set(e, E_IO, "write: %s", strerror(errno));
	while ((rc = piece(&r, &s, e)) == 1)
		if (file_write(fd, s) == -1)
			return err_set(e, E_IO, "write: %s", strerror(errno));
	if (rc == 0 && file_write(fd, suffix) == -1)
		return err_set(e, E_IO, "write: %s", strerror(errno));
	return rc;
}

/* As file_deliver() does, for what is not held. */
static int
deliver(const struct batch *b, const char *dir, const char *name,
    struct slice prefix, struct slice suffix, struct err *e)
{
	int dirfd = file_open_dir(AT_FDCWD, dir, 0777, e), fd, rc = -1;

	if (dirfd == -1)
		return -1;
	if ((fd = file_start(dirfd, name, 0644, e)) == -1) {
		close(dirfd);
		return -1;
	}
	if (write_all(b, fd, prefix, suffix, e) == 0) {
		rc = fsync(fd);
		if (rc == -1)
			err_set(e, E_IO, "%s: sync: %s", name,
			    strerror(errno));
	}
	if (close(fd) == -1 && rc == 0)
		rc = err_set(e, E_IO, "%s: close: %s", name, strerror(errno));
	if (rc == 0)
		rc = file_settle(dirfd, name, SLICE_NONE, e);
	if (rc == -1)
		file_forget(dirfd, name);
	else
		rc = file_sync_dir(dirfd, name, e);
	close(dirfd);
	return rc;
}

static int
put(const struct batch *b, struct slice id, struct slice prefix,
    struct slice suffix, struct err *e)
{
	const char *out = b->j->out, *slash;
	char dir[TOOL_PATH], name[NEST_NAME];

	if (nest_dir(out, dir) == NULL)
		return write_all(b, STDOUT_FILENO, prefix, suffix, e);
	nest_name(name, id, 1, msg_body_word(BODY_NESTED));
	if (out != NULL && !tool_is_dir(out)) {
		slash = strrchr(out, '/');
		if (strlen(slash ? slash + 1 : out) >= sizeof(name))
			return err_set(e, E_CREATE, "%s: name is too long",
			    out);
		snprintf(name, sizeof(name), "%s", slash ? slash + 1 : out);
	}
	if (deliver(b, dir, name, prefix, suffix, e) == -1)
		return -1;
	tool_say("wrote %s%s%s: %zu messages, %llu bytes; next: bring it to "
	    "the %s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name,
	    b->count, (unsigned long long)(prefix.n + b->size + suffix.n),
	    b->direction == -1 ? "RA that asked" : "CA or RA above");
	return 0;
}

static int
finish(struct batch *b, struct err *e)
{
	static struct reader r;
	struct buf prefix, suffix;
	uint8_t id[16], nonce[16];
	struct draft d;
	int rc;

	r.b = b;
	rand_bytes(id, sizeof(id));
	rand_bytes(nonce, sizeof(nonce));
	draft_init(&d);
	buf_init(&prefix, AROUND_MAX);
	buf_init(&suffix, AROUND_MAX);
	if (!b->recipients)
		d.recipient = buf_slice(&b->recipient);
	d.has_time = 1;
	d.message_time = clock_now();
	d.transaction_id = SLICE(id, sizeof(id));
	d.sender_nonce = SLICE(nonce, sizeof(nonce));
	rc = protect_nest(&d, &b->j->signer, b->size, piece, &r, &prefix,
	    &suffix, e);
	if (rc == 0 && prefix.n + b->size + suffix.n > b->j->limits.size)
		rc = err_set(e, E_FILE_SIZE, "the bundle would have %llu "
		    "bytes, at most %llu are allowed; make several, or raise "
		    "that with --max-size", (unsigned long long)(prefix.n +
		    b->size + suffix.n),
		    (unsigned long long)b->j->limits.size);
	if (rc == 0)
		rc = put(b, d.transaction_id, buf_slice(&prefix),
		    buf_slice(&suffix), e);
	draft_release(&d);
	buf_release(&prefix);
	buf_release(&suffix);
	return rc;
}

int
nest_batch(const struct nest_job *j)
{
	struct batch b = { .j = j, .spool = -1, .seen = { .fd = -1 } };
	char t[TOOL_PATH];
	const char *dir;
	struct err e = { 0 };
	int rc = -1;

	buf_init(&b.in, j->limits.member_size + 1);
	buf_init(&b.recipient, j->limits.member_size);
	if (tool_can_put(j->out, 0, &e) == 0) {
		dir = nest_dir(j->out, t);
		if ((b.spool = nest_scratch(dir, &e)) != -1 &&
		    nest_seen_init(&b.seen, j->limits.members, dir, &e) == 0 &&
		    add_all(&b, &e) == 0)
			rc = finish(&b, &e);
	}
	if (b.twice > TOLD)
		tool_say("%zu more messages were there twice", b.twice - TOLD);
	if (b.spool != -1)
		close(b.spool);
	nest_seen_close(&b.seen);
	buf_release(&b.in);
	buf_release(&b.recipient);
	return rc == -1 ? tool_fail(NULL, &e) : 0;
}
