/* cmp-nest show: what is nested, a line for each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "msg/print_part.h"
#include "pki/name.h"
#include "tools/nest.h"

#define LAYERS	16
#define FLUSH	(1u << 16)
#define OUT_MAX	(8u << 20)

/* Write what there is: with many members it must not pile up. */
static int
flush(struct buf *out, size_t above, struct err *e)
{
	if (buf_bad(out))
		return err_set(e, E_NOMEM, "output is too long");
	if (out->n <= above)
		return 0;
	if (file_write(STDOUT_FILENO, buf_slice(out)) == -1)
		return err_set(e, E_IO, "standard output: %s",
		    strerror(errno));
	buf_reset(out);
	return 0;
}

static const char *
kind_of(const struct nest *n, char t[static 64])
{
	snprintf(t, 64, nest_is_approval(n) ? "approval" :
	    "bundle of %zu", nest_count(n));
	return t;
}

/* "ir 047fcb9dee4bca7e... CN=pump17,O=Example, 912 bytes" */
static void
put_line(struct emit *em, const struct msg *m, size_t size, size_t number)
{
	char line[ESCAPE_SHORT + NAME_TEXT + 80], id[ESCAPE_SHORT],
	    who[NAME_TEXT];

	escape_hex_short(id, m->hdr.transaction_id);
	snprintf(line, sizeof(line), "%zu %s %s \"%s\" %zu bytes", number,
	    msg_body_name(m->body), m->hdr.transaction_id.n > 0 ? id : "-",
	    m->hdr.sender_name.p ? name_short(who, m->hdr.sender_name) : "",
	    size);
	escape_mend(line);
	emit_safe(em, NULL, line);
}

static void
put_object(struct emit *em, const struct msg *m, size_t size, size_t number)
{
	emit_open(em, NULL);
	emit_int(em, "number", (int64_t)number);
	emit_safe(em, "body", msg_body_name(m->body));
	if (m->hdr.transaction_id.p != NULL)
		emit_hex(em, "transactionID", m->hdr.transaction_id);
	print_cert_general_name(em, "sender", m->hdr.sender);
	emit_int(em, "size", (int64_t)size);
	emit_close(em);
}

static void
put_member(struct emit *em, struct slice member, size_t number)
{
	struct err e = { 0 };
	char line[640];
	struct msg m;

	if (msg_decode(member, &m, &e) == 0) {
		if (em->json)
			put_object(em, &m, member.n, number);
		else
			put_line(em, &m, member.n, number);
		return;
	}
	if (em->json) {
		emit_open(em, NULL);
		emit_int(em, "number", (int64_t)number);
		print_error(em, &e);
		emit_int(em, "size", (int64_t)member.n);
		emit_close(em);
		return;
	}
	snprintf(line, sizeof(line), "%zu unreadable: %s: %s", number,
	    err_name(e.code), e.detail);
	emit_safe(em, NULL, escape_mend(line));
}

/* Who protected it, and whether that has been looked at. */
static void
put_protection(struct emit *em, const struct nest *n, int trusted,
    const struct err *why)
{
	const struct msg *m = nest_msg(n);
	char who[NAME_TEXT], t[NAME_TEXT + 600];

	snprintf(t, sizeof(t), "%s%s%s", m->hdr.sender_name.p ?
	    name_short(who, m->hdr.sender_name) : "nobody", trusted == 1 ?
	    ", verified" : trusted == 0 ? ", NOT verified (--trust FILE does "
	    "that)" : ", does NOT verify: ", trusted == -1 ? why->detail : "");
	emit_safe(em, "protectedBy", escape_mend(t));
}

static int
show_members(struct nest *n, struct emit *em, struct err *e)
{
	struct slice member;
	size_t number = 0;
	int rc;

	emit_open_list(em, "member");
	while ((rc = nest_next(n, &member, e)) == 1) {
		put_member(em, member, ++number);
		if (flush(em->out, FLUSH, e) == -1)
			return -1;
	}
	emit_close_list(em);
	return rc;
}

/* 0, or -1 with the first thing that is wrong with it. */
static int
show(const struct nest_job *j, struct nest *n, uint64_t size, struct buf *out,
    struct err *e)
{
	struct err why = { 0 }, odd = { 0 };
	int trusted = nest_verify(j, nest_msg(n), &why);
	int fits = nest_check(n, LAYERS, &odd);
	struct emit em;
	char t[64];

	emit_start(&em, out, j->json);
	emit_safe(&em, "message", msg_body_name(BODY_NESTED));
	emit_int(&em, "size", (int64_t)size);
	emit_safe(&em, "kind", kind_of(n, t));
	emit_int(&em, "members", (int64_t)nest_count(n));
	if (fits == -1)
		emit_safe(&em, "contradiction", odd.detail);
	put_protection(&em, n, trusted, &why);
	print_header(&em, &nest_msg(n)->hdr);
	if (show_members(n, &em, e) == -1)
		return -1;
	print_tail(&em, nest_msg(n));
	emit_end(&em);
	if (flush(out, 0, e) == -1)
		return -1;
	if (trusted == 0 && fits == 0)
		return 0;
	*e = trusted == -1 ? why : odd;
	return e->code == E_NONE ? 0 : -1;
}

/* A regular file is read where it lies; changes in it are noticed. */
static int
open_input(const char *file, uint64_t max, struct err *e)
{
	struct stat st;
	int fd;

	if (strcmp(file, "-") == 0)
		return nest_scratch_copy(file, NULL, max, e);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_set(e, E_NOINPUT, "%s", strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return nest_scratch_copy(file, NULL, max, e);
}

int
nest_show(const struct nest_job *j)
{
	const char *file = j->n_files > 0 ? j->files[0] : "-";
	struct nest_source src;
	struct nest *n = NULL;
	struct err e = { 0 };
	struct buf out;
	int fd, rc = -1;

	buf_init(&out, OUT_MAX);
	if ((fd = open_input(file, j->limits.size, &e)) != -1 &&
	    nest_source_fd(&fd, &src, &e) == 0 &&
	    nest_open(&src, &j->limits, &n, &e) == 0)
		rc = show(j, n, src.size, &out, &e);
	nest_free(n);
	if (fd != -1)
		close(fd);
	buf_release(&out);
	if (rc == 0)
		return 0;
	nest_hint(&e);
	return tool_fail(strcmp(file, "-") == 0 ? "standard input" : file,
	    &e);
}
