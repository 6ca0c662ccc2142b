/* Requests go up, answers go down: RFC 9483 5.2. */
#include "tap.h"
#include "t_engine_relay.h"

/* The header and body are as they were, but for who protects them. */
static int
same_inside(const struct msg *a, const struct msg *b)
{
	return a->body == b->body && slice_eq(a->content, b->content) &&
	    slice_eq(a->hdr.transaction_id, b->hdr.transaction_id) &&
	    slice_eq(a->hdr.sender_nonce, b->hdr.sender_nonce) &&
	    slice_eq(a->hdr.recip_nonce, b->hdr.recip_nonce);
}

static int
is_by(const struct msg *m, const struct who *who)
{
	return slice_eq(m->hdr.sender_name, who->cert.subject) &&
	    m->n_extra > 0 && slice_eq(m->extra[0], who->cert.der);
}

/* What goes up instead of ${der}, in this mode. */
static int
goes_up(const char *mode, const struct left *l, struct slice der)
{
	struct slice v[2];
	struct err e = { 0 };
	struct cert_req r;
	struct msg m;
	size_t n;

	if (msg_decode(der, &m, &e) == -1)
		return 0;
	if (strcmp(mode, "keep") == 0)
		return slice_eq(l->der, der);
	if (strcmp(mode, "add") == 0)
		return l->m.body != BODY_NESTED ? slice_eq(l->der, der) :
		    members(l->der, v, 2) == 1 && slice_eq(v[0], der) &&
		    is_by(&l->m, &lra) &&
		    slice_eq(l->m.hdr.transaction_id, m.hdr.transaction_id) &&
		    slice_eq(l->m.hdr.sender_nonce, m.hdr.sender_nonce);
	if (strcmp(mode, "replace") == 0 || m.body != BODY_IR)
		return same_inside(&l->m, &m) && is_by(&l->m, &lra);
	return is_by(&l->m, &lra) && l->m.body == m.body &&
	    slice_eq(l->m.hdr.transaction_id, m.hdr.transaction_id) &&
	    slice_eq(l->m.hdr.sender_nonce, m.hdr.sender_nonce) &&
	    crmf_requests(l->m.content, &r, &n, &e) == 0 && n == 1 &&
	    r.popo == POPO_RA_VERIFIED;
}

static enum body
body_up(const char *mode, enum body body)
{
	return strcmp(mode, "add") == 0 ? BODY_NESTED : body;
}

/* A certificate with certConf and pkiConf, not in bundles. */
static void
through(const char *mode, const char *down)
{
	struct ask a = asked(&dev, BODY_IR, "explicit");
	struct slice der, up, ip, cert;
	char rules[300];
	struct left *l;
	int n = certificates(NULL), replaced = strcmp(down, "replace") == 0;

	a.san = "dns:x.example";
	a.ku = KU_DIGITAL_SIGNATURE;
	der = make(&a);
	snprintf(rules, sizeof(rules), FORWARD("forward = %s\ndown = %s"),
	    mode, down);
	ra_conf("", rules);
	give(der);
	l = UP(body_up(mode, BODY_IR));
	up = l->der;
	ok(to.verdict == VERDICT_ANSWERED && goes_up(mode, l, der) &&
	    at_ra(&a) == TXN_RELAYED && open_rows() == 1,
	    "%s, down %s: an ir goes upstream", mode, down);
	give(der);
	ok(to.verdict == VERDICT_REPEATED && slice_eq(UP(body_up(mode,
	    BODY_IR))->der, up) && open_rows() == 1,
	    "%s, down %s: the same again goes up with the same bytes", mode,
	    down);
	ip = upstream(up);
	give(ip);
	l = DOWN(BODY_IP);
	cert = l->r.cert;
	ok(l->r.cert.p != NULL && slice_eq(l->m.hdr.recip_nonce,
	    a.d.sender_nonce) && certificates(NULL) == n + 1 &&
	    (replaced ? is_by(&l->m, &lra) : slice_eq(l->der, ip)),
	    "%s, down %s: its ip comes down", mode, down);
	ip = l->der;
	ok(open_rows() == 0 && at_ra(&a) == TXN_ANSWERED,
	    "%s, down %s: and nothing waits", mode, down);
	give(der);
	ok(to.verdict == VERDICT_REPEATED && slice_eq(DOWN(BODY_IP)->der, ip),
	    "%s, down %s: the same again gets the same ip", mode, down);
	give(ip);
	ok((replaced ? to.verdict == VERDICT_BAD : to.verdict ==
	    VERDICT_REPEATED && slice_eq(DOWN(BODY_IP)->der, ip)) &&
	    at_ra(&a) == TXN_ANSWERED, "%s, down %s: the ip twice changes "
	    "nothing", mode, down);
	der = next_message(BODY_CERTCONF, &a, l->m.hdr.sender_nonce, cert);
	give(der);
	l = UP(body_up(mode, BODY_CERTCONF));
	ok(goes_up(mode, l, der) && at_ra(&a) == TXN_RELAYED,
	    "%s, down %s: certConf goes up", mode, down);
	give(upstream(l->der));
	l = DOWN(BODY_PKICONF);
	ok(l->m.body == BODY_PKICONF && slice_eq(l->m.hdr.recip_nonce,
	    (struct slice){ l->m.hdr.recip_nonce.p, 16 }) &&
	    at_ra(&a) == TXN_DONE && open_rows() == 0 &&
	    (!replaced || is_by(&l->m, &lra)),
	    "%s, down %s: pkiConf comes down", mode, down);
	drop(&a);
}

static void
test_modes(void)
{
	static const char *const modes[] = { "keep", "add", "replace",
	    "raverified" };

	for (int i = 0; i < 4; i++) {
		through(modes[i], "keep");
		through(modes[i], "replace");
	}
	restarts = 1;
	for (int i = 0; i < 4; i++)
		through(modes[i], "keep");
	restarts = 0;
}

/* The certificate of ${d}, got by way of the RA. */
static struct who
owner(struct ask *a)
{
	struct who w = { .key = (struct key *)(uintptr_t)a->key };
	struct err e = { 0 };

	a->d.implicit_confirm = 1;
	give(make(a));
	give(upstream(out[0].der));
	if (cert_parse(DOWN(BODY_IP)->r.cert, &w.cert, &e) == -1)
		die("owner", &e);
	return w;
}

static struct slice
revocation(const struct who *by, const struct cert *c, struct draft *d)
{
	draft_init(d);
	d->body = BODY_RR;
	d->transaction_id = fresh(16);
	d->sender_nonce = fresh(16);
	d->has_time = 1;
	d->message_time = the_time;
	rev_write_request(&d->content, c->issuer, c->serial, 1);
	return seal(d, by, by->cert.der.p == dev.cert.der.p ? &sub.cert : NULL);
}

/* kur and rr keep the protection that they came with, whatever the rule. */
static void
test_own(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL), b = asked(&dev, BODY_IR,
	    NULL), k;
	struct who first, second;
	struct slice der, v[2], cert;
	struct draft d;
	int n, revoked;

	ra_conf("", FORWARD("forward = replace"));
	first = owner(&a);
	second = owner(&b);
	k = asked(&first, BODY_KUR, NULL);
	k.subject = a.subject;
	k.old = &first.cert;
	k.d.implicit_confirm = 0;
	n = certificates(&revoked);
	der = make(&k);
	give(der);
	ok(to.verdict == VERDICT_ANSWERED && members(UP(BODY_NESTED)->der, v,
	    2) == 1 && slice_eq(v[0], der), "replace: a kur goes up as it is, "
	    "within an approval");
	give(upstream(out[0].der));
	cert = DOWN(BODY_KUP)->r.cert;
	ok(cert.p != NULL && certificates(NULL) == n + 1, "and is granted");
	if (cert.p != NULL) {
		der = next_message(BODY_CERTCONF, &k,
		    out[0].m.hdr.sender_nonce, cert);
		give(der);
		ok(members(UP(BODY_NESTED)->der, v, 2) == 1 &&
		    slice_eq(v[0], der), "replace: the certConf to a kup keeps "
		    "the protection of the kur");
		give(upstream(out[0].der));
		ok(DOWN(BODY_PKICONF)->m.body == BODY_PKICONF, "and gets its "
		    "pkiConf");
	}
	/* What the RA signs, the CA revokes. */
	der = revocation(&second, &first.cert, &d);
	give(der);
	ok(members(UP(BODY_NESTED)->der, v, 2) == 1 && slice_eq(v[0], der),
	    "replace: an rr goes up as it is");
	give(upstream(out[0].der));
	ok(certificates(&revoked) == n + 1 && revoked == 0 && n_out == 1,
	    "replace: nobody has another's certificate revoked by way of an "
	    "RA");
	draft_release(&d);
	der = revocation(&second, &second.cert, &d);
	give(der);
	give(upstream(UP(BODY_NESTED)->der));
	(void)certificates(&revoked);
	ok(revoked == 1 && DOWN(BODY_RP)->m.body == BODY_RP, "(its own it "
	    "may)");
	draft_release(&d);
	drop(&k);
	drop(&a);
	drop(&b);
}

/* --- what does not go upstream */

#define REFUSED(c, f) refused_here((c), (f), BODY_IP)
#define ERRORED(c, f) refused_here((c), (f), BODY_ERROR)

static int
refused_here(enum err_code code, enum fail fail, enum body body)
{
	struct left *l = DOWN(body);
	int good = to.verdict == VERDICT_REFUSED && to.code == code &&
	    l->r.status == STATUS_REJECTION && l->r.fail == (int)fail &&
	    is_by(&l->m, &lra);

	if (!good)
		printf("# verdict %d %s status %d fail %d\n", to.verdict,
		    err_name(to.code), l->r.status, l->r.fail);
	return good;
}

#define GIVE(by, what, profile, bend) do { \
	struct ask a = asked(by, what, profile); \
	(void)(bend); \
	give(make(&a)); \
	drop(&a); \
} while (0)

static void
test_refused(void)
{
	struct who old = identity(&sub, "CN=old,O=Example", "ed25519",
	    (struct says){ .to = -1 });
	int n = open_rows(), certs = certificates(NULL);

	ra_conf("", FORWARD("forward = add\nprofile = default explicit"));
	GIVE(&dev, BODY_IR, NULL, a.subject = "CN=x,O=Else");
	ok(REFUSED(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED), "a name outside of the "
	    "rule is refused here");
	GIVE(&dev, BODY_IR, NULL, a.san = "dns:x.else");
	ok(REFUSED(E_NOT_SAN, FAIL_NOT_AUTHORIZED), "so is a subjectAltName");
	GIVE(&dev, BODY_IR, NULL, a.popo_bad = 1);
	ok(REFUSED(E_POPO_SIG, FAIL_BAD_POP), "a broken proof of possession is "
	    "refused here");
	GIVE(&dev, BODY_IR, NULL, a.popo = POPO_RA_VERIFIED);
	ok(REFUSED(E_RA_VERIFIED, FAIL_NOT_AUTHORIZED), "raVerified of a "
	    "device is refused here");
	GIVE(&dev, BODY_IR, "held", 0);
	ok(REFUSED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "no rule about the "
	    "profile: refused");
	GIVE(&dev, BODY_IR, "default", 0);
	ok(to.verdict == VERDICT_ANSWERED, "(a rule is about default)");
	GIVE(&stranger, BODY_IR, NULL, 0);
	ok(ERRORED(E_PATH_NONE, FAIL_SIGNER_NOT_TRUSTED), "below no anchor of "
	    "a [forward]: refused");
	GIVE(&old, BODY_IR, NULL, a.chain = sub);
	ok(ERRORED(E_PATH_TIME, FAIL_SIGNER_NOT_TRUSTED), "with an expired "
	    "certificate: refused");
	GIVE(&dev, BODY_IR, NULL, a.by.key = dev2.key);
	ok(to.verdict == VERDICT_REFUSED && to.code == E_PROT_SIG, "with "
	    "another's key: refused");
	GIVE(&dev, BODY_IR, NULL, a.d.recip_nonce = fresh(16));
	ok(to.code == E_RECIP_NONCE_FIRST, "a recipNonce in a first message: "
	    "refused");
	GIVE(&dev, BODY_IR, NULL, a.d.message_time = the_time - 400 * DAY);
	ok(to.verdict == VERDICT_REFUSED && to.code == E_MESSAGE_TIME,
	    "a message that is too old: refused");
	ra_conf("", "[forward no]\nanchor = trust/maker.pem\n"
	    "forward = refuse\n" FORWARD("forward = keep"));
	GIVE(&dev, BODY_IR, NULL, 0);
	ok(REFUSED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "forward = refuse "
	    "refuses");
	ra_conf("", "[forward cr]\nanchor = trust/maker.pem\nbody = cr\n"
	    "subject = CN=*,O=Example\nforward = keep\n");
	GIVE(&dev, BODY_IR, NULL, 0);
	ok(REFUSED(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED), "a rule about "
	    "another request: refused");
	ra_conf("", "");
	GIVE(&dev, BODY_IR, NULL, 0);
	ok(to.verdict == VERDICT_REFUSED && to.code == E_PATH_NONE,
	    "no rule at all: refused");
	ok(certificates(NULL) == certs && open_rows() == n + 1, "(nothing of "
	    "it went upstream but the one)");
	key_free(old.key);
}

/* A refused transaction stays refused; its id is not free. */
static void
test_place(void)
{
	struct ask a = asked(&dev, BODY_IR, "explicit"), b;
	struct slice der;
	struct left *l;

	ra_conf("", FORWARD("forward = keep"));
	give(make(&a));
	b = asked(&dev, BODY_IR, NULL);
	b.d.transaction_id = a.d.transaction_id;
	give(make(&b));
	ok(to.code == E_TXID_IN_USE && DOWN(BODY_ERROR)->r.fail ==
	    FAIL_TRANSACTION_ID_IN_USE && at_ra(&a) == TXN_RELAYED,
	    "the transactionID of another request of the same sender is taken");
	drop(&b);
	give(next_message(BODY_POLLREQ, &a, fresh(16), SLICE_NONE));
	ok(to.code == E_BODY_STATE, "a pollReq before any answer is refused");
	give(upstream(make(&a)));
	l = DOWN(BODY_IP);
	der = next_message(BODY_CERTCONF, &a, fresh(16), l->r.cert);
	give(der);
	ok(to.code == E_RECIP_NONCE && at_ra(&a) == TXN_ANSWERED, "a certConf "
	    "with a strange recipNonce is refused, and nothing happened");
	b = a;
	b.by = dev2;
	der = next_message(BODY_CERTCONF, &b, a.d.sender_nonce, ca.cert.der);
	give(der);
	ok(to.code == E_PROT_SAME && at_ra(&a) == TXN_ANSWERED, "another's "
	    "certConf in its transaction is refused");
	ra_conf("", "[forward other]\nanchor = trust/maker.pem\n"
	    "forward = keep\n");
	give(next_message(BODY_CERTCONF, &a, a.d.sender_nonce, ca.cert.der));
	ok(to.verdict == VERDICT_REFUSED, "a transaction whose rule has gone "
	    "does not go on");
	drop(&a);
}

/* --- two devices that have chosen the same */

static void
test_same_id(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL), b = asked(&dev2, BODY_IR,
	    NULL);
	struct slice first, second, one, two;

	ra_conf("", FORWARD("forward = keep"));
	b.d.transaction_id = a.d.transaction_id;
	give(make(&a));
	first = UP(BODY_IR)->der;
	give(make(&b));
	second = UP(BODY_IR)->der;
	one = upstream(first);
	two = upstream(second);
	give(two);
	ok(slice_eq(DOWN(BODY_IP)->m.hdr.recip_nonce, b.d.sender_nonce) &&
	    at_ra(&b) == TXN_DONE && at_ra(&a) == TXN_RELAYED,
	    "two devices with one transactionID: each answer by its nonce");
	give(one);
	ok(slice_eq(DOWN(BODY_IP)->m.hdr.recip_nonce, a.d.sender_nonce) &&
	    at_ra(&a) == TXN_DONE, "and the other one");
	drop(&a);
	drop(&b);
	a = asked(&dev, BODY_IR, NULL);
	b = asked(&dev2, BODY_IR, NULL);
	b.d.transaction_id = a.d.transaction_id;
	b.d.sender_nonce = a.d.sender_nonce;
	give(make(&a));
	first = UP(BODY_IR)->der;
	give(make(&b));
	ok(to.verdict == VERDICT_REFUSED && to.code == E_TXID_IN_USE &&
	    n_out == 1 && strcmp(out[0].dir, "") == 0, "who takes another's "
	    "transactionID and nonce does not get in the way of its answer");
	give(upstream(first));
	ok(DOWN(BODY_IP)->r.cert.p != NULL && at_ra(&a) == TXN_DONE, "which "
	    "comes");
	drop(&a);
	drop(&b);
	ra_conf("", FORWARD("forward = replace"));
	a = asked(&dev, BODY_IR, NULL);
	b = asked(&dev2, BODY_IR, NULL);
	b.d.transaction_id = a.d.transaction_id;
	give(make(&a));
	one = upstream(UP(BODY_IR)->der);
	give(make(&b));
	two = upstream(UP(BODY_IR)->der);
	give(two);
	ok(at_ra(&b) == TXN_FAILED && at_ra(&a) == TXN_RELAYED, "replace: to "
	    "upstream both are one sender; the second is turned down");
	give(one);
	ok(at_ra(&a) == TXN_DONE, "and the first is not");
	drop(&a);
	drop(&b);
}

/* --- answers that are none */

static int
ignored(const struct ask *a, enum err_code code)
{
	int good = to.verdict == VERDICT_BAD && to.code == code && n_out == 0 &&
	    at_ra(a) == TXN_RELAYED;

	if (!good)
		printf("# verdict %d %s, %d left, state %d\n", to.verdict,
		    err_name(to.code), n_out, at_ra(a));
	return good;
}

static void
test_answers(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct slice der = make(&a), ip, own;
	struct who responder = identity(&ca, "CN=Plain,O=Plant", "ed25519",
	    (struct says){ 0 }), none = { .key = NULL }, other;
	struct err e = { 0 };
	struct msg q, m;
	struct buf *b = new_buf();

	ra_conf("", FORWARD("forward = keep"));
	give(der);
	ip = upstream(der);
	if (msg_decode(der, &q, &e) == -1 || msg_decode(ip, &m, &e) == -1)
		die("ir", &e);
	give(error_to(&q, &none, STATUS_REJECTION));
	ok(ignored(&a, E_PROT_MISSING), "an unprotected error ends nothing");
	give(error_to(&q, &stranger, STATUS_REJECTION));
	ok(ignored(&a, E_PATH_NONE), "nor does one of somebody unknown");
	give(error_to(&q, &dev, STATUS_REJECTION));
	ok(ignored(&a, E_PATH_NONE), "nor of a device");
	give(error_to(&q, &responder, STATUS_REJECTION));
	ok(ignored(&a, E_ANSWER_SIGNER), "nor of who is below upstream's "
	    "anchor, but no responder");
	other = cmp;
	other.key = ca.key;
	give(error_to(&q, &other, STATUS_REJECTION));
	ok(ignored(&a, E_PROT_SIG), "nor with another's key");
	own = q.hdr.sender_nonce;
	q.hdr.sender_nonce = fresh(16);
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(ignored(&a, E_ANSWER_UNKNOWN), "an answer with another recipNonce "
	    "is to no request");
	q.hdr.sender_nonce = own;
	q.hdr.transaction_id = fresh(16);
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(ignored(&a, E_ANSWER_UNKNOWN), "nor one with another transactionID");
	buf_add_slice(b, ip);
	b->p[m.content.p - ip.p + m.content.n - 3] ^= 1;
	give(buf_slice(b));
	ok(to.verdict == VERDICT_BAD && n_out == 0 && at_ra(&a) == TXN_RELAYED,
	    "one bit of an answer changed: it is none");
	give(ip);
	ok(slice_eq(DOWN(BODY_IP)->der, ip), "(the answer is one)");
	msg_decode(der, &q, &e);
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_UNKNOWN &&
	    n_out == 0 && at_ra(&a) == TXN_DONE, "a second answer, and another "
	    "one, is to no request");
	drop(&a);
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	give(der);
	msg_decode(der, &q, &e);
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(DOWN(BODY_ERROR)->r.status == STATUS_REJECTION && at_ra(&a) ==
	    TXN_FAILED && open_rows() >= 0, "an error of upstream is passed "
	    "down");
	drop(&a);
	key_free(responder.key);
	/* Without an anchor nobody is upstream. */
	a = asked(&dev, BODY_IR, NULL);
	der = make(&a);
	give(der);
	ip = upstream(der);
	engine_close(ra);
	put_file(rafd, "cmp.conf", SLICE_LIT("role = ra\n"
	    FORWARD("forward = keep")), 0644);
	open_ra();
	give(ip);
	ok(ignored(&a, E_PATH_NONE), "without an anchor in [relay] no answer is "
	    "trusted");
	drop(&a);
}

/* --- upstream lets it wait */

static void
decide(const struct ask *a, struct slice peer_spki, struct engine *where,
    const char *why)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;

	alg_sha256(peer_spki, SLICE_NONE, peer);
	txn_init(&t);
	if (store_txn(engine_store(where), SLICE(peer, 32),
	    a->d.transaction_id, &t, &e) != 1 || engine_begin(where, &e) ==
	    -1 || store_decide(engine_store(where), t.id, why, "x", the_time,
	    &e) == -1 || engine_commit(where, &e) == -1)
		die("decide", &e);
	txn_release(&t);
}

static void
waits(const char *mode, const char *why)
{
	struct ask a = asked(&dev, BODY_IR, "held");
	int keep = strcmp(mode, "keep") == 0, rows;
	struct slice der = make(&a), nonce;
	char rules[300];
	struct left *l;

	snprintf(rules, sizeof(rules), FORWARD("forward = %s"), mode);
	ra_conf("", rules);
	rows = open_rows();
	give(der);
	give(upstream(UP(BODY_IR)->der));
	l = DOWN(BODY_IP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->r.status == STATUS_WAITING && at_ra(&a) == TXN_ANSWERED &&
	    open_rows() == rows + 1, "%s: waiting is handed down, and the row stays "
	    "open", mode);
	give(next_message(BODY_POLLREQ, &a, nonce, SLICE_NONE));
	l = UP(BODY_POLLREQ);
	ok(is_by(&l->m, keep ? &dev : &lra), "%s: its pollReq goes up", mode);
	give(upstream(l->der));
	l = DOWN(BODY_POLLREP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->m.body == BODY_POLLREP && open_rows() == rows + 1, "%s: the "
	    "pollRep comes down", mode);
	decide(&a, keep ? dev.cert.spki : lra.cert.spki, en, why);
	give(next_message(BODY_POLLREQ, &a, nonce, SLICE_NONE));
	give(upstream(UP(BODY_POLLREQ)->der));
	l = DOWN(BODY_IP);
	ok((why == NULL ? l->r.cert.p != NULL : l->r.status ==
	    STATUS_REJECTION) && open_rows() == rows && at_ra(&a) ==
	    (why == NULL ? TXN_DONE : TXN_FAILED), "%s: the final answer%s "
	    "closes every row of it", mode, why ? ", a rejection," : "");
	give(der);
	ok(to.verdict == VERDICT_REPEATED && DOWN(BODY_IP)->r.status ==
	    STATUS_WAITING, "%s: the ir again gets its first answer", mode);
	drop(&a);
}

/* A final answer that bears the nonce of the request, not of the pollReq. */
static void
test_first_nonce(void)
{
	struct ask a = asked(&dev, BODY_IR, "held");
	struct slice der = make(&a);
	struct err e = { 0 };
	struct msg q;
	int rows;

	ra_conf("", FORWARD("forward = keep"));
	rows = open_rows();
	give(der);
	give(upstream(der));
	give(next_message(BODY_POLLREQ, &a, DOWN(BODY_IP)->m.hdr.sender_nonce,
	    SLICE_NONE));
	ok(open_rows() == rows + 2, "(request and pollReq are upstream)");
	msg_decode(der, &q, &e);
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(DOWN(BODY_ERROR)->m.body == BODY_ERROR && open_rows() == rows &&
	    at_ra(&a) == TXN_FAILED, "a final answer with the nonce of the "
	    "first request is one to the pollReq as well");
	drop(&a);
}

/* --- an operator of the RA looks first */

static void
test_hold(const char *why)
{
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct slice der = make(&a), nonce, ip;
	struct left *l;

	ra_conf("", FORWARD("forward = keep\nhold = yes"));
	give(der);
	l = DOWN(BODY_IP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->r.status == STATUS_WAITING && is_by(&l->m, &lra) &&
	    at_ra(&a) == TXN_HELD, "hold: the device is told to wait, by us");
	give(next_message(BODY_POLLREQ, &a, nonce, SLICE_NONE));
	l = DOWN(BODY_POLLREP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->m.body == BODY_POLLREP && at_ra(&a) == TXN_HELD, "hold: a "
	    "pollReq is answered here");
	ok(due(0) == 0 && n_out == 0, "hold: nothing goes up by itself");
	decide(&a, dev.cert.spki, ra, why);
	if (restarts)
		restart();
	ok(due(0) == 1, "hold: a decision is carried out");
	if (why != NULL) {
		l = DOWN(BODY_IP);
		ok(l->r.status == STATUS_REJECTION && l->r.fail ==
		    FAIL_NOT_AUTHORIZED && at_ra(&a) == TXN_FAILED, "hold: "
		    "rejected, the device is told at once");
		ip = l->der;
	} else {
		l = UP(BODY_IR);
		ok(slice_eq(l->der, der) && at_ra(&a) == TXN_DELAYED, "hold: "
		    "approved, it goes up as it came");
		give(next_message(BODY_POLLREQ, &a, nonce, SLICE_NONE));
		l = DOWN(BODY_POLLREP);
		nonce = l->m.hdr.sender_nonce;
		ip = upstream(der);
		give(ip);
		ok(slice_eq(DOWN(BODY_IP)->der, ip) && at_ra(&a) == TXN_DONE,
		    "hold: its answer comes down");
	}
	ok(due(0) == 0 && n_out == 0, "hold: and only once");
	give(next_message(BODY_POLLREQ, &a, nonce, SLICE_NONE));
	ok(to.verdict == VERDICT_REPEATED && slice_eq(DOWN(BODY_IP)->der, ip),
	    "hold: a pollReq gets it, too");
	give(der);
	ok(to.verdict == VERDICT_REPEATED && DOWN(BODY_IP)->r.status ==
	    STATUS_WAITING, "hold: the request again gets what it got");
	drop(&a);
}

/* What was approved and is not good any more. */
static void
test_hold_late(void)
{
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct left *l;

	ra_conf("", FORWARD("forward = keep\nhold = yes"));
	give(make(&a));
	decide(&a, dev.cert.spki, ra, NULL);
	ra_conf("", FORWARD("forward = refuse"));
	ok(due(0) == 1, "(decided)");
	l = DOWN(BODY_IP);
	ok(l->r.status == STATUS_REJECTION && l->r.fail ==
	    FAIL_NOT_AUTHORIZED && at_ra(&a) == TXN_FAILED, "hold: what no "
	    "rule passes on any more is turned down, approved or not");
	drop(&a);
}

/* A key that is made centrally is encrypted for whoever signed the request. */
static void
test_wants_key(void)
{
	static const char *const modes[] = { "add", "replace", "raverified" };
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct slice der, v[2];
	char rules[300];

	a.key = NULL;
	a.popo = POPO_ABSENT;
	for (size_t i = 0; i < 3; i++) {
		a.d.transaction_id = fresh(16);
		a.d.sender_nonce = fresh(16);
		if (i == 2)
			a.raw_key = SLICE_LIT("\x30\x0a\x30\x05\x06\x03\x2b"
			    "\x65\x70\x03\x01\x00");
		snprintf(rules, sizeof(rules), FORWARD("forward = %s"),
		    modes[i]);
		ra_conf("", rules);
		der = make(&a);
		give(der);
		ok(to.verdict == VERDICT_ANSWERED &&
		    members(UP(BODY_NESTED)->der, v, 2) == 1 &&
		    slice_eq(v[0], der), "%s: a request for a key goes up as "
		    "it is, within an approval", modes[i]);
		give(upstream(out[0].der));
		ok(DOWN(BODY_IP)->r.cert.p == NULL && open_rows() == 0,
		    "%s: and gets the answer that there is", modes[i]);
	}
	a.popo = POPO_RA_VERIFIED;
	a.d.transaction_id = fresh(16);
	give(make(&a));
	ok(to.verdict == VERDICT_REFUSED && to.code == E_TMPL_KEY,
	    "one that says raVerified is none");
	ask_release(&a);
}

struct last_audit {
	const char	*code;
	int		 is;
};

static int
last_audit(void *arg, const struct store_audit *x)
{
	struct last_audit *l = arg;

	l->is = strcmp(x->code, l->code) == 0;
	return 0;
}

/* Is the last row of the audit trail about this? */
static int
audited(enum err_code code)
{
	struct last_audit l = { .code = err_name(code) };
	struct err e = { 0 };

	return store_audit(engine_store(ra), last_audit, &l, &e) == 0 && l.is;
}

static const char *shown_changes;

static int
see_changes(void *arg, const struct store_held *h)
{
	shown_changes = strcmp(h->changes, arg) == 0 ? arg : "something else";
	return 0;
}

/* What a rule adds was shown to the operator, or does not go up. */
static void
test_hold_adds(const char *then, const char *shown, const char *now, int goes)
{
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct err e = { 0 };
	char rule[300];
	struct left *l;

	snprintf(rule, sizeof(rule), FORWARD("hold = yes\n%s"), then);
	ra_conf("", rule);
	give(make(&a));
	shown_changes = NULL;
	ok(at_ra(&a) == TXN_HELD && store_helds(engine_store(ra), see_changes,
	    (void *)(uintptr_t)shown, &e) == 0 && shown_changes == shown,
	    "hold: the operator sees \"%s\"", shown);
	decide(&a, dev.cert.spki, ra, NULL);
	snprintf(rule, sizeof(rule), FORWARD("hold = yes\n%s"), now);
	ra_conf("", rule);
	ok(due(0) == 1, "(decided)");
	if (goes) {
		ok(UP(BODY_IR)->m.body == BODY_IR && at_ra(&a) == TXN_DELAYED,
		    "hold: it goes up with that");
	} else {
		l = DOWN(BODY_IP);
		ok(l->r.status == STATUS_REJECTION && l->r.fail ==
		    FAIL_NOT_AUTHORIZED && at_ra(&a) == TXN_FAILED &&
		    audited(E_HELD_CHANGED), "hold: but not if the rule adds "
		    "something else by then: E_HELD_CHANGED");
	}
	drop(&a);
}

#define ADDS	"forward = raverified\nadd-subject = OU=Plant 7\n" \
		"add-san = dns:gate.example dns:b.example"
#define SHOWN	"subject gets OU=Plant 7; alternative names get " \
		"dns:gate.example, dns:b.example"

static void
test_hold_changes(void)
{
	test_hold_adds(ADDS, SHOWN, ADDS, 1);
	test_hold_adds("forward = raverified\nadd-san = dns:b.example",
	    "alternative names get dns:b.example",
	    "forward = raverified\nadd-san = dns:b.example", 1);
	test_hold_adds(ADDS, SHOWN, ADDS " dns:c.example", 0);
	test_hold_adds("forward = raverified", "", ADDS, 0);
	test_hold_adds(ADDS, SHOWN, "forward = keep", 0);
	test_hold_adds("forward = keep", "", "forward = raverified", 1);
}

int
main(void)
{
	setup_relay();
	test_modes();
	test_wants_key();
	test_own();
	test_refused();
	test_place();
	test_same_id();
	test_answers();
	waits("keep", NULL);
	waits("replace", NULL);
	restarts = 1;
	waits("keep", "not today");
	restarts = 0;
	test_first_nonce();
	test_hold(NULL);
	test_hold("not this one");
	restarts = 1;
	test_hold(NULL);
	test_hold("not this one");
	restarts = 0;
	test_hold_late();
	test_hold_changes();
	teardown_relay();
	return done();
}
