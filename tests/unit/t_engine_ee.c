/* Answers, as the device checks them: RFC 9483 3.5, 3.6.1 and 4.1.1. */
#include "tap.h"
#include "msg/poll.h"
#include "t_engine_dev.h"

/* Not from whom we asked: the request stays open and nothing is written. */
static int
left_open(const struct device *d, enum err_code code)
{
	return got.verdict == VERDICT_NO && got.code == code &&
	    got.der.n == 0 && dev_state(d) == TXN_OPEN && !installed(d);
}

/* A signed answer that is no use: it ends here, without a message. */
static int
ended(const struct device *d, enum err_code code)
{
	return got.verdict == VERDICT_NO && got.code == code &&
	    got.der.n == 0 && dev_state(d) == TXN_FAILED && !installed(d);
}

static void
say_ip(struct device *d, struct ip *p)
{
	take(d, ip_make(p));
	draft_release(&p->d);
}

static void
test_request(void)
{
	const struct cert *own[] = { &dev.cert };
	struct device d = device(0), other = device(1);
	const struct hdr *h = &d.q.hdr;

	ok(h->pvno == 2 && h->has_time && h->message_time == the_time &&
	    h->sender_kid.n > 0 && slice_eq(h->sender_kid, own[0]->ski) &&
	    name_eq(h->sender_name, own[0]->subject),
	    "the header of an ir has pvno 2, messageTime, and sender and "
	    "senderKID of the protection certificate");
	ok(h->transaction_id.n == 16 && h->sender_nonce.n == 16 &&
	    h->recip_nonce.p == NULL && !slice_eq(h->transaction_id,
	    other.q.hdr.transaction_id) && !slice_eq(h->sender_nonce,
	    other.q.hdr.sender_nonce) && !slice_eq(h->sender_nonce,
	    h->transaction_id), "an ir has a fresh transactionID and "
	    "senderNonce of 128 bits and no recipNonce");
	ok(h->implicit_confirm && !other.q.hdr.implicit_confirm,
	    "implicit confirmation is asked for unless it is not wanted");
	ok(d.q.n_extra == 2 && slice_eq(d.q.extra[0], dev.cert.der) &&
	    slice_eq(d.q.extra[1], sub.cert.der),
	    "extraCerts are the protection certificate and its chain, in "
	    "order, without the root");
	ok(h->recipient.n == ca.cert.subject.n + 2 &&
	    memcmp(h->recipient.p + 2, ca.cert.subject.p,
	    ca.cert.subject.n) == 0, "the recipient is the CA");
	device_close(&d);
	device_close(&other);
}

static void
test_good(void)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);
	struct slice der = ip_make(&p);

	take(&d, der);
	ok(got.verdict == VERDICT_TAKEN && got.der.n == 0 && installed(&d) &&
	    dev_state(&d) == TXN_DONE,
	    "an ip with implicit confirmation is taken and installed");
	take(&d, der);
	ok(got.verdict == VERDICT_REPEATED && dev_state(&d) == TXN_DONE,
	    "the same answer again changes nothing");
	p.d.sender_nonce = fresh(16);
	take(&d, ip_make(&p));
	ok(got.verdict == VERDICT_NO && got.code == E_ANSWER_TAKEN &&
	    dev_state(&d) == TXN_DONE, "another answer comes too late");
	draft_release(&p.d);
	device_close(&d);
}

static void
test_no_trust(void)
{
	struct device d = device(NO_TRUST);
	struct ip p = ip_for(&d);

	ok(slice_eq(d.q.hdr.recipient, SLICE_LIT("\xa4\x02\x30\x00")),
	    "a recipient that is not known is the NULL-DN");
	say_ip(&d, &p);
	ok(left_open(&d, E_PATH_NONE),
	    "a device without trust anchors takes no answer");
	device_close(&d);
}

/* Every one of these comes before the true answer, which is still taken. */
static void
test_strangers(void)
{
	const struct cert *chain[] = { &cmp.cert };
	struct device d = device(0);
	struct ip p = ip_for(&d), q = ip_for(&d);
	struct who plain = { .key = dev2.key };

	p.d.transaction_id = fresh(16);
	take(&d, ip_make(&p));
	ok(left_open(&d, E_ANSWER_UNKNOWN),
	    "an answer of an unknown transaction is not taken");
	p.d.transaction_id = q.d.transaction_id;
	p.d.recip_nonce = fresh(16);
	take(&d, ip_make(&p));
	ok(left_open(&d, E_RECIP_NONCE),
	    "an answer with another recipNonce is not taken");
	p.d.recip_nonce = SLICE_NONE;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_RECIP_NONCE),
	    "an answer without recipNonce is not taken");
	p.d.recip_nonce = q.d.recip_nonce;
	p.d.sender_nonce = fresh(8);
	take(&d, ip_make(&p));
	ok(left_open(&d, E_SENDER_NONCE),
	    "an answer with a short senderNonce is not taken");
	p.d.sender_nonce = fresh(16);
	p.d.pvno = 1;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_PVNO), "an answer with pvno 1 is not taken");
	p.d.pvno = 2;
	p.by = stranger;
	p.chain = &stranger_root.cert;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_PATH_NONE),
	    "an answer of a stranger is not taken");
	p.chain = NULL;
	plain.cert = certify(&ca, "CN=pump18,O=Example", dev2.key,
	    (struct says){ 0 });
	p.by = plain;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_ANSWER_SIGNER),
	    "an answer signed by another device of the CA, without cmcCA, is "
	    "not taken");
	plain.cert = certify(&ca, "CN=CMP,O=T", dev2.key, (struct says){
	    .eku = OID_KP_CMC_CA, .to = -1 });
	p.by = plain;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_PATH_TIME),
	    "an answer with an expired protection certificate is not taken");
	plain.cert = certify(&ca, "CN=CMP,O=T", dev2.key, (struct says){
	    .eku = OID_KP_CMC_CA, .ku = KU_KEY_AGREEMENT });
	p.by = plain;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_PROT_USAGE), "an answer whose protection "
	    "certificate lacks digitalSignature is not taken");
	p.by = cmp;
	take(&d, reseal(ip_make(&p), dev2.key, chain, 1));
	ok(left_open(&d, E_PROT_SIG),
	    "an answer with a bad signature is not taken");
	p.by.key = NULL;
	take(&d, ip_make(&p));
	ok(left_open(&d, E_PROT_MISSING),
	    "an ip without protection is not taken");
	p.by = cmp;
	p.by.cert.ski = fresh(20);
	take(&d, reseal(ip_make(&p), cmp.key, chain, 1));
	ok(left_open(&d, E_SENDER_KID),
	    "an answer with a wrong senderKID is not taken");
	take(&d, ip_make(&q));
	ok(got.verdict == VERDICT_TAKEN && installed(&d),
	    "the true answer is taken after all that");
	draft_release(&p.d);
	draft_release(&q.d);
	device_close(&d);
}

static struct slice
error_for(const struct device *d, const struct who *by,
    enum pki_status status)
{
	struct draft m;
	struct slice der;

	head_for(&m, d);
	draft_body_error(&m, status, "go away", FAIL_BAD_REQUEST);
	der = seal(&m, by, NULL);
	draft_release(&m);
	return der;
}

/* A pollReq for ${id} was made, with the credentials of the request. */
static int
is_waiting(const struct device *d, int64_t id)
{
	const struct hdr *h = &got.m.hdr;
	struct err e = { 0 };
	size_t count;
	int64_t asked;

	return got.verdict == VERDICT_WAITING && got.code ==
	    E_ANSWER_WAITING && dev_state(d) == TXN_WAITING && !installed(d) &&
	    got.der.n > 0 && got.m.body == BODY_POLLREQ &&
	    poll_read_req(got.m.content, &asked, &count, &e) == 0 &&
	    count == 1 && asked == id && slice_eq(h->transaction_id,
	    d->q.hdr.transaction_id) && h->sender_nonce.n == 16 &&
	    !slice_eq(h->sender_nonce, d->q.hdr.sender_nonce) &&
	    slice_eq(got.m.extra[0], dev.cert.der) && !h->implicit_confirm;
}

static void
test_error(void)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);
	struct who nobody = cmp;

	nobody.key = NULL;
	take(&d, error_for(&d, &nobody, STATUS_REJECTION));
	ok(left_open(&d, E_ANSWER_UNPROTECTED),
	    "an error message without protection is advice only");
	take(&d, error_for(&d, &cmp, STATUS_WAITING));
	ok(is_waiting(&d, -1),
	    "an error message with status waiting ends nothing");
	take(&d, error_for(&d, &cmp, STATUS_REJECTION));
	ok(ended(&d, E_ANSWER_ERROR),
	    "a signed error message ends the transaction");
	say_ip(&d, &p);
	ok(got.code == E_ANSWER_TAKEN && !installed(&d),
	    "after a signed error message no answer is taken");
	device_close(&d);
}

/* Contents of the ip that contradict themselves or the request. */
#define WITH(bend, code, ...) do { \
	struct device d = device(0); \
	struct ip p = ip_for(&d); \
	bend; \
	say_ip(&d, &p); \
	ok(ended(&d, (code)), __VA_ARGS__); \
	device_close(&d); \
} while (0)

static void
test_form(void)
{
	WITH(p.count = 2, E_ANSWER_COUNT,
	    "two CertResponse end the transaction");
	WITH(p.count = 0, E_ANSWER_COUNT,
	    "no CertResponse ends the transaction");
	WITH(p.req_id = 1, E_ANSWER_ID,
	    "another certReqId ends the transaction");
	WITH(p.cert = SLICE_NONE, E_ANSWER_STATUS,
	    "accepted without a certificate ends the transaction");
	WITH(p.fail = FAIL_BAD_POP, E_ANSWER_STATUS,
	    "accepted with failInfo ends the transaction");
	WITH(p.status = STATUS_REJECTION, E_ANSWER_STATUS,
	    "rejection with a certificate ends the transaction");
	WITH(p.status = STATUS_REVOCATION_WARNING, E_ANSWER_STATUS,
	    "a status that is not allowed ends the transaction");
	WITH(p.private_key = 1, E_ANSWER_STATUS,
	    "a private key that was not asked for ends the transaction");
	WITH(p.encrypted = 1, E_ANSWER_STATUS,
	    "an encrypted certificate ends the transaction");
	WITH((p.ca_pubs = 1, p.cert = SLICE_NONE, p.status =
	    STATUS_REJECTION), E_ANSWER_CAPUBS,
	    "caPubs without a certificate end the transaction");
	WITH((p.cert = SLICE_NONE, p.status = STATUS_REJECTION,
	    p.fail = FAIL_BAD_POP), E_ANSWER_REJECTED,
	    "a rejection ends the transaction");
	WITH(p.d.body = BODY_CP, E_BODY_TYPE,
	    "a cp for an ir ends the transaction");
}

static void
test_waiting(void)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);

	p.cert = SLICE_NONE;
	p.status = STATUS_WAITING;
	say_ip(&d, &p);
	ok(is_waiting(&d, 0),
	    "an ip with status waiting leaves the request open");
	device_close(&d);
}

/* A certificate that was not asked for, with implicit confirmation. */
static void
test_certificate(void)
{
	WITH(p.cert = certificate(NULL, "CN=pump17,O=Example",
	    "dns:pump17.example", (struct says){ 0 }), E_ANSWER_KEY,
	    "a certificate for another key is not installed");
	WITH(p.cert = certificate(&d, "CN=pump18,O=Example",
	    "dns:pump17.example", (struct says){ 0 }), E_ANSWER_SUBJECT,
	    "a certificate for another subject is not installed");
	WITH(p.cert = certificate(&d, "CN=pump17,O=Example",
	    "dns:pump18.example", (struct says){ 0 }), E_ANSWER_SAN,
	    "a certificate with another subjectAltName is not installed");
	WITH(p.cert = certificate(&d, "CN=pump17,O=Example", NULL,
	    (struct says){ 0 }), E_ANSWER_SAN,
	    "a certificate without the subjectAltName asked for is not "
	    "installed");
	WITH(p.cert = certificate(&d, "CN=pump17,O=Example",
	    "dns:pump17.example", (struct says){ .ca = 1,
	    .ku = KU_KEY_CERT_SIGN }), E_ANSWER_CA,
	    "a certificate with CA powers is not installed");
	WITH(p.cert = certificate(&d, "CN=pump17,O=Example",
	    "dns:pump17.example", (struct says){ .eku = OID_KP_CMC_CA }),
	    E_ANSWER_CA,
	    "a certificate that could answer requests is not installed");
	WITH(p.cert = certificate(&d, "CN=pump17,O=Example",
	    "dns:pump17.example", (struct says){ .to = -1 }), E_ANSWER_PATH,
	    "a certificate that has expired is not installed");
	WITH(p.cert = certificate(&d, "CN=pump17,O=Example",
	    "dns:pump17.example", (struct says){ .ku_none = 1 }),
	    E_ANSWER_PATH,
	    "a certificate that the CA has not signed is not installed");
}

static void
test_ca_pubs(void)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);
	struct stat st;

	p.ca_pubs = 1;
	say_ip(&d, &p);
	ok(got.verdict == VERDICT_TAKEN && installed(&d),
	    "caPubs beside a certificate do no harm");
	engine_close(d.en);
	ok(fstatat(d.fd, "trust", &st, 0) == 0 && st.st_nlink == 2,
	    "nothing else changes in trust/");
	d.en = NULL;
	device_close(&d);
}

static void
test_mods(void)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);

	p.status = STATUS_GRANTED_WITH_MODS;
	p.cert = certificate(&d, "CN=pump17,O=Example", NULL,
	    (struct says){ 0 });
	say_ip(&d, &p);
	ok(got.verdict == VERDICT_TAKEN && installed(&d),
	    "grantedWithMods may leave out a subjectAltName");
	device_close(&d);
}

/* --- explicit confirmation */

static struct slice
pkiconf_for(const struct device *d, const struct who *by)
{
	struct draft m;
	struct slice der;

	head_for(&m, d);
	m.recip_nonce = got.m.hdr.sender_nonce;
	draft_body_pkiconf(&m);
	der = seal(&m, by, NULL);
	draft_release(&m);
	return der;
}

static int
cert_conf(const struct device *d, const struct ip *p, int status)
{
	const struct hdr *h = &got.m.hdr;
	uint8_t hash[HASH_MAX];
	struct err e = { 0 };
	struct cert c;
	size_t n;

	if (cert_parse(p->cert, &c, &e) == -1)
		return 0;
	n = cert_hash(&c, hash);
	return got.der.n > 0 && got.m.body == BODY_CERTCONF &&
	    h->pvno == 2 && slice_eq(h->recip_nonce, p->d.sender_nonce) &&
	    slice_eq(h->transaction_id, d->q.hdr.transaction_id) &&
	    h->sender_nonce.n == 16 &&
	    !slice_eq(h->sender_nonce, d->q.hdr.sender_nonce) &&
	    name_eq(h->sender_name, dev.cert.subject) &&
	    !h->implicit_confirm && !h->has_confirm_wait &&
	    h->cert_profile.p == NULL && slice_eq(got.m.extra[0],
	    dev.cert.der) && got.conf.cert_req_id == 0 &&
	    got.conf.hash_alg.p == NULL &&
	    slice_eq(got.conf.cert_hash, SLICE(hash, n)) &&
	    got.conf.status.status == status &&
	    (status == STATUS_REJECTION) == got.conf.status.has_fail;
}

static void
test_confirm(void)
{
	const struct cert *none[1] = { NULL };
	struct who twin = { .key = dev2.key };
	struct device d = device(1);
	struct ip p = ip_for(&d);
	struct slice good, first;

	p.d.implicit_confirm = 0;
	take(&d, ip_make(&p));
	ok(got.verdict == VERDICT_TAKEN && installed(&d) &&
	    cert_conf(&d, &p, STATUS_ACCEPTED) &&
	    dev_state(&d) == TXN_PKICONF,
	    "without implicit confirmation a certConf is due, with the "
	    "credentials of the request");
	first = got.der;
	good = pkiconf_for(&d, &cmp);
	twin.cert = certify(&ca, "CN=CMP,CN=Plant CA,O=T", dev2.key,
	    (struct says){ .eku = OID_KP_CMC_CA });
	got.m.hdr.sender_nonce = fresh(16);
	take(&d, pkiconf_for(&d, &cmp));
	ok(got.verdict == VERDICT_NO && got.code == E_RECIP_NONCE,
	    "a pkiConf without the nonce of the certConf is not taken");
	msg_decode(first, &got.m, &(struct err){ 0 });
	take(&d, pkiconf_for(&d, &twin));
	ok(got.verdict == VERDICT_NO && got.code == E_PROT_SAME &&
	    dev_state(&d) == TXN_PKICONF,
	    "a pkiConf with other credentials than the ip is not taken");
	take(&d, reseal(good, NULL, none, 0));
	ok(got.verdict == VERDICT_TAKEN && got.der.n == 0 &&
	    dev_state(&d) == TXN_DONE,
	    "a pkiConf without extraCerts is verified with those of the ip");
	draft_release(&p.d);
	device_close(&d);
}

static void
test_confirm_granted(void)
{
	struct device d = device(1), v = device(0);
	struct ip p = ip_for(&d), q = ip_for(&v);

	take(&d, ip_make(&p));
	ok(cert_conf(&d, &p, STATUS_ACCEPTED), "implicit confirmation that "
	    "was not asked for is not used");
	q.d.implicit_confirm = 0;
	take(&v, ip_make(&q));
	ok(cert_conf(&v, &q, STATUS_ACCEPTED), "implicit confirmation that is "
	    "not granted makes a certConf due");
	draft_release(&p.d);
	draft_release(&q.d);
	device_close(&d);
	device_close(&v);
}

/* The certConf cannot be signed now: the answer waits for better times. */
static void
test_own_files(void)
{
	struct device d = device(1);
	struct ip p = ip_for(&d);
	struct slice der = ip_make(&p);

	put_file(topfd, "dev.pem", SLICE_LIT("nothing\n"), 0644);
	take(&d, der);
	ok(got.verdict == VERDICT_TEMPORARY && dev_state(&d) == TXN_OPEN,
	    "a certConf that cannot be signed leaves the request open");
	make_device_files();
	take(&d, der);
	ok(cert_conf(&d, &p, STATUS_ACCEPTED),
	    "and the answer is taken once it can be");
	draft_release(&p.d);
	device_close(&d);
}

static void
test_reject(void)
{
	struct device d = device(1);
	struct ip p = ip_for(&d);

	p.d.implicit_confirm = 0;
	p.cert = certificate(&d, "CN=pump18,O=Example", NULL,
	    (struct says){ 0 });
	take(&d, ip_make(&p));
	ok(got.verdict == VERDICT_NO && got.code == E_ANSWER_SUBJECT &&
	    cert_conf(&d, &p, STATUS_REJECTION) && !installed(&d) &&
	    dev_state(&d) == TXN_PKICONF,
	    "a certificate that was not asked for is rejected in a certConf "
	    "and pkiConf awaited");
	take(&d, pkiconf_for(&d, &cmp));
	ok(dev_state(&d) == TXN_FAILED && !installed(&d),
	    "its pkiConf ends the transaction without a certificate");
	draft_release(&p.d);
	device_close(&d);
}

/* Bodies that answer nothing a device has asked. */
static void
test_bodies(void)
{
	struct device d = device(0);
	struct draft m;
	int good = 1;

	for (int b = 0; b < BODY__COUNT; b++) {
		if (b == BODY_IP || b == BODY_CP || b == BODY_KUP ||
		    b == BODY_RP || b == BODY_GENP || b == BODY_ERROR)
			continue;
		head_for(&m, &d);
		m.body = (enum body)b;
		derw_null(&m.content);
		if (b != BODY_PKICONF)
			derw_wrap(&m.content, DER_SEQUENCE, 0);
		take(&d, seal(&m, &cmp, NULL));
		good &= left_open(&d, op_by_request(m.body) != NULL ?
		    E_BODY_TYPE : E_BODY_STATE);
		draft_release(&m);
	}
	ok(good, "what is no answer to the request is not taken");
	device_close(&d);
}

/* Answers to a cr, kur and p10cr: RFC 9483 4.1.2, 4.1.3, 4.1.4. */
static void
test_other_requests(void)
{
	device_op = "cr";
	WITH((p.d.body = BODY_CP, p.ca_pubs = 1), E_ANSWER_CAPUBS,
	    "a cp with caPubs ends the transaction");
	WITH(p.ca_pubs = 0, E_BODY_TYPE,
	    "an ip in answer to a cr ends the transaction");
	device_op = "kur";
	WITH((p.d.body = BODY_KUP, p.ca_pubs = 1), E_ANSWER_CAPUBS,
	    "a kup with caPubs ends the transaction");
	WITH(p.d.body = BODY_CP, E_BODY_TYPE,
	    "a cp in answer to a kur ends the transaction");
	device_op = "p10cr";
	WITH(p.d.body = BODY_CP, E_ANSWER_ID,
	    "a cp with certReqId 0 in answer to a p10cr ends the "
	    "transaction");
	WITH((p.d.body = BODY_CP, p.req_id = -1, p.ca_pubs = 1),
	    E_ANSWER_CAPUBS, "so does one with caPubs");
	device_op = "ir";
}

/* The key is not ours: the certificate is named after the common name. */
static void
test_p10cr(void)
{
	struct device d;
	struct ip p;

	device_op = "p10cr";
	d = device(0);
	p = ip_for(&d);
	p.d.body = BODY_CP;
	p.req_id = -1;
	p.d.implicit_confirm = 0;
	say_ip(&d, &p);
	ok(got.verdict == VERDICT_TAKEN && installed(&d),
	    "a cp with certReqId -1 in answer to a p10cr is taken");
	ok(got.m.body == BODY_CERTCONF && got.conf.cert_req_id == -1,
	    "its certConf has certReqId -1");
	device_close(&d);
	d = device(0);
	p = ip_for(&d);
	p.d.body = BODY_CP;
	p.req_id = -1;
	p.cert = certificate(NULL, "CN=pump17,O=Example",
	    "dns:pump17.example", (struct says){ 0 });
	say_ip(&d, &p);
	ok(ended(&d, E_ANSWER_KEY),
	    "a certificate for another key than that of the PKCS#10 is not "
	    "installed");
	device_close(&d);
	device_op = "ir";
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_request();
	test_good();
	test_no_trust();
	test_strangers();
	test_error();
	test_form();
	test_waiting();
	test_certificate();
	test_ca_pubs();
	test_mods();
	test_confirm();
	test_confirm_granted();
	test_own_files();
	test_reject();
	test_bodies();
	test_other_requests();
	test_p10cr();
	teardown();
	return done();
}
