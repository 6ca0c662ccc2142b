/*
 * Requests of those who have a certificate already, or who bring a PKCS#10:
 * RFC 9483 4.1.2, 4.1.3, 4.1.4 and 5.1.1, at the CA.
 */
#include <sqlite3.h>

#include "tap.h"
#include "t_engine_say.h"

#define SUBJECT	"CN=pump17,O=Example"
#define SAN	"dns:pump17.example"

static int
refused(enum body body, enum err_code code, enum fail fail, int before)
{
	return refused_in(body, code, fail) && certificates(NULL) == before;
}

/* The certificate in the last answer, with ${key}, which it gets. */
static struct who
holder(struct key *key)
{
	struct who w = { .key = key };
	struct err e = { 0 };

	if (re.cert.p == NULL || cert_parse(re.cert, &w.cert, &e) == -1)
		die("no certificate", &e);
	return w;
}

/* Somebody with a first certificate of the CA. */
static struct who
enrolled(const char *subject, const char *san, struct slice profile)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);

	a.subject = subject;
	a.san = san;
	a.d.cert_profile = profile;
	say(make(&a));
	ask_release(&a);
	return holder(key);
}

/* A good request of ${by}, who has no chain but the CA. */
static struct ask
ask_as(const struct who *by, enum body body, const struct key *key)
{
	struct ask a = ask_for(by, key);

	a.chain = (struct who){ .key = NULL };
	a.d.body = body;
	a.subject = SUBJECT;
	a.san = SAN;
	return a;
}

/* --- cr, RFC 9483 4.1.2 */

static void
test_cr(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_NONE);
	struct key *key = new_key("ec:P-256");
	struct ask a = ask_as(&own, BODY_CR, key);
	struct cert_rep rep;
	struct err e = { 0 };
	int n = certificates(NULL);

	a.subject = "CN=pump18,O=Example";
	say(make(&a));
	ok(refused(BODY_CP, E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED, n),
	    "a cr for another subject is notAuthorized");
	a.d.transaction_id = fresh(16);
	a.subject = SUBJECT;
	a.san = "dns:pump18.example";
	say(make(&a));
	ok(refused(BODY_CP, E_NOT_SAN, FAIL_NOT_AUTHORIZED, n),
	    "a cr for another subjectAltName is notAuthorized");
	a.d.transaction_id = fresh(16);
	a.san = SAN;
	a.key = own.key;
	say(make(&a));
	ok(refused(BODY_CP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n),
	    "a cr for the key of the sender's certificate is "
	    "badCertTemplate");
	a.d.transaction_id = fresh(16);
	a.key = key;
	a.popo_bad = 1;
	say(make(&a));
	ok(refused(BODY_CP, E_POPO_SIG, FAIL_BAD_POP, n),
	    "a cr whose proof of possession is damaged is badPOP");
	a.d.transaction_id = fresh(16);
	a.popo_bad = 0;
	a.d.body = BODY_IR;
	say(make(&a));
	ok(refused(BODY_IP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED, n),
	    "an ir from the holder of one of our certificates is "
	    "notAuthorized");
	a.d.transaction_id = fresh(16);
	a.d.body = BODY_CR;
	a.by = dev;
	a.chain = sub;
	say(make(&a));
	ok(refused(BODY_CP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED, n),
	    "a cr from a vendor's device is notAuthorized");
	a.d.transaction_id = fresh(16);
	a.by = own;
	a.chain = (struct who){ .key = NULL };
	say(make(&a));
	ok(granted_in(BODY_CP) && re.req_id == 0 &&
	    certificates(NULL) == n + 1 && crmf_response(re.m.content, &rep,
	    &e) == 0 && !rep.has_ca_pubs,
	    "a cr for the sender's own names is granted in a cp without "
	    "caPubs");
	ask_release(&a);
	key_free(own.key);
	key_free(key);
}

/* --- kur, RFC 9483 4.1.3 */

static void
test_kur(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_NONE),
	    other = enrolled("CN=pump18,O=Example", NULL, SLICE_NONE);
	struct key *key = new_key("ec:P-256");
	struct ask a = ask_as(&own, BODY_KUR, key);
	struct cert_rep rep;
	struct err e = { 0 };
	int n = certificates(NULL);

	a.subject = "CN=pump19,O=Example";
	say(make(&a));
	ok(refused(BODY_KUP, E_UPDATE_NAME, FAIL_BAD_CERT_TEMPLATE, n),
	    "a kur with another subject is badCertTemplate");
	a.d.transaction_id = fresh(16);
	a.subject = SUBJECT;
	a.san = "dns:pump19.example";
	say(make(&a));
	ok(refused(BODY_KUP, E_UPDATE_NAME, FAIL_BAD_CERT_TEMPLATE, n),
	    "a kur with another subjectAltName is badCertTemplate");
	a.d.transaction_id = fresh(16);
	a.san = NULL;
	say(make(&a));
	ok(refused(BODY_KUP, E_UPDATE_NAME, FAIL_BAD_CERT_TEMPLATE, n),
	    "a kur without the subjectAltName is badCertTemplate");
	a.d.transaction_id = fresh(16);
	a.san = SAN;
	a.key = own.key;
	say(make(&a));
	ok(refused(BODY_KUP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n),
	    "a kur for the same key is badCertTemplate");
	a.d.transaction_id = fresh(16);
	a.key = key;
	a.old = &other.cert;
	say(make(&a));
	ok(refused(BODY_KUP, E_UPDATE_ID, FAIL_BAD_CERT_ID, n),
	    "a kur whose oldCertId names another certificate is badCertId");
	a.d.transaction_id = fresh(16);
	a.old = &own.cert;
	a.popo = POPO_ABSENT;
	say(make(&a));
	ok(refused(BODY_KUP, E_POPO_MISSING, FAIL_BAD_POP, n),
	    "a kur without proof of possession is badPOP");
	a.d.transaction_id = fresh(16);
	a.d.transaction_id = fresh(16);
	a.popo = POPO_RA_VERIFIED;
	say(make(&a));
	ok(refused(BODY_KUP, E_RA_VERIFIED, FAIL_NOT_AUTHORIZED, n),
	    "a kur with raVerified from a device is notAuthorized");
	a.d.transaction_id = fresh(16);
	a.popo = POPO_SIGNATURE;
	a.d.cert_profile = SLICE_LIT("again");
	say(make(&a));
	ok(refused(BODY_KUP, E_CERT_PROFILE, FAIL_BAD_REQUEST, n),
	    "a kur for another profile is badRequest");
	a.d.transaction_id = fresh(16);
	a.d.cert_profile = SLICE_LIT("default");
	a.by = dev;
	a.chain = sub;
	a.old = NULL;
	say(make(&a));
	ok(refused(BODY_KUP, E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED, n),
	    "a kur from a vendor's device is notAuthorized");
	a.d.transaction_id = fresh(16);
	a.by = own;
	a.chain = (struct who){ .key = NULL };
	a.old = &own.cert;
	say(make(&a));
	ok(granted_in(BODY_KUP) && certificates(NULL) == n + 1 &&
	    crmf_response(re.m.content, &rep, &e) == 0 && !rep.has_ca_pubs,
	    "a kur with the names of its certificate and a new key is "
	    "granted in a kup without caPubs");
	a.d.transaction_id = fresh(16);
	a.key = other.key;
	say(make(&a));
	ok(refused(BODY_KUP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n + 1),
	    "a kur for the key of another certificate is badCertTemplate");
	ask_release(&a);
	key_free(own.key);
	key_free(other.key);
	key_free(key);
}

/* oldCertId may be left out: what protects the request is updated. */
static void
test_kur_plain(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_NONE);
	struct key *key = new_key("ed25519");
	struct ask a = ask_as(&own, BODY_KUR, key);

	say(make(&a));
	ok(granted_in(BODY_KUP), "a kur without oldCertId is granted");
	ask_release(&a);
	key_free(own.key);
	key_free(key);
}

/* The whole line of updates counts from its first certificate. */
static void
test_limit(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_LIT("month")), next;
	struct key *key = new_key("ed25519"), *late = new_key("ed25519");
	struct ask a = ask_as(&own, BODY_KUR, key);
	int64_t start = the_time;
	int n;

	the_time += 20 * DAY;
	a.d.message_time = the_time;
	say(make(&a));
	ok(granted_in(BODY_KUP), "a kur within renew-for is granted");
	next = holder(key);
	n = certificates(NULL);
	the_time += 11 * DAY;
	a.d.message_time = the_time;
	a.d.transaction_id = fresh(16);
	a.by = next;
	a.key = late;
	say(make(&a));
	ok(refused(BODY_KUP, E_UPDATE_LIMIT, FAIL_NOT_AUTHORIZED, n),
	    "a kur after renew-for, counted from the first certificate, is "
	    "notAuthorized");
	the_time = start;
	ask_release(&a);
	key_free(own.key);
	key_free(key);
	key_free(late);
}

/* --- certificates that count no more */

static void
take_back(const struct who *w)
{
	struct effects f = { .revoke = 1, .revoke_reason = 1,
	    .event = "revoked" };
	struct store_row row = { .effects = &f, .name = "none",
	    .now = the_time };
	char final[STORE_NAME];
	struct err e = { 0 };
	struct slice serial = w->cert.serial;
	struct txn t;

	if (serial.n > 1 && serial.p[0] == 0)
		serial = SLICE(serial.p + 1, serial.n - 1);
	txn_init(&t);
	buf_add_slice(&t.serial, serial);
	f.txn = &t;
	accept_clock();
	if (engine_begin(en, &e) == -1 ||
	    store_put(engine_store(en), &row, final, &e) == -1 ||
	    engine_commit(en, &e) == -1)
		die("revoke", &e);
	txn_release(&t);
}

static const enum body bodies[] = { BODY_CR, BODY_KUR, BODY_P10CR };

static void
say_any(struct ask *a, enum body body)
{
	a->d.body = body;
	a->d.transaction_id = fresh(16);
	say(make(a));
}

static void
test_revoked(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_NONE);
	struct key *key = new_key("ed25519");
	struct ask a = ask_as(&own, BODY_CR, key);
	int n = certificates(NULL);

	take_back(&own);
	for (size_t i = 0; i < 3; i++) {
		say_any(&a, bodies[i]);
		ok(refused(BODY_ERROR, E_PATH_REVOKED, FAIL_SIGNER_NOT_TRUSTED, n),
		    "a %s signed with a revoked certificate is "
		    "signerNotTrusted",
		    msg_body_name(bodies[i]));
	}
	a.by = dev;
	a.chain = sub;
	a.key = own.key;
	say_any(&a, BODY_IR);
	ok(refused(BODY_IP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n),
	    "a key of a revoked certificate is not certified again");
	ask_release(&a);
	key_free(own.key);
	key_free(key);
}

static void
test_expired(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_NONE);
	struct key *key = new_key("ed25519");
	struct ask a = ask_as(&own, BODY_CR, key);
	int64_t start = the_time;
	int n = certificates(NULL);

	the_time += 400 * DAY;
	a.d.message_time = the_time;
	for (size_t i = 0; i < 3; i++) {
		say_any(&a, bodies[i]);
		ok(re.verdict == VERDICT_REFUSED && re.code == E_PATH_TIME &&
		    re.m.body == BODY_ERROR && certificates(NULL) == n,
		    "a %s signed with an expired certificate is refused",
		    msg_body_name(bodies[i]));
	}
	the_time = start;
	ask_release(&a);
	key_free(own.key);
	key_free(key);
}

/* Signed with the key of the CA, but nobody here has issued it. */
/* ${k}, an RSA key, as one for RSASSA-PSS alone; ${params} as they are. */
static struct key *
pss_of(const struct key *k, struct slice params)
{
	struct buf *der = new_buf();
	struct slice in, version, algid, secret;
	struct err e = { 0 };
	struct key *out;
	struct derw w;
	char cmd[512];
	size_t mark;

	put_key(topfd, "rsa.key", k);
	snprintf(cmd, sizeof(cmd), "openssl pkcs8 -topk8 -nocrypt -in %s "
	    "-outform DER -out %s", in_top("rsa.key"), in_top("rsa.der"));
	if (system(cmd) != 0 || file_read_at(topfd, "rsa.der", 1 << 16, der,
	    &e) == -1 || der_only(buf_slice(der), DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_INTEGER, &version) == -1 ||
	    der_get(&in, DER_SEQUENCE, &algid) == -1 ||
	    der_get_tlv(&in, DER_OCTET_STRING, &secret) == -1)
		die("rsa.der", &e);
	derw_init(&w, 1 << 16);
	derw_raw(&w, secret);
	mark = derw_mark(&w);
	derw_raw(&w, params);
	derw_oid(&w, oid_bytes(OID_RSA_PSS));
	derw_wrap(&w, DER_SEQUENCE, mark);
	derw_raw(&w, version);
	derw_wrap(&w, DER_SEQUENCE, 0);
	if (key_import(derw_slice(&w), SLICE_NONE, &out, &e) == -1)
		die("RSA-PSS", &e);
	derw_release(&w);
	return out;
}

/* SHA-256, MGF1 with it, 32 octets of salt. */
#define SHA256	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define PSS_PARAMS	SLICE_LIT("\x30\x30\xa0\x0d\x30\x0b" SHA256 \
	"\xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" \
	"\x30\x0b" SHA256 "\xa2\x03\x02\x01\x20")

/* Forget the hashes, as if an older program had issued all. */
static void
forget_hashes(void)
{
	sqlite3 *db = NULL;

	engine_close(en);
	if (sqlite3_open(in_top("ca/state/cmp.db"), &db) != SQLITE_OK ||
	    sqlite3_exec(db, "UPDATE cert SET key_hash = NULL", NULL, NULL,
	    NULL) != SQLITE_OK)
		die("cmp.db", &(struct err){ 0 });
	sqlite3_close(db);
	open_ca();
}

/* The same numbers are the same key, whatever algorithm they are for. */
static void
test_same_numbers(void)
{
	struct key *rsa = new_key("rsa:2048"), *fresh_key = new_key("ec:P-256"),
	    *pss[2] = { pss_of(rsa, SLICE_NONE), pss_of(rsa, PSS_PARAMS) };
	static const char *const how[2] = { "without parameters",
	    "with parameters" };
	struct ask a = ask_for(&dev, rsa), u;
	struct who own;
	int n;

	a.subject = "CN=victim,O=Example";
	say(make(&a));
	own = holder(rsa);
	n = certificates(NULL);
	for (int i = 0; i < 2; i++) {
		ok(!slice_eq(key_spki(rsa), key_spki(pss[i])),
		    "(RSA-PSS %s: another SubjectPublicKeyInfo)", how[i]);
		a.key = pss[i];
		a.subject = "CN=other,O=Example";
		say_any(&a, BODY_IR);
		ok(refused(BODY_IP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n),
		    "an RSA key is not certified for another as RSA-PSS %s",
		    how[i]);
		u = ask_as(&own, BODY_KUR, pss[i]);
		u.subject = "CN=victim,O=Example";
		say(make(&u));
		ok(refused(BODY_KUP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE,
		    n), "an update has no new key if it is RSA-PSS %s of the "
		    "same numbers", how[i]);
		ask_release(&u);
	}
	take_back(&own);
	for (int i = 0; i < 3; i++) {
		a.key = i == 2 ? rsa : pss[i];
		say_any(&a, BODY_IR);
		ok(refused(BODY_IP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n),
		    "a revoked RSA key is not certified again as %s%s", i == 2 ?
		    "RSA" : "RSA-PSS ", i == 2 ? "" : how[i]);
		forget_hashes();
	}
	a.key = pss[0];
	say_any(&a, BODY_IR);
	ok(refused(BODY_IP, E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n),
	    "nor is one whose certificate an older program issued");
	a.key = fresh_key;
	say_any(&a, BODY_IR);
	ok(granted() && certificates(NULL) == n + 1,
	    "(but a key of its own is)");
	ask_release(&a);
	key_free(rsa);
	key_free(pss[0]);
	key_free(pss[1]);
	key_free(fresh_key);
}

static void
test_stranger(void)
{
	struct who s = identity(&ca, SUBJECT, "ed25519", (struct says){
	    .san = SAN });
	struct key *key = new_key("ed25519");
	struct ask a = ask_as(&s, BODY_CR, key);
	static const enum body in[] = { BODY_CP, BODY_KUP, BODY_CP };
	int n = certificates(NULL);

	for (size_t i = 0; i < 3; i++) {
		say_any(&a, bodies[i]);
		ok(refused(in[i], E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED, n),
		    "a %s signed with a certificate that is not in the store "
		    "is notAuthorized", msg_body_name(bodies[i]));
	}
	ask_release(&a);
	key_free(s.key);
	key_free(key);
}

/* --- p10cr, RFC 9483 4.1.4 */

/* A rejection of a p10cr has the certReqId of 4.1.4, too. */
static int
no_p10(enum err_code code, enum fail fail, int before)
{
	return refused(BODY_CP, code, fail, before) && re.req_id == -1;
}

static void
test_p10cr_form(void)
{
	static const uint8_t no_bits[] = { 0x30, 0x18, 0x30, 0x13, 0x06, 0x07,
	    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
	    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x01, 0x00 };
	struct key *key = new_key("ec:P-256"), *other = new_key("ec:P-256");
	struct ask a = ask_for(&dev, key);
	int n = certificates(NULL);

	a.popo_bad = 1;
	a.san = NULL;
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_CSR_SIG, FAIL_BAD_POP, n),
	    "a PKCS#10 whose signature is damaged is badPOP, with "
	    "certReqId -1");
	a.popo_bad = 0;
	a.popo_key = other;
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_CSR_SIG, FAIL_BAD_POP, n),
	    "a PKCS#10 signed with another key is badPOP");
	a.popo_key = NULL;
	a.popo_alg = alg_default(key_info(dev.key));
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_POPO_ALG, FAIL_BAD_POP, n),
	    "a PKCS#10 whose algorithm does not fit its key is badPOP");
	a.popo_alg = (struct sigalg){ .scheme = SIG_NONE };
	a.version = 1;
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_CSR_SYNTAX, FAIL_BAD_DATA_FORMAT, n),
	    "a PKCS#10 of another version than 0 is badDataFormat");
	a.version = 0;
	a.unknown_critical = 1;
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_TMPL_EXT, FAIL_BAD_CERT_TEMPLATE, n),
	    "a PKCS#10 with an unknown critical extension is "
	    "badCertTemplate");
	a.unknown_critical = 0;
	a.ku = KU_KEY_CERT_SIGN;
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_TMPL_CA, FAIL_BAD_CERT_TEMPLATE, n),
	    "a PKCS#10 that asks for keyCertSign is badCertTemplate");
	a.ku = 0;
	a.raw_key = SLICE(no_bits, sizeof(no_bits));
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_TMPL_KEY, FAIL_BAD_CERT_TEMPLATE, n),
	    "a PKCS#10 without a key is badCertTemplate");
	a.raw_key = SLICE_NONE;
	a.subject = "";
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_TMPL_NO_NAME, FAIL_BAD_CERT_TEMPLATE, n),
	    "a PKCS#10 that names nobody is badCertTemplate");
	ask_release(&a);
	key_free(key);
	key_free(other);
}

static void
test_p10cr(void)
{
	struct who own = enrolled(SUBJECT, SAN, SLICE_NONE);
	struct key *key = new_key("ec:P-256"), *more = new_key("ed25519");
	struct ask a = ask_as(&own, BODY_P10CR, key);
	struct err e = { 0 };
	int n = certificates(NULL);
	struct cert_rep rep;
	struct cert c;

	a.subject = "CN=pump18,O=Example";
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED, n),
	    "a p10cr for another subject is notAuthorized");
	a.subject = SUBJECT;
	a.san = "dns:pump18.example";
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_NOT_SAN, FAIL_NOT_AUTHORIZED, n),
	    "a p10cr for another subjectAltName is notAuthorized");
	a.san = SAN;
	say_any(&a, BODY_P10CR);
	ok(granted_in(BODY_CP) && re.req_id == -1 &&
	    crmf_response(re.m.content, &rep, &e) == 0 && !rep.has_ca_pubs,
	    "a p10cr for the sender's own names is granted in a cp with "
	    "certReqId -1");
	ok(cert_parse(re.cert, &c, &e) == 0 && c.san.n > 0 &&
	    slice_eq(c.spki, key_spki(key)) &&
	    name_eq(c.subject, name(SUBJECT)),
	    "the certificate has subject, key and subjectAltName of the "
	    "PKCS#10");
	say_any(&a, BODY_P10CR);
	ok(no_p10(E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE, n + 1),
	    "a p10cr for a key that is certified already is "
	    "badCertTemplate");
	a.by = dev;
	a.chain = sub;
	a.key = more;
	a.subject = "CN=pump20,O=Example";
	a.san = "dns:pump20.example";
	say_any(&a, BODY_P10CR);
	ok(granted_in(BODY_CP) && re.req_id == -1,
	    "a p10cr from a vendor's device is granted as its rule says");
	ask_release(&a);
	key_free(own.key);
	key_free(key);
	key_free(more);
}

/* certConf after a p10cr: -1 as in the cp, or 0 as 4.1.1 has it. */
static int
confirmed_with(int64_t id)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	uint8_t hash[HASH_MAX];
	struct err e = { 0 };
	struct cert c;
	size_t n;
	int rc;

	a.d.implicit_confirm = 0;
	say_any(&a, BODY_P10CR);
	if (!granted_in(BODY_CP) || cert_parse(re.cert, &c, &e) == -1)
		die("no cp", &e);
	n = cert_hash(&c, hash);
	a.d.body = BODY_CERTCONF;
	a.d.sender_nonce = fresh(16);
	a.d.recip_nonce = re.m.hdr.sender_nonce;
	derw_reset(&a.d.content);
	draft_body_certconf(&a.d, SLICE(hash, n), id, STATUS_ACCEPTED, NULL,
	    FAIL_NONE);
	say(seal(&a.d, &a.by, &a.chain.cert));
	rc = re.verdict == VERDICT_ANSWERED && re.m.body == BODY_PKICONF &&
	    state_of(&dev, a.d.transaction_id) == TXN_DONE;
	ask_release(&a);
	key_free(key);
	return rc;
}

static void
test_p10cr_confirmed(void)
{
	ok(confirmed_with(-1), "certConf with certReqId -1 confirms a p10cr");
	ok(confirmed_with(0), "certConf with certReqId 0 confirms a p10cr");
	ok(!confirmed_with(1) && re.code == E_CONF_ID,
	    "certConf with certReqId 1 does not");
}

int
main(void)
{
	setup("ed25519");
	test_cr();
	test_kur();
	test_kur_plain();
	test_limit();
	test_revoked();
	test_same_numbers();
	test_stranger();
	test_p10cr_form();
	test_p10cr();
	test_p10cr_confirmed();
	test_expired();
	teardown();
	return done();
}
