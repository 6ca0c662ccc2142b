/*
 * engine: a CA with all that it may know of -- a device of a vendor, one with
 * a certificate of ours, one with a ticket, transactions that wait -- is given
 * a message, first as it is, then with its body in the name of each of them:
 * transaction, protection, proof of possession and certHash are made good, so
 * that nothing but the content is left to refuse.  Nothing is ever committed.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asn/schema.h"
#include "base/file.h"
#include "msg/crmf.h"
#include "msg/lint.h"
#include "pki/csr.h"
#include "prot/protect.h"
#include "role/engine.h"
#include "role/setup.h"
/* Time and randomness that stand still, in the place of lib/base's. */
#include "tests/fixed/fixed.c"
#include "tests/fuzz/known.h"
#include "tests/fuzz/text.h"

#define CONF_MORE \
	"\n[profile held]\nhold = yes\n" \
	"[profile explicit]\nconfirm = explicit\nempty-subject = yes\n" \
	"[enrol devices]\nanchor = trust/maker.pem\n" \
	"profile = default held explicit\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n"
#define SECRET	"a secret of forty characters, for nothing"
#define OWN_SERIAL	"\x22\x22\x22\x22"

/* Somebody with a key and a certificate. */
struct who {
	struct key	*key;
	struct buf	 der;
	struct cert	 cert;
	struct certs	 chain;
};

enum { MAKER, DEVICE, OWN, WHOS };
static struct who who[WHOS];
static struct key *wanted;		/* the key that requests are for */
static struct shared ticket;
static char home[256];
static int homefd;
static struct engine *engine;

/* Transactions of DEVICE that are not at their end. */
static const char *const open_ids[] = { "confirm-00000000",
    "held-00000000000", "approved-0000000", "refused-00000000" };
#define OPEN	(sizeof(open_ids) / sizeof(open_ids[0]))
static struct buf open_nonce[OPEN], open_hash;

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

/* An Ed25519 key of 32 times the same octet. */
static struct key *
make_key(uint8_t octet)
{
	uint8_t der[48] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70"
	    "\x04\x22\x04\x20";
	struct err e = { 0 };
	struct key *k;

	memset(der + 16, octet, 32);
	must(key_import(SLICE(der, sizeof(der)), SLICE_NONE, &k, &e) == 0);
	return k;
}

static void
certify(struct who *w, const struct key *by, const struct cert *issuer,
    const char *subject, const char *serial)
{
	struct err e = { 0 };
	struct buf name;
	struct tbs t = { .serial = SLICE(serial, 4), .ca = issuer ? -1 : 1,
	    .path_len = -1, .not_before = KNOWN_NOW - 86400,
	    .not_after = KNOWN_NOW + 86400, .ku = KU_DIGITAL_SIGNATURE |
	    (issuer ? 0 : KU_KEY_CERT_SIGN | KU_CRL_SIGN) };
	struct sigalg alg = alg_default(key_info(by));

	t.spki = key_spki(w->key);
	t.subject = known_name(subject, &name);
	t.issuer = issuer ? issuer->subject : t.subject;
	t.aki = issuer ? issuer->ski : SLICE_NONE;
	buf_init(&w->der, 1 << 16);
	must(cert_sign(&t, by, &alg, &w->der, &e) == 0);
	must(cert_open(buf_slice(&w->der), &w->cert, &e) == 0);
	w->chain = (struct certs){ .v = &w->cert, .n = 1 };
	buf_release(&name);
}

static void
put_pem(int dirfd, const char *name, struct slice der)
{
	struct err e = { 0 };
	struct buf pem;

	buf_init(&pem, 1 << 16);
	cert_pem(&pem, "CERTIFICATE", der);
	must(file_deliver(dirfd, name, buf_slice(&pem), 0644, FILE_NEW, &e) ==
	    0);
	buf_release(&pem);
}

static void
make_home(void)
{
	char key[300], cert[300];
	struct setup_ask ask = { .key = key, .cert = cert,
	    .protect_newkey = "ed25519" };
	struct err e = { 0 };
	struct buf text;
	int trust;

	snprintf(key, sizeof(key), "%s/own.key", home);
	snprintf(cert, sizeof(cert), "%s/own.pem", home);
	must(file_deliver(homefd, "own.key", slice_str(known_pem), 0600,
	    FILE_NEW, &e) == 0);
	put_pem(homefd, "own.pem", known_anchor.der);
	must(setup_ca(homefd, &ask, &e) == 0);
	must((trust = file_open_dir(homefd, "trust", 0700, &e)) != -1);
	put_pem(trust, "maker.pem", who[MAKER].cert.der);
	close(trust);
	buf_init(&text, 1 << 20);
	must(file_read_at(homefd, "cmp.conf", 1 << 20, &text, &e) == 0);
	buf_add_str(&text, CONF_MORE);
	must(file_deliver(homefd, "cmp.conf", buf_slice(&text), 0644,
	    FILE_REPLACE, &e) == 0);
	buf_release(&text);
	must(engine_open(homefd, STORE_WRITE, &engine, &e) == 0);
}

/* The certificate of OWN, as if it had been issued; and the ticket. */
static void
put_known(void)
{
	const struct cert *c = &who[OWN].cert;
	struct effects f = { .has_cert = 1, .changes_txn = 1,
	    .event = "issued" };
	struct store_row row = { .effects = &f, .name = "x.pki",
	    .now = KNOWN_NOW };
	struct store_ticket t = { .ref = SLICE_LIT("ref"),
	    .subject = "CN=*,O=Example", .san = "dns:*.example",
	    .profile = "default", .uses_left = -1, .created = KNOWN_NOW };
	struct err e = { 0 };
	char name[STORE_NAME];
	struct txn txn;

	f.cert = (struct txn_cert){ .der = c->der, .serial = c->serial,
	    .subject = c->subject, .spki = c->spki,
	    .not_before = c->not_before, .not_after = c->not_after,
	    .first_issued = KNOWN_NOW, .profile = "default" };
	txn_init(&txn);
	txn.state = TXN_DONE;
	txn.messages = 2;
	buf_add_str(&txn.transaction_id, "own-000000000000");
	buf_add(&txn.peer, (const uint8_t[32]){ 1 }, 32);
	buf_add_slice(&txn.serial, c->serial);
	f.txn = &txn;
	must(store_put(engine_store(engine), &row, name, &e) == 0);
	must(store_ticket_add(engine_store(engine), &t, slice_str(SECRET),
	    &e) == 1);
	txn_release(&txn);
	ticket = (struct shared){ .reference = SLICE_LIT("ref"),
	    .secret = SLICE_LIT(SECRET) };
	mac_new(&ticket.mac, MAC_PBMAC1, MAC_HMAC_SHA256, 100);
}

/* --- messages */

static void
head(struct draft *d, enum body body, const char *id)
{
	draft_init(d);
	d->has_time = 1;
	d->message_time = KNOWN_NOW;
	d->transaction_id = slice_str(id);
	d->sender_nonce = SLICE_LIT("nonce-0000000000");
	d->body = body;
}

static void
sign(struct draft *d, const struct who *by, struct buf *out)
{
	const struct signer s = { .key = by->key, .cert = &by->cert,
	    .chain = &by->chain };
	struct err e = { 0 };

	buf_init(out, 2 << 20);
	must(protect_sign(d, &s, SLICE_NONE, out, &e) == 0);
}

/* CertReqMsg of a CertRequest, with a proof by the wanted key. */
static void
prove(struct derw *w, struct slice request, struct slice rest)
{
	struct sigalg alg = alg_default(key_info(wanted));
	size_t mark = derw_mark(w), popo;
	struct err e = { 0 };
	struct buf sig;

	buf_init(&sig, 4096);
	must(key_sign(wanted, &alg, request, &sig, &e) == 0);
	derw_raw(w, rest);
	popo = derw_mark(w);
	derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(w, &alg);
	derw_wrap(w, DER_CTX(1), popo);
	derw_raw(w, request);
	derw_wrap(w, DER_SEQUENCE, mark);
	buf_release(&sig);
}

/* The elements of ${in} in which ${tag} has another ${content}. */
static void
replace(struct derw *w, struct slice in, uint8_t tag, struct slice content)
{
	struct slice kids[64], tlv;
	uint8_t t, tags[64];
	size_t n = 0;

	while (n < 64 && der_any(&in, &t, NULL, &tlv) == 0) {
		tags[n] = t;
		kids[n++] = tlv;
	}
	derw_raw(w, in);
	while (n-- > 0) {
		if (tags[n] == tag)
			derw_prim(w, tag, content);
		else
			derw_raw(w, kids[n]);
	}
}

/* CertReqMessages: the first one again, for the wanted key. */
static int
mend_request(struct slice content, struct derw *out)
{
	struct slice in, msg, req, tmpl, id, spki;
	struct derw t, w;

	if (der_only(content, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, &msg) == -1 ||
	    der_get(&msg, DER_SEQUENCE, &req) == -1 ||
	    der_get_tlv(&req, DER_INTEGER, &id) == -1 ||
	    der_get(&req, DER_SEQUENCE, &tmpl) == -1)
		return 0;
	(void)der_opt(&msg, DER_CTX(1), NULL);
	must(der_only(key_spki(wanted), DER_SEQUENCE, &spki) == 0);
	derw_init(&t, 1 << 20);
	derw_init(&w, 1 << 20);
	replace(&t, tmpl, DER_CTX(6), spki);
	derw_raw(&w, req);
	derw_prim(&w, DER_SEQUENCE, derw_slice(&t));
	derw_raw(&w, id);
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_raw(out, in);
	prove(out, derw_slice(&w), msg);
	derw_wrap(out, DER_SEQUENCE, 0);
	derw_release(&t);
	derw_release(&w);
	return 1;
}

static int
mend_csr(struct slice content, struct derw *out)
{
	struct sigalg alg = alg_default(key_info(wanted));
	struct slice in, info, version, subject;
	struct err e = { 0 };
	struct buf sig;
	struct derw w;

	if (der_only(content, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, &info) == -1 ||
	    der_get_tlv(&info, DER_INTEGER, &version) == -1 ||
	    der_get_tlv(&info, DER_SEQUENCE, &subject) == -1 ||
	    der_get(&info, DER_SEQUENCE, NULL) == -1)
		return 0;
	derw_init(&w, 1 << 20);
	buf_init(&sig, 4096);
	derw_raw(&w, info);
	derw_raw(&w, key_spki(wanted));
	derw_raw(&w, subject);
	derw_raw(&w, version);
	derw_wrap(&w, DER_SEQUENCE, 0);
	must(key_sign(wanted, &alg, derw_slice(&w), &sig, &e) == 0);
	derw_bits(out, DER_BIT_STRING, buf_slice(&sig));
	alg_write(out, &alg);
	derw_raw(out, derw_slice(&w));
	derw_wrap(out, DER_SEQUENCE, 0);
	derw_release(&w);
	buf_release(&sig);
	return 1;
}

/* certConf: the hash of the certificate that waits for it. */
static int
mend_conf(struct slice content, struct derw *out)
{
	struct slice in, status;
	size_t mark;

	if (der_only(content, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, &status) == -1)
		return 0;
	derw_raw(out, in);
	mark = derw_mark(out);
	replace(out, status, DER_OCTET_STRING, buf_slice(&open_hash));
	derw_wrap(out, DER_SEQUENCE, mark);
	derw_wrap(out, DER_SEQUENCE, 0);
	return 1;
}

static int
mend(const struct msg *m, struct derw *out)
{
	switch (m->body) {
	case BODY_IR: case BODY_CR: case BODY_KUR:
		return mend_request(m->content, out);
	case BODY_P10CR:
		return mend_csr(m->content, out);
	case BODY_CERTCONF:
		return mend_conf(m->content, out);
	default:
		derw_raw(out, m->content);
		return 1;
	}
}

/* --- what the CA says */

static void
broken(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	(void)arg;
	if (level != 'M')
		return;
	fprintf(stderr, "%s (%s): %s\n", err_name(code), section, text);
	must(!"our answers break no rule");
}

/* A certificate that was issued says nothing that it must not. */
static void
check_cert(struct slice der)
{
	struct slice in, value;
	struct err e = { 0 };
	enum san_type type;
	struct cert c;

	must(cert_open(der, &c, &e) == 0);
	must(!c.ca && !(c.ku & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)));
	must(!cert_has_eku(&c, OID_KP_CMC_CA) &&
	    !cert_has_eku(&c, OID_KP_CMC_RA) &&
	    !cert_has_eku(&c, OID_KP_OCSP_SIGNING));
	must(c.unknown_critical.p == NULL && c.version == 3);
	must(c.not_after <= known_anchor.not_after);
	must(slice_eq(c.issuer, known_anchor.subject));
	must(slice_eq(c.aki, known_anchor.ski));
	must(name_is_empty(c.subject) ||
	    name_match("CN=*,O=Example", c.subject, c.subject));
	must(!name_is_empty(c.subject) || c.san.p != NULL);
	if (c.san.p == NULL)
		return;
	must(der_only(c.san, DER_SEQUENCE, &in) == 0);
	while (in.n > 0) {
		must(san_next(&in, &type, &value) == 0);
		must(san_match("dns:*.example", type, value));
	}
}

static void
check_answer(const struct msg *q, struct slice der, int own)
{
	struct err e = { 0 };
	struct cert_rep rep;
	struct msg m;

	must(msg_decode(der, &m, &e) == 0);
	must(q->hdr.transaction_id.n < 16 ||
	    q->hdr.transaction_id.n > TXID_MAX ||
	    slice_eq(m.hdr.transaction_id, q->hdr.transaction_id));
	must(q->hdr.sender_nonce.p == NULL ||
	    slice_eq(m.hdr.recip_nonce, q->hdr.sender_nonce));
	if (schema_agrees(der, &e) == -1 && own) {
		fprintf(stderr, "%s\n", e.detail);
		must(!"libtasn1 agrees");
	}
	if (own)
		(void)lint_msg(&m, broken, NULL);
	if (m.body != BODY_IP && m.body != BODY_CP && m.body != BODY_KUP)
		return;
	must(crmf_response(m.content, &rep, &e) == 0 && rep.count == 1);
	if (rep.first.cert.p != NULL)
		check_cert(rep.first.cert);
}

/* Does the same again get the same, byte for byte? */
static void
again(struct slice der, const struct outcome *first)
{
	struct outcome o;

	outcome_init(&o);
	engine_handle(engine, NULL, der, &o);
	must(o.verdict == VERDICT_REPEATED);
	must(slice_eq(buf_slice(&o.answer), buf_slice(&first->answer)));
	outcome_release(&o);
}

/* ${own}: header and protection are ours. */
static enum verdict
handle(struct slice der, int own)
{
	struct err e = { 0 };
	enum verdict v;
	struct outcome o;
	struct msg q;

	outcome_init(&o);
	must(engine_begin(engine, &e) == 0);
	engine_handle(engine, NULL, der, &o);
	v = o.verdict;
	must(is_clean(slice_str(o.note)) && is_clean(slice_str(o.err.detail)));
	must(is_clean(slice_str(o.next)) && strchr(o.name, '/') == NULL);
	must(v == VERDICT_ANSWERED || v == VERDICT_REFUSED ||
	    v == VERDICT_BAD || (!own && v == VERDICT_REPEATED));
	must((v == VERDICT_ANSWERED) == (o.err.code == E_NONE) || !own);
	must(o.err.code != E_INTERNAL && o.err.code != E_NOMEM);
	must((v == VERDICT_BAD) == (o.answer.n == 0));
	if (o.answer.n > 0) {
		/* What has no readable body is answered, too. */
		(void)msg_decode(der, &q, &e);
		check_answer(&q, buf_slice(&o.answer), own);
		again(der, &o);
	}
	engine_abort(engine);
	outcome_release(&o);
	return v;
}

/* ${content} in the name of each who may have something to ask for. */
static void
as_everybody(const struct msg *m, struct slice content, const char *id,
    struct slice recip_nonce)
{
	struct err e = { 0 };
	struct msg again_m;
	struct draft d;
	struct buf out;

	for (int i = DEVICE; i <= WHOS; i++) {
		if (recip_nonce.p != NULL && i != DEVICE)
			continue;
		head(&d, m->body, id);
		d.pvno = m->hdr.pvno >= 0 && m->hdr.pvno < 9 ?
		    (int)m->hdr.pvno : 2;
		d.recip_nonce = recip_nonce;
		d.general_info = m->hdr.general_info;
		derw_raw(&d.content, content);
		if (i == WHOS) {
			buf_init(&out, 2 << 20);
			must(protect_mac(&d, &ticket, SLICE_NONE, &out, &e) ==
			    0);
		} else {
			sign(&d, &who[i], &out);
		}
		if (msg_decode(buf_slice(&out), &again_m, &e) == 0)
			(void)handle(buf_slice(&out), 1);
		draft_release(&d);
		buf_release(&out);
	}
}

/* --- the state that it starts from */

/* An ir of DEVICE for CN=${cn} under ${profile}; its answer is kept. */
static void
enrol(size_t i, const char *profile)
{
	struct slice id = slice_str(open_ids[i]);
	struct err e = { 0 };
	struct buf name, out;
	struct crmf_new n = { .spki = key_spki(wanted) };
	struct key *old = wanted;
	struct outcome o;
	struct draft d;
	struct txn txn;
	struct derw w;
	uint8_t peer[32];

	/* Each has a key of its own: none of them is the one of the input. */
	wanted = make_key((uint8_t)(0x50 + i));
	n.spki = key_spki(wanted);
	n.subject = known_name("CN=x,O=Example", &name);
	head(&d, BODY_IR, open_ids[i]);
	d.cert_profile = slice_str(profile);
	derw_init(&w, 1 << 16);
	crmf_write_request(&w, &n);
	prove(&d.content, derw_slice(&w), SLICE_NONE);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	sign(&d, &who[DEVICE], &out);
	outcome_init(&o);
	engine_handle(engine, NULL, buf_slice(&out), &o);
	must(o.verdict == VERDICT_ANSWERED);
	outcome_release(&o);
	alg_sha256(key_spki(who[DEVICE].key), SLICE_NONE, peer);
	txn_init(&txn);
	must(store_txn(engine_store(engine), SLICE(peer, 32), id, &txn, &e) ==
	    1);
	buf_init(&open_nonce[i], 64);
	buf_add_slice(&open_nonce[i], buf_slice(&txn.our_nonce));
	if (i == 0) {
		uint8_t hash[HASH_MAX];
		struct cert c;

		must(txn.state == TXN_CONFIRM);
		must(cert_open(buf_slice(&txn.cert), &c, &e) == 0);
		buf_init(&open_hash, HASH_MAX);
		buf_add(&open_hash, hash, cert_hash(&c, hash));
	} else if (i >= 2) {
		must(store_decide(engine_store(engine), txn.id, i == 2 ? NULL :
		    "not today", "", KNOWN_NOW, &e) == 0);
	}
	txn_release(&txn);
	key_free(wanted);
	wanted = old;
	buf_release(&name);
	buf_release(&out);
	derw_release(&w);
	draft_release(&d);
}

static void
setup(void)
{
	const char *dir = getenv("TMPDIR");
	struct err e = { 0 };

	setenv("FIXED_CLOCK", "1800000000", 1);
	known_setup();
	for (uint8_t i = 0; i < WHOS; i++)
		who[i].key = make_key(0x41 + i);
	wanted = make_key(0x61);
	certify(&who[MAKER], who[MAKER].key, NULL, "CN=Maker", "\x31\0\0\1");
	certify(&who[DEVICE], who[MAKER].key, &who[MAKER].cert,
	    "CN=device1,O=Example", "\x31\0\0\2");
	certify(&who[OWN], known_key, &known_anchor, "CN=own1,O=Example",
	    OWN_SERIAL);
	snprintf(home, sizeof(home), "%s/fuzz-engine.XXXXXX",
	    dir != NULL ? dir : "/tmp");
	must(mkdtemp(home) != NULL);
	must((homefd = open(home, O_RDONLY | O_DIRECTORY)) != -1);
	make_home();
	atexit(clean_up);
	must(engine_begin(engine, &e) == 0);
	put_known();
	enrol(0, "explicit");
	for (size_t i = 1; i < OPEN; i++)
		enrol(i, "held");
	must(engine_commit(engine, &e) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct derw w;
	struct msg m;

	if (engine == NULL)
		setup();
	(void)handle(SLICE(p, n), 0);
	if (msg_decode(SLICE(p, n), &m, &e) == -1 ||
	    m.content.n > 1 << 16 || m.hdr.general_info.n > 1 << 14)
		return 0;
	derw_init(&w, 1 << 20);
	if (mend(&m, &w) && !derw_bad(&w)) {
		if (m.body == BODY_CERTCONF || m.body == BODY_POLLREQ)
			for (size_t i = 0; i < OPEN; i++)
				as_everybody(&m, derw_slice(&w), open_ids[i],
				    buf_slice(&open_nonce[i]));
		else
			as_everybody(&m, derw_slice(&w), "fresh-0000000000",
			    SLICE_NONE);
	}
	derw_release(&w);
	return 0;
}
