/* Enrolment with a shared secret: RFC 9483 4.1.5. */
#include "tap.h"
#include "t_engine_say.h"

#include <nettle/hmac.h>
#include <nettle/pbkdf2.h>

#include "base/slip.h"
#include "msg/poll.h"
#include "role/engine_int.h"
#include "role/request.h"

#define SECRET	"an old secret of the plant, 40 characters"

static struct mac pbmac1, pbm;
static unsigned iterated;	/* by all PBKDF2 with SHA-256 so far */

/* In the place of nettle's, which is the same but for the counting. */
void
pbkdf2_hmac_sha256(size_t key_n, const uint8_t *key, unsigned iterations,
    size_t salt_n, const uint8_t *salt, size_t n, uint8_t *out)
{
	struct hmac_sha256_ctx ctx;

	iterated += iterations;
	hmac_sha256_set_key(&ctx, key_n, key);
	PBKDF2(&ctx, hmac_sha256_update, hmac_sha256_digest,
	    SHA256_DIGEST_SIZE, iterations, salt_n, salt, n, out);
}

static struct shared
shared(const char *ref, const char *secret, const struct mac *mac)
{
	return (struct shared){ .reference = slice_str(ref),
	    .secret = slice_str(secret), .mac = *mac };
}

static void
ticket_for(const char *profile, const char *ref, int64_t uses,
    int64_t expires)
{
	struct store_ticket t = { .ref = slice_str(ref), .subject =
	    "CN=*,O=Example", .san = "dns:*.example\nip:192.0.2.0/24",
	    .profile = profile, .uses_left = uses, .expires = expires,
	    .created = the_time };
	struct err e = { 0 };

	if (store_begin(engine_store(en), &e) == -1 ||
	    store_ticket_add(engine_store(en), &t, slice_str(SECRET), &e) != 1 ||
	    store_commit(engine_store(en), &e) == -1)
		die(ref, &e);
}

static void
ticket(const char *ref, int64_t uses, int64_t expires)
{
	ticket_for("default", ref, uses, expires);
}

/* Seal ${d} with a MAC. */
static struct slice
seal_mac(struct draft *d, const struct shared *s)
{
	struct buf *out = new_buf();
	struct err e = { 0 };

	if (protect_mac(d, s, SLICE_NONE, out, &e) == -1)
		die("protect_mac", &e);
	return buf_slice(out);
}

static struct slice
make_mac(struct ask *a, const struct shared *s)
{
	if (a->d.body == BODY_IR || a->d.body == BODY_CR)
		put_body(a);
	return seal_mac(&a->d, s);
}

static int
give_secret(void *arg, struct slice ref, struct buf *out, struct err *e)
{
	const struct shared *s = arg;

	(void)e;
	if (!slice_eq(ref, s->reference))
		return 0;
	buf_add_slice(out, s->secret);
	return 1;
}

/* Is the answer made with the same secret and parameters? */
static int
same_mac(const struct shared *s)
{
	struct shared own = *s;
	struct verify_ask ask = { .now = the_time, .answers = 1,
	    .secret = give_secret, .secret_arg = &own };
	struct slice cn;
	struct err e = { 0 };
	struct checked *c;
	int good;

	if (verify_msg(&re.m, &ask, &c, &e) == -1) {
		printf("# answer: %s %s\n", err_name(e.code), e.detail);
		return 0;
	}
	good = checked_mac(c) != NULL &&
	    mac_same(&checked_mac(c)->mac, &s->mac) &&
	    name_attribute(re.m.hdr.sender_name, OID_CN, &cn) == 1 &&
	    slice_eq(cn, re.m.hdr.sender_kid) &&
	    slice_eq(cn, s->reference);
	for (size_t i = 0; i < re.m.n_extra; i++)
		good &= !slice_eq(re.m.extra[i], cmp.cert.der);
	checked_free(c);
	return good;
}

/* Refused with this code and failInfo; ${s} NULL: in a signed answer. */
static int
no(enum err_code code, enum fail fail, const struct shared *s)
{
	int good = re.verdict == VERDICT_REFUSED && re.code == code &&
	    re.status == STATUS_REJECTION && re.fail == (int)fail &&
	    re.cert.p == NULL && (s == NULL ? re.proper : same_mac(s));

	if (!good)
		printf("# verdict %d %s body %s status %d fail %d proper %d\n",
		    re.verdict, err_name(re.code), msg_body_name(re.m.body),
		    re.status, re.fail, re.proper);
	return good;
}

static int
yes(const struct shared *s)
{
	return re.verdict == VERDICT_ANSWERED && re.m.body == BODY_IP &&
	    re.cert.p != NULL && same_mac(s);
}

static struct store_ticket
ticket_of(const char *ref)
{
	struct store_ticket t = { .uses_left = -2 };
	struct err e = { 0 };
	struct buf *keep = new_buf(), *secret = new_buf();

	if (store_ticket(engine_store(en), slice_str(ref), &t, keep, secret,
	    &e) == -1)
		die(ref, &e);
	return t;
}

static void
test_kinds(void)
{
	struct mac kinds[5];
	struct key *key;
	struct shared s;
	struct ask a;

	mac_new(&kinds[0], MAC_PBMAC1, MAC_HMAC_SHA256, 1000);
	mac_new(&kinds[1], MAC_PBMAC1, MAC_HMAC_SHA512, 1000);
	mac_new(&kinds[2], MAC_PBM, MAC_HMAC_SHA256, 500);
	mac_new(&kinds[3], MAC_PBM, MAC_GMAC256, 500);
	mac_new(&kinds[4], MAC_PBMAC1, MAC_KMAC256, 1000);
	ticket("kinds", -1, 0);
	for (size_t i = 0; i < 5; i++) {
		char t[MAC_TEXT];

		key = new_key("ed25519");
		s = shared("kinds", SECRET, &kinds[i]);
		a = ask_for(&dev, key);
		say(make_mac(&a, &s));
		ok(yes(&s), "an ir with %s is granted with the same MAC",
		    mac_name(t, &kinds[i]));
		ask_release(&a);
		key_free(key);
	}
	ok(ticket_of("kinds").uses_left == -1, "a ticket without limit stays "
	    "so");
}

static void
test_unknown(void)
{
	struct key *key = new_key("ed25519");
	struct shared good = shared("one", SECRET, &pbmac1), bad = shared("one",
	    "another secret", &pbmac1), none = shared("two", SECRET, &pbmac1);
	struct ask a = ask_for(&dev, key);
	struct slice text1, text2, der;
	struct error_msg em;
	struct err e = { 0 };
	unsigned work1, work2;

	ticket("one", 1, 0);
	der = make_mac(&a, &bad);
	iterated = 0;
	say(der);
	work1 = iterated;
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL),
	    "a MAC with a wrong secret is badMessageCheck, in a signed error");
	crmf_error(re.m.content, &em, &e);
	text1 = em.status.text;
	ok(ticket_of("one").failures == 1, "and counts for its ticket");
	a.d.transaction_id = fresh(16);
	der = make_mac(&a, &none);
	iterated = 0;
	say(der);
	work2 = iterated;
	ok(work1 == work2 && work1 == pbmac1.iterations, "an unknown "
	    "reference and a wrong secret are the same work: %u iterations",
	    work1);
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL),
	    "a reference that nobody has is badMessageCheck");
	crmf_error(re.m.content, &em, &e);
	text2 = em.status.text;
	ok(slice_eq(text1, text2), "an unknown reference and a wrong secret "
	    "get the same answer");
	a.d.transaction_id = fresh(16);
	say(make_mac(&a, &good));
	ok(yes(&good), "the right secret is still good");
	ask_release(&a);
	key_free(key);
}

static void
test_single(void)
{
	struct key *k1 = new_key("ed25519"), *k2 = new_key("ed25519");
	struct shared s = shared("single", SECRET, &pbmac1);
	struct ask a = ask_for(&dev, k1), b = ask_for(&dev, k2);
	struct slice der, answer;

	ticket("single", 1, 0);
	a.subject = "CN=pump17,O=Other";
	say(make_mac(&a, &s));
	ok(no(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED, &s),
	    "a subject that the ticket does not allow is notAuthorized, with "
	    "a MAC");
	a.subject = "CN=pump17,O=Example";
	a.d.transaction_id = fresh(16);
	a.san = "dns:pump17.other";
	say(make_mac(&a, &s));
	ok(no(E_NOT_SAN, FAIL_NOT_AUTHORIZED, &s),
	    "so is an alternative name");
	a.san = "dns:pump17.example";
	a.d.transaction_id = fresh(16);
	a.d.cert_profile = slice_str("other");
	say(make_mac(&a, &s));
	ok(no(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED, &s),
	    "so is a profile that the ticket is not for");
	a.d.cert_profile = SLICE_NONE;
	a.d.transaction_id = fresh(16);
	der = make_mac(&a, &s);
	say(der);
	answer = re.der;
	ok(yes(&s) && ticket_of("single").uses_left == 0,
	    "refusals use nothing up, a certificate does");
	say(der);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer),
	    "the same request again gets the same bytes");
	say(make_mac(&b, &s));
	ok(no(E_TICKET_USED, FAIL_NOT_AUTHORIZED, &s),
	    "a secret that is used up is notAuthorized");
	ask_release(&a);
	ask_release(&b);
	key_free(k1);
	key_free(k2);
}

static void
test_expiry(void)
{
	struct key *key = new_key("ed25519");
	struct shared s = shared("short", SECRET, &pbm);
	struct ask a = ask_for(&dev, key);
	int64_t start = the_time;

	ticket("short", 1, the_time + 10);
	the_time += 11;
	say(make_mac(&a, &s));
	ok(no(E_TICKET_EXPIRED, FAIL_NOT_AUTHORIZED, &s),
	    "a secret that has expired is notAuthorized");
	the_time = start + 10;
	a.d.transaction_id = fresh(16);
	say(make_mac(&a, &s));
	ok(yes(&s), "in its last second it is good");
	the_time = start;
	ask_release(&a);
	key_free(key);
}

static void
test_lock(void)
{
	struct key *key = new_key("ed25519");
	struct shared bad = shared("lock", "guess", &pbm), good = shared("lock",
	    SECRET, &pbm);
	struct ask a = ask_for(&dev, key);
	struct slice der = make_mac(&a, &bad), guess;
	struct buf *b;
	int n = 0;

	ticket("lock", 1, 0);
	/* The same header and body, each time with another MAC. */
	for (int i = 0; i < TICKET_FAILURES - 1; i++) {
		b = new_buf();
		buf_add_slice(b, der);
		b->p[b->n - 1] ^= (uint8_t)(i + 1);
		guess = buf_slice(b);
		say(guess);
		n += no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL);
	}
	ok(n == TICKET_FAILURES - 1 && !ticket_of("lock").locked,
	    "each wrong MAC counts, also over the same header and body");
	say(der);
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL) &&
	    ticket_of("lock").locked && ticket_of("lock").failures ==
	    TICKET_FAILURES, "the twentieth locks the ticket");
	engine_close(en);
	open_ca();
	say(make_mac(&a, &good));
	ok(no(E_TICKET_LOCKED, FAIL_BAD_MESSAGE_CHECK, NULL),
	    "a locked secret is badMessageCheck as a wrong one is, also after "
	    "a restart");
	say(der);
	ok(re.verdict == VERDICT_REPEATED && ticket_of("lock").failures ==
	    TICKET_FAILURES + 1, "a message that was refused is not counted "
	    "again");
	ask_release(&a);
	key_free(key);
}

static void
test_forms(void)
{
	static const struct {
		enum body	 body;
		enum err_code	 code;
		enum fail	 fail;
	} not[] = {
		{ BODY_KUR, E_PROT_KIND, FAIL_WRONG_INTEGRITY },
		{ BODY_RR, E_PROT_KIND, FAIL_WRONG_INTEGRITY },
		{ BODY_GENM, E_PROT_KIND, FAIL_WRONG_INTEGRITY },
	};
	struct key *key = new_key("ed25519");
	struct shared s = shared("forms", SECRET, &pbmac1);
	struct ask a = ask_for(&dev, key);
	struct buf *b = new_buf();
	struct derw alg;

	ticket("forms", -1, 0);
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++) {
		a.d.transaction_id = fresh(16);
		put_body(&a);
		a.d.body = not[i].body;
		say(make_mac(&a, &s));
		ok(no(not[i].code, not[i].fail, NULL),
		    "%s with a MAC is wrongIntegrity", msg_body_name(
		    not[i].body));
	}
	a.d.body = BODY_IR;
	put_body(&a);
	s.mac.iterations = MAC_ITERATIONS_MAX;
	derw_init(&alg, 1024);
	mac_write(&alg, &s.mac);
	/* The same three octets with 8,340,032 in them. */
	buf_add_slice(b, derw_slice(&alg));
	for (size_t i = 0; i + 5 < b->n; i++)
		if (memcmp(b->p + i, "\x02\x03\x0f\x42\x40", 5) == 0)
			b->p[i + 2] = 0x7f;
	a.d.transaction_id = fresh(16);
	a.d.sender = name("CN=forms");
	a.d.sender_kid = slice_str("forms");
	say(seal_raw(&a.d, buf_slice(b), fresh(32)));
	ok(no(E_MAC_LIMIT, FAIL_BAD_ALG, NULL) &&
	    ticket_of("forms").failures == 0,
	    "parameters out of bounds are badAlg, and nothing is computed");
	derw_reset(&alg);
	mac_write(&alg, &pbm);
	a.d.transaction_id = fresh(16);
	a.d.sender = name("O=Example");
	a.d.sender_kid = SLICE_NONE;
	say(seal_raw(&a.d, derw_slice(&alg), fresh(32)));
	ok(no(E_SENDER_KID, FAIL_BAD_MESSAGE_CHECK, NULL),
	    "a MAC without a reference in senderKID or commonName is "
	    "badMessageCheck");
	derw_release(&alg);
	ask_release(&a);
	key_free(key);
}

/* A good certConf for what ${a} got. */
static struct draft
certconf(const struct ask *a)
{
	struct draft d;
	uint8_t hash[HASH_MAX];
	struct err e = { 0 };
	struct cert cert;
	size_t m, n;

	if (cert_parse(re.cert, &cert, &e) == -1)
		die("certificate", &e);
	draft_init(&d);
	d.body = BODY_CERTCONF;
	d.transaction_id = a->d.transaction_id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = re.m.hdr.sender_nonce;
	n = cert_hash(&cert, hash);
	m = derw_mark(&d.content);
	derw_int(&d.content, DER_INTEGER, 0);
	derw_prim(&d.content, DER_OCTET_STRING, SLICE(hash, n));
	derw_wrap(&d.content, DER_SEQUENCE, m);
	derw_wrap(&d.content, DER_SEQUENCE, m);
	return d;
}

static int
peer_state(const char *ref, struct slice id)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;
	int rc;

	alg_sha256(SLICE_LIT("mac:"), slice_str(ref), peer);
	txn_init(&t);
	rc = store_txn(engine_store(en), SLICE(peer, 32), id, &t, &e);
	rc = rc == 1 ? (int)t.state : -1;
	txn_release(&t);
	return rc;
}

static void
test_confirm(void)
{
	struct shared s = shared("conf", SECRET, &pbmac1), salt = s, other =
	    shared("conf2", SECRET, &pbmac1), changed = s;
	struct key *k[3] = { new_key("ed25519"), new_key("ed25519"),
	    new_key("ed25519") };
	struct ask a = ask_for(&dev, k[0]), b = ask_for(&dev, k[1]),
	    c = ask_for(&dev, k[2]);
	int revoked, before;
	struct draft d;

	ticket("conf", 2, the_time + 100);
	ticket("conf2", -1, 0);
	a.d.implicit_confirm = b.d.implicit_confirm = c.d.implicit_confirm = 0;
	say(make_mac(&a, &s));
	ok(yes(&s) && peer_state("conf", a.d.transaction_id) == TXN_CONFIRM,
	    "an ir with a MAC waits for its certConf");
	d = certconf(&a);
	say(seal(&d, &dev, &sub.cert));
	ok(no(E_PROT_SAME, FAIL_WRONG_INTEGRITY, NULL) &&
	    peer_state("conf", a.d.transaction_id) == TXN_CONFIRM,
	    "a signed certConf after a MAC is wrongIntegrity and leaves the "
	    "transaction pending");
	say(seal_mac(&d, &other));
	ok(no(E_PROT_SAME, FAIL_WRONG_INTEGRITY, &other) &&
	    peer_state("conf", a.d.transaction_id) == TXN_CONFIRM,
	    "so is one with another secret");
	the_time += 200;
	mac_new(&salt.mac, MAC_PBMAC1, MAC_HMAC_SHA256, pbmac1.iterations);
	say(seal_mac(&d, &salt));
	ok(re.verdict == VERDICT_ANSWERED && re.m.body == BODY_PKICONF &&
	    same_mac(&salt) && peer_state("conf", a.d.transaction_id) ==
	    TXN_DONE, "certConf with the secret is confirmed, with a fresh "
	    "salt and after the ticket has expired");
	the_time -= 200;
	draft_release(&d);

	say(make_mac(&b, &s));
	d = certconf(&b);
	mac_new(&changed.mac, MAC_PBM, MAC_HMAC_SHA256, 500);
	certificates(&before);
	say(seal_mac(&d, &changed));
	certificates(&revoked);
	ok(no(E_PROT_SAME, FAIL_WRONG_INTEGRITY, &changed) &&
	    revoked == before + 1, "another kind of MAC within a transaction "
	    "is wrongIntegrity, and ends it");
	draft_release(&d);

	say(make(&c));
	d = certconf(&c);
	say(seal_mac(&d, &other));
	ok(no(E_PROT_SAME, FAIL_WRONG_INTEGRITY, &other) &&
	    state_of(&dev, c.d.transaction_id) == TXN_CONFIRM,
	    "a certConf with a MAC after a signature is wrongIntegrity and "
	    "leaves the transaction pending");
	draft_release(&d);
	ask_release(&a);
	ask_release(&b);
	ask_release(&c);
	for (int i = 0; i < 3; i++)
		key_free(k[i]);
}

/* Guesses between ip and certConf: nothing that runs is ended by them. */
static void
test_forged(void)
{
	struct shared s = shared("run", SECRET, &pbm), bad = shared("run",
	    "guess", &pbm);
	struct key *k[2] = { new_key("ed25519"), new_key("ed25519") };
	struct ask a = ask_for(&dev, k[0]), b = ask_for(&dev, k[1]);
	struct draft d;

	ticket("run", 2, 0);
	a.d.implicit_confirm = 0;
	say(make_mac(&a, &s));
	d = certconf(&a);
	for (int i = 0; i < TICKET_FAILURES; i++) {
		b.d.transaction_id = fresh(16);
		say(make_mac(&b, &bad));
	}
	ok(ticket_of("run").locked && (say(make_mac(&b, &s)),
	    no(E_TICKET_LOCKED, FAIL_BAD_MESSAGE_CHECK, NULL)),
	    "a ticket that was locked meanwhile starts nothing");
	say(seal_mac(&d, &bad));
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL) &&
	    peer_state("run", a.d.transaction_id) == TXN_CONFIRM,
	    "a forged certConf does not end its transaction");
	say(seal_mac(&d, &s));
	ok(re.verdict == VERDICT_ANSWERED && re.m.body == BODY_PKICONF &&
	    peer_state("run", a.d.transaction_id) == TXN_DONE,
	    "and the honest certConf is confirmed");
	draft_release(&d);

	ticket("spent", 1, 0);
	s.reference = bad.reference = slice_str("spent");
	a.key = k[1];
	a.d.transaction_id = fresh(16);
	a.d.sender_nonce = fresh(16);
	say(make_mac(&a, &s));
	b.d.transaction_id = fresh(16);
	say(make_mac(&b, &bad));
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL) &&
	    ticket_of("spent").uses_left == 0 &&
	    ticket_of("spent").failures == 0,
	    "guesses at a ticket that is used up are not counted");
	ask_release(&a);
	ask_release(&b);
	key_free(k[0]);
	key_free(k[1]);
}

static void
test_late(void)
{
	struct key *key = new_key("ed25519");
	struct shared s = shared("late", SECRET, &pbm);
	struct ask a = ask_for(&dev, key);
	struct slice der = make_mac(&a, &s), answer;

	ticket("late", 1, 0);
	say(der);
	answer = re.der;
	the_time += 400 * DAY;
	say(der);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer),
	    "a request with a MAC gets the same bytes a year later");
	the_time -= 400 * DAY;
	ask_release(&a);
	key_free(key);
}

/* What the device makes of ${der}. */
static enum verdict
tell(struct engine *dev_en, struct slice der, enum err_code *code)
{
	struct err e = { 0 };
	struct outcome o;
	enum verdict v;

	outcome_init(&o);
	if (engine_begin(dev_en, &e) == -1)
		die("begin", &e);
	engine_handle(dev_en, NULL, der, &o);
	if (engine_commit(dev_en, &e) == -1)
		die("commit", &e);
	v = o.verdict;
	*code = o.err.code;
	if (*code != E_NONE)
		printf("# %s: %s\n", err_name(*code), o.err.detail);
	outcome_release(&o);
	return v;
}

/* The answer again, protected in another way. */
static struct slice
again(const struct msg *m, const struct shared *s)
{
	struct signer signer = { .key = cmp.key, .cert = &cmp.cert };
	struct buf *out = new_buf();
	struct err e = { 0 };
	struct draft d;

	if (s == NULL) {
		if (protect_message(m, &signer, out, &e) == -1)
			die("sign", &e);
		return buf_slice(out);
	}
	draft_init(&d);
	d.pvno = (int)m->hdr.pvno;
	d.recipient = m->hdr.recipient;
	d.transaction_id = m->hdr.transaction_id;
	d.sender_nonce = m->hdr.sender_nonce;
	d.recip_nonce = m->hdr.recip_nonce;
	d.general_info = m->hdr.general_info;
	d.body = m->body;
	derw_raw(&d.content, m->content);
	if (protect_mac(&d, s, SLICE_NONE, out, &e) == -1)
		die("protect_mac", &e);
	draft_release(&d);
	return buf_slice(out);
}

/* A device's home ${dir} with an open ir; by its certificate or a secret. */
static struct engine *
open_device_with(const char *dir, int by_secret, int anchors)
{
	const char *trust[] = { in_top("ca/certs/ca.pem") };
	struct request_ask ask = { .op = "ir", .newkey = "ed25519",
	    .subject = "CN=pump17,O=Example", .trust = trust,
	    .n_trust = anchors ? 1 : 0, .ref = "device" };
	struct engine *made_en;
	struct request_made made;
	struct err e = { 0 };
	int fd = dir_of(topfd, dir);

	if (by_secret) {
		ask.secret_file = in_top("secret");
	} else {
		ask.cert = in_top("dev.pem");
		ask.key = in_top("dev.key");
		ask.chain = in_top("sub.pem");
	}
	request_made_init(&made);
	if (request_make(fd, &ask, &made, &e) == -1 ||
	    engine_open(fd, STORE_WRITE, &made_en, &e) == -1)
		die("device", &e);
	say(buf_slice(&made.message));
	request_made_release(&made);
	return made_en;
}

static struct engine *
open_device(const char *dir, int by_secret)
{
	return open_device_with(dir, by_secret, 1);
}

static void
test_device(void)
{
	struct shared bad;
	struct shared good;
	struct engine *d;
	enum err_code code;
	struct cert_rep rep;
	struct err e = { 0 };
	struct msg ip;

	ticket("device", -1, 0);
	put_file(topfd, "secret", SLICE_LIT(SECRET "\n"), 0600);
	put_key(topfd, "dev.key", dev.key);
	put_certs(topfd, "dev.pem", (const struct cert *[]){ &dev.cert }, 1);
	put_certs(topfd, "sub.pem", (const struct cert *[]){ &sub.cert }, 1);
	d = open_device("d1", 1);
	ok(re.verdict == VERDICT_ANSWERED && re.m.body == BODY_IP,
	    "a device enrols with the secret of a file");
	ip = re.m;
	bad = shared("device", "another secret", &pbm);
	ok(tell(d, again(&ip, NULL), &code) == VERDICT_NO &&
	    code == E_PROT_KIND, "a signed ip after a MAC is not taken");
	ok(tell(d, again(&ip, &bad), &code) == VERDICT_NO &&
	    code == E_PROT_MAC, "an ip with another secret is not taken");
	ok(tell(d, re.der, &code) == VERDICT_TAKEN && code == E_NONE,
	    "the ip with the secret is taken all the same");
	engine_close(d);
	d = open_device("d2", 0);
	good = shared("device", SECRET, &pbm);
	ok(crmf_response(re.m.content, &rep, &e) == 0 && !rep.has_ca_pubs,
	    "a signed ip has no caPubs");
	ok(re.m.body == BODY_IP &&
	    tell(d, again(&re.m, &good), &code) == VERDICT_NO &&
	    code == E_PROT_KIND, "an ip with a MAC after a signature is not "
	    "taken");
	engine_close(d);
}

static int
mends(const char *typed, const char *to, enum err_code code)
{
	struct err e = { 0 };
	struct buf b;
	int good;

	buf_init(&b, 100);
	buf_add_str(&b, typed);
	good = (slip_mend(&b, &e) == 0 ? E_NONE : e.code) == code &&
	    (code != E_NONE || slice_eq(buf_slice(&b), slice_str(to)));
	buf_release(&b);
	return good;
}

static void
test_slip(void)
{
	char t[SLIP_TEXT], typed[2 * SLIP_TEXT], c;
	int found = 0, tried = 0;
	size_t n = 0;

	slip_make(t);
	ok(strlen(t) == SLIP_TEXT - 1 && mends(t, t, E_NONE) &&
	    slip_bits(slice_str(t)) >= 80, "slip: it is what it is");
	for (const char *p = t; *p; p++)
		if (*p != '-') {
			typed[n] = *p == '0' ? 'o' : *p == '1' ? 'l' :
			    *p >= 'A' ? (char)(*p + 32) : *p;
			typed[n + 1] = ' ';
			n += 2;
		}
	typed[n] = '\0';
	ok(mends(typed, t, E_NONE), "slip: case, blanks, O and L are mended");
	for (size_t i = 5; t[i] != '\0'; i++) {
		if (t[i] == '-')
			continue;
		c = t[i];
		for (const char *p = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *p;
		    p++) {
			if (*p == c)
				continue;
			t[i] = *p;
			tried++;
			found += mends(t, t, E_SECRET_DIGITS);
		}
		t[i] = c;
		if (t[i + 1] != '\0' && t[i + 1] != '-' && t[i + 1] != c) {
			t[i] = t[i + 1];
			t[i + 1] = c;
			tried++;
			found += mends(t, t, E_SECRET_DIGITS);
			t[i + 1] = t[i];
			t[i] = c;
		}
	}
	ok(found == tried && tried > 28 * 31, "slip: every mistyped digit and "
	    "every exchange of neighbours is found (%d)", tried);
	t[SLIP_TEXT - 2] = '\0';
	ok(mends(t, t, E_SECRET_DIGITS) && mends("cmp1 U", "", E_SECRET_DIGITS),
	    "slip: too short, or not its digits");
	ok(mends("pass: o-I l", "pass: o-I l", E_NONE) && mends("CMP", "CMP",
	    E_NONE) && mends("C-x", "C-x", E_NONE),
	    "slip: other secrets are left alone");
	ok(slip_bits(slice_str("aaaaaaaaaaaaaaaaaaaaaaaaaaa")) == 0 &&
	    slip_bits(slice_str("insta")) < 20, "slip: weak secrets are weak");
}

/* --- work that wrong MACs make */

static void
set_conf(const char *key, const char *value)
{
	struct buf text, out;
	struct err e = { 0 };

	buf_init(&text, 1 << 20);
	buf_init(&out, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1 ||
	    conf_set(buf_slice(&text), key, value, &out, &e) == -1)
		die(key, &e);
	put_file(cafd, "cmp.conf", buf_slice(&out), 0644);
	buf_release(&text);
	buf_release(&out);
	engine_close(en);
	open_ca();
}

static int
waits(void)
{
	return re.verdict == VERDICT_TEMPORARY && re.code == E_MAC_BUDGET &&
	    re.der.n == 0;
}

static void
test_budget(void)
{
	struct key *k[2] = { new_key("ed25519"), new_key("ed25519") };
	struct shared bad = shared("work", "guess", &pbmac1), good = shared(
	    "work", SECRET, &pbmac1);
	struct ask a = ask_for(&dev, k[0]), b = ask_for(&dev, k[1]);
	struct slice der;

	ticket("work", -1, 0);
	set_conf("mac-work", "1");
	mac_new(&bad.mac, MAC_PBMAC1, MAC_HMAC_SHA256, MAC_ITERATIONS_MAX);
	ok(mac_cost(&bad.mac) == 2 * (uint64_t)MAC_ITERATIONS_MAX,
	    "a MAC has its cost");
	say(make_mac(&a, &bad));
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL),
	    "the first MAC is checked, whatever it costs");
	a.d.transaction_id = fresh(16);
	der = make_mac(&a, &bad);
	iterated = 0;
	say(der);
	ok(waits() && iterated == 0 && ticket_of("work").failures == 1,
	    "what is above the budget waits, nothing is computed");
	a.d.transaction_id = fresh(16);
	der = make_mac(&a, &good);
	say(der);
	ok(waits(), "so does a MAC that would be right, for nobody knows");
	say(make(&b));
	ok(re.verdict == VERDICT_ANSWERED && re.proper,
	    "a signed request does not wait for it");
	the_time += 60;
	say(der);
	ok(yes(&good), "in the next minute it is granted");
	for (int i = 0; i < 3; i++) {
		key_free(k[0]);
		k[0] = new_key("ed25519");
		a.key = k[0];
		a.d.transaction_id = fresh(16);
		mac_new(&good.mac, MAC_PBMAC1, MAC_HMAC_SHA256, 400000);
		say(make_mac(&a, &good));
	}
	ok(yes(&good), "MACs that verify use nothing up");
	set_conf("mac-work", "20");
	ask_release(&a);
	ask_release(&b);
	key_free(k[0]);
	key_free(k[1]);
}

/* --- a device without any anchor */

/* The ip ${m} again with this caPubs, and a MAC by ${s} or a signature. */
static struct slice
ip_with(const struct msg *m, struct slice ca_pubs, const struct shared *s)
{
	struct signer signer = { .key = cmp.key, .cert = &cmp.cert };
	struct buf *out = new_buf();
	struct err e = { 0 };
	struct draft d;

	draft_init(&d);
	d.recipient = m->hdr.recipient;
	d.transaction_id = m->hdr.transaction_id;
	d.sender_nonce = m->hdr.sender_nonce;
	d.recip_nonce = m->hdr.recip_nonce;
	d.general_info = m->hdr.general_info;
	d.ca_pubs = ca_pubs;
	draft_body_certificate(&d, BODY_IP, 0, STATUS_ACCEPTED, NULL, re.cert);
	if ((s != NULL ? protect_mac(&d, s, SLICE_NONE, out, &e) :
	    protect_sign(&d, &signer, SLICE_NONE, out, &e)) == -1)
		die("ip", &e);
	draft_release(&d);
	return buf_slice(out);
}

static size_t
anchors_of(const char *dir)
{
	struct engine *d;
	struct err e = { 0 };
	size_t n;

	if (engine_open(dir_of(topfd, dir), STORE_READ, &d, &e) == -1)
		die(dir, &e);
	n = d->trust.n_anchors;
	if (n == 1 && !slice_eq(d->trust.anchors[0].cert->der, ca.cert.der))
		n = 100;
	engine_close(d);
	return n;
}

/* Take ${der} and make what it brought files. */
static enum verdict
tell_all(struct engine *d, struct slice der, enum err_code *code)
{
	struct err e = { 0 };
	struct outcome o;
	enum verdict v = tell(d, der, code);

	outcome_init(&o);
	o.verdict = v;
	if (engine_install(d, der, &o, &e) == -1)
		die("install", &e);
	outcome_release(&o);
	return v;
}

static void
test_first_anchor(void)
{
	struct shared good = shared("device", SECRET, &pbmac1), weak = shared(
	    "device", "another secret", &pbmac1);
	struct engine *d = open_device_with("d3", 1, 0);
	enum err_code code;
	struct cert_rep rep;
	struct err e = { 0 };
	struct slice der = re.der;
	struct msg ip = re.m;

	ok(crmf_response(ip.content, &rep, &e) == 0 && rep.has_ca_pubs &&
	    slice_eq(rep.ca_pubs, ca.cert.der),
	    "the ip to an ir with a MAC has the root in caPubs");
	ok(tell(d, ip_with(&ip, ca.cert.der, NULL), &code) == VERDICT_NO &&
	    code == E_PATH_NONE && anchors_of("d3") == 0,
	    "caPubs in a signed ip are no trust anchor");
	ok(tell(d, ip_with(&ip, ca.cert.der, &weak), &code) == VERDICT_NO &&
	    code == E_PROT_MAC && anchors_of("d3") == 0,
	    "nor in one with another secret");
	ok(tell(d, ip_with(&ip, SLICE_NONE, &good), &code) == VERDICT_NO &&
	    code == E_PATH_NONE && anchors_of("d3") == 0,
	    "without caPubs there is nothing to judge by, and the request "
	    "stays open");
	ok(tell_all(d, der, &code) == VERDICT_TAKEN && code == E_NONE &&
	    anchors_of("d3") == 1,
	    "caPubs of an ip with our MAC are the first trust anchor");
	engine_close(d);
}

/* A new device without anchors does not take these caPubs: why. */
static enum err_code
not_root(const char *dir, struct slice ca_pubs)
{
	struct shared good = shared("device", SECRET, &pbmac1);
	struct engine *d = open_device_with(dir, 1, 0);
	enum err_code code;
	enum verdict v = tell_all(d, ip_with(&re.m, ca_pubs, &good), &code);

	engine_close(d);
	return v == VERDICT_NO && anchors_of(dir) == 0 ? code : E_NONE;
}

static void
test_no_root(void)
{
	struct shared good = shared("device", SECRET, &pbmac1);
	struct buf *two = new_buf();
	struct engine *d;
	enum err_code code;

	ok(not_root("d4", maker.cert.der) == E_ANSWER_PATH,
	    "a root that the new certificate is not valid under is not taken");
	ok(not_root("d5", cmp.cert.der) == E_ANSWER_ROOT,
	    "a certificate that is not of a CA is no trust anchor");
	ok(not_root("d6", sub.cert.der) == E_ANSWER_ROOT,
	    "one that is not self-signed is none");
	buf_add_slice(two, ca.cert.der);
	buf_add_slice(two, maker.cert.der);
	ok(not_root("d7", buf_slice(two)) == E_ANSWER_ROOT,
	    "of several none is taken");
	d = open_device_with("d8", 1, 1);
	ok(tell_all(d, ip_with(&re.m, maker.cert.der, &good), &code) ==
	    VERDICT_TAKEN && code == E_NONE && anchors_of("d8") == 1,
	    "who has an anchor takes no other with a MAC");
	engine_close(d);
}

/* Two answers of one commit, which fails if ${fails}. */
static void
tell_two(struct engine *d, const struct slice der[2], int fails,
    enum verdict v[2], enum err_code *code)
{
	struct err e = { 0 };
	struct outcome o;

	if (engine_begin(d, &e) == -1)
		die("begin", &e);
	for (int i = 0; i < 2; i++) {
		outcome_init(&o);
		engine_handle(d, NULL, der[i], &o);
		v[i] = o.verdict;
		*code = o.err.code;
		outcome_release(&o);
	}
	if (fails)
		engine_abort(d);
	else if (engine_commit(d, &e) == -1)
		die("commit", &e);
}

/* What the first brings is for the second. */
static void
test_two_roots(void)
{
	struct shared good = shared("device", SECRET, &pbmac1);
	struct engine *d = open_device_with("d9", 1, 0), *same;
	struct slice der[2] = { re.der };
	enum err_code code;
	enum verdict v[2];

	same = open_device_with("d9", 1, 0);
	engine_close(same);
	der[1] = ip_with(&re.m, maker.cert.der, &good);
	tell_two(d, der, 1, v, &code);
	tell_two(d, der, 0, v, &code);
	ok(v[0] == VERDICT_TAKEN && v[1] == VERDICT_TEMPORARY &&
	    code == E_PATH_NONE, "a second answer waits for the anchor of the "
	    "first, also when they come again");
	tell_all(d, der[0], &code);
	ok(tell_all(d, der[1], &code) == VERDICT_TAKEN &&
	    anchors_of("d9") == 1, "and brings none of its own");
	engine_close(d);
}

/* --- held */

struct held_mac {
	struct ask	 a;
	struct key	*key;
	struct slice	 nonce;
};

static struct held_mac
hold_mac(const struct shared *s)
{
	struct held_mac h = { .key = new_key("ed25519") };

	h.a = ask_for(&dev, h.key);
	h.a.d.cert_profile = slice_str("held");
	say(make_mac(&h.a, s));
	h.nonce = re.m.hdr.sender_nonce;
	return h;
}

static void
forget(struct held_mac *h)
{
	ask_release(&h->a);
	key_free(h->key);
}

static void
poll_mac(struct held_mac *h, const struct shared *s)
{
	struct draft d;

	draft_init(&d);
	d.transaction_id = h->a.d.transaction_id;
	d.sender_nonce = fresh(16);
	d.recip_nonce = h->nonce;
	poll_write_req(&d, 0);
	say(seal_mac(&d, s));
	draft_release(&d);
	if (re.m.body == BODY_POLLREP)
		h->nonce = re.m.hdr.sender_nonce;
}

static void
decide_mac(const struct held_mac *h, const char *ref, const char *reason)
{
	struct err e = { 0 };
	uint8_t peer[32];
	struct txn t;

	alg_sha256(SLICE_LIT("mac:"), slice_str(ref), peer);
	txn_init(&t);
	if (store_txn(engine_store(en), SLICE(peer, 32),
	    h->a.d.transaction_id, &t, &e) != 1 ||
	    store_begin(engine_store(en), &e) == -1 ||
	    store_decide(engine_store(en), t.id, reason, "digest", the_time,
	    &e) == -1 || store_commit(engine_store(en), &e) == -1)
		die("decide", &e);
	txn_release(&t);
}

static int
is_held(const struct shared *s)
{
	return re.verdict == VERDICT_ANSWERED && re.status == STATUS_WAITING &&
	    same_mac(s);
}

static void
test_held(void)
{
	struct shared s = shared("held", SECRET, &pbmac1), kind = shared(
	    "held", SECRET, &pbm);
	struct held_mac h, other;

	ticket_for("held", "held", 1, the_time + 100);
	h = hold_mac(&s);
	ok(is_held(&s) && ticket_of("held").uses_left == 0,
	    "a request that is held uses its ticket");
	other = hold_mac(&s);
	ok(no(E_TICKET_USED, FAIL_NOT_AUTHORIZED, &s),
	    "another one with the same ticket is not held beside it");
	forget(&other);
	poll_mac(&h, &kind);
	ok(no(E_PROT_SAME, FAIL_WRONG_INTEGRITY, &kind) &&
	    peer_state("held", h.a.d.transaction_id) == TXN_HELD,
	    "a pollReq with another kind of MAC is wrongIntegrity and leaves "
	    "the request held");
	poll_mac(&h, &s);
	ok(re.verdict == VERDICT_ANSWERED && re.m.body == BODY_POLLREP &&
	    same_mac(&s), "one with the same kind is answered");
	the_time += 101;
	decide_mac(&h, "held", NULL);
	poll_mac(&h, &s);
	ok(yes(&s) && ticket_of("held").uses_left == 0,
	    "what came before the ticket expired and is approved is issued");
	the_time -= 101;
	forget(&h);
}

static void
remove_ticket(const char *ref)
{
	struct err e = { 0 };

	if (store_begin(engine_store(en), &e) == -1 ||
	    store_ticket_remove(engine_store(en), slice_str(ref), &e) != 1 ||
	    store_commit(engine_store(en), &e) == -1)
		die("remove", &e);
}

static void
test_held_back(void)
{
	struct shared s = shared("back", SECRET, &pbmac1);
	struct held_mac h;

	ticket_for("held", "back", 1, 0);
	h = hold_mac(&s);
	decide_mac(&h, "back", "no such pump");
	ok(ticket_of("back").uses_left == 1,
	    "a request that is rejected gives its use back");
	poll_mac(&h, &s);
	ok(no(E_NOT_APPROVED, FAIL_NOT_AUTHORIZED, &s) &&
	    ticket_of("back").uses_left == 1, "once");
	forget(&h);
	h = hold_mac(&s);
	decide_mac(&h, "back", NULL);
	remove_ticket("back");
	poll_mac(&h, &s);
	ok(no(E_PROT_MAC, FAIL_BAD_MESSAGE_CHECK, NULL) && peer_state("back",
	    h.a.d.transaction_id) == TXN_APPROVED,
	    "once its ticket is removed, an approved request is not issued");
	forget(&h);
	ticket_for("held", "back", 1, 0);
	h = hold_mac(&s);
	remove_ticket("back");
	the_time += 10;
	ticket_for("held", "back", 1, 0);
	decide_mac(&h, "back", "no such pump");
	ok(ticket_of("back").uses_left == 1,
	    "nothing is given back to a newer ticket of that name");
	the_time -= 10;
	forget(&h);
}

/* Approved, and then not granted after all: its key was certified since. */
static void
test_held_lost(void)
{
	struct shared s = shared("lost", SECRET, &pbmac1), twice = shared(
	    "lost2", SECRET, &pbmac1);
	struct held_mac h;
	struct ask b;

	ticket_for("held", "lost", 1, 0);
	ticket("lost2", 1, 0);
	h = hold_mac(&s);
	decide_mac(&h, "lost", NULL);
	b = ask_for(&dev, h.key);
	b.subject = "CN=pump18,O=Example";
	say(make_mac(&b, &twice));
	poll_mac(&h, &s);
	ok(no(E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, &s) &&
	    ticket_of("lost").uses_left == 1,
	    "an approved request that cannot be granted gives its use back");
	ask_release(&b);
	forget(&h);
}

static void
test_unlock(void)
{
	struct key *key = new_key("ed25519");
	struct shared good = shared("lock", SECRET, &pbm);
	struct ask a = ask_for(&dev, key);
	struct err e = { 0 };

	ok(ticket_of("lock").locked && store_begin(engine_store(en), &e) == 0 &&
	    store_ticket_unlock(engine_store(en), slice_str("lock"), &e) == 1 &&
	    store_ticket_unlock(engine_store(en), slice_str("none"), &e) == 0 &&
	    store_commit(engine_store(en), &e) == 0 &&
	    !ticket_of("lock").locked && ticket_of("lock").failures == 0,
	    "a ticket that is unlocked has no failures");
	say(make_mac(&a, &good));
	ok(yes(&good), "and is good again");
	ask_release(&a);
	key_free(key);
}

int
main(void)
{
	setup("ed25519");
	mac_new(&pbmac1, MAC_PBMAC1, MAC_HMAC_SHA256, 1000);
	mac_new(&pbm, MAC_PBM, MAC_HMAC_SHA256, 500);
	test_kinds();
	test_unknown();
	test_single();
	test_expiry();
	test_lock();
	test_unlock();
	test_forms();
	test_confirm();
	test_forged();
	test_late();
	test_device();
	test_slip();
	test_budget();
	test_first_anchor();
	test_no_root();
	test_two_roots();
	test_held();
	test_held_back();
	test_held_lost();
	teardown();
	return done();
}
