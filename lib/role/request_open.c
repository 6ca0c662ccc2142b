/* Requests that have no answer yet: which, and asking for it again. */
#include "role/request_open.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "op/info.h"
#include "pki/name.h"
#include "role/engine_int.h"

static int
open_device(int homefd, struct engine **en, struct err *e)
{
	if (engine_open(homefd, STORE_READ, en, e) == -1)
		return -1;
	if ((*en)->role != ROLE_CA)
		return 0;
	engine_close(*en);
	*en = NULL;
	return err_set(e, E_USAGE, "this home is not a device's (cmp.conf: "
	    "role); what waits at a CA is listed by: cmp-ca pending");
}

static void
full_id(char t[static 65], struct slice id)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < id.n && i < 32; i++) {
		t[n++] = digits[id.p[i] >> 4];
		t[n++] = digits[id.p[i] & 15];
	}
	t[n] = '\0';
}

/* What it is about, for people. */
static void
about(const struct txn *t, char text[static 512])
{
	const struct info *kind = NULL;
	char name[NAME_TEXT], hex[ESCAPE_SHORT];
	struct slice oid, value;
	struct err ignored = { 0 };
	struct cert c;

	text[0] = '\0';
	if (t->body == BODY_GENM) {
		if (info_read(buf_slice(&t->subject), &oid, &value,
		    &ignored) == 0)
			kind = info_by_request(oid);
		snprintf(text, 512, "%s", kind != NULL ? kind->name : "?");
	} else if (t->body == BODY_RR && t->cert.n == 0) {
		snprintf(text, 512, "serial 0x%.42s of %s", escape_hex_short(hex,
		    buf_slice(&t->serial)), name_short(name,
		    buf_slice(&t->subject)));
	} else if (t->body == BODY_RR) {
		if (cert_parse(buf_slice(&t->cert), &c, &ignored) == 0)
			snprintf(text, 512, "%s", name_short(name,
			    c.subject));
	} else {
		snprintf(text, 512, "%s", name_short(name,
		    buf_slice(&t->subject)));
	}
}

static int
is_open(const struct txn *t)
{
	return t->peer.n == 0 && (t->state == TXN_OPEN ||
	    t->state == TXN_WAITING || t->state == TXN_PKICONF);
}

struct listing {
	void	(*each)(void *arg, const struct request_open *r);
	void	*arg;
	int	 n;
};

static int
list_one(void *arg, const struct txn *t)
{
	const struct op *op = op_by_request(t->body);
	struct listing *l = arg;
	struct request_open r = { .op = op != NULL ? op->name : "?",
	    .state = t->state, .created = t->created, .key_file = "" };
	char file[256];

	if (!is_open(t))
		return 0;
	full_id(r.id, buf_slice(&t->transaction_id));
	about(t, r.about);
	if (t->state == TXN_WAITING)
		r.check_at = t->check_at;
	if (op != NULL && (op->flags & OP_ENROLS) && t->body != BODY_P10CR &&
	    t->key_file.n > 5 && t->key_file.n < sizeof(file) &&
	    memcmp(t->key_file.p, "keys/", 5) == 0) {
		snprintf(file, sizeof(file), "%.*s", (int)t->key_file.n,
		    t->key_file.n ? (const char *)t->key_file.p : "");
		r.key_file = file;
	}
	l->each(l->arg, &r);
	l->n++;
	return 0;
}

int
request_list(int homefd, void (*each)(void *arg, const struct request_open *r),
    void *arg, struct err *e)
{
	struct listing l = { .each = each, .arg = arg };
	struct engine *en;
	int rc;

	if (open_device(homefd, &en, e) == -1)
		return -1;
	rc = store_txns(en->store, list_one, &l, e);
	engine_close(en);
	return rc == -1 ? -1 : l.n;
}

/* The one that waits and begins with ${prefix}. */
struct wanted {
	const char	*prefix;
	char		 id[65];
	int64_t		 check_at, messages;
	int		 draft;
	int		 waits, fits;		/* how many */
	enum txn_state	 other;			/* one that fits, but does not
						 * wait: its state */
};

static int
want_one(void *arg, const struct txn *t)
{
	struct wanted *w = arg;
	char id[65];

	if (t->peer.n > 0)
		return 0;	/* at an RA: not of ours */
	full_id(id, buf_slice(&t->transaction_id));
	if (t->state == TXN_WAITING)
		w->waits++;
	if (w->prefix != NULL && strncmp(id, w->prefix,
	    strlen(w->prefix)) != 0)
		return 0;
	if (t->state != TXN_WAITING) {
		w->other = t->state;
		return 0;
	}
	memcpy(w->id, id, sizeof(id));
	w->check_at = t->check_at;
	w->messages = t->messages;
	w->draft = t->sign_key_file.n == 0 && t->secret_file.n == 0;
	w->fits++;
	return 0;
}

/* There is not exactly one. */
static int
which(const struct wanted *w, struct err *e)
{
	if (w->fits > 1)
		return err_set(e, E_USAGE, "%d requests wait%s%s: give more "
		    "digits of the transactionID; they are listed by: "
		    "cmp-mkreq list", w->fits, w->prefix != NULL ?
		    " whose transactionID begins with " : "",
		    w->prefix != NULL ? w->prefix : "");
	if (w->prefix == NULL)
		return err_set(e, E_NOT_FOUND, "no request of this home was "
		    "told to wait; open ones are listed by: cmp-mkreq list");
	switch (w->other) {
	case TXN_NONE:
		return err_set(e, E_NOT_FOUND, "no request of this home has a "
		    "transactionID that begins with %.64s; open ones are "
		    "listed by: cmp-mkreq list", w->prefix);
	case TXN_OPEN:
		return err_set(e, E_NOT_FOUND, "request %.64s was not told to "
		    "wait: it has no answer at all; bring it to the CA, or "
		    "make a new one", w->prefix);
	case TXN_PKICONF:
		return err_set(e, E_NOT_FOUND, "request %.64s waits for a "
		    "pkiConf, not for an answer; its certConf is given again "
		    "by cmp-process with the same answer", w->prefix);
	default:
		return err_set(e, E_NOT_FOUND, "request %.64s is over (%s)",
		    w->prefix, txn_state_name(w->other));
	}
}

static int
give(struct engine *en, const struct wanted *w, struct request_made *out,
    struct err *e)
{
	char name[STORE_NAME];
	int rc;

	snprintf(name, sizeof(name), "%.16s-%lld-pollreq", w->id,
	    (long long)w->messages);
	rc = store_sent(en->store, name, out->name, &out->message, e);
	if (rc == 0)
		return err_set(e, E_STORE, "state/cmp.db: %s.pki is not there "
		    "any more", name);
	out->draft = w->draft;
	return rc == -1 ? -1 : 0;
}

int
request_poll(int homefd, const char *id, int64_t now,
    struct request_made *out, struct request_polled *p, struct err *e)
{
	struct wanted w = { .prefix = id, .other = TXN_NONE };
	char when[DER_TIME_TEXT];
	struct engine *en;
	int rc = -1;

	if (open_device(homefd, &en, e) == -1)
		return -1;
	if (store_txns(en->store, want_one, &w, e) == -1)
		goto out;
	if (w.fits != 1) {
		which(&w, e);
		goto out;
	}
	memcpy(p->id_full, w.id, sizeof(w.id));
	p->when = w.check_at;
	if (now < w.check_at)
		err_set(e, E_ANSWER_WAITING, "the CA has no answer to request "
		    "%.16s before %s", w.id,
		    der_time_text(when, w.check_at));
	else
		rc = give(en, &w, out, e);
out:
	engine_close(en);
	return rc;
}
