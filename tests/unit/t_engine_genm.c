/* General messages and their answers: RFC 9483 4.3, 4.3.1, 4.3.4, 5.1.4. */
#include "tap.h"
#include "t_engine_info.h"

#include "role/crl.h"

#define NOTHING	SLICE_NONE
#define CACERTS	oid_bytes(OID_IT_CA_CERTS)

static void
test_form(void)
{
	struct slice null = SLICE_LIT("\x05\x00"), v;

	ok(told(&dev, OID_IT_CA_CERTS, NOTHING, OID_IT_CA_CERTS, &v) &&
	    v.p != NULL && state_of(&dev, re.m.hdr.transaction_id) == TXN_DONE,
	    "a genm is answered in a genp and ends the transaction");
	say(genm(&dev, CACERTS, NOTHING, 2, NULL));
	ok(ERROR(E_INFO_COUNT, FAIL_BAD_REQUEST),
	    "a genm of two InfoTypeAndValue is badRequest");
	say(genm(&dev, CACERTS, NOTHING, 0, NULL));
	ok(ERROR(E_INFO_COUNT, FAIL_BAD_REQUEST),
	    "a genm of no InfoTypeAndValue is badRequest");
	say(genm(&dev, SLICE_LIT("\x2a\x03\x04\x05"), NOTHING, 1, NULL));
	ok(ERROR(E_INFO_TYPE, FAIL_BAD_REQUEST),
	    "a genm of an unknown infoType is badRequest");
	say(genm(&dev, oid_bytes(OID_IT_PREFERRED_SYMM_ALG), NOTHING, 1,
	    NULL));
	ok(ERROR(E_INFO_TYPE, FAIL_BAD_REQUEST),
	    "a genm of an infoType that is not offered is badRequest");
	say(genm(&dev, CACERTS, null, 1, NULL));
	ok(ERROR(E_INFO_VALUE, FAIL_BAD_DATA_FORMAT),
	    "an infoValue in a request for caCerts is badDataFormat");
	say(genm(&dev, oid_bytes(OID_IT_CRL_STATUS_LIST), NOTHING, 1, NULL));
	ok(ERROR(E_INFO_VALUE, FAIL_BAD_DATA_FORMAT),
	    "no infoValue in a request for crls is badDataFormat");
	say(genm(&stranger, CACERTS, NOTHING, 1, NULL));
	ok(ERROR(E_PATH_NONE, FAIL_SIGNER_NOT_TRUSTED),
	    "a genm of a stranger is signerNotTrusted");
}

/* CRLStatus with the issuer, or the URI of a distribution point. */
static struct slice
status(const char *issuer, const char *dp, int64_t this_update, int n)
{
	struct derw w;
	size_t m;

	derw_init(&w, 4096);
	for (int i = 0; i < n; i++) {
		size_t all = derw_mark(&w);

		if (this_update != 0)
			derw_time(&w, this_update);
		m = derw_mark(&w);
		if (issuer != NULL) {
			derw_raw(&w, name(issuer));
			derw_wrap(&w, DER_CTX(4), m);
			derw_wrap(&w, DER_SEQUENCE, m);
			derw_wrap(&w, DER_CTX(1), m);
		} else if (dp != NULL) {
			derw_prim(&w, DER_CTXP(6), slice_str(dp));
			derw_wrap(&w, DER_CTX(0), m);
			derw_wrap(&w, DER_CTX(0), m);
		}
		derw_wrap(&w, DER_SEQUENCE, all);
	}
	derw_wrap(&w, DER_SEQUENCE, 0);
	return kept(&w);
}

/* What the CA says to a crlStatusList: 1 with the CRL, 0 without. */
static int
crl_for(struct slice ask, struct slice crl)
{
	struct slice v, in, der;

	if (!told(&dev, OID_IT_CRL_STATUS_LIST, ask, OID_IT_CRLS, &v))
		return -1;
	if (v.p == NULL)
		return 0;
	return der_only(v, DER_SEQUENCE, &in) == 0 &&
	    der_get_tlv(&in, DER_SEQUENCE, &der) == 0 && in.n == 0 &&
	    slice_eq(der, crl) ? 1 : -1;
}

#define PLANT	"CN=Plant CA,O=T"
#define DP	"http://pki.example/plant.crl"

static void
test_crl(void)
{
	struct slice crl = crl_of(&ca, 100), v, bad;
	int fd = dir_of(cafd, "certs");
	struct crl_made made;
	struct err e = { 0 };

	ok(crl_for(status(PLANT, NULL, 0, 1), crl) == 0 &&
	    told(&dev, OID_IT_CURRENT_CRL, NOTHING, OID_IT_CURRENT_CRL, &v) &&
	    v.p == NULL, "without a CRL there is no infoValue");
	put_file(fd, "ca.crl", crl, 0644);
	reopen();
	ok(crl_for(status(PLANT, NULL, 0, 1), crl) == 1,
	    "without thisUpdate the latest CRL is returned");
	ok(crl_for(status(PLANT, NULL, the_time - 101, 1), crl) == 1,
	    "a CRL that is more recent than thisUpdate is returned");
	ok(crl_for(status(PLANT, NULL, the_time - 100, 1), crl) == 0 &&
	    crl_for(status(PLANT, NULL, the_time, 1), crl) == 0,
	    "a CRL that is not more recent is not returned");
	ok(crl_for(status("CN=Another CA", NULL, 0, 1), crl) == 0,
	    "of another issuer there is none");
	ok(crl_for(status(NULL, DP, 0, 1), crl) == 1,
	    "a distribution point of a profile is our CRL");
	ok(crl_for(status(NULL, "file:///etc/passwd", 0, 1), crl) == 0,
	    "any other distribution point is nothing, and not fetched");
	ok(told(&dev, OID_IT_CURRENT_CRL, NOTHING, OID_IT_CURRENT_CRL, &v) &&
	    slice_eq(v, crl), "currentCRL is the CRL");
	ok(crl_for(status(PLANT, NULL, 0, 2), crl) == -1 &&
	    ERROR(E_INFO_VALUE, FAIL_BAD_DATA_FORMAT),
	    "two CRLStatus are badDataFormat");
	ok(crl_for(status(NULL, NULL, 0, 1), crl) == -1 &&
	    ERROR(E_INFO_VALUE, FAIL_BAD_DATA_FORMAT),
	    "a CRLStatus without source is badDataFormat");
	ok(crl_make(en, &made, &e) == 0 && told(&dev, OID_IT_CURRENT_CRL,
	    NOTHING, OID_IT_CURRENT_CRL, &v) && !slice_eq(v, crl) &&
	    crl_for(status(PLANT, NULL, the_time - 1, 1), v) == 1,
	    "a CRL that was made since is returned at once");
	put_file(fd, "ca.crl", crl_of(&stranger_root, 100), 0644);
	reopen();
	bad = genm(&dev, oid_bytes(OID_IT_CURRENT_CRL), NOTHING, 1, NULL);
	say(bad);
	ok(re.verdict == VERDICT_TEMPORARY && re.code == E_CONF &&
	    re.der.n == 0, "a CRL of somebody else in certs/ca.crl is not "
	    "answered but put back (E_CONF)");
	put_file(fd, "ca.crl", crl, 0644);
	ok(engine_stale(en) && (reopen(), say(bad), re.verdict ==
	    VERDICT_ANSWERED), "and answered when that is mended");
	ok(crl_for(status(NULL, "http://another.example/", 0, 1), crl) == 0,
	    "of another source there is none in either case");
	unlinkat(fd, "ca.crl", 0);
	close(fd);
	reopen();
}

static int
only_crls_fail(void)
{
	struct slice v;
	int fails;

	reopen();
	say(genm(&dev, oid_bytes(OID_IT_CURRENT_CRL), NOTHING, 1, NULL));
	fails = re.verdict == VERDICT_TEMPORARY && re.code == E_CONF &&
	    crl_for(status(PLANT, NULL, 0, 1), NOTHING) == -1 &&
	    re.verdict == VERDICT_TEMPORARY && re.code == E_CONF;
	return fails && strstr(re.detail, "certs/ca.crl") != NULL &&
	    strstr(re.detail, "cmp-ca crl") != NULL &&
	    told(&dev, OID_IT_CA_CERTS, NOTHING, OID_IT_CA_CERTS, &v) &&
	    v.p != NULL;
}

static void
test_bad_crl(void)
{
	int fd = dir_of(cafd, "certs");
	struct slice good = crl_of(&ca, 100), flipped, v;
	struct who same_name = ca;
	struct crl_made made;
	struct err e = { 0 };
	struct buf *b = new_buf();

	put_file(fd, "ca.crl", SLICE_LIT("nonsense"), 0644);
	ok(only_crls_fail(), "where certs/ca.crl is no CRL, only requests for "
	    "CRLs are systemFailure");
	put_file(fd, "ca.crl", SLICE_LIT(""), 0644);
	ok(only_crls_fail(), "so where it is empty");
	buf_add_slice(b, good);
	b->p[b->n / 2] ^= 1;
	flipped = buf_slice(b);
	put_file(fd, "ca.crl", flipped, 0644);
	ok(only_crls_fail(), "so where one bit of it is wrong");
	if (key_generate("ed25519", &same_name.key, &e) == -1)
		die("key", &e);
	put_file(fd, "ca.crl", crl_of(&same_name, 100), 0644);
	ok(only_crls_fail(), "so where another key has signed it");
	key_free(same_name.key);
	put_file(fd, "ca.crl", crl_until(&ca, 100, the_time), 0644);
	ok(only_crls_fail(), "so where its nextUpdate is now");
	put_file(fd, "ca.crl", crl_until(&ca, 100, the_time + 1), 0644);
	reopen();
	ok(told(&dev, OID_IT_CURRENT_CRL, NOTHING, OID_IT_CURRENT_CRL, &v) &&
	    v.p != NULL, "a second before it is told");
	ok(crl_make(en, &made, &e) == 0 && told(&dev, OID_IT_CURRENT_CRL,
	    NOTHING, OID_IT_CURRENT_CRL, &v) && v.n != 0 &&
	    made.next_update > the_time + DAY && !slice_eq(v, crl_until(&ca,
	    100, the_time + 1)), "a new one is told as soon as it is made");
	unlinkat(fd, "ca.crl", 0);
	ok(only_crls_fail(), "where it is missing and was made once, requests "
	    "for CRLs are systemFailure");
	put_file(fd, "ca.crl", good, 0644);
	reopen();
	ok(told(&dev, OID_IT_CURRENT_CRL, NOTHING, OID_IT_CURRENT_CRL, &v) &&
	    slice_eq(v, good), "with the file it is told again");
	unlinkat(fd, "ca.crl", 0);
	unlinkat(fd, "ca.crl.pem", 0);
	close(fd);
	reopen();
}

static uint32_t left;

static int
rewind_many(void *ctx, struct err *e)
{
	(void)e;
	left = *(uint32_t *)ctx;
	return 0;
}

static int
many(void *ctx, struct crl_entry *out, struct err *e)
{
	static uint8_t serial[4];

	(void)ctx, (void)e;
	if (left == 0)
		return 0;
	serial[0] = 0x40;
	serial[1] = (uint8_t)(left >> 16);
	serial[2] = (uint8_t)(left >> 8);
	serial[3] = (uint8_t)left;
	*out = (struct crl_entry){ .serial = SLICE(serial, 4),
	    .when = the_time - DAY };
	left--;
	return 1;
}

static void
set_max_size(const char *size)
{
	static const char section[] = "\n[spool]\n";
	struct buf text, all;
	struct err e = { 0 };
	const char *at;

	buf_init(&text, 1 << 20);
	buf_init(&all, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1 ||
	    (at = strstr(buf_str(&text), section)) == NULL)
		die("cmp.conf", &e);
	at += sizeof(section) - 1;
	buf_add(&all, text.p, (size_t)(at - (const char *)text.p));
	buf_printf(&all, "max-size = %s\n", size);
	buf_add_str(&all, at);
	put_file(cafd, "cmp.conf", buf_slice(&all), 0644);
	buf_release(&text);
	buf_release(&all);
	reopen();
}

static void
test_large(void)
{
	uint32_t n = 60000;
	struct crl_new c = { .issuer = ca.cert.subject, .aki = ca.cert.ski,
	    .number = 1, .this_update = the_time, .next_update = the_time +
	    DAY, .rewind = rewind_many, .next = many, .ctx = &n };
	struct sigalg alg = alg_default(key_info(ca.key));
	int fd = dir_of(cafd, "certs");
	struct buf *b = new_buf();
	struct err e = { 0 };
	struct device d;

	if (crl_into(&c, ca.key, &alg, b, &e) == -1)
		die("crl", &e);
	put_file(fd, "ca.crl", buf_slice(b), 0644);
	reopen();
	say(genm(&dev, oid_bytes(OID_IT_CURRENT_CRL), NOTHING, 1, NULL));
	ok(ERROR(E_INFO_SIZE, FAIL_SYSTEM_FAILURE),
	    "a CRL that fits into no message is systemFailure");
	ok(strstr(re.detail, "max-size") != NULL,
	    "and max-size is said to be what to raise");
	set_max_size("2m");
	d = asker((struct request_ask){ .info = "current-crl" });
	say(d.der);
	ok(re.der.n > 1 << 20 && re.m.body == BODY_GENP,
	    "then it is told (%zu bytes)", re.der.n);
	take(&d, re.der);
	ok(got.verdict == VERDICT_TAKEN && has_file(&d, "crls/current.crl"),
	    "and a device takes it");
	device_close(&d);
	unlinkat(fd, "ca.crl", 0);
	close(fd);
	reopen();
}

static size_t
certs_in(struct slice v)
{
	struct slice in, der;
	size_t n = 0;

	if (der_only(v, DER_SEQUENCE, &in) == -1)
		return 0;
	while (der_get_tlv(&in, DER_SEQUENCE, &der) == 0)
		n++;
	return in.n == 0 ? n : 0;
}

static void
test_cacerts(void)
{
	const struct cert *more[] = { &stranger_root.cert, &ca.cert };
	int fd = dir_of(cafd, "certs");
	struct slice v;

	ok(told(&dev, OID_IT_CA_CERTS, NOTHING, OID_IT_CA_CERTS, &v) &&
	    certs_in(v) == 1, "caCerts has the CA's certificate");
	put_certs(fd, "further.pem", more, 2);
	reopen();
	ok(told(&dev, OID_IT_CA_CERTS, NOTHING, OID_IT_CA_CERTS, &v) &&
	    certs_in(v) == 2, "and further ones, each once");
	unlinkat(fd, "further.pem", 0);
	close(fd);
	reopen();
}

static struct slice
seq(struct slice a, struct slice b)
{
	struct derw w;

	derw_init(&w, 1 << 20);
	derw_raw(&w, b);
	derw_raw(&w, a);
	derw_wrap(&w, DER_SEQUENCE, 0);
	return kept(&w);
}

static void
test_device(void)
{
	struct request_ask ask = { .info = "cacerts" };
	struct slice good = seq(ca.cert.der, stranger_root.cert.der);
	struct device d = asker(ask);
	const struct hdr *h = &d.q.hdr;

	ok(d.q.body == BODY_GENM && !h->implicit_confirm && d.q.n_extra == 2 &&
	    h->recip_nonce.p == NULL && h->sender_nonce.n == 16 &&
	    h->transaction_id.n == 16, "our genm asks for no implicit "
	    "confirmation and brings its extraCerts");
	say(d.der);
	ok(re.verdict == VERDICT_ANSWERED && re.m.body == BODY_GENP &&
	    re.m.n_extra > 0, "our CA answers our genm, with extraCerts");
	take(&d, re.der);
	ok(got.verdict == VERDICT_TAKEN && got.der.n == 0 &&
	    dev_state(&d) == TXN_DONE && has_file(&d, "certs/cacerts.pem"),
	    "its answer is taken and needs no reply");
	device_close(&d);

	d = asker(ask);
	tell(&d, CACERTS, NOTHING, 1);
	ok(got.verdict == VERDICT_TAKEN && !has_file(&d,
	    "certs/cacerts.pem"), "no infoValue: the CA has none");
	device_close(&d);

#define WRONG(type, value, n, code, text) \
	d = asker(ask); \
	tell(&d, (type), (value), (n)); \
	ok(not_taken(&d, (code)) && !has_file(&d, "certs/cacerts.pem"), text); \
	device_close(&d)
	WRONG(CACERTS, good, 2, E_INFO_COUNT,
	    "an answer of two InfoTypeAndValue is not taken");
	WRONG(oid_bytes(OID_IT_CRLS), good, 1, E_ANSWER_INFO,
	    "an answer of another infoType is not taken");
	WRONG(CACERTS, SLICE_LIT("\x30\x00"), 1, E_ANSWER_INFO,
	    "caCerts of no certificate are not taken");
	WRONG(CACERTS, seq(good, NOTHING), 1, E_CERT_SYNTAX,
	    "caCerts of something else are not taken");
}

static void
test_crl_device(void)
{
	char have[160];
	struct request_ask ask = { .info = "crl", .info_issuer = PLANT,
	    .info_have = have };
	struct who other = identity(NULL, PLANT, "ed25519", (struct says){
	    .ca = 1 });
	enum oid crls = OID_IT_CRLS;
	struct device d;

	/* in_top() has few places. */
	snprintf(have, sizeof(have), "%s", in_top("have.crl"));
	put_file(topfd, "have.crl", crl_of(&ca, 100), 0644);
#define CRL(type, value, good, text) \
	d = asker(ask); \
	tell(&d, oid_bytes(type), (value), 1); \
	ok(good, text); \
	device_close(&d)
	CRL(crls, seq(crl_of(&ca, 99), NOTHING), got.verdict ==
	    VERDICT_TAKEN && dev_state(&d) == TXN_DONE && has_file(&d, "crls"),
	    "a newer CRL is taken");
	CRL(crls, seq(crl_of(&ca, 101), NOTHING), not_taken(&d, E_ANSWER_CRL)
	    && !has_file(&d, "crls"), "an older one is refused");
	CRL(crls, seq(crl_of(&ca, 100), NOTHING), not_taken(&d, E_ANSWER_CRL),
	    "and one of the same age");
	CRL(crls, seq(crl_of(&ca, -2 * DAY), NOTHING), not_taken(&d,
	    E_ANSWER_CRL) && !has_file(&d, "crls"),
	    "a CRL of days to come is refused");
	CRL(crls, seq(crl_of(&other, 1), NOTHING), not_taken(&d,
	    E_ANSWER_CRL), "a CRL signed with another key is refused");
	CRL(crls, seq(crl_of(&stranger_root, 1), NOTHING), not_taken(&d,
	    E_ANSWER_CRL), "a CRL of another issuer is refused");
	CRL(crls, seq(crl_of(&ca, 1), crl_of(&ca, 2)), not_taken(&d,
	    E_ANSWER_INFO), "two CRLs are refused");
	CRL(crls, NOTHING, got.verdict == VERDICT_TAKEN && !has_file(&d,
	    "crls"), "no infoValue: there is none that is newer");
	key_free(other.key);
}

static void
add_dp(void)
{
	struct buf text;
	struct err e = { 0 };

	buf_init(&text, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1)
		die("cmp.conf", &e);
	buf_add_str(&text, "[profile dp]\ncrl-dp = " DP "\n");
	put_file(cafd, "cmp.conf", buf_slice(&text), 0644);
	buf_release(&text);
	reopen();
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	add_dp();
	test_form();
	test_cacerts();
	test_crl();
	test_bad_crl();
	test_device();
	test_crl_device();
	test_large();
	teardown();
	return done();
}
