/* Request templates: RFC 9483 4.3.3, Appendix A. */
#include "tap.h"
#include "t_engine_info.h"

#include "role/request_template.h"

/* Appendix A. */
static struct slice
template_a(void)
{
	struct derw w;
	size_t m;

	derw_init(&w, 4096);
	derw_int(&w, DER_INTEGER, 2048);
	derw_oid(&w, oid_bytes(OID_REGCTRL_RSA_KEY_LEN));
	derw_wrap(&w, DER_SEQUENCE, 0);
	m = derw_mark(&w);
	derw_oid(&w, oid_bytes(OID_P256));
	derw_oid(&w, oid_bytes(OID_EC_PUBLIC_KEY));
	derw_wrap(&w, DER_SEQUENCE, m);
	derw_oid(&w, oid_bytes(OID_REGCTRL_ALG_ID));
	derw_wrap(&w, DER_SEQUENCE, m);
	derw_wrap(&w, DER_SEQUENCE, 0);
	m = derw_mark(&w);
	derw_raw(&w, SLICE_LIT(
	    "\x30\x1d\x06\x03\x55\x1d\x11\x04\x16\x30\x14\x82\x10"
	    "www.myServer.com\x87\x00"
	    "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x03\x88"
	    "\x30\x09\x06\x03\x55\x1d\x25\x04\x02\x30\x00"));
	derw_wrap(&w, DER_CTX(9), m);
	{
		size_t s = derw_mark(&w);

		derw_raw(&w, SLICE_LIT(
		    "\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x00"
		    "\x31\x0f\x30\x0d\x06\x03\x55\x04\x0b\x0c\x06" "myDept"
		    "\x31\x10\x30\x0e\x06\x03\x55\x04\x0b\x0c\x07" "myGroup"));
		derw_wrap(&w, DER_SEQUENCE, s);
		derw_wrap(&w, DER_CTX(5), s);
		derw_raw(&w, SLICE_LIT("\xa3\x02\x30\x00"));
	}
	derw_wrap(&w, DER_SEQUENCE, m);
	derw_wrap(&w, DER_SEQUENCE, 0);
	return kept(&w);
}

/* GeneralNames of one text form. */
static void
one_san(const char *text, struct buf *out)
{
	struct err e = { 0 };
	struct derw w;
	struct buf b;

	buf_init(&b, 4096);
	derw_init(&w, 4096);
	san_parse(text, &b, &e);
	derw_raw(&w, buf_slice(&b));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&w));
	derw_release(&w);
	buf_release(&b);
}

/* What ${t} says to these names; the text has ${word}. */
static int
refuses(const struct request_template *t, const char *subject,
    const char *san, enum err_code code, const char *word)
{
	struct buf *s = new_buf(), *n = new_buf();
	struct err e = { 0 };

	if (subject[0] != '\0')
		buf_add_slice(s, name(subject));
	if (san != NULL)
		one_san(san, n);
	return request_template_names(t, s, n, 0, &e) == -1 &&
	    e.code == code && strstr(e.detail, word) != NULL;
}

/* What comes of a template file with ${der}. */
static enum err_code
loads(struct slice der)
{
	struct request_template t;
	struct err e = { 0 };
	char path[160];

	put_file(topfd, "m.der", der, 0644);
	snprintf(path, sizeof(path), "%s", in_top("m.der"));
	request_template_init(&t);
	request_template_load(&t, path, &e);
	request_template_release(&t);
	return e.code;
}

static void
test_load(void)
{
	ok(loads(SLICE_LIT("\x30\x15\x30\x13\xa9\x11\x30\x0f\x06\x03\x55"
	    "\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff")) == E_TMPL_CA,
	    "a template with basicConstraints cA is not filled in");
	ok(loads(SLICE_LIT("\x30\x11\x30\x0f\xa9\x0d\x30\x0b\x06\x03\x55"
	    "\x1d\x0f\x04\x04\x03\x02\x02\x04")) == E_TMPL_CA,
	    "a template with keyCertSign is not filled in");
	ok(loads(SLICE_LIT("\x30\x17\x30\x15\xa9\x13\x30\x11\x06\x03\x55"
	    "\x1d\x25\x04\x0a\x30\x08\x06\x06\x2b\x06\x01\x05\x05\x07")) ==
	    E_NONE, "an extended key usage of the template is as good as "
	    "any");
	ok(loads(SLICE_LIT("\x30\x18\x30\x16\xa9\x14"
	    "\x30\x08\x06\x03\x55\x1d\x11\x04\x01\x00"
	    "\x30\x08\x06\x03\x55\x1d\x11\x04\x01\x00")) == E_ANSWER_INFO,
	    "a template with an extension twice is not filled in");
	ok(loads(SLICE_LIT("\x30\x06\x30\x04\xa9\x02\x30\x00")) ==
	    E_SYNTAX, "a template with a malformed extension is not "
	    "filled in");
	ok(loads(SLICE_LIT("\x30\x15\x30\x00\x30\x11\x30\x0f\x06\x09\x2b"
	    "\x06\x01\x05\x05\x07\x05\x01\x0c\x02\x02\x04\x00")) ==
	    E_TEMPLATE_KEY, "a keySpec of keys that we cannot make is "
	    "refused");
}

static void
test_appendix_a(void)
{
	struct buf *subject = new_buf(), *san = new_buf();
	struct request_template t;
	struct err e = { 0 };
	char path[160];

	put_file(topfd, "a.der", template_a(), 0644);
	snprintf(path, sizeof(path), "%s", in_top("a.der"));
	buf_add_slice(subject, name("CN=pump17"));
	one_san("ip:10.0.0.7", san);
	request_template_init(&t);
	ok(request_template_load(&t, path, &e) == 0 &&
	    request_template_names(&t, subject, san, 0, &e) == 0 &&
	    name_eq(buf_slice(subject),
	    name("OU=myGroup,OU=myDept,CN=pump17")) &&
	    slice_eq(buf_slice(san), SLICE_LIT("\x30\x18\x82\x10"
	    "www.myServer.com\x87\x04\x0a\x00\x00\x07")) &&
	    strcmp(t.spec, "ec:P-256") == 0, "the template of Appendix A is "
	    "filled in: given values are taken over, empty ones ours");
	buf_reset(subject);
	buf_reset(san);
	ok(slice_eq(buf_slice(&t.extensions), SLICE_LIT("\x30\x0e\x06\x03"
	    "\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x03\x88")),
	    "its keyUsage is taken over, the empty extKeyUsage left out");
	ok(request_template_spec(&t, "rsa:2048", &e) == 0 &&
	    request_template_spec(&t, "ec:P-256", &e) == 0 &&
	    request_template_spec(&t, "rsa:3072", &e) == -1 &&
	    e.code == E_TEMPLATE_KEY && strstr(e.detail,
	    "allows: ec:P-256 rsa:2048") != NULL, "a key that keySpec does "
	    "not allow is refused, and said what it allows");
	ok(refuses(&t, "", "ip:10.0.0.7", E_TEMPLATE_EMPTY, "CN"),
	    "an empty CN has to be filled in");
	ok(refuses(&t, "CN=x", NULL, E_TEMPLATE_EMPTY, "--san ip:"),
	    "an empty address has to be filled in");
	ok(refuses(&t, "CN=x,O=Other", "ip:10.0.0.7", E_TEMPLATE, "has O"),
	    "what the template has no place for is not added");
	ok(refuses(&t, "CN=x,OU=other", "ip:10.0.0.7", E_TEMPLATE,
	    "fixes it to \"myDept\""), "what the template fixes is not "
	    "contradicted");
	ok(refuses(&t, "CN=x", "email:a@b.example", E_TEMPLATE, "email:"),
	    "no name of a kind that the template does not have is added");
	buf_reset(subject);
	buf_reset(san);
	ok(request_template_names(&t, subject, san, 1, &e) == 0 &&
	    name_eq(buf_slice(subject), name("OU=myGroup,OU=myDept")) &&
	    san->n == 2 + 18, "what we have no value for is left out");
	request_template_release(&t);
}

/* A template with ${subject} and ${names}, contents of Name, GeneralNames. */
static struct slice
template_of(struct slice subject, struct slice names)
{
	struct derw w;
	size_t m;

	derw_init(&w, 1 << 16);
	derw_prim(&w, DER_SEQUENCE, names);
	derw_wrap(&w, DER_OCTET_STRING, 0);
	derw_oid(&w, oid_bytes(OID_SAN));
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_wrap(&w, DER_CTX(9), 0);
	m = derw_mark(&w);
	derw_prim(&w, DER_SEQUENCE, subject);
	derw_wrap(&w, DER_CTX(5), m);
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_wrap(&w, DER_SEQUENCE, 0);
	return kept(&w);
}

#define CN_EMPTY	"\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x00"
/* The code with which ${tmpl} is refused; E_NONE if it is filled in. */
static enum err_code
refused(struct slice tmpl)
{
	struct buf *subject = new_buf(), *san = new_buf();
	struct request_template t;
	char path[160];
	struct err e = { 0 };

	put_file(topfd, "t.der", tmpl, 0644);
	snprintf(path, sizeof(path), "%s", in_top("t.der"));
	buf_add_slice(subject, name("CN=pump17"));
	one_san("dns:pump17.example", san);
	request_template_init(&t);
	if (request_template_load(&t, path, &e) == 0 &&
	    request_template_names(&t, subject, san, 0, &e) == 0)
		e.code = E_NONE;
	request_template_release(&t);
	unlinkat(topfd, "t.der", 0);
	return e.code;
}

static struct slice
times(int n, struct slice one, struct slice last)
{
	struct derw w;

	derw_init(&w, 1 << 16);
	derw_raw(&w, last);
	while (n-- > 0)
		derw_raw(&w, one);
	return kept(&w);
}

/* OU with 200 letters. */
static struct slice
long_ou(void)
{
	char letters[200];
	struct derw w;

	memset(letters, 'x', sizeof(letters));
	derw_init(&w, 1024);
	derw_prim(&w, DER_UTF8_STRING, SLICE(letters, sizeof(letters)));
	derw_oid(&w, oid_bytes(OID_OU));
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_wrap(&w, DER_SET, 0);
	return kept(&w);
}

static void
test_names(void)
{
	struct slice cn = SLICE_LIT(CN_EMPTY), dns = SLICE_LIT("\x82\x00"),
	    ou = SLICE_LIT("\x31\x0a\x30\x08\x06\x03\x55\x04\x0b\x0c\x01x");

	ok(refused(template_of(cn, dns)) == E_NONE, "places are filled in");
	ok(refused(template_of(times(15, long_ou(), cn), dns)) ==
	    E_ANSWER_INFO, "a subject that is too long is refused, not left "
	    "out");
	ok(refused(template_of(times(40, ou, cn), dns)) == E_NAME_SYNTAX,
	    "a subject of too many attributes is refused, not cut");
	ok(refused(template_of(times(1, SLICE_LIT("\x31\x0a\x30\x08\x06\x03"
	    "\x55\x04\x0b\x0c\x01\x1b"), cn), dns)) == E_NAME_SYNTAX,
	    "a subject with a control character is refused");
	ok(refused(template_of(cn, times(40, SLICE_LIT("\x82\x01x"), dns))) ==
	    E_TMPL_SAN, "more alternative names than a request may have are "
	    "refused");
	ok(refused(template_of(cn, times(900, SLICE_LIT("\x82\x12"
	    "012345678.example."), dns))) ==
	    E_ANSWER_INFO, "alternative names that are too long are refused, "
	    "not left out");
	ok(refused(template_of(cn, times(1, SLICE_LIT("\x82\x02\x00\x0a"),
	    dns))) == E_TMPL_SAN, "a malformed alternative name is refused");
}

static void
test_ca(void)
{
	struct slice v, own, in, tmpl;
	struct info_template t;
	struct err e = { 0 };
	char spec[64];
	int n = 0;

	ok(told(&dev, OID_IT_CERT_REQ_TEMPLATE, SLICE_NONE,
	    OID_IT_CERT_REQ_TEMPLATE, &v) &&
	    info_template_read(v, &t, &e) == 0 && t.keys.n > 0 &&
	    t.extensions.n > 0 && der_only(v, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_SEQUENCE, &tmpl) == 0 && der_peek(tmpl,
	    DER_CTX(5)), "a template has no publicKey, serialNumber, "
	    "signingAlg or unique identifier");
	own = t.keys;
	while (info_template_key(&own, spec))
		n++;
	ok(n >= 8, "keySpec has one control for each kind of key");
	ok(slice_eq(t.subject, SLICE_LIT("\x30\x1d\x31\x10\x30\x0e\x06\x03"
	    "\x55\x04\x0a\x0c\x07" "Example\x31\x09\x30\x07\x06\x03\x55\x04"
	    "\x03\x0c\x00")), "subject is the rule's, with what a device "
	    "chooses empty");
	say(genm(&dev, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), SLICE_NONE, 1,
	    "explicit"));
	ok(re.verdict == VERDICT_ANSWERED, "certProfile chooses the profile");
	say(genm(&dev, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), SLICE_NONE, 1,
	    "nothing"));
	ok(ERROR(E_CERT_PROFILE, FAIL_BAD_REQUEST),
	    "a template of an unknown profile is badRequest");
	say(genm(&dev, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), SLICE_NONE, 1,
	    "other"));
	ok(ERROR(E_NOT_AUTHORIZED, FAIL_NOT_AUTHORIZED),
	    "a template of a profile of others is notAuthorized");
}

static void
test_device(void)
{
	struct request_ask ask = { .info = "reqtemplate", .profile =
	    "explicit" };
	struct device d = asker(ask);

	say(d.der);
	take(&d, re.der);
	ok(got.verdict == VERDICT_TAKEN && has_file(&d,
	    "template/explicit.der") && has_file(&d,
	    "template/explicit.json"), "our device keeps our CA's template "
	    "under the name of its profile");
	device_close(&d);
	d = asker(ask);
	tell(&d, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), template_a(), 1);
	ok(got.verdict == VERDICT_TAKEN, "the template of Appendix A is "
	    "taken");
	device_close(&d);
	d = asker(ask);
	tell(&d, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), SLICE_LIT(
	    "\x30\x05\x30\x03\x81\x01\x05"), 1);
	ok(not_taken(&d, E_ANSWER_INFO) && !has_file(&d, "template"),
	    "a template with a serialNumber is not taken");
	device_close(&d);
	d = asker(ask);
	tell(&d, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), SLICE_LIT(
	    "\x30\x06\x30\x04\xa5\x02\x05\x00"), 1);
	ok(not_taken(&d, E_SYNTAX) && !has_file(&d, "template"),
	    "a template whose subject is no Name is not taken");
	device_close(&d);
	d = asker(ask);
	tell(&d, oid_bytes(OID_IT_CERT_REQ_TEMPLATE), SLICE_LIT(
	    "\x30\x06\x30\x00\x30\x02\x05\x00"), 1);
	ok(not_taken(&d, E_SYNTAX) && !has_file(&d, "template"),
	    "a template whose keySpec has no controls is not taken");
	device_close(&d);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_appendix_a();
	test_load();
	test_names();
	test_ca();
	test_device();
	teardown();
	return done();
}
