/* What an RA asks for others: RFC 9483 5.3. */
#include "tap.h"
#include "t_engine_dev.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/escape.h"
#include "msg/rev.h"
#include "pki/csr.h"

/* A home, its last request taken apart, and what making it said. */
static struct {
	int		 fd;
	struct request_made made;
	struct msg	 m;
	struct cert_req	 req;
	struct rev_details rev;
	struct err	 e;
} h;

static struct request_ask
ask_of(const char *op)
{
	static const char *trust[1];

	trust[0] = in_top("ca/certs/ca.pem");
	return (struct request_ask){ .op = op, .trust = trust, .n_trust = 1,
	    .cert = in_top("dev.pem"), .key = in_top("dev.key"),
	    .chain = in_top("sub.pem") };
}

static struct request_ask
behalf_of(const char *op)
{
	struct request_ask a = ask_of(op);

	a.on_behalf = 1;
	a.csr = in_top("dev.csr");
	return a;
}

/* Its code; E_NONE if it has become a message. */
static enum err_code
make_it(const struct request_ask *a)
{
	static int n;
	char name[16];
	size_t count;

	snprintf(name, sizeof(name), "ra%d", ++n);
	h.fd = dir_of(topfd, name);
	h.e = (struct err){ 0 };
	request_made_init(&h.made);
	if (request_make(h.fd, a, &h.made, &h.e) == -1)
		return h.e.code;
	if (msg_decode(buf_slice(&h.made.message), &h.m, &h.e) == -1)
		die("decode", &h.e);
	if ((h.m.body == BODY_IR || h.m.body == BODY_CR) &&
	    crmf_requests(h.m.content, &h.req, &count, &h.e) == -1)
		die("request", &h.e);
	if (h.m.body == BODY_RR &&
	    rev_request(h.m.content, &h.rev, &count, &h.e) == -1)
		die("rr", &h.e);
	return E_NONE;
}

static void
forget(void)
{
	request_made_release(&h.made);
	close(h.fd);
}

#define REFUSED(a, c) (make_it(a) == (c) ? (forget(), 1) : (forget(), 0))

/* The protection is the RA's. */
static int
is_signed(void)
{
	const struct anchor above = { .cert = &dev.cert };
	struct verify_ask v = { .anchors = &above, .n_anchors = 1,
	    .now = the_time };
	struct checked *c;
	struct err e = { 0 };
	int yes;

	if (verify_msg(&h.m, &v, &c, &e) == -1)
		return 0;
	yes = slice_eq(checked_signer(c)->der, dev.cert.der);
	checked_free(c);
	return yes;
}

static int
sender_is(struct slice subject)
{
	struct slice in;

	return der_only(h.m.hdr.sender, DER_CTX(4), &in) == 0 &&
	    slice_eq(in, subject);
}

/* keys/ of the home has nothing in it. */
static int
no_key(void)
{
	return unlinkat(h.fd, "keys", AT_REMOVEDIR) == 0;
}

static void
test_transform(void)
{
	struct request_ask a = behalf_of("ir");
	struct buf spki, *key = new_buf();
	struct err e = { 0 };

	buf_init(&spki, 1 << 16);
	make_csr(key);
	ok(make_it(&a) == E_NONE && h.m.body == BODY_IR && is_signed(),
	    "an ir on behalf of others is signed by the RA");
	ok(sender_is(dev.cert.subject),
	    "and the RA is its sender");
	ok(h.req.popo == POPO_RA_VERIFIED,
	    "the proof of a PKCS#10 request is verified and becomes "
	    "raVerified");
	ok(crmf_spki(&h.req.tmpl, &spki, &e) == 0 &&
	    slice_eq(buf_slice(&spki), buf_slice(key)),
	    "its key is asked for");
	ok(name_eq(h.req.tmpl.subject, name("CN=pump17,O=Example")) &&
	    h.req.tmpl.extensions.n > 0,
	    "so are its subject and its extensions");
	ok(no_key(), "no key is left in the home");
	ok(strncmp(h.made.key_file, "certs/dev-", 10) == 0,
	    "the certificate is called after the file of the request");
	ok(strstr(h.made.names, "CN=pump17,O=Example dns:pump17.example") !=
	    NULL, "its names are told");
	forget();
	a = behalf_of("cr");
	ok(make_it(&a) == E_NONE && h.m.body == BODY_CR &&
	    h.req.popo == POPO_RA_VERIFIED, "a cr is made in the same way");
	forget();
	buf_release(&spki);
}

static void
test_p10cr(void)
{
	struct request_ask a = behalf_of("p10cr");
	struct err e = { 0 };
	struct buf der;
	struct csr csr;

	if (csr_load(in_top("dev.csr"), &der, &csr, &e) == -1)
		die("csr", &e);
	ok(make_it(&a) == E_NONE && h.m.body == BODY_P10CR && is_signed() &&
	    slice_eq(h.m.content, csr.der),
	    "a p10cr on behalf of others has the request as it came");
	forget();
	buf_release(&der);
}

/* The request with one bit of its signature changed. */
static void
test_bad_proof(void)
{
	struct request_ask a = behalf_of("ir");
	struct err e = { 0 };
	struct buf der;
	struct csr csr;

	if (csr_load(in_top("dev.csr"), &der, &csr, &e) == -1)
		die("csr", &e);
	der.p[(size_t)(csr.sig.p - der.p) + 3] ^= 1;
	put_file(topfd, "bad.csr", buf_slice(&der), 0644);
	buf_release(&der);
	a.csr = in_top("bad.csr");
	ok(REFUSED(&a, E_CSR_SIG),
	    "a proof of possession that does not verify is refused before "
	    "anything is asked for");
	a.op = "p10cr";
	ok(REFUSED(&a, E_CSR_SIG), "in a p10cr, too");
}

static void
test_names(void)
{
	struct request_ask a = behalf_of("ir");
	const char *good[] = { "CN=x,O=Example", "CN=pump*,O=Example" },
	    *san[] = { "dns:*.example" }, *other[] = { "dns:*.test" },
	    *bad[] = { "CN=" };

	a.allow_subject = good;
	a.n_allow_subject = 2;
	a.allow_san = san;
	a.n_allow_san = 1;
	ok(make_it(&a) == E_NONE, "names that fit a pattern are asked for");
	forget();
	a.n_allow_subject = 1;
	ok(REFUSED(&a, E_TMPL_SUBJECT),
	    "a subject that fits no pattern of the RA is refused");
	a.n_allow_subject = 2;
	a.allow_san = other;
	ok(REFUSED(&a, E_TMPL_SAN),
	    "an alternative name that fits none is refused");
	a.n_allow_san = 0;
	ok(REFUSED(&a, E_TMPL_SAN),
	    "without patterns for alternative names there are none");
	a.allow_subject = bad;
	a.n_allow_subject = 1;
	ok(REFUSED(&a, E_USAGE), "a pattern that is none is refused");
}

/* What serial number "--serial ${text}" asks for; "" if it is refused. */
static const char *
serial_of(const char *text)
{
	static char hex[ESCAPE_SHORT];
	struct request_ask a = ask_of("rr");

	a.serial = text;
	a.info_issuer = "CN=Plant CA,O=Example";
	if (make_it(&a) == E_NONE)
		escape_hex_short(hex, h.rev.tmpl.serial);
	else
		snprintf(hex, sizeof(hex), "%s", h.e.code == E_USAGE ? "" :
		    "another code");
	forget();
	return hex;
}

static void
test_serial(void)
{
	ok(strcmp(serial_of("4711"), "1267") == 0 &&
	    strcmp(serial_of("0x1267"), "1267") == 0 &&
	    strcmp(serial_of("12:67"), "1267") == 0 &&
	    strcmp(serial_of("0X01267"), "1267") == 0,
	    "a serial number is decimal, or hexadecimal when it says so");
	ok(strcmp(serial_of("128"), "0080") == 0 &&
	    strcmp(serial_of("0x00ff"), "00ff") == 0,
	    "it is positive in DER");
	ok(strcmp(serial_of("0x7fffffffffffffffffffffffffffffffffffffff"),
	    "7fffffffffffffffffffffffffffffffffffffff") == 0 &&
	    strcmp(serial_of("730750818665451459101842416358141509827966271487"),
	    "7fffffffffffffffffffffffffffffffffffffff") == 0,
	    "up to 20 octets");
	ok(strcmp(serial_of(""), "") == 0 && strcmp(serial_of("0"), "") == 0 &&
	    strcmp(serial_of("0x"), "") == 0 &&
	    strcmp(serial_of("-1"), "") == 0 &&
	    strcmp(serial_of("12a7"), "") == 0 &&
	    strcmp(serial_of("1:2"), "") == 0 &&
	    strcmp(serial_of("12:"), "") == 0 &&
	    strcmp(serial_of("123:45"), "") == 0 &&
	    strcmp(serial_of("0x8000000000000000000000000000000000000000"),
	    "") == 0 &&
	    strcmp(serial_of("0x1000000000000000000000000000000000000000000"),
	    "") == 0, "E_USAGE: whatever else is no serial number");
}

static void
test_revoke(void)
{
	struct request_ask a = ask_of("rr");
	char own[ESCAPE_SHORT + 2], name_of[NAME_TEXT];

	a.serial = "0x1267";
	a.info_issuer = "CN=Plant CA,O=Example";
	a.reason = "keyCompromise";
	ok(make_it(&a) == E_NONE && h.m.body == BODY_RR && is_signed(),
	    "an rr of the certificate of another is signed by the RA");
	ok(name_eq(h.rev.tmpl.issuer, name("CN=Plant CA,O=Example")) &&
	    h.rev.reason == 1, "it names issuer, serial number and reason");
	forget();
	a.info_issuer = "";
	ok(REFUSED(&a, E_USAGE), "an issuer without a name is refused");
	snprintf(own, sizeof(own), "0x");
	escape_hex_short(own + 2, dev.cert.serial);
	a.serial = own;
	a.info_issuer = name_short(name_of, dev.cert.issuer);
	ok(REFUSED(&a, E_USAGE), "the RA's own certificate is not that of "
	    "another");
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_transform();
	test_p10cr();
	test_bad_proof();
	test_names();
	test_serial();
	test_revoke();
	teardown();
	return done();
}
