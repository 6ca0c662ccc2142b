/*
 * What holders of our own certificates may do, and go on with: RFC 9483
 * 4.1.2, 5.1.1, 5.1.2 and 5.1.5, at a sub CA below a root that is trusted, too.
 */
#include "tap.h"

#define CONF_MORE \
	"\n" \
	"[profile explicit]\nconfirm = explicit\n" \
	"[profile other]\n" \
	"[profile month]\nrenew-for = 30d\n" \
	"[profile held]\nhold = yes\n" \
	"[enrol devices]\nanchor = trust/maker.pem\n" \
	"profile = default explicit month held\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n"

#include "t_engine_say.h"

#include "msg/poll.h"

#define SUBJECT	"CN=pump17,O=Example"

static struct who upper;

/* cmp.conf with ${more} at its end, and the CA opened again. */
static void
add_conf(const char *more)
{
	struct err e = { 0 };
	struct buf text;

	engine_close(en);
	buf_init(&text, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1)
		die("cmp.conf", &e);
	buf_add_str(&text, more);
	put_file(cafd, "cmp.conf", buf_slice(&text), 0644);
	buf_release(&text);
	open_ca();
}

static struct who
holder(struct key *key)
{
	struct who w = { .key = key };
	struct err e = { 0 };

	if (re.cert.p == NULL || cert_parse(re.cert, &w.cert, &e) == -1)
		die("no certificate", &e);
	return w;
}

/* Somebody with a first certificate of ${profile}. */
static struct who
enrolled(const char *profile)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);

	a.d.cert_profile = slice_str(profile);
	say(make(&a));
	ask_release(&a);
	return holder(key);
}

/* What ${by} asks for in a ${body} for ${profile}. */
static void
ask_as(const struct who *by, enum body body, const struct key *key,
    const char *profile)
{
	struct ask a = ask_for(by, key);

	a.chain = (struct who){ .key = NULL };
	a.d.body = body;
	if (profile != NULL)
		a.d.cert_profile = slice_str(profile);
	say(make(&a));
	ask_release(&a);
}

static int64_t
first_issued(const struct who *w)
{
	struct slice serial = w->cert.serial;
	struct err e = { 0 };
	struct store_cert c;

	if (serial.p[0] == 0)
		serial = SLICE(serial.p + 1, serial.n - 1);
	return store_cert(engine_store(en), serial, &c, new_buf(), &e) == 1 ?
	    c.first_issued : -1;
}

static void
take_back(const struct who *w)
{
	struct effects f = { .revoke = 1, .revoke_reason = 1,
	    .event = "revoked" };
	struct store_row row = { .effects = &f, .now = the_time };
	struct slice serial = w->cert.serial;
	char final[STORE_NAME];
	struct err e = { 0 };
	struct txn t;

	if (serial.p[0] == 0)
		serial = SLICE(serial.p + 1, serial.n - 1);
	txn_init(&t);
	buf_add_slice(&t.serial, serial);
	f.txn = &t;
	if (engine_begin(en, &e) == -1 ||
	    store_put(engine_store(en), &row, final, &e) == -1 ||
	    engine_commit(en, &e) == -1)
		die("revoke", &e);
	txn_release(&t);
}

/* --- names and profiles */

static void
test_profiles(void)
{
	struct who own = enrolled("default");
	struct key *key[3];

	for (int i = 0; i < 3; i++)
		key[i] = new_key("ed25519");
	ask_as(&own, BODY_CR, key[0], "other");
	ok(refused_in(BODY_CP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "a cr for another profile than that of its certificate is "
	    "notAuthorized");
	ask_as(&own, BODY_CR, key[0], "default");
	ok(granted_in(BODY_CP), "one for the same profile is granted");
	add_conf("[enrol mine]\nanchor = certs/ca.pem\nprofile = other\n");
	ask_as(&own, BODY_CR, key[1], "default");
	ok(refused_in(BODY_CP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "once an [enrol] rule has our CA certificate, it alone says "
	    "which profiles");
	ask_as(&own, BODY_CR, key[1], "other");
	ok(granted_in(BODY_CP), "and opens another profile");
	ask_as(&own, BODY_KUR, key[2], NULL);
	ok(granted_in(BODY_KUP), "an update is not asked about");
	key_free(own.key);
	for (int i = 0; i < 3; i++)
		key_free(key[i]);
}

/* --- one line of renewal, whatever it is renewed with */

static void
test_line(enum body body)
{
	struct who own = enrolled("month"), next;
	struct key *key = new_key("ed25519"), *late = new_key("ed25519");
	int64_t start = the_time;

	ok(first_issued(&own) == the_time, "a first certificate is first "
	    "issued now, whatever its notBefore");
	the_time += 20 * DAY;
	ask_as(&own, body, key, "month");
	next = holder(key);
	ok(first_issued(&next) == start, "a %s of our certificate goes on "
	    "with its line of renewal", msg_body_name(body));
	the_time += 11 * DAY;
	ask_as(&next, BODY_KUR, late, NULL);
	ok(refused_in(BODY_KUP, E_UPDATE_LIMIT, FAIL_NOT_AUTHORIZED),
	    "so that renew-for ends a kur of what it got");
	ask_as(&own, body, late, "month");
	ok(refused_in(BODY_CP, E_UPDATE_LIMIT, FAIL_NOT_AUTHORIZED),
	    "and a %s as well", msg_body_name(body));
	the_time = start;
	key_free(own.key);
	key_free(key);
	key_free(late);
}

/* --- going on with a transaction */

static struct slice
go_on(enum body body, const struct ask *a, struct slice nonce,
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
	der = seal(&d, by, by->cert.der.p == NULL ? NULL : &sub.cert);
	draft_release(&d);
	return der;
}

static void
test_same(void)
{
	struct who twin = { .key = dev.key, .cert = certify(&sub,
	    "CN=device1,O=Example", dev.key, (struct says){ 0 }) };
	struct key *key[2] = { new_key("ed25519"), new_key("ed25519") };
	struct ask a = ask_for(&dev, key[0]), b = ask_for(&dev, key[1]);
	struct slice nonce, cert;

	a.d.cert_profile = slice_str("explicit");
	b.d.cert_profile = slice_str("held");
	say(make(&a));
	nonce = re.m.hdr.sender_nonce;
	cert = re.cert;
	say(go_on(BODY_CERTCONF, &a, nonce, cert, &twin));
	ok(ERROR(E_PROT_SAME, FAIL_WRONG_INTEGRITY) &&
	    state_of(&dev, a.d.transaction_id) == TXN_CONFIRM,
	    "a certConf with another certificate of the same key and name is "
	    "wrongIntegrity and changes nothing");
	say(go_on(BODY_CERTCONF, &a, nonce, cert, &dev));
	ok(re.m.body == BODY_PKICONF, "one with the certificate of the "
	    "request is taken");
	say(make(&b));
	nonce = re.m.hdr.sender_nonce;
	say(go_on(BODY_POLLREQ, &b, nonce, SLICE_NONE, &twin));
	ok(ERROR(E_PROT_SAME, FAIL_WRONG_INTEGRITY) &&
	    state_of(&dev, b.d.transaction_id) == TXN_HELD,
	    "a pollReq with another certificate of the same key and name is "
	    "wrongIntegrity while the request is held");
	say(go_on(BODY_POLLREQ, &b, nonce, SLICE_NONE, &dev));
	ok(re.m.body == BODY_POLLREP, "one with the certificate of the "
	    "request is answered");
	ask_release(&a);
	ask_release(&b);
	key_free(key[0]);
	key_free(key[1]);
}

/* Until its certConf is here, nobody knows that a device has it. */
static void
test_unconfirmed(void)
{
	static const enum body bodies[] = { BODY_CR, BODY_P10CR, BODY_KUR };
	struct who own = { .key = new_key("ed25519") };
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, own.key);
	struct slice nonce;

	a.d.cert_profile = slice_str("explicit");
	say(make(&a));
	nonce = re.m.hdr.sender_nonce;
	own = holder(own.key);
	for (size_t i = 0; i < 3; i++) {
		ask_as(&own, bodies[i], key, "explicit");
		ok(ERROR(E_NOT_CONFIRMED, FAIL_NOT_AUTHORIZED),
		    "a %s signed with a certificate that is not confirmed is "
		    "notAuthorized", msg_body_name(bodies[i]));
	}
	say(go_on(BODY_CERTCONF, &a, nonce, own.cert.der, &dev));
	ask_as(&own, BODY_KUR, key, "explicit");
	ok(granted_in(BODY_KUP), "after its certConf it counts");
	ask_release(&a);
	key_free(own.key);
	key_free(key);
}

/* --- another way up */

/*
 * The CA gets a new key, so that old certificates of its are below the root
 * only, which is the anchor of an [enrol] rule: they stay ours.
 */
static void
test_rekey(void)
{
	struct who own = enrolled("default"), old = ca, good =
	    enrolled("default"), next = identity(&upper,
	    "CN=Plant Sub CA,O=T", "ed25519", (struct says){ .ca = 1 });
	struct key *key = new_key("ed25519");
	static const enum body bodies[] = { BODY_IR, BODY_P10CR };
	struct ask a = ask_for(&own, key);
	int fd = dir_of(cafd, "keys"), n;

	take_back(&own);
	put_key(fd, "ca.key", next.key);
	close(fd);
	fd = dir_of(cafd, "certs");
	put_certs(fd, "ca.pem", (const struct cert *[]){ &next.cert }, 1);
	close(fd);
	fd = dir_of(cafd, "trust");
	put_certs(fd, "upper.pem", (const struct cert *[]){ &upper.cert }, 1);
	close(fd);
	add_conf("[enrol above]\nanchor = trust/upper.pem\n"
	    "profile = default\nsubject = CN=*,O=Example\n");
	n = certificates(NULL);
	a.chain = old;
	for (int i = 0; i < 2; i++) {
		a.d.body = bodies[i];
		a.d.transaction_id = fresh(16);
		say(make(&a));
		ok(re.verdict == VERDICT_REFUSED && re.code == E_PATH_REVOKED &&
		    certificates(NULL) == n, "%s: a revoked certificate of "
		    "ours stays revoked, whatever anchor it is below",
		    msg_body_name(bodies[i]));
	}
	a.by = good;
	a.d.body = BODY_IR;
	a.d.transaction_id = fresh(16);
	say(make(&a));
	ok(re.verdict == VERDICT_REFUSED && re.code == E_NOT_AUTHORIZED,
	    "a good one of ours is no device of a vendor");
	a.d.body = BODY_CR;
	a.d.transaction_id = fresh(16);
	say(make(&a));
	ok(re.verdict == VERDICT_ANSWERED && re.cert.p != NULL,
	    "and may send what ours may");
	ask_release(&a);
	key_free(own.key);
	key_free(good.key);
	key_free(next.key);
	key_free(key);
}

int
main(void)
{
	make_top();
	make_identities();
	upper = identity(NULL, "CN=Upper Root", "ed25519", (struct says){
	    .ca = 1 });
	make_ca("ed25519", &upper);
	test_line(BODY_CR);
	test_line(BODY_P10CR);
	test_same();
	test_unconfirmed();
	test_profiles();
	test_rekey();
	key_free(upper.key);
	teardown();
	return done();
}
