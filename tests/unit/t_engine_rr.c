/* Revocation and CRLs: RFC 9483 4.2 and 5.1.3. */
#include "tap.h"
#include "t_engine_dev.h"
#include "t_engine_say.h"

#include "msg/rev.h"
#include "pki/crl.h"
#include "role/crl.h"

/* A revocation request and how it deviates. */
struct rr {
	struct draft	 d;
	struct who	 by, chain;
	struct slice	 issuer, serial;	/* p NULL: absent */
	const char	*subject;
	int		 count;
	int		 reason, n_reason;	/* -1: no crlEntryDetails */
	int64_t		 invalidity;		/* 0: absent */
	int		 critical;
};

static struct rr
rr_for(const struct who *w)
{
	struct rr r = { .by = *w, .issuer = w->cert.issuer,
	    .serial = w->cert.serial, .count = 1, .reason = 1,
	    .n_reason = 1 };

	draft_init(&r.d);
	r.d.body = BODY_RR;
	r.d.transaction_id = fresh(16);
	r.d.sender_nonce = fresh(16);
	r.d.has_time = 1;
	r.d.message_time = the_time;
	return r;
}

static void
put_details(struct derw *w, const struct rr *r)
{
	size_t all = derw_mark(w), m = all;

	if (r->invalidity != 0) {
		derw_generalized(w, r->invalidity);
		end_ext(w, m, oid_bytes(OID_INVALIDITY_DATE), 0);
	}
	m = derw_mark(w);
	if (r->critical) {
		derw_null(w);
		end_ext(w, m, SLICE_LIT("\x2a\x03\x04\x05"), 1);
	}
	for (int i = 0; i < r->n_reason; i++) {
		m = derw_mark(w);
		derw_int(w, DER_ENUMERATED, r->reason);
		end_ext(w, m, oid_bytes(OID_CRL_REASON), 0);
	}
	if (derw_mark(w) != all)
		derw_wrap(w, DER_SEQUENCE, all);
	m = derw_mark(w);
	if (r->subject != NULL) {
		derw_raw(w, name(r->subject));
		derw_wrap(w, DER_CTX(5), m);
	}
	if (r->issuer.p != NULL) {
		size_t i = derw_mark(w);

		derw_raw(w, r->issuer);
		derw_wrap(w, DER_CTX(3), i);
	}
	if (r->serial.p != NULL)
		derw_prim(w, DER_CTXP(1), r->serial);
	derw_wrap(w, DER_SEQUENCE, m);
	derw_wrap(w, DER_SEQUENCE, all);
}

static struct slice
rr_make(struct rr *r)
{
	derw_reset(&r->d.content);
	for (int i = 0; i < r->count; i++)
		put_details(&r->d.content, r);
	derw_wrap(&r->d.content, DER_SEQUENCE, 0);
	return seal(&r->d, &r->by, &r->chain.cert);
}

/* say(), and what its rp has. */
static void
say_rr(struct slice der)
{
	struct err e = { 0 };
	struct rev_rep rep;

	say(der);
	if (re.der.n == 0 || re.m.body != BODY_RP)
		return;
	if (rev_response(re.m.content, &rep, &e) == -1)
		die("rp", &e);
	re.status = rep.count == 1 ? (int)rep.status.status : -1;
	re.fail = one_bit(&rep.status);
}

static int
accepted(void)
{
	return re.verdict == VERDICT_ANSWERED && re.proper &&
	    re.m.body == BODY_RP && re.status == STATUS_ACCEPTED &&
	    re.fail == FAIL_NONE;
}

/* A device with a certificate of ours. */
static struct who
enrolled(void)
{
	struct who w = { .key = new_key("ed25519") };
	struct ask a = ask_for(&dev, w.key);
	struct err e = { 0 };

	say(make(&a));
	if (!granted() || cert_open(re.cert, &w.cert, &e) == -1)
		die("enrol", &e);
	ask_release(&a);
	return w;
}

/* The reason ${w} is revoked for; -1 if it is not. */
static int
reason_of(const struct who *w)
{
	struct slice serial = w->cert.serial;
	struct err e = { 0 };
	struct store_cert c;

	if (serial.p[0] == 0)
		serial = SLICE(serial.p + 1, serial.n - 1);
	if (store_cert(engine_store(en), serial, &c, new_buf(), &e) != 1)
		return -2;
	return c.revoked ? c.reason : -1;
}

static void
test_good(void)
{
	struct who w = enrolled();
	struct rr r = rr_for(&w);
	struct slice first = rr_make(&r), answer;
	struct ask a;

	say_rr(first);
	answer = re.der;
	ok(accepted() && re.m.hdr.implicit_confirm == 0 &&
	    reason_of(&w) == 1, "a good rr is accepted in an rp of one status, "
	    "and the certificate is revoked");
	say_rr(first);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer),
	    "the same rr again has the same answer");
	r.d.transaction_id = fresh(16);
	r.d.sender_nonce = fresh(16);
	say_rr(rr_make(&r));
	ok(refused_in(BODY_RP, E_RR_REVOKED, FAIL_CERT_REVOKED),
	    "another rr for a revoked certificate is certRevoked");
	a = ask_for(&w, dev2.key);
	a.d.body = BODY_CR;
	put_body(&a);
	say(seal(&a.d, &w, NULL));
	ok(refused_in(BODY_ERROR, E_PATH_REVOKED, FAIL_SIGNER_NOT_TRUSTED),
	    "a revoked certificate signs no cr");
	ask_release(&a);
	draft_release(&r.d);
	key_free(w.key);
}

/* One request that is accepted. */
#define GOOD(bend, why, ...) do { \
	struct who w_ = enrolled(); \
	struct rr r = rr_for(&w_); \
	(void)(bend); \
	say_rr(rr_make(&r)); \
	ok(accepted() && reason_of(&w_) == (why), __VA_ARGS__); \
	draft_release(&r.d); \
	key_free(w_.key); \
} while (0)

/* One request that is not, and nothing happens to the certificate. */
#define BAD(bend, body, code, fail, ...) do { \
	struct rr r = rr_for(&w); \
	(void)(bend); \
	say_rr(rr_make(&r)); \
	ok(refused_in(body, code, fail) && reason_of(&w) == -1 && \
	    reason_of(&other) == -1, __VA_ARGS__); \
	draft_release(&r.d); \
} while (0)

static void
test_reasons(void)
{
	GOOD(r.reason = 0, 0, "reason 0 is accepted");
	GOOD(r.reason = 10, 10, "reason 10 is accepted");
	GOOD(r.n_reason = 0, 0, "without crlEntryDetails it is unspecified");
	GOOD(r.invalidity = the_time - DAY, 1, "an invalidityDate of "
	    "yesterday is accepted");
	GOOD(r.subject = "CN=pump17,O=Example", 1, "the subject may be there");
}

/* The profile has no way back: neither for the holder nor for others. */
static void
test_hold(void)
{
	struct who w = enrolled();
	struct rr r = rr_for(&w);

	r.reason = 6;
	say_rr(rr_make(&r));
	ok(accepted() && reason_of(&w) == 6, "certificateHold is accepted");
	r.d.transaction_id = fresh(16);
	r.d.sender_nonce = fresh(16);
	r.reason = 8;
	say_rr(rr_make(&r));
	ok(refused_in(BODY_RP, E_RR_REASON, FAIL_BAD_REQUEST) &&
	    reason_of(&w) == 6, "removeFromCRL does not end it");
	r.d.transaction_id = fresh(16);
	r.d.sender_nonce = fresh(16);
	r.reason = 1;
	say_rr(rr_make(&r));
	ok(refused_in(BODY_RP, E_RR_REVOKED, FAIL_CERT_REVOKED) &&
	    reason_of(&w) == 6, "what is on hold is revoked: certRevoked");
	draft_release(&r.d);
	key_free(w.key);
}

static void
test_mutants(void)
{
	struct who w = enrolled(), other = enrolled();
	static uint8_t serial[19] = { 0x42, 1 };

	BAD(r.serial = SLICE(serial, 19), BODY_RP, E_RR_ID, FAIL_BAD_CERT_ID,
	    "a serial that was never issued is badCertId");
	BAD(r.issuer = name("CN=Other CA,O=T"), BODY_RP, E_RR_ID,
	    FAIL_BAD_CERT_ID, "another issuer is badCertId");
	BAD(r.serial = SLICE_NONE, BODY_RP, E_RR_ID, FAIL_BAD_CERT_ID,
	    "certDetails without serialNumber is badCertId");
	BAD(r.issuer = SLICE_NONE, BODY_RP, E_RR_ID, FAIL_BAD_CERT_ID,
	    "certDetails without issuer is badCertId");
	BAD(r.subject = "CN=x", BODY_RP, E_RR_ID, FAIL_BAD_CERT_ID,
	    "another subject is badCertId");
	BAD(r.serial = other.cert.serial, BODY_RP, E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED, "a certificate of another holder of ours "
	    "is notAuthorized");
	BAD((r.by = dev, r.chain = sub), BODY_RP, E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED, "the certificate of the maker revokes "
	    "nothing");
	BAD(r.by.key = other.key, BODY_ERROR, E_PROT_SIG,
	    FAIL_BAD_MESSAGE_CHECK, "an rr has to be signed with the key of "
	    "the certificate");
	BAD(r.by.key = NULL, BODY_ERROR, E_PROT_MISSING,
	    FAIL_BAD_MESSAGE_CHECK, "an rr without protection is refused");
	BAD(r.reason = 8, BODY_RP, E_RR_REASON, FAIL_BAD_REQUEST,
	    "removeFromCRL is refused");
	BAD(r.reason = 7, BODY_RP, E_RR_REASON, FAIL_BAD_REQUEST,
	    "reason 7, which does not exist, is refused");
	BAD(r.reason = 11, BODY_RP, E_RR_REASON, FAIL_BAD_REQUEST,
	    "reason 11 is refused");
	BAD((r.n_reason = 0, r.invalidity = the_time), BODY_RP, E_RR_REASON,
	    FAIL_BAD_REQUEST, "crlEntryDetails without reasonCode is refused");
	BAD(r.n_reason = 2, BODY_RP, E_RR_DETAILS, FAIL_BAD_REQUEST,
	    "two reasonCode are refused");
	BAD(r.critical = 1, BODY_RP, E_RR_DETAILS, FAIL_BAD_REQUEST,
	    "an unknown critical extension is refused");
	BAD(r.invalidity = the_time + DAY, BODY_RP, E_RR_DATE,
	    FAIL_BAD_REQUEST, "an invalidityDate in the future is refused");
	BAD(r.count = 2, BODY_RP, E_RR_COUNT, FAIL_BAD_REQUEST,
	    "two RevDetails are refused");
	BAD(r.count = 0, BODY_RP, E_RR_COUNT, FAIL_BAD_REQUEST,
	    "no RevDetails is refused");
	the_time += 400 * DAY;
	BAD(r.reason = 1, BODY_ERROR, E_PATH_TIME, FAIL_SIGNER_NOT_TRUSTED,
	    "an expired certificate cannot ask for its revocation");
	the_time -= 400 * DAY;
	key_free(w.key);
	key_free(other.key);
}

/* --- the device */

static struct device
asking(const struct who *w)
{
	static int n;
	const char *trust[] = { in_top("ca/certs/ca.pem") };
	struct request_ask ask = { .op = "rr", .cert = in_top("own.pem"),
	    .key = in_top("own.key"), .trust = trust, .n_trust = 1,
	    .reason = "superseded" };
	struct buf *b = new_buf();
	struct request_made made;
	struct device d;
	struct err e = { 0 };

	put_certs(topfd, "own.pem", (const struct cert *[]){ &w->cert }, 1);
	put_key(topfd, "own.key", w->key);
	snprintf(d.home, sizeof(d.home), "r%d", ++n);
	d.fd = dir_of(topfd, d.home);
	request_made_init(&made);
	if (request_make(d.fd, &ask, &made, &e) == -1)
		die("rr", &e);
	buf_add_slice(b, buf_slice(&made.message));
	request_made_release(&made);
	d.der = buf_slice(b);
	if (msg_decode(d.der, &d.q, &e) == -1 ||
	    engine_open(d.fd, STORE_WRITE, &d.en, &e) == -1)
		die("device", &e);
	return d;
}

static void
test_device(void)
{
	struct who w = enrolled();
	struct device d = asking(&w);
	struct rev_details det;
	struct err e = { 0 };
	size_t n;

	ok(rev_request(d.q.content, &det, &n, &e) == 0 && n == 1 &&
	    det.reason == 4 && slice_eq(det.tmpl.serial, w.cert.serial) &&
	    slice_eq(det.tmpl.issuer, w.cert.issuer) &&
	    !d.q.hdr.implicit_confirm, "our rr has one RevDetails with "
	    "serialNumber, issuer and reasonCode");
	say_rr(d.der);
	ok(accepted() && reason_of(&w) == 4, "our CA takes our device's rr");
	take(&d, re.der);
	ok(got.verdict == VERDICT_TAKEN && got.der.n == 0 &&
	    dev_state(&d) == TXN_DONE, "our device takes our CA's rp");
	device_close(&d);
	d = asking(&w);
	say_rr(d.der);
	take(&d, re.der);
	ok(got.verdict == VERDICT_NO && got.code == E_ANSWER_REJECTED &&
	    dev_state(&d) == TXN_FAILED, "a rejection ends the transaction");
	device_close(&d);
	key_free(w.key);
}

static void
test_answers(void)
{
	struct who w = enrolled();
	static const struct {
		int status, count, fail;
		const char *issuer;
		enum err_code code;
		const char *what;
	} t[] = {
		{ 0, 1, FAIL_NONE, NULL, E_NONE, "accepted is taken" },
		{ 0, 1, FAIL_NONE, "CN=Plant CA,O=T", E_NONE,
		    "revCerts about our certificate are taken" },
		{ 0, 1, FAIL_NONE, "CN=x", E_ANSWER_ID,
		    "revCerts about another certificate are not" },
		{ 1, 1, FAIL_NONE, NULL, E_ANSWER_STATUS,
		    "grantedWithMods is not taken" },
		{ 0, 1, FAIL_BAD_POP, NULL, E_ANSWER_STATUS,
		    "accepted with failInfo is not taken" },
		{ 0, 2, FAIL_NONE, NULL, E_ANSWER_COUNT,
		    "two status are not taken" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct device d = asking(&w);
		struct draft p;

		head_for(&p, &d);
		p.body = BODY_RP;
		rev_write_response(&p.content, (enum pki_status)t[i].status,
		    NULL, (enum fail)t[i].fail, t[i].issuer ?
		    name(t[i].issuer) : SLICE_NONE, w.cert.serial);
		if (t[i].count == 2) {
			derw_reset(&p.content);
			for (int k = 0; k < 2; k++)
				status_write(&p.content, STATUS_ACCEPTED, NULL,
				    FAIL_NONE);
			derw_wrap(&p.content, DER_SEQUENCE, 0);
			derw_wrap(&p.content, DER_SEQUENCE, 0);
		}
		take(&d, seal(&p, &cmp, NULL));
		ok(t[i].code == E_NONE ? got.verdict == VERDICT_TAKEN :
		    got.verdict == VERDICT_NO && got.code == t[i].code,
		    "rp: %s", t[i].what);
		draft_release(&p);
		device_close(&d);
	}
	key_free(w.key);
}

/* RFC 9483 4.4: any answer may be delayed. */
static void
test_waiting(void)
{
	struct who w = enrolled();
	struct device d = asking(&w);
	struct draft p;

	head_for(&p, &d);
	draft_body_error(&p, STATUS_WAITING, "busy", FAIL_NONE);
	take(&d, seal(&p, &cmp, NULL));
	ok(got.verdict == VERDICT_WAITING && got.m.body == BODY_POLLREQ &&
	    dev_state(&d) == TXN_WAITING, "an rr that is delayed is asked for "
	    "with a pollReq");
	draft_body_pkiconf(&p);
	take(&d, seal(&p, &cmp, NULL));
	ok(got.verdict == VERDICT_NO && got.code == E_BODY_STATE &&
	    dev_state(&d) == TXN_WAITING, "a pkiConf is no answer to it");
	p.body = BODY_RP;
	derw_reset(&p.content);
	rev_write_response(&p.content, STATUS_ACCEPTED, NULL, FAIL_NONE,
	    SLICE_NONE, SLICE_NONE);
	take(&d, seal(&p, &cmp, NULL));
	ok(got.verdict == VERDICT_TAKEN && dev_state(&d) == TXN_DONE,
	    "the rp is taken when it comes");
	draft_release(&p);
	device_close(&d);
	key_free(w.key);
}

/* --- revoked, and then something else comes */

/* ${serial} is revoked for ${reason}, by whoever may. */
static void
revoke_for(struct slice serial, int reason)
{
	struct effects f = { .revoke = 1, .revoke_reason = reason,
	    .event = "revoked" };
	struct store_row row = { .effects = &f, .now = the_time };
	char final[STORE_NAME];
	struct err e = { 0 };
	struct txn t;

	txn_init(&t);
	buf_add_slice(&t.serial, serial.p[0] == 0 ?
	    SLICE(serial.p + 1, serial.n - 1) : serial);
	f.txn = &t;
	if (store_begin(engine_store(en), &e) == -1 ||
	    store_put(engine_store(en), &row, final, &e) == -1 ||
	    store_commit(engine_store(en), &e) == -1)
		die("revoke", &e);
	txn_release(&t);
}

/* A certificate of ours that waits for its certConf; ${nonce} of its ip. */
static struct who
unconfirmed(struct ask *a, struct slice *nonce)
{
	struct who w = { .key = new_key("ed25519") };
	struct err e = { 0 };

	*a = ask_for(&dev, w.key);
	a->d.implicit_confirm = 0;
	say(make(a));
	if (!granted() || cert_open(re.cert, &w.cert, &e) == -1)
		die("enrol", &e);
	*nonce = re.m.hdr.sender_nonce;
	return w;
}

static struct slice
certconf_for(const struct ask *a, const struct who *w, struct slice nonce)
{
	uint8_t hash[HASH_MAX];
	struct slice der;
	struct draft d;
	size_t n = cert_hash(&w->cert, hash);

	draft_init(&d);
	d.transaction_id = a->d.transaction_id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = nonce;
	d.has_time = 1;
	d.message_time = the_time;
	draft_body_certconf(&d, SLICE(hash, n), 0, STATUS_ACCEPTED, NULL,
	    FAIL_NONE);
	der = seal(&d, &dev, &sub.cert);
	draft_release(&d);
	return der;
}

static void
test_revoked(void)
{
	struct who w = enrolled();
	char note[ENGINE_NOTE];
	struct err e = { 0 };
	struct slice nonce;
	struct ask a;

	revoke_for(w.cert.serial, 4);
	revoke_for(w.cert.serial, 5);
	ok(reason_of(&w) == 4, "the reason of a revocation does not change");
	revoke_for(w.cert.serial, 1);
	revoke_for(w.cert.serial, 5);
	ok(reason_of(&w) == 1, "but to a compromise, and never back");
	key_free(w.key);

	w = unconfirmed(&a, &nonce);
	revoke_for(w.cert.serial, 1);
	say(certconf_for(&a, &w, nonce));
	ok(refused_in(BODY_ERROR, E_CONF_REVOKED, FAIL_CERT_REVOKED) &&
	    reason_of(&w) == 1 && state_of(&dev, a.d.transaction_id) ==
	    TXN_FAILED, "certConf for a certificate that was revoked meanwhile "
	    "is certRevoked, and the reason stays");
	ask_release(&a);
	key_free(w.key);

	w = unconfirmed(&a, &nonce);
	revoke_for(w.cert.serial, 1);
	the_time += 300 * DAY;
	accept_clock();
	if (engine_begin(en, &e) == -1)
		die("begin", &e);
	ok(engine_due(en, 0, note, &e) >= 1 && engine_commit(en, &e) == 0 &&
	    reason_of(&w) == 1 && state_of(&dev, a.d.transaction_id) ==
	    TXN_FAILED, "so it does when no certConf comes in time");
	the_time -= 300 * DAY;
	accept_clock();
	ask_release(&a);
	key_free(w.key);
}

/* --- CRLs */

static struct crl *
the_crl(void)
{
	struct err e = { 0 };
	struct crl *c;

	if (crl_load(in_top("ca/certs/ca.crl"), &c, &e) == -1 ||
	    crl_verify(c, ca.cert.spki, &e) == -1)
		die("ca.crl", &e);
	return c;
}

static struct crl_made
make_crl(void)
{
	struct err e = { 0 };
	struct crl_made m;

	if (crl_make(en, &m, &e) == -1)
		die("crl_make", &e);
	return m;
}

static int
on_crl(const struct who *w, int *reason)
{
	struct crl *c = the_crl();
	int rc = crl_lookup(c, w->cert.serial, reason, NULL);

	crl_free(c);
	return rc;
}

static int
revoked_now(void)
{
	int n;

	certificates(&n);
	return n;
}

/* Is ${date} in certs/ca.crl? */
static int
crl_says(int64_t date)
{
	struct err e = { 0 };
	struct derw w;
	struct buf der;
	int found;

	buf_init(&der, 1 << 20);
	derw_init(&w, 64);
	derw_generalized(&w, date);
	found = file_read_at(cafd, "certs/ca.crl", 1 << 20, &der, &e) == 0 &&
	    memmem(der.p, der.n, derw_slice(&w).p, derw_slice(&w).n) != NULL;
	derw_release(&w);
	buf_release(&der);
	return found;
}

static void
test_crl(void)
{
	struct who w = enrolled(), good = enrolled();
	struct rr r = rr_for(&w);
	struct crl_made a, b;
	struct err e = { 0 };
	int reason = -1;

	ok(crl_due(en, &e) == 1, "after a revocation a CRL is due");
	a = make_crl();
	ok(a.entries == (size_t)revoked_now() &&
	    a.number == (the_time - 1767225600) / 60 &&
	    a.next_update == the_time + 30 * DAY, "it has everything revoked, "
	    "is numbered by the minute and good for 30 days");
	ok(crl_due(en, &e) == 0 && !engine_stale(en), "then none is due, and "
	    "our own files are no reason to read everything again");
	r.invalidity = the_time - 3 * DAY;
	ok(!crl_says(r.invalidity), "its entries say no invalidityDate");
	say_rr(rr_make(&r));
	ok(crl_due(en, &e) == 1, "one more revocation, one more CRL");
	the_time -= 240;
	b = make_crl();
	ok(b.number == a.number + 1 && b.this_update == a.this_update,
	    "with the clock minutes back, number and thisUpdate do not go "
	    "back");
	the_time += 240;
	ok(crl_says(r.invalidity), "invalidityDate of an rr goes into the "
	    "entry");
	ok(on_crl(&w, &reason) == 1 && reason == 1 && !on_crl(&good, NULL),
	    "who is revoked is on it with the reason, others are not");
	the_time += 8 * DAY;
	accept_clock();
	ok(crl_due(en, &e) == 1, "after crl-every one is due");
	make_crl();
	the_time += 400 * DAY;
	accept_clock();
	b = make_crl();
	ok(on_crl(&w, NULL) == 1, "who expired since the last CRL is on one "
	    "more");
	b = make_crl();
	ok(b.entries == 0 && on_crl(&w, NULL) == 0, "and then leaves");
	the_time -= 408 * DAY;
	draft_release(&r.d);
	key_free(w.key);
	key_free(good.key);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_good();
	test_reasons();
	test_hold();
	test_mutants();
	test_device();
	test_answers();
	test_waiting();
	test_revoked();
	test_crl();
	teardown();
	return done();
}
