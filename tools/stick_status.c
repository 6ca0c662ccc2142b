/* cmp-spool status: what waits where, and for how long. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asn/der.h"
#include "base/escape.h"
#include "base/file.h"
#include "msg/emit.h"
#include "msg/msg.h"
#include "op/op.h"
#include "pki/csr.h"
#include "pki/name.h"
#include "tools/stick.h"

#define OUT_MAX	((size_t)256 << 20)

struct status {
	struct stick	*s;
	struct buf	*out;
	struct emit	 em;
	int		 up;		/* out/upstream, or -1 */
	int64_t		 waiting, held, own, oldest;
};

/* "5d 3h", "3h 12m", "12m", "30s" */
static const char *
for_how_long(char t[static 32], int64_t s)
{
	if (s < 0)
		s = 0;
	if (s >= 86400)
		snprintf(t, 32, "%lldd %lldh", (long long)(s / 86400),
		    (long long)(s % 86400 / 3600));
	else if (s >= 3600)
		snprintf(t, 32, "%lldh %lldm", (long long)(s / 3600),
		    (long long)(s % 3600 / 60));
	else if (s >= 60)
		snprintf(t, 32, "%lldm", (long long)(s / 60));
	else
		snprintf(t, 32, "%llds", (long long)s);
	return t;
}

/* Whose request it is: the name it asks for, else its sender's. */
static void
device_of(struct slice request, char t[static NAME_TEXT])
{
	struct err e = { 0 };
	struct cert_req r;
	struct slice name;
	struct csr csr;
	struct msg m;
	size_t n;

	snprintf(t, NAME_TEXT, "?");
	if (msg_decode(request, &m, &e) == -1)
		return;
	if (m.body == BODY_P10CR && csr_parse(m.content, &csr, &e) == 0 &&
	    !name_is_empty(csr.subject))
		name_short(t, csr.subject);
	else if ((m.body == BODY_IR || m.body == BODY_CR ||
	    m.body == BODY_KUR) && crmf_requests(m.content, &r, &n, &e) == 0 &&
	    r.tmpl.subject.n > 0 && !name_is_empty(r.tmpl.subject))
		name_short(t, r.tmpl.subject);
	else if (der_only(m.hdr.sender, DER_CTX(4), &name) == 0)
		name_short(t, name);
}

/* Where the message is now, or the bundle that it is in. */
static const char *
place(struct status *st, const struct store_relay *r, char t[static 160])
{
	char medium[ESCAPE_SHORT];

	if (r->state == RELAY_QUEUED)
		return "for the next bundle";
	if (st->up != -1 && faccessat(st->up, r->up, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return "in spool/out/upstream";
	if (r->medium[0] == '\0')
		return "taken from spool/out/upstream";
	snprintf(t, 160, "left on \"%.120s\"", escape_short(medium,
	    slice_str(r->medium)));
	return t;
}

static void
one_json(struct status *st, const struct store_relay *r, const char *device,
    const char *where)
{
	struct emit *em = &st->em;

	emit_open(em, NULL);
	emit_hex(em, "transactionID", r->transaction_id);
	emit_safe(em, "request", msg_body_word(r->body));
	emit_safe(em, "device", device);
	emit_time(em, "since", r->created);
	emit_int(em, "seconds", st->s->now - r->created);
	emit_bool(em, "waiting", r->state == RELAY_WAITING);
	emit_safe(em, "place", where);
	emit_text(em, "file", slice_str(r->up));
	emit_text(em, "medium", slice_str(r->medium));
	if (r->bundle != 0)
		emit_int(em, "bundle", r->bundle);
	emit_close(em);
}

static int
one(void *arg, const struct store_relay *r)
{
	char device[NAME_TEXT], t[160], hex[ESCAPE_SHORT], age[32];
	struct status *st = arg;
	const char *where = place(st, r, t);

	device_of(r->request, device);
	if (st->waiting++ == 0)
		st->oldest = r->created;
	if (st->s->json) {
		one_json(st, r, device, where);
		return 0;
	}
	buf_printf(st->out, "%.16s  %-8s  %-8s  \"%s\"  %s%s  %s\n",
	    escape_hex_short(hex, r->transaction_id), msg_body_word(r->body),
	    for_how_long(age, st->s->now - r->created), device, where,
	    r->state == RELAY_WAITING ? ", told to wait" : "",
	    r->state == RELAY_QUEUED ? "" : r->up);
	return 0;
}

static int
one_held(void *arg, const struct store_held *h)
{
	struct status *st = arg;

	st->held += h->state == TXN_HELD;
	return 0;
}

static int
one_txn(void *arg, const struct txn *t)
{
	struct status *st = arg;

	st->own += t->peer.n == 0 && (t->state == TXN_OPEN ||
	    t->state == TXN_WAITING || t->state == TXN_PKICONF);
	return 0;
}

/* --- directories */

static int
count_in(struct status *st, const char *name, const char *sub, int64_t *n,
    struct err *e)
{
	struct stick_names names = { 0 };
	char shown[STICK_WHERE];
	int fd, rc;

	*n = 0;
	if ((fd = stick_open(st->s, name, sub, 0, shown, e)) == -1) {
		*e = (struct err){ 0 };		/* not made yet */
		return 0;
	}
	rc = stick_list(fd, ".pki", &names, e);
	*n = (int64_t)names.n;
	stick_names_free(&names);
	close(fd);
	return rc;
}

static void
put_count(struct status *st, const char *name, const char *sub, int64_t n)
{
	char label[STICK_WHERE];

	snprintf(label, sizeof(label), "%s%s%s", name, sub[0] ? "/" : "", sub);
	if (st->s->json)
		emit_int(&st->em, label, n);
	else if (n > 0 || sub[0] == '\0')
		buf_printf(st->out, "spool/%-14s %lld\n", label,
		    (long long)n);
}

/* Each directory, with the channels below those that have some. */
static int
directories(struct status *st, struct err *e)
{
	static const struct {
		const char	*name;
		int		 subs;
	} dirs[] = { { "in", 1 }, { "work", 1 }, { "out", 1 }, { "sent", 1 },
	    { "done", 0 }, { "bad", 0 } };
	const struct conf *c = st->s->conf;
	int64_t n;

	if (st->s->json)
		emit_open(&st->em, "spool");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		for (size_t k = 0; k < (dirs[i].subs ? c->n_channels : 1);
		    k++) {
			if (count_in(st, dirs[i].name, c->channels[k].name,
			    &n, e) == -1)
				return -1;
			put_count(st, dirs[i].name, c->channels[k].name, n);
		}
	if (st->s->json)
		emit_close(&st->em);
	return 0;
}

/* --- */

static int
rows(struct status *st, struct err *e)
{
	struct store *s = st->s->store;
	int rc;

	if (st->s->json)
		emit_open_list(&st->em, "upstream");
	rc = s == NULL ? 0 : store_relays(s, one, st, e);
	if (st->s->json)
		emit_close_list(&st->em);
	if (rc == 0 && s != NULL && (store_helds(s, one_held, st, e) == -1 ||
	    store_txns(s, one_txn, st, e) == -1))
		rc = -1;
	return rc;
}

static void
totals(struct status *st)
{
	char age[32];

	if (st->s->json) {
		emit_int(&st->em, "waits", st->waiting);
		emit_int(&st->em, "held", st->held);
		emit_int(&st->em, "own", st->own);
		emit_end(&st->em);
		return;
	}
	if (st->s->is_ra && st->waiting > 0)
		buf_printf(st->out, "%lld wait for upstream, the oldest for "
		    "%s\n", (long long)st->waiting, for_how_long(age,
		    st->s->now - st->oldest));
	else if (st->s->is_ra)
		buf_add_str(st->out, "nothing waits for upstream\n");
	if (st->held > 0)
		buf_printf(st->out, "%lld wait for an operator, see: cmp-ca "
		    "pending\n", (long long)st->held);
	if (st->own > 0)
		buf_printf(st->out, "%lld requests of this home have no "
		    "answer, see: cmp-mkreq list\n", (long long)st->own);
}

int
stick_status(struct stick *s, struct err *e)
{
	struct status st = { .s = s, .up = -1 };
	struct err ignored = { 0 };
	char shown[STICK_WHERE];
	struct buf out;
	int rc = -1;

	buf_init(&out, OUT_MAX);
	st.out = &out;
	st.up = stick_open(s, "out", "upstream", 0, shown, &ignored);
	if (s->json)
		emit_start(&st.em, &out, 1);
	if (rows(&st, e) == 0 && directories(&st, e) == 0) {
		totals(&st);
		if (buf_bad(&out))
			err_set(e, E_NOMEM, "output is too long");
		else if (file_write(STDOUT_FILENO, buf_slice(&out)) == -1)
			err_set(e, E_IO, "standard output: %s",
			    strerror(errno));
		else
			rc = 0;
	}
	if (st.up != -1)
		close(st.up);
	buf_release(&out);
	return rc;
}
