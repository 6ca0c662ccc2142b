/* An RA in a directory between devices and a CA, and what goes through it. */
#ifndef T_ENGINE_RELAY_H
#define T_ENGINE_RELAY_H

#ifndef CONF_MORE
#define CONF_MORE \
	"\n" \
	"[profile explicit]\nconfirm = explicit\n" \
	"[profile held]\nhold = yes\n" \
	"[enrol devices]\nanchor = trust/maker.pem\n" \
	"profile = default explicit held\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n" \
	"[ra lra]\ncert = trust/lra.pem\n" \
	"profile = default explicit held\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n"
#endif

#include "t_engine_say.h"

#include "msg/nest.h"
#include "msg/poll.h"
#include "msg/rev.h"
#include "prot/protect_nest.h"
#include "store/store_relay.h"

static struct who lra;
static struct engine *ra;
static int rafd = -1;
static int restarts;		/* the RA's engine is new for each message */

static inline void
open_ra(void)
{
	struct err e = { 0 };

	if (engine_open(rafd, STORE_WRITE, &ra, &e) == -1)
		die("RA", &e);
}

static inline void
restart(void)
{
	engine_close(ra);
	open_ra();
}

/* cmp.conf of the RA: these [relay] lines and sections. */
static inline void
ra_conf(const char *relay, const char *rules)
{
	struct buf text;

	if (ra != NULL)
		engine_close(ra);
	buf_init(&text, 1 << 16);
	buf_add_str(&text, "role = ra\n[relay]\nanchor = trust/up.pem\n");
	buf_add_str(&text, relay);
	buf_add_str(&text, rules);
	put_file(rafd, "cmp.conf", buf_slice(&text), 0644);
	buf_release(&text);
	open_ra();
}

#define FORWARD(more) "[forward dev]\nanchor = trust/maker.pem trust/up.pem\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n" more "\n"

/* The CA, the RA's home, each of whom knows the other. */
static inline void
setup_relay(void)
{
	struct setup_ask ask = { .ra = 1, .name = "CN=LRA,O=Plant",
	    .newkey = "ed25519" };
	struct err e = { 0 };
	int fd, without;

	make_top();
	make_identities();
	rafd = dir_of(topfd, "ra");
	if (setup_ra(rafd, &ask, &without, &e) == -1)
		die("setup_ra", &e);
	lra = load("ra", "certs/cmp.pem", "keys/cmp.key");
	cafd = dir_of(topfd, "ca");
	fd = dir_of(cafd, "trust");
	put_certs(fd, "lra.pem", (const struct cert *[]){ &lra.cert }, 1);
	close(fd);
	close(cafd);
	make_ca("ed25519", NULL);
	fd = dir_of(rafd, "trust");
	put_certs(fd, "maker.pem", (const struct cert *[]){ &maker.cert }, 1);
	put_certs(fd, "up.pem", (const struct cert *[]){ &ca.cert }, 1);
	close(fd);
}

static inline void
teardown_relay(void)
{
	engine_close(ra);
	close(rafd);
	key_free(lra.key);
	teardown();
}

/* --- what the RA makes of a message */

struct passed {
	enum verdict	 verdict;
	enum err_code	 code;
	char		 note[512];
};
static struct passed to;

/* What left the RA since the last look. */
struct left {
	char		 dir[STORE_DIR], name[STORE_NAME];
	struct slice	 der;
	struct msg	 m;
	struct reply	 r;		/* its status and certificate */
};
static struct left out[64];
static int n_out;

static inline int
collect_piece(void *arg, struct slice data, struct err *e)
{
	(void)e;
	buf_add_slice(arg, data);
	return 0;
}

static inline void
take_left(const struct store_answer *a)
{
	struct left *l = &out[n_out];
	struct buf *b = new_buf();
	struct err e = { 0 };

	if (n_out == 64 || store_answer_each(engine_store(ra), a,
	    collect_piece, b, &e) == -1)
		die("outbox", &e);
	memset(l, 0, sizeof(*l));
	snprintf(l->dir, sizeof(l->dir), "%s", a->dir);
	snprintf(l->name, sizeof(l->name), "%s", a->name);
	l->der = buf_slice(b);
	if (msg_decode(l->der, &l->m, &e) == -1)
		die("what leaves", &e);
	l->r.m = l->m;
	read_status(&l->r);
	n_out++;
}

static inline int
collect_one(void *arg, const struct store_answer *a, struct err *e)
{
	(void)arg;
	take_left(a);
	return store_delivered(engine_store(ra), a->id, e);
}

/* All that waits to be delivered, which is delivered then. */
static inline void
collect(void)
{
	struct err e = { 0 };

	n_out = 0;
	if (engine_begin(ra, &e) == -1 || store_outbox(engine_store(ra),
	    collect_one, NULL, &e) == -1 || engine_commit(ra, &e) == -1)
		die("collect", &e);
}

static inline void
handle_any(struct engine *x, struct slice der, struct outcome *o)
{
	struct nest_source src = nest_source_slice(&der);
	struct err e = { 0 };

	outcome_init(o);
	if (engine_begin(x, &e) == -1)
		die("begin", &e);
	engine_handle(x, NULL, der, o);
	if (o->verdict == VERDICT_BUNDLE)
		engine_bundle(x, NULL, &src, o);
	if (engine_commit(x, &e) == -1)
		die("commit", &e);
	if (o->err.code != E_NONE)
		printf("# %s: %s\n", err_name(o->err.code), o->err.detail);
}

/* Give ${der} to the RA; what leaves is in ${out}. */
static inline int
give(struct slice der)
{
	struct outcome o;

	handle_any(ra, der, &o);
	to = (struct passed){ .verdict = o.verdict, .code = o.err.code };
	memcpy(to.note, o.note, sizeof(to.note));
	collect();
	/* What was answered before is not in the outbox. */
	if (o.verdict == VERDICT_REPEATED && o.answer.n > 0) {
		struct store_answer a = { .dir = o.dir, .name = o.name,
		    .answer = buf_slice(&o.answer) };

		take_left(&a);
	}
	outcome_release(&o);
	if (restarts)
		restart();
	return to.verdict == VERDICT_ANSWERED;
}

static inline int
due(int flush)
{
	char note[ENGINE_NOTE];
	struct err e = { 0 };
	int n;

	if (engine_begin(ra, &e) == -1 || (n = engine_due(ra, flush, note,
	    &e)) == -1 || engine_commit(ra, &e) == -1)
		die("due", &e);
	collect();
	if (restarts)
		restart();
	return n;
}

/* The one message that left, for upstream (or for a device). */
static inline struct left *
only(const char *dir, enum body body)
{
	static struct left none;

	if (n_out == 1 && strcmp(out[0].dir, dir) == 0 && out[0].m.body == body)
		return &out[0];
	printf("# %d left", n_out);
	for (int i = 0; i < n_out; i++)
		printf(", %s in \"%s\"", msg_body_name(out[i].m.body),
		    out[i].dir);
	printf("; %s expected in \"%s\"\n", msg_body_name(body), dir);
	memset(&none, 0, sizeof(none));
	none.r.status = -1;
	return &none;
}
#define UP(body) only("upstream", (body))
#define DOWN(body) only("", (body))

/* The one that left for the device whose transaction this is. */
static inline struct left *
for_id(struct slice id, enum body body)
{
	static struct left none;

	for (int i = 0; i < n_out; i++)
		if (slice_eq(out[i].m.hdr.transaction_id, id) &&
		    out[i].m.body == body)
			return &out[i];
	memset(&none, 0, sizeof(none));
	none.r.status = -1;
	return &none;
}

/* The CA's answer, to bundles as well. */
static inline struct slice
upstream(struct slice der)
{
	struct store_answer a = { 0 };
	struct buf *b = new_buf(), keep;
	struct outcome o;
	struct err e = { 0 };

	accept_clock();
	handle_any(en, der, &o);
	if (o.answer.n > 0) {
		buf_add_slice(b, buf_slice(&o.answer));
	} else if (o.name[0] != '\0') {
		buf_init(&keep, 2 << 20);
		if (store_answer_find(engine_store(en), o.name, &a, &keep,
		    &e) != 1 || store_answer_each(engine_store(en), &a,
		    collect_piece, b, &e) == -1)
			die("answer", &e);
		buf_release(&keep);
	}
	outcome_release(&o);
	return buf_slice(b);
}

/* --- requests */

/* A good request of ${by}, which may be bent. */
static inline struct ask
asked(const struct who *by, enum body body, const char *profile)
{
	static int n;
	static char subject[64][40];
	struct ask a = ask_for(by, new_key("ed25519"));

	n++;
	snprintf(subject[n % 64], sizeof(subject[0]), "CN=pump%d,O=Example",
	    n);
	a.subject = subject[n % 64];
	a.d.body = body;
	if (by->cert.der.p != dev.cert.der.p && by->cert.der.p !=
	    dev2.cert.der.p)
		a.chain = (struct who){ .key = NULL };
	if (profile != NULL)
		a.d.cert_profile = slice_str(profile);
	return a;
}

static inline void
drop(struct ask *a)
{
	key_free((struct key *)(uintptr_t)a->key);
	ask_release(a);
}

/* The next of ${a}'s transaction, after a message with ${nonce}. */
static inline void
next_draft(struct draft *d, enum body body, const struct ask *a,
    struct slice nonce, struct slice cert)
{
	uint8_t hash[HASH_MAX];
	struct err e = { 0 };
	struct cert c;

	draft_init(d);
	d->transaction_id = a->d.transaction_id;
	d->sender_nonce = fresh(16);
	d->recip_nonce = nonce;
	d->has_time = 1;
	d->message_time = the_time;
	if (body == BODY_POLLREQ) {
		poll_write_req(d, cert.p != NULL ? -1 : 0);
		return;
	}
	if (cert_parse(cert, &c, &e) == -1)
		die("certificate", &e);
	d->body = body;
	derw_int(&d->content, DER_INTEGER, 0);
	derw_prim(&d->content, DER_OCTET_STRING, SLICE(hash,
	    cert_hash(&c, hash)));
	derw_wrap(&d->content, DER_SEQUENCE, 0);
	derw_wrap(&d->content, DER_SEQUENCE, 0);
}

static inline struct slice
next_message(enum body body, const struct ask *a, struct slice nonce,
    struct slice cert)
{
	struct slice der;
	struct draft d;

	next_draft(&d, body, a, nonce, cert);
	der = seal(&d, &a->by, &a->chain.cert);
	draft_release(&d);
	return der;
}

/* State of ${a}'s transaction at the RA, -1 if there is none. */
static inline int
at_ra(const struct ask *a)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;
	int rc;

	alg_sha256(a->by.cert.spki, SLICE_NONE, peer);
	txn_init(&t);
	rc = store_txn(engine_store(ra), SLICE(peer, 32), a->d.transaction_id,
	    &t, &e);
	rc = rc == 1 ? (int)t.state : -1;
	txn_release(&t);
	return rc;
}

/* Rows that wait for upstream. */
static inline int
count_open(void *arg, const struct store_relay *r)
{
	(void)r;
	++*(int *)arg;
	return 0;
}

static inline int
open_rows(void)
{
	struct err e = { 0 };
	int n = 0;

	if (store_relays(engine_store(ra), count_open, &n, &e) == -1)
		die("relays", &e);
	return n;
}

/* --- answers of upstream, as they should not be */

/* An error message to ${q} by ${by}. */
static inline struct slice
error_to(const struct msg *q, const struct who *by, enum pki_status status)
{
	struct slice der;
	struct draft d;

	draft_init(&d);
	d.transaction_id = q->hdr.transaction_id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = q->hdr.sender_nonce;
	d.has_time = 1;
	d.message_time = the_time;
	draft_body_error(&d, status, "no", FAIL_NONE);
	der = seal(&d, by, NULL);
	draft_release(&d);
	return der;
}

struct several {
	const struct slice *v;
	size_t		 n, at;
};

static inline int
several_piece(void *arg, struct slice *next, struct err *e)
{
	struct several *s = arg;

	(void)e;
	if (s->at == s->n)
		return 0;
	*next = s->v[s->at++];
	return 1;
}

/* A bundle of ${n} answers to the bundle ${q}, by ${by}. */
static inline struct slice
answers_to(const struct msg *q, const struct who *by, const struct slice *v,
    size_t n)
{
	struct signer s = { .key = by->key, .cert = &by->cert };
	struct several all = { v, n, 0 };
	struct buf *whole = new_buf(), prefix, suffix;
	struct err e = { 0 };
	uint64_t bytes = 0;
	struct draft d;

	for (size_t i = 0; i < n; i++)
		bytes += v[i].n;
	draft_init(&d);
	d.transaction_id = q->hdr.transaction_id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = q->hdr.sender_nonce;
	d.has_time = 1;
	d.message_time = the_time;
	d.body = BODY_NESTED;
	buf_init(&prefix, 1 << 20);
	buf_init(&suffix, 1 << 20);
	if (protect_nest(&d, &s, bytes, several_piece, &all, &prefix, &suffix,
	    &e) == -1)
		die("bundle", &e);
	buf_add_slice(whole, buf_slice(&prefix));
	for (size_t i = 0; i < n; i++)
		buf_add_slice(whole, v[i]);
	buf_add_slice(whole, buf_slice(&suffix));
	buf_release(&prefix);
	buf_release(&suffix);
	draft_release(&d);
	return buf_slice(whole);
}

/* The members of ${der}, at most ${max}. */
static inline size_t
members(struct slice der, struct slice *v, size_t max)
{
	const struct nest_limits l = { 1 << 24, 10000, 1 << 20 };
	struct nest_source src = nest_source_slice(&der);
	struct err e = { 0 };
	struct slice one;
	struct nest *nest;
	struct buf *b;
	size_t n = 0;

	if (nest_open(&src, &l, &nest, &e) == -1)
		return 0;
	while (n < max && nest_next(nest, &one, &e) == 1) {
		b = new_buf();
		buf_add_slice(b, one);
		v[n++] = buf_slice(b);
	}
	nest_free(nest);
	return n;
}

#endif
