/*
 * Registration authorities, as the CA sees them: RFC 9483 5.2.2.1, 5.2.3,
 * 5.3.1 and 5.3.2.
 */
#include "tap.h"

#define CONF_MORE \
	"\n" \
	"[profile other]\n" \
	"[profile nameless]\nempty-subject = yes\n" \
	"[profile explicit]\nconfirm = explicit\n" \
	"[profile held]\nhold = yes\n" \
	"[profile quorum]\n" \
	"[enrol wide]\nanchor = trust/maker.pem\nprofile = other\n" \
	"subject = CN=*,O=Wide\n" \
	"[enrol devices]\nanchor = trust/maker.pem\n" \
	"profile = default explicit held\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n"

#define RAS \
	"[ra lra]\nanchor = trust/ra-root.pem\n" \
	"profile = default explicit held nameless quorum\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n" \
	"[ra names]\ncert = trust/names.pem\nprofile = nameless\n" \
	"subject = CN=*,O=Example\n" \
	"[ra few]\ncert = trust/few.pem\nbody = ir\nprofile = held\n"
#define QUORUM \
	"[enrol officers]\nanchor = trust/maker.pem\nprofile = quorum\n" \
	"subject = CN=*,O=Example\n" \
	"approvals = 2 of officer-a officer-b officer-c\n"
#define OFFICERS QUORUM \
	"[ra officer-a]\ncert = trust/a.pem\n" \
	"[ra officer-b]\ncert = trust/b.pem\n" \
	"[ra officer-c]\ncert = trust/c.pem\n"

#include "t_engine_say.h"

#include "msg/poll.h"
#include "msg/rev.h"
#include "prot/protect_nest.h"

static struct who ra_root, lra, nobody, few, names, officer[3];
static struct buf plain;		/* cmp.conf without any [ra] */

/* cmp.conf with ${ras} at its end, and the CA opened again. */
static void
with_ras(const char *ras)
{
	struct buf text;

	engine_close(en);
	buf_init(&text, 1 << 20);
	buf_add_slice(&text, buf_slice(&plain));
	buf_add_str(&text, ras);
	put_file(cafd, "cmp.conf", buf_slice(&text), 0644);
	buf_release(&text);
	open_ca();
}

static void
make_ras(void)
{
	static const char *const file[] = { "a.pem", "b.pem", "c.pem" };
	struct says ra = { .eku = OID_KP_CMC_RA };
	struct err e = { 0 };
	int fd = dir_of(cafd, "trust");

	ra_root = identity(NULL, "CN=RA Root", "ed25519", (struct says){
	    .ca = 1 });
	lra = identity(&ra_root, "CN=LRA,O=Plant", "ed25519", ra);
	nobody = identity(&ra_root, "CN=Nobody,O=Plant", "ed25519",
	    (struct says){ 0 });
	few = identity(&ra_root, "CN=Few,O=Plant", "ed25519",
	    (struct says){ 0 });
	names = identity(&stranger_root, "CN=Names", "ed25519", ra);
	put_certs(fd, "ra-root.pem", (const struct cert *[]){
	    &ra_root.cert }, 1);
	put_certs(fd, "few.pem", (const struct cert *[]){ &few.cert }, 1);
	put_certs(fd, "names.pem", (const struct cert *[]){ &names.cert }, 1);
	for (int i = 0; i < 3; i++) {
		officer[i] = identity(&stranger_root, file[i][0] == 'a' ?
		    "CN=Officer A" : "CN=Officer", "ed25519", ra);
		put_certs(fd, file[i], (const struct cert *[]){
		    &officer[i].cert }, 1);
	}
	close(fd);
	buf_init(&plain, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &plain, &e) == -1)
		die("cmp.conf", &e);
	with_ras(RAS OFFICERS);
}

/* --- requests of its own */

/* A good request of ${by}, who may bend it. */
static struct ask
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
	a.chain = by->cert.der.p == dev.cert.der.p ||
	    by->cert.der.p == dev2.cert.der.p ? sub : (struct who){
	    .key = NULL };
	if (profile != NULL)
		a.d.cert_profile = slice_str(profile);
	return a;
}

static void
drop(struct ask *a)
{
	key_free((struct key *)(uintptr_t)a->key);
	ask_release(a);
}

#define SAY(by, body, profile, bend) do { \
	struct ask a = asked(by, body, profile); \
	(void)(bend); \
	say(make(&a)); \
	drop(&a); \
} while (0)

static void
test_own(void)
{
	int n = certificates(NULL);

	SAY(&lra, BODY_IR, NULL, a.san = "dns:p.example");
	ok(granted(), "an RA's ir is granted by its [ra]");
	SAY(&lra, BODY_CR, NULL, 0);
	ok(granted_in(BODY_CP), "so is its cr");
	SAY(&lra, BODY_P10CR, NULL, 0);
	ok(granted_in(BODY_CP), "so is its p10cr");
	SAY(&lra, BODY_IR, NULL, a.popo = POPO_RA_VERIFIED);
	ok(granted() && certificates(NULL) == n + 4, "raVerified is taken "
	    "from an RA with cmcRA");
	n = certificates(NULL);
	SAY(&lra, BODY_IR, NULL, a.subject = "CN=x,O=Else");
	ok(REJECTED(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED), "another name space "
	    "is not for this RA");
	SAY(&lra, BODY_IR, NULL, (a.subject = "CN=x,O=Else", a.popo =
	    POPO_RA_VERIFIED));
	ok(REJECTED(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED), "not with raVerified "
	    "either");
	SAY(&lra, BODY_IR, NULL, a.san = "dns:b.else");
	ok(REJECTED(E_NOT_SAN, FAIL_NOT_AUTHORIZED), "every subjectAltName "
	    "has to be in its name space");
	SAY(&lra, BODY_IR, "other", 0);
	ok(REJECTED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "another profile "
	    "is not for this RA");
	SAY(&lra, BODY_IR, "other", a.popo = POPO_RA_VERIFIED);
	ok(REJECTED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "nor is "
	    "raVerified for it");
	SAY(&lra, BODY_KUR, NULL, a.popo = POPO_RA_VERIFIED);
	ok(refused_in(BODY_KUP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "an RA updates no certificate");
	SAY(&few, BODY_IR, "held", a.popo = POPO_RA_VERIFIED);
	ok(REJECTED(E_RA_VERIFIED, FAIL_NOT_AUTHORIZED), "raVerified is not "
	    "taken from a pinned certificate without cmcRA");
	SAY(&few, BODY_CR, "held", 0);
	ok(refused_in(BODY_CP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "an RA may be limited to some requests");
	SAY(&dev, BODY_IR, NULL, a.popo = POPO_RA_VERIFIED);
	ok(REJECTED(E_RA_VERIFIED, FAIL_NOT_AUTHORIZED), "raVerified is not "
	    "taken from a device");
	SAY(&nobody, BODY_IR, NULL, 0);
	ok(REJECTED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "who is below the "
	    "anchor of an RA and has no cmcRA is nobody");
	SAY(&officer[0], BODY_IR, "quorum", a.popo = POPO_RA_VERIFIED);
	ok(REJECTED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "one of those that "
	    "approvals names asks for nothing alone");
	SAY(&names, BODY_IR, "nameless", (a.subject = "", a.san =
	    "dns:any.thing"));
	ok(REJECTED(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED), "without a subject "
	    "there is no way around the name space of an RA");
	ok(certificates(NULL) == n, "(nothing was issued)");
}

/* --- revocation */

static struct slice
issue(const struct who *by, const char *profile, const char *subject)
{
	struct ask a = asked(by, BODY_IR, profile);
	struct slice cert;

	if (subject != NULL)
		a.subject = subject;
	say(make(&a));
	cert = re.cert;
	drop(&a);
	return cert;
}

static void
say_rr(const struct who *by, struct slice der)
{
	struct err e = { 0 };
	struct rev_rep rep;
	struct draft d;
	struct cert c;

	if (cert_parse(der, &c, &e) == -1)
		die("rr", &e);
	draft_init(&d);
	d.body = BODY_RR;
	d.transaction_id = fresh(16);
	d.sender_nonce = fresh(16);
	d.has_time = 1;
	d.message_time = the_time;
	rev_write_request(&d.content, c.issuer, c.serial, 1);
	say(seal(&d, by, by == &dev ? &sub.cert : NULL));
	draft_release(&d);
	if (re.m.body == BODY_RP && rev_response(re.m.content, &rep, &e) == 0) {
		re.status = (int)rep.status.status;
		re.fail = one_bit(&rep.status);
	}
}

static void
test_rr(void)
{
	struct slice cert = issue(&dev, NULL, NULL), wide = issue(&dev,
	    "other", "CN=x,O=Wide");
	int before, after;

	certificates(&before);
	say_rr(&lra, wide);
	ok(refused_in(BODY_RP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "an RA may not revoke what is of another profile");
	say_rr(&names, cert);
	ok(refused_in(BODY_RP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "nor another RA");
	say_rr(&nobody, cert);
	ok(refused_in(BODY_RP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "nor who is below its anchor without cmcRA");
	say_rr(&officer[0], cert);
	ok(refused_in(BODY_RP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "nor one that is there to approve");
	say_rr(&dev, cert);
	ok(refused_in(BODY_RP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "nor a device");
	certificates(&after);
	ok(before == after, "(nothing was revoked)");
	say_rr(&lra, cert);
	certificates(&after);
	ok(re.m.body == BODY_RP && re.status == STATUS_ACCEPTED &&
	    after == before + 1, "an RA revokes another's certificate within "
	    "its profiles and names");
	say_rr(&lra, cert);
	ok(refused_in(BODY_RP, E_RR_REVOKED, FAIL_CERT_REVOKED),
	    "what is revoked is certRevoked to it");
	say_rr(&names, cert);
	ok(refused_in(BODY_RP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "whom it does not concern is not told that it is revoked");
}

/* --- approvals */

static struct slice
wrap_as(const struct msg *m, const struct who *by)
{
	struct certs above = { .v = &sub.cert, .n = by == &dev2 };
	struct signer s = { .key = by->key, .cert = &by->cert,
	    .chain = &above };
	struct buf *out = new_buf();
	struct err e = { 0 };

	if (protect_wrap(m, &s, the_time, out, &e) == -1)
		die("wrap", &e);
	return buf_slice(out);
}

static struct slice
wrap(struct slice der, const struct who *by)
{
	struct err e = { 0 };
	struct msg m;

	if (msg_decode(der, &m, &e) == -1)
		die("wrap", &e);
	return wrap_as(&m, by);
}

/* say(), and the answer is to what is within. */
static void
say_in(struct slice der)
{
	struct slice in, inner = der;
	struct err e = { 0 };
	struct msg m;

	say(der);
	while (msg_decode(inner, &m, &e) == 0 && m.body == BODY_NESTED &&
	    der_only(m.content, DER_SEQUENCE, &in) == 0)
		inner = in;
	re.proper = is_proper(&re, &m, &ca.cert);
}

/* The approval is refused, and what it was around is as if unheard of. */
#define UNHEARD(what, inner, code, fail, ...) do { \
	int before_ = certificates(NULL); \
	say(what); \
	ok(ERROR(code, fail) && certificates(NULL) == before_, __VA_ARGS__); \
	say(inner); \
	ok(granted(), "(the same request without it is granted)"); \
} while (0)

static void
test_approval(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL), b;
	struct slice der = make(&a), answer;

	say_in(wrap(der, &lra));
	answer = re.der;
	ok(granted(), "what an RA approves is answered in an ip that is not "
	    "nested");
	say(der);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer),
	    "the same request without the approval has the same answer");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	UNHEARD(wrap(make(&a), &dev2), make(&a), E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED, "a device approves nothing");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	UNHEARD(wrap(der, &nobody), der, E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED, "nor does who is below the anchor of an RA "
	    "without cmcRA");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	UNHEARD(wrap(der, &stranger), der, E_PATH_NONE,
	    FAIL_SIGNER_NOT_TRUSTED, "nor does a stranger");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	UNHEARD(reseal(wrap(der, &lra), dev2.key, (const struct cert *[]){
	    &lra.cert }, 1), der, E_PROT_SIG, FAIL_BAD_MESSAGE_CHECK,
	    "the signature of an approval is verified");
	drop(&a);
	a = asked(&dev, BODY_IR, "other");
	a.subject = "CN=y,O=Wide";
	der = make(&a);
	UNHEARD(wrap(der, &lra), der, E_APPROVAL, FAIL_NOT_AUTHORIZED,
	    "an RA approves only what its [ra] is about");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	a.d.body = BODY_GENM;
	b = asked(&dev, BODY_IR, NULL);
	der = make(&b);
	UNHEARD(wrap(wrap(wrap(wrap(der, &lra), &officer[0]), &officer[1]),
	    &officer[2]), der, E_NEST_DEPTH, FAIL_BAD_REQUEST,
	    "more approvals than a rule has officers are refused");
	drop(&a);
	drop(&b);
}

/* What the outer header has to repeat. */
static void
test_headers(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct slice der = make(&a), mac = SLICE_LIT("\x30\x0b\x06\x09\x2a\x86"
	    "\x48\x86\xf7\x0d\x01\x05\x0e");
	struct err e = { 0 };
	struct draft d;
	struct msg m;

	if (msg_decode(der, &m, &e) == -1)
		die("wrap", &e);
	m.hdr.sender_nonce = fresh(16);
	UNHEARD(wrap_as(&m, &lra), der, E_NESTED, FAIL_BAD_REQUEST,
	    "an approval has the senderNonce of what it is around");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	if (msg_decode(der, &m, &e) == -1)
		die("wrap", &e);
	m.hdr.transaction_id = fresh(16);
	say(wrap_as(&m, &lra));
	ok(re.verdict == VERDICT_BUNDLE && re.der.n == 0,
	    "with another transactionID it is a bundle, and no approval");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	draft_init(&d);
	d.body = BODY_NESTED;
	d.transaction_id = a.d.transaction_id;
	d.sender_nonce = a.d.sender_nonce;
	derw_raw(&d.content, der);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	UNHEARD(seal_raw(&d, mac, fresh(32)), der, E_PROT_KIND,
	    FAIL_WRONG_INTEGRITY, "a MAC approves nothing");
	draft_release(&d);
	drop(&a);
}

static struct slice
waits(enum body body, const struct ask *a, struct slice nonce,
    struct slice cert, const struct who *by)
{
	uint8_t hash[HASH_MAX];
	struct err e = { 0 };
	struct slice der;
	struct draft d;
	struct cert c;

	draft_init(&d);
	d.transaction_id = a->d.transaction_id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = nonce;
	d.has_time = 1;
	d.message_time = the_time;
	if (body == BODY_POLLREQ) {
		poll_write_req(&d, 0);
	} else {
		if (cert_parse(cert, &c, &e) == -1)
			die("certificate", &e);
		d.body = body;
		derw_int(&d.content, DER_INTEGER, 0);
		derw_prim(&d.content, DER_OCTET_STRING, SLICE(hash,
		    cert_hash(&c, hash)));
		derw_wrap(&d.content, DER_SEQUENCE, 0);
		derw_wrap(&d.content, DER_SEQUENCE, 0);
	}
	der = seal(&d, by, by == &dev ? &sub.cert : NULL);
	draft_release(&d);
	return der;
}

static void
operator_approves(const struct who *by, const struct ask *a)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;

	alg_sha256(by->cert.spki, SLICE_NONE, peer);
	txn_init(&t);
	if (store_txn(engine_store(en), SLICE(peer, 32),
	    a->d.transaction_id, &t, &e) != 1 || engine_begin(en, &e) == -1 ||
	    store_decide(engine_store(en), t.id, NULL, "x", the_time, &e) ==
	    -1 || engine_commit(en, &e) == -1)
		die("approve", &e);
	txn_release(&t);
}

/* Devices of makers that the CA does not know. */
static void
test_vouch(void)
{
	struct who old = identity(&sub, "CN=old,O=Example", "ed25519",
	    (struct says){ .to = -1 }), twin;
	struct ask a = asked(&stranger, BODY_IR, NULL);
	struct slice der = make(&a), nonce, cert;
	int n = certificates(NULL);

	say(der);
	ok(re.code == E_PATH_NONE && re.verdict == VERDICT_REFUSED,
	    "a device below no anchor of ours is not trusted");
	say_in(wrap(der, &officer[0]));
	ok(REJECTED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "one that is "
	    "there to approve does not vouch for it");
	drop(&a);
	a = asked(&stranger, BODY_IR, NULL);
	say_in(wrap(make(&a), &lra));
	ok(granted() && certificates(NULL) == n + 1, "an RA vouches for it");
	drop(&a);
	a = asked(&stranger, BODY_IR, NULL);
	a.subject = "CN=x,O=Else";
	say_in(wrap(make(&a), &lra));
	ok(REJECTED(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED), "within its name "
	    "space only");
	drop(&a);
	a = asked(&stranger, BODY_KUR, NULL);
	say_in(wrap(make(&a), &lra));
	ok(refused_in(BODY_KUP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "and for no update");
	drop(&a);
	a = asked(&stranger, BODY_IR, NULL);
	der = reseal(make(&a), dev.key, (const struct cert *[]){
	    &stranger.cert }, 1);
	say_in(wrap(der, &lra));
	ok(ERROR(E_PROT_SIG, FAIL_BAD_MESSAGE_CHECK), "its protection is "
	    "verified all the same");
	drop(&a);
	a = asked(&stranger, BODY_IR, NULL);
	a.popo = POPO_RA_VERIFIED;
	say_in(wrap(make(&a), &lra));
	ok(REJECTED(E_RA_VERIFIED, FAIL_NOT_AUTHORIZED), "raVerified is for "
	    "the RA to say, not for whom it vouches");
	drop(&a);
	a = asked(&old, BODY_IR, NULL);
	a.chain = sub;
	say_in(wrap(make(&a), &lra));
	ok(ERROR(E_PATH_TIME, FAIL_SIGNER_NOT_TRUSTED), "if we know the "
	    "anchor, the certificate has to be good, RA or not");
	drop(&a);
	twin = identity(&ca, "CN=pump1,O=Example", "ed25519", (struct says){
	    0 });
	a = asked(&twin, BODY_IR, NULL);
	say_in(wrap(make(&a), &lra));
	ok(REJECTED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "for what says to "
	    "be ours and is not in the store nobody vouches");
	drop(&a);
	/* The rest of the transaction, too. */
	a = asked(&stranger, BODY_IR, "explicit");
	say_in(wrap(make(&a), &lra));
	nonce = re.m.hdr.sender_nonce;
	cert = re.cert;
	der = waits(BODY_CERTCONF, &a, nonce, cert, &stranger);
	say(der);
	ok(re.code == E_PATH_NONE && state_of(&stranger, a.d.transaction_id) ==
	    TXN_CONFIRM, "its certConf is not trusted alone");
	say_in(wrap(der, &lra));
	ok(re.m.body == BODY_PKICONF && re.verdict == VERDICT_ANSWERED,
	    "its certConf comes with an approval, too");
	drop(&a);
	a = asked(&stranger, BODY_IR, "held");
	say_in(wrap(make(&a), &lra));
	nonce = re.m.hdr.sender_nonce;
	ok(re.status == STATUS_WAITING, "hold = yes is not lifted by an "
	    "approval");
	say_in(wrap(waits(BODY_POLLREQ, &a, nonce, SLICE_NONE, &stranger), &lra));
	ok(re.m.body == BODY_POLLREP, "its pollReq comes with one as well");
	nonce = re.m.hdr.sender_nonce;
	operator_approves(&stranger, &a);
	say_in(wrap(waits(BODY_POLLREQ, &a, nonce, SLICE_NONE, &stranger),
	    &officer[0]));
	ok(re.code == E_NOT_AUTHORIZED && re.cert.p == NULL, "one that vouches "
	    "for nobody does not do so at the end");
	drop(&a);
	a = asked(&stranger, BODY_IR, "held");
	say_in(wrap(make(&a), &lra));
	nonce = re.m.hdr.sender_nonce;
	operator_approves(&stranger, &a);
	say_in(wrap(waits(BODY_POLLREQ, &a, nonce, SLICE_NONE, &stranger),
	    &lra));
	ok(re.verdict == VERDICT_ANSWERED && re.cert.p != NULL,
	    "and gets the certificate when an operator agrees");
	drop(&a);
	key_free(old.key);
	key_free(twin.key);
}

/* --- some of several */

struct quorum {
	struct ask	 a;
	struct slice	 der, nonce;
};

/* A request that needs two, as ${by} gives it to us (NULL: as it is). */
static struct quorum
quorum(const struct who *by)
{
	struct quorum q = { .a = asked(&dev, BODY_IR, "quorum") };

	q.der = make(&q.a);
	say_in(by == NULL ? q.der : wrap(q.der, by));
	q.nonce = re.m.hdr.sender_nonce;
	return q;
}

static int
is_waiting(const struct quorum *q)
{
	return re.verdict == VERDICT_ANSWERED && re.status == STATUS_WAITING &&
	    re.cert.p == NULL && state_of(&dev, q->a.d.transaction_id) ==
	    TXN_HELD;
}

/* Ask for it: is there a certificate now? */
static int
polls(struct quorum *q)
{
	say(waits(BODY_POLLREQ, &q->a, q->nonce, SLICE_NONE, &dev));
	q->nonce = re.m.hdr.sender_nonce;
	return re.verdict != VERDICT_ANSWERED ? -1 :
	    re.m.body == BODY_IP && re.cert.p != NULL;
}

static int
count_one(void *arg, const struct store_approval *a)
{
	(void)a;
	++*(int *)arg;
	return 0;
}

/* Approvals that the store has of it. */
static int
approvals(const struct quorum *q)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;
	int n = 0;

	alg_sha256(dev.cert.spki, SLICE_NONE, peer);
	txn_init(&t);
	if (store_txn(engine_store(en), SLICE(peer, 32),
	    q->a.d.transaction_id, &t, &e) != 1 ||
	    store_approvals(engine_store(en), t.id, count_one, &n, &e) == -1)
		n = -1;
	txn_release(&t);
	return n;
}

static void
test_quorum(void)
{
	struct who twin = { .key = officer[0].key, .cert =
	    certify(&stranger_root, "CN=Officer", officer[0].key,
	    (struct says){ .eku = OID_KP_CMC_RA }) };
	struct quorum q = quorum(NULL), r;
	int n = certificates(NULL), fd;

	ok(is_waiting(&q) && polls(&q) == 0, "a request that needs approvals "
	    "waits for them");
	say_in(wrap(q.der, &officer[0]));
	ok(re.verdict == VERDICT_REPEATED && approvals(&q) == 1 &&
	    polls(&q) == 0, "one of two is not enough");
	say_in(wrap(q.der, &officer[0]));
	ok(approvals(&q) == 1 && polls(&q) == 0, "nor is the same one twice");
	say_in(wrap(q.der, &lra));
	ok(approvals(&q) == 2 && polls(&q) == 0, "nor an RA that the rule "
	    "does not name");
	say(wrap(q.der, &dev2));
	ok(ERROR(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED) && approvals(&q) == 2 &&
	    polls(&q) == 0, "nor one that is no RA");
	ok(certificates(NULL) == n, "(nothing is issued meanwhile)");
	say_in(wrap(q.der, &officer[1]));
	ok(polls(&q) == 1 && certificates(NULL) == n + 1 && slice_eq(
	    re.m.hdr.recip_nonce, q.a.d.sender_nonce),
	    "with the second one the pollReq gets the certificate");
	drop(&q.a);
	q = quorum(&officer[2]);
	ok(is_waiting(&q) && approvals(&q) == 1, "an approval that comes with "
	    "the request is kept");
	operator_approves(&dev, &q.a);
	ok(polls(&q) == 0 && state_of(&dev, q.a.d.transaction_id) ==
	    TXN_APPROVED, "an operator does not stand in for the other");
	say_in(wrap(q.der, &officer[0]));
	ok(polls(&q) == 1, "which may come after him");
	drop(&q.a);
	q.a = asked(&dev, BODY_IR, "quorum");
	say_in(wrap(wrap(make(&q.a), &officer[0]), &officer[1]));
	ok(granted(), "both approvals around one request do at once");
	drop(&q.a);
	q.a = asked(&dev, BODY_IR, "quorum");
	say_in(wrap(wrap(make(&q.a), &officer[0]), &officer[0]));
	ok(is_waiting(&q), "the same officer around his own is one");
	drop(&q.a);
	/* Another certificate for the key of the first. */
	fd = dir_of(cafd, "trust");
	put_certs(fd, "b.pem", (const struct cert *[]){ &twin.cert }, 1);
	with_ras(RAS OFFICERS);
	q.a = asked(&dev, BODY_IR, "quorum");
	say_in(wrap(wrap(make(&q.a), &officer[0]), &twin));
	ok(is_waiting(&q), "two certificates of one key are one officer");
	drop(&q.a);
	put_certs(fd, "b.pem", (const struct cert *[]){ &officer[1].cert }, 1);
	close(fd);
	/* Who is an officer no more. */
	with_ras(RAS OFFICERS);
	q = quorum(&officer[1]);
	r = quorum(&officer[1]);
	with_ras(RAS QUORUM "[ra officer-a]\ncert = trust/a.pem\n"
	    "[ra officer-b]\ncert = trust/c.pem\n"
	    "[ra officer-c]\ncert = trust/c.pem\n");
	say_in(wrap(q.der, &officer[0]));
	ok(approvals(&q) == 2 && polls(&q) == 0, "what counts is who is an "
	    "officer today");
	with_ras(RAS OFFICERS);
	ok(polls(&q) == 1 && polls(&r) == 0, "(he is again, and each request "
	    "has its own approvals)");
	drop(&q.a);
	drop(&r.a);
}

/* A device whose key is an officer's as well. */
static void
test_own_key(void)
{
	struct who both = { .key = dev.key, .cert = certify(&stranger_root,
	    "CN=Officer", dev.key, (struct says){ .eku = OID_KP_CMC_RA }) };
	int fd = dir_of(cafd, "trust");
	struct ask a = asked(&dev, BODY_IR, "quorum");

	put_certs(fd, "a.pem", (const struct cert *[]){ &both.cert }, 1);
	with_ras(RAS OFFICERS);
	say_in(wrap(wrap(make(&a), &both), &officer[1]));
	ok(re.status == STATUS_WAITING && re.cert.p == NULL, "nobody approves "
	    "what is signed with the same key");
	drop(&a);
	put_certs(fd, "a.pem", (const struct cert *[]){ &officer[0].cert }, 1);
	close(fd);
	with_ras(RAS OFFICERS);
}

/* An RA with a certificate of ours that nobody has confirmed. */
static void
test_unconfirmed(void)
{
	struct ask first = asked(&dev, BODY_IR, "explicit"), b = asked(&dev,
	    BODY_IR, NULL);
	struct who own = { .key = (struct key *)(uintptr_t)first.key };
	int fd = dir_of(cafd, "trust");
	struct slice der = make(&b), nonce;
	struct err e = { 0 };

	say(make(&first));
	nonce = re.m.hdr.sender_nonce;
	if (re.cert.p == NULL || cert_parse(re.cert, &own.cert, &e) == -1)
		die("own", &e);
	put_certs(fd, "own.pem", (const struct cert *[]){ &own.cert }, 1);
	close(fd);
	with_ras(RAS OFFICERS "[ra own]\ncert = trust/own.pem\n");
	say(wrap(der, &own));
	ok(ERROR(E_NOT_CONFIRMED, FAIL_NOT_AUTHORIZED), "an RA whose "
	    "certificate is not confirmed approves nothing");
	SAY(&own, BODY_IR, NULL, 0);
	ok(ERROR(E_NOT_CONFIRMED, FAIL_NOT_AUTHORIZED), "and asks for "
	    "nothing");
	say(waits(BODY_CERTCONF, &first, nonce, own.cert.der, &dev));
	say_in(wrap(der, &own));
	ok(granted(), "after its certConf it does");
	with_ras(RAS OFFICERS);
	drop(&first);
	drop(&b);
}

/* What does not ask for a certificate. */
static void
test_others(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL), b = asked(&dev, BODY_IR,
	    NULL);
	struct slice der = make(&a), ip;

	say(der);
	ip = re.der;
	say(wrap(ip, &lra));
	ok(re.verdict == VERDICT_BAD && re.der.n == 0, "a response with an "
	    "approval around it is not answered");
	drop(&a);
	b.d.cert_profile = slice_str("held");
	der = make(&b);
	say_in(wrap(der, &few));
	ok(re.status == STATUS_WAITING, "(an RA that is only about ir "
	    "approves one)");
	drop(&b);
	b = asked(&dev, BODY_P10CR, "held");
	say(wrap(make(&b), &few));
	ok(ERROR(E_APPROVAL, FAIL_NOT_AUTHORIZED), "and no p10cr");
	drop(&b);
}

/* Every byte of an approval and of what it is around counts. */
static void
test_flip(void)
{
	struct ask a = asked(&stranger, BODY_IR, NULL);
	struct slice der = wrap(make(&a), &lra);
	struct buf *b = new_buf();
	struct err e = { 0 };
	struct outcome o;
	size_t good = 0;

	buf_add_slice(b, der);
	for (size_t i = 0; i < der.n; i++) {
		b->p[i] ^= (uint8_t)(1u << i % 8);
		outcome_init(&o);
		if (engine_begin(en, &e) == -1)
			die("begin", &e);
		engine_handle(en, NULL, buf_slice(b), &o);
		good += o.verdict == VERDICT_ANSWERED;
		engine_abort(en);
		outcome_release(&o);
		b->p[i] ^= (uint8_t)(1u << i % 8);
	}
	ok(good == 0, "one bit of any of its %zu bytes: no approval", der.n);
	say_in(buf_slice(b));
	ok(granted(), "(as it was, it is one)");
	drop(&a);
}

/* Who began as an RA and is none any more. */
static void
test_demoted(void)
{
	struct ask a = asked(&few, BODY_IR, "held");
	struct slice nonce;

	say(make(&a));
	nonce = re.m.hdr.sender_nonce;
	ok(re.status == STATUS_WAITING, "a pinned certificate needs no cmcRA "
	    "for a request with proof of possession");
	with_ras("[ra lra]\nanchor = trust/ra-root.pem\n");
	say(waits(BODY_POLLREQ, &a, nonce, SLICE_NONE, &few));
	ok(ERROR(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED) && state_of(&few,
	    a.d.transaction_id) == TXN_HELD, "the pollReq of who is no RA any "
	    "more is notAuthorized");
	drop(&a);
}

int
main(void)
{
	setup("ed25519");
	make_ras();
	test_own();
	test_rr();
	test_approval();
	test_headers();
	test_vouch();
	test_quorum();
	test_own_key();
	test_unconfirmed();
	test_others();
	test_flip();
	test_demoted();
	key_free(ra_root.key);
	key_free(lra.key);
	key_free(nobody.key);
	key_free(few.key);
	key_free(names.key);
	for (int i = 0; i < 3; i++)
		key_free(officer[i].key);
	buf_release(&plain);
	teardown();
	return done();
}
