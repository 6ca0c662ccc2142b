/* Many messages in one, at the RA that bundles them: RFC 9483 5.2.2.2. */
#include <sqlite3.h>

#include "tap.h"
#include "t_engine_relay.h"

#include "prot/shared.h"
#include "t_engine_dev.h"

#define BATCH	FORWARD("forward = keep\nbatch = yes")

static struct who plain;	/* below upstream's anchor, no responder */

/* ${n} requests that wait for a bundle. */
static void
queue(struct ask *a, struct slice *der, int n, const char *profile)
{
	for (int i = 0; i < n; i++) {
		a[i] = asked(i % 2 ? &dev2 : &dev, BODY_IR, profile);
		der[i] = make(&a[i]);
		give(der[i]);
	}
}

static void
drop_all(struct ask *a, int n)
{
	for (int i = 0; i < n; i++)
		drop(&a[i]);
}

/* How many are in state ${s}. */
static int
are(const struct ask *a, int n, enum txn_state s)
{
	int good = 0;

	for (int i = 0; i < n; i++)
		good += at_ra(&a[i]) == (int)s;
	return good;
}

static struct slice
poll(const struct ask *a, struct slice nonce)
{
	return next_message(BODY_POLLREQ, a, nonce, SLICE_NONE);
}

/* --- from queue to answer */

static void
test_all(void)
{
	struct ask a[3];
	struct slice der[3], v[4], bundle, answers, nonce, ip;
	struct left *l;
	int n = certificates(NULL);

	ra_conf("", BATCH);
	a[0] = asked(&dev, BODY_IR, NULL);
	der[0] = make(&a[0]);
	give(der[0]);
	l = DOWN(BODY_IP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->r.status == STATUS_WAITING && at_ra(&a[0]) == TXN_DELAYED &&
	    slice_eq(l->m.hdr.sender_name, lra.cert.subject),
	    "batch: the sender is told to wait at once, nothing goes up");
	ip = l->der;
	give(der[0]);
	ok(to.verdict == VERDICT_REPEATED && slice_eq(DOWN(BODY_IP)->der, ip),
	    "batch: the same again gets the same \"waiting\"");
	give(poll(&a[0], nonce));
	l = DOWN(BODY_POLLREP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->m.body == BODY_POLLREP, "batch: a pollReq is answered here");
	for (int i = 1; i < 3; i++) {
		a[i] = asked(&dev2, BODY_IR, NULL);
		der[i] = make(&a[i]);
		give(der[i]);
	}
	ok(due(0) == 0 && n_out == 0, "batch: three do not fill a bundle");
	ok(due(1) == 1, "batch: flush closes it");
	l = UP(BODY_NESTED);
	bundle = l->der;
	ok(members(bundle, v, 4) == 3 && slice_eq(v[0], der[0]) &&
	    slice_eq(v[1], der[1]) && slice_eq(v[2], der[2]) &&
	    !slice_eq(l->m.hdr.transaction_id, a[0].d.transaction_id) &&
	    l->m.hdr.transaction_id.n == 16 && l->m.hdr.sender_nonce.n == 16,
	    "batch: the requests are in it bit for bit, its ids are fresh");
	ok(due(1) == 0 && n_out == 0, "batch: and then nothing is left");
	answers = upstream(bundle);
	ok(members(answers, v, 4) == 3 && certificates(NULL) == n + 3,
	    "(upstream answers all of them)");
	give(answers);
	ok(to.verdict == VERDICT_ANSWERED && n_out == 3 &&
	    are(a, 3, TXN_DONE) == 3 && open_rows() == 0, "batch: each answer "
	    "is passed down");
	for (int i = 0; i < 3; i++) {
		l = for_id(a[i].d.transaction_id, BODY_IP);
		ok(slice_eq(l->der, v[i]) && strcmp(l->dir, "") == 0,
		    "batch: as it came (%d)", i);
	}
	give(poll(&a[0], nonce));
	ok(to.verdict == VERDICT_REPEATED && slice_eq(DOWN(BODY_IP)->der,
	    v[0]), "batch: a pollReq gets it, too");
	give(answers);
	ok(to.verdict == VERDICT_REPEATED && n_out == 0, "batch: the answers "
	    "again do nothing");
	drop_all(a, 3);
}

/* Full by number, by size, by age. */
static void
test_when(void)
{
	struct ask a[5];
	struct slice der[5], v[6];

	ra_conf("batch-count = 2\n", BATCH);
	queue(a, der, 5, NULL);
	ok(due(0) == 2 && n_out == 2, "batch-count: full bundles leave");
	ok(members(out[0].der, v, 6) == 2 && slice_eq(v[0], der[0]) &&
	    members(out[1].der, v, 6) == 2 && slice_eq(v[1], der[3]),
	    "batch-count: the first two, then the next");
	ok(due(0) == 0 && due(1) == 1 && members(UP(BODY_NESTED)->der, v, 6) ==
	    1, "batch-count: the rest stays until it is flushed");
	drop_all(a, 5);
	ra_conf("batch-size = 3k\n", BATCH);
	queue(a, der, 5, NULL);
	ok(due(0) >= 1 && members(out[0].der, v, 6) >= 1 && v[0].n + v[1].n *
	    (members(out[0].der, v, 6) > 1) <= 3072, "batch-size: no bundle "
	    "has more bytes");
	ok(due(1) >= 0, "(the rest)");
	drop_all(a, 5);
	ra_conf("batch-wait = 1d\n", BATCH);
	queue(a, der, 1, NULL);
	the_time += DAY - 1;
	ok(due(0) == 0, "batch-wait: it is not old enough");
	the_time += 1;
	ok(due(0) == 1 && members(UP(BODY_NESTED)->der, v, 6) == 1,
	    "batch-wait: then it leaves");
	drop_all(a, 1);
}

/* --- what of it does not come back */

static struct slice
two_out(struct ask *a, struct slice *der, struct msg *q)
{
	struct slice bundle;

	ra_conf("", BATCH);
	due(1);
	queue(a, der, 2, NULL);
	due(1);
	bundle = UP(BODY_NESTED)->der;
	*q = out[0].m;
	return bundle;
}

static void
test_lost(void)
{
	struct ask a[2];
	struct slice der[2], v[3], bundle, one;
	struct left *l;
	struct msg q;

	bundle = two_out(a, der, &q);
	members(upstream(bundle), v, 3);
	one = v[1];
	give(answers_to(&q, &cmp, &one, 1));
	l = for_id(a[0].d.transaction_id, BODY_ERROR);
	ok(n_out == 2 && l->r.fail == FAIL_SYSTEM_UNAVAIL && l->r.status ==
	    STATUS_REJECTION && slice_eq(l->m.hdr.recip_nonce,
	    a[0].d.sender_nonce) && at_ra(&a[0]) == TXN_FAILED,
	    "what has no answer in the bundle is told so: systemUnavail");
	ok(slice_eq(for_id(a[1].d.transaction_id, BODY_IP)->der, one) &&
	    at_ra(&a[1]) == TXN_DONE, "and the other gets its own");
	give(v[0]);
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_UNKNOWN &&
	    n_out == 0, "the lost answer is not taken when it comes later");
	give(answers_to(&q, &cmp, v, 2));
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_TAKEN &&
	    n_out == 0, "nor is another answer to the bundle");
	drop_all(a, 2);
}

static int
audit_has(void *arg, const struct store_audit *x)
{
	int *n = arg;

	n[0] += strcmp(x->code, err_name(E_BATCH_LOST)) == 0;
	n[1] += strcmp(x->code, err_name(E_BATCH_ERROR)) == 0;
	return 0;
}

static void
test_error(void)
{
	struct ask a[2];
	struct slice der[2], bundle, no;
	struct who none = { .key = NULL };
	struct msg q;

	bundle = two_out(a, der, &q);
	give(error_to(&q, &none, STATUS_REJECTION));
	ok(to.verdict == VERDICT_BAD && are(a, 2, TXN_DELAYED) == 2,
	    "an unprotected error to a bundle ends nothing");
	give(error_to(&q, &plain, STATUS_REJECTION));
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_SIGNER &&
	    are(a, 2, TXN_DELAYED) == 2, "nor one of no responder");
	give(error_to(&q, &cmp, STATUS_WAITING));
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_WAITING &&
	    are(a, 2, TXN_DELAYED) == 2, "a bundle that waits at upstream is "
	    "not lost");
	no = error_to(&q, &cmp, STATUS_REJECTION);
	give(no);
	ok(to.verdict == VERDICT_ANSWERED && n_out == 2 && for_id(
	    a[0].d.transaction_id, BODY_ERROR)->r.fail == FAIL_SYSTEM_UNAVAIL &&
	    for_id(a[1].d.transaction_id, BODY_ERROR)->r.fail ==
	    FAIL_SYSTEM_UNAVAIL && are(a, 2, TXN_FAILED) == 2,
	    "an error to the bundle is one to each in it");
	give(no);
	ok(to.verdict == VERDICT_REPEATED && n_out == 0, "and twice is once");
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_TAKEN &&
	    n_out == 0, "another error to it is not taken");
	give(upstream(bundle));
	ok(to.verdict == VERDICT_BAD && to.code == E_ANSWER_TAKEN &&
	    n_out == 0 && are(a, 2, TXN_FAILED) == 2,
	    "nor is an answer after it");
	drop_all(a, 2);
}

static void
test_extra(void)
{
	struct ask a[2], x;
	struct slice der[2], v[4], bundle, other, none = SLICE_NONE;
	struct msg q, q2;
	struct left *l;

	bundle = two_out(a, der, &q);
	members(upstream(bundle), v, 3);
	/* One that is open, but was not in this bundle. */
	x = asked(&dev, BODY_IR, NULL);
	other = make(&x);
	give(other);
	due(1);
	q2 = UP(BODY_NESTED)->m;
	v[2] = upstream(other);
	v[3] = v[1];
	give(answers_to(&q, &cmp, v, 4));
	ok(to.verdict == VERDICT_ANSWERED && n_out == 2 &&
	    for_id(x.d.transaction_id, BODY_IP)->der.n == 0 && at_ra(&x) ==
	    TXN_DELAYED && are(a, 2, TXN_DONE) == 2, "an answer that is to "
	    "nothing in the bundle is dropped, one that is there twice is "
	    "one");
	ok(strstr(to.note, "E_BATCH_EXTRA") != NULL, "and it is said: "
	    "E_BATCH_EXTRA");
	give(answers_to(&q2, &cmp, &v[2], 1));
	l = DOWN(BODY_IP);
	ok(slice_eq(l->der, v[2]) && at_ra(&x) == TXN_DONE, "in its own "
	    "bundle it is taken");
	(void)none;
	drop(&x);
	drop_all(a, 2);
}

/* Who answers a bundle, and which. */
static void
test_wrong(void)
{
	struct ask a[2];
	struct slice der[2], v[3], bundle, answers, id, one;
	struct buf *b = new_buf();
	struct msg q;

	bundle = two_out(a, der, &q);
	answers = upstream(bundle);
	members(answers, v, 3);
	give(answers_to(&q, &stranger, v, 2));
	ok(to.code == E_PATH_NONE && n_out == 0 && are(a, 2, TXN_DELAYED) == 2,
	    "a bundle of answers by a stranger is not opened");
	give(answers_to(&q, &plain, v, 2));
	ok(to.code == E_ANSWER_SIGNER && n_out == 0 && are(a, 2,
	    TXN_DELAYED) == 2, "nor by who is no responder");
	id = q.hdr.transaction_id;
	q.hdr.transaction_id = fresh(16);
	give(answers_to(&q, &cmp, v, 2));
	ok(to.code == E_ANSWER_UNKNOWN && n_out == 0, "nor one to no bundle "
	    "of ours");
	q.hdr.transaction_id = id;
	id = q.hdr.sender_nonce;
	q.hdr.sender_nonce = fresh(16);
	give(answers_to(&q, &cmp, v, 2));
	ok(to.code == E_ANSWER_UNKNOWN && n_out == 0, "nor with another "
	    "recipNonce");
	q.hdr.sender_nonce = id;
	give(answers_to(&q, &cmp, der, 2));
	ok(to.verdict == VERDICT_REFUSED && to.code == E_NOT_AUTHORIZED,
	    "a bundle of requests is not one of answers");
	one = v[1];
	v[1] = der[1];
	give(answers_to(&q, &cmp, v, 2));
	v[1] = one;
	ok(to.verdict == VERDICT_BAD && to.code == E_NESTED && n_out == 0,
	    "nor is one with a request among them");
	ok(are(a, 2, TXN_DELAYED) == 2, "(they still wait)");
	/* A member that somebody has changed, within a good bundle. */
	buf_add_slice(b, v[0]);
	b->p[b->n - 40] ^= 1;
	v[0] = buf_slice(b);
	give(answers_to(&q, &cmp, v, 2));
	ok(n_out == 2 && for_id(a[0].d.transaction_id, BODY_ERROR)->r.fail ==
	    FAIL_SYSTEM_UNAVAIL && at_ra(&a[1]) == TXN_DONE, "an answer that "
	    "is not upstream's within a good bundle is a lost one: the bundle "
	    "vouches for nothing");
	drop_all(a, 2);
}

/* A row that upstream lets wait goes on with its own pollReqs, in bundles. */
static void
test_waiting(int lose)
{
	struct ask a = asked(&dev, BODY_IR, "held");
	struct slice der = make(&a), nonce, v[2], answers;
	struct err e = { 0 };
	struct left *l;
	uint8_t peer[32];
	struct msg q;
	struct txn t;

	ra_conf("", BATCH);
	due(1);
	give(der);
	due(1);
	give(upstream(UP(BODY_NESTED)->der));
	l = DOWN(BODY_IP);
	nonce = l->m.hdr.sender_nonce;
	ok(l->r.status == STATUS_WAITING && at_ra(&a) == TXN_ANSWERED,
	    "batch: upstream's waiting is handed down");
	der = poll(&a, nonce);
	give(der);
	ok(to.verdict == VERDICT_ANSWERED && n_out == 0, "batch: the pollReq "
	    "after it waits for a bundle");
	ok(due(1) == 1 && members(UP(BODY_NESTED)->der, v, 2) == 1 &&
	    slice_eq(v[0], der), "batch: and goes up as it is");
	q = out[0].m;
	if (lose) {
		v[0] = error_to(&q, &cmp, STATUS_REJECTION);
		give(v[0]);
		ok(DOWN(BODY_ERROR)->r.fail == FAIL_SYSTEM_UNAVAIL && at_ra(
		    &a) == TXN_FAILED, "batch: a pollReq without an answer is "
		    "told so, too");
		drop(&a);
		return;
	}
	give(upstream(out[0].der));
	nonce = DOWN(BODY_POLLREP)->m.hdr.sender_nonce;
	alg_sha256(dev.cert.spki, SLICE_NONE, peer);
	txn_init(&t);
	if (store_txn(engine_store(en), SLICE(peer, 32), a.d.transaction_id,
	    &t, &e) != 1 || engine_begin(en, &e) == -1 || store_decide(
	    engine_store(en), t.id, NULL, "x", the_time, &e) == -1 ||
	    engine_commit(en, &e) == -1)
		die("approve", &e);
	txn_release(&t);
	give(poll(&a, nonce));
	due(1);
	answers = upstream(UP(BODY_NESTED)->der);
	give(answers);
	ok(DOWN(BODY_IP)->r.cert.p != NULL && at_ra(&a) == TXN_DONE &&
	    open_rows() == 0, "batch: the certificate comes down at last");
	drop(&a);
}

/* --- with a real device at the end */

/* To the RA, and all that comes of it for ${d} back to it. */
static void
round_trip(struct device *d, struct slice der)
{
	give(der);
	if (n_out == 0) {
		due(1);
		give(upstream(UP(BODY_NESTED)->der));
	}
	if (n_out > 0)
		take(d, out[n_out - 1].der);
}

static struct device
device_of_ra(int how)
{
	struct device d = device(how);
	struct err e = { 0 };
	int fd;

	engine_close(d.en);
	fd = dir_of(d.fd, "trust");
	put_certs(fd, "lra.pem", (const struct cert *[]){ &lra.cert }, 1);
	close(fd);
	if (engine_open(d.fd, STORE_WRITE, &d.en, &e) == -1)
		die("device", &e);
	return d;
}

static void
flush_through(void)
{
	due(1);
	give(upstream(UP(BODY_NESTED)->der));
}

static void
test_device(const char *mode)
{
	struct device d = device_of_ra(1);
	struct slice conf, req;
	char rules[300];

	snprintf(rules, sizeof(rules), FORWARD("forward = %s\nbatch = yes"),
	    mode);
	ra_conf("", rules);
	due(1);
	round_trip(&d, d.der);
	ok(got.verdict == VERDICT_WAITING && got.m.body == BODY_POLLREQ,
	    "%s in bundles: a device waits", mode);
	round_trip(&d, got.der);
	ok(got.verdict == VERDICT_WAITING && got.m.body == BODY_POLLREQ,
	    "%s in bundles: and asks again", mode);
	req = got.der;
	flush_through();
	round_trip(&d, req);
	ok(got.verdict == VERDICT_TAKEN && got.m.body == BODY_CERTCONF &&
	    dev_state(&d) == TXN_PKICONF, "%s in bundles: it gets its "
	    "certificate and confirms", mode);
	conf = got.der;
	round_trip(&d, conf);
	ok(got.verdict == VERDICT_WAITING && got.m.body == BODY_POLLREQ &&
	    dev_state(&d) == TXN_WAITING, "%s in bundles: the pkiConf waits, "
	    "too, says the RA", mode);
	round_trip(&d, got.der);
	ok(got.verdict == VERDICT_WAITING && got.m.body == BODY_POLLREQ,
	    "%s in bundles: a pollRep of the RA is taken while it does", mode);
	req = got.der;
	flush_through();
	round_trip(&d, req);
	ok(got.verdict == VERDICT_TAKEN && dev_state(&d) == TXN_DONE,
	    "%s in bundles: the pkiConf of who sent the certificate is taken "
	    "after the RA let it wait", mode);
	device_close(&d);
}

/* --- shared secrets */

#define SECRET	"a secret of the plant with more than enough in it"

static struct mac pbmac1;

static void
ticket(const char *ref, int64_t uses)
{
	struct store_ticket t = { .ref = slice_str(ref), .subject =
	    "CN=*,O=Example", .san = "dns:*.example", .profile = "default",
	    .uses_left = uses, .expires = the_time + DAY,
	    .created = the_time };
	struct err e = { 0 };

	if (store_begin(engine_store(ra), &e) == -1 ||
	    store_ticket_add(engine_store(ra), &t, slice_str(SECRET), &e) !=
	    1 || store_commit(engine_store(ra), &e) == -1)
		die(ref, &e);
}

static int64_t
uses(const char *ref)
{
	struct store_ticket t;
	struct err e = { 0 };
	struct buf row, secret;
	int64_t n = -2;

	buf_init(&row, 1 << 16);
	buf_init(&secret, 1 << 16);
	if (store_ticket(engine_store(ra), slice_str(ref), &t, &row, &secret,
	    &e) == 1)
		n = t.uses_left;
	buf_release(&row);
	buf_release(&secret);
	return n;
}

static struct slice
mac_seal(struct draft *d, const char *ref)
{
	struct shared s = { .reference = slice_str(ref), .secret =
	    slice_str(SECRET), .mac = pbmac1 };
	struct buf *b = new_buf();
	struct err e = { 0 };

	if (protect_mac(d, &s, SLICE_NONE, b, &e) == -1)
		die("mac", &e);
	return buf_slice(b);
}

static struct slice
mac_ask(struct ask *a, enum body body, const char *ref)
{
	*a = asked(&dev, body, NULL);
	a->chain = (struct who){ .key = NULL };
	put_body(a);
	return mac_seal(&a->d, ref);
}

static int
has_mac(const struct left *l)
{
	struct err e = { 0 };
	struct mac m;

	return l->der.n > 0 && mac_parse(l->m.hdr.protection_alg, &m, &e) == 0;
}

static void
genm(struct draft *d)
{
	draft_init(d);
	d->body = BODY_GENM;
	d->transaction_id = fresh(16);
	d->sender_nonce = fresh(16);
	d->has_time = 1;
	d->message_time = the_time;
	derw_raw(&d->content, SLICE_LIT("\x30\x0c\x30\x0a\x06\x08\x2b\x06"
	    "\x01\x05\x05\x07\x04\x11"));
}

static void
test_mac(void)
{
	struct err e = { 0 };
	struct slice der, v[2];
	struct left *l;
	struct draft d;
	struct ask a;
	struct msg q;

	if (shared_mac("pbmac1", "t", &pbmac1, &e) == -1)
		die("mac", &e);
	ra_conf("", "[forward slips]\nforward = replace\n");
	ticket("slip", 2);
	der = mac_ask(&a, BODY_IR, "slip");
	give(der);
	l = UP(BODY_IR);
	ok(to.verdict == VERDICT_ANSWERED && !has_mac(l) && slice_eq(
	    l->m.hdr.sender_name, lra.cert.subject) && uses("slip") == 1,
	    "replace: a shared secret is not seen upstream, its ticket is "
	    "used");
	give(upstream(l->der));
	l = DOWN(BODY_IP);
	ok(has_mac(l) && l->r.cert.p != NULL && uses("slip") == 1,
	    "replace: the answer comes with the same secret");
	give(der);
	ok(to.verdict == VERDICT_REPEATED && uses("slip") == 1, "(once)");
	drop(&a);
	der = mac_ask(&a, BODY_IR, "slip");
	give(der);
	q = UP(BODY_IR)->m;
	ok(uses("slip") == 0, "(the second use)");
	give(error_to(&q, &cmp, STATUS_REJECTION));
	l = DOWN(BODY_ERROR);
	ok(has_mac(l) && uses("slip") == 1, "a request that upstream refuses "
	    "gives its ticket back");
	drop(&a);
	der = mac_ask(&a, BODY_IR, "slip");
	give(der);
	drop(&a);
	der = mac_ask(&a, BODY_IR, "slip");
	give(der);
	ok(to.verdict == VERDICT_REFUSED && to.code == E_TICKET_USED,
	    "a ticket that is used up is good for nothing");
	drop(&a);
	der = mac_ask(&a, BODY_KUR, "slip");
	give(der);
	ok(to.verdict == VERDICT_REFUSED && n_out == 1 && strcmp(out[0].dir,
	    "") == 0, "a kur with a shared secret goes nowhere");
	drop(&a);
	ticket("other", 3);
	genm(&d);
	derw_reset(&d.content);
	d.body = BODY_RR;
	rev_write_request(&d.content, dev.cert.issuer, dev.cert.serial, 1);
	der = mac_seal(&d, "other");
	give(der);
	ok(to.verdict == VERDICT_REFUSED && to.code == E_FORWARD_MAC &&
	    n_out == 1 && strcmp(out[0].dir, "") == 0, "an rr with a shared "
	    "secret is not turned into one of ours");
	draft_release(&d);
	ra_conf("", "[forward slips]\nforward = add\n");
	der = mac_ask(&a, BODY_IR, "other");
	give(der);
	ok(to.verdict == VERDICT_REFUSED && to.code == E_FORWARD_MAC &&
	    DOWN(BODY_IP)->r.fail == FAIL_NOT_AUTHORIZED && uses("other") == 3,
	    "add: a shared secret is refused, its ticket stays");
	drop(&a);
	/* In bundles. */
	ra_conf("", "[forward slips]\nforward = replace\nbatch = yes\n");
	due(1);
	der = mac_ask(&a, BODY_IR, "other");
	give(der);
	ok(has_mac(DOWN(BODY_IP)) && uses("other") == 2, "batch: the waiting "
	    "comes with the secret");
	due(1);
	q = UP(BODY_NESTED)->m;
	members(out[0].der, v, 2);
	give(error_to(&q, &cmp, STATUS_REJECTION));
	l = DOWN(BODY_ERROR);
	ok(has_mac(l) && l->r.fail == FAIL_SYSTEM_UNAVAIL &&
	    uses("other") == 3, "batch: what is lost gives its ticket back");
	drop(&a);
	genm(&d);
	der = mac_seal(&d, "other");
	give(der);
	ok(has_mac(DOWN(BODY_ERROR)) && out[0].r.status == STATUS_WAITING,
	    "batch: a genm waits in an error message");
	due(1);
	q = UP(BODY_NESTED)->m;
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(DOWN(BODY_ERROR)->r.fail == FAIL_SYSTEM_UNAVAIL &&
	    uses("other") == 3, "batch: what used none gives none back");
	draft_release(&d);
}

/* --- what cannot be answered any more is in nobody's way */

static void
remove_ticket(const char *ref)
{
	struct err e = { 0 };

	if (store_begin(engine_store(ra), &e) == -1 ||
	    store_ticket_remove(engine_store(ra), slice_str(ref), &e) != 1 ||
	    store_commit(engine_store(ra), &e) == -1)
		die("remove", &e);
}

static void
spoil(const char *sql)
{
	sqlite3 *db = NULL;
	struct err e = { 0 };

	engine_close(ra);
	if (sqlite3_open(in_top("ra/state/cmp.db"), &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_changes(db) != 1)
		die(sql, &e);
	sqlite3_close(db);
	open_ra();
}

struct untold {
	const char	*code;
	int		 n;
};

static int
is_untold(void *arg, const struct store_audit *x)
{
	struct untold *u = arg;

	u->n += strcmp(x->code, u->code) == 0 &&
	    strstr(x->detail, "nobody is told") != NULL;
	return 0;
}

static int
untold(const char *code)
{
	struct untold u = { .code = code };
	struct err e = { 0 };

	if (store_audit(engine_store(ra), is_untold, &u, &e) == -1)
		die("audit", &e);
	return u.n;
}

enum broken { TICKET_GONE, REQUEST_BAD, TXN_GONE };

/* Two in a bundle; the first cannot be told what became of it. */
static void
test_untold(enum broken how, int lose)
{
	const char *code = err_name(lose ? E_BATCH_LOST : E_BATCH_ERROR);
	struct ask a, b = asked(&dev, BODY_IR, NULL);
	int rows, n = untold(code);
	struct slice v[3];
	struct msg q;

	ra_conf("", "[forward slips]\nforward = replace\nbatch = yes\n"
	    FORWARD("forward = keep\nbatch = yes"));
	due(1);
	rows = open_rows();
	ticket("gone", 1);
	give(mac_ask(&a, BODY_IR, "gone"));
	give(make(&b));
	due(1);
	q = UP(BODY_NESTED)->m;
	members(upstream(out[0].der), v, 3);
	if (how != REQUEST_BAD)
		remove_ticket("gone");
	if (how == REQUEST_BAD)
		spoil("UPDATE relay SET request = x'3000' WHERE id = "
		    "(SELECT max(id) - 1 FROM relay)");
	if (how == TXN_GONE)
		spoil("DELETE FROM txn WHERE id = (SELECT max(txn) - 1 FROM "
		    "relay)");
	give(lose ? answers_to(&q, &cmp, &v[1], 1) : error_to(&q, &cmp,
	    STATUS_REJECTION));
	ok(to.verdict == VERDICT_ANSWERED && n_out == 1 && slice_eq(
	    out[0].m.hdr.transaction_id, b.d.transaction_id) && at_ra(&b) ==
	    (lose ? TXN_DONE : TXN_FAILED), "batch: who cannot be told (%d) "
	    "that there is %s answer keeps nobody from theirs", how,
	    lose ? "no" : "a bad");
	ok(open_rows() == rows && untold(code) == n + 1, "batch: its row is "
	    "closed, and the audit trail has %s", code);
	ok(lose || strstr(to.note, "but for 1") != NULL, "batch: the operator "
	    "is told that somebody was not");
	give(error_to(&q, &cmp, STATUS_REJECTION));
	ok(to.code == E_ANSWER_TAKEN && n_out == 0, "batch: and the bundle is "
	    "done");
	if (how == REQUEST_BAD)
		remove_ticket("gone");
	drop(&a);
	drop(&b);
}

struct to_decide {
	int64_t txn[8];
	int	n;
};

static int
one_held(void *arg, const struct store_held *h)
{
	struct to_decide *d = arg;

	d->txn[d->n++ % 8] = h->txn;
	return 0;
}

static int
decide_all(const char *why)
{
	struct to_decide d = { .n = 0 };
	struct err e = { 0 };

	if (store_helds(engine_store(ra), one_held, &d, &e) == -1 ||
	    engine_begin(ra, &e) == -1)
		die("held", &e);
	for (int i = 0; i < d.n; i++)
		if (store_decide(engine_store(ra), d.txn[i], why, "x",
		    the_time, &e) == -1)
			die("decide", &e);
	if (engine_commit(ra, &e) == -1)
		die("decide", &e);
	return d.n;
}

/* The same of two that an operator has looked at. */
static void
test_held_untold(enum broken how, const char *why)
{
	struct ask a, b = asked(&dev, BODY_IR, NULL);
	const char *code = err_name(how == REQUEST_BAD ? E_SYNTAX :
	    why != NULL ? E_NOT_APPROVED : E_PROT_MAC);
	int n = untold(code);

	ra_conf("", "[forward slips]\nforward = replace\nhold = yes\n"
	    FORWARD("forward = keep\nhold = yes"));
	ticket("gone", 1);
	give(mac_ask(&a, BODY_IR, "gone"));
	give(make(&b));
	ok(at_ra(&b) == TXN_HELD, "(held)");
	if (how == REQUEST_BAD)
		spoil("UPDATE held SET request = x'3000' WHERE txn = "
		    "(SELECT min(txn) FROM held)");
	remove_ticket("gone");
	ok(decide_all(why) == 2 && due(0) == 2 && n_out == 1 && slice_eq(
	    out[0].m.hdr.transaction_id, b.d.transaction_id) && at_ra(&b) ==
	    (why != NULL ? TXN_FAILED : TXN_DELAYED), "hold: what cannot be "
	    "answered (%d), %s, keeps nobody behind it waiting", how,
	    why != NULL ? "rejected" : "approved");
	ok(untold(code) == n + 1 && decide_all(why) == 0 && due(0) == 0,
	    "hold: it is decided, and the audit trail has %s", code);
	drop(&a);
	drop(&b);
}

/* What the audit trail says of those that were lost. */
static void
test_audit(void)
{
	struct err e = { 0 };
	int n[2] = { 0, 0 };

	ok(store_audit(engine_store(ra), audit_has, n, &e) == 0 &&
	    n[0] > 0 && n[1] > 0, "E_BATCH_LOST and E_BATCH_ERROR are in the "
	    "audit trail");
}

int
main(void)
{
	setup_relay();
	make_device_files();
	plain = identity(&ca, "CN=Plain,O=Plant", "ed25519", (struct says){
	    0 });
	for (restarts = 0; restarts < 2; restarts++) {
		test_all();
		test_lost();
		test_error();
		test_extra();
		test_waiting(0);
	}
	restarts = 0;
	test_waiting(1);
	test_wrong();
	test_when();
	test_device("keep");
	test_device("add");
	test_device("replace");
	test_device("raverified");
	test_mac();
	for (int lose = 0; lose < 2; lose++) {
		test_untold(TICKET_GONE, lose);
		test_untold(REQUEST_BAD, lose);
		test_untold(TXN_GONE, lose);
	}
	test_held_untold(TICKET_GONE, NULL);
	test_held_untold(TICKET_GONE, "no");
	test_held_untold(REQUEST_BAD, NULL);
	test_audit();
	key_free(plain.key);
	teardown_relay();
	return done();
}
