/* RevReqContent and RevRepContent, byte by byte. */
#include <string.h>

#include "msg/rev.h"
#include "tap.h"

static const uint8_t issuer[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06,
	0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 0x41 };	/* CN=A */
#define ISSUER	SLICE(issuer, sizeof(issuer))

static struct derw w;

/* RevReqContent of the content bytes of one RevDetails. */
static int
reads(const char *hex, size_t n)
{
	struct rev_details d;
	struct err e = { 0 };
	size_t count;

	derw_reset(&w);
	derw_raw(&w, SLICE(hex, n));
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_wrap(&w, DER_SEQUENCE, 0);
	if (rev_request(derw_slice(&w), &d, &count, &e) == 0)
		return E_NONE;
	return (int)e.code;
}
#define READS(s)	reads((s), sizeof(s) - 1)

static void
test_request(void)
{
	struct rev_details d;
	struct err e = { 0 };
	size_t count;

	rev_write_request(&w, ISSUER, SLICE_LIT("\x12\x34"), 4);
	ok(rev_request(derw_slice(&w), &d, &count, &e) == 0 && count == 1 &&
	    slice_eq(d.tmpl.issuer, ISSUER) &&
	    slice_eq(d.tmpl.serial, SLICE_LIT("\x12\x34")) &&
	    d.has_reason && d.reason == 4 && !d.has_invalidity,
	    "rev: what is written is read");
	ok(READS("\x30\x00") == E_NONE, "rev: crlEntryDetails may be absent");
	ok(READS("") == E_SYNTAX, "rev: certDetails may not");
	ok(READS("\x30\x00\x30\x00") == E_SYNTAX,
	    "rev: empty crlEntryDetails are malformed");
	ok(READS("\x30\x00\x05\x00") == E_SYNTAX,
	    "rev: nothing else may follow");
	ok(READS("\x30\x00\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x02"
	    "\x01\x01") == E_SYNTAX, "rev: reasonCode is an ENUMERATED");
	ok(READS("\x30\x00\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a"
	    "\x01\x01") == E_NONE, "rev: and then it is read");
	ok(READS("\x30\x00\x30\x0c\x30\x0a\x06\x03\x55\x1d\x18\x04\x03\x0a"
	    "\x01\x01") == E_SYNTAX, "rev: invalidityDate is a time");
}

static void
test_response(void)
{
	struct rev_rep r;
	struct err e = { 0 };

	derw_reset(&w);
	rev_write_response(&w, STATUS_REJECTION, "no", FAIL_CERT_REVOKED,
	    SLICE_NONE, SLICE_NONE);
	ok(rev_response(derw_slice(&w), &r, &e) == 0 && r.count == 1 &&
	    r.status.status == STATUS_REJECTION &&
	    r.status.fail == 1u << FAIL_CERT_REVOKED && !r.has_cert,
	    "rev: a rejection is read");
	derw_reset(&w);
	rev_write_response(&w, STATUS_ACCEPTED, NULL, FAIL_NONE, ISSUER,
	    SLICE_LIT("\x12"));
	ok(rev_response(derw_slice(&w), &r, &e) == 0 && r.has_cert &&
	    r.issuer.n == sizeof(issuer) + 2 &&
	    slice_eq(r.serial, SLICE_LIT("\x12")), "rev: and revCerts");
	ok(rev_response(SLICE_LIT("\x30\x02\x30\x00"), &r, &e) == -1 &&
	    e.code == E_SYNTAX, "rev: there is at least one status");
	ok(rev_response(SLICE_LIT("\x30\x09\x30\x05\x30\x03\x02\x01\x00\x05"
	    "\x00"), &r, &e) == -1 && e.code == E_SYNTAX,
	    "rev: and nothing that is not in the syntax");
}

static void
test_names(void)
{
	int same = 1;

	for (int i = 0; i <= 10; i++)
		same &= i == 7 ? rev_reason_name(i) == NULL :
		    rev_reason(rev_reason_name(i)) == i;
	ok(same && rev_reason_name(11) == NULL && rev_reason_name(-1) == NULL &&
	    rev_reason("KeyCompromise") == -1, "rev: names of reasons");
}

int
main(void)
{
	derw_init(&w, 4096);
	test_request();
	test_response();
	test_names();
	derw_release(&w);
	return done();
}
