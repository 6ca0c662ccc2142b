/*
 * answer: a device with open requests is given what claims to be an answer,
 * first as it is, then with the numbers of each transaction put in and signed
 * by the CA that the device trusts: a signature must not make hostile content
 * any safer to read.  Nothing is ever committed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "msg/crmf.h"
#include "op/enrol.h"
#include "prot/protect.h"
#include "role/engine.h"
/* Time and randomness that stand still, in the place of lib/base's. */
#include "tests/fixed/fixed.c"
#include "tests/fuzz/known.h"

/* What the device waits for. */
static const struct { const char *id; enum body body; enum txn_state state; }
    opens[] = {
	{ "ir-open-00000000", BODY_IR, TXN_OPEN },
	{ "ir-waiting-00000", BODY_IR, TXN_WAITING },
	{ "ir-pkiconf-00000", BODY_IR, TXN_PKICONF },
	{ "p10cr-open-00000", BODY_P10CR, TXN_OPEN },
	{ "rr-open-00000000", BODY_RR, TXN_OPEN },
	{ "rr-waiting-00000", BODY_RR, TXN_WAITING },
	{ "genm-open-000000", BODY_GENM, TXN_OPEN },
	{ "genm-waiting-000", BODY_GENM, TXN_WAITING },
};
#define OPENS	(sizeof(opens) / sizeof(opens[0]))

static const uint8_t nonce[16] = { 4, 5, 6 };
static char home[256];
static struct engine *engine;
static struct buf cmp_der;
static struct cert cmp_cert;
static struct signer signer;

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

/* SEQUENCE of InfoTypeAndValue: id-it-caCerts. */
static const struct slice asked = SLICE_LIT("\x30\x0c\x30\x0a\x06\x08"
    "\x2b\x06\x01\x05\x05\x07\x04\x11");

/* A request for CN=pump17 with the known key, or about its certificate. */
static void
open_request(struct store *store, size_t i)
{
	struct effects f = { .changes_txn = 1, .event = "made" };
	struct store_row row = { .effects = &f, .name = "x.pki",
	    .now = KNOWN_NOW };
	struct err e = { 0 };
	char name[STORE_NAME];
	struct buf subject;
	struct txn t;

	txn_init(&t);
	t.state = opens[i].state;
	t.body = opens[i].body;
	t.cert_req_id = t.body == BODY_P10CR ? -1 : 0;
	t.explicit_asked = 1;
	t.messages = 1;
	buf_add_str(&t.transaction_id, opens[i].id);
	buf_add(&t.our_nonce, nonce, sizeof(nonce));
	buf_add_slice(&t.subject, t.body == BODY_GENM ? asked :
	    known_name("CN=pump17,O=Example", &subject));
	buf_add_slice(&t.spki, key_spki(known_key));
	buf_add_str(&t.key_file, "keys/pump17.key");
	if (t.body == BODY_RR || t.state == TXN_PKICONF)
		buf_add_slice(&t.cert, buf_slice(&cmp_der));
	if (t.state != TXN_OPEN)
		buf_add_slice(&t.signer_certs, buf_slice(&cmp_der));
	f.txn = &t;
	must(store_put(store, &row, name, &e) == 0);
	txn_release(&t);
	if (opens[i].body != BODY_GENM)
		buf_release(&subject);
}

static void
open_requests(int homefd)
{
	struct store *store = NULL;
	struct err e = { 0 };

	must(store_open(homefd, STORE_CREATE, &store, &e) == 0);
	must(store_begin(store, &e) == 0);
	for (size_t i = 0; i < OPENS; i++)
		open_request(store, i);
	must(store_commit(store, &e) == 0);
	store_close(store);
}

static void
setup(void)
{
	const char *dir = getenv("TMPDIR");
	struct err e = { 0 };
	struct buf pem;
	int fd, trust;

	setenv("FIXED_CLOCK", "1800000000", 1);
	known_setup();
	known_cert("CN=CMP,O=Example", known_anchor.subject, 0, SLICE_NONE,
	    &cmp_der);
	must(cert_open(buf_slice(&cmp_der), &cmp_cert, &e) == 0);
	signer = (struct signer){ .key = known_key, .cert = &cmp_cert };
	must(protect_check(&signer, &e) == 0);
	snprintf(home, sizeof(home), "%s/fuzz-answer.XXXXXX",
	    dir != NULL ? dir : "/tmp");
	must(mkdtemp(home) != NULL);
	must((fd = open(home, O_RDONLY | O_DIRECTORY)) != -1);
	must(file_deliver(fd, "cmp.conf", SLICE_LIT("role = ee\n"), 0644,
	    FILE_NEW, &e) == 0);
	must((trust = file_open_dir(fd, "trust", 0700, &e)) != -1);
	buf_init(&pem, 1 << 16);
	cert_pem(&pem, "CERTIFICATE", known_anchor.der);
	must(file_deliver(trust, "ca.pem", buf_slice(&pem), 0644, FILE_NEW,
	    &e) == 0);
	buf_release(&pem);
	close(trust);
	open_requests(fd);
	must(engine_open(fd, STORE_WRITE, &engine, &e) == 0);
	atexit(clean_up);
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

/* The device's verdict; nothing it says can hurt a terminal. */
static enum verdict
handle(struct slice der)
{
	enum verdict v;
	struct outcome o;
	struct err e = { 0 };

	outcome_init(&o);
	must(engine_begin(engine, &e) == 0);
	engine_handle(engine, NULL, der, &o);
	v = o.verdict;
	must(is_clean(slice_str(o.note)) && is_clean(slice_str(o.err.detail)));
	must(is_clean(slice_str(o.next)) && strchr(o.name, '/') == NULL);
	must(v == VERDICT_TAKEN || o.err.code != E_NONE);
	must(v != VERDICT_TEMPORARY && v != VERDICT_REPEATED);
	must(o.err.code != E_INTERNAL);
	/* What is sent back is a message. */
	if (o.answer.n > 0) {
		struct msg m;

		must(msg_decode(buf_slice(&o.answer), &m, &e) == 0);
		must(m.body == BODY_CERTCONF || (v == VERDICT_WAITING &&
		    m.body == BODY_POLLREQ));
	}
	engine_abort(engine);
	outcome_release(&o);
	return v;
}

/* A certificate that was taken is for our key and name, and no CA's. */
static void
check_taken(const struct msg *m)
{
	struct cert_rep rep;
	struct err e = { 0 };
	struct buf subject;
	struct cert c;

	if (m->body != BODY_IP && m->body != BODY_CP)
		return;
	must(crmf_response(m->content, &rep, &e) == 0 && rep.count == 1);
	must(cert_parse(rep.first.cert, &c, &e) == 0);
	must(slice_eq(c.spki, key_spki(known_key)) && !c.ca);
	must(name_eq(c.subject, known_name("CN=pump17,O=Example", &subject)));
	must(c.san.p == NULL);
	buf_release(&subject);
}

/* Only an answer of the kind that was asked for is taken. */
static void
check_kind(enum body body, size_t i)
{
	if (opens[i].state == TXN_PKICONF)
		must(body == BODY_PKICONF);
	else
		must(op_by_request(opens[i].body)->response == body);
}

/* The body of ${m} in a message that fits the transaction. */
static void
sign_and_handle(const struct msg *m, size_t i)
{
	struct err e = { 0 };
	struct draft d;
	struct buf out;
	struct msg again;

	draft_init(&d);
	d.pvno = m->hdr.pvno >= 0 && m->hdr.pvno < 9 ? (int)m->hdr.pvno : 2;
	d.has_time = 1;
	d.message_time = KNOWN_NOW;
	d.transaction_id = slice_str(opens[i].id);
	d.sender_nonce = m->hdr.sender_nonce;
	d.recip_nonce = SLICE(nonce, sizeof(nonce));
	d.general_info = m->hdr.general_info;
	d.body = m->body;
	derw_raw(&d.content, m->content);
	buf_init(&out, 2 << 20);
	must(protect_sign(&d, &signer, SLICE_NONE, &out, &e) == 0);
	if (msg_decode(buf_slice(&out), &again, &e) == 0 &&
	    handle(buf_slice(&out)) == VERDICT_TAKEN) {
		check_kind(again.body, i);
		check_taken(&again);
	}
	draft_release(&d);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct msg m;

	if (engine == NULL)
		setup();
	(void)handle(SLICE(p, n));
	if (msg_decode(SLICE(p, n), &m, &e) == -1 ||
	    m.content.n > 1 << 17 || m.hdr.general_info.n > 1 << 16)
		return 0;
	for (size_t i = 0; i < OPENS; i++)
		sign_and_handle(&m, i);
	return 0;
}
