/* Nothing twice, nothing answered that must not be: RFC 9483 5.1. */
#include "tap.h"
#include "t_engine_say.h"

#define HUNDRED	100

/* The same answer as before, byte for byte, under the same name. */
static int
same(struct slice answer, const char *file)
{
	return re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer) &&
	    strcmp(re.name, file) == 0;
}

static void
test_again(void)
{
	const struct cert *other[] = { &maker.cert, &dev2.cert, &sub.cert,
	    &dev.cert };
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice der = make(&a), answer;
	int64_t start = the_time;
	char file[STORE_NAME];

	say(der);
	answer = re.der;
	memcpy(file, re.name, sizeof(file));
	ok(granted() && strstr(file, "-2-ip.pki") != NULL,
	    "a request is answered in a file named after its transaction");
	say(der);
	ok(same(answer, file), "the same request again gets the same bytes");
	say(reseal(der, NULL, other, 4));
	ok(same(answer, file), "the same request with other extraCerts gets "
	    "the same bytes");
	the_time += 365 * DAY;
	say(der);
	ok(same(answer, file), "the same request a year later gets the same "
	    "bytes");
	the_time += 20 * 365 * DAY;
	say(der);
	ok(same(answer, file), "the same request gets the same bytes when its "
	    "signer has expired");
	the_time = start;
	a.d.sender_nonce = fresh(16);
	say(make(&a));
	ok(ERROR(E_TXID_IN_USE, FAIL_TRANSACTION_ID_IN_USE) &&
	    state_of(&dev, a.d.transaction_id) == TXN_DONE,
	    "another request with the same transactionID is "
	    "transactionIdInUse and leaves the first as it is");
	say(der);
	ok(same(answer, file) && certificates(NULL) == 1,
	    "the first request still gets its answer; one certificate");
	ask_release(&a);
	key_free(key);
}

static void
test_signed_again(void)
{
	struct who ec = identity(&sub, "CN=device3,O=Example", "ec:P-256",
	    (struct says){ 0 });
	const struct cert *chain[] = { &ec.cert, &sub.cert };
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&ec, key);
	struct slice der = make(&a), twin, answer;
	char file[STORE_NAME];

	say(der);
	answer = re.der;
	memcpy(file, re.name, sizeof(file));
	twin = reseal(der, ec.key, chain, 2);
	ok(granted() && !slice_eq(twin, der),
	    "(an ECDSA signature made again is another one)");
	say(twin);
	ok(same(answer, file), "the same request with its signature made "
	    "again gets the same bytes");
	ask_release(&a);
	key_free(key);
	key_free(ec.key);
}

static void
test_other_sender(void)
{
	const struct cert *chain[] = { &dev.cert, &sub.cert };
	struct key *k1 = new_key("ed25519"), *k2 = new_key("ed25519");
	struct ask a = ask_for(&dev, k1), b = ask_for(&dev2, k2);
	struct slice der = make(&a);
	char file[STORE_NAME];

	say(reseal(der, dev2.key, chain, 2));
	ok(ERROR(E_PROT_SIG, FAIL_BAD_MESSAGE_CHECK),
	    "an attacker sends the victim's request with a bad signature");
	memcpy(file, re.name, sizeof(file));
	say(der);
	ok(granted() && strcmp(file, re.name) != 0,
	    "the victim's own request is granted nevertheless");
	memcpy(file, re.name, sizeof(file));
	b.d.transaction_id = a.d.transaction_id;
	say(make(&b));
	ok(granted() && strcmp(file, re.name) != 0,
	    "another sender may use the same transactionID, and its answer "
	    "has a name of its own");
	ask_release(&a);
	ask_release(&b);
	key_free(k1);
	key_free(k2);
}

static void
test_refused(void)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice der, answer;
	char file[STORE_NAME];

	a.popo_bad = 1;
	der = make(&a);
	say(der);
	answer = re.der;
	memcpy(file, re.name, sizeof(file));
	say(der);
	ok(same(answer, file), "a refused request again gets the same "
	    "refusal");
	a.popo_bad = 0;
	say(make(&a));
	ok(ERROR(E_TXID_IN_USE, FAIL_TRANSACTION_ID_IN_USE),
	    "a refused request's transactionID stays taken");
	a.d.transaction_id = fresh(16);
	say(make(&a));
	ok(granted(), "with a new transactionID it is granted");
	ask_release(&a);
	key_free(key);
}

/* Every body type, in no transaction and in one of each state. */
static int
expected(int body, int in_state)
{
	const struct op *op = op_by_request((enum body)body);

	if (op != NULL && (op->flags & OP_STARTS))
		return in_state ? E_TXID_IN_USE : body == BODY_P10CR ?
		    E_CSR_SYNTAX : E_SYNTAX;
	switch (body) {
	case BODY_CERTCONF: case BODY_POLLREQ:
		return E_BODY_STATE;
	case BODY_POPDECR: case BODY_KRR: case BODY_CCR:
		return E_BODY_TYPE;
	case BODY_NESTED:
		return E_SYNTAX;
	default:
		return -1;	/* not answered */
	}
}

static struct slice
any_body(int body, struct slice id)
{
	struct ask a = ask_for(&dev, dev.key);
	struct slice der;

	a.d.transaction_id = id;
	a.d.body = (enum body)body;
	a.d.recip_nonce = body == BODY_CERTCONF ? fresh(16) : SLICE_NONE;
	if (body == BODY_PKICONF) {
		derw_null(&a.d.content);
	} else {
		derw_null(&a.d.content);
		derw_wrap(&a.d.content, DER_SEQUENCE, 0);
	}
	der = seal(&a.d, &a.by, &a.chain.cert);
	ask_release(&a);
	return der;
}

static struct slice
in_state(enum txn_state state)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice id = a.d.transaction_id;

	a.d.implicit_confirm = state == TXN_DONE;
	a.popo_bad = state == TXN_FAILED;
	if (state != TXN_NONE)
		say(make(&a));
	ask_release(&a);
	key_free(key);
	return id;
}

static void
test_bodies(enum txn_state state)
{
	struct slice id;
	int code, good, before = certificates(NULL);

	for (int b = 0; b < BODY__COUNT; b++) {
		if (state == TXN_CONFIRM && b == BODY_CERTCONF)
			continue;
		id = in_state(state);
		before = certificates(NULL);
		say(any_body(b, id));
		code = expected(b, state != TXN_NONE);
		if (state == TXN_DONE && b == BODY_CERTCONF)
			code = E_CONF_AGAIN;
		good = code == -1 ? re.verdict == VERDICT_BAD &&
		    re.der.n == 0 : re.verdict == VERDICT_REFUSED &&
		    re.proper && (int)re.code == code;
		good = good && certificates(NULL) == before &&
		    ((op_by_request((enum body)b) != NULL &&
		    (op_by_request((enum body)b)->flags & OP_STARTS)) ||
		    state_of(&dev, id) == (state == TXN_NONE ?
		    -1 : (int)state));
		ok(good, "%s in a transaction that %s: %s",
		    msg_body_name((enum body)b), txn_state_name(state),
		    code == -1 ? "never answered" : "refused");
	}
}

/* An answer of ours that comes back to us. */
static void
test_echo(void)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice ip;

	say(make(&a));
	ip = re.der;
	say(ip);
	ok(re.verdict == VERDICT_BAD && re.der.n == 0,
	    "an ip that comes back is never answered");
	a.d.sender_nonce = SLICE_NONE;
	say(make(&a));
	ip = re.der;
	say(ip);
	ok(re.verdict == VERDICT_BAD && re.der.n == 0,
	    "an error message that comes back is never answered");
	ask_release(&a);
	key_free(key);
}

static void
test_group(void)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice der = make(&a), first = SLICE_NONE;
	struct outcome o[HUNDRED];
	struct err e = { 0 };
	int before = certificates(NULL), same_bytes = 1, answered = 0;

	accept_clock();
	if (engine_begin(en, &e) == -1)
		die("begin", &e);
	for (int i = 0; i < HUNDRED; i++) {
		outcome_init(&o[i]);
		engine_handle(en, NULL, der, &o[i]);
		answered += o[i].verdict == VERDICT_ANSWERED;
		if (i == 0)
			first = buf_slice(&o[i].answer);
		same_bytes &= first.n > 0 &&
		    slice_eq(first, buf_slice(&o[i].answer));
	}
	if (engine_commit(en, &e) == -1)
		die("commit", &e);
	for (int i = 0; i < HUNDRED; i++)
		outcome_release(&o[i]);
	ok(answered == 1 && same_bytes && certificates(NULL) == before + 1,
	    "a hundred copies in one commit get one certificate and one "
	    "answer");
	say(der);
	ok(re.verdict == VERDICT_REPEATED, "and so does the next");
	ask_release(&a);
	key_free(key);
}

static void
test_abort(void)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice der = make(&a);
	struct outcome o;
	struct err e = { 0 };
	int before = certificates(NULL);

	outcome_init(&o);
	engine_begin(en, &e);
	engine_handle(en, NULL, der, &o);
	engine_abort(en);
	ok(o.verdict == VERDICT_ANSWERED && certificates(NULL) == before,
	    "what is not committed has not happened");
	outcome_release(&o);
	say(der);
	ok(granted() && certificates(NULL) == before + 1,
	    "and can be done again");
	ask_release(&a);
	key_free(key);
}

int
main(void)
{
	setup("ed25519");
	test_again();
	test_signed_again();
	test_other_sender();
	test_refused();
	test_bodies(TXN_NONE);
	test_bodies(TXN_CONFIRM);
	test_bodies(TXN_DONE);
	test_bodies(TXN_FAILED);
	test_echo();
	test_group();
	test_abort();
	teardown();
	return done();
}
