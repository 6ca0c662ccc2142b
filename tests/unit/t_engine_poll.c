/* Delayed answers, at the CA and at the device: RFC 9483 4.4 and 5.1.5. */
#include <sqlite3.h>

#include "tap.h"
#include "msg/poll.h"
#include "t_engine_dev.h"
#include "t_engine_say.h"

/* One request that is held. */
struct held_ir {
	struct ask	 a;
	struct key	*key;
	struct slice	 ir, id, nonce;	/* senderNonce of the last answer */
};

static struct held_ir
hold_one(int implicit)
{
	struct held_ir h = { .key = new_key("ed25519") };

	h.a = ask_for(&dev, h.key);
	h.a.d.cert_profile = slice_str("held");
	h.a.d.implicit_confirm = implicit;
	h.ir = make(&h.a);
	h.id = h.a.d.transaction_id;
	say(h.ir);
	h.nonce = re.m.hdr.sender_nonce;
	return h;
}

static void
forget(struct held_ir *h)
{
	ask_release(&h->a);
	key_free(h->key);
}

/* A pollReq of ${by} for ${h}, with ${n} elements for certReqId ${id}. */
static struct slice
poll_by(const struct held_ir *h, const struct who *by, int64_t id, int n)
{
	struct slice der;
	struct draft d;

	draft_init(&d);
	d.transaction_id = h->id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = h->nonce;
	d.has_time = 1;
	d.message_time = the_time;
	poll_write_req(&d, id);
	if (n == 2) {
		derw_reset(&d.content);
		for (int i = 0; i < 2; i++) {
			size_t m = derw_mark(&d.content);

			derw_int(&d.content, DER_INTEGER, 0);
			derw_wrap(&d.content, DER_SEQUENCE, m);
		}
		derw_wrap(&d.content, DER_SEQUENCE, 0);
	}
	der = seal(&d, by, &sub.cert);
	draft_release(&d);
	return der;
}

static int
polled(struct held_ir *h, int64_t id)
{
	struct err e = { 0 };
	struct poll_rep r;
	size_t n;

	say(poll_by(h, &dev, id, 1));
	if (re.m.body != BODY_POLLREP)
		return 0;
	h->nonce = re.m.hdr.sender_nonce;
	return re.verdict == VERDICT_ANSWERED && re.proper &&
	    poll_read_rep(re.m.content, &r, &n, &e) == 0 && n == 1 &&
	    r.cert_req_id == id && r.check_after == DAY && r.reason.n > 0;
}

static int
decide_on(const struct held_ir *h, const char *reason)
{
	uint8_t peer[32];
	struct err e = { 0 };
	struct txn t;
	int rc;

	alg_sha256(dev.cert.spki, SLICE_NONE, peer);
	txn_init(&t);
	rc = store_txn(engine_store(en), SLICE(peer, 32), h->id, &t, &e) == 1 &&
	    store_begin(engine_store(en), &e) == 0 ? 0 : -1;
	if (rc == 0 && (rc = store_decide(engine_store(en), t.id, reason,
	    "digest", the_time, &e)) == 0)
		rc = store_commit(engine_store(en), &e);
	else
		store_rollback(engine_store(en));
	txn_release(&t);
	return rc == -1 ? (int)e.code : 0;
}

static int
count_one(void *arg, const struct store_held *h)
{
	(void)h;
	++*(int *)arg;
	return 0;
}

static int
held_rows(void)
{
	struct err e = { 0 };
	int n = 0;

	return store_helds(engine_store(en), count_one, &n, &e) == 0 ? n : -1;
}

/* The last answer: that to the request, and nothing else is there. */
static int
is_final(const struct held_ir *h)
{
	return re.m.body == BODY_IP && slice_eq(re.m.hdr.recip_nonce,
	    h->a.d.sender_nonce) && slice_eq(re.m.hdr.transaction_id, h->id) &&
	    held_rows() == 0;
}

static void
test_approve(void)
{
	struct held_ir h = hold_one(1);
	int before = certificates(NULL);
	struct slice first, final;

	ok(re.verdict == VERDICT_ANSWERED && re.proper && re.status ==
	    STATUS_WAITING && re.fail == FAIL_NONE && re.cert.p == NULL &&
	    state_of(&dev, h.id) == TXN_HELD && held_rows() == 1,
	    "a held request is answered with an ip of status waiting without "
	    "failInfo");
	ok(!re.m.hdr.implicit_confirm && !re.m.hdr.has_confirm_wait,
	    "implicitConfirm is not granted with status waiting");
	final = re.der;
	say(h.ir);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, final),
	    "a held request again gets the same waiting answer");
	ok(polled(&h, 0), "a pollReq is answered with a pollRep of the same "
	    "certReqId, checkAfter and a reason");
	ok(polled(&h, -1), "a pollReq for the whole message gets -1 back");
	first = poll_by(&h, &dev, 0, 1);
	say(first);
	h.nonce = re.m.hdr.sender_nonce;
	final = re.der;
	say(first);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, final),
	    "the same pollReq again gets the same bytes");
	ok(certificates(NULL) == before, "nothing is issued while it is held");
	ok(decide_on(&h, NULL) == 0 && state_of(&dev, h.id) == TXN_APPROVED,
	    "an operator approves it");
	ok(decide_on(&h, NULL) == E_NOT_FOUND && decide_on(&h, "no") ==
	    E_NOT_FOUND, "what is decided is decided");
	first = poll_by(&h, &dev, 0, 1);
	say(first);
	final = re.der;
	ok(re.verdict == VERDICT_ANSWERED && is_final(&h) && re.cert.p !=
	    NULL && certificates(NULL) == before + 1 && state_of(&dev, h.id) ==
	    TXN_DONE, "an approved request gets its ip with the "
	    "senderNonce of the request");
	ok(re.m.hdr.implicit_confirm && re.m.n_extra > 0 &&
	    slice_eq(re.m.extra[0], cmp.cert.der),
	    "implicitConfirm is granted in the final response");
	say(first);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, final) &&
	    certificates(NULL) == before + 1,
	    "the last pollReq again gets the same certificate");
	h.nonce = re.m.hdr.sender_nonce;
	say(poll_by(&h, &dev, 0, 1));
	ok(ERROR(E_BODY_STATE, FAIL_BAD_REQUEST) && state_of(&dev, h.id) ==
	    TXN_DONE, "a pollReq after the final response is badRequest");
	forget(&h);
}

static void
test_reject(void)
{
	struct held_ir h = hold_one(0);
	struct slice text, line, in;
	struct cert_rep rep;
	struct err e = { 0 };
	int before = certificates(NULL);

	ok(decide_on(&h, "no such pump") == 0, "an operator rejects it");
	say(poll_by(&h, &dev, 0, 1));
	ok(re.verdict == VERDICT_REFUSED && re.code == E_NOT_APPROVED &&
	    is_final(&h) && re.status == STATUS_REJECTION &&
	    re.fail == FAIL_NOT_AUTHORIZED && certificates(NULL) == before &&
	    state_of(&dev, h.id) == TXN_FAILED,
	    "a rejected request gets an ip with status rejection");
	text = SLICE_NONE;
	if (crmf_response(re.m.content, &rep, &e) == 0)
		text = rep.first.status.text;
	in = text;
	ok(der_get(&in, DER_UTF8_STRING, &line) == 0 &&
	    slice_eq(line, slice_str("no such pump")),
	    "statusString has the operator's reason");
	forget(&h);
}

/* Everything that must not count as the device's next step. */
static void
test_wrong(void)
{
	struct held_ir h = hold_one(1), w = h;
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);

	w.nonce = fresh(16);
	say(poll_by(&w, &dev, 0, 1));
	ok(ERROR(E_RECIP_NONCE, FAIL_BAD_RECIPIENT_NONCE),
	    "a pollReq with another recipNonce is badRecipientNonce");
	w.nonce = SLICE_NONE;
	say(poll_by(&w, &dev, 0, 1));
	ok(ERROR(E_RECIP_NONCE, FAIL_BAD_RECIPIENT_NONCE),
	    "a pollReq without recipNonce is badRecipientNonce");
	say(poll_by(&h, &dev, 1, 1));
	ok(ERROR(E_POLL_ID, FAIL_BAD_CERT_ID),
	    "a pollReq for another certReqId is badCertId");
	say(poll_by(&h, &dev, 0, 2));
	ok(ERROR(E_POLL_ID, FAIL_BAD_CERT_ID),
	    "a pollReq with two elements is refused");
	say(poll_by(&h, &dev2, 0, 1));
	ok(ERROR(E_PROT_SAME, FAIL_WRONG_INTEGRITY),
	    "a pollReq with other credentials is wrongIntegrity");
	w = h;
	w.id = fresh(16);
	say(poll_by(&w, &dev, 0, 1));
	ok(ERROR(E_BODY_STATE, FAIL_BAD_REQUEST),
	    "a pollReq without a request before it is badRequest");
	ok(polled(&h, 0) && state_of(&dev, h.id) == TXN_HELD,
	    "none of that changes what is held");
	a.d.cert_profile = slice_str("held");
	a.popo_bad = 1;
	say(make(&a));
	ok(REJECTED(E_POPO_SIG, FAIL_BAD_POP),
	    "a request that would be refused is refused at once");
	decide_on(&h, NULL);
	say(poll_by(&h, &dev, 7, 1));
	ok(ERROR(E_POLL_ID, FAIL_BAD_CERT_ID) && state_of(&dev, h.id) ==
	    TXN_APPROVED, "an approved one is given for its certReqId only");
	say(poll_by(&h, &dev, -1, 1));
	ok(is_final(&h) && re.cert.p != NULL,
	    "the whole message may be asked for");
	ask_release(&a);
	key_free(key);
	forget(&h);
}

/* The decision holds for what was asked; policy may have changed since. */
static void
test_later(void)
{
	struct held_ir h = hold_one(1), g = { .key = h.key };
	int before;

	g.a = ask_for(&dev, h.key);
	say(make(&g.a));
	ok(granted(), "(the same key is certified meanwhile)");
	before = certificates(NULL);
	decide_on(&h, NULL);
	say(poll_by(&h, &dev, 0, 1));
	ok(re.code == E_TMPL_KEY_USED && is_final(&h) && re.status ==
	    STATUS_REJECTION && certificates(NULL) == before &&
	    state_of(&dev, h.id) == TXN_FAILED,
	    "an approved request is judged again when it is answered");
	ask_release(&g.a);
	forget(&h);
	h = hold_one(0);
	the_time += 20 * DAY;
	decide_on(&h, NULL);
	say(poll_by(&h, &dev, 0, 1));
	ok(is_final(&h) && re.cert.p != NULL && re.m.hdr.has_confirm_wait &&
	    state_of(&dev, h.id) == TXN_CONFIRM,
	    "weeks later it is answered too, and certConf is awaited");
	the_time -= 20 * DAY;
	forget(&h);
}

/* --- cmp.conf has changed since the operator said yes */

/* The CA's cmp.conf with "${was}" replaced by "${is}", once. */
static void
edit_conf(const char *was, const char *is)
{
	struct buf text, out;
	struct err e = { 0 };
	const char *at;
	size_t n;

	buf_init(&text, 1 << 20);
	buf_init(&out, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1 ||
	    (at = strstr(buf_str(&text), was)) == NULL)
		die(was, &e);
	n = (size_t)(at - (const char *)text.p);
	buf_add(&out, text.p, n);
	buf_add_str(&out, is);
	buf_add(&out, text.p + n + strlen(was), text.n - n - strlen(was));
	put_file(cafd, "cmp.conf", buf_slice(&out), 0644);
	buf_release(&text);
	buf_release(&out);
	engine_close(en);
	open_ca();
}

/* A row as an older program wrote it. */
static int
without_usages(void)
{
	sqlite3 *db = NULL;
	int rc;

	engine_close(en);
	rc = sqlite3_open(in_top("ca/state/cmp.db"), &db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "UPDATE held SET usages = ''", NULL, NULL,
		    NULL);
	sqlite3_close(db);
	open_ca();
	return rc == SQLITE_OK;
}

/* One that is approved, and asked for after ${was} has become ${is}. */
static void
changed(const char *was, const char *is, enum err_code code, const char *name)
{
	struct held_ir h = hold_one(1);
	int before = certificates(NULL);

	decide_on(&h, NULL);
	edit_conf(was, is);
	say(poll_by(&h, &dev, 0, 1));
	if (code == E_NONE)
		ok(is_final(&h) && re.cert.p != NULL && certificates(NULL) ==
		    before + 1, "%s", name);
	else
		ok(re.verdict == VERDICT_REFUSED && re.code == code &&
		    is_final(&h) && re.status == STATUS_REJECTION &&
		    re.fail == FAIL_NOT_AUTHORIZED && certificates(NULL) ==
		    before && state_of(&dev, h.id) == TXN_FAILED, "%s", name);
	edit_conf(is, was);
	forget(&h);
}

static void
test_changed(void)
{
#define HELD	"[profile held]\nhold = yes\n"
	struct held_ir h;
	int before;

	changed(HELD, HELD "key-usage = keyAgreement digitalSignature "
	    "nonRepudiation\n", E_HELD_CHANGED, "what was approved is not "
	    "issued with other key usages");
	changed(HELD, HELD "eku = clientAuth codeSigning\n", E_HELD_CHANGED,
	    "what was approved is not issued with other extended key usages");
	changed(HELD, HELD "validity = 800d\nmax-validity = 800d\n",
	    E_HELD_CHANGED, "what was approved is not issued for longer");
	changed(HELD, HELD "validity = 10d\n", E_NONE,
	    "what was approved may be issued for a shorter time");
	changed(HELD, HELD "eku =\n", E_HELD_CHANGED,
	    "what was approved is not issued without its usages");
	changed(HELD, "[profile held]\nhold = no\neku = codeSigning\n",
	    E_HELD_CHANGED, "nor as a profile that is not held any more says");
	/* Of the default profile: which one that is can change, too. */
	edit_conf("[enrol devices]\n", "[enrol devices]\nhold = yes\n");
	h = (struct held_ir){ .key = new_key("ed25519") };
	h.a = ask_for(&dev, h.key);
	h.ir = make(&h.a);
	h.id = h.a.d.transaction_id;
	say(h.ir);
	h.nonce = re.m.hdr.sender_nonce;
	before = certificates(NULL);
	decide_on(&h, NULL);
	edit_conf("[enrol devices]\nhold = yes\n", "[enrol devices]\n");
	edit_conf("#default-profile = default", "default-profile = again");
	say(poll_by(&h, &dev, 0, 1));
	ok(re.code == E_HELD_CHANGED && is_final(&h) && certificates(NULL) ==
	    before, "what was approved is not issued under another profile");
	edit_conf("default-profile = again", "#default-profile = default");
	forget(&h);
	/* A row that an older program wrote has no usages. */
	h = hold_one(1);
	decide_on(&h, NULL);
	before = certificates(NULL);
	ok(without_usages(), "(a row of an older program)");
	say(poll_by(&h, &dev, 0, 1));
	ok(re.code == E_HELD_CHANGED && is_final(&h) && certificates(NULL) ==
	    before, "what was approved without its usages is not issued");
	forget(&h);
}

/* --- the device */

static struct slice
rep_for(const struct device *d, struct slice recip, const struct who *by,
    int64_t id)
{
	struct slice der;
	struct draft m;

	head_for(&m, d);
	m.recip_nonce = recip;
	poll_write_rep(&m, id, 3600, "busy");
	der = seal(&m, by, NULL);
	draft_release(&m);
	return der;
}

static int
poll_req(const struct device *d, int64_t id)
{
	struct err e = { 0 };
	int64_t asked;
	size_t n;

	return got.verdict == VERDICT_WAITING && got.code ==
	    E_ANSWER_WAITING && got.m.body == BODY_POLLREQ &&
	    poll_read_req(got.m.content, &asked, &n, &e) == 0 && n == 1 &&
	    asked == id && dev_state(d) == TXN_WAITING;
}

static void
wait_answer(struct device *d)
{
	struct ip p = ip_for(d);

	p.cert = SLICE_NONE;
	p.status = STATUS_WAITING;
	p.d.implicit_confirm = 0;
	take(d, ip_make(&p));
	draft_release(&p.d);
}

static void
test_device(int last)
{
	struct device d = device(0);
	struct slice nonce, other, rep;
	struct who twin = { .key = dev2.key };
	struct ip p;

	wait_answer(&d);
	ok(poll_req(&d, 0) && slice_eq(got.m.extra[0], dev.cert.der),
	    "status waiting is taken and asked for with a pollReq of the "
	    "same credentials");
	nonce = got.m.hdr.sender_nonce;
	take(&d, rep_for(&d, d.q.hdr.sender_nonce, &cmp, 0));
	ok(got.code == E_RECIP_NONCE && got.verdict == VERDICT_NO,
	    "a pollRep with the nonce of the request is not taken");
	take(&d, rep_for(&d, nonce, &cmp, 0));
	ok(poll_req(&d, 0), "a pollRep is followed by a pollReq");
	other = nonce;
	nonce = got.m.hdr.sender_nonce;
	ok(!slice_eq(nonce, other), "each pollReq has its own senderNonce");
	twin.cert = certify(&ca, "CN=CMP,CN=Plant CA,O=T", dev2.key,
	    (struct says){ .eku = OID_KP_CMC_CA });
	take(&d, rep_for(&d, nonce, &twin, 0));
	ok(got.code == E_PROT_SAME && dev_state(&d) == TXN_WAITING,
	    "a pollRep with other credentials is not taken");
	rep = rep_for(&d, nonce, &cmp, 0);
	take(&d, rep);
	other = got.der;
	nonce = got.m.hdr.sender_nonce;
	take(&d, rep);
	ok(got.verdict == VERDICT_REPEATED && slice_eq(got.der, other),
	    "the same pollRep again gives the same pollReq");
	p = ip_for(&d);
	p.d.recip_nonce = fresh(16);
	take(&d, ip_make(&p));
	ok(got.code == E_RECIP_NONCE, "a final answer with a strange nonce is "
	    "not taken");
	p.d.recip_nonce = last ? nonce : d.q.hdr.sender_nonce;
	take(&d, ip_make(&p));
	ok(got.verdict == VERDICT_TAKEN && installed(&d) &&
	    dev_state(&d) == TXN_DONE, "the final answer is taken with the "
	    "nonce of the %s", last ? "last pollReq" : "request");
	draft_release(&p.d);
	device_close(&d);
}

static void
test_device_bad(void)
{
	struct device d = device(0);
	struct draft m;

	wait_answer(&d);
	take(&d, rep_for(&d, got.m.hdr.sender_nonce, &cmp, 5));
	ok(got.code == E_POLL_ID && dev_state(&d) == TXN_FAILED,
	    "a pollRep for another certReqId ends the transaction");
	device_close(&d);
	d = device(0);
	take(&d, rep_for(&d, d.q.hdr.sender_nonce, &cmp, 0));
	ok(got.code == E_BODY_STATE && dev_state(&d) == TXN_OPEN,
	    "a pollRep that nothing waits for is not taken");
	device_close(&d);
	d = device(0);
	wait_answer(&d);
	head_for(&m, &d);
	m.body = BODY_GENP;
	derw_raw(&m.content, SLICE_LIT("\x30\x0c\x30\x0a\x06\x08\x2b\x06"
	    "\x01\x05\x05\x07\x04\x11"));
	take(&d, seal(&m, &cmp, NULL));
	ok(got.verdict == VERDICT_NO && got.code == E_BODY_TYPE &&
	    dev_state(&d) == TXN_FAILED, "after waiting, too, only the answer "
	    "to our request is one");
	draft_release(&m);
	device_close(&d);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_approve();
	test_reject();
	test_wrong();
	test_later();
	test_changed();
	test_device(0);
	test_device(1);
	test_device_bad();
	teardown();
	return done();
}
