/* Certificate requests, as the CA checks them: RFC 9483 4.1.1 and 5.1.1. */
#include "tap.h"
#include "t_engine_say.h"

static struct key *key;

#define ASK(a)	struct ask a = ask_for(&dev, key)

/* Say ${a}, with which one thing is wrong, and forget it. */
static void
say_ask(struct ask *a)
{
	say(make(a));
	ask_release(a);
}

/* A rejection leaves nothing behind but a transaction that has failed. */
static int
rejected(enum err_code code, enum fail fail)
{
	return REJECTED(code, fail) && certificates(NULL) == 0 &&
	    !re.m.hdr.implicit_confirm && !re.m.hdr.has_confirm_wait &&
	    state_of(&dev, re.m.hdr.transaction_id) == TXN_FAILED;
}

static void
test_form(void)
{
	{
		ASK(a);
		a.count = 2;
		say_ask(&a);
		ok(rejected(E_REQ_COUNT, FAIL_BAD_REQUEST),
		    "two CertReqMsg are badRequest");
	}
	{
		ASK(a);
		a.req_id = 1;
		say_ask(&a);
		ok(rejected(E_REQ_ID, FAIL_BAD_REQUEST),
		    "certReqId 1 is badRequest, answered with certReqId 0");
	}
	{
		ASK(a);
		a.req_id = -1;
		say_ask(&a);
		ok(rejected(E_REQ_ID, FAIL_BAD_REQUEST),
		    "certReqId -1 is badRequest in an ir");
	}
	{
		ASK(a);
		a.version = 1;
		say_ask(&a);
		ok(rejected(E_TMPL_VERSION, FAIL_BAD_CERT_TEMPLATE),
		    "a version other than 2 is badCertTemplate");
	}
	{
		ASK(a);
		a.serial = 5;
		say_ask(&a);
		ok(rejected(E_TMPL_FIELD, FAIL_BAD_CERT_TEMPLATE),
		    "a serialNumber in the template is badCertTemplate");
	}
	{
		ASK(a);
		a.not_after = the_time - DAY;
		say_ask(&a);
		ok(rejected(E_TMPL_VALIDITY, FAIL_BAD_CERT_TEMPLATE),
		    "a validity that is over is badCertTemplate");
	}
}

static void
test_names(void)
{
	{
		ASK(a);
		a.subject = NULL;
		say_ask(&a);
		ok(rejected(E_TMPL_SUBJECT, FAIL_BAD_CERT_TEMPLATE),
		    "a template without subject is badCertTemplate");
	}
	{
		ASK(a);
		a.subject = "";
		say_ask(&a);
		ok(rejected(E_TMPL_NO_NAME, FAIL_BAD_CERT_TEMPLATE),
		    "a NULL-DN without subjectAltName names nobody: "
		    "badCertTemplate");
	}
	{
		ASK(a);
		a.subject = "";
		a.san = "dns:pump17.example";
		say_ask(&a);
		ok(rejected(E_TMPL_SUBJECT, FAIL_BAD_CERT_TEMPLATE),
		    "a NULL-DN that the profile does not allow is "
		    "badCertTemplate");
	}
	{
		ASK(a);
		a.subject = "CN=pump17,O=Elsewhere";
		say_ask(&a);
		ok(rejected(E_NOT_SUBJECT, FAIL_NOT_AUTHORIZED),
		    "a subject that the sender may not ask for is "
		    "notAuthorized");
	}
	{
		ASK(a);
		a.san = "dns:pump17.elsewhere";
		say_ask(&a);
		ok(rejected(E_NOT_SAN, FAIL_NOT_AUTHORIZED),
		    "a subjectAltName that the sender may not ask for is "
		    "notAuthorized");
	}
	{
		ASK(a);
		a.san = "dns:*.example";
		say_ask(&a);
		ok(rejected(E_TMPL_SAN, FAIL_BAD_CERT_TEMPLATE),
		    "a wildcard that the profile does not allow is "
		    "badCertTemplate");
	}
}

static void
test_popo(void)
{
	struct key *other = new_key("ec:P-256");

	{
		ASK(a);
		a.popo = POPO_ABSENT;
		say_ask(&a);
		ok(rejected(E_POPO_MISSING, FAIL_BAD_POP),
		    "a missing proof of possession is badPOP");
	}
	{
		ASK(a);
		a.popo = POPO_KEY_ENCIPHERMENT;
		say_ask(&a);
		ok(rejected(E_POPO_KIND, FAIL_BAD_POP),
		    "a proof by key encipherment is badPOP");
	}
	{
		ASK(a);
		a.popo = POPO_KEY_AGREEMENT;
		say_ask(&a);
		ok(rejected(E_POPO_KIND, FAIL_BAD_POP),
		    "a proof by key agreement is badPOP");
	}
	{
		ASK(a);
		a.popo_input = 1;
		say_ask(&a);
		ok(rejected(E_POPO_INPUT, FAIL_BAD_POP),
		    "poposkInput is badPOP");
	}
	{
		ASK(a);
		a.popo_alg = alg_default(key_info(dev.key));
		say_ask(&a);
		ok(rejected(E_POPO_ALG, FAIL_BAD_POP),
		    "a proof with an algorithm that does not fit the key is "
		    "badPOP");
	}
	{
		ASK(a);
		a.popo_bad = 1;
		say_ask(&a);
		ok(rejected(E_POPO_SIG, FAIL_BAD_POP),
		    "a proof whose signature is damaged is badPOP");
	}
	{
		ASK(a);
		a.popo_key = other;
		say_ask(&a);
		ok(rejected(E_POPO_SIG, FAIL_BAD_POP),
		    "a proof by another key is badPOP");
	}
	{
		ASK(a);
		a.popo = POPO_RA_VERIFIED;
		say_ask(&a);
		ok(rejected(E_RA_VERIFIED, FAIL_NOT_AUTHORIZED),
		    "raVerified from a device is notAuthorized");
	}
	key_free(other);
}

static void
test_key(void)
{
	static const uint8_t no_bits[] = { 0x30, 0x18, 0x30, 0x13, 0x06, 0x07,
	    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
	    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x01, 0x00 };
	uint8_t weak[162] = { 0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a,
	    0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03,
	    0x81, 0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00 };
	{
		ASK(a);
		a.key = NULL;
		a.popo = POPO_ABSENT;
		say_ask(&a);
		ok(rejected(E_TMPL_KEY, FAIL_BAD_CERT_TEMPLATE),
		    "a template without publicKey is badCertTemplate");
	}
	{
		ASK(a);
		a.raw_key = SLICE(no_bits, sizeof(no_bits));
		a.popo = POPO_ABSENT;
		say_ask(&a);
		ok(rejected(E_TMPL_KEY, FAIL_BAD_CERT_TEMPLATE),
		    "a zero-length publicKey asks for central key generation: "
		    "badCertTemplate");
	}
	memset(weak + 29, 0xc5, 128);
	memcpy(weak + 157, "\x02\x03\x01\x00\x01", 5);
	{
		ASK(a);
		a.raw_key = SLICE(weak, sizeof(weak));
		say_ask(&a);
		ok(rejected(E_TMPL_KEY_WEAK, FAIL_BAD_CERT_TEMPLATE),
		    "an RSA key of 1024 bits is badCertTemplate");
	}
}

static void
test_powers(void)
{
	{
		ASK(a);
		a.ca_bc = 1;
		say_ask(&a);
		ok(rejected(E_TMPL_CA, FAIL_BAD_CERT_TEMPLATE),
		    "basicConstraints cA is badCertTemplate");
	}
	{
		ASK(a);
		a.ku = KU_KEY_CERT_SIGN;
		say_ask(&a);
		ok(rejected(E_TMPL_CA, FAIL_BAD_CERT_TEMPLATE),
		    "keyCertSign is badCertTemplate");
	}
	{
		ASK(a);
		a.ku = KU_CRL_SIGN | KU_DIGITAL_SIGNATURE;
		say_ask(&a);
		ok(rejected(E_TMPL_CA, FAIL_BAD_CERT_TEMPLATE),
		    "cRLSign is badCertTemplate");
	}
	static const enum oid powers[] = { OID_KP_CMC_CA, OID_KP_CMC_RA,
	    OID_KP_CM_KGA, OID_KP_OCSP_SIGNING };
	for (size_t i = 0; i < 4; i++) {
		ASK(a);
		a.eku = powers[i];
		say_ask(&a);
		ok(rejected(E_TMPL_CA, FAIL_BAD_CERT_TEMPLATE),
		    "extended key usage %s is badCertTemplate",
		    oid_name(powers[i]));
	}
	{
		ASK(a);
		a.unknown_critical = 1;
		say_ask(&a);
		ok(rejected(E_TMPL_EXT, FAIL_BAD_CERT_TEMPLATE),
		    "an unknown critical extension is badCertTemplate");
	}
}

static void
test_profile(void)
{
	{
		ASK(a);
		a.d.cert_profile = SLICE_LIT("nosuch");
		say_ask(&a);
		ok(rejected(E_CERT_PROFILE, FAIL_BAD_REQUEST),
		    "an unknown certProfile is badRequest");
	}
	{
		ASK(a);
		a.d.cert_profile = SLICE_LIT("other");
		say_ask(&a);
		ok(rejected(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
		    "a profile that no rule gives to the sender is "
		    "notAuthorized");
	}
}

/* From here on there are certificates. */
static void
test_granted(void)
{
	struct cert c;
	struct err e = { 0 };
	{
		ASK(a);
		a.version = 2;
		a.san = "dns:pump17.example";
		a.not_after = the_time + 5000 * DAY;
		say_ask(&a);
		ok(granted() && re.status == STATUS_GRANTED_WITH_MODS,
		    "what the CA changed is grantedWithMods, without failInfo");
	}
	ok(cert_parse(re.cert, &c, &e) == 0 && !c.ca && c.san.n > 0 &&
	    slice_eq(c.spki, key_spki(key)) &&
	    name_eq(c.subject, name("CN=pump17,O=Example")) &&
	    slice_eq(c.issuer, ca.cert.subject),
	    "the certificate has the subject, the key and the "
	    "subjectAltName asked for");
	{
		ASK(a);
		say_ask(&a);
		ok(REJECTED(E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE) &&
		    certificates(NULL) == 1,
		    "a key that is certified already is badCertTemplate");
	}
	{
		ASK(a);
		a.subject = "CN=pump18,O=Example";
		a.d.cert_profile = SLICE_LIT("again");
		say_ask(&a);
		ok(REJECTED(E_TMPL_KEY_USED, FAIL_BAD_CERT_TEMPLATE),
		    "a key is never certified for a second subject");
	}
	{
		ASK(a);
		a.d.cert_profile = SLICE_LIT("again");
		say_ask(&a);
		ok(granted() && certificates(NULL) == 2,
		    "a key is certified again where the profile allows it");
	}
}

/* implicitConfirm is the profile's to grant. */
static void
test_explicit(void)
{
	struct key *k = new_key("ed25519");
	struct ask a = ask_for(&dev, k);

	a.d.cert_profile = SLICE_LIT("explicit");
	say_ask(&a);
	ok(granted() && !re.m.hdr.implicit_confirm &&
	    re.m.hdr.has_confirm_wait && state_of(&dev,
	    re.m.hdr.transaction_id) == TXN_CONFIRM,
	    "a profile that wants confirmation does not grant implicitConfirm");
	key_free(k);
}

static void
test_empty_subject(void)
{
	struct key *k = new_key("ed25519");
	struct ask a = ask_for(&dev, k);
	struct err e = { 0 };
	struct cert c;

	a.d.cert_profile = SLICE_LIT("nameless");
	a.san = "dns:pump17.elsewhere";
	a.subject = "";
	say(make(&a));
	ok(REJECTED(E_NOT_SAN, FAIL_NOT_AUTHORIZED),
	    "a NULL-DN with a subjectAltName that the sender may not ask for "
	    "is notAuthorized");
	a.d.transaction_id = fresh(16);
	a.san = "dns:pump17.example";
	say_ask(&a);
	ok(granted() && cert_parse(re.cert, &c, &e) == 0 &&
	    name_is_empty(c.subject) && c.san.n > 0,
	    "a NULL-DN with a subjectAltName is certified where profile and "
	    "rule allow it");
	key_free(k);
}

/* "The chain of the newly issued certificate", for a CA that has one. */
static void
test_sub_ca(void)
{
	struct who root = identity(NULL, "CN=Plant Root,O=T", "ed25519",
	    (struct says){ .ca = 1 });
	struct key *k = new_key("ed25519");
	struct err e = { 0 };
	struct msg q;
	struct slice der;
	struct ask a;
	int with_ca = 0, good;

	engine_close(en);
	close(cafd);
	key_free(ca.key);
	key_free(cmp.key);
	rename(in_top("ca"), in_top("old"));
	make_ca("ed25519", &root);
	a = ask_for(&dev, k);
	a.d.implicit_confirm = 0;
	der = make(&a);
	say(der);
	msg_decode(der, &q, &e);
	good = is_proper(&re, &q, &root.cert) && re.cert.p != NULL;
	for (size_t i = 0; i < re.m.n_extra; i++)
		with_ca |= slice_eq(re.m.extra[i], ca.cert.der);
	ok(good && with_ca, "the ip of a subordinate CA brings the chain of "
	    "the new certificate and of its protection certificate");
	a.d.transaction_id = fresh(16);
	a.popo_bad = 1;
	der = make(&a);
	say(der);
	msg_decode(der, &q, &e);
	ok(re.m.body == BODY_IP && is_proper(&re, &q, &root.cert),
	    "its rejection can be verified with the root alone");
	a.by.key = NULL;
	der = make(&a);
	say(der);
	msg_decode(der, &q, &e);
	ok(re.m.body == BODY_ERROR && is_proper(&re, &q, &root.cert),
	    "its error message can be verified with the root alone");
	ask_release(&a);
	key_free(k);
	key_free(root.key);
}

int
main(void)
{
	setup("ed25519");
	key = new_key("ec:P-256");
	test_form();
	test_names();
	test_popo();
	test_key();
	test_powers();
	test_profile();
	test_granted();
	test_explicit();
	test_empty_subject();
	test_sub_ca();
	key_free(key);
	teardown();
	return done();
}
