/*
 * relay: an RA with requests upstream, one by itself and two in a bundle, is
 * given what claims to be an answer, first as it is, then with the numbers of
 * each and of the bundle put in, and signed by the CA that it trusts.  Nothing
 * is ever committed.
 */
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "msg/nest.h"
#include "msg/rev.h"
#include "prot/protect_nest.h"
#include "role/engine.h"
/* Time and randomness that stand still, in the place of lib/base's. */
#include "tests/fixed/fixed.c"
#include "tests/fuzz/known.h"

static const struct { const char *id; enum body body; } opens[] = {
	{ "genm-sent-000000", BODY_GENM },
	{ "rr-in-bundle-000", BODY_RR },
	{ "rr-in-bundle-001", BODY_RR },
};
#define OPENS	(sizeof(opens) / sizeof(opens[0]))

static const uint8_t nonce[16] = { 4, 5, 6 };
static uint8_t batch_id[16], batch_nonce[16];
static char home[256];
static struct engine *engine;
static struct buf cmp_der, dev_der;
static struct cert cmp_cert, dev_cert;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
clean_up(void)
{
	engine_close(engine);
	nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
head(struct draft *d, enum body body, const uint8_t id[static 16])
{
	draft_init(d);
	d->has_time = 1;
	d->message_time = KNOWN_NOW;
	d->transaction_id = SLICE(id, 16);
	d->sender_nonce = SLICE(nonce, sizeof(nonce));
	d->body = body;
}

static void
sign(struct draft *d, const struct cert *by, struct buf *out)
{
	struct signer s = { .key = known_key, .cert = by };
	struct err e = { 0 };

	buf_init(out, 4 << 20);
	must(protect_sign(d, &s, SLICE_NONE, out, &e) == 0);
}

/* The request of row ${i} has come. */
static void
ask(size_t i)
{
	struct err e = { 0 };
	struct outcome o;
	struct draft d;
	struct buf out;

	head(&d, opens[i].body, (const uint8_t *)opens[i].id);
	if (opens[i].body == BODY_RR)
		rev_write_request(&d.content, dev_cert.issuer, dev_cert.serial,
		    1);
	else
		derw_raw(&d.content, SLICE_LIT("\x30\x0c\x30\x0a\x06\x08\x2b"
		    "\x06\x01\x05\x05\x07\x04\x11"));
	sign(&d, &dev_cert, &out);
	outcome_init(&o);
	must(engine_begin(engine, &e) == 0);
	engine_handle(engine, NULL, buf_slice(&out), &o);
	must(o.verdict == VERDICT_ANSWERED);
	must(engine_commit(engine, &e) == 0);
	outcome_release(&o);
	buf_release(&out);
	draft_release(&d);
}

/* Is it the bundle?  Its prefix has its header. */
static int
find_batch(void *arg, const struct store_answer *a, struct err *e)
{
	const uint8_t *p, *end = a->answer.p + a->answer.n;

	(void)e;
	if (a->bundle == 0)
		return 0;
	/* transactionID [4], senderNonce [5]: OCTET STRINGs of 16. */
	for (p = a->answer.p; end - p > 20; p++) {
		if (memcmp(p, "\xa4\x12\x04\x10", 4) == 0)
			memcpy(batch_id, p + 4, 16);
		if (memcmp(p, "\xa5\x12\x04\x10", 4) == 0) {
			memcpy(batch_nonce, p + 4, 16);
			*(int *)arg = 1;
			break;
		}
	}
	return 0;
}

static void
put_pem(int fd, const char *dir, const char *name, struct slice der)
{
	struct err e = { 0 };
	struct buf pem;
	int at = file_open_dir(fd, dir, 0700, &e);

	must(at != -1);
	buf_init(&pem, 1 << 16);
	cert_pem(&pem, "CERTIFICATE", der);
	must(file_deliver(at, name, buf_slice(&pem), 0644, FILE_NEW, &e) == 0);
	buf_release(&pem);
	close(at);
}

static void
setup(void)
{
	const char *dir = getenv("TMPDIR");
	char note[ENGINE_NOTE];
	struct err e = { 0 };
	struct store *s;
	int fd, keys, found = 0;

	setenv("FIXED_CLOCK", "1800000000", 1);
	known_setup();
	known_cert("CN=CMP,O=Example", known_anchor.subject, 0, SLICE_NONE,
	    &cmp_der);
	known_cert("CN=dev1,O=Example", known_anchor.subject, 0, SLICE_NONE,
	    &dev_der);
	must(cert_open(buf_slice(&cmp_der), &cmp_cert, &e) == 0);
	must(cert_open(buf_slice(&dev_der), &dev_cert, &e) == 0);
	snprintf(home, sizeof(home), "%s/fuzz-relay.XXXXXX",
	    dir != NULL ? dir : "/tmp");
	must(mkdtemp(home) != NULL);
	must((fd = open(home, O_RDONLY | O_DIRECTORY)) != -1);
	atexit(clean_up);
	must(file_deliver(fd, "cmp.conf", SLICE_LIT("role = ra\n[relay]\n"
	    "anchor = trust/up.pem\n[forward one]\nanchor = trust/up.pem\n"
	    "body = genm\nforward = keep\n[forward many]\n"
	    "anchor = trust/up.pem\nbody = rr\nforward = keep\n"
	    "batch = yes\ndown = replace\n"), 0644, FILE_NEW, &e) == 0);
	put_pem(fd, "trust", "up.pem", known_anchor.der);
	put_pem(fd, "certs", "cmp.pem", buf_slice(&cmp_der));
	must((keys = file_open_dir(fd, "keys", 0700, &e)) != -1);
	must(file_deliver(keys, "cmp.key", SLICE(known_pem, sizeof(known_pem) -
	    1), 0600, FILE_NEW, &e) == 0);
	close(keys);
	must(store_open(fd, STORE_CREATE, &s, &e) == 0);
	store_close(s);
	must(engine_open(fd, STORE_WRITE, &engine, &e) == 0);
	for (size_t i = 0; i < OPENS; i++)
		ask(i);
	must(engine_begin(engine, &e) == 0);
	must(engine_due(engine, 1, note, &e) == 1);
	must(engine_commit(engine, &e) == 0);
	must(store_outbox(engine_store(engine), find_batch, &found, &e) == 0);
	must(found);
}

static int
is_clean(struct slice s)
{
	uint32_t cp;
	size_t n;

	for (; s.n > 0; s = SLICE(s.p + n, s.n - n))
		if ((n = escape_utf8(s, &cp)) == 0 || escape_deceptive(cp))
			return 0;
	return 1;
}

/* What leaves is a message; what is said cannot hurt a terminal. */
static void
handle(struct slice der)
{
	struct nest_source src = nest_source_slice(&der);
	struct err e = { 0 };
	struct outcome o;
	struct msg m;

	outcome_init(&o);
	must(engine_begin(engine, &e) == 0);
	engine_handle(engine, NULL, der, &o);
	if (o.verdict == VERDICT_BUNDLE)
		engine_bundle(engine, NULL, &src, &o);
	must(is_clean(slice_str(o.note)) && is_clean(slice_str(o.err.detail)));
	must(is_clean(slice_str(o.next)) && strchr(o.name, '/') == NULL);
	must(o.verdict != VERDICT_TEMPORARY && o.verdict != VERDICT_BUNDLE);
	must(o.err.code != E_INTERNAL && o.err.code != E_STORE);
	if (o.answer.n > 0)
		must(msg_decode(buf_slice(&o.answer), &m, &e) == 0);
	engine_abort(engine);
	outcome_release(&o);
}

struct one {
	struct slice	 der;
	int		 n;
};

static int
twice(void *arg, struct slice *next, struct err *e)
{
	struct one *o = arg;

	(void)e;
	*next = o->der;
	return o->n-- > 0;
}

/* ${der} twice, in an answer to the bundle. */
static void
in_bundle(struct slice der)
{
	struct signer s = { .key = known_key, .cert = &cmp_cert };
	struct buf all, prefix, suffix;
	struct one two = { der, 2 };
	struct err e = { 0 };
	struct draft d;

	head(&d, BODY_NESTED, batch_id);
	d.recip_nonce = SLICE(batch_nonce, sizeof(batch_nonce));
	buf_init(&prefix, 1 << 20);
	buf_init(&suffix, 1 << 20);
	buf_init(&all, 8 << 20);
	must(protect_nest(&d, &s, 2 * der.n, twice, &two, &prefix, &suffix,
	    &e) == 0);
	buf_add_slice(&all, buf_slice(&prefix));
	buf_add_slice(&all, der);
	buf_add_slice(&all, der);
	buf_add_slice(&all, buf_slice(&suffix));
	handle(buf_slice(&all));
	buf_release(&all);
	buf_release(&prefix);
	buf_release(&suffix);
	draft_release(&d);
}

/* The body of ${m} as an answer to row ${i}, or to the bundle itself. */
static void
sign_and_handle(const struct msg *m, size_t i)
{
	const uint8_t *id = i < OPENS ? (const uint8_t *)opens[i].id : batch_id;
	struct draft d;
	struct buf out;

	head(&d, m->body, id);
	d.recip_nonce = SLICE(i < OPENS ? nonce : batch_nonce, 16);
	d.general_info = m->hdr.general_info;
	derw_raw(&d.content, m->content);
	sign(&d, &cmp_cert, &out);
	handle(buf_slice(&out));
	in_bundle(buf_slice(&out));
	buf_release(&out);
	draft_release(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct msg m;

	if (engine == NULL)
		setup();
	if (n == 0 || n > 1 << 18)
		return 0;
	handle(SLICE(p, n));
	in_bundle(SLICE(p, n));
	if (msg_decode(SLICE(p, n), &m, &e) == -1 ||
	    m.content.n > 1 << 17 || m.hdr.general_info.n > 1 << 16)
		return 0;
	for (size_t i = 0; i <= OPENS; i++)
		sign_and_handle(&m, i);
	return 0;
}
