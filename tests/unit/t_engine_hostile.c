/* What a CA that means ill, or an agent of it, sends to a device. */
#include "tap.h"
#include "t_engine_dev.h"
#include "t_engine_say.h"

#include "msg/poll.h"

static struct who mid;		/* a CA below ours */

/* A certificate for what ${d} asked for, of ${by}. */
static struct slice
cert_by(const struct device *d, const struct who *by, uint32_t ku,
    enum oid eku)
{
	struct sigalg alg = alg_default(key_info(by->key));
	struct buf *der = new_buf(), names;
	struct err e = { 0 };
	struct derw w;
	struct tbs t = { .serial = SLICE_LIT("\x51\x52\x53"),
	    .subject = name("CN=pump17,O=Example"),
	    .issuer = by->cert.subject, .spki = d->spki, .ca = -1,
	    .path_len = -1, .aki = by->cert.ski, .ku = ku, .eku = &eku,
	    .n_eku = eku != OID_UNKNOWN, .not_before = the_time - DAY,
	    .not_after = the_time + DAY };

	buf_init(&names, 4096);
	derw_init(&w, 4096);
	san_parse("dns:pump17.example", &names, &e);
	derw_raw(&w, buf_slice(&names));
	derw_wrap(&w, DER_SEQUENCE, 0);
	t.san = derw_slice(&w);
	if (cert_sign(&t, by->key, &alg, der, &e) == -1)
		die("certificate", &e);
	derw_release(&w);
	buf_release(&names);
	return buf_slice(der);
}

/* What comes of an ip to a new device: 1 installed, else 0 and ${got}. */
static int
gives(struct device *d, struct ip *p)
{
	int rc;

	take(d, ip_make(p));
	rc = got.verdict == VERDICT_TAKEN && installed(d);
	draft_release(&p->d);
	return rc;
}

#define IP(bend, good, ...) do { \
	struct device d = device(0); \
	struct ip p = ip_for(&d); \
	bend; \
	gives(&d, &p); \
	ok((good) && ((got.verdict == VERDICT_TAKEN) == installed(&d)), \
	    __VA_ARGS__); \
	device_close(&d); \
} while (0)
#define REFUSED(c)	(got.verdict == VERDICT_NO && got.code == (c))

static void
test_header(void)
{
	struct who any = { .key = dev2.key };

	IP(p.d.recipient = SLICE_LIT("\xa4\x02\x30\x00"), got.verdict ==
	    VERDICT_TAKEN, "another recipient is handled gracefully (3.5)");
	any.cert = certify(&ca, "CN=any,O=T", dev2.key, (struct says){
	    .eku = OID_KP_ANY });
	IP(p.by = any, REFUSED(E_ANSWER_SIGNER) && dev_state(&d) == TXN_OPEN,
	    "a signer with anyExtendedKeyUsage may not answer");
}

static void
test_mods(void)
{
	struct says ca_says = { .ca = 1 }, none = { 0 };
	const char *us = "CN=pump17,O=Example", *san = "dns:pump17.example";

#define MODS(value, code, text) IP(p.status = STATUS_GRANTED_WITH_MODS; \
	p.cert = (value), REFUSED(code), "grantedWithMods: " text)
	MODS(certificate(&d, "CN=pump18,O=Example", san, none),
	    E_ANSWER_SUBJECT, "another subject is not installed");
	MODS(certificate(&d, us, "dns:evil.example", none), E_ANSWER_SAN,
	    "another subjectAltName is not installed");
	MODS(certificate(NULL, us, san, none), E_ANSWER_KEY,
	    "another key is not installed");
	MODS(certificate(&d, us, san, ca_says), E_ANSWER_CA,
	    "CA powers are not installed");
	IP(p.status = STATUS_GRANTED_WITH_MODS; p.cert = SLICE_NONE,
	    REFUSED(E_ANSWER_STATUS), "grantedWithMods: without a "
	    "certificate it ends");
}

static void
test_powers(void)
{
	static const struct {
		uint32_t	 ku;
		enum oid	 eku;
		const char	*what;
	} t[] = {
		{ KU_CRL_SIGN, OID_UNKNOWN, "cRLSign" },
		{ KU_KEY_CERT_SIGN, OID_UNKNOWN, "keyCertSign" },
		{ KU_DIGITAL_SIGNATURE, OID_KP_CMC_CA, "cmcCA" },
		{ KU_DIGITAL_SIGNATURE, OID_KP_CMC_RA, "cmcRA" },
		{ KU_DIGITAL_SIGNATURE, OID_KP_CM_KGA, "cmKGA" },
		{ KU_DIGITAL_SIGNATURE, OID_KP_OCSP_SIGNING, "OCSPSigning" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		IP(p.cert = cert_by(&d, &ca, t[i].ku, t[i].eku),
		    REFUSED(E_ANSWER_CA), "a certificate with %s is not "
		    "installed", t[i].what);
}

static void
test_chain(void)
{
	IP(p.cert = cert_by(&d, &mid, KU_DIGITAL_SIGNATURE, OID_UNKNOWN),
	    REFUSED(E_ANSWER_PATH), "a certificate of a sub CA that is not "
	    "sent along is not installed");
	IP(p.cert = cert_by(&d, &mid, KU_DIGITAL_SIGNATURE, OID_UNKNOWN);
	    p.chain = &mid.cert, got.verdict == VERDICT_TAKEN, "with the sub "
	    "CA in extraCerts it is");
	IP(p.cert = cert_by(&d, &dev2, KU_DIGITAL_SIGNATURE, OID_UNKNOWN);
	    p.chain = &dev2.cert, REFUSED(E_ANSWER_PATH), "a certificate "
	    "signed by another device is not installed");
}

static void
test_junk(void)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);
	struct buf *b = new_buf();

	buf_add_slice(b, ip_make(&p));
	buf_add_u8(b, 0);
	take(&d, buf_slice(b));
	ok(got.verdict == VERDICT_BAD && dev_state(&d) == TXN_OPEN,
	    "junk behind the message: it is not taken");
	take(&d, SLICE(b->p, b->n - 1));
	ok(got.verdict == VERDICT_TAKEN && installed(&d),
	    "without the junk it is");
	draft_release(&p.d);
	device_close(&d);
	d = device(0);
	p = ip_for(&d);
	ip_make(&p);
	{
		struct slice in;
		struct derw w;

		der_only(derw_slice(&p.d.content), DER_SEQUENCE, &in);
		derw_init(&w, 1 << 16);
		derw_null(&w);
		derw_raw(&w, in);
		derw_wrap(&w, DER_SEQUENCE, 0);
		derw_reset(&p.d.content);
		derw_raw(&p.d.content, derw_slice(&w));
		derw_release(&w);
	}
	take(&d, seal(&p.d, &cmp, NULL));
	ok(REFUSED(E_SYNTAX) && dev_state(&d) == TXN_FAILED && !installed(&d),
	    "junk behind the CertResponse: the transaction ends");
	draft_release(&p.d);
	device_close(&d);
}

/* A pollRep that says ${after}; when is the device to ask? */
static int64_t
polled(int64_t after)
{
	struct device d = device(0);
	struct ip p = ip_for(&d);
	struct err e = { 0 };
	struct draft m;
	struct txn t;
	int64_t at;

	p.cert = SLICE_NONE;
	p.status = STATUS_WAITING;
	take(&d, ip_make(&p));
	head_for(&m, &d);
	m.recip_nonce = got.m.hdr.sender_nonce;
	poll_write_rep(&m, 0, after, "busy");
	take(&d, seal(&m, &cmp, NULL));
	txn_init(&t);
	at = store_txn(engine_store(d.en), SLICE_NONE,
	    d.q.hdr.transaction_id, &t, &e) == 1 ? t.check_at : -1;
	txn_release(&t);
	draft_release(&p.d);
	draft_release(&m);
	device_close(&d);
	return at;
}

static void
test_poll(void)
{
	ok(polled(-5) == the_time, "a negative checkAfter is now");
	ok(polled(INT64_MAX) == the_time + 10 * 365 * DAY,
	    "a checkAfter of ages is ten years");
}

/* Text of the CA goes to a terminal. */
static void
test_text(void)
{
	static const char text[] = "\x1b[2J\x1b]0;x\x07 no\nnext: rm -rf /";
	struct device d = device(0);
	struct err e = { 0 };
	struct outcome o;
	struct draft m;
	int clean = 1;

	head_for(&m, &d);
	draft_body_error(&m, STATUS_REJECTION, text, FAIL_BAD_REQUEST);
	outcome_init(&o);
	if (engine_begin(d.en, &e) == -1)
		die("begin", &e);
	engine_handle(d.en, NULL, seal(&m, &cmp, NULL), &o);
	engine_abort(d.en);
	for (const char *s = o.err.detail; *s != '\0'; s++)
		clean &= (unsigned char)*s >= ' ' && *s != 0x7f;
	ok(o.err.code == E_ANSWER_ERROR && clean, "controls in statusString "
	    "reach no terminal");
	outcome_release(&o);
	draft_release(&m);
	device_close(&d);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	mid = identity(&ca, "CN=Mid,O=T", "ed25519", (struct says){ .ca = 1 });
	test_header();
	test_mods();
	test_powers();
	test_chain();
	test_junk();
	test_poll();
	test_text();
	key_free(mid.key);
	teardown();
	return done();
}
