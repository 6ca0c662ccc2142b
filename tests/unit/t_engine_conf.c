/* Confirmations, as the CA checks them: RFC 9483 4.1.1 and 5.1.2. */
#include "tap.h"
#include "t_engine_say.h"

/* One enrolment that waits for its certConf. */
struct wait {
	struct ask	 a;
	struct key	*key;
	struct slice	 cert, ip_nonce, ir;
	int64_t		 by;
};

static struct wait
enrol(void)
{
	struct wait w = { .key = new_key("ed25519") };

	w.a = ask_for(&dev, w.key);
	w.a.d.implicit_confirm = 0;
	w.ir = make(&w.a);
	say(w.ir);
	if (!granted())
		ok(0, "an ir that asks for explicit confirmation is granted");
	w.cert = re.cert;
	w.ip_nonce = re.m.hdr.sender_nonce;
	w.by = re.m.hdr.confirm_wait;
	return w;
}

static void
forget(struct wait *w)
{
	ask_release(&w->a);
	key_free(w->key);
}

/* A certConf and how it deviates. */
struct confirm {
	struct draft	 d;
	struct who	 by;
	const struct cert *chain;
	int64_t		 req_id;
	int		 count;
	struct slice	 hash;
	enum oid	 hash_alg;	/* OID_UNKNOWN: absent */
	int		 status;	/* -1: no statusInfo */
	enum fail	 fail;
};

static struct slice
hash_of(enum hash h, struct slice cert)
{
	struct buf *b = new_buf();
	uint8_t out[HASH_MAX];

	buf_add(b, out, alg_hash(h, cert, out));
	return buf_slice(b);
}

static struct confirm
conf_for(const struct wait *w)
{
	struct confirm c = { .by = dev, .chain = &sub.cert, .count = 1,
	    .status = STATUS_ACCEPTED, .fail = FAIL_NONE };
	struct err e = { 0 };
	uint8_t hash[HASH_MAX];
	struct buf *b = new_buf();
	struct cert cert;

	draft_init(&c.d);
	c.d.body = BODY_CERTCONF;
	c.d.transaction_id = w->a.d.transaction_id;
	c.d.sender_nonce = fresh(16);
	c.d.recip_nonce = w->ip_nonce;
	c.d.has_time = 1;
	c.d.message_time = the_time;
	if (cert_parse(w->cert, &cert, &e) == -1)
		die("certificate", &e);
	buf_add(b, hash, cert_hash(&cert, hash));
	c.hash = buf_slice(b);
	return c;
}

static struct slice
conf_make(struct confirm *c)
{
	struct derw *w = &c->d.content;
	size_t m;

	derw_reset(w);
	for (int i = 0; i < c->count; i++) {
		m = derw_mark(w);
		if (c->hash_alg != OID_UNKNOWN) {
			derw_oid(w, oid_bytes(c->hash_alg));
			derw_wrap(w, DER_SEQUENCE, m);
			derw_wrap(w, DER_CTX(0), m);
		}
		if (c->status >= 0)
			status_write(w, (enum pki_status)c->status, NULL,
			    c->fail);
		derw_int(w, DER_INTEGER, c->req_id);
		derw_prim(w, DER_OCTET_STRING, c->hash);
		derw_wrap(w, DER_SEQUENCE, m);
	}
	derw_wrap(w, DER_SEQUENCE, 0);
	return seal(&c->d, &c->by, c->chain);
}

static void
say_conf(struct confirm *c)
{
	say(conf_make(c));
	draft_release(&c->d);
}

static int
confirmed(const struct wait *w)
{
	return re.verdict == VERDICT_ANSWERED && re.proper &&
	    re.m.body == BODY_PKICONF && slice_eq(re.m.content,
	    SLICE_LIT("\x05\x00")) && state_of(&dev,
	    w->a.d.transaction_id) == TXN_DONE;
}

static int n_revoked;

/* Refused, the transaction has failed, its certificate is revoked. */
static int
ended(const struct wait *w, enum err_code code, enum fail fail)
{
	int now, good;

	certificates(&now);
	good = ERROR(code, fail) && now == n_revoked + 1 &&
	    state_of(&dev, w->a.d.transaction_id) == TXN_FAILED;
	n_revoked = now;
	return good;
}

static void
test_good(void)
{
	const struct cert *none[1] = { NULL };
	struct wait w = enrol();
	struct confirm c = conf_for(&w);
	struct slice first, answer;

	first = conf_make(&c);
	say(first);
	answer = re.der;
	ok(confirmed(&w) && !re.m.hdr.implicit_confirm &&
	    !re.m.hdr.has_confirm_wait,
	    "a certConf that accepts is answered with pkiConf, which is NULL");
	say(first);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer),
	    "the same certConf again gets the same pkiConf");
	c.d.sender_nonce = fresh(16);
	say(conf_make(&c));
	ok(ERROR(E_CONF_AGAIN, FAIL_CERT_CONFIRMED) &&
	    state_of(&dev, w.a.d.transaction_id) == TXN_DONE,
	    "another certConf for a confirmed certificate is certConfirmed "
	    "and changes nothing");
	draft_release(&c.d);
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.status = -1;
	say_conf(&c);
	ok(confirmed(&w), "a certConf without statusInfo accepts");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	say(reseal(conf_make(&c), NULL, none, 0));
	ok(confirmed(&w), "a certConf without extraCerts is verified with the "
	    "certificates of the first request");
	draft_release(&c.d);
	forget(&w);
}

static void
test_hash_alg(void)
{
	static const struct {
		enum oid	 oid;
		enum hash	 hash;
	} algs[] = { { OID_SHA256, HASH_SHA256 }, { OID_SHA384, HASH_SHA384 },
	    { OID_SHA512, HASH_SHA512 }, { OID_SHAKE256, HASH_SHAKE256 } };
	struct wait w;
	struct confirm c;

	for (size_t i = 0; i < 4; i++) {
		w = enrol();
		c = conf_for(&w);
		c.d.pvno = 3;
		c.hash_alg = algs[i].oid;
		c.hash = hash_of(algs[i].hash, w.cert);
		say_conf(&c);
		ok(confirmed(&w) && re.m.hdr.pvno == 3,
		    "hashAlg %s with pvno 3 is taken", oid_name(algs[i].oid));
		forget(&w);
	}
	w = enrol();
	c = conf_for(&w);
	c.hash_alg = OID_SHA256;
	c.hash = hash_of(HASH_SHA256, w.cert);
	say_conf(&c);
	ok(ended(&w, E_CONF_HASHALG, FAIL_UNSUPPORTED_VERSION),
	    "hashAlg with pvno 2 is unsupportedVersion");
	forget(&w);
	w = enrol();
	c = conf_for(&w);
	c.d.pvno = 3;
	c.hash_alg = OID_SHA1;
	c.hash = fresh(20);
	say_conf(&c);
	ok(ended(&w, E_CONF_ALG, FAIL_BAD_ALG),
	    "hashAlg SHA-1 is badAlg");
	forget(&w);
}

/* Whoever signs the certificate decides the hash. */
static void
test_hash(enum hash h, const char *what)
{
	struct wait w = enrol();
	struct confirm c = conf_for(&w);

	ok(slice_eq(c.hash, hash_of(h, w.cert)),
	    "the hash of a certificate signed with %s is of its algorithm",
	    what);
	say_conf(&c);
	ok(confirmed(&w), "that hash confirms it");
	forget(&w);
	w = enrol();
	c = conf_for(&w);
	c.hash = hash_of(h == HASH_SHA256 ? HASH_SHA512 : HASH_SHA256,
	    w.cert);
	say_conf(&c);
	ok(ended(&w, E_CONF_HASH, FAIL_BAD_CERT_ID),
	    "a hash of another algorithm without hashAlg is badCertId (%s)",
	    what);
	forget(&w);
}

static void
test_wrong(void)
{
	struct wait w = enrol();
	struct confirm c = conf_for(&w), good;

	c.hash = fresh(c.hash.n);
	say_conf(&c);
	ok(ended(&w, E_CONF_HASH, FAIL_BAD_CERT_ID),
	    "a wrong certHash is badCertId, ends the transaction and revokes");
	good = conf_for(&w);
	say_conf(&good);
	ok(ERROR(E_BODY_STATE, FAIL_BAD_REQUEST),
	    "after a refused certConf a right one comes too late");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.req_id = 1;
	say_conf(&c);
	ok(ended(&w, E_CONF_ID, FAIL_BAD_CERT_ID),
	    "a wrong certReqId is badCertId");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.count = 2;
	say_conf(&c);
	ok(ended(&w, E_CONF_COUNT, FAIL_BAD_REQUEST),
	    "two CertStatus are badRequest");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.count = 0;
	say_conf(&c);
	ok(ended(&w, E_CONF_COUNT, FAIL_BAD_REQUEST),
	    "a certConf without CertStatus is badRequest");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.status = STATUS_WAITING;
	say_conf(&c);
	ok(ended(&w, E_CONF_STATUS, FAIL_BAD_REQUEST),
	    "a status other than accepted and rejection is badRequest");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.fail = FAIL_BAD_POP;
	say_conf(&c);
	ok(ended(&w, E_CONF_STATUS, FAIL_BAD_REQUEST),
	    "accepted with failInfo is badRequest");
	forget(&w);
}

static void
test_nonce(void)
{
	struct wait w = enrol();
	struct confirm c = conf_for(&w);

	c.d.recip_nonce = SLICE_NONE;
	say_conf(&c);
	ok(ended(&w, E_RECIP_NONCE, FAIL_BAD_RECIPIENT_NONCE),
	    "a certConf without recipNonce is badRecipientNonce");
	forget(&w);
	w = enrol();
	c = conf_for(&w);
	c.d.recip_nonce = w.a.d.sender_nonce;
	say_conf(&c);
	ok(ended(&w, E_RECIP_NONCE, FAIL_BAD_RECIPIENT_NONCE),
	    "a certConf with another recipNonce is badRecipientNonce");
	forget(&w);
}

/* Whoever is not the sender of the request can do no harm to it. */
static void
test_others(void)
{
	struct wait w = enrol();
	struct confirm c = conf_for(&w);
	struct who twin = { .key = dev2.key };

	c.by = dev2;
	say(conf_make(&c));
	ok(ERROR(E_PROT_SAME, FAIL_WRONG_INTEGRITY) &&
	    state_of(&dev, w.a.d.transaction_id) == TXN_CONFIRM,
	    "a certConf with other credentials is wrongIntegrity and leaves "
	    "the transaction pending");
	twin.cert = certify(&sub, "CN=device1,O=Example", dev2.key,
	    (struct says){ 0 });
	c.by = twin;
	c.d.sender_nonce = fresh(16);
	say(conf_make(&c));
	ok(ERROR(E_PROT_SAME, FAIL_WRONG_INTEGRITY),
	    "another certificate of the same subject is other credentials");
	c.by.key = NULL;
	say(conf_make(&c));
	ok(ERROR(E_PROT_MISSING, FAIL_BAD_MESSAGE_CHECK) &&
	    state_of(&dev, w.a.d.transaction_id) == TXN_CONFIRM,
	    "a certConf without protection leaves the transaction pending");
	draft_release(&c.d);
	c = conf_for(&w);
	c.by = stranger;
	c.chain = &stranger_root.cert;
	say_conf(&c);
	ok(ERROR(E_PATH_NONE, FAIL_SIGNER_NOT_TRUSTED) &&
	    state_of(&dev, w.a.d.transaction_id) == TXN_CONFIRM,
	    "a certConf of a stranger leaves the transaction pending");
	c = conf_for(&w);
	say_conf(&c);
	ok(confirmed(&w), "the right certConf is taken after all that");
	forget(&w);

	w = enrol();
	c = conf_for(&w);
	c.d.transaction_id = fresh(16);
	say_conf(&c);
	ok(ERROR(E_BODY_STATE, FAIL_BAD_REQUEST),
	    "a certConf of an unknown transaction is badRequest");
	c = conf_for(&w);
	say_conf(&c);
	ok(confirmed(&w), "a stray certConf does no harm to another");
	forget(&w);
}

static void
test_rejection(void)
{
	struct wait w = enrol();
	struct confirm c = conf_for(&w);
	int before, after;

	certificates(&before);
	c.status = STATUS_REJECTION;
	c.fail = FAIL_BAD_CERT_TEMPLATE;
	say_conf(&c);
	certificates(&after);
	ok(re.verdict == VERDICT_ANSWERED && re.proper &&
	    re.m.body == BODY_PKICONF && after == before + 1 &&
	    state_of(&dev, w.a.d.transaction_id) == TXN_FAILED,
	    "a certConf that rejects is answered with pkiConf, and the "
	    "certificate is revoked");
	n_revoked = after;
	forget(&w);
}

static int
overdue(void)
{
	struct err e = { 0 };
	char note[ENGINE_NOTE];
	int n;

	accept_clock();
	if (engine_begin(en, &e) == -1)
		die("begin", &e);
	n = engine_due(en, 0, note, &e);
	if (engine_commit(en, &e) == -1)
		die("commit", &e);
	return n;
}

static int
stop(void *arg, const struct store_answer *a, struct err *e)
{
	(void)a, (void)e;
	++*(int *)arg;
	return 0;
}

static void
test_late(void)
{
	struct wait w = enrol(), v = enrol();
	struct confirm c;
	struct err e = { 0 };
	int64_t start = the_time;
	int before = 0, after = 0, was, is;

	the_time = w.by;
	ok(overdue() == 0, "until confirmWaitTime nothing is overdue");
	the_time = w.by + 1;
	c = conf_for(&w);
	say_conf(&c);
	ok(ended(&w, E_CONF_LATE, FAIL_BAD_REQUEST),
	    "a certConf one second late is badRequest, and revokes");
	store_outbox(engine_store(en), stop, &before, &e);
	certificates(&was);
	ok(overdue() == 1, "what is not confirmed in time is overdue");
	store_outbox(engine_store(en), stop, &after, &e);
	certificates(&is);
	ok(before == after && is == was + 1 &&
	    state_of(&dev, v.a.d.transaction_id) == TXN_FAILED,
	    "it is revoked and its transaction ended, without a message");
	ok(overdue() == 0, "it is overdue only once");
	c = conf_for(&v);
	say_conf(&c);
	ok(ERROR(E_BODY_STATE, FAIL_BAD_REQUEST),
	    "a certConf after that is badRequest");
	n_revoked = is;
	the_time = start;
	forget(&w);
	forget(&v);
}

static void
again(const char *spec)
{
	engine_close(en);
	close(cafd);
	key_free(ca.key);
	key_free(cmp.key);
	rename(in_top("ca"), in_top(spec));
	make_ca(spec, NULL);
	n_revoked = 0;
}

int
main(void)
{
	setup("ed25519");
	test_good();
	test_hash_alg();
	test_hash(HASH_SHA512, "Ed25519");
	test_wrong();
	test_nonce();
	test_others();
	test_rejection();
	test_late();
	again("ed448");
	test_hash(HASH_SHAKE256, "Ed448");
	again("ec:P-256");
	test_hash(HASH_SHA256, "ECDSA P-256");
	again("ec:P-384");
	test_hash(HASH_SHA384, "ECDSA P-384");
	teardown();
	return done();
}
